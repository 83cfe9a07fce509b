package verify_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/argosy-trade/argosy/accelsvc/comb"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/vectors"
	"github.com/argosy-trade/argosy/accelsvc/vectors/forge"
	"github.com/argosy-trade/argosy/accelsvc/verify"
)

func rng(seed uint64) *rand.Rand {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return rand.New(rand.NewChaCha8(s))
}

func scalar(r *rand.Rand, n *big.Int) *big.Int {
	v := new(big.Int)
	for range 5 {
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(r.Uint64()))
	}
	v.Mod(v, new(big.Int).Sub(n, big.NewInt(2)))
	return v.Add(v, big.NewInt(1))
}

// way is one way to verdicts.
type way struct {
	name     string
	verifier *verify.Verifier
}

// ways are all paths, with several widths of tables and sizes of blocks.
func ways() []way {
	small := comb.Policy{SmallWindow: 5}
	return []way{
		{"hot", verify.New(verify.Options{Path: verify.Hot, BaseWindow: 8})},
		{"hot in small blocks", verify.New(verify.Options{Path: verify.Hot, BaseWindow: 6, Block: 5, Keys: small})},
		{"hot, equal tables", verify.New(verify.Options{Path: verify.Hot, BaseWindow: 5, Keys: small})},
		{"small", verify.New(verify.Options{Path: verify.Small, BaseWindow: 8})},
		{"cold", verify.New(verify.Options{Path: verify.Cold, BaseWindow: 8})},
		{"automatic", verify.New(verify.Options{BaseWindow: 8})},
	}
}

func inputs(records []forge.Record) []verify.Input {
	out := make([]verify.Input, len(records))
	for i := range records {
		r := &records[i]
		out[i] = verify.Input{Key: &r.Key, Digest: &r.Digest, Signature: &r.Signature}
	}
	return out
}

// library returns the verdicts of a kernel that is a library.
func library(k kernel.Kernel, s verify.Scheme, records []forge.Record) []bool {
	keys := make([]kernel.PublicKey, len(records))
	converted := make([]kernel.Record, len(records))
	for i, r := range records {
		keys[i] = r.Key
		converted[i] = kernel.Record{Key: uint32(i), Digest: r.Digest, Signature: r.Signature}
	}
	verdicts := make([]bool, len(records))
	a := kernel.SM2SM3
	if s == verify.ECDSA {
		a = kernel.ECDSAP256SHA256
	}
	k.Verify(a, keys, converted, verdicts)
	return verdicts
}

func compare(t *testing.T, name string, got, want []bool, describe func(i int) string) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: %s: verdict %v, want %v", name, describe(i), got[i], want[i])
		}
	}
}

// TestSM2Vectors runs the vector file on every path, all in one batch and shuffled
// in parts, and on the libraries.
func TestSM2Vectors(t *testing.T) {
	f, err := vectors.Parse(vectors.SM2)
	if err != nil {
		t.Fatal(err)
	}
	var records []forge.Record
	var want []bool
	var names []string
	for _, g := range f.Groups {
		for _, tc := range g.Tests {
			name := fmt.Sprintf("tcId %d: %s", tc.ID, tc.Comment)
			rec, ok := vector(t, &g, &tc)
			if !ok {
				if tc.Result == vectors.Valid {
					t.Errorf("%s: the encoding is refused", name)
				}
				continue
			}
			records, want, names = append(records, rec), append(want, tc.Result == vectors.Valid), append(names, name)
		}
	}
	describe := func(i int) string { return names[i] }
	for _, k := range []kernel.Kernel{kernel.Emmansun{}, kernel.Tjfoc{}, kernel.Stdlib{}} {
		compare(t, k.Name(), library(k, verify.SM2, records), want, describe)
	}
	all := inputs(records)
	r := rng(1)
	for _, w := range ways() {
		for range 3 {
			got := make([]bool, len(all))
			w.verifier.Verify(verify.SM2, all, got)
			compare(t, w.name, got, want, describe)
		}
		for range 20 {
			order := r.Perm(len(all))[:1+r.IntN(60)]
			part, wanted := make([]verify.Input, len(order)), make([]bool, len(order))
			for i, at := range order {
				part[i], wanted[i] = all[at], want[at]
			}
			got := make([]bool, len(order))
			w.verifier.Verify(verify.SM2, part, got)
			compare(t, w.name, got, wanted, func(i int) string { return names[order[i]] })
		}
	}
}

// vector turns a test into a record; false if the signature's encoding is refused.
func vector(t *testing.T, g *vectors.Group, tc *vectors.Test) (rec forge.Record, ok bool) {
	t.Helper()
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	point := unhex(g.PublicKey.Uncompressed)
	rec.Key = [64]byte(point[1:])
	if g.Type == vectors.SM2Messages {
		pub, err := sm2.ParseUncompressedPublicKey(point)
		if err != nil {
			t.Fatal(err)
		}
		e, err := sm2.CalculateSM2Hash(pub, unhex(tc.Message), unhex(g.UserID))
		if err != nil {
			t.Fatal(err)
		}
		rec.Digest = [32]byte(e)
	} else {
		rec.Digest = [32]byte(unhex(tc.Digest))
	}
	sig, err := kernel.ParseSignatureDER(unhex(tc.Sig))
	if err != nil {
		return rec, false
	}
	rec.Signature = sig
	return rec, true
}

// corners returns records with their verdicts for a scheme: keys and multipliers
// at which additions meet equal or opposite points, x at or above the order,
// values out of range, keys that are none.
func corners(s verify.Scheme, r *rand.Rand) (records []forge.Record, names []string) {
	c, sign, craft, wrapped := forge.SM2(), forge.SignSM2, forge.CraftSM2, forge.WrappedSM2
	if s == verify.ECDSA {
		c, sign, craft, wrapped = forge.P256(), forge.SignECDSA, forge.CraftECDSA, forge.WrappedECDSA
	}
	add := func(name string, rec forge.Record) {
		records, names = append(records, rec), append(names, name)
		rec.Signature[63] ^= 1
		records, names = append(records, rec), append(names, name+", spoilt")
	}
	special := []*big.Int{forge.Int(1), forge.Int(2), forge.Int(3), c.Minus(2), c.Minus(3)}
	for _, i := range []uint{3, 4, 5, 6, 8, 10, 12, 16, 40, 64, 128, 200, 248} {
		special = append(special, new(big.Int).Lsh(forge.Int(1), i), c.Mod(c.Minus(1<<min(i, 62))))
	}
	for _, d := range special {
		rec := sign(d, scalar(r, c.N), scalar(r, c.N))
		add(fmt.Sprintf("d = %x", d), rec)
		a := scalar(r, c.N)
		rec, _ = craft(d, a, c.Mod(new(big.Int).Add(a, forge.Int(2))))
		add(fmt.Sprintf("d = %x, a = b - 2", d), rec)
		rec, _ = craft(d, c.Mod(new(big.Int).Mul(a, d)), a)
		add(fmt.Sprintf("d = %x, [a]G = [b]P", d), rec)
		rec, _ = craft(d, new(big.Int).Sub(c.N, c.Mod(new(big.Int).Mul(a, d))), a)
		add(fmt.Sprintf("d = %x, sum at infinity", d), rec)
	}
	rec, _ := craft(c.Minus(1), scalar(r, c.N), scalar(r, c.N))
	add("d = n-1", rec)
	d := scalar(r, c.N)
	for _, v := range special {
		rec, _ := craft(d, v, scalar(r, c.N))
		add(fmt.Sprintf("a = %x", v), rec)
		rec, _ = craft(d, scalar(r, c.N), v)
		add(fmt.Sprintf("b = %x", v), rec)
	}
	if s == verify.ECDSA {
		rec, _ = craft(d, forge.Int(0), scalar(r, c.N))
		add("a = 0", rec)
		add("e = n", sign(d, scalar(r, c.N), c.N))
	}
	add("x above the order", wrapped(c.PointAtOrAbove(c.Minus(-1)), scalar(r, c.N), scalar(r, c.N)))
	add("x + n below the prime", wrapped(c.PointAtOrAbove(forge.Int(1)), scalar(r, c.N), scalar(r, c.N)))
	good := sign(d, scalar(r, c.N), scalar(r, c.N))
	add("ordinary", good)
	for i, v := range []*big.Int{forge.Int(0), c.N, c.Minus(-1), c.P} {
		for _, at := range []int{0, 32} {
			bad := good
			v.FillBytes(bad.Signature[at : at+32])
			add(fmt.Sprintf("value %d out of range", i), bad)
		}
	}
	bad := good
	bad.Key = [64]byte{}
	add("key zero", bad)
	bad.Key = good.Key
	bad.Key[5] ^= 4
	add("key off the curve", bad)
	return records, names
}

// TestCornersAgreeWithLibraries mixes the corners with ordinary signatures, valid
// and not, at random places of batches of random sizes.
func TestCornersAgreeWithLibraries(t *testing.T) {
	for s, c := range map[verify.Scheme]forge.Curve{verify.SM2: forge.SM2(), verify.ECDSA: forge.P256()} {
		r := rng(uint64(s))
		records, names := corners(s, r)
		sign := forge.SignSM2
		if s == verify.ECDSA {
			sign = forge.SignECDSA
		}
		var signers []*big.Int
		for range 5 {
			signers = append(signers, scalar(r, c.N))
		}
		for i := range 100 {
			rec := sign(signers[i%5], scalar(r, c.N), scalar(r, c.N))
			if i%4 == 3 {
				rec.Signature[r.IntN(64)] ^= 1 << r.IntN(8)
			}
			records, names = append(records, rec), append(names, fmt.Sprintf("ordinary %d", i))
		}
		want := library(kernel.Emmansun{}, s, records)
		compare(t, "stdlib", library(kernel.Stdlib{}, s, records), want, func(i int) string { return names[i] })
		compare(t, "tjfoc", library(kernel.Tjfoc{}, s, records), want, func(i int) string { return names[i] })
		all := inputs(records)
		for _, w := range ways() {
			for range 40 {
				order := r.Perm(len(all))[:1+r.IntN(len(all))]
				part, wanted := make([]verify.Input, len(order)), make([]bool, len(order))
				for i, at := range order {
					part[i], wanted[i] = all[at], want[at]
				}
				got := make([]bool, len(order))
				w.verifier.Verify(s, part, got)
				compare(t, w.name, got, wanted, func(i int) string { return names[order[i]] })
			}
		}
	}
}

// TestOneAttackerAmongMany fills batches with one key that forces exceptional
// additions. The others keep their verdicts and the fast way; the attacker loses
// it.
func TestOneAttackerAmongMany(t *testing.T) {
	r := rng(9)
	c := forge.SM2()
	var records []forge.Record
	honest := []*big.Int{scalar(r, c.N), scalar(r, c.N)}
	for i := range 64 {
		d := honest[i%2]
		if i%16 == 5 {
			d = forge.Int(1) // its table is G's
		}
		rec := forge.SignSM2(d, scalar(r, c.N), scalar(r, c.N))
		if i%16 == 5 {
			// Equal digits in both scalars: t = s in the low windows.
			s := scalar(r, c.N)
			rec, _ = forge.CraftSM2(d, s, new(big.Int).Xor(s, new(big.Int).Lsh(forge.Int(1), 250)))
		}
		records = append(records, rec)
	}
	want := library(kernel.Emmansun{}, verify.SM2, records)
	// Equal windows for G and keys, or the tables would not coincide.
	v := verify.New(verify.Options{BaseWindow: 8, Keys: comb.Policy{SmallUses: 1}})
	all, got := inputs(records), make([]bool, len(records))
	for range 2 { // the first makes the tables
		v.Verify(verify.SM2, all, got)
		v.Wait()
	}
	for round := range 8 {
		before := v.Stats()
		v.Verify(verify.SM2, all, got)
		compare(t, "automatic", got, want, func(i int) string { return fmt.Sprint(i) })
		after := v.Stats()
		if hot := after.Hot - before.Hot; hot != 60 {
			t.Fatalf("round %d: %d signatures went the fast way, want the 60 honest ones", round, hot)
		}
		if cold := after.Cold - before.Cold; cold != 0 {
			t.Fatalf("round %d: %d signatures went the slow way", round, cold)
		}
		if met := after.Exceptional - before.Exceptional; round > 3 && met != 0 {
			t.Fatalf("round %d: the attacker is still let into the tree (%d)", round, met)
		}
	}
	if v.Stats().Exceptional == 0 {
		t.Fatal("no addition was exceptional: this test tests nothing")
	}
}

// fuzzPool are records to choose from; forging is too slow for a fuzzer's loop.
var fuzzPool = map[verify.Scheme]func() []forge.Record{
	verify.SM2:   sync.OnceValue(func() []forge.Record { r, _ := corners(verify.SM2, rng(3)); return r }),
	verify.ECDSA: sync.OnceValue(func() []forge.Record { r, _ := corners(verify.ECDSA, rng(3)); return r }),
}

// FuzzWaysAgree makes a batch of the fuzzer's bytes, four for each signature:
// which record, which byte of key, digest, r and s to change and how.
func FuzzWaysAgree(f *testing.F) {
	f.Add(true, []byte{0, 0, 0, 0, 1, 0, 70, 1, 2, 0, 130, 255})
	f.Add(false, []byte{0, 0, 0, 0, 1, 0, 70, 1, 2, 0, 130, 255})
	r := rng(12)
	for i := range 16 {
		b := make([]byte, 4*(1+3*i))
		for j := range b {
			b[j] = byte(r.Uint64())
			if j%4 == 3 && i%2 == 0 {
				b[j] = 0
			}
		}
		f.Add(i%3 == 0, b)
	}
	all := ways()
	tjfoc := kernel.Kernel(kernel.Tjfoc{})
	f.Fuzz(func(t *testing.T, ecdsa bool, b []byte) {
		s := verify.SM2
		if ecdsa {
			s = verify.ECDSA
		}
		pool := fuzzPool[s]()
		var records []forge.Record
		for ; len(b) >= 4 && len(records) < 64; b = b[4:] {
			rec := pool[(int(b[0])|int(b[1])<<8)%len(pool)]
			switch at := int(b[2]) % 160; {
			case at < 64:
				rec.Key[at] ^= b[3]
			case at < 96:
				rec.Digest[at-64] ^= b[3]
			default:
				rec.Signature[at-96] ^= b[3]
			}
			records = append(records, rec)
		}
		want := library(kernel.Emmansun{}, s, records)
		describe := func(i int) string { return fmt.Sprintf("%+x", records[i]) }
		if s == verify.SM2 && len(records) < 8 {
			compare(t, "tjfoc", library(tjfoc, s, records), want, describe)
		}
		for _, w := range all {
			got := make([]bool, len(records))
			w.verifier.Verify(s, inputs(records), got)
			compare(t, w.name, got, want, describe)
		}
	})
}
