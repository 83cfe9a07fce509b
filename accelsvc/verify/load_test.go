package verify_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/argosy-trade/argosy/accelsvc/comb"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/vectors/forge"
	"github.com/argosy-trade/argosy/accelsvc/verify"
)

// TestVerdictsUnderLoad has many callers verify at once with room for a few
// keys and tables, so that keys rise to the fast ways and are forgotten while they
// are used. The
// race detector watches.
func TestVerdictsUnderLoad(t *testing.T) {
	r := rng(21)
	c := forge.SM2()
	var records []forge.Record
	for i := range 24 {
		d := scalar(r, c.N)
		if i%4 == 3 { // one attacker, busier than all others, so with a table
			d = forge.Int(1)
		}
		for j := range 4 {
			rec := forge.SignSM2(d, scalar(r, c.N), scalar(r, c.N))
			if j == 3 {
				rec.Signature[r.IntN(64)] ^= 1 << r.IntN(8)
			}
			records = append(records, rec)
		}
	}
	want := library(kernel.Emmansun{}, verify.SM2, records)
	all := inputs(records)
	v := verify.New(verify.Options{BaseWindow: 4, Block: 16, Keys: comb.Policy{
		Budget: 6 * comb.TableSize(5), SmallWindow: 4, LargeWindow: 5, SmallUses: 3, LargeUses: 400, MaxKeys: 16,
	}})
	var wg sync.WaitGroup
	for caller := range 6 {
		wg.Go(func() {
			r := rng(uint64(caller))
			for round := range 12 {
				first := r.IntN(len(all))
				n := 1 + r.IntN(len(all)-first)
				got := make([]bool, n)
				v.Verify(verify.SM2, all[first:first+n], got)
				compare(t, fmt.Sprintf("caller %d, round %d", caller, round), got, want[first:first+n],
					func(i int) string { return fmt.Sprintf("record %d", first+i) })
			}
		})
	}
	wg.Wait()
	v.Wait()
	s := v.Stats()
	if s.Hot == 0 || s.Small == 0 || s.Cold == 0 || s.Exceptional == 0 {
		t.Errorf("a way was never taken: %+v", s)
	}
	if s.Cache.TableBytes > 6*comb.TableSize(5) || s.Cache.Keys > 16 || s.Cache.Built < 10 {
		t.Errorf("the limits were not held, or there was no load: %+v", s.Cache)
	}
}

// TestNothingAndUnknownSchemes are answered without a table.
func TestNothingAndUnknownSchemes(t *testing.T) {
	v := verify.New(verify.Options{BaseWindow: 5})
	v.Verify(verify.SM2, nil, nil)
	rec := forge.SignSM2(forge.Int(5), forge.Int(6), forge.Int(7))
	got := []bool{true}
	v.Verify(0, inputs([]forge.Record{rec}), got)
	if got[0] {
		t.Error("an unknown scheme has a valid signature")
	}
	v.Verify(verify.ECDSA, inputs([]forge.Record{rec}), got)
	if got[0] {
		t.Error("a signature of SM2 is valid for ECDSA")
	}
	v.Verify(verify.SM2, inputs([]forge.Record{rec}), got)
	if !got[0] {
		t.Error("a valid signature is refused")
	}
}
