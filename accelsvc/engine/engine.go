// Package engine gives the accelerator's three operations their one meaning over
// any kernel: batch verification with or without message hashing, batch hashing,
// Merkle roots. The service and the client's in-process fallback both run it,
// which is why their answers are the same bytes.
//
// It refuses batches whose structure is wrong (ErrInvalid) and answers nothing
// in part. It remembers nothing but public keys' Z values, a function of key and
// user id, and starts no goroutine. A context that ends stops
// it at the next chunk.
package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/merkle"
)

// ErrInvalid reports a structurally wrong batch. The text says what to change.
var ErrInvalid = errors.New("accelerator: invalid batch")

// Input says what the signatures of a batch are checked against.
type Input uint8

// Inputs. The zero value is none.
const (
	Digests  Input = iota + 1 // each record carries the digest e
	Messages                  // e is computed from the message (and for SM2 the user id)
)

// DefaultUserID is the SM2 user id of GM/T 0009, used when a batch names none.
const DefaultUserID = "1234567812345678"

// MaxUserID is the longest SM2 user id in bytes: its length in bits has 16 bits.
const MaxUserID = 8191

// Batch is what Verify checks.
type Batch struct {
	Algorithm kernel.Algorithm
	Input     Input
	// UserID is the signers' SM2 user id; empty means DefaultUserID. Only with
	// SM2 and Messages.
	UserID []byte
	// Keys is the table that Record.Key points into. It may hold more keys than
	// are used.
	Keys    []kernel.PublicKey
	Records []kernel.Record
	// Messages has one entry for each record if Input is Messages, else none.
	Messages [][]byte
}

// Check returns an error that wraps ErrInvalid if the batch's structure is wrong.
func (b Batch) Check() error {
	switch {
	case !b.Algorithm.Valid():
		return fmt.Errorf("%w: unknown signature %v; use SM2 with SM3 or ECDSA P-256 with SHA-256", ErrInvalid, b.Algorithm)
	case b.Input != Digests && b.Input != Messages:
		return fmt.Errorf("%w: input %d; say whether digests or messages are given", ErrInvalid, b.Input)
	case b.Input == Digests && len(b.Messages) != 0:
		return fmt.Errorf("%w: messages in a batch of digests; leave one out", ErrInvalid)
	case b.Input == Messages && len(b.Messages) != len(b.Records):
		return fmt.Errorf("%w: %d messages for %d signatures; give one for each", ErrInvalid, len(b.Messages), len(b.Records))
	case len(b.UserID) > MaxUserID:
		return fmt.Errorf("%w: user id of %d bytes; the limit is %d", ErrInvalid, len(b.UserID), MaxUserID)
	case len(b.UserID) > 0 && (b.Algorithm != kernel.SM2SM3 || b.Input != Messages):
		return fmt.Errorf("%w: a user id goes with SM2 and messages only; leave it out", ErrInvalid)
	}
	for i := range b.Records {
		if int64(b.Records[i].Key) >= int64(len(b.Keys)) {
			return fmt.Errorf("%w: record %d names key %d of a table of %d", ErrInvalid, i, b.Records[i].Key, len(b.Keys))
		}
	}
	return nil
}

// Pool is a kernel that spreads a whole batch by itself and minds the context
// while it does. It gets batches undivided. The only errors are the context's.
type Pool interface {
	kernel.Kernel
	VerifyAll(
		ctx context.Context, a kernel.Algorithm, keys []kernel.PublicKey, records []kernel.Record, verdicts []bool,
	) error
	HashAll(ctx context.Context, a kernel.HashAlgorithm, messages [][]byte, digests []kernel.Digest) error
}

// Engine runs the operations on one kernel. The zero value is not usable.
type Engine struct {
	kernel kernel.Kernel
	pool   Pool // the kernel, if it is one
	chunk  int  // signatures between two looks at the context
	z      *zCache
}

// New returns an engine on k. Copies of an engine share what it remembers.
func New(k kernel.Kernel) Engine {
	pool, _ := k.(Pool)
	e := Engine{kernel: k, pool: pool, chunk: verifyChunk, z: &zCache{values: map[zName]kernel.Digest{}}}
	if b, ok := k.(batcher); ok {
		e.chunk = b.BatchSize()
	}
	return e
}

// batcher is a kernel that wants larger chunks, being fast enough for them.
type batcher interface{ BatchSize() int }

// Kernel returns the name of the kernel.
func (e Engine) Kernel() string { return e.kernel.Name() }

// Work between two looks at the context. 64 signatures are below 0.1 s even for
// the slowest library kernel; 256 messages are some microseconds each.
const (
	verifyChunk = 64
	hashChunk   = 256
)

// Verify returns one verdict for each record.
func (e Engine) Verify(ctx context.Context, b Batch) ([]bool, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	records := b.Records
	if b.Input == Messages {
		var err error
		if records, err = e.withDigests(ctx, b); err != nil {
			return nil, err
		}
	}
	verdicts := make([]bool, len(records))
	if e.pool != nil {
		if err := e.pool.VerifyAll(ctx, b.Algorithm, b.Keys, records, verdicts); err != nil {
			return nil, err
		}
		return verdicts, nil
	}
	for lo := 0; lo < len(records); lo += e.chunk {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		hi := min(lo+e.chunk, len(records))
		e.kernel.Verify(b.Algorithm, b.Keys, records[lo:hi], verdicts[lo:hi])
	}
	return verdicts, nil
}

// Hash returns the digest of each message.
func (e Engine) Hash(ctx context.Context, a kernel.HashAlgorithm, messages [][]byte) ([]kernel.Digest, error) {
	if !a.Valid() {
		return nil, fmt.Errorf("%w: unknown hash %v; use SM3 or SHA-256", ErrInvalid, a)
	}
	out := make([]kernel.Digest, len(messages))
	if err := e.hashInto(ctx, a, messages, out); err != nil {
		return nil, err
	}
	return out, nil
}

func (e Engine) hashInto(ctx context.Context, a kernel.HashAlgorithm, messages [][]byte, out []kernel.Digest) error {
	if e.pool != nil {
		return e.pool.HashAll(ctx, a, messages, out)
	}
	for lo := 0; lo < len(messages); lo += hashChunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+hashChunk, len(messages))
		e.kernel.Hash(a, messages[lo:hi], out[lo:hi])
	}
	return nil
}

// MerkleRoot returns the root of the RFC 9162 tree over leaves; see package
// merkle.
func (e Engine) MerkleRoot(ctx context.Context, a kernel.HashAlgorithm, leaves [][]byte) (kernel.Digest, error) {
	if !a.Valid() {
		return kernel.Digest{}, fmt.Errorf("%w: unknown hash %v; use SM3 or SHA-256", ErrInvalid, a)
	}
	root, err := merkle.Root(func(messages [][]byte, out [][merkle.Size]byte) error {
		digests := make([]kernel.Digest, len(messages))
		if err := e.hashInto(ctx, a, messages, digests); err != nil {
			return err
		}
		for i, d := range digests {
			out[i] = d
		}
		return nil
	}, leaves)
	return root, err
}

// withDigests returns the records with e computed from the messages.
func (e Engine) withDigests(ctx context.Context, b Batch) ([]kernel.Record, error) {
	hash, messages := kernel.SHA256, b.Messages
	if b.Algorithm == kernel.SM2SM3 {
		hash = kernel.SM3
		var err error
		if messages, err = e.prefixZ(ctx, b); err != nil {
			return nil, err
		}
	}
	digests, err := e.Hash(ctx, hash, messages)
	if err != nil {
		return nil, err
	}
	records := make([]kernel.Record, len(b.Records))
	for i, r := range b.Records {
		r.Digest = digests[i]
		records[i] = r
	}
	return records, nil
}

// prefixZ returns Z || M for each record (GB/T 32918.2, section 7.1, step B3), all
// in one piece of memory.
func (e Engine) prefixZ(ctx context.Context, b Batch) ([][]byte, error) {
	z, err := e.zOf(ctx, b)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, m := range b.Messages {
		size += kernel.DigestSize + len(m)
	}
	text := make([]byte, 0, size)
	out := make([][]byte, len(b.Records))
	for i := range b.Records {
		start := len(text)
		d := z[b.Records[i].Key]
		text = append(append(text, d[:]...), b.Messages[i]...)
		out[i] = text[start:len(text):len(text)]
	}
	return out, nil
}

// zOf returns Z of each key that the batch uses. Each is computed once and
// remembered.
func (e Engine) zOf(ctx context.Context, b Batch) (map[uint32]kernel.Digest, error) {
	found := make(map[uint32]kernel.Digest)
	var missing []uint32
	var inputs [][]byte
	for i := range b.Records {
		k := b.Records[i].Key
		if _, seen := found[k]; seen {
			continue
		}
		z, ok := e.z.get(zName{b.Keys[k], string(b.UserID)})
		if found[k] = z; !ok {
			missing = append(missing, k)
			inputs = append(inputs, zInput(b.UserID, &b.Keys[k]))
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	fresh, err := e.Hash(ctx, kernel.SM3, inputs)
	if err != nil {
		return nil, err
	}
	for i, k := range missing {
		found[k] = fresh[i]
		e.z.put(zName{b.Keys[k], string(b.UserID)}, fresh[i])
	}
	return found, nil
}

// sm2Parameters is a || b || xG || yG of the recommended curve (GB/T 32918.5).
const sm2Parameters = "" +
	"\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xfc" +
	"\x28\xe9\xfa\x9e\x9d\x9f\x5e\x34\x4d\x5a\x9e\x4b\xcf\x65\x09\xa7" +
	"\xf3\x97\x89\xf5\x15\xab\x8f\x92\xdd\xbc\xbd\x41\x4d\x94\x0e\x93" +
	"\x32\xc4\xae\x2c\x1f\x19\x81\x19\x5f\x99\x04\x46\x6a\x39\xc9\x94" +
	"\x8f\xe3\x0b\xbf\xf2\x66\x0b\xe1\x71\x5a\x45\x89\x33\x4c\x74\xc7" +
	"\xbc\x37\x36\xa2\xf4\xf6\x77\x9c\x59\xbd\xce\xe3\x6b\x69\x21\x53" +
	"\xd0\xa9\x87\x7c\xc6\x2a\x47\x40\x02\xdf\x32\xe5\x21\x39\xf0\xa0"

// zInput is what Z hashes: ENTL || ID || a || b || xG || yG || xA || yA
// (GB/T 32918.2, section 5.5).
func zInput(userID []byte, key *kernel.PublicKey) []byte {
	id := string(userID)
	if id == "" {
		id = DefaultUserID
	}
	entl := len(id) * 8 // at most 16 bits by MaxUserID
	m := make([]byte, 0, 2+len(id)+len(sm2Parameters)+kernel.PublicKeySize)
	m = append(m, byte(entl>>8&0xff), byte(entl&0xff))
	m = append(m, id...)
	m = append(m, sm2Parameters...)
	return append(m, key[:]...)
}
