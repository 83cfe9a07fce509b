// Package acceltest helps to test the accelerator and what uses it: signed
// batches whose verdicts are known, and a kernel that stalls, lies or panics on
// command. It is for tests only.
package acceltest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// Signed is a batch of signatures over messages, with its verdicts.
type Signed struct {
	Algorithm kernel.Algorithm
	Keys      []kernel.PublicKey
	Records   []kernel.Record // with digests
	Messages  [][]byte        // SM2: with the default user id
	Want      []bool
}

// Sign returns n signatures by up to five signers, every third of them over
// another message than the one given.
func Sign(tb testing.TB, a kernel.Algorithm, n int) Signed {
	tb.Helper()
	s := Signed{Algorithm: a}
	var signers []signer
	for i := range min(n, 5) {
		var seed [32]byte
		binary.BigEndian.PutUint64(seed[:], uint64(i)+1)
		signers = append(signers, newSigner(tb, a, rand.NewChaCha8(seed)))
		s.Keys = append(s.Keys, signers[i].key)
	}
	for i := range n {
		by := signers[i%len(signers)]
		m := fmt.Appendf(nil, "invoice %d", i)
		rec := kernel.Record{
			Key: uint32(i % len(signers)), Digest: kernel.Digest(by.digest(m)), //nolint:gosec // G115: below 5
		}
		if i%3 == 2 {
			rec.Signature = by.sign(by.digest([]byte("another")))
		} else {
			rec.Signature = by.sign(by.digest(m))
		}
		s.Records = append(s.Records, rec)
		s.Messages = append(s.Messages, m)
		s.Want = append(s.Want, i%3 != 2)
	}
	return s
}

// signer signs digests with one key.
type signer struct {
	key    kernel.PublicKey
	digest func(message []byte) []byte
	sign   func(digest []byte) kernel.Signature
}

func newSigner(tb testing.TB, a kernel.Algorithm, random *rand.ChaCha8) signer {
	tb.Helper()
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	var s signer
	var point []byte
	signDER := func(sign func() ([]byte, error)) kernel.Signature {
		der, err := sign()
		must(err)
		sig, err := kernel.ParseSignatureDER(der)
		must(err)
		return sig
	}
	switch a {
	case kernel.SM2SM3:
		priv, err := sm2.GenerateKey(random)
		must(err)
		pub, err := sm2.PublicKeyToECDH(&priv.PublicKey)
		must(err)
		point = pub.Bytes()
		s.digest = func(m []byte) []byte {
			e, err := sm2.CalculateSM2Hash(&priv.PublicKey, m, nil)
			must(err)
			return e
		}
		s.sign = func(e []byte) kernel.Signature {
			return signDER(func() ([]byte, error) { return sm2.SignASN1(random, priv, e, nil) })
		}
	case kernel.ECDSAP256SHA256:
		priv, err := ecdsa.GenerateKey(elliptic.P256(), random)
		must(err)
		point, err = priv.PublicKey.Bytes()
		must(err)
		s.digest = func(m []byte) []byte { e := sha256.Sum256(m); return e[:] }
		s.sign = func(e []byte) kernel.Signature {
			return signDER(func() ([]byte, error) { return ecdsa.SignASN1(random, priv, e) })
		}
	default:
		tb.Fatalf("unknown %v", a)
	}
	var err error
	s.key, err = kernel.ParsePublicKey(a, point)
	must(err)
	return s
}

// Kernel is a right kernel (Default if none is set) until Armed is true; then the
// hooks that are set take effect.
type Kernel struct {
	Armed atomic.Bool
	// Before runs before each batch: it may block or panic.
	Before func()
	// Verdict replaces verdict v of position i of a chunk.
	Verdict func(i int, v bool) bool
	// Digest replaces a digest.
	Digest func(d kernel.Digest) kernel.Digest

	right kernel.Emmansun
}

// Name implements kernel.Kernel.
func (k *Kernel) Name() string { return "scripted" }

// Verify implements kernel.Kernel.
func (k *Kernel) Verify(a kernel.Algorithm, keys []kernel.PublicKey, records []kernel.Record, verdicts []bool) {
	armed := k.Armed.Load()
	if armed && k.Before != nil {
		k.Before()
	}
	k.right.Verify(a, keys, records, verdicts)
	if armed && k.Verdict != nil {
		for i, v := range verdicts {
			verdicts[i] = k.Verdict(i, v)
		}
	}
}

// Hash implements kernel.Kernel.
func (k *Kernel) Hash(a kernel.HashAlgorithm, messages [][]byte, digests []kernel.Digest) {
	armed := k.Armed.Load()
	if armed && k.Before != nil {
		k.Before()
	}
	k.right.Hash(a, messages, digests)
	if armed && k.Digest != nil {
		for i, d := range digests {
			digests[i] = k.Digest(d)
		}
	}
}
