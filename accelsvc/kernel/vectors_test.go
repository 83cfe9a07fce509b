package kernel

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
)

// vector is one signature with the verdict that the standard gives it.
type vector struct {
	name string
	key  PublicKey
	rec  Record
	want bool
}

// rng returns a generator that is the same in every run.
func rng(seed uint64) *rand.ChaCha8 {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return rand.NewChaCha8(s)
}

// scalar returns a number in [1, n-1].
func scalar(r *rand.ChaCha8, n *big.Int) *big.Int {
	var b [40]byte
	_, _ = r.Read(b[:])
	v := new(big.Int).SetBytes(b[:])
	v.Mod(v, new(big.Int).Sub(n, big.NewInt(1)))
	return v.Add(v, big.NewInt(1))
}

// toAffine returns p as a key value.
func (c *curve) toAffine(p jacobian) PublicKey {
	var k PublicKey
	if p.z.Sign() == 0 {
		return k
	}
	inv := new(big.Int).ModInverse(p.z, c.p)
	zz := c.mul(inv, inv)
	c.mul(p.x, zz).FillBytes(k[:32])
	c.mul(p.y, c.mul(zz, inv)).FillBytes(k[32:])
	return k
}

func (c *curve) times(k *big.Int) jacobian {
	return c.sumOfProducts(k, new(big.Int), c.infinity())
}

func (c *curve) publicKey(d *big.Int) PublicKey { return c.toAffine(c.times(d)) }

func record(e, r, s *big.Int) Record {
	var rec Record
	e.FillBytes(rec.Digest[:])
	r.FillBytes(rec.Signature[:32])
	s.FillBytes(rec.Signature[32:])
	return rec
}

// mod returns v mod n as a new number.
func mod(v, n *big.Int) *big.Int { return new(big.Int).Mod(v, n) }

// signSM2 is GB/T 32918.2 section 6.1 with the nonce given.
func signSM2(d, k, e *big.Int) Record {
	c := &sm2Curve
	x, _ := c.xOf(c.times(k))
	r := mod(x.Add(x, e), c.n)
	s := new(big.Int).Mul(r, d)
	s.Sub(k, s).Mul(s, new(big.Int).ModInverse(new(big.Int).Add(d, big.NewInt(1)), c.n))
	return record(e, r, s.Mod(s, c.n))
}

// signECDSA is FIPS 186-5 section 6.4.1 with the nonce given.
func signECDSA(d, k, e *big.Int) Record {
	c := &p256Curve
	x, _ := c.xOf(c.times(k))
	r := mod(x, c.n)
	s := new(big.Int).Mul(r, d)
	s.Add(s, e).Mul(s, new(big.Int).ModInverse(k, c.n))
	return record(e, r, s.Mod(s, c.n))
}

// crafted returns a signature by the holder of d that makes the verifier compute
// [s]G + [t]P with exactly these s and t. The digest follows from them.
func crafted(d, s, t *big.Int) (Record, bool) {
	c := &sm2Curve
	r := mod(new(big.Int).Sub(t, s), c.n)
	sum := c.sumOfProducts(s, t, c.times(d))
	x, finite := c.xOf(sum)
	if !finite {
		x = new(big.Int) // what a careless verifier takes infinity for
	}
	return record(mod(new(big.Int).Sub(r, x), c.n), r, s), finite && r.Sign() != 0
}

// pointAtOrAbove returns the first point whose x is at least from and below p.
func (c *curve) pointAtOrAbove(from *big.Int) jacobian {
	for x := new(big.Int).Set(from); ; x.Add(x, big.NewInt(1)) {
		right := c.sub(c.mul(c.mul(x, x), x), c.scale(3, x))
		right.Add(right, c.b).Mod(right, c.p)
		if y := new(big.Int).ModSqrt(right, c.p); y != nil {
			return c.affine(x, y)
		}
	}
}

func (c *curve) negate(p jacobian) jacobian { return jacobian{p.x, c.sub(c.p, p.y), p.z} }

// keyFor returns P = [1/b](R - [a]G), so that [a]G + [b]P = R.
func (c *curve) keyFor(r jacobian, a, b *big.Int) PublicKey {
	diff := c.add(r, c.negate(c.times(a)))
	return c.toAffine(c.sumOfProducts(new(big.Int), new(big.Int).ModInverse(b, c.n), diff))
}

func number(v int64) *big.Int { return big.NewInt(v) }

// minus returns n - v.
func (c *curve) minus(v int64) *big.Int { return new(big.Int).Sub(c.n, number(v)) }
