package attest

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

func sample() Claim {
	return Claim{
		Channel: "trade", Policy: trade.Digest{1}, Source: "customs", Subject: trade.Digest{2}, Type: CustomsCleared,
		Classifier: Actual, OccurredAt: 5, ObservedAt: 6, Evidence: trade.Digest{3}, Sequence: 7,
	}
}

// Every field of a claim is signed, and no two claims are signed as one.
func TestEveryFieldIsSigned(t *testing.T) {
	base := sample()
	v := reflect.ValueOf(&base).Elem()
	for i := range v.NumField() {
		c := sample()
		f := reflect.ValueOf(&c).Elem().Field(i)
		switch f.Kind() {
		case reflect.String:
			f.SetString(f.String() + "x")
		case reflect.Int64:
			f.SetInt(f.Int() + 1)
		case reflect.Uint64:
			f.SetUint(f.Uint() + 1)
		case reflect.Bool:
			f.SetBool(!f.Bool())
		case reflect.Array:
			f.Index(31).SetUint(9)
		default:
			t.Fatalf("field %s has a kind that this test does not know", v.Type().Field(i).Name)
		}
		if bytes.Equal(c.SignedBytes(), sample().SignedBytes()) {
			t.Errorf("field %s is not signed", v.Type().Field(i).Name)
		}
	}
	a, b := sample(), sample()
	a.Source, a.Type = "customs-x", "CLEARED"
	b.Source, b.Type = "customs", "-XCLEARED"
	if bytes.Equal(a.SignedBytes(), b.SignedBytes()) {
		t.Error("the border between two fields can be moved")
	}
}

func TestSubjectsDoNotRunTogether(t *testing.T) {
	const known = "727e" // the first bytes of a name that stands on ledgers
	if SubjectOf("MRN", "1") == SubjectOf("MR", "N1") || SubjectOf("MRN", "1").String()[:4] != known {
		t.Fatalf("got %s", SubjectOf("MRN", "1"))
	}
}

func TestPolicyMustNotAllowTwoTruths(t *testing.T) {
	for _, tc := range []struct {
		sources   []SourceID
		threshold int
		ok        bool
	}{
		{[]SourceID{"aa"}, 1, true},
		{[]SourceID{"aa", "bb"}, 1, false},
		{[]SourceID{"aa", "bb"}, 2, true},
		{[]SourceID{"aa", "bb", "cc"}, 2, true},
		{[]SourceID{"aa", "bb", "cc"}, 4, false},
		{[]SourceID{"bb", "aa", "cc"}, 2, false},
		{[]SourceID{"aa", "aa", "cc"}, 2, false},
		{nil, 0, false},
		{[]SourceID{"Not an id"}, 1, false},
	} {
		p := Policy{Type: Loaded, Sources: tc.sources, Threshold: tc.threshold}
		if got := p.Validate() == nil; got != tc.ok {
			t.Errorf("%d of %v: %v", tc.threshold, tc.sources, p.Validate())
		}
	}
}

func TestClaimValidateNamesTheField(t *testing.T) {
	for field, change := range map[string]func(*Claim){
		"classifier": func(c *Claim) { c.Classifier = "REQ" },
		"channel":    func(c *Claim) { c.Channel = "" },
		"subject":    func(c *Claim) { c.Subject = trade.Digest{} },
		"evidence":   func(c *Claim) { c.Evidence = trade.Digest{} },
		"sequence":   func(c *Claim) { c.Sequence = 0 },
		"occurredAt": func(c *Claim) { c.OccurredAt = 0 },
		"type":       func(c *Claim) { c.Type = "cleared" },
		"source":     func(c *Claim) { c.Source = "Customs~1" },
	} {
		c := sample()
		change(&c)
		if f, ok := fault.From(c.Validate()); !ok || f.Field != field {
			t.Errorf("%s: got %v", field, f)
		}
	}
}

// naive says in the most obvious way whether some set of claims agrees: try
// every claim as the earliest of its cluster.
func naive(p Policy, claims []Claim) int {
	best := 0
	for _, first := range claims {
		n := 0
		for _, c := range claims {
			d := int64(c.OccurredAt - first.OccurredAt)
			if d >= 0 && d <= p.ToleranceSeconds*1000 {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}

func TestJudgeAgreesWithTheNaiveTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "sources")
		p := Policy{Type: Loaded, ToleranceSeconds: rapid.Int64Range(0, 3).Draw(t, "tolerance")}
		var claims, actual []Claim
		retracted := false
		for i := range n {
			id := SourceID(fmt.Sprintf("s%d", i))
			p.Sources = append(p.Sources, id)
			c := Claim{
				Source: id, Classifier: rapid.SampledFrom([]Classifier{Actual, Estimated}).Draw(t, "classifier"),
				OccurredAt: trade.Instant(rapid.Int64Range(1, 8).Draw(t, "at") * 1000),
				Retracted:  rapid.Bool().Draw(t, "retracted"),
			}
			if rapid.Bool().Draw(t, "speaks") {
				claims = append(claims, c)
				if c.Classifier == Actual && !c.Retracted {
					actual = append(actual, c)
				}
				retracted = retracted || (c.Classifier == Actual && c.Retracted)
			}
		}
		p.Threshold = n/2 + 1
		before := rapid.SampledFrom([]trade.FactState{
			trade.FactPending, trade.FactEstablished, trade.FactConflicted,
			trade.FactRetracted,
		}).Draw(t, "before")
		got := p.Judge(claims, before)
		want := trade.FactPending
		switch {
		case naive(p, actual) >= p.Threshold:
			want = trade.FactEstablished
		case len(actual) >= p.Threshold:
			want = trade.FactConflicted
		case retracted && (before == trade.FactEstablished || before == trade.FactRetracted):
			want = trade.FactRetracted
		}
		if got.State != want {
			t.Fatalf("%+v before %s: %s, want %s", claims, before, got.State, want)
		}
		slices.Reverse(claims)
		if again := p.Judge(claims, before); !reflect.DeepEqual(again, got) {
			t.Fatalf("the order of claims matters: %+v and %+v", got, again)
		}
	})
}

func TestStrangersAndPlansDoNotCount(t *testing.T) {
	p := Policy{Type: Loaded, Sources: []SourceID{"aa"}, Threshold: 1}
	for _, c := range []Claim{
		{Source: "zz", Classifier: Actual, OccurredAt: 1},
		{Source: "aa", Classifier: Planned, OccurredAt: 1},
	} {
		if v := p.Judge([]Claim{c}, trade.FactPending); v.State != trade.FactPending {
			t.Errorf("%+v made a fact: %+v", c, v)
		}
	}
}
