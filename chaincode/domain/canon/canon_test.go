package canon_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
)

type sample struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

func TestDecodeAcceptsOneFormOnly(t *testing.T) {
	const good = `{"name":"a<b","count":7}`
	v, err := canon.Decode[sample]([]byte(good))
	if err != nil || v.Name != "a<b" || v.Count != 7 {
		t.Fatalf("%+v %v", v, err)
	}
	for name, in := range map[string]string{
		"other field order": `{"count":7,"name":"a<b"}`,
		"white space":       `{"name": "a<b","count":7}`,
		"repeated field":    `{"name":"x","name":"a<b","count":7}`,
		"unknown field":     `{"name":"a<b","count":7,"more":1}`,
		"missing field":     `{"name":"a<b"}`,
		"escaped otherwise": `{"name":"a\u003cb","count":7}`,
		"case folded field": `{"Name":"a<b","count":7}`,
		"fraction":          `{"name":"a<b","count":7.0}`,
		"trailing bytes":    `{"name":"a<b","count":7}{}`,
		"trailing newline":  good + "\n",
		"no JSON":           `name`,
		"nothing":           ``,
	} {
		if _, err := canon.Decode[sample]([]byte(in)); fault.CodeOf(err) != fault.ArgumentMalformed {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := canon.Decode[sample]([]byte(strings.Repeat(" ", canon.MaxBytes+1))); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("too large: got %v", err)
	}
}

func FuzzDecodeThenEncodeIsTheSame(f *testing.F) {
	f.Add([]byte(`{"name":"a","count":-1}`))
	b, err := canon.Encode(invoice.Body{Number: "1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, in []byte) {
		body, err := canon.Decode[invoice.Body](in)
		if err != nil {
			return
		}
		out, err := canon.Encode(body)
		if err != nil || !bytes.Equal(in, out) {
			t.Fatalf("%q became %q (%v)", in, out, err)
		}
	})
}
