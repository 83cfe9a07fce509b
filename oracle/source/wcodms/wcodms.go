// Package wcodms reads declaration management notifications in the World
// Customs Organization's data model (XML, message type RES), as customs
// administrations send them to traders and to whoever else is entitled.
//
// A notification names the declaration by its movement reference number
// (Declaration/ID), which customs assigns and which is therefore always a
// subject. A unique consignment reference, equipment numbers and bills of
// lading are subjects too where the message carries them. The trader's
// functional reference is not: it is unique for one declarant only, so a
// stranger could use the same one and bring about a fact about somebody else's
// goods.
//
// The package refuses declarations (DEC), other messages, document type
// declarations, encodings other than UTF-8 and times without an offset. It
// ignores namespaces but for the root, because customs systems are lenient with
// them, and it keeps unknown elements by leaving the raw message alone.
package wcodms

import (
	"bytes"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/source"
)

// Kind is the name of this kind of source in configurations.
const Kind = "wco-dms"

// Decoder reads WCO notifications. The zero value is ready to use.
type Decoder struct{}

// Kind returns "wco-dms".
func (Decoder) Kind() string { return Kind }

// MediaTypes returns the XML content types.
func (Decoder) MediaTypes() []string { return []string{"application/xml", "text/xml"} }

// Mapping returns the version of the table of function codes.
func (Decoder) Mapping() string { return mappingVersion }

// wcoNamespace begins the namespaces of the data model.
const wcoNamespace = "urn:wco:datamodel:WCO:"

// Decode returns one event for each Response of the message.
func (Decoder) Decode(raw []byte) ([]source.Event, *source.Refusal) {
	root, refusal := parse(raw)
	if refusal != nil {
		return nil, refusal
	}
	if root.name != "MetaData" || (root.space != "" && !strings.HasPrefix(root.space, wcoNamespace)) {
		return nil, source.Refuse(source.MessageUnsupported,
			"the root element is %q; a notification's is MetaData of the WCO data model", root.name)
	}
	responses := root.all("Response")
	if len(responses) == 0 {
		if t := root.child("WCOTypeName").text; t != "" && t != "RES" {
			return nil, source.Refuse(source.MessageUnsupported, "a WCO message of type %q; notifications are RES", t)
		}
		return nil, source.Refuse(source.MessageUnsupported, "the message has no Response")
	}
	if len(responses) > source.MaxEvents {
		return nil, source.Refuse(source.TooMany, "more than %d responses", source.MaxEvents)
	}
	events := make([]source.Event, 0, len(responses))
	for _, r := range responses {
		events = append(events, event(r))
	}
	return events, nil
}

// event reads one Response.
func event(r *node) source.Event {
	var canonical bytes.Buffer
	r.canonical(&canonical)
	code := r.child("FunctionCode").text
	e := source.Event{
		ID:        r.child("FunctionalReferenceID").text,
		Code:      "RES/" + code,
		Canonical: canonical.Bytes(),
	}
	if code == "" {
		e.Code = "RES"
		e.Refusal = source.Refuse(source.FieldMissing, "the function code is missing").At("Response/FunctionCode")
		return e
	}
	m, ok := meanings[code]
	if !ok {
		e.Code = "RES/?"
		e.Refusal = source.Refuse(source.CodeUnknown, "function code %q is not in table %s", code, mappingVersion).
			At("Response/FunctionCode")
		return e
	}
	e.Code += " " + m.name
	issued, issuedText, refusal := instant(r.child("IssueDateTime"), "Response/IssueDateTime")
	if refusal == nil {
		e.CreatedAt = issued
	}
	switch {
	case m.fact == "":
		e.Refusal = source.Refuse(source.NoFact, "%s", m.reason)
	case refusal != nil:
		e.Refusal = refusal
	default:
		e.Place = r.path("Declaration", "DeclarationOfficeID").text
		e.Observations, e.Refusal = observe(r, m, source.Observation{
			Type: m.fact, Classifier: attest.Actual, OccurredAt: issued, OccurredText: issuedText,
		})
	}
	return e
}

// observe returns what the response says of each of its subjects. first carries
// the type and the issue time.
func observe(r *node, m meaning, first source.Observation) ([]source.Observation, *source.Refusal) {
	if at, text, absent := occurred(r, m.time); !absent {
		if at == 0 {
			return nil, source.Refuse(source.TimeInvalid, "not a time with an offset").
				At("Response/" + strings.Join(m.time, "/"))
		}
		first.OccurredAt, first.OccurredText = at, text
	}
	subjects, refusal := subjects(r.child("Declaration"))
	if refusal != nil {
		return nil, refusal
	}
	var out []source.Observation
	for _, s := range subjects {
		o := first
		o.Subject = s
		out = append(out, o)
		for _, t := range m.withdraws {
			w := o
			w.Type, w.Withdraws = t, true
			out = append(out, w)
		}
	}
	return out, nil
}

// occurred reads the time at path; absent is true when the meaning has no such
// path or the message no such element.
func occurred(r *node, path []string) (at trade.Instant, text string, absent bool) {
	if len(path) == 0 || r.path(path...).name == "" {
		return 0, "", true
	}
	at, text, refusal := instant(r.path(path...), "")
	if refusal != nil {
		return 0, "", false
	}
	return at, text, false
}

// billOfLading are the document type codes (UN/EDIFACT 1001) under which a
// transport contract is a bill of lading.
var billOfLading = map[string]bool{"704": true, "705": true, "714": true}

// subjects returns what the declaration names, the movement reference number
// first.
func subjects(d *node) ([]source.Subject, *source.Refusal) {
	mrn, ok := source.NewSubject(attest.SchemeMRN, d.child("ID").text)
	if !ok {
		return nil, source.Refuse(source.SubjectMissing, "no movement reference number").At("Response/Declaration/ID")
	}
	out := []source.Subject{mrn}
	seen := map[source.Subject]bool{mrn: true}
	add := func(scheme, id string) {
		if s, ok := source.NewSubject(scheme, id); ok && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, shipment := range d.all("GoodsShipment") {
		for _, u := range shipment.all("UCR") {
			add(attest.SchemeUCR, u.child("ID").text)
			add(attest.SchemeUCR, u.child("TraderAssignedReferenceID").text)
		}
		for _, c := range shipment.all("Consignment") {
			for _, t := range c.all("TransportEquipment") {
				add(attest.SchemeContainer, t.child("ID").text)
			}
			for _, t := range c.all("TransportContractDocument") {
				if billOfLading[t.child("TypeCode").text] {
					add(attest.SchemeBL, t.child("ID").text)
				}
			}
		}
	}
	if len(out) > source.MaxSubjects {
		return nil, source.Refuse(source.TooMany, "more than %d subjects", source.MaxSubjects)
	}
	return out, nil
}
