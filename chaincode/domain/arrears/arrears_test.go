package arrears

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// The record counts exactly the lots that are in arrears, however often and in
// whatever order they are reported.
func TestTheListIsTheSetOfOpenLots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := map[trade.DocID]Entry{}
		open := map[trade.DocID]bool{}
		r := Record{Party: "529900ARGOSYIMPRTR96"}
		for now := range trade.Instant(rapid.IntRange(0, 40).Draw(t, "reports")) {
			lot := trade.DocID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "lot"))
			inArrears := rapid.Bool().Draw(t, "inArrears")
			was, before := r.InDefault(), r
			e := entries[lot]
			entries[lot], r = Note(e, r, inArrears, now+1)
			if e == entries[lot] && r != before {
				t.Fatal("the same report again changed something")
			}
			delete(open, lot)
			if inArrears {
				open[lot] = true
			}
			if int(r.Open) != len(open) || r.InDefault() != (len(open) > 0) || (r.Since != 0) != r.InDefault() {
				t.Fatalf("%+v for %v", r, open)
			}
			if was && r.InDefault() && r.Since != before.Since {
				t.Fatal("the day on which it began has moved")
			}
		}
	})
}
