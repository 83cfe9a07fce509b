package kernel

import (
	"math/big"

	"github.com/tjfoc/gmsm/sm2"
	"github.com/tjfoc/gmsm/sm3"
)

// Tjfoc verifies SM2 and hashes SM3 with github.com/tjfoc/gmsm, the library that
// most Chinese blockchain code used for years. It is the reference that other
// kernels are compared with and the baseline of measurements. P-256 and SHA-256,
// which it does not have, come from the standard library.
//
// Its v1.4.1 gives wrong answers in four corners, which a signer can reach on
// purpose. They are handled here, or endorsers with different kernels would
// disagree:
//   - Adding a point to itself yields infinity instead of the double.
//   - A sum at infinity is taken for a point with x = 0, so r = e mod n passes.
//   - Multiplying by n-6 runs into the first error within the library.
//   - A public key is used without checking that it is a point of the curve.
type Tjfoc struct{}

// Name implements Kernel.
func (Tjfoc) Name() string { return "tjfoc" }

// Verify implements Kernel.
func (Tjfoc) Verify(a Algorithm, keys []PublicKey, records []Record, verdicts []bool) {
	switch a {
	case SM2SM3:
		for i := range records {
			verdicts[i] = tjfocSM2(&keys[records[i].Key], &records[i])
		}
	case ECDSAP256SHA256:
		verifyWith(keys, records, verdicts, ecdsaLibrary)
	}
}

// Hash implements Kernel.
func (Tjfoc) Hash(a HashAlgorithm, messages [][]byte, digests []Digest) {
	switch a {
	case SM3:
		for i, m := range messages {
			digests[i] = Digest(sm3.Sm3Sum(m))
		}
	case SHA256:
		hashSHA256(messages, digests)
	}
}

// tjfocSM2 follows GB/T 32918.2 section 7.1 with the library's point arithmetic.
func tjfocSM2(key *PublicKey, rec *Record) bool {
	c := sm2.P256Sm2()
	p, n := c.Params().P, c.Params().N
	px := new(big.Int).SetBytes(key[:32])
	py := new(big.Int).SetBytes(key[32:])
	if px.Cmp(p) >= 0 || py.Cmp(p) >= 0 || !c.IsOnCurve(px, py) {
		return false
	}
	r := new(big.Int).SetBytes(rec.Signature[:32])
	s := new(big.Int).SetBytes(rec.Signature[32:])
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(n) >= 0 || s.Cmp(n) >= 0 {
		return false
	}
	t := new(big.Int).Add(r, s)
	t.Mod(t, n)
	if t.Sign() == 0 {
		return false
	}
	// [t]P = [n-t](-P): with the smaller multiplier no intermediate sum of the
	// library's windows meets its own addend.
	if neg := new(big.Int).Sub(n, t); neg.Cmp(t) < 0 {
		t = neg
		py.Sub(p, py)
	}
	x1, y1 := c.ScalarBaseMult(s.Bytes())
	x2, y2 := c.ScalarMult(px, py, t.Bytes())
	var x *big.Int
	switch {
	case x1.Cmp(x2) != 0:
		x, _ = c.Add(x1, y1, x2, y2)
	case y1.Cmp(y2) == 0:
		x, _ = c.Double(x1, y1)
	default: // opposite points: the sum is infinity
		return false
	}
	x.Add(x, new(big.Int).SetBytes(rec.Digest[:]))
	return x.Mod(x, n).Cmp(r) == 0
}
