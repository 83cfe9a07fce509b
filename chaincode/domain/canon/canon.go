// Package canon gives each document body exactly one byte form, so that its
// digest means the same to everyone.
//
// The form is what encoding/json writes for the body's Go type: fields in the
// order of the type, no white space, no HTML escaping, integers only. Decode
// accepts nothing else: unknown or repeated fields, other spellings of a value
// and trailing bytes are refused, because two byte forms of one body would be
// two digests.
package canon

import (
	"bytes"
	"encoding/json"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// MaxBytes bounds a body: an invoice of a thousand lines fits tenfold, and a
// proposal with several bodies stays far under Fabric's 100 MiB message limit.
const MaxBytes = 1 << 20

// Encode returns the canonical bytes of v.
func Encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fault.Wrap(fault.ArgumentMalformed, err, "cannot be written as canonical JSON: %v", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Decode reads the canonical bytes b into a T. It refuses b when encoding the
// result again does not give b.
func Decode[T any](b []byte) (T, error) {
	v, err := DecodeLoose[T](b)
	if err != nil {
		return v, err
	}
	again, err := Encode(v)
	if err != nil {
		return v, err
	}
	if !bytes.Equal(again, b) {
		var zero T
		return zero, fault.New(fault.ArgumentMalformed,
			"the body is valid JSON but not in canonical form (field order, white space, number spelling or repeated fields)")
	}
	return v, nil
}

// DecodeLoose reads JSON b into a T without asking for the canonical form;
// unknown fields and trailing bytes are refused all the same. It is for
// arguments, whose digest is taken of the decoded value.
func DecodeLoose[T any](b []byte) (T, error) {
	var v T
	if len(b) > MaxBytes {
		return v, fault.New(fault.TooLarge, "%d bytes; the limit is %d", len(b), MaxBytes)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		var zero T
		return zero, fault.Wrap(fault.ArgumentMalformed, err, "not the JSON that is expected: %v", err)
	}
	if dec.More() {
		var zero T
		return zero, fault.New(fault.ArgumentMalformed, "bytes follow the JSON value")
	}
	return v, nil
}
