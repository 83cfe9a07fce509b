package trade

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

func TestPartyIDChecksItsDigits(t *testing.T) {
	for _, id := range []PartyID{
		"5493001KJTIIGC8Y1R12", // LEI printed in ISO 17442 material
		"529900ARGOSYEXPRTR48",
		"91350100M000100Y43", // USCC printed in GB 32100-2015
	} {
		if err := id.Validate(); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, id := range []PartyID{
		"", "5493001KJTIIGC8Y1R21", "5493001kjtiigc8y1r12", "91350100M000100Y44", "91350100I000100Y43",
		"5493001KJTIIGC8Y1R1", "5493001KJTIIGC8Y1R123",
	} {
		if fault.CodeOf(id.Validate()) != fault.FieldInvalid {
			t.Errorf("%q was accepted", id)
		}
	}
}

// A digit taken for another, a letter for another, or two neighbours of a kind
// exchanged are always found in a LEI. A letter taken for a digit is not always.
func TestLEIFindsSlipsOfTheHand(t *testing.T) {
	const good = "5493001KJTIIGC8Y1R12"
	const digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	kind := func(c byte) string {
		if c >= 'A' {
			return letters
		}
		return digits
	}
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(good)
		i := rapid.IntRange(0, len(good)-2).Draw(t, "position")
		if rapid.Bool().Draw(t, "exchange") && kind(b[i]) == kind(b[i+1]) {
			b[i], b[i+1] = b[i+1], b[i]
		} else {
			b[i] = rapid.SampledFrom([]byte(kind(b[i]))).Draw(t, "instead")
		}
		if bad := PartyID(b); string(b) != good && bad.Validate() == nil {
			t.Fatalf("%s passes for %s", bad, good)
		}
	})
}

func TestMoneyAddsOrRefuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		got, err := Money{a, "EUR"}.Add(Money{b, "EUR"})
		wraps := (b > 0 && a > math.MaxInt64-b) || (b < 0 && a < math.MinInt64-b)
		if wraps != (err != nil) || (err == nil && got.AmountMinor != a+b) {
			t.Fatalf("%d + %d = %+v, %v", a, b, got, err)
		}
	})
	if _, err := (Money{1, "EUR"}).Add(Money{1, "USD"}); fault.CodeOf(err) != fault.FieldInvalid {
		t.Fatalf("two currencies: %v", err)
	}
}

func TestScalarsHaveOneSpelling(t *testing.T) {
	var d Digest
	for _, bad := range []string{
		`"00"`, `"` + string(make([]byte, 64)) + `"`,
		`"AA00000000000000000000000000000000000000000000000000000000000000"`,
	} {
		if json.Unmarshal([]byte(bad), &d) == nil {
			t.Errorf("%s was read as a digest", bad)
		}
	}
	var at Instant
	for _, bad := range []string{`"2026-11-23T08:30:00Z"`, `"2026-11-23T08:30:00.000+01:00"`, `"2026-11-23"`, `1`} {
		if json.Unmarshal([]byte(bad), &at) == nil {
			t.Errorf("%s was read as an instant", bad)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := Instant(rapid.Int64Range(0, 253402300799999).Draw(t, "ms"))
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Instant
		if err := json.Unmarshal(b, &got); err != nil || got != want {
			t.Fatalf("%s: %v %v", b, got, err)
		}
	})
}

func TestIDsCarryTheirOrganisation(t *testing.T) {
	id := NewDocID("ExportBankMSP", [16]byte{1})
	if err := id.Validate(); err != nil || id.MSP() != "ExportBankMSP" {
		t.Fatalf("%s: %v", id, err)
	}
	for _, bad := range []DocID{
		"", "x", "A~B.00112233445566778899aabbccddeeff", "A.00112233445566778899AABBCCDDEEFF",
		".00112233445566778899aabbccddeeff", "A.00112233445566778899aabbccddeeff0",
	} {
		if bad.Validate() == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestOrganisationsAreSortedOnceEach(t *testing.T) {
	known := map[PartyID]Party{
		"a": {ID: "a", MSP: "Z", Active: true}, "b": {ID: "b", MSP: "A", Active: true},
		"c": {ID: "c", MSP: "Z", Active: true}, "d": {ID: "d", MSP: "D"},
	}
	got, err := Organisations([]PartyID{"a", "b", "c"}, known)
	if err != nil || len(got) != 2 || got[0] != "A" || got[1] != "Z" {
		t.Fatalf("%v %v", got, err)
	}
	if _, err := Organisations([]PartyID{"a", "d"}, known); fault.CodeOf(err) != fault.PartyInactive {
		t.Fatal(err)
	}
	if _, err := Organisations([]PartyID{"x"}, known); fault.CodeOf(err) != fault.PartyNotFound {
		t.Fatal(err)
	}
}
