package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTableIsComplete(t *testing.T) {
	seen := map[Code]bool{}
	last := ClassInvalid
	for _, r := range Table {
		if seen[r.Code] {
			t.Errorf("%s stands twice", r.Code)
		}
		seen[r.Code] = true
		if r.Class < last {
			t.Errorf("%s: classes are in order of precedence", r.Code)
		}
		last = r.Class
		if r.Meaning == "" || r.Remedy == "" || r.Class.String() == "" || r.Class.HTTPStatus() == 0 || r.Class.Next() == "" {
			t.Errorf("%s: a column is empty", r.Code)
		}
	}
	if Code("NEVER_HEARD_OF").Class() != ClassInternal {
		t.Error("an unknown code must be reported as a defect")
	}
}

func TestDecodeInsideWhatFabricWrapsAround(t *testing.T) {
	e := New(NotParty, `only the "seller" may do this`).WithDoc("A.00").WithField("x.y")
	for _, text := range []string{
		e.Error(),
		"chaincode response 500, " + e.Error(),
		"rpc error: code = Aborted desc = failed to endorse: " + e.Error() + ", and more {} text",
		"TRADEFAULT1 not json; TRADEFAULT1 {}" + e.Error(),
	} {
		got, ok := Decode(text)
		if !ok || got.Code != e.Code || got.Message != e.Message || got.Doc != e.Doc || got.Field != e.Field {
			t.Errorf("%s: got %+v", text, got)
		}
	}
	if _, ok := Decode("chaincode response 500, something else"); ok {
		t.Error("found a refusal where there is none")
	}
}

func TestWrappedCauseStaysHere(t *testing.T) {
	cause := errors.New("the secret price")
	e := Wrap(Internal, cause, "it broke")
	if !errors.Is(e, cause) || strings.Contains(e.Error(), "secret") {
		t.Fatalf("%v", e)
	}
	if !errors.Is(fmt.Errorf("around: %w", e), New(Internal, "")) || errors.Is(e, New(NotParty, "")) {
		t.Fatal("errors.Is goes by the code")
	}
	if CodeOf(nil) != "" || CodeOf(cause) != "" {
		t.Fatal("a code where there is none")
	}
}

func FuzzErrorCrossesTheWire(f *testing.F) {
	f.Add("message", "field", "doc")
	f.Add(strings.Repeat("ü", 4000), "", "TRADEFAULT1 {")
	f.Add("\x00\xff", "a", "b")
	f.Fuzz(func(t *testing.T, message, field, doc string) {
		if len(field)+len(doc) > 300 {
			t.Skip("fields and ids are short; only messages grow")
		}
		e := New(FieldInvalid, "%s", message).WithField(field).WithDoc(doc)
		text := e.Error()
		if len(text) > maxText {
			t.Fatalf("%d bytes", len(text))
		}
		got, ok := Decode("peer said: " + text)
		if !ok || (got.Code != e.Code && got.Code != Internal) {
			t.Fatalf("%q: got %+v", text, got)
		}
	})
}
