// Package source says what an oracle source gives: events, and what each of
// them observes.
//
// A Decoder turns one authenticated raw message into events. It is a function
// of the bytes alone: no clock, no network, no state. It keeps to Limits, it
// never panics on any input, and it never guesses: what it cannot read it
// refuses with a typed Refusal, so that the message can be kept in quarantine
// with its reason. The package sourcetest holds the suite that every Decoder
// passes.
package source

import (
	"strings"
	"unicode"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Limits of one message. They hold for every decoder.
const (
	// MaxBytes bounds a message: the longest customs notification known is
	// under 100 KiB, and a page of a hundred carrier events under 300 KiB.
	MaxBytes = 1 << 20
	// MaxDepth bounds nesting: the WCO data model needs 12 levels, DCSA 6.
	MaxDepth = 64
	// MaxNodes bounds elements, members and values of one message, so that a
	// small file cannot unfold into a large tree.
	MaxNodes = 100_000
	// MaxEvents bounds the events of one message; carriers page at 100.
	MaxEvents = 1000
	// MaxSubjects bounds the subjects that one event names.
	MaxSubjects = 100
	// maxIdentifier is the longest identifier of any scheme (WCO an..70) with
	// room for carrier references (DCSA: 100).
	maxIdentifier = 100
	// maxEventID bounds an event id (DCSA: 100; WCO functional reference: 35).
	maxEventID = 100
)

// Subject names what an observation is about in the source's own terms.
type Subject struct {
	// Scheme is one of the attest.Scheme constants.
	Scheme string `json:"scheme"`
	// Identifier is in the form that NewSubject gives it.
	Identifier string `json:"identifier"`
}

// NewSubject returns a subject with the identifier in the one form in which
// parties and sources must agree on it: no white space around it; movement
// reference numbers and equipment numbers in upper case, equipment numbers
// without the blanks and hyphens that are printed on containers. It reports
// false for an identifier that is empty, too long or not printable.
func NewSubject(scheme, identifier string) (Subject, bool) {
	id := strings.TrimSpace(identifier)
	switch scheme {
	case attest.SchemeMRN:
		id = strings.ToUpper(id)
	case attest.SchemeContainer:
		id = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(id))
	}
	if id == "" || len(id) > maxIdentifier || strings.ContainsFunc(id, func(r rune) bool {
		return !unicode.IsPrint(r) || r == unicode.ReplacementChar
	}) {
		return Subject{}, false
	}
	return Subject{Scheme: scheme, Identifier: id}, true
}

// Digest returns the subject's name on the ledger.
func (s Subject) Digest() trade.Digest { return attest.SubjectOf(s.Scheme, s.Identifier) }

// Observation is what one event says about one subject.
type Observation struct {
	Subject Subject `json:"subject"`
	// Type is a fact type of package attest.
	Type       string            `json:"type"`
	Classifier attest.Classifier `json:"classifier"`
	// OccurredAt is when it happened, or is expected to.
	OccurredAt trade.Instant `json:"occurredAt"`
	// OccurredText is the time as the source wrote it, with its offset.
	OccurredText string `json:"occurredText"`
	// Withdraws is true when the event says that Type no longer holds for the
	// subject: everything that this source said of it up to the event's
	// creation is taken back.
	Withdraws bool `json:"withdraws,omitempty"`
}

// Event is one event of a message. Either it observes something, or Retracts
// is set, or Refusal says why it says nothing.
type Event struct {
	// ID is the id that the source gave the event; empty when it gives none.
	ID string `json:"id,omitempty"`
	// Code is the source's own code, for people, e.g. "RES/09".
	Code string `json:"code,omitempty"`
	// CreatedAt is when the source wrote the event; later events of one source
	// correct earlier ones.
	CreatedAt trade.Instant `json:"createdAt,omitzero"`
	// Place is where it happened, as the source writes it; may be empty.
	Place string `json:"place,omitempty"`
	// Canonical is the event's content in a form that does not change when the
	// message is formatted anew; two events with one id and different canonical
	// forms are in conflict.
	Canonical    []byte        `json:"-"`
	Observations []Observation `json:"observations,omitempty"`
	// Retracts is the id of an earlier event that this one takes back.
	Retracts string   `json:"retracts,omitempty"`
	Refusal  *Refusal `json:"refusal,omitempty"`
}

// Decoder reads the messages of one kind of source.
type Decoder interface {
	// Kind is the name by which configurations choose the decoder.
	Kind() string
	// MediaTypes are the content types under which messages are pushed.
	MediaTypes() []string
	// Mapping is the name and version of the table that gives codes their
	// meaning; it is kept with every event.
	Mapping() string
	// Decode returns the events of raw in their order, or why the message as a
	// whole cannot be read.
	Decode(raw []byte) ([]Event, *Refusal)
}

// Meaning is one row of a decoder's mapping table, for people.
type Meaning struct {
	// Code is the source's own code.
	Code string `json:"code"`
	// Fact is the fact type that it establishes; empty for none.
	Fact string `json:"fact,omitempty"`
	// Withdraws are the fact types that it takes back.
	Withdraws []string `json:"withdraws,omitempty"`
	// Note says why there is no fact.
	Note string `json:"note,omitempty"`
}

// Validate refuses an event that a decoder must not give; it is the last check
// before an event is recorded.
func (e Event) Validate() *Refusal {
	if len(e.ID) > maxEventID {
		return Refuse(FieldInvalid, "the event id is longer than %d bytes", maxEventID).At("id")
	}
	if len(e.Canonical) == 0 {
		return Refuse(FieldMissing, "the event has no content")
	}
	says := len(e.Observations) > 0 || e.Retracts != ""
	if says == (e.Refusal != nil) {
		return Refuse(FieldInvalid, "an event either says something or is refused")
	}
	if !says {
		return nil
	}
	if e.CreatedAt <= 0 {
		return Refuse(TimeInvalid, "the event has no creation time")
	}
	if len(e.Observations) > MaxSubjects*8 {
		return Refuse(TooMany, "the event observes %d things", len(e.Observations))
	}
	type key struct {
		s Subject
		t string
	}
	seen := map[key]bool{}
	for _, o := range e.Observations {
		if _, ok := NewSubject(o.Subject.Scheme, o.Subject.Identifier); !ok || o.Subject.Scheme == "" {
			return Refuse(SubjectMissing, "an observation has no usable subject")
		}
		if attest.ValidateType(o.Type) != nil || o.OccurredAt <= 0 {
			return Refuse(FieldInvalid, "an observation has no type or time")
		}
		if o.Classifier != attest.Actual && o.Classifier != attest.Estimated && o.Classifier != attest.Planned {
			return Refuse(FieldInvalid, "an observation has no classifier").At("classifier")
		}
		k := key{o.Subject, o.Type}
		if seen[k] {
			return Refuse(FieldInvalid, "the event says two things of one subject and type")
		}
		seen[k] = true
	}
	return nil
}
