package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	tjfoc "github.com/tjfoc/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/argosy-trade/argosy/accelsvc/comb"
)

// signatures returns n valid signatures by the given number of keys, in turn.
func signatures(tb testing.TB, s Scheme, n, keys int) []Input {
	tb.Helper()
	r := rand.NewChaCha8([32]byte{byte(s), byte(keys)})
	out := make([]Input, n)
	for i := range keys {
		key, sign := signer(tb, s, r)
		for at := i; at < n; at += keys {
			var digest [32]byte
			_, _ = r.Read(digest[:])
			out[at] = Input{Key: key, Digest: &digest, Signature: rawSignature(tb, sign(digest[:]))}
		}
	}
	return out
}

// signer returns a new key and a function that signs digests with it, in DER.
func signer(tb testing.TB, s Scheme, r *rand.ChaCha8) (key *[64]byte, sign func(digest []byte) []byte) {
	tb.Helper()
	check := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	var point []byte
	if s == SM2 {
		private, err := sm2.GenerateKey(r)
		check(err)
		pub, err := sm2.PublicKeyToECDH(&private.PublicKey)
		check(err)
		point = pub.Bytes()
		sign = func(digest []byte) []byte {
			der, err := sm2.SignASN1(r, private, digest, nil)
			check(err)
			return der
		}
	} else {
		private, err := ecdsa.GenerateKey(elliptic.P256(), r)
		check(err)
		point, err = private.PublicKey.Bytes()
		check(err)
		sign = func(digest []byte) []byte {
			der, err := ecdsa.SignASN1(r, private, digest)
			check(err)
			return der
		}
	}
	return (*[64]byte)(point[1:]), sign
}

func rawSignature(tb testing.TB, der []byte) *[64]byte {
	tb.Helper()
	var inner cryptobyte.String
	var r, s big.Int
	in := cryptobyte.String(der)
	if !in.ReadASN1(&inner, asn1.SEQUENCE) || !inner.ReadASN1Integer(&r) || !inner.ReadASN1Integer(&s) {
		tb.Fatal("not a signature")
	}
	out := new([64]byte)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

// contender is one implementation in a measurement.
type contender struct {
	name  string
	n     int // signatures in a slice
	every int // takes part in every so manieth round only, if it is slow; 0 is 1
	run   func()
	took  []float64 // ns per signature
}

// race runs the contenders in turn, a slice each, so that whatever else the
// machine does hits all of them alike, and reports minimum, median and 90th
// percentile of the first, medians of all and how many times the first is faster
// than the others. Times are processor time of one thread: time per core.
func race(b *testing.B, contenders ...contender) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for round := 0; b.Loop(); round++ {
		for i := range contenders {
			c := &contenders[i]
			if round%max(1, c.every) != 0 {
				continue
			}
			start := threadTime()
			c.run()
			c.took = append(c.took, float64((threadTime()-start).Nanoseconds())/float64(c.n))
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, c := range contenders {
		slices.Sort(c.took)
		at := func(share float64) float64 { return c.took[int(share*float64(len(c.took)-1))] }
		if i == 0 {
			b.ReportMetric(at(0), "min-ns/sig")
			b.ReportMetric(at(0.9), "p90-ns/sig")
		}
		b.ReportMetric(at(0.5), c.name+"-ns/sig")
		if i > 0 {
			first := contenders[0].took
			b.ReportMetric(at(0.5)/first[(len(first)-1)/2], "x-"+c.name)
		}
	}
}

// baselines are the libraries on the same signatures, keys parsed before.
func baselines(b *testing.B, s Scheme, inputs []Input) []contender {
	b.Helper()
	if s == ECDSA {
		return []contender{libraryOf(b, "crypto-ecdsa", inputs[:8], func(in *Input) func() bool {
			pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, in.Key[:]...))
			if err != nil {
				b.Fatal(err)
			}
			der := encode(b, in.Signature)
			return func() bool { return ecdsa.VerifyASN1(pub, in.Digest[:], der) }
		})}
	}
	slow := libraryOf(b, "tjfoc", inputs[:1], func(in *Input) func() bool {
		number := func(v []byte) *big.Int { return new(big.Int).SetBytes(v) }
		pub := &tjfoc.PublicKey{Curve: tjfoc.P256Sm2(), X: number(in.Key[:32]), Y: number(in.Key[32:])}
		r, sig := number(in.Signature[:32]), number(in.Signature[32:])
		return func() bool { return tjfoc.Verify(pub, in.Digest[:], r, sig) }
	})
	slow.every = 16
	return []contender{
		slow,
		libraryOf(b, "emmansun", inputs[:8], func(in *Input) func() bool {
			pub, err := sm2.ParseUncompressedPublicKey(append([]byte{4}, in.Key[:]...))
			if err != nil {
				b.Fatal(err)
			}
			der := encode(b, in.Signature)
			return func() bool { return sm2.VerifyASN1(pub, in.Digest[:], der) }
		}),
	}
}

func libraryOf(b *testing.B, name string, inputs []Input, prepare func(in *Input) func() bool) contender {
	b.Helper()
	var calls []func() bool
	for i := range inputs {
		calls = append(calls, prepare(&inputs[i]))
	}
	return contender{name: name, n: len(calls), run: func() {
		for _, call := range calls {
			if !call() {
				b.Fatalf("%s refuses a signature", name)
			}
		}
	}}
}

func encode(b *testing.B, sig *[64]byte) []byte {
	b.Helper()
	var out cryptobyte.Builder
	out.AddASN1(asn1.SEQUENCE, func(out *cryptobyte.Builder) {
		out.AddASN1BigInt(new(big.Int).SetBytes(sig[:32]))
		out.AddASN1BigInt(new(big.Int).SetBytes(sig[32:]))
	})
	der, err := out.Bytes()
	if err != nil {
		b.Fatal(err)
	}
	return der
}

// ours is a verifier on batches of n of the inputs, after its tables are built.
func ours(b *testing.B, v *Verifier, s Scheme, inputs []Input) contender {
	b.Helper()
	verdicts := make([]bool, len(inputs))
	run := func() { v.Verify(s, inputs, verdicts) }
	for range 3 {
		run()
		v.Wait()
	}
	for i, ok := range verdicts {
		if !ok {
			b.Fatalf("signature %d is refused", i)
		}
	}
	return contender{name: s.curve().P.Implementation(), n: len(inputs), run: run}
}

// hot is a verifier all of whose keys have large tables.
func hot(o Options, window int) *Verifier {
	o.Path = Hot
	o.Keys = comb.Policy{SmallWindow: window, Budget: 1 << 30}
	return New(o)
}

// BenchmarkAccelerator has the measurements of the accelerator's table that the
// kernels without vector instructions can be measured by. A line begins with the
// kernel's own minimum and 90th percentile; then come medians.
func BenchmarkAccelerator(b *testing.B) {
	run := func(name string, s Scheme, inputs []Input, v func() *Verifier) {
		b.Run(name, func(b *testing.B) {
			race(b, append([]contender{ours(b, v(), s, inputs)}, baselines(b, s, inputs)...)...)
		})
	}
	large := func() *Verifier { return hot(Options{}, comb.DefaultLargeWindow) }
	if comb.SM2().P.Implementation() == "go" {
		run("portable_hot", SM2, signatures(b, SM2, 256, 16), large)
		run("portable_cold", SM2, signatures(b, SM2, 64, 64), func() *Verifier { return New(Options{Path: Cold}) })
		run("portable_p256_hot", ECDSA, signatures(b, ECDSA, 256, 16), large)
		return
	}
	run("sm2_hot_16", SM2, signatures(b, SM2, 256, 16), large)
	run("sm2_hot_128", SM2, signatures(b, SM2, 256, 128), large)
	run("sm2_cold", SM2, signatures(b, SM2, 64, 64), func() *Verifier { return New(Options{Path: Cold}) })
	for _, n := range []int{1, 4, 8} {
		run(fmt.Sprintf("sm2_small_%d", n), SM2, signatures(b, SM2, 8, 1)[:n], func() *Verifier {
			v := hot(Options{}, comb.DefaultLargeWindow)
			v.options.Path = Automatic
			v.cache = comb.NewCache(comb.Policy{SmallUses: 1, SmallWindow: comb.DefaultLargeWindow})
			return v
		})
	}
	run("p256_hot", ECDSA, signatures(b, ECDSA, 256, 16), large)
	run("p256_cold", ECDSA, signatures(b, ECDSA, 64, 64), func() *Verifier { return New(Options{Path: Cold}) })
}

// BenchmarkChoices compares the numbers that this package and comb chose.
func BenchmarkChoices(b *testing.B) {
	inputs := signatures(b, SM2, 256, 16)
	var windows []contender
	for _, w := range [][2]int{{14, 12}, {8, 8}, {12, 11}, {14, 11}, {16, 12}, {16, 13}} {
		c := ours(b, hot(Options{BaseWindow: w[0]}, w[1]), SM2, inputs)
		c.name = fmt.Sprintf("G%d-P%d", w[0], w[1])
		windows = append(windows, c)
	}
	b.Run("windows", func(b *testing.B) { race(b, windows...) })
	var blocks []contender
	for _, n := range []int{128, 32, 64, 256} {
		c := ours(b, hot(Options{Block: n}, 12), SM2, inputs)
		c.name = fmt.Sprintf("block%d", n)
		blocks = append(blocks, c)
	}
	b.Run("blocks", func(b *testing.B) { race(b, blocks...) })
	for _, n := range []int{1, 2, 3, 4, 6, 8} {
		tree := ours(b, hot(Options{}, 12), SM2, inputs[:n])
		tree.name = "tree"
		v := hot(Options{}, 12)
		v.options.Path = Small
		small := ours(b, v, SM2, inputs[:n])
		small.name = "jacobian"
		b.Run(fmt.Sprintf("few_%d", n), func(b *testing.B) { race(b, tree, small) })
	}
	point := comb.SM2().G
	for _, w := range []int{8, 12, 14} {
		b.Run(fmt.Sprintf("build_w%d", w), func(b *testing.B) {
			race(b, contender{name: "table", n: 1, run: func() { comb.SM2().Build(&point, w) }})
		})
	}
}
