package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"math/rand/v2"
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
	var pub *ecdsa.PublicKey
	if s == SM2 {
		private, err := sm2.GenerateKey(r)
		check(err)
		pub = &private.PublicKey
		sign = func(digest []byte) []byte {
			der, err := sm2.SignASN1(r, private, digest, nil)
			check(err)
			return der
		}
	} else {
		private, err := ecdsa.GenerateKey(elliptic.P256(), r)
		check(err)
		pub = &private.PublicKey
		sign = func(digest []byte) []byte {
			der, err := ecdsa.SignASN1(r, private, digest)
			check(err)
			return der
		}
	}
	key = new([64]byte)
	pub.X.FillBytes(key[:32])
	pub.Y.FillBytes(key[32:])
	return key, sign
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

// measure reports the time of one signature, in batches of all of inputs.
func measure(b *testing.B, v *Verifier, s Scheme, inputs []Input) {
	b.Helper()
	verdicts := make([]bool, len(inputs))
	for range 2 { // the tables
		v.Verify(s, inputs, verdicts)
		v.Wait()
	}
	for i, ok := range verdicts {
		if !ok {
			b.Fatalf("signature %d is refused", i)
		}
	}
	b.ResetTimer()
	for i := 0; i < b.N; i += len(inputs) {
		n := min(len(inputs), b.N-i)
		if n < len(inputs) && b.N >= len(inputs) {
			break // a part of a batch would be measured at another price
		}
		v.Verify(s, inputs[:n], verdicts[:n])
	}
}

// hot is a verifier whose keys have large tables.
func hot(base, window int) *Verifier {
	return New(Options{
		BaseWindow: base, Path: Hot,
		Keys: comb.Policy{SmallWindow: window, Budget: 1 << 30},
	})
}

func BenchmarkWindows(b *testing.B) {
	inputs := signatures(b, SM2, 256, 16)
	for _, w := range [][2]int{{8, 8}, {12, 10}, {14, 11}, {14, 12}, {16, 12}, {16, 13}} {
		b.Run(fmt.Sprintf("w%d/w%d", w[0], w[1]), func(b *testing.B) {
			measure(b, hot(w[0], w[1]), SM2, inputs)
		})
	}
}

var _ = tjfoc.Verify
