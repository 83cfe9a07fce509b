package comb

import (
	"math/big"
	"sync"
	"testing"
)

// keysOf returns n keys of the curve: those of the private keys from, from+1, ….
func keysOf(c reference, from, n int) []Key {
	out := make([]Key, n)
	for i := range out {
		x, y := c.library.ScalarBaseMult(big.NewInt(int64(from + i)).Bytes())
		x.FillBytes(out[i][:32])
		y.FillBytes(out[i][32:])
	}
	return out
}

// tiny is a policy whose tables are quickly built.
func tiny(tables int) Policy {
	return Policy{
		SmallWindow: 4, LargeWindow: 5, SmallUses: 10, LargeUses: 100, MaxKeys: 50,
		Budget: tables * TableSize(4),
	}
}

func TestKeysArePromotedByUse(t *testing.T) {
	c := curves()[0]
	cache := NewCache(tiny(10))
	keys := keysOf(c, 2, 1)
	k := cache.Find(c.Curve, &keys[0])
	if cache.Find(c.Curve, &keys[0]) != k {
		t.Fatal("a key is not remembered")
	}
	use := func(n, window int) {
		t.Helper()
		cache.Use(k, n)
		cache.Wait()
		switch table := k.Table(); {
		case table == nil && window != 0, table != nil && table.Window() != window:
			t.Fatalf("table %v, want window %d", table, window)
		}
	}
	use(9, 0)
	use(1, 4)
	use(50, 4)
	use(40, 5)
	use(500, 5)
	want := c.Build(&k.Point, 5)
	if k.Table().entries[3] != want.entries[3] {
		t.Fatal("the table is another key's")
	}
	if s := cache.Stats(); s.Built != 2 || s.Tables != 1 || s.TableBytes != TableSize(5) || s.Keys != 1 {
		t.Fatalf("%+v", s)
	}
}

func TestSameBytesOnAnotherCurveAreAnotherKey(t *testing.T) {
	a, b := curves()[0], curves()[1]
	cache := NewCache(Policy{})
	keys := keysOf(a, 2, 1)
	if k := cache.Find(a.Curve, &keys[0]); !k.Valid {
		t.Fatal("a point of the curve is not valid")
	}
	if k := cache.Find(b.Curve, &keys[0]); k.Valid || cache.BuildNow(k) != nil {
		t.Fatal("a point of SM2's curve is taken for one of P-256")
	}
}

// TestTheBusyDisplaceTheIdle fills the budget and then wants more.
func TestTheBusyDisplaceTheIdle(t *testing.T) {
	c := curves()[0]
	cache := NewCache(tiny(3))
	keys := keysOf(c, 2, 4)
	known := make([]*Known, len(keys))
	for i := range keys {
		known[i] = cache.Find(c.Curve, &keys[i])
		cache.Use(known[i], 20-i)
		cache.Wait()
	}
	if known[2].Table() == nil || known[3].Table() != nil {
		t.Fatal("three tables should fit, and an equally busy fourth key displace none")
	}
	held := known[2].Table()
	cache.Use(known[3], 21) // 38 uses: more than twice the least
	cache.Wait()
	if known[2].Table() != nil || known[3].Table() == nil || known[0].Table() == nil {
		t.Fatal("the busy key should displace the least used one")
	}
	if s := cache.Stats(); s.Evicted != 1 || s.TableBytes != 3*TableSize(4) {
		t.Fatalf("%+v", s)
	}
	var p Jacobian
	e := Element{L0: 5}
	held.AddTo(&p, &e) // who still holds a displaced table can use it
	want := c.times(big.NewInt(5 * 4))
	if !c.equal(&p, &want) {
		t.Fatal("a displaced table is spoilt")
	}
}

func TestPreparedKeysDoNotExceedTheBudget(t *testing.T) {
	c := curves()[0]
	cache := NewCache(tiny(5))
	keys := keysOf(c, 2, 30)
	keys[1] = Key{1} // not a key
	cache.Prepare(c.Curve, keys)
	cache.Wait()
	if s := cache.Stats(); s.Tables != 5 || s.TableBytes > 5*TableSize(4) || s.Evicted != 0 {
		t.Fatalf("%+v", s)
	}
	if cache.Find(c.Curve, &keys[0]).Table() == nil {
		t.Fatal("the first key has no table")
	}
}

func TestStrangersAreForgottenFirst(t *testing.T) {
	c := curves()[0]
	cache := NewCache(tiny(5))
	keys := keysOf(c, 2, 200)
	regular := cache.Find(c.Curve, &keys[0])
	cache.Use(regular, 10)
	cache.Wait()
	for i := range keys {
		cache.Find(c.Curve, &keys[i])
	}
	if s := cache.Stats(); s.Keys != 50 {
		t.Fatalf("%d keys are remembered, the limit is 50", s.Keys)
	}
	if cache.Find(c.Curve, &keys[0]) != regular {
		t.Fatal("a key with a table was forgotten")
	}
}

func TestUsesAge(t *testing.T) {
	c := curves()[0]
	cache := NewCache(Policy{SmallUses: 1 << 30})
	keys := keysOf(c, 2, 2)
	old, young := cache.Find(c.Curve, &keys[0]), cache.Find(c.Curve, &keys[1])
	cache.Use(old, 1000)
	cache.Use(young, agingPeriod)
	if old.uses.Load() != 500 {
		t.Fatalf("%d uses left of 1000", old.uses.Load())
	}
}

// TestCacheUnderLoad has many callers use, prepare and displace tables at once;
// whoever gets a table computes with it. The race detector watches.
func TestCacheUnderLoad(t *testing.T) {
	c := curves()[0]
	cache := NewCache(tiny(4))
	const keyCount, callers, rounds = 30, 6, 60
	keys := keysOf(c, 2, keyCount)
	want := make([]Affine, keyCount)
	for i := range want {
		want[i] = c.times(big.NewInt(int64(7 * (i + 2))))
	}
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			r := rng(uint64(caller))
			e := Element{L0: 7}
			for round := range rounds {
				i := r.IntN(keyCount)
				k := cache.Find(c.Curve, &keys[i])
				table := k.Table()
				switch {
				case table == nil && round%3 == 0:
					table = cache.BuildNow(k)
				case round%10 == 0:
					cache.Prepare(c.Curve, keys[i:])
				}
				cache.Use(k, 1+r.IntN(40))
				if table == nil {
					continue
				}
				var p Jacobian
				table.AddTo(&p, &e)
				if !c.HasX(&p, &want[i].X) {
					t.Errorf("key %d: the table gives another point", i)
				}
			}
		})
	}
	wg.Wait()
	cache.Wait()
	for i := range keys { // whatever the callers displaced, now one is for certain
		if k := cache.Find(c.Curve, &keys[i]); k.Table() == nil {
			cache.Use(k, 100_000)
			break
		}
	}
	cache.Wait()
	s := cache.Stats()
	if s.TableBytes > 4*TableSize(4) || s.Evicted == 0 || s.Tables != len(cache.holders) {
		t.Fatalf("%+v", s)
	}
	total := 0
	for k := range cache.holders {
		total += k.Table().Size()
	}
	if total != s.TableBytes {
		t.Fatalf("tables have %d bytes, the cache says %d", total, s.TableBytes)
	}
}
