package kernel

import (
	"sync"

	"github.com/argosy-trade/argosy/accelsvc/comb"
	"github.com/argosy-trade/argosy/accelsvc/verify"
)

// Comb verifies with this module's own kernels: comb tables for the keys that are
// used often, and batches of affine additions that share inversions. It is made
// for many signatures by few keys; a signature by a new key costs about as much
// as with a library. Hashing is kernel Emmansun's.
//
// It keeps tables between calls: 9.5 MiB for each curve and up to a quarter
// of a gigabyte for keys. Make it with NewComb.
type Comb struct {
	Emmansun

	verifier *verify.Verifier
	pool     *sync.Pool // of *[]verify.Input
}

// combBatch is the number of signatures that share inversions, twice: more bring
// nothing, and at 5 µs each a call is over in a millisecond or two.
const combBatch = 256

// NewComb returns the kernel. Its first call builds the tables of the base point.
func NewComb() Comb {
	return Comb{
		verifier: verify.New(verify.Options{}),
		pool:     &sync.Pool{New: func() any { return new([]verify.Input) }},
	}
}

// Name implements Kernel.
func (Comb) Name() string { return "comb" }

// BatchSize is how many signatures a call of Verify should have at least.
func (Comb) BatchSize() int { return combBatch }

// Verify implements Kernel.
func (c Comb) Verify(a Algorithm, keys []PublicKey, records []Record, verdicts []bool) {
	inputs, _ := c.pool.Get().(*[]verify.Input)
	defer c.pool.Put(inputs)
	*inputs = (*inputs)[:0]
	for i := range records {
		r := &records[i]
		*inputs = append(*inputs, verify.Input{
			Key: (*[PublicKeySize]byte)(&keys[r.Key]), Digest: (*[DigestSize]byte)(&r.Digest),
			Signature: (*[SignatureSize]byte)(&r.Signature),
		})
	}
	c.verifier.Verify(scheme(a), *inputs, verdicts)
	clear(*inputs) // hold nothing of the caller's
}

// Prepare has tables built in the background for keys that will be used.
func (c Comb) Prepare(a Algorithm, keys []PublicKey) {
	converted := make([]comb.Key, len(keys))
	for i, k := range keys {
		converted[i] = comb.Key(k)
	}
	c.verifier.Prepare(scheme(a), converted)
}

// Wait returns when no table is being built.
func (c Comb) Wait() { c.verifier.Wait() }

// Stats returns how signatures were decided since the start.
func (c Comb) Stats() verify.Stats { return c.verifier.Stats() }

func scheme(a Algorithm) verify.Scheme {
	switch a {
	case SM2SM3:
		return verify.SM2
	case ECDSAP256SHA256:
		return verify.ECDSA
	default:
		return 0
	}
}
