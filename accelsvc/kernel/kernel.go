// Package kernel computes signature verdicts and digests in bulk.
//
// A Kernel is one way of doing that: a library, a textbook, later a vector unit.
// All kernels give the same bytes for the same input; that is the package's
// whole contract, because endorsers of one transaction may run different ones.
// Two libraries that differ in a corner are made to agree here, with a test.
//
// The package refuses to sign, to touch private keys and to do I/O. It handles
// public data only, so kernels may take variable time.
//
// Invariants: a verdict depends on its own record alone; r and s outside
// [1, n-1], r+s = 0 mod n (SM2), a sum at infinity and a key that is not a point
// of the curve are verdict false, never an error.
package kernel

import (
	"errors"
	"fmt"
)

// Algorithm is a signature scheme with its curve and hash.
type Algorithm uint8

// Signature algorithms. The zero value is none.
const (
	SM2SM3          Algorithm = iota + 1 // GB/T 32918.2 on the recommended curve
	ECDSAP256SHA256                      // FIPS 186-5; low S is not required here
)

// Valid says whether a is one of the algorithms above.
func (a Algorithm) Valid() bool { return a == SM2SM3 || a == ECDSAP256SHA256 }

// String returns the name used in metrics.
func (a Algorithm) String() string {
	switch a {
	case SM2SM3:
		return "sm2_sm3"
	case ECDSAP256SHA256:
		return "ecdsa_p256_sha256"
	default:
		return fmt.Sprintf("algorithm(%d)", uint8(a))
	}
}

// HashAlgorithm is a hash function with a 32-byte digest.
type HashAlgorithm uint8

// Hash algorithms. The zero value is none.
const (
	SM3    HashAlgorithm = iota + 1 // GB/T 32905
	SHA256                          // FIPS 180-4
)

// Valid says whether a is one of the algorithms above.
func (a HashAlgorithm) Valid() bool { return a == SM3 || a == SHA256 }

// String returns the name used in metrics.
func (a HashAlgorithm) String() string {
	switch a {
	case SM3:
		return "sm3"
	case SHA256:
		return "sha256"
	default:
		return fmt.Sprintf("hash(%d)", uint8(a))
	}
}

// Sizes in bytes of the fixed values.
const (
	PublicKeySize = 64
	SignatureSize = 64
	DigestSize    = 32
)

// PublicKey is an affine point X || Y, both 32 bytes big-endian. A value that is
// not on the curve is allowed; its verdicts are false.
type PublicKey [PublicKeySize]byte

// Signature is r || s, both 32 bytes big-endian. The zero value has verdict
// false with every key and digest.
type Signature [SignatureSize]byte

// Digest is a hash value, big-endian where it is read as an integer.
type Digest [DigestSize]byte

// Record is one signature to check: the position of its key in the table that
// goes with it, the digest e that was signed (SM2: SM3(Z || M); ECDSA:
// SHA-256(M)) and the signature.
type Record struct {
	Key       uint32
	Digest    Digest
	Signature Signature
}

// Kernel is one implementation. Its methods are called concurrently.
type Kernel interface {
	// Name is the name in configuration, health and metrics.
	Name() string
	// Verify sets verdicts[i] for records[i]. The caller guarantees a valid
	// algorithm, len(verdicts) = len(records) and every Record.Key < len(keys).
	Verify(a Algorithm, keys []PublicKey, records []Record, verdicts []bool)
	// Hash sets digests[i] for messages[i]. The caller guarantees a valid
	// algorithm and equal lengths.
	Hash(a HashAlgorithm, messages [][]byte, digests []Digest)
}

// ErrUnknownKernel reports a kernel name that is not in Names.
var ErrUnknownKernel = errors.New("kernel: unknown name")

// Default is the kernel that a service uses when its configuration names none: the
// fastest. A client's in-process software is Emmansun: it judges the service's
// answers, so it must not share the service's code.
const Default = "comb"

// Names returns the names that New knows, the default first.
func Names() []string { return []string{Default, "emmansun", "stdlib", "tjfoc"} }

// New returns the kernel called name.
func New(name string) (Kernel, error) {
	switch name {
	case "comb":
		return NewComb(), nil
	case "emmansun":
		return Emmansun{}, nil
	case "stdlib":
		return Stdlib{}, nil
	case "tjfoc":
		return Tjfoc{}, nil
	default:
		return nil, fmt.Errorf("%w %q: use one of %v", ErrUnknownKernel, name, Names())
	}
}
