// Package comb multiplies points of the two curves by scalars with tables.
//
// A comb table of a point P for window width w holds the odd multiples
// (2j+1)·2^(wi)·P for every window i, affine, ready to add. A scalar is recoded
// into odd signed digits, one for each window, none of them zero, so that
// [k]P is a sum of as many table entries as there are windows: no doublings, no
// entry at infinity and half the table that plain digits would need.
//
// Sums of many such entries for many signatures are formed by Tree: additions in
// affine coordinates, pair by pair, all pairs of a level sharing one modular
// inversion. Sums for few signatures use Jacobian coordinates.
//
// The package refuses secrets: which entry is read and how long an addition
// takes depend on the scalars. Signature verification has public scalars only.
//
// Invariants: table entries are points of the curve, never infinity, in
// Montgomery form and fully reduced. A Table is never changed once built, so it
// is read without locks and stays whole for whoever still holds it after the
// cache has dropped it. The affine addition knows no special cases; the places
// that use it either prove that there are none (building tables) or mark the
// signature that met one (Tree) for the Jacobian addition, which knows them all.
package comb

import (
	"sync"

	"github.com/argosy-trade/argosy/accelsvc/field"
)

// Element is a coordinate or a scalar.
type Element = field.Element

// Affine is a point other than infinity.
type Affine = field.Point

// Curve is y² = x³ - 3x + b over P with a base point G of prime order.
type Curve struct {
	Name string
	P    *field.Field // of the coordinates
	N    *field.Field // of the scalars
	G    Affine
	b    Element

	mu   sync.Mutex
	base map[int]*Table // of G, by window
}

// SM2 returns the recommended curve of GB/T 32918.5, the same one every time.
var SM2 = sync.OnceValue(func() *Curve {
	return newCurve("sm2p256v1", field.SM2P, field.SM2N, constants{
		b: Element{
			L0: 0xDDBCBD414D940E93, L1: 0xF39789F515AB8F92, L2: 0x4D5A9E4BCF6509A7, L3: 0x28E9FA9E9D9F5E34,
		},
		x: Element{
			L0: 0x715A4589334C74C7, L1: 0x8FE30BBFF2660BE1, L2: 0x5F9904466A39C994, L3: 0x32C4AE2C1F198119,
		},
		y: Element{
			L0: 0x02DF32E52139F0A0, L1: 0xD0A9877CC62A4740, L2: 0x59BDCEE36B692153, L3: 0xBC3736A2F4F6779C,
		},
	})
})

// P256 returns NIST P-256 of FIPS 186-5, the same one every time.
var P256 = sync.OnceValue(func() *Curve {
	return newCurve("P-256", field.P256P, field.P256N, constants{
		b: Element{
			L0: 0x3BCE3C3E27D2604B, L1: 0x651D06B0CC53B0F6, L2: 0xB3EBBD55769886BC, L3: 0x5AC635D8AA3A93E7,
		},
		x: Element{
			L0: 0xF4A13945D898C296, L1: 0x77037D812DEB33A0, L2: 0xF8BCE6E563A440F2, L3: 0x6B17D1F2E12C4247,
		},
		y: Element{
			L0: 0xCBB6406837BF51F5, L1: 0x2BCE33576B315ECE, L2: 0x8EE7EB4A7C0F9E16, L3: 0x4FE342E2FE1A7F9B,
		},
	})
})

// constants are plain numbers.
type constants struct{ b, x, y Element }

func newCurve(name string, p, n *field.Field, k constants) *Curve {
	c := &Curve{Name: name, P: p, N: n}
	p.ToMontgomery(&c.b, &k.b)
	p.ToMontgomery(&c.G.X, &k.x)
	p.ToMontgomery(&c.G.Y, &k.y)
	c.base = map[int]*Table{}
	return c
}

// Base returns the table of G for windows of width w. It is built at the first
// call, which takes from half a millisecond (w = 8) to a tenth of a second
// (w = 16), and shared by the whole process.
func (c *Curve) Base(w int) *Table {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.base[w]
	if t == nil {
		t = c.Build(&c.G, w)
		c.base[w] = t
	}
	return t
}

// Key is a public key: X || Y, 32 bytes each, big-endian.
type Key [64]byte

// Parse reads a key. It returns false for coordinates that are not below the
// prime and for pairs that are not a point of the curve, infinity included.
func (c *Curve) Parse(k *Key) (Affine, bool) {
	var a Affine
	if !c.P.SetBytes(&a.X, (*[32]byte)(k[:32])) || !c.P.SetBytes(&a.Y, (*[32]byte)(k[32:])) {
		return Affine{}, false
	}
	return a, c.contains(&a)
}

// contains says whether a satisfies the curve's equation.
func (c *Curve) contains(a *Affine) bool {
	var left, right, three Element
	c.P.Sqr(&left, &a.Y)
	c.P.Sqr(&right, &a.X)
	one := c.P.One()
	c.P.Add(&three, &one, &one)
	c.P.Add(&three, &three, &one)
	c.P.Sub(&right, &right, &three)
	c.P.Mul(&right, &right, &a.X)
	c.P.Add(&right, &right, &c.b)
	return left == right
}
