package source

import (
	"fmt"
	"strings"
	"unicode"
)

// Reason is the stable name of why a message or an event gives no fact.
type Reason string

// The reasons.
const (
	// NoFact: the event is understood and known to establish nothing.
	NoFact Reason = "NO_FACT"

	Malformed          Reason = "MALFORMED"           // not well-formed XML or JSON
	TooLarge           Reason = "TOO_LARGE"           // over MaxBytes
	TooDeep            Reason = "TOO_DEEP"            // nested deeper than MaxDepth
	TooMany            Reason = "TOO_MANY"            // over MaxNodes, MaxEvents or MaxSubjects
	DTDForbidden       Reason = "DTD_FORBIDDEN"       // a document type declaration, which could define entities
	EncodingUnknown    Reason = "ENCODING_UNKNOWN"    // a character encoding other than UTF-8
	MessageUnsupported Reason = "MESSAGE_UNSUPPORTED" // well-formed, but no message of this kind of source
	CodeUnknown        Reason = "CODE_UNKNOWN"        // a code that the mapping table does not have
	FieldMissing       Reason = "FIELD_MISSING"       // a field that gives the event its meaning is absent
	FieldInvalid       Reason = "FIELD_INVALID"       // a field breaks its format
	TimeInvalid        Reason = "TIME_INVALID"        // a time that is no instant, e.g. without an offset
	SubjectMissing     Reason = "SUBJECT_MISSING"     // the event names nothing that a fact could be about
	DecoderFailed      Reason = "DECODER_FAILED"      // a defect of the decoder; the message is kept
)

// Refusal says why a message or an event gives no fact.
type Refusal struct {
	Reason Reason `json:"reason"`
	// Detail is for people. It names fields and codes, never party names,
	// goods or amounts.
	Detail string `json:"detail"`
	// Field is the path of the field that is to blame, where one is.
	Field string `json:"field,omitempty"`
}

// maxDetail bounds the text of a refusal: parsers quote what they stumble on.
const maxDetail = 200

// Refuse returns a refusal.
func Refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Detail: clean(fmt.Sprintf(format, args...))}
}

// clean bounds a text that may quote a message, and takes out what does not
// print: it goes to logs and terminals.
func clean(text string) string {
	if len(text) > maxDetail {
		text = text[:maxDetail]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// At returns a copy of r that blames the field at path.
func (r *Refusal) At(path string) *Refusal { c := *r; c.Field = path; return &c }

// String returns the reason and the detail.
func (r *Refusal) String() string {
	if r.Field != "" {
		return fmt.Sprintf("%s: %s (%s)", r.Reason, r.Detail, r.Field)
	}
	return fmt.Sprintf("%s: %s", r.Reason, r.Detail)
}

// Quarantines reports whether what is refused for this reason needs a person:
// everything does but an event that is known to mean nothing.
func (r Reason) Quarantines() bool { return r != NoFact }

// Decode runs d on raw. It adds to the decoder's own duties the size limit, and
// turns a panic into a refusal, so that one message can never stop a service.
func Decode(d Decoder, raw []byte) (events []Event, refusal *Refusal) {
	if len(raw) > MaxBytes {
		return nil, Refuse(TooLarge, "%d bytes; the limit is %d", len(raw), MaxBytes)
	}
	defer func() {
		if p := recover(); p != nil {
			events, refusal = nil, Refuse(DecoderFailed, "the decoder %s failed", d.Kind())
		}
	}()
	if events, refusal = d.Decode(raw); refusal != nil {
		return nil, refusal
	}
	if len(events) > MaxEvents {
		return nil, Refuse(TooMany, "more than %d events", MaxEvents)
	}
	for i := range events {
		if r := events[i].Validate(); r != nil {
			events[i].Observations, events[i].Retracts, events[i].Refusal = nil, "", r
		}
	}
	return events, nil
}
