package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// Timing bounds each phase of a call.
type Timing struct {
	// Evaluate bounds one query: it runs on one peer and reads few keys.
	Evaluate time.Duration
	// Endorse bounds one collection of endorsements: the slowest organisation
	// verifies the signatures of a full document in it.
	Endorse time.Duration
	// Submit bounds one hand-over to the ordering service.
	Submit time.Duration
	// CommitStatus bounds one wait for the block. A block is cut every few
	// hundred milliseconds; silence for longer means a lost leader, and the
	// same envelope is sent again.
	CommitStatus time.Duration
	// Outcome bounds all submissions and waits of one envelope together. A
	// BFT view change takes up to 14 s, so it is twice that.
	Outcome time.Duration
	// Backoff and BackoffCap shape the pauses between repetitions: a random
	// time below a bound that doubles from Backoff to BackoffCap.
	Backoff, BackoffCap time.Duration
	// Unavailable bounds the repetition of calls that nothing could answer, or
	// on which endorsers disagreed: a peer is back 2 s after a crash, gossip
	// membership after 6 s at worst, and a peer that lags catches up sooner.
	Unavailable time.Duration
}

// DefaultTiming suits a network of one region.
func DefaultTiming() Timing {
	return Timing{
		Evaluate:     5 * time.Second,
		Endorse:      15 * time.Second,
		Submit:       5 * time.Second,
		CommitStatus: 2 * time.Second,
		Outcome:      30 * time.Second,
		Unavailable:  8 * time.Second,
		Backoff:      50 * time.Millisecond,
		BackoffCap:   time.Second,
	}
}

// Bounds of repetition.
const (
	// maxConflicts bounds new proposals after read conflicts: with full jitter
	// eight tries get through where eight clients want the same document.
	maxConflicts = 8
	// maxDoublings keeps the doubling bound from overflowing.
	maxDoublings = 16
)

// pause waits for a random time between zero and an exponentially growing
// bound (full jitter), or until ctx ends.
func (t Timing) pause(ctx context.Context, attempt int) error {
	bound := t.BackoffCap
	if attempt < maxDoublings {
		bound = min(bound, t.Backoff<<attempt)
	}
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(max(bound, 1))))) //nolint:gosec // jitter needs no secrecy
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
