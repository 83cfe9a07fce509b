package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"github.com/emmansun/gmsm/sm3"

	"github.com/argosy-trade/argosy/accelsvc/vectors"
	"github.com/argosy-trade/argosy/accelsvc/vectors/forge"
)

const defaultUserID = "1234567812345678"

// hashed returns e = SM3(Z || m) (GB/T 32918.2, sections 5.5 and 6.1).
func (g *generator) hashed(key [64]byte, userID string, m []byte) *big.Int {
	bits := len(userID) * 8
	z := []byte{byte(bits >> 8 & 0xff), byte(bits & 0xff)}
	z = append(z, userID...)
	a := new(big.Int).Sub(g.c.P, forge.Int(3))
	for _, v := range []*big.Int{a, g.c.B, g.c.Gx, g.c.Gy} {
		z = append(z, v.FillBytes(make([]byte, 32))...)
	}
	z = append(z, key[:]...)
	digest := sm3.Sum(z)
	digest = sm3.Sum(append(digest[:], m...))
	return new(big.Int).SetBytes(digest[:])
}

// message is a test with a message.
type message struct {
	comment, flag string
	sig, text     []byte
}

// signed adds a test with a message to the last group.
func (g *generator) signed(m message, valid bool) {
	g.test(vectors.Test{
		Comment: m.comment, Flags: []string{m.flag}, Message: hex.EncodeToString(m.text),
		Sig: hex.EncodeToString(m.sig), Result: result(valid),
	})
}

func (g *generator) ordinary() {
	d := g.scalar()
	key := g.c.Times(d).Key()
	g.group(vectors.SM2Messages, key, defaultUserID)
	for _, n := range []int{0, 1, 20, 31, 32, 55, 56, 64, 119, 120, 500} {
		m := bytes.Repeat([]byte{'m'}, n)
		sig := encode(forge.SignSM2(d, g.scalar(), g.hashed(key, defaultUserID, m)))
		g.signed(message{fmt.Sprintf("message of %d bytes", n), flagNormal, sig, m}, true)
		g.signed(message{"another message", flagNormal, sig, append(slices.Clone(m), 0)}, false)
	}
	m := []byte("message digest")
	rec := forge.SignSM2(d, g.scalar(), g.hashed(key, defaultUserID, m))
	for bit := 0; bit < 512; bit += 37 {
		spoilt := rec
		spoilt.Signature[bit/8] ^= 1 << (bit % 8)
		g.signed(message{fmt.Sprintf("bit %d of r || s flipped", bit), flagNormal, encode(spoilt), m}, false)
	}
	other := g.scalar()
	foreign := forge.SignSM2(other, g.scalar(), g.hashed(g.c.Times(other).Key(), defaultUserID, m))
	g.signed(message{"another key's signature", flagNormal, encode(foreign), m}, false)
	swapped := rec
	copy(swapped.Signature[:32], rec.Signature[32:])
	copy(swapped.Signature[32:], rec.Signature[:32])
	g.signed(message{"r and s swapped", flagNormal, encode(swapped), m}, false)
}

func (g *generator) userIDs() {
	d := g.scalar()
	key := g.c.Times(d).Key()
	m := []byte("invoice")
	ids := []string{"A", "ALICE123@YAHOO.COM", "1234567812345679", string(bytes.Repeat([]byte("x"), 8191))}
	for _, id := range ids {
		g.group(vectors.SM2Messages, key, id)
		sig := encode(forge.SignSM2(d, g.scalar(), g.hashed(key, id, m)))
		g.signed(message{fmt.Sprintf("user id of %d bytes", len(id)), flagUserID, sig, m}, true)
		sig = encode(forge.SignSM2(d, g.scalar(), g.hashed(key, defaultUserID, m)))
		g.signed(message{"signed with the default user id", flagUserID, sig, m}, false)
		plain := sm3.Sum(m)
		sig = encode(forge.SignSM2(d, g.scalar(), new(big.Int).SetBytes(plain[:])))
		g.signed(message{"signed without Z", flagUserID, sig, m}, false)
	}
}

// encode returns the DER form of a record's signature.
func encode(rec forge.Record) []byte {
	return sequence(integer(rec.Signature[:32]), integer(rec.Signature[32:]))
}

func integer(v []byte) []byte {
	v = bytes.TrimLeft(v, "\x00")
	if len(v) == 0 || v[0]&0x80 != 0 {
		v = append([]byte{0}, v...)
	}
	return append([]byte{2, byte(len(v))}, v...) //nolint:gosec // G115: at most 33
}

func sequence(parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append([]byte{0x30, byte(len(body))}, body...) //nolint:gosec // G115: at most 105
}

// encodings are all of a signature whose r and s would verify.
func (g *generator) encodings() {
	d := g.scalar()
	key := g.c.Times(d).Key()
	m := []byte("encoding")
	var rec forge.Record
	for rec.Signature[0] < 0x80 || rec.Signature[32] >= 0x80 || rec.Signature[32] == 0 {
		rec = forge.SignSM2(d, g.scalar(), g.hashed(key, defaultUserID, m))
	}
	g.group(vectors.SM2Messages, key, defaultUserID)
	der := encode(rec)
	r, s := integer(rec.Signature[:32]), integer(rec.Signature[32:])
	g.signed(message{"the encoding", flagDER, der, m}, true)
	raw := rec.Signature[:]
	padded := append([]byte{2, byte(len(s) - 1), 0}, s[2:]...) //nolint:gosec // G115: at most 34
	negative := append([]byte{2, byte(len(r) - 3)}, r[3:]...)  //nolint:gosec // G115: at most 32
	for _, tc := range []struct {
		comment string
		sig     []byte
	}{
		{"nothing", nil},
		{"r || s without DER", raw},
		{"trailing zero", append(slices.Clone(der), 0)},
		{"trailing zero inside", sequence(r, s, []byte{0})},
		{"trailing NULL inside", sequence(r, s, []byte{5, 0})},
		{"last byte missing", der[:len(der)-1]},
		{"only the header", der[:2]},
		{"only r", sequence(r)},
		{"r twice", sequence(r, r)},
		{"a third integer", sequence(r, s, s)},
		{"length in long form", append([]byte{0x30, 0x81, der[1]}, der[2:]...)},
		{"length in long form with zero", append([]byte{0x30, 0x82, 0, der[1]}, der[2:]...)},
		{"indefinite length", append(append([]byte{0x30, 0x80}, der[2:]...), 0, 0)},
		{"length one too small", append([]byte{0x30, der[1] - 1}, der[2:]...)},
		{"length one too large", append([]byte{0x30, der[1] + 1}, der[2:]...)},
		{"SET instead of SEQUENCE", append([]byte{0x31}, der[1:]...)},
		{"OCTET STRING instead of INTEGER", slices.Concat(der[:2], []byte{4}, der[3:])},
		{"s with a leading zero too many", sequence(r, padded)},
		{"r without its sign byte, so negative", sequence(negative, s)},
		{"integer of length 0", sequence([]byte{2, 0}, s)},
		{"integer length in long form", sequence(slices.Concat([]byte{2, 0x81}, r[1:]), s)},
	} {
		g.signed(message{tc.comment, flagDER, tc.sig, m}, false)
	}
}

// ranges puts values at and past the ends of [1, n-1] in the place of r and s.
func (g *generator) ranges() {
	d, e := g.scalar(), g.scalar()
	good := forge.SignSM2(d, g.scalar(), e)
	r, s := new(big.Int).SetBytes(good.Signature[:32]), new(big.Int).SetBytes(good.Signature[32:])
	g.group(vectors.SM2Digests, good.Key, "")
	g.digest("valid", flagNormal, good, true)
	largest := new(big.Int).Sub(new(big.Int).Lsh(forge.Int(1), 256), forge.Int(1))
	values := []*big.Int{
		forge.Int(0), forge.Int(1), forge.Int(2), g.c.Minus(1), g.c.N, g.c.Minus(-1), g.c.P, largest,
	}
	for _, v := range values {
		g.digest(fmt.Sprintf("r = %x", v), flagRange, forge.Make(good.Key, e, v, s), false)
		g.digest(fmt.Sprintf("s = %x", v), flagRange, forge.Make(good.Key, e, r, v), false)
		for _, w := range values {
			if total := new(big.Int).Add(v, w); total.Cmp(g.c.N) != 0 {
				g.digest(fmt.Sprintf("r = %x, s = %x", v, w), flagRange, forge.Make(good.Key, e, v, w), false)
			}
		}
	}
	g.digest("r + s = n", flagSumZero, forge.Make(good.Key, e, new(big.Int).Sub(g.c.N, s), s), false)
	g.digest("r + s = n, r = 1", flagSumZero, forge.Make(good.Key, e, forge.Int(1), g.c.Minus(1)), false)
	// With t = 0 the sum is [s]G: make r fit it, so that only step B5 refuses.
	x := g.c.Times(s).X
	r = new(big.Int).Sub(g.c.N, s)
	fitting := g.c.Mod(new(big.Int).Sub(r, x))
	g.digest("r + s = n and r = e + x([s]G)", flagSumZero, forge.Make(good.Key, fitting, r, s), false)
}

func (g *generator) digests() {
	d := g.scalar()
	g.group(vectors.SM2Digests, g.c.Times(d).Key(), "")
	largest := new(big.Int).Sub(new(big.Int).Lsh(forge.Int(1), 256), forge.Int(1))
	for _, e := range []*big.Int{
		forge.Int(0), forge.Int(1), g.c.Minus(1), g.c.N, g.c.Minus(-1),
		new(big.Int).Sub(g.c.P, forge.Int(1)), g.c.P, largest,
	} {
		rec := forge.SignSM2(d, g.scalar(), e)
		g.digest(fmt.Sprintf("e = %x", e), flagDigest, rec, true)
		rec.Digest[0] ^= 0x40
		g.digest(fmt.Sprintf("e = %x, spoilt", e), flagDigest, rec, false)
	}
}

// wrapped are sums with x in [n, p).
func (g *generator) wrapped() {
	from := new(big.Int).Set(g.c.N)
	for range 4 {
		point := g.c.PointAtOrAbove(from)
		from = new(big.Int).Add(point.X, forge.Int(1))
		rec := forge.WrappedSM2(point, g.scalar(), g.scalar())
		g.group(vectors.SM2Digests, rec.Key, "")
		g.digest(fmt.Sprintf("x = n + %v", new(big.Int).Sub(point.X, g.c.N)), flagWrapped, rec, true)
		rec.Digest[31] ^= 1
		g.digest("spoilt", flagWrapped, rec, false)
	}
	// The other way round: x = r - e is small, and r - e + n is below p as well.
	point := g.c.PointAtOrAbove(forge.Int(0))
	rec := forge.WrappedSM2(point, g.scalar(), g.scalar())
	g.group(vectors.SM2Digests, rec.Key, "")
	g.digest(fmt.Sprintf("x = %v, x + n is below p", point.X), flagWrapped, rec, true)
}

// special are numbers at which a comb's or a window method's points coincide
// with others.
func (g *generator) special() map[string]*big.Int {
	out := map[string]*big.Int{}
	for i := range int64(9) {
		out[fmt.Sprintf("%d", i+1)] = forge.Int(i + 1)
		out[fmt.Sprintf("n-%d", i+2)] = g.c.Minus(i + 2)
	}
	for _, i := range []uint{4, 5, 7, 8, 11, 12, 13, 14, 16, 24, 32, 64, 96, 128, 192, 224, 248, 255} {
		power := new(big.Int).Lsh(forge.Int(1), i)
		out[fmt.Sprintf("2^%d", i)] = power
		out[fmt.Sprintf("n-2^%d", i)] = new(big.Int).Sub(g.c.N, power)
	}
	return out
}

func sortedNames(m map[string]*big.Int) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (g *generator) specialKeys() {
	values := g.special()
	for _, name := range sortedNames(values) {
		d := values[name]
		rec := forge.SignSM2(d, g.scalar(), g.scalar())
		g.group(vectors.SM2Digests, rec.Key, "")
		g.digest("d = "+name, flagKey, rec, true)
		rec.Signature[40] ^= 1
		g.digest("d = "+name+", spoilt", flagKey, rec, false)
		// s = t: with d = 1 both halves of the sum are the same point. r would be 0
		// for s = t, so t = s + 1.
		s := g.scalar()
		rec, valid := forge.CraftSM2(d, s, new(big.Int).Add(s, forge.Int(1)))
		g.digest("d = "+name+", t = s + 1", flagKey, rec, valid)
	}
	// d = n-1 cannot sign (1 + d has no inverse), but its key can be used: P = -G.
	s := g.scalar()
	rec, valid := forge.CraftSM2(g.c.Minus(1), s, g.scalar())
	g.group(vectors.SM2Digests, rec.Key, "")
	g.digest("d = n-1", flagKey, rec, valid)
	rec, valid = forge.CraftSM2(g.c.Minus(1), s, g.c.Mod(new(big.Int).Lsh(s, 1)))
	g.digest("d = n-1, t = 2s", flagKey, rec, valid)
}

// specialSums meet equal or opposite points on the way to or at the sum.
func (g *generator) specialSums() {
	d, s := g.scalar(), g.scalar()
	g.group(vectors.SM2Digests, g.c.Times(d).Key(), "")
	inverse := new(big.Int).ModInverse(d, g.c.N)
	equal := g.c.Mod(new(big.Int).Mul(s, inverse))
	opposite := new(big.Int).Sub(g.c.N, equal)
	rec, valid := forge.CraftSM2(d, s, equal)
	g.digest("[s]G = [t]P", flagSum, rec, valid)
	rec, valid = forge.CraftSM2(d, s, opposite)
	g.digest("[s]G = -[t]P", flagInfinity, rec, valid)
	values := g.special()
	for _, name := range sortedNames(values) {
		v := values[name]
		rec, valid = forge.CraftSM2(d, s, v)
		g.digest("t = "+name, flagSum, rec, valid)
		rec, valid = forge.CraftSM2(d, v, equal)
		g.digest("s = "+name, flagSum, rec, valid)
		rec, valid = forge.CraftSM2(d, v, g.c.Mod(new(big.Int).Mul(v, inverse)))
		g.digest("s = "+name+", [s]G = [t]P", flagSum, rec, valid)
	}
}
