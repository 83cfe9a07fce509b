package main

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
)

func (b *builder) all() {
	main := b.newGroup(b.curve.scalar("key/main"), "")
	b.ordinary(main)
	b.ranges(main)
	b.encodings(main)
	b.edgeKeys()
	b.edgeSums()
	if b.curve == sm2Curve {
		b.userIDs()
		b.edgeDigests(main)
	}
}

// ordinary has valid signatures, also with leading zeros, and the same spoilt.
func (b *builder) ordinary(s *signer) {
	for i := range 8 {
		m := strings.Repeat("invoice ", i)
		r, t := b.sign(s, m, "ordinary")
		b.add(s, m, b.encode(r, t), valid(fmt.Sprintf("message of %d bytes", len(m)), "Normal"))
		b.add(s, m+".", b.encode(r, t), invalid("another message", "Modified"))
		b.add(s, m, b.encode(t, r), invalid("r and s exchanged", "Modified"))
		b.add(s, m, b.encode(new(big.Int).Xor(r, big.NewInt(1)), t), invalid("one bit of r", "Modified"))
		b.add(s, m, b.encode(r, new(big.Int).Xor(t, big.NewInt(1))), invalid("one bit of s", "Modified"))
	}
	for _, shape := range []struct {
		comment string
		fits    func(r, t *big.Int) bool
	}{
		{"r has its highest bit set", func(r, _ *big.Int) bool { return r.BitLen() == 256 }},
		{"r begins with a zero byte", func(r, _ *big.Int) bool { return r.BitLen() <= 248 }},
		{"s begins with a zero byte", func(_, t *big.Int) bool { return t.BitLen() <= 248 }},
		{"r and s have 255 bits", func(r, t *big.Int) bool { return r.BitLen() == 255 && t.BitLen() == 255 }},
	} {
		for i := 0; ; i++ {
			m := "shape"
			if r, t := b.sign(s, m, fmt.Sprint(i)); shape.fits(r, t) {
				b.add(s, m, b.encode(r, t), valid(shape.comment, "Normal"))
				break
			}
		}
	}
	other := b.newGroup(b.curve.scalar("key/other"), "")
	r, t := b.sign(s, "whose key", "ordinary")
	b.add(other, "whose key", b.encode(r, t), invalid("another signer's key", "Modified"))
	if b.curve == p256Curve {
		b.highS(s)
	}
}

// highS has each of a pair of signatures that differ in the sign of s only.
func (b *builder) highS(s *signer) {
	half := new(big.Int).Rsh(b.curve.n, 1)
	r, t := b.sign(s, "high s", "ordinary")
	for range 2 {
		comment, flag := "s at most n/2", "Normal"
		if t.Cmp(half) > 0 {
			comment, flag = "s above n/2", "HighS"
		}
		b.add(s, "high s", b.encode(r, t), valid(comment, flag))
		t = new(big.Int).Sub(b.curve.n, t)
	}
}

// ranges has values of r and s at and outside the limits.
func (b *builder) ranges(s *signer) {
	n, one := b.curve.n, big.NewInt(1)
	top := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	limits := map[string]*big.Int{
		"0": big.NewInt(0), "1": one, "n-1": new(big.Int).Sub(n, one), "n": n, "n+1": new(big.Int).Add(n, one),
		"p": b.curve.p, "2^256-1": top,
	}
	names := []string{"0", "1", "n-1", "n", "n+1", "p", "2^256-1"}
	r, t := b.sign(s, "range", "ordinary")
	for _, x := range names {
		b.add(s, "range", b.encode(limits[x], t), invalid("r = "+x, "RangeCheck"))
		b.add(s, "range", b.encode(r, limits[x]), invalid("s = "+x, "RangeCheck"))
		for _, y := range names {
			b.add(s, "range", b.encode(limits[x], limits[y]), invalid("r = "+x+", s = "+y, "RangeCheck"))
		}
	}
	b.add(s, "range", b.encode(r, new(big.Int).Sub(n, r)), invalid("r + s = n", "RangeCheck"))
	if b.kind == "EcdsaVerify" || b.kind == "Sm2Verify" {
		b.add(s, "range", der(new(big.Int).Add(r, n), t), invalid("r + n in 33 bytes", "RangeCheck"))
		b.add(s, "range", der(r, new(big.Int).Add(t, n)), invalid("s + n in 33 bytes", "RangeCheck"))
		b.add(s, "range", der(new(big.Int).Add(r, new(big.Int).Lsh(one, 256)), t), invalid("r + 2^256", "RangeCheck"))
		b.add(s, "range", der(r, new(big.Int).Add(t, new(big.Int).Lsh(n, 320))), invalid("s + n * 2^320", "RangeCheck"))
	}
}

// encodings has the right r and s in wrong encodings.
func (b *builder) encodings(s *signer) {
	const m = "encoding"
	r, t := b.sign(s, m, "ordinary")
	good := b.encode(r, t)
	b.add(s, m, good, valid("the right encoding", "Normal"))
	wrong := derMutations(r, t)
	if b.kind == "EcdsaP1363Verify" || b.kind == "Sm2P1363Verify" {
		wrong = []mutation{
			{"DER instead", der(r, t)},
			{"one byte short", good[:63]},
			{"one byte more", append(good[:64:64], 0)},
			{"a zero byte in front", append([]byte{0}, good...)},
			{"r alone", good[:32]},
			{"33 bytes each", append(append(append([]byte{0}, good[:32]...), 0), good[32:]...)},
			{"marked as a point", append([]byte{4}, good...)},
		}
	}
	wrong = append(wrong, mutation{"empty", nil}, mutation{"one zero byte", []byte{0}})
	for _, w := range wrong {
		b.add(s, m, w.sig, invalid(w.comment, "Encoding"))
	}
}

// edgeKeys has keys whose multiples meet the tables of fast kernels: the base
// point, its small multiples and negatives.
func (b *builder) edgeKeys() {
	for _, d := range []struct {
		name  string
		value *big.Int
	}{
		{"1", big.NewInt(1)},
		{"2", big.NewInt(2)},
		{"3", big.NewInt(3)},
		{"16", big.NewInt(16)},
		{"2^8", new(big.Int).Lsh(big.NewInt(1), 8)},
		{"2^12", new(big.Int).Lsh(big.NewInt(1), 12)},
		{"2^16", new(big.Int).Lsh(big.NewInt(1), 16)},
		{"2^128", new(big.Int).Lsh(big.NewInt(1), 128)},
		{"n-2", new(big.Int).Sub(b.curve.n, big.NewInt(2))},
		{"n-3", new(big.Int).Sub(b.curve.n, big.NewInt(3))},
	} {
		s := b.newGroup(d.value, "")
		for i := range 4 {
			m := fmt.Sprintf("edge key %d", i)
			r, t := b.sign(s, m, "edge")
			b.add(s, m, b.encode(r, t), valid("d = "+d.name, "EdgeCase"))
			b.add(s, m+"!", b.encode(r, t), invalid("d = "+d.name+", another message", "EdgeCase"))
		}
	}
	off := b.newKey(point{big.NewInt(5), big.NewInt(1)}, "")
	r, t := b.curve.scalar("r"), b.curve.scalar("s")
	b.add(off, "off the curve", b.encode(r, t), invalid("the key is not a point of the curve", "EdgeCase"))
	zero := b.newKey(point{big.NewInt(0), big.NewInt(0)}, "")
	b.add(zero, "infinity", b.encode(r, t), invalid("the key is 0, 0", "EdgeCase"))
	big1 := b.newKey(point{new(big.Int).Add(b.curve.g.x, big.NewInt(0)), b.curve.p}, "")
	b.add(big1, "coordinate", b.encode(r, t), invalid("a coordinate is p", "EdgeCase"))
}

// edgeSums has sums at infinity, and for ECDSA an abscissa of at least n.
func (b *builder) edgeSums() {
	c := b.curve
	const m = "edge sum"
	r := c.scalar("sum/r")
	if c == sm2Curve {
		// s*G + (r+s)*d*G is infinity for d = -s/(r+s), whatever e is.
		s := c.scalar("sum/s")
		d := new(big.Int).Mul(new(big.Int).Neg(s), c.invert(new(big.Int).Add(r, s)))
		g := b.newGroup(d.Mod(d, c.n), "")
		b.add(g, m, b.encode(r, s), invalid("the sum is infinity", "EdgeCase"))
		return
	}
	// e*G + r*d*G is infinity for d = -e/r, whatever s is.
	e := c.e([]byte(m), nil, point{})
	d := new(big.Int).Mul(new(big.Int).Neg(e), c.invert(r))
	g := b.newGroup(d.Mod(d, c.n), "")
	b.add(g, m, b.encode(r, c.scalar("sum/s")), invalid("the sum is infinity", "EdgeCase"))
	// A point whose abscissa is at least n: r is that minus n. The key is found
	// from it, as Q = (s*R - e*G)/r.
	for i := int64(1); ; i++ {
		sum, ok := c.lift(new(big.Int).Add(c.n, big.NewInt(i)))
		if !ok {
			continue
		}
		s := c.scalar("wrapped/s")
		key := c.mul(c.invert(big.NewInt(i)), c.add(c.mul(s, sum), c.neg(c.mul(e, c.g))))
		g := b.newKey(key, "")
		b.add(g, m, b.encode(big.NewInt(i), s), valid("the abscissa of the sum is r + n", "EdgeCase"))
		b.add(g, m, b.encode(big.NewInt(i+1), s), invalid("r is one too many", "EdgeCase"))
		return
	}
}

// userIDs has user ids of every length class, and the wrong one.
func (b *builder) userIDs() {
	for _, id := range []string{"A", "ALICE123@YAHOO.COM", strings.Repeat("x", 8191)} {
		s := b.newGroup(b.curve.scalar("key/uid"), id)
		const m = "user id"
		r, t := b.sign(s, m, "uid")
		b.add(s, m, b.encode(r, t), valid(fmt.Sprintf("user id of %d bytes", len(id)), "UserID"))
		for _, other := range []string{"", "B", id[:len(id)-1] + "?"} {
			text := hex.EncodeToString([]byte(other))
			c := invalid("signed for another user id", "UserID")
			c.UID = &text
			b.add(s, m, b.encode(r, t), c)
		}
	}
}

// edgeDigests has values of e that no message is known for.
func (b *builder) edgeDigests(s *signer) {
	c := b.curve
	top := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for _, e := range []struct {
		name  string
		value *big.Int
	}{
		{"0", big.NewInt(0)},
		{"1", big.NewInt(1)},
		{"n-1", new(big.Int).Sub(c.n, big.NewInt(1))},
		{"n", c.n},
		{"2^256-1", top},
	} {
		r, t := c.sign(s.d, e.value, c.scalar("digest/"+e.name))
		b.addDigest(s, e.value, b.encode(r, t), valid("e = "+e.name, "EdgeCase"))
		b.addDigest(s, new(big.Int).Xor(e.value, big.NewInt(2)), b.encode(r, t), invalid("another e", "EdgeCase"))
	}
	// A point whose abscissa is at least n; the key is P = (R - s*G)/(r+s).
	for i := int64(1); ; i++ {
		sum, ok := c.lift(new(big.Int).Add(c.n, big.NewInt(i)))
		if !ok {
			continue
		}
		e, t := c.scalar("wrapped/e"), c.scalar("wrapped/s")
		r := new(big.Int).Add(e, sum.x)
		r.Mod(r, c.n)
		key := c.mul(c.invert(new(big.Int).Add(r, t)), c.add(sum, c.neg(c.mul(t, c.g))))
		g := b.newKey(key, "")
		b.addDigest(g, e, b.encode(r, t), valid("the abscissa of the sum is at least n", "EdgeCase"))
		b.addDigest(g, new(big.Int).Add(e, big.NewInt(1)), b.encode(r, t), invalid("another e", "EdgeCase"))
		return
	}
}
