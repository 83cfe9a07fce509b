// Package forge makes signatures whose inner numbers are chosen: with a given
// nonce, with given multipliers of the base point and the key, for a sum whose
// x-coordinate is above the group order. Tests and the generator of the vector
// files use it to reach the corners of a verifier that honest signatures miss.
//
// It computes with math/big and the textbook curve arithmetic of crypto/elliptic,
// sharing no code with the kernels that it tests, and it is slow and leaks its
// secrets: the keys it signs with are worthless by design. It must never be used
// outside tests.
package forge

import (
	"crypto/elliptic"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
)

// Curve is one of the two curves.
type Curve struct{ *elliptic.CurveParams }

// SM2 returns the recommended curve of GB/T 32918.5.
func SM2() Curve { return Curve{sm2.P256().Params()} }

// P256 returns NIST P-256.
func P256() Curve { return Curve{elliptic.P256().Params()} }

// Point is an affine point; 0, 0 is infinity, as in crypto/elliptic.
type Point struct{ X, Y *big.Int }

// Infinite says whether p is the neutral element.
func (p Point) Infinite() bool { return p.X.Sign() == 0 && p.Y.Sign() == 0 }

// Record is a signature with what it belongs to.
type Record struct {
	Key       [64]byte // X || Y
	Digest    [32]byte // e
	Signature [64]byte // r || s
}

// Int returns v as a number.
func Int(v int64) *big.Int { return big.NewInt(v) }

// Minus returns n - v.
func (c Curve) Minus(v int64) *big.Int { return new(big.Int).Sub(c.N, Int(v)) }

// Mod returns v mod n as a new number.
func (c Curve) Mod(v *big.Int) *big.Int { return new(big.Int).Mod(v, c.N) }

// Times returns [k]G.
func (c Curve) Times(k *big.Int) Point {
	return c.Multiply(k, Point{c.Gx, c.Gy})
}

// Multiply returns [k]p.
func (c Curve) Multiply(k *big.Int, p Point) Point {
	x, y := c.ScalarMult(p.X, p.Y, c.Mod(k).Bytes())
	return Point{x, y}
}

// Add returns p + q.
func (c Curve) Add(p, q Point) Point {
	switch {
	case p.Infinite():
		return q
	case q.Infinite():
		return p
	}
	x, y := c.CurveParams.Add(p.X, p.Y, q.X, q.Y)
	return Point{x, y}
}

// Negate returns -p.
func (c Curve) Negate(p Point) Point {
	if p.Infinite() {
		return p
	}
	return Point{p.X, new(big.Int).Sub(c.P, p.Y)}
}

// Key returns p as a key.
func (p Point) Key() (k [64]byte) {
	p.X.FillBytes(k[:32])
	p.Y.FillBytes(k[32:])
	return k
}

// Make puts a record together. All three numbers must be below 2^256.
func Make(key [64]byte, e, r, s *big.Int) Record {
	rec := Record{Key: key}
	e.FillBytes(rec.Digest[:])
	r.FillBytes(rec.Signature[:32])
	s.FillBytes(rec.Signature[32:])
	return rec
}

// SignSM2 signs e with private key d and nonce k (GB/T 32918.2, section 6.1).
func SignSM2(d, k, e *big.Int) Record {
	c := SM2()
	r := c.Times(k).X
	r = c.Mod(new(big.Int).Add(r, e))
	s := new(big.Int).Mul(r, d)
	s.Sub(k, s).Mul(s, new(big.Int).ModInverse(new(big.Int).Add(d, Int(1)), c.N))
	return Make(c.Times(d).Key(), e, r, c.Mod(s))
}

// SignECDSA signs e with private key d and nonce k (FIPS 186-5, section 6.4.1).
func SignECDSA(d, k, e *big.Int) Record {
	c := P256()
	r := c.Mod(c.Times(k).X)
	s := new(big.Int).Mul(r, d)
	s.Add(s, e).Mul(s, new(big.Int).ModInverse(k, c.N))
	return Make(c.Times(d).Key(), e, r, c.Mod(s))
}

// CraftSM2 returns a record by the holder of d that makes a verifier compute
// [a]G + [b]P. It is valid unless the sum is infinity, r is 0 or a or b is 0; a
// verifier that takes infinity for x = 0 would accept it then too.
func CraftSM2(d, a, b *big.Int) (rec Record, valid bool) {
	c := SM2()
	p := c.Times(d)
	sum := c.Add(c.Times(a), c.Multiply(b, p))
	r := c.Mod(new(big.Int).Sub(b, a))
	e := c.Mod(new(big.Int).Sub(r, sum.X))
	return Make(p.Key(), e, r, a), !sum.Infinite() && r.Sign() != 0 && a.Sign() != 0 && b.Sign() != 0
}

// CraftECDSA is CraftSM2 for ECDSA, where a may be 0. b must not be.
func CraftECDSA(d, a, b *big.Int) (rec Record, valid bool) {
	c := P256()
	p := c.Times(d)
	sum := c.Add(c.Times(a), c.Multiply(b, p))
	r := c.Mod(sum.X)
	if r.Sign() == 0 {
		r = Int(1)
	}
	s := c.Mod(new(big.Int).Mul(r, new(big.Int).ModInverse(b, c.N)))
	e := c.Mod(new(big.Int).Mul(a, s))
	return Make(p.Key(), e, r, s), !sum.Infinite()
}

// PointAtOrAbove returns the first point whose x is at least from and below p.
func (c Curve) PointAtOrAbove(from *big.Int) Point {
	for x := new(big.Int).Set(from); ; x.Add(x, Int(1)) {
		right := new(big.Int).Exp(x, Int(3), c.P)
		right.Sub(right, new(big.Int).Mul(x, Int(3))).Add(right, c.B).Mod(right, c.P)
		if y := new(big.Int).ModSqrt(right, c.P); y != nil {
			return Point{x, y}
		}
	}
}

// KeyFor returns the key P for which [a]G + [b]P is r.
func (c Curve) KeyFor(r Point, a, b *big.Int) [64]byte {
	diff := c.Add(r, c.Negate(c.Times(a)))
	return c.Multiply(new(big.Int).ModInverse(b, c.N), diff).Key()
}

// WrappedSM2 returns a valid record whose sum is point, for point.X at or above
// n.
func WrappedSM2(point Point, s, e *big.Int) Record {
	c := SM2()
	r := c.Mod(new(big.Int).Add(e, point.X))
	return Make(c.KeyFor(point, s, c.Mod(new(big.Int).Add(r, s))), e, r, s)
}

// WrappedECDSA is WrappedSM2 for ECDSA. point.X must not be n.
func WrappedECDSA(point Point, s, e *big.Int) Record {
	c := P256()
	r := c.Mod(point.X)
	w := new(big.Int).ModInverse(s, c.N)
	key := c.KeyFor(point, c.Mod(new(big.Int).Mul(e, w)), c.Mod(new(big.Int).Mul(r, w)))
	return Make(key, e, r, s)
}
