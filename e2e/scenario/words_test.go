package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

func TestParse(t *testing.T) {
	got, err := parse([]string{"U-1", "on", "INV-1", "when", "customs-cleared", "MRN", "26", "and", "x", "MRN", "27"},
		"on", "when")
	want := phrase{object: []string{"U-1"}, clauses: map[string][]string{
		"on": {"INV-1"}, "when": {"customs-cleared", "MRN", "26", "and", "x", "MRN", "27"},
	}}
	if err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(phrase{})) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, words := range [][]string{{"A", "on"}, {"A", "on", "B", "on", "C"}} {
		if got, err := parse(words, "on"); err == nil {
			t.Errorf("%q: %+v", words, got)
		}
	}
}

func TestClauses(t *testing.T) {
	p, err := parse([]string{"X", "having", "seen", "version", "3", "under", "request", "R"}, "having", "under")
	if err != nil {
		t.Fatal(err)
	}
	if v, given, err := p.seen(); v != 3 || !given || err != nil {
		t.Errorf("%d %t %v", v, given, err)
	}
	if r, err := p.request(); r != "R" || err != nil {
		t.Errorf("%q %v", r, err)
	}
	if w, err := p.one("because"); w != "" || err != nil {
		t.Errorf("%q %v", w, err)
	}
	for _, words := range [][]string{{"having", "version", "3"}, {"under", "R"}, {"having", "seen", "version", "x"}} {
		p, err := parse(words, "having", "under")
		if err != nil {
			t.Fatal(err)
		}
		_, _, seenErr := p.seen()
		if _, err := p.request(); err == nil && seenErr == nil {
			t.Errorf("%q was understood", words)
		}
	}
}

func TestAmount(t *testing.T) {
	if got, err := amount([]string{"125000.01", "EUR"}); err != nil ||
		got != (trade.Money{AmountMinor: 12500001, Currency: "EUR"}) {
		t.Errorf("%+v %v", got, err)
	}
	for _, words := range [][]string{
		{"125000", "EUR"}, {"1.5", "EUR"}, {"1.50"}, {"-1.50", "EUR"}, {"0.00", "EUR"}, {"1.50", "eur"}, {"x.50", "EUR"},
	} {
		if got, err := amount(words); err == nil {
			t.Errorf("%q: %+v", words, got)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{"1 day": 24 * time.Hour, "8 seconds": 8 * time.Second} {
		if got, err := span(strings.Fields(text)); err != nil || got != want {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
	for _, words := range [][]string{{"0", "days"}, {"-1", "day"}, {"1", "fortnight"}, {"1"}, {"one", "day"}} {
		if got, err := span(words); err == nil {
			t.Errorf("%q: %s", words, got)
		}
	}
}
