package client

import (
	"errors"
	"fmt"

	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// The values that calls are made of. They are those of package kernel, so that
// callers import this package only.
type (
	// PublicKey is an affine point X || Y, big-endian.
	PublicKey = kernel.PublicKey
	// Signature is r || s, big-endian. The zero value never verifies.
	Signature = kernel.Signature
	// Digest is a hash value.
	Digest = kernel.Digest
	// Algorithm is a signature scheme.
	Algorithm = kernel.Algorithm
	// HashAlgorithm is a hash function.
	HashAlgorithm = kernel.HashAlgorithm
	// Input says what the signatures of a batch are checked against.
	Input = engine.Input
)

// The algorithms and inputs.
const (
	SM2SM3          = kernel.SM2SM3
	ECDSAP256SHA256 = kernel.ECDSAP256SHA256
	SM3             = kernel.SM3
	SHA256          = kernel.SHA256
	Digests         = engine.Digests
	Messages        = engine.Messages
)

// DefaultUserID is the SM2 user id of GM/T 0009, used when a batch names none.
const DefaultUserID = engine.DefaultUserID

// Batch is a list of signatures of one algorithm.
type Batch struct {
	Algorithm Algorithm
	// Input says whether the items carry digests or messages.
	Input Input
	// UserID is the signers' SM2 user id, at most 8191 bytes; empty means
	// DefaultUserID. It goes with SM2 and Messages only.
	UserID []byte
	Items  []Item
}

// Item is one signature to check.
type Item struct {
	PublicKey PublicKey
	// Digest is e with Input Digests, else zero. SM2: SM3(Z || M); ECDSA:
	// SHA-256(M).
	Digest Digest
	// Message is what was signed with Input Messages, else nil. It may be empty.
	Message   []byte
	Signature Signature
}

// check returns an error that wraps ErrInvalid if the batch's structure is wrong.
func (b Batch) check() error {
	head := engine.Batch{Algorithm: b.Algorithm, Input: b.Input, UserID: b.UserID}
	if err := head.Check(); err != nil {
		return err
	}
	for i := range b.Items {
		it := &b.Items[i]
		if b.Input == Digests && it.Message != nil {
			return fmt.Errorf("%w: item %d carries a message in a batch of digests", ErrInvalid, i)
		}
		if b.Input == Messages && it.Digest != (Digest{}) {
			return fmt.Errorf("%w: item %d carries a digest in a batch of messages", ErrInvalid, i)
		}
	}
	return nil
}

// packed returns items as an engine's batch, each key once in its table.
func (b Batch) packed(items []Item) engine.Batch {
	out := engine.Batch{
		Algorithm: b.Algorithm, Input: b.Input, UserID: b.UserID,
		Records: make([]kernel.Record, len(items)),
	}
	if b.Input == Messages {
		out.Messages = make([][]byte, len(items))
	}
	positions := make(map[PublicKey]uint32)
	for i := range items {
		it := &items[i]
		k, seen := positions[it.PublicKey]
		if !seen {
			k = uint32(len(out.Keys)) //nolint:gosec // G115: at most maxItems
			positions[it.PublicKey] = k
			out.Keys = append(out.Keys, it.PublicKey)
		}
		out.Records[i] = kernel.Record{Key: k, Digest: it.Digest, Signature: it.Signature}
		if b.Input == Messages {
			out.Messages[i] = it.Message
		}
	}
	return out
}

// ErrInvalid reports a structurally wrong call; errors.Is finds it. Cryptographic
// badness is a false verdict instead.
var ErrInvalid = engine.ErrInvalid

// ErrDisagreement reports that sidecar and software gave different answers;
// errors.Is finds it. Fail the endorsement closed.
var ErrDisagreement = errors.New("accelerator and software disagree")

// DisagreementError says where the two differed. It wraps ErrDisagreement.
type DisagreementError struct {
	Operation string // verify, hash or merkle_root
	Algorithm string
	Item      int // position in the call
}

// Error implements error.
func (e *DisagreementError) Error() string {
	return fmt.Sprintf("%v: %s with %s, item %d; the accelerator is out of use until an operator reinstates it",
		ErrDisagreement, e.Operation, e.Algorithm, e.Item)
}

// Unwrap returns ErrDisagreement.
func (e *DisagreementError) Unwrap() error { return ErrDisagreement }

// ParsePublicKey reads a public key of algorithm a: 65 bytes 04 || X || Y, 33
// bytes compressed, 64 bytes X || Y, or a PKIX SubjectPublicKeyInfo in DER. It
// refuses what is not a point of the curve.
func ParsePublicKey(a Algorithm, b []byte) (PublicKey, error) { return kernel.ParsePublicKey(a, b) }

// ParseSignatureDER reads a strict DER SEQUENCE{r, s} with nothing after it.
// Whoever must go on after an error uses the zero Signature.
func ParseSignatureDER(b []byte) (Signature, error) { return kernel.ParseSignatureDER(b) }

// MarshalSignatureDER returns the DER form of s.
func MarshalSignatureDER(s Signature) []byte { return kernel.MarshalSignatureDER(s) }

// LowS says whether s is at most n/2 of P-256, which Fabric demands of ECDSA
// signatures and Verify does not.
func LowS(s Signature) bool { return kernel.LowS(s) }
