package client

import (
	"context"
	"fmt"
	"slices"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/wire"
)

// A large batch goes to the sidecar in parts. They stay well below the service's
// default limits (65,536 items, 16 MiB) and a part's time limit stays short.
const (
	maxItems  = 1024
	partBytes = 1 << 20
	// A tree cannot be divided; neither can one message.
	maxLeaves = 1 << 16
	maxBytes  = 8 << 20
)

// falseRechecks is how many false verdicts of a part are computed again beside
// the sampled share. Honest callers see hardly any, so they cost nothing, and a
// core that refuses good signatures shows at once. More would let a stranger's
// garbage spend our processor.
const falseRechecks = 16

// Verify returns one verdict for each item. The error wraps ErrInvalid,
// ErrDisagreement or the context's error; there is no other.
func (c *Client) Verify(ctx context.Context, b Batch) ([]bool, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	verdicts := make([]bool, 0, len(b.Items))
	length := func(i int) int { return len(b.Items[i].Message) }
	for lo := 0; lo < len(b.Items); {
		hi := partEnd(lo, len(b.Items), length)
		part, err := c.verifyPart(ctx, b.packed(b.Items[lo:hi]), lo)
		if err != nil {
			return nil, err
		}
		verdicts = append(verdicts, part...)
		lo = hi
	}
	return verdicts, nil
}

// partEnd returns the end of the part that begins at lo: it holds at most
// maxItems items, and at most partBytes bytes unless it is a single item.
func partEnd(lo, n int, length func(i int) int) int {
	total := length(lo)
	hi := lo + 1
	for hi < n && hi-lo < maxItems && total+length(hi) <= partBytes {
		total += length(hi)
		hi++
	}
	return hi
}

// verifyPart answers b; offset is its place in the caller's batch.
func (c *Client) verifyPart(ctx context.Context, b engine.Batch, offset int) ([]bool, error) {
	return ask(ctx, c, question[[]bool]{
		operation: opVerify,
		items:     len(b.Records),
		oversized: total(b.Messages) > maxBytes,
		sidecar: func(ctx context.Context) ([]bool, error) {
			reply, err := c.rpc.Verify(ctx, wire.EncodeVerify(b))
			if err != nil {
				return nil, err
			}
			return wire.DecodeVerdicts(reply, len(b.Records))
		},
		software: func(ctx context.Context) ([]bool, error) { return c.software.Verify(ctx, b) },
		recheck: func(ctx context.Context, verdicts []bool) error {
			return c.recheckVerdicts(ctx, b, verdicts, offset)
		},
	})
}

func (c *Client) recheckVerdicts(ctx context.Context, b engine.Batch, verdicts []bool, offset int) error {
	chosen := c.sample(len(verdicts))
	budget := falseRechecks
	for i, v := range verdicts {
		if !v && budget > 0 {
			chosen = append(chosen, i)
			budget--
		}
	}
	slices.Sort(chosen)
	chosen = slices.Compact(chosen)
	if len(chosen) == 0 {
		return nil
	}
	again := engine.Batch{Algorithm: b.Algorithm, Input: b.Input, UserID: b.UserID, Keys: b.Keys}
	for _, i := range chosen {
		again.Records = append(again.Records, b.Records[i])
		if b.Input == Messages {
			again.Messages = append(again.Messages, b.Messages[i])
		}
	}
	want, err := c.software.Verify(ctx, again)
	if err != nil {
		return err
	}
	for j, i := range chosen {
		if verdicts[i] != want[j] {
			return &DisagreementError{Operation: opVerify, Algorithm: b.Algorithm.String(), Item: offset + i}
		}
	}
	return nil
}

// Hash returns the digest of each message. The error is as with Verify.
func (c *Client) Hash(ctx context.Context, a HashAlgorithm, messages [][]byte) ([]Digest, error) {
	if err := checkHash(a); err != nil {
		return nil, err
	}
	digests := make([]Digest, 0, len(messages))
	length := func(i int) int { return len(messages[i]) }
	for lo := 0; lo < len(messages); {
		hi := partEnd(lo, len(messages), length)
		part, err := c.hashPart(ctx, a, messages[lo:hi], lo)
		if err != nil {
			return nil, err
		}
		digests = append(digests, part...)
		lo = hi
	}
	return digests, nil
}

func checkHash(a HashAlgorithm) error {
	if !a.Valid() {
		return fmt.Errorf("%w: unknown hash %v; use SM3 or SHA256", ErrInvalid, a)
	}
	return nil
}

func (c *Client) hashPart(ctx context.Context, a HashAlgorithm, messages [][]byte, offset int) ([]Digest, error) {
	return ask(ctx, c, question[[]Digest]{
		operation: opHash,
		items:     len(messages) / hashShare,
		oversized: total(messages) > maxBytes,
		sidecar: func(ctx context.Context) ([]Digest, error) {
			packed, lengths := wire.Pack(messages)
			reply, err := c.rpc.Hash(ctx, &accelpb.HashRequest{
				Algorithm: accelpb.HashAlgorithm(a), Messages: packed, Lengths: lengths,
			})
			if err != nil {
				return nil, err
			}
			return wire.DecodeDigests(reply.GetDigests(), len(messages))
		},
		software: func(ctx context.Context) ([]Digest, error) { return c.software.Hash(ctx, a, messages) },
		recheck: func(ctx context.Context, digests []Digest) error {
			return c.recheckDigests(ctx, a, messages, digests, offset)
		},
	})
}

func (c *Client) recheckDigests(
	ctx context.Context, a HashAlgorithm, messages [][]byte, digests []Digest, offset int,
) error {
	for _, i := range c.sample(len(digests)) {
		want, err := c.software.Hash(ctx, a, messages[i:i+1])
		if err != nil {
			return err
		}
		if digests[i] != want[0] {
			return &DisagreementError{Operation: opHash, Algorithm: a.String(), Item: offset + i}
		}
	}
	return nil
}

// MerkleRoot returns the root of the RFC 9162 tree over leaves: leaf hash
// H(0x00 || leaf), node hash H(0x01 || left || right), no leaves: H(""). Package
// merkle has proofs for it. The error is as with Verify.
func (c *Client) MerkleRoot(ctx context.Context, a HashAlgorithm, leaves [][]byte) (Digest, error) {
	if err := checkHash(a); err != nil {
		return Digest{}, err
	}
	software := func(ctx context.Context) (Digest, error) { return c.software.MerkleRoot(ctx, a, leaves) }
	return ask(ctx, c, question[Digest]{
		operation: opMerkleRoot,
		items:     2 * len(leaves) / hashShare,
		oversized: len(leaves) > maxLeaves || total(leaves) > maxBytes,
		sidecar: func(ctx context.Context) (Digest, error) {
			packed, lengths := wire.Pack(leaves)
			reply, err := c.rpc.MerkleRoot(ctx, &accelpb.MerkleRootRequest{
				Algorithm: accelpb.HashAlgorithm(a), Leaves: packed, Lengths: lengths,
			})
			if err != nil {
				return Digest{}, err
			}
			digests, err := wire.DecodeDigests(reply.GetRoot(), 1)
			if err != nil {
				return Digest{}, err
			}
			return digests[0], nil
		},
		software: software,
		recheck: func(ctx context.Context, root Digest) error {
			if len(c.sample(1)) == 0 {
				return nil
			}
			want, err := software(ctx)
			if err == nil && root != want {
				err = &DisagreementError{Operation: opMerkleRoot, Algorithm: a.String()}
			}
			return err
		},
	})
}

func total(messages [][]byte) int {
	n := 0
	for _, m := range messages {
		n += len(m)
	}
	return n
}
