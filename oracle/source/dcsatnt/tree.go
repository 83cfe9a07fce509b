package dcsatnt

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/argosy-trade/argosy/oracle/source"
)

// object is a JSON object with its exact member names. encoding/json matches
// the fields of a struct without regard to case and takes the last of repeated
// members; two readers of one signed message could then disagree, so messages
// are read into this instead and repeated members are refused.
type object map[string]any

// text returns the member as a string; "" when it is absent or no string.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// object returns the member as an object; empty when it is none.
func (o object) object(name string) object {
	v, _ := o[name].(object)
	return v
}

// objects returns the objects in the array member.
func (o object) objects(name string) []object {
	list, _ := o[name].([]any)
	var out []object
	for _, v := range list {
		if m, ok := v.(object); ok {
			out = append(out, m)
		}
	}
	return out
}

// parse reads raw into objects, arrays, strings, numbers as json.Number,
// booleans and nil, within the limits of package source.
func parse(raw []byte) (any, *source.Refusal) {
	if !utf8.Valid(raw) {
		return nil, source.Refuse(source.EncodingUnknown, "the message is not UTF-8")
	}
	p := parser{dec: json.NewDecoder(bytes.NewReader(raw))}
	p.dec.UseNumber()
	v, refusal := p.value(0)
	if refusal != nil {
		return nil, refusal
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, source.Refuse(source.Malformed, "bytes follow the JSON value")
	}
	return v, nil
}

type parser struct {
	dec   *json.Decoder
	nodes int
}

func (p *parser) next() (json.Token, *source.Refusal) {
	if p.nodes++; p.nodes > source.MaxNodes {
		return nil, source.Refuse(source.TooMany, "more than %d members and values", source.MaxNodes)
	}
	t, err := p.dec.Token()
	if err != nil {
		return nil, source.Refuse(source.Malformed, "not well-formed JSON: %v", err)
	}
	return t, nil
}

func (p *parser) value(depth int) (any, *source.Refusal) {
	t, refusal := p.next()
	if refusal != nil {
		return nil, refusal
	}
	if depth >= source.MaxDepth {
		return nil, source.Refuse(source.TooDeep, "nested deeper than %d", source.MaxDepth)
	}
	switch t {
	case json.Delim('{'):
		return p.object(depth)
	case json.Delim('['):
		list := []any{}
		for p.dec.More() {
			v, refusal := p.value(depth + 1)
			if refusal != nil {
				return nil, refusal
			}
			list = append(list, v)
		}
		_, refusal := p.next()
		return list, refusal
	default:
		return t, nil
	}
}

func (p *parser) object(depth int) (any, *source.Refusal) {
	o := object{}
	for p.dec.More() {
		t, refusal := p.next()
		if refusal != nil {
			return nil, refusal
		}
		name, _ := t.(string)
		if _, twice := o[name]; twice {
			return nil, source.Refuse(source.Malformed, "a member occurs twice in one object").At(clip(name))
		}
		v, refusal := p.value(depth + 1)
		if refusal != nil {
			return nil, refusal
		}
		o[name] = v
	}
	_, refusal := p.next()
	return o, refusal
}

// clip shortens a name that goes into a refusal.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most]
	}
	return s
}

// canonical returns v as JSON with sorted members and no white space.
func canonical(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		// Values of parse always marshal; an empty form is refused later.
		return nil
	}
	return b
}
