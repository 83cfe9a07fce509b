// Package fault is the one vocabulary of refusals, from the rule that refuses
// to the exit status of the command line.
//
// Every refusal has a stable Code; every code belongs to one Class that says
// what the client may do next. Fabric carries nothing but the text of a
// chaincode error to the client, so an Error's text is a marker followed by one
// line of JSON, and Decode finds it again inside whatever the peers and the
// gateway wrapped around it.
//
// The package refuses to carry document contents: a Message names what is
// wrong, never what the document says.
package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Error is one refusal.
type Error struct {
	// Code is the stable name of the refusal.
	Code Code `json:"code"`
	// Message is for people; it may change between releases.
	Message string `json:"message"`
	// Field is the path of the offending field, where one field is to blame.
	Field string `json:"field,omitempty"`
	// Doc is the id of the document that the refusal is about, if any.
	Doc string `json:"doc,omitempty"`

	cause error
}

// marker precedes the JSON of an encoded Error; the digit is its version.
const marker = "TRADEFAULT1 "

// maxText bounds an encoded Error: the peer's gateway repeats the text once
// per refusing endorser in one gRPC status.
const maxText = 1024

// New returns a refusal with the given code and a message made from format.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns a refusal that carries cause for errors.Is; the cause itself is
// never sent to a client.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), cause: cause}
}

// WithField returns a copy of e that blames the field at path.
func (e *Error) WithField(path string) *Error { c := *e; c.Field = path; return &c }

// WithDoc returns a copy of e that names the document id.
func (e *Error) WithDoc(id string) *Error { c := *e; c.Doc = id; return &c }

// Error returns the encoded form: the marker and one line of JSON. This is the
// text that crosses Fabric.
func (e *Error) Error() string {
	out := *e
	for {
		b, err := json.Marshal(&out)
		if err == nil && len(b)+len(marker) <= maxText {
			return marker + string(b)
		}
		if len(out.Message) == 0 {
			return marker + `{"code":"` + string(Internal) + `","message":""}`
		}
		out.Message = strings.ToValidUTF8(out.Message[:len(out.Message)/2], "")
	}
}

// Unwrap returns the cause, if there is one on this side of the wire.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a refusal with the same code, so that
// errors.Is(err, fault.New(fault.NotParty, "")) works.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// Class returns the class of e's code.
func (e *Error) Class() Class { return e.Code.Class() }

// CodeOf returns the code of the refusal in err, or "" when there is none.
func CodeOf(err error) Code {
	if e, ok := From(err); ok {
		return e.Code
	}
	return ""
}

// From returns the refusal inside err: one that was wrapped on this side of
// the wire, or one that is encoded in err's text.
func From(err error) (*Error, bool) {
	if err == nil {
		return nil, false
	}
	var e *Error
	if errors.As(err, &e) {
		return e, true
	}
	return Decode(err.Error())
}

// Decode finds an encoded refusal anywhere inside text. An unknown code is
// kept, so that an older client can show a newer refusal; its class is
// ClassInternal.
func Decode(text string) (*Error, bool) {
	for {
		i := strings.Index(text, marker)
		if i < 0 {
			return nil, false
		}
		text = text[i+len(marker):]
		var e Error
		dec := json.NewDecoder(strings.NewReader(text))
		if err := dec.Decode(&e); err == nil && e.Code != "" {
			return &e, true
		}
	}
}
