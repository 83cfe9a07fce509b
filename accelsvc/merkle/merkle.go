// Package merkle computes roots and inclusion proofs of the hash tree of RFC
// 9162 (Certificate Transparency), section 2.1, over SM3 or SHA-256.
//
// Leaves and inner nodes are hashed with different prefixes, so that a node can
// never be passed off as a leaf. The root of no leaves is the hash of the empty
// string. Leaves are given before leaf hashing.
//
// The package is pure: no I/O, no state. Hashing is a parameter that takes whole
// batches, so that a tree can be hashed by an accelerator, level by level.
package merkle

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"
)

// Size is the length of every hash in bytes.
const Size = 32

// The prefixes of RFC 9162, section 2.1.1.
const (
	leafPrefix = 0x00
	nodePrefix = 0x01
)

// Sum sets out[i] to the hash of messages[i]; both have the same length. Its
// error, such as the end of a context, is handed on unchanged.
type Sum func(messages [][]byte, out [][Size]byte) error

// SHA256 is Sum by FIPS 180-4. Its error is always nil.
func SHA256(messages [][]byte, out [][Size]byte) error {
	for i, m := range messages {
		out[i] = sha256.Sum256(m)
	}
	return nil
}

// SM3 is Sum by GB/T 32905. Its error is always nil.
func SM3(messages [][]byte, out [][Size]byte) error {
	for i, m := range messages {
		out[i] = sm3.Sum(m)
	}
	return nil
}

// ErrProof reports an inclusion proof that does not hold.
var ErrProof = errors.New("merkle: the proof does not hold")

// ErrIndex reports a leaf index outside the tree.
var ErrIndex = errors.New("merkle: no such leaf")

// Root returns the root over leaves.
func Root(sum Sum, leaves [][]byte) ([Size]byte, error) {
	if len(leaves) == 0 {
		return one(sum, nil)
	}
	level, err := hashLeaves(sum, leaves)
	for err == nil && len(level) > 1 {
		level, err = parents(sum, level)
	}
	if err != nil {
		return [Size]byte{}, err
	}
	return level[0], nil
}

// batch is how many nodes are prepared for one call of Sum: large enough for
// sixteen-lane hashing, small enough to keep the copies in cache.
const batch = 1024

func hashLeaves(sum Sum, leaves [][]byte) ([][Size]byte, error) {
	out := make([][Size]byte, len(leaves))
	for lo := 0; lo < len(leaves); lo += batch {
		hi := min(lo+batch, len(leaves))
		messages := make([][]byte, 0, hi-lo)
		for _, l := range leaves[lo:hi] {
			messages = append(messages, append(append(make([]byte, 0, 1+len(l)), leafPrefix), l...))
		}
		if err := sum(messages, out[lo:hi]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parents hashes neighbours in pairs; a last node without a neighbour moves up
// unchanged. That yields the tree that RFC 9162 defines from the top, by a split
// at the largest power of two below the size.
func parents(sum Sum, level [][Size]byte) ([][Size]byte, error) {
	pairs := len(level) / 2
	out := make([][Size]byte, pairs, pairs+1)
	for lo := 0; lo < pairs; lo += batch {
		hi := min(lo+batch, pairs)
		messages := make([][]byte, 0, hi-lo)
		for i := lo; i < hi; i++ {
			messages = append(messages, node(level[2*i], level[2*i+1]))
		}
		if err := sum(messages, out[lo:hi]); err != nil {
			return nil, err
		}
	}
	if len(level)%2 == 1 {
		out = append(out, level[len(level)-1])
	}
	return out, nil
}

func node(left, right [Size]byte) []byte {
	m := make([]byte, 0, 1+2*Size)
	m = append(m, nodePrefix)
	m = append(m, left[:]...)
	return append(m, right[:]...)
}

func one(sum Sum, message []byte) ([Size]byte, error) {
	var out [1][Size]byte
	err := sum([][]byte{message}, out[:])
	return out[0], err
}

// Proof shows that a leaf is at Index of the tree with Size leaves. Path holds
// the sibling hashes from the leaf upwards (RFC 9162, section 2.1.3).
type Proof struct {
	Index uint64
	Size  uint64
	Path  [][Size]byte
}

// Prove returns the inclusion proof of leaves[index].
func Prove(sum Sum, leaves [][]byte, index int) (Proof, error) {
	if index < 0 || index >= len(leaves) {
		return Proof{}, fmt.Errorf("%w: index %d of %d", ErrIndex, index, len(leaves))
	}
	p := Proof{Index: uint64(index), Size: uint64(len(leaves))}
	level, err := hashLeaves(sum, leaves)
	for at := index; err == nil && len(level) > 1; at /= 2 {
		if sibling := at ^ 1; sibling < len(level) {
			p.Path = append(p.Path, level[sibling])
		}
		level, err = parents(sum, level)
	}
	if err != nil {
		return Proof{}, err
	}
	return p, nil
}

// Verify checks that p leads from leaf to root. It returns an error that wraps
// ErrProof if not.
func (p Proof) Verify(sum Sum, leaf []byte, root [Size]byte) error {
	if p.Index >= p.Size {
		return fmt.Errorf("%w: index %d of %d", ErrProof, p.Index, p.Size)
	}
	if want := pathLength(p.Index, p.Size); len(p.Path) != want {
		return fmt.Errorf("%w: %d hashes in the path, want %d", ErrProof, len(p.Path), want)
	}
	hash, err := one(sum, append([]byte{leafPrefix}, leaf...))
	if err != nil {
		return err
	}
	path := p.Path
	for at, last := p.Index, p.Size-1; last > 0; at, last = at/2, last/2 {
		if at == last && at%2 == 0 {
			continue // no neighbour on this level
		}
		left, right := hash, path[0]
		if at%2 == 1 {
			left, right = right, left
		}
		if hash, err = one(sum, node(left, right)); err != nil {
			return err
		}
		path = path[1:]
	}
	if hash != root {
		return fmt.Errorf("%w: it leads to another root", ErrProof)
	}
	return nil
}

// pathLength is the number of levels on which the leaf's ancestor has a
// neighbour.
func pathLength(index, size uint64) int {
	n := 0
	for at, last := index, size-1; last > 0; at, last = at/2, last/2 {
		if at != last || at%2 == 1 {
			n++
		}
	}
	return n
}
