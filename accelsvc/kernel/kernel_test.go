package kernel

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm3"
)

func kernels(t testing.TB) []Kernel {
	t.Helper()
	var out []Kernel
	for _, name := range Names() {
		k, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, k)
	}
	return out
}

// verdict runs one vector on k.
func verdict(k Kernel, a Algorithm, key PublicKey, rec Record) bool {
	out := []bool{false}
	rec.Key = 0
	k.Verify(a, []PublicKey{key}, []Record{rec}, out)
	return out[0]
}

func check(t *testing.T, a Algorithm, vectors []vector) {
	t.Helper()
	for _, v := range vectors {
		for _, k := range kernels(t) {
			if got := verdict(k, a, v.key, v.rec); got != v.want {
				t.Errorf("%s: %s: verdict %v, want %v", k.Name(), v.name, got, v.want)
			}
		}
		if a == ECDSAP256SHA256 && textbookECDSA(&v.key, &v.rec) != v.want {
			t.Errorf("textbook: %s: verdict is not %v", v.name, v.want)
		}
	}
}

// TestSM2ExceptionalAdditions holds the kernels to the standard where the
// verifier's point additions meet special cases. tjfoc/gmsm itself fails most.
func TestSM2ExceptionalAdditions(t *testing.T) {
	c := &sm2Curve
	r := rng(1)
	d := scalar(r, c.n)
	key := c.publicKey(d)
	inverse := new(big.Int).ModInverse(d, c.n)
	s := scalar(r, c.n)
	var vectors []vector
	add := func(name string, s, tt *big.Int) {
		rec, valid := crafted(d, s, tt)
		vectors = append(vectors, vector{name, key, rec, valid})
	}
	equal := mod(new(big.Int).Mul(s, inverse), c.n)
	add("[s]G = [t]P", s, equal)
	add("[s]G = -[t]P, the sum is infinity", s, new(big.Int).Sub(c.n, equal))
	for i := range int64(24) {
		add(fmt.Sprintf("t = %d", i+1), s, number(i+1))
		add(fmt.Sprintf("t = n-%d", i+1), s, c.minus(i+1))
		add(fmt.Sprintf("s = %d", i+1), number(i+1), equal)
		add(fmt.Sprintf("s = n-%d", i+1), c.minus(i+1), equal)
	}
	for i := uint(5); i < 256; i += 25 {
		add(fmt.Sprintf("t = 2^%d", i), s, new(big.Int).Lsh(number(1), i))
		add(fmt.Sprintf("s = 2^%d", i), new(big.Int).Lsh(number(1), i), equal)
	}
	valid := 0
	for _, v := range vectors {
		if v.want {
			valid++
		}
	}
	if valid != len(vectors)-1 {
		t.Fatalf("%d of %d crafted signatures are valid, want all but the one at infinity", valid, len(vectors))
	}
	check(t, SM2SM3, vectors)
}

func TestSM2Ranges(t *testing.T) {
	c := &sm2Curve
	r := rng(2)
	d, k, e := scalar(r, c.n), scalar(r, c.n), scalar(r, c.n)
	key := c.publicKey(d)
	good := signSM2(d, k, e)
	s := new(big.Int).SetBytes(good.Signature[32:])
	vectors := []vector{
		{"valid", key, good, true},
		{"r+s = n", key, record(e, new(big.Int).Sub(c.n, s), s), false},
		{"zero signature", key, Record{Digest: good.Digest}, false},
	}
	vectors = append(vectors, outOfRange(c, key, good)...)
	largest := new(big.Int).Sub(new(big.Int).Lsh(number(1), 256), number(1))
	for _, e := range []*big.Int{number(0), number(1), c.minus(1), c.n, c.minus(-1), c.p, largest} {
		vectors = append(vectors, vector{fmt.Sprintf("e = %x", e), key, signSM2(d, k, e), true})
	}
	for _, d := range []*big.Int{number(1), number(2), number(3), number(1 << 40), c.minus(2), c.minus(3)} {
		vectors = append(vectors, vector{fmt.Sprintf("d = %x", d), c.publicKey(d), signSM2(d, k, e), true})
	}
	// x(R) in [n, p): r must be computed from x mod n.
	high := c.pointAtOrAbove(c.n)
	rr := mod(new(big.Int).Add(e, high.x), c.n)
	p := c.keyFor(high, s, mod(new(big.Int).Add(rr, s), c.n))
	vectors = append(vectors, vector{"x(R) >= n", p, record(e, rr, s), true})
	check(t, SM2SM3, append(vectors, badKeys(c, key, good)...))
}

func TestECDSARanges(t *testing.T) {
	c := &p256Curve
	r := rng(3)
	d, k, e := scalar(r, c.n), scalar(r, c.n), scalar(r, c.n)
	key := c.publicKey(d)
	good := signECDSA(d, k, e)
	rr, s := new(big.Int).SetBytes(good.Signature[:32]), new(big.Int).SetBytes(good.Signature[32:])
	vectors := []vector{
		{"valid", key, good, true},
		{"high and low S are both valid here", key, record(e, rr, new(big.Int).Sub(c.n, s)), true},
		{"digest 0: u1 = 0", key, signECDSA(d, k, number(0)), true},
		{"digest n: u1 = 0", key, signECDSA(d, k, c.n), true},
	}
	for _, d := range []*big.Int{number(1), number(2), c.minus(1)} {
		vectors = append(vectors, vector{fmt.Sprintf("d = %x", d), c.publicKey(d), signECDSA(d, k, e), true})
	}
	vectors = append(vectors, outOfRange(c, key, good)...)
	// x(R) in [n, p): r = x - n.
	high := c.pointAtOrAbove(new(big.Int).Add(c.n, number(1)))
	small := mod(high.x, c.n)
	w := new(big.Int).ModInverse(s, c.n)
	p := c.keyFor(high, mod(new(big.Int).Mul(e, w), c.n), mod(new(big.Int).Mul(small, w), c.n))
	vectors = append(vectors, vector{"x(R) >= n", p, record(e, small, s), true})
	// u1 G = -u2 P: infinity.
	u := new(big.Int).Mul(rr, d)
	vectors = append(vectors, vector{"sum at infinity", key, record(mod(u.Neg(u), c.n), rr, s), false})
	check(t, ECDSAP256SHA256, append(vectors, badKeys(c, key, good)...))
}

// outOfRange replaces r and s by values at and past the ends of [1, n-1], and by
// r+n and s+n where they fit: the same residues in a non-canonical form.
func outOfRange(c *curve, key PublicKey, good Record) []vector {
	largest := new(big.Int).Sub(new(big.Int).Lsh(number(1), 256), number(1))
	values := []*big.Int{number(0), number(1), c.minus(1), c.n, c.minus(-1), c.p, largest}
	var out []vector
	for _, half := range []int{0, 32} {
		old := new(big.Int).SetBytes(good.Signature[half : half+32])
		if v := new(big.Int).Add(old, c.n); v.BitLen() <= 256 {
			values = append(values, v)
		}
		for _, v := range values {
			rec := good
			v.FillBytes(rec.Signature[half : half+32])
			out = append(out, vector{fmt.Sprintf("bytes %d.. = %x", half, v), key, rec, false})
		}
	}
	return out
}

// badKeys are not points of the curve, or not in canonical form.
func badKeys(c *curve, key PublicKey, good Record) []vector {
	off := key
	off[63] ^= 1
	swapped := PublicKey(append(bytes.Clone(key[32:]), key[:32]...))
	out := []vector{
		{"key zero", PublicKey{}, good, false},
		{"key off the curve", off, good, false},
		{"key with x and y swapped", swapped, good, false},
	}
	// A point with small x written as x+p: on the curve if reduced first.
	low := c.pointAtOrAbove(number(0))
	var long PublicKey
	new(big.Int).Add(low.x, c.p).FillBytes(long[:32])
	low.y.FillBytes(long[32:])
	return append(out, vector{"key with x not below p", long, good, false})
}

// TestNeighboursDoNotMatter checks that a verdict in a mixed batch is the verdict
// of the record alone.
func TestNeighboursDoNotMatter(t *testing.T) {
	for _, a := range []Algorithm{SM2SM3, ECDSAP256SHA256} {
		keys, records := mixedBatch(a, 60)
		for _, k := range kernels(t) {
			got := make([]bool, len(records))
			k.Verify(a, keys, records, got)
			for i, rec := range records {
				want := textbook(a, keys[rec.Key], rec)
				if got[i] != want {
					t.Errorf("%s: %v: record %d: verdict %v, want %v", k.Name(), a, i, got[i], want)
				}
			}
		}
	}
}

// mixedBatch returns n records over several keys, one of them not on the curve;
// every third signature has one bit flipped.
func mixedBatch(a Algorithm, n int) ([]PublicKey, []Record) {
	c, sign := &sm2Curve, signSM2
	if a == ECDSAP256SHA256 {
		c, sign = &p256Curve, signECDSA
	}
	r := rng(uint64(a) + 10)
	var ds []*big.Int
	var keys []PublicKey
	for range 5 {
		ds = append(ds, scalar(r, c.n))
		keys = append(keys, c.publicKey(ds[len(ds)-1]))
	}
	keys = append(keys, PublicKey{1})
	ds = append(ds, number(7))
	var records []Record
	for i := range n {
		which := i % len(keys)
		rec := sign(ds[which], scalar(r, c.n), scalar(r, c.n))
		rec.Key = uint32(which)
		if i%3 == 2 {
			rec.Signature[r.Uint64()%64] ^= 1 << (r.Uint64() % 8)
		}
		records = append(records, rec)
	}
	return keys, records
}

func textbook(a Algorithm, key PublicKey, rec Record) bool {
	if a == SM2SM3 {
		return textbookSM2(&key, &rec)
	}
	return textbookECDSA(&key, &rec)
}

func FuzzSM2KernelsAgree(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, d, k, e []byte, flip uint16) {
		c := &sm2Curve
		agree(t, c, SM2SM3, forged{signSM2(reduce(c, d), reduce(c, k), digest(e)), c.publicKey(reduce(c, d)), flip})
	})
}

func FuzzECDSAKernelsAgree(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, d, k, e []byte, flip uint16) {
		c := &p256Curve
		agree(t, c, ECDSAP256SHA256,
			forged{signECDSA(reduce(c, d), reduce(c, k), digest(e)), c.publicKey(reduce(c, d)), flip})
	})
}

func addSeeds(f *testing.F) {
	f.Helper()
	f.Add([]byte{1}, []byte{1}, []byte{0}, uint16(0))
	f.Add([]byte{2}, []byte{3}, bytes.Repeat([]byte{0xff}, 32), uint16(0xffff))
	r := rng(4)
	for i := range uint16(20) {
		var b [96]byte
		_, _ = r.Read(b[:])
		f.Add(b[:32], b[32:64], b[64:], i*77)
	}
}

// forged is a valid signature and, if flip is not zero, the bit of key, digest
// and signature, counted from 1, that is to be flipped.
type forged struct {
	rec  Record
	key  PublicKey
	flip uint16
}

// agree checks the valid signature and then the one with the flipped bit.
func agree(t *testing.T, c *curve, a Algorithm, f forged) {
	t.Helper()
	rec, key, flip := f.rec, f.key, f.flip
	want := textbook(a, key, rec)
	if r, s := new(big.Int).SetBytes(rec.Signature[:32]), new(big.Int).SetBytes(rec.Signature[32:]); !want {
		sum := new(big.Int).Add(r, s)
		if r.Sign() != 0 && s.Sign() != 0 && sum.Cmp(c.n) != 0 {
			t.Fatal("the textbook refuses its own signature")
		}
	}
	if bit := int(flip) - 1; bit >= 0 {
		all := [][]byte{key[:], rec.Digest[:], rec.Signature[:]}
		bit %= 8 * (PublicKeySize + DigestSize + SignatureSize)
		for _, part := range all {
			if bit < 8*len(part) {
				part[bit/8] ^= 1 << (bit % 8)
				break
			}
			bit -= 8 * len(part)
		}
		want = textbook(a, key, rec)
	}
	for _, k := range kernels(t) {
		if got := verdict(k, a, key, rec); got != want {
			t.Errorf("%s: verdict %v, want %v: key %x record %+v", k.Name(), got, want, key, rec)
		}
	}
}

// reduce reads a number in [1, n-2] (n-1 cannot sign SM2).
func reduce(c *curve, b []byte) *big.Int {
	v := new(big.Int).SetBytes(b)
	v.Mod(v, c.minus(2))
	return v.Add(v, number(1))
}

func digest(b []byte) *big.Int { return new(big.Int).SetBytes(b[:min(len(b), DigestSize)]) }

// TestHashesOfEveryLength compares all kernels over 0..300 bytes, two blocks'
// padding and more, in one batch and alone.
func TestHashesOfEveryLength(t *testing.T) {
	text := make([]byte, 300)
	_, _ = rng(5).Read(text)
	var messages [][]byte
	for n := range len(text) + 1 {
		messages = append(messages, text[:n])
	}
	reference := map[HashAlgorithm]func([]byte) [32]byte{SM3: sm3.Sum, SHA256: sha256.Sum256}
	for a, sum := range reference {
		for _, k := range kernels(t) {
			got := make([]Digest, len(messages))
			k.Hash(a, messages, got)
			for n, m := range messages {
				if got[n] != Digest(sum(m)) {
					t.Fatalf("%s: %v of %d bytes differs", k.Name(), a, n)
				}
				alone := make([]Digest, 1)
				if k.Hash(a, messages[n:n+1], alone); alone[0] != got[n] {
					t.Fatalf("%s: %v of %d bytes differs alone", k.Name(), a, n)
				}
			}
		}
	}
}

func TestNewRefusesUnknownName(t *testing.T) {
	if _, err := New("fpga"); err == nil {
		t.Fatal("an unknown kernel was made")
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, a := range []Algorithm{SM2SM3, ECDSAP256SHA256} {
		keys, records := mixedBatch(a, 60)
		records = slices.DeleteFunc(records, func(r Record) bool { return !textbook(a, keys[r.Key], r) })
		verdicts := make([]bool, len(records))
		for _, k := range kernels(b) {
			b.Run(fmt.Sprintf("%v/%s", a, k.Name()), func(b *testing.B) {
				for i := 0; i < b.N; i += len(records) {
					n := min(len(records), b.N-i)
					k.Verify(a, keys, records[:n], verdicts[:n])
				}
			})
		}
	}
}

func BenchmarkHash(b *testing.B) {
	for _, a := range []HashAlgorithm{SM3, SHA256} {
		for _, size := range []int{65, 1024} {
			messages := [][]byte{make([]byte, size)}
			digests := make([]Digest, 1)
			for _, k := range kernels(b) {
				b.Run(fmt.Sprintf("%v/%d/%s", a, size, k.Name()), func(b *testing.B) {
					b.SetBytes(int64(size))
					for b.Loop() {
						k.Hash(a, messages, digests)
					}
				})
			}
		}
	}
}
