// Package dcsatnt reads Track & Trace events of the Digital Container Shipping
// Association, version 2.2, as carriers push them to subscribers: one event or
// a list of them in a JSON document.
//
// What an event is about decides its subjects. An equipment event is about one
// container and says nothing of a bill of lading that covers others too. A
// transport event is about everything aboard that it refers to: bills of lading
// (documentReferences TRD) and containers (references EQ). A shipment event is
// about a document; when that is a customs clearance or an inspection
// certificate, its subjects are the bill of lading and the containers that it
// refers to.
//
// The package refuses repeated members, times without an offset and codes that
// the standard does not have; it keeps members that it does not know by leaving
// the raw message alone. Requests (classifier REQ) say nothing that happened.
package dcsatnt

import (
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/source"
)

// Kind is the name of this kind of source in configurations.
const Kind = "dcsa-tnt"

// Decoder reads DCSA Track & Trace 2.2 events. The zero value is ready to use.
type Decoder struct{}

// Kind returns "dcsa-tnt".
func (Decoder) Kind() string { return Kind }

// MediaTypes returns the JSON content type.
func (Decoder) MediaTypes() []string { return []string{"application/json"} }

// Mapping returns the version of the tables of event codes.
func (Decoder) Mapping() string { return mappingVersion }

// Decode returns the events of the document in their order. A document without
// a single event of the standard's shape is refused as a whole.
func (Decoder) Decode(raw []byte) ([]source.Event, *source.Refusal) {
	v, refusal := parse(raw)
	if refusal != nil {
		return nil, refusal
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	if len(list) == 0 {
		return nil, source.Refuse(source.MessageUnsupported, "an empty list of events")
	}
	if len(list) > source.MaxEvents {
		return nil, source.Refuse(source.TooMany, "more than %d events", source.MaxEvents)
	}
	events := make([]source.Event, 0, len(list))
	shaped := 0
	for _, v := range list {
		o, ok := v.(object)
		if ok && o.text("eventType") != "" {
			shaped++
		}
		e := event(o)
		e.Canonical = canonical(v)
		events = append(events, e)
	}
	if shaped == 0 {
		return nil, source.Refuse(source.MessageUnsupported, "no event of Track & Trace 2.2: eventType is missing")
	}
	return events, nil
}

// event reads one event; Canonical is left to the caller.
func event(o object) source.Event {
	e := source.Event{ID: o.text("eventID"), Code: clip(o.text("eventType"))}
	if o == nil {
		e.Refusal = source.Refuse(source.MessageUnsupported, "an event is a JSON object")
		return e
	}
	if e.ID == "" {
		e.Refusal = source.Refuse(source.FieldMissing, "the event has no id").At("eventID")
		return e
	}
	m, about, refusal := interpret(o, &e)
	if refusal != nil {
		e.Refusal = refusal
		return e
	}
	classifier := o.text("eventClassifierCode")
	e.Code += " " + clip(classifier)
	e.Observations, e.Refusal = observe(o, &e, m, about)
	return e
}

// interpret looks the event's codes up. about picks the subjects that the event
// is about.
func interpret(o object, e *source.Event) (m meaning, about func(object) []source.Subject, refusal *source.Refusal) {
	known := false
	switch o.text("eventType") {
	case "TRANSPORT":
		code := o.text("transportEventTypeCode")
		e.Code += "/" + clip(code)
		m, known = transportEvents[code]
		about = cargo
	case "EQUIPMENT":
		code := o.text("equipmentEventTypeCode")
		e.Code += "/" + clip(code)
		m, known = equipmentEvents[code]
		about = equipment
	case "SHIPMENT":
		document, step := o.text("documentTypeCode"), o.text("shipmentEventTypeCode")
		e.Code += "/" + clip(document) + "/" + clip(step)
		known = documentTypes[document] && documentSteps[step]
		m = documentEvents[document][step]
		if m.fact == "" && len(m.withdraws) == 0 {
			m.reason = otherPaper
		}
		about = cargo
	case "":
		return m, nil, source.Refuse(source.FieldMissing, "the event has no type").At("eventType")
	}
	if !known {
		return m, nil, source.Refuse(source.CodeUnknown, "the codes %s are not in table %s", e.Code, mappingVersion)
	}
	return m, about, nil
}

// observe checks classifier and times, and returns what the event says of each
// of its subjects.
func observe(
	o object, e *source.Event, m meaning, about func(object) []source.Subject,
) ([]source.Observation, *source.Refusal) {
	var created, occurred trade.Instant
	var refusal *source.Refusal
	if created, refusal = instant(o, "eventCreatedDateTime"); refusal != nil {
		return nil, refusal
	}
	e.CreatedAt = created
	if m.reason != "" {
		return nil, source.Refuse(source.NoFact, "%s", m.reason)
	}
	if occurred, refusal = instant(o, "eventDateTime"); refusal != nil {
		return nil, refusal
	}
	classifier := attest.Classifier(o.text("eventClassifierCode"))
	switch classifier {
	case attest.Actual, attest.Estimated, attest.Planned:
	case "REQ":
		return nil, source.Refuse(source.NoFact, "a request, not an event")
	default:
		return nil, source.Refuse(source.CodeUnknown, "classifier %q", clip(string(classifier))).At("eventClassifierCode")
	}
	subjects := about(o)
	if len(subjects) == 0 {
		return nil, source.Refuse(source.SubjectMissing, "no container or bill of lading is named")
	}
	if len(subjects) > source.MaxSubjects {
		return nil, source.Refuse(source.TooMany, "more than %d subjects", source.MaxSubjects)
	}
	e.Place = place(o)
	var out []source.Observation
	for _, s := range subjects {
		first := source.Observation{
			Subject: s, Type: m.fact, Classifier: classifier,
			OccurredAt: occurred, OccurredText: o.text("eventDateTime"),
		}
		if m.fact != "" {
			out = append(out, first)
		}
		for _, t := range m.withdraws {
			first.Type, first.Withdraws = t, true
			out = append(out, first)
		}
	}
	return out, nil
}

// instant reads an RFC 3339 time with offset.
func instant(o object, field string) (trade.Instant, *source.Refusal) {
	text := o.text(field)
	if text == "" {
		return 0, source.Refuse(source.FieldMissing, "the time is missing").At(field)
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UnixMilli() <= 0 {
		return 0, source.Refuse(source.TimeInvalid, "not a time of RFC 3339 with an offset").At(field)
	}
	return trade.InstantOf(t), nil
}

// equipment returns the container that an equipment event is about.
func equipment(o object) []source.Subject {
	s, ok := source.NewSubject(attest.SchemeContainer, o.text("equipmentReference"))
	if !ok {
		return nil
	}
	return []source.Subject{s}
}

// cargo returns the bills of lading and containers that an event refers to.
func cargo(o object) []source.Subject {
	var out []source.Subject
	seen := map[source.Subject]bool{}
	add := func(scheme, id string) {
		if s, ok := source.NewSubject(scheme, id); ok && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, r := range o.objects("documentReferences") {
		if r.text("documentReferenceType") == "TRD" {
			add(attest.SchemeBL, r.text("documentReferenceValue"))
		}
	}
	for _, r := range o.objects("references") {
		if r.text("referenceType") == "EQ" {
			add(attest.SchemeContainer, r.text("referenceValue"))
		}
	}
	return out
}

// place returns the UN location code of the event, or of its transport call.
func place(o object) string {
	call := o.object("transportCall")
	for _, code := range []string{
		o.object("eventLocation").text("UNLocationCode"),
		call.text("UNLocationCode"),
		call.object("location").text("UNLocationCode"),
	} {
		if code != "" {
			return clip(code)
		}
	}
	return ""
}
