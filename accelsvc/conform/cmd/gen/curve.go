package main

import (
	"crypto/sha256"
	"hash"
	"math/big"

	"github.com/emmansun/gmsm/sm3"
)

// curve is y² = x³ - 3x + b over GF(p) with a base point of prime order n. The
// arithmetic is the schoolbook's, so that the vectors owe nothing to any library
// that they are there to test.
type curve struct {
	p, n, b *big.Int
	g       point
	hash    func() hash.Hash
	name    string // of the curve in the schema
	digest  string // of the hash in the schema
}

// point is affine; a nil x is infinity.
type point struct{ x, y *big.Int }

func hexInt(s string) *big.Int {
	v, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("not hex: " + s)
	}
	return v
}

// The recommended curve of GB/T 32918.5 and P-256 of FIPS 186-5.
var (
	sm2Curve = &curve{
		p: hexInt("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF"),
		n: hexInt("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123"),
		b: hexInt("28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"),
		g: point{
			hexInt("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"),
			hexInt("BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"),
		},
		hash: sm3.New, name: "sm2p256v1", digest: "SM3",
	}
	p256Curve = &curve{
		p: hexInt("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"),
		n: hexInt("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
		b: hexInt("5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"),
		g: point{
			hexInt("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"),
			hexInt("4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"),
		},
		hash: sha256.New, name: "secp256r1", digest: "SHA-256",
	}
)

func (c *curve) mod(v *big.Int) *big.Int { return v.Mod(v, c.p) }

func (c *curve) add(a, b point) point {
	if a.x == nil {
		return b
	}
	if b.x == nil {
		return a
	}
	var slope *big.Int
	switch {
	case a.x.Cmp(b.x) != 0:
		slope = new(big.Int).ModInverse(c.mod(new(big.Int).Sub(b.x, a.x)), c.p)
		slope.Mul(slope, new(big.Int).Sub(b.y, a.y))
	case a.y.Cmp(b.y) != 0 || a.y.Sign() == 0:
		return point{}
	default:
		slope = new(big.Int).ModInverse(c.mod(new(big.Int).Lsh(a.y, 1)), c.p)
		numerator := new(big.Int).Mul(a.x, a.x)
		slope.Mul(slope, numerator.Mul(numerator.Sub(numerator, big.NewInt(1)), big.NewInt(3)))
	}
	c.mod(slope)
	x := new(big.Int).Mul(slope, slope)
	c.mod(x.Sub(x.Sub(x, a.x), b.x))
	y := new(big.Int).Sub(a.x, x)
	return point{x, c.mod(y.Sub(y.Mul(y, slope), a.y))}
}

func (c *curve) mul(k *big.Int, a point) point {
	var out point
	for i := k.BitLen() - 1; i >= 0; i-- {
		out = c.add(out, out)
		if k.Bit(i) == 1 {
			out = c.add(out, a)
		}
	}
	return out
}

func (c *curve) neg(a point) point { return point{a.x, c.mod(new(big.Int).Neg(a.y))} }

// lift returns a point with abscissa x, if there is one.
func (c *curve) lift(x *big.Int) (point, bool) {
	y2 := new(big.Int).Exp(x, big.NewInt(3), c.p)
	y2.Add(y2.Sub(y2, new(big.Int).Mul(x, big.NewInt(3))), c.b)
	y := new(big.Int).ModSqrt(c.mod(y2), c.p)
	return point{x, y}, y != nil
}

// scalar derives a number from 1 to n-2 from a label: a signature's k, a key.
func (c *curve) scalar(label string) *big.Int {
	h := sha256.Sum256([]byte(c.name + "/" + label))
	v := new(big.Int).SetBytes(h[:])
	v.Mod(v, new(big.Int).Sub(c.n, big.NewInt(2)))
	return v.Add(v, big.NewInt(1))
}

// invert returns 1/v modulo n.
func (c *curve) invert(v *big.Int) *big.Int {
	return new(big.Int).ModInverse(new(big.Int).Mod(v, c.n), c.n)
}

// coordinates returns X || Y.
func coordinates(a point) []byte {
	out := make([]byte, 64)
	a.x.FillBytes(out[:32])
	a.y.FillBytes(out[32:])
	return out
}

// e returns what is signed: the digest of m, for SM2 with the user id and key
// before it (GB/T 32918.2, section 5.5).
func (c *curve) e(m, userID []byte, key point) *big.Int {
	h := c.hash()
	if c == sm2Curve {
		z := c.hash()
		bits := len(userID) * 8
		z.Write([]byte{byte(bits >> 8), byte(bits & 0xff)}) //nolint:gosec // G115: a user id has at most 8191 bytes
		z.Write(userID)
		a := new(big.Int).Sub(c.p, big.NewInt(3))
		z.Write(coordinates(point{a, c.b}))
		z.Write(coordinates(c.g))
		z.Write(coordinates(key))
		h.Write(z.Sum(nil))
	}
	h.Write(m)
	return new(big.Int).SetBytes(h.Sum(nil))
}

// sign signs e with d and the nonce k.
func (c *curve) sign(d, e, k *big.Int) (r, s *big.Int) {
	x := c.mul(k, c.g).x
	if c == sm2Curve {
		r = new(big.Int).Add(e, x)
		r.Mod(r, c.n)
		s = new(big.Int).Sub(k, new(big.Int).Mul(r, d))
		s.Mul(s, c.invert(new(big.Int).Add(d, big.NewInt(1))))
		return r, s.Mod(s, c.n)
	}
	r = new(big.Int).Mod(x, c.n)
	s = new(big.Int).Add(e, new(big.Int).Mul(r, d))
	s.Mul(s, c.invert(k))
	return r, s.Mod(s, c.n)
}
