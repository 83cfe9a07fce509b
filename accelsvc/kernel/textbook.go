package kernel

import "math/big"

// curve is y² = x³ - 3x + b over GF(p) with a base point of prime order n.
type curve struct{ p, n, b, gx, gy *big.Int }

// The recommended curve of GB/T 32918.5 and P-256 of FIPS 186-5.
var (
	sm2Curve = curve{
		p:  hexInt("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF"),
		n:  hexInt("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123"),
		b:  hexInt("28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"),
		gx: hexInt("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"),
		gy: hexInt("BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"),
	}
	p256Curve = curve{
		p:  hexInt("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"),
		n:  hexInt("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
		b:  hexInt("5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"),
		gx: hexInt("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"),
		gy: hexInt("4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"),
	}
)

// hexInt reads a constant; a mistyped one is zero and fails the self-test.
func hexInt(s string) *big.Int {
	v, _ := new(big.Int).SetString(s, 16)
	return v
}

// jacobian is the point (x/z², y/z³); z = 0 is infinity.
type jacobian struct{ x, y, z *big.Int }

func (c *curve) infinity() jacobian {
	return jacobian{big.NewInt(1), big.NewInt(1), new(big.Int)}
}

func (c *curve) affine(x, y *big.Int) jacobian {
	return jacobian{new(big.Int).Set(x), new(big.Int).Set(y), big.NewInt(1)}
}

func (c *curve) mul(a, b *big.Int) *big.Int {
	v := new(big.Int).Mul(a, b)
	return v.Mod(v, c.p)
}

func (c *curve) sub(a, b *big.Int) *big.Int {
	v := new(big.Int).Sub(a, b)
	return v.Mod(v, c.p)
}

func (c *curve) scale(k int64, a *big.Int) *big.Int { return c.mul(big.NewInt(k), a) }

// onCurve also refuses coordinates that are not reduced.
func (c *curve) onCurve(x, y *big.Int) bool {
	if x.Cmp(c.p) >= 0 || y.Cmp(c.p) >= 0 {
		return false
	}
	right := c.sub(c.mul(c.mul(x, x), x), c.scale(3, x))
	right.Add(right, c.b).Mod(right, c.p)
	return c.mul(y, y).Cmp(right) == 0
}

// double is dbl-2001-b of the Explicit-Formulas Database, for a = -3.
func (c *curve) double(p jacobian) jacobian {
	if p.z.Sign() == 0 || p.y.Sign() == 0 {
		return c.infinity()
	}
	delta := c.mul(p.z, p.z)
	gamma := c.mul(p.y, p.y)
	beta := c.mul(p.x, gamma)
	alpha := c.scale(3, c.mul(c.sub(p.x, delta), new(big.Int).Add(p.x, delta)))
	x := c.sub(c.mul(alpha, alpha), c.scale(8, beta))
	z := c.scale(2, c.mul(p.y, p.z))
	y := c.sub(c.mul(alpha, c.sub(c.scale(4, beta), x)), c.scale(8, c.mul(gamma, gamma)))
	return jacobian{x, y, z}
}

// add is the general addition with every special case: infinity, equal and
// opposite points.
func (c *curve) add(p, q jacobian) jacobian {
	if p.z.Sign() == 0 {
		return q
	}
	if q.z.Sign() == 0 {
		return p
	}
	pzz, qzz := c.mul(p.z, p.z), c.mul(q.z, q.z)
	u1, u2 := c.mul(p.x, qzz), c.mul(q.x, pzz)
	s1, s2 := c.mul(p.y, c.mul(q.z, qzz)), c.mul(q.y, c.mul(p.z, pzz))
	h, r := c.sub(u2, u1), c.sub(s2, s1)
	if h.Sign() == 0 {
		if r.Sign() == 0 {
			return c.double(p)
		}
		return c.infinity()
	}
	hh := c.mul(h, h)
	hhh := c.mul(h, hh)
	v := c.mul(u1, hh)
	x := c.sub(c.sub(c.mul(r, r), hhh), c.scale(2, v))
	y := c.sub(c.mul(r, c.sub(v, x)), c.mul(s1, hhh))
	return jacobian{x, y, c.mul(h, c.mul(p.z, q.z))}
}

// sumOfProducts returns [a]G + [b]P by Shamir's trick.
func (c *curve) sumOfProducts(a, b *big.Int, p jacobian) jacobian {
	g := c.affine(c.gx, c.gy)
	both := c.add(g, p)
	acc := c.infinity()
	for i := max(a.BitLen(), b.BitLen()) - 1; i >= 0; i-- {
		acc = c.double(acc)
		switch {
		case a.Bit(i) == 1 && b.Bit(i) == 1:
			acc = c.add(acc, both)
		case a.Bit(i) == 1:
			acc = c.add(acc, g)
		case b.Bit(i) == 1:
			acc = c.add(acc, p)
		}
	}
	return acc
}

// xOf returns the affine x of p, false at infinity.
func (c *curve) xOf(p jacobian) (*big.Int, bool) {
	if p.z.Sign() == 0 {
		return nil, false
	}
	inv := new(big.Int).ModInverse(p.z, c.p)
	return c.mul(p.x, c.mul(inv, inv)), true
}

// read checks the key and the ranges of r and s that both schemes demand.
func (c *curve) read(key *PublicKey, sig *Signature) (p jacobian, r, s *big.Int, ok bool) {
	x, y := new(big.Int).SetBytes(key[:32]), new(big.Int).SetBytes(key[32:])
	r, s = new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	ok = c.onCurve(x, y) && r.Sign() > 0 && s.Sign() > 0 && r.Cmp(c.n) < 0 && s.Cmp(c.n) < 0
	return c.affine(x, y), r, s, ok
}

// textbookSM2 is GB/T 32918.2 section 7.1, steps B1 to B7, after e is known.
func textbookSM2(key *PublicKey, rec *Record) bool {
	c := &sm2Curve
	p, r, s, ok := c.read(key, &rec.Signature)
	if !ok {
		return false
	}
	t := new(big.Int).Add(r, s)
	if t.Mod(t, c.n).Sign() == 0 {
		return false
	}
	x, finite := c.xOf(c.sumOfProducts(s, t, p))
	if !finite {
		return false
	}
	x.Add(x, new(big.Int).SetBytes(rec.Digest[:]))
	return x.Mod(x, c.n).Cmp(r) == 0
}

// textbookECDSA is FIPS 186-5 section 6.4.2 after the hash is known.
func textbookECDSA(key *PublicKey, rec *Record) bool {
	c := &p256Curve
	p, r, s, ok := c.read(key, &rec.Signature)
	if !ok {
		return false
	}
	w := new(big.Int).ModInverse(s, c.n)
	u1 := new(big.Int).Mul(new(big.Int).SetBytes(rec.Digest[:]), w)
	u2 := new(big.Int).Mul(r, w)
	x, finite := c.xOf(c.sumOfProducts(u1.Mod(u1, c.n), u2.Mod(u2, c.n), p))
	return finite && x.Mod(x, c.n).Cmp(r) == 0
}
