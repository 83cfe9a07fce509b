package comb

import (
	"crypto/elliptic"
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/argosy-trade/argosy/accelsvc/field"
)

// reference is a curve in a library, which the tests compare with.
type reference struct {
	*Curve

	library elliptic.Curve
}

func curves() []reference {
	return []reference{{SM2(), sm2.P256()}, {P256(), elliptic.P256()}}
}

func rng(seed uint64) *rand.Rand {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return rand.New(rand.NewChaCha8(s))
}

func number(x *Element) *big.Int {
	var b [32]byte
	field.PutPlain(&b, x)
	return new(big.Int).SetBytes(b[:])
}

func plain(v *big.Int) Element {
	var b [32]byte
	v.FillBytes(b[:])
	return field.Plain(&b)
}

func (c reference) order() *big.Int { return c.library.Params().N }

func (c reference) random(r *rand.Rand) *big.Int {
	v := number(&Element{L0: r.Uint64(), L1: r.Uint64(), L2: r.Uint64(), L3: r.Uint64()})
	return v.Mod(v, c.order())
}

// times returns [k]G by the library; k must not be a multiple of the order.
func (c reference) times(k *big.Int) Affine {
	var key Key
	x, y := c.library.ScalarBaseMult(new(big.Int).Mod(k, c.order()).Bytes())
	x.FillBytes(key[:32])
	y.FillBytes(key[32:])
	a, ok := c.Parse(&key)
	if !ok {
		panic("the library's point is not on the curve")
	}
	return a
}

// equal says whether p is a.
func (c reference) equal(p *Jacobian, a *Affine) bool {
	if p.IsInfinity() {
		return false
	}
	var got [1]Affine
	c.Normalise(got[:], []Jacobian{*p})
	return got[0] == *a
}

// scalars are those whose digits are extreme, and random ones.
func (c reference) scalars(random int) []*big.Int {
	out := []*big.Int{}
	for i := range int64(5) {
		out = append(out, big.NewInt(i), new(big.Int).Sub(c.order(), big.NewInt(i+1)))
	}
	for i := uint(3); i < 256; i += 11 {
		power := new(big.Int).Lsh(big.NewInt(1), i)
		out = append(out, power, new(big.Int).Sub(power, big.NewInt(1)), new(big.Int).Sub(c.order(), power))
	}
	r := rng(7)
	for range random {
		out = append(out, c.random(r))
	}
	return out
}

func TestRecodedDigitsAreTheScalar(t *testing.T) {
	for _, c := range curves() {
		for w := MinWindow; w <= MaxWindow; w++ {
			for _, k := range c.scalars(20) {
				digits := make([]Digit, Windows(w))
				e := plain(k)
				c.Recode(digits, &e, w)
				sum := new(big.Int)
				for i := len(digits) - 1; i >= 0; i-- {
					if digits[i].entry() >= 1<<(w-1) {
						t.Fatalf("w%d: entry %d is outside the table", w, digits[i].entry())
					}
					d := big.NewInt(int64(2*digits[i].entry() + 1))
					if digits[i].negative() == 1 {
						d.Neg(d)
					}
					sum.Add(sum.Lsh(sum, uint(w)), d)
				}
				if sum.Mod(sum, c.order()).Cmp(k) != 0 {
					t.Fatalf("%s: w%d: %x recodes to %x", c.Name, w, k, sum)
				}
			}
		}
	}
}

func TestNonAdjacentFormIsTheScalar(t *testing.T) {
	for _, c := range curves() {
		for _, k := range c.scalars(200) {
			var digits [nafDigits]int8
			e := plain(k)
			n := naf(&digits, &e)
			sum := new(big.Int)
			for i := n - 1; i >= 0; i-- {
				d := digits[i]
				if d != 0 && d&1 == 0 || d > 15 || d < -15 {
					t.Fatalf("digit %d", d)
				}
				sum.Add(sum.Lsh(sum, 1), big.NewInt(int64(d)))
			}
			if sum.Cmp(k) != 0 {
				t.Fatalf("%x becomes %x", k, sum)
			}
		}
	}
}

func TestParseRefusesWhatIsNoPoint(t *testing.T) {
	for _, c := range curves() {
		var good Key
		c.library.Params().Gx.FillBytes(good[:32])
		c.library.Params().Gy.FillBytes(good[32:])
		if a, ok := c.Parse(&good); !ok || a != c.G {
			t.Fatalf("%s: G is refused", c.Name)
		}
		off := good
		off[63] ^= 1
		bad := map[string]Key{"zero, as infinity is often written": {}, "off the curve": off}
		// A point with small x, written as x + p and y, then as x and y + p.
		p := c.library.Params().P
		for x := big.NewInt(0); ; x.Add(x, big.NewInt(1)) {
			right := new(big.Int).Exp(x, big.NewInt(3), p)
			right.Sub(right, new(big.Int).Mul(x, big.NewInt(3))).Add(right, c.library.Params().B).Mod(right, p)
			y := new(big.Int).ModSqrt(right, p)
			if y == nil {
				continue
			}
			var long Key
			x.FillBytes(long[:32])
			y.FillBytes(long[32:])
			if _, ok := c.Parse(&long); !ok {
				t.Fatalf("%s: x = %x is refused", c.Name, x)
			}
			new(big.Int).Add(x, p).FillBytes(long[:32])
			bad["x not below p"] = long
			break
		}
		var ones Key
		for i := range ones {
			ones[i] = 0xff
		}
		bad["all ones"] = ones
		for name, key := range bad {
			if _, ok := c.Parse(&key); ok {
				t.Errorf("%s: %s is accepted", c.Name, name)
			}
		}
	}
}

// TestTableEntries checks every entry of small tables and some of large ones.
func TestTableEntries(t *testing.T) {
	for _, c := range curves() {
		d := c.random(rng(3))
		p := c.times(d)
		for _, w := range []int{4, 5, 7, 8, 11, 12} {
			table := c.Build(&p, w)
			if table.Size() != TableSize(w) || table.Window() != w || table.Count() != Windows(w) {
				t.Fatalf("w%d: size %d, window %d, count %d", w, table.Size(), table.Window(), table.Count())
			}
			step := max(1, len(table.entries)/200)
			for at := 0; at < len(table.entries); at += step {
				window, entry := at>>(w-1), at&(1<<(w-1)-1)
				k := new(big.Int).Lsh(big.NewInt(int64(2*entry+1)), uint(w*window))
				want := c.times(k.Mul(k, d))
				if table.entries[at] != want {
					t.Fatalf("%s: w%d: entry %d of window %d is wrong", c.Name, w, entry, window)
				}
			}
		}
	}
}

func TestTableMultiplies(t *testing.T) {
	for _, c := range curves() {
		for _, w := range []int{4, 8, 13} {
			table := c.Base(w)
			if c.Base(w) != table {
				t.Fatal("the base point's table is not shared")
			}
			for _, k := range c.scalars(20) {
				var p Jacobian
				e := plain(k)
				table.AddTo(&p, &e)
				if k.Sign() == 0 {
					if !p.IsInfinity() {
						t.Fatalf("%s: w%d: [0]G is not infinity", c.Name, w)
					}
					continue
				}
				want := c.times(k)
				if !c.equal(&p, &want) || !c.HasX(&p, &want.X) {
					t.Fatalf("%s: w%d: [%x]G is wrong", c.Name, w, k)
				}
			}
		}
	}
}

func TestLadderMultiplies(t *testing.T) {
	for _, c := range curves() {
		r := rng(5)
		var ds []*big.Int
		var points []Affine
		for i := range 9 {
			d := big.NewInt(int64(i + 1)) // also G and small multiples
			if i > 4 {
				d = c.random(r)
			}
			ds = append(ds, d)
			points = append(points, c.times(d))
		}
		var l Ladder
		for range 2 { // used again, with less
			l.Reset(c.Curve, points)
			for i, d := range ds {
				for _, k := range c.scalars(3) {
					var p Jacobian
					e := plain(k)
					l.Multiply(&p, i, &e)
					if k.Sign() == 0 {
						if !p.IsInfinity() {
							t.Fatalf("%s: [0]P is not infinity", c.Name)
						}
						continue
					}
					want := c.times(new(big.Int).Mul(k, d))
					if !c.equal(&p, &want) {
						t.Fatalf("%s: [%x][%x]G is wrong", c.Name, k, d)
					}
				}
			}
			ds, points = ds[4:], points[4:]
		}
	}
}

// TestAddAffineKnowsEveryCase adds points to infinity, themselves and their
// negatives.
func TestAddAffineKnowsEveryCase(t *testing.T) {
	for _, c := range curves() {
		a, b := c.times(big.NewInt(77)), c.times(big.NewInt(5))
		negative := a
		c.P.Neg(&negative.Y, &negative.Y)
		var p Jacobian
		c.Double(&p)
		if !p.IsInfinity() {
			t.Fatal("twice infinity is not infinity")
		}
		expect := func(what string, k int64) {
			t.Helper()
			want := c.times(big.NewInt(k))
			if !c.equal(&p, &want) {
				t.Fatalf("%s: %s is wrong", c.Name, what)
			}
		}
		c.AddAffine(&p, &a)
		expect("infinity + a", 77)
		c.AddAffine(&p, &a)
		expect("a + a", 154)
		c.AddAffine(&p, &b)
		expect("2a + b", 159)
		c.AddAffine(&p, &negative)
		expect("2a + b - a", 82)
		c.FromAffine(&p, &a)
		c.AddAffine(&p, &negative)
		if !p.IsInfinity() || c.HasX(&p, &Element{}) || c.HasX(&p, &a.X) {
			t.Fatal("a - a is not infinity, or has an x")
		}
		c.AddAffine(&p, &b)
		expect("infinity + b", 5)
	}
}

// TestTreeSums compares the tree with the Jacobian additions for every number of
// points and several numbers of signatures, some of which are exceptional.
func TestTreeSums(t *testing.T) {
	for _, c := range curves() {
		r := rng(11)
		var pool []Affine
		for range 40 {
			pool = append(pool, c.times(c.random(r)))
		}
		var tree Tree
		for count := 2; count < 20; count++ {
			for _, lanes := range []int{1, 2, 7} {
				tree.Reset(c.Curve, lanes, count)
				sums := make([]Jacobian, lanes)
				exceptional := make([]bool, lanes)
				for s := range lanes {
					used := r.Perm(len(pool))
					exceptional[s] = s%3 == 1
					for j := range count {
						a := pool[used[j]]
						if exceptional[s] && j == count-count/2 {
							a = tree.Points[s] // its partner of the first level
							if s%2 == 1 {
								c.P.Neg(&a.Y, &a.Y)
							}
						}
						tree.Points[j*lanes+s] = a
						c.AddAffine(&sums[s], &a)
					}
				}
				tree.Sum()
				for s := range lanes {
					var want [1]Affine
					if !sums[s].IsInfinity() {
						c.Normalise(want[:], sums[s:s+1])
					}
					has, ok := tree.HasX(s, &want[0].X)
					if ok && !has || !ok && !exceptional[s] {
						t.Fatalf("%s: %d points, lane %d of %d: has %v, ok %v", c.Name, count, s, lanes, has, ok)
					}
					one := c.P.One()
					c.P.Add(&want[0].X, &want[0].X, &one)
					if has, ok := tree.HasX(s, &want[0].X); ok && has {
						t.Fatalf("%s: a wrong x is accepted", c.Name)
					}
				}
			}
		}
	}
}

// TestTreeMarksExceptionalLanesAlone makes partners of each level meet.
func TestTreeMarksExceptionalLanesAlone(t *testing.T) {
	c := curves()[0]
	a := func(k int64) Affine { return c.times(big.NewInt(k)) }
	// Level 1 adds points 0,1 to 2,3; level 2 would add 0 to 1, which is left to
	// the final check.
	for name, tc := range map[string]struct {
		points [4]int64
		ok     bool
		sum    int64
	}{
		"ordinary":                {[4]int64{1, 2, 3, 5}, true, 11},
		"equal at level 1":        {[4]int64{1, 2, 1, 5}, false, 0},
		"opposite at level 1":     {[4]int64{1, 2, -1, 5}, false, 0},
		"both pairs equal":        {[4]int64{1, 2, 1, 2}, false, 0},
		"equal at the check":      {[4]int64{1, 2, 4, 3}, false, 0},
		"opposite at the check":   {[4]int64{1, -2, 4, -3}, false, 0},
		"infinity in a part only": {[4]int64{1, 2, -1, -2}, false, 0},
	} {
		var tree Tree
		const lanes = 3
		tree.Reset(c.Curve, lanes, 4)
		for j, k := range tc.points {
			tree.Points[j*lanes] = a(int64(j + 10))
			tree.Points[j*lanes+1] = a(k)
			tree.Points[j*lanes+2] = a(int64(2*j + 31))
		}
		tree.Sum()
		for lane, sum := range []int64{10 + 11 + 12 + 13, tc.sum, 31 + 33 + 35 + 37} {
			want := Affine{}
			if sum != 0 {
				want = a(sum)
			}
			has, ok := tree.HasX(lane, &want.X)
			if expected := lane != 1 || tc.ok; ok != expected || has != expected {
				t.Errorf("%s: lane %d: has %v, ok %v", name, lane, has, ok)
			}
		}
	}
}

func TestBaseIsBuiltOnce(t *testing.T) {
	c := newCurve("copy", field.SM2P, field.SM2N, constants{})
	c.G = SM2().G
	tables := make([]*Table, 8)
	var wg sync.WaitGroup
	for i := range tables {
		wg.Go(func() { tables[i] = c.Base(5) })
	}
	wg.Wait()
	for _, table := range tables {
		if table != tables[0] {
			t.Fatal("built twice")
		}
	}
}
