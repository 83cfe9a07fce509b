package client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/accelsvc/wire"
)

// Why software answered although a sidecar is configured.
const (
	reasonUnavailable = "unavailable"      // not running, killed, or not ready
	reasonTimeout     = "timeout"          // slower than its limit
	reasonBusy        = "busy"             // refused for load or size
	reasonRefused     = "refused"          // refused the request's form: another version
	reasonMalformed   = "malformed_answer" // answered with what cannot be an answer
	reasonFailed      = "failed"           // any other error of the call
	reasonBreaker     = "breaker_open"     // left alone after failures
	reasonDistrusted  = "distrusted"       // out of use after a disagreement
	reasonOversized   = "oversized"        // too large for one call and not divisible
)

var reasons = []string{
	reasonUnavailable, reasonTimeout, reasonBusy, reasonRefused, reasonMalformed,
	reasonFailed, reasonBreaker, reasonDistrusted, reasonOversized,
}

// Errors that say nothing about the sidecar's health.
var (
	// errCallerEnded marks a call that ended because its caller's context did.
	errCallerEnded = errors.New("the caller gave up")
	// errHurried marks a call that had less than its usual time.
	errHurried = errors.New("the caller had little time left")
)

// question is one call with both ways of answering it.
type question[T any] struct {
	operation string
	items     int  // signatures, or hashes in units of hashShare
	oversized bool // not for the sidecar
	sidecar   func(ctx context.Context) (T, error)
	software  func(ctx context.Context) (T, error)
	// recheck computes a sample of the sidecar's answer in software; it returns a
	// *DisagreementError if they differ.
	recheck func(ctx context.Context, answer T) error
}

// ask answers q by the sidecar if that works, else by software.
func ask[T any](ctx context.Context, c *Client, q question[T]) (T, error) {
	var none T
	if c.conn != nil {
		answer, err := askSidecar(ctx, c, q)
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return none, fmt.Errorf("accelerator: %w", ctx.Err())
		}
		var wrong *DisagreementError
		if errors.As(err, &wrong) {
			c.distrust(wrong)
			return none, err
		}
		c.metrics.fallback.WithLabelValues(reasonOf(err)).Inc()
		c.log.Debug("accelerator: software answers", "op", q.operation, "reason", reasonOf(err), "error", err)
	}
	timer := prometheus.NewTimer(c.metrics.seconds.WithLabelValues(q.operation, pathSoftware))
	answer, err := q.software(ctx)
	if err != nil {
		return none, fmt.Errorf("accelerator: %w", err)
	}
	timer.ObserveDuration()
	c.metrics.calls.WithLabelValues(q.operation, pathSoftware).Inc()
	return answer, nil
}

var (
	errDistrusted = errors.New("the sidecar is out of use after a disagreement")
	errOversized  = errors.New("too large for one call")
)

// askSidecar returns an answer that has passed its re-check.
func askSidecar[T any](ctx context.Context, c *Client, q question[T]) (answer T, err error) {
	if q.oversized {
		return answer, errOversized
	}
	if c.distrusted.Load() {
		return answer, errDistrusted
	}
	timer := prometheus.NewTimer(c.metrics.seconds.WithLabelValues(q.operation, pathSidecar))
	_, err = c.breaker.Execute(func() (struct{}, error) {
		limit, hurried := c.limit(ctx, q.items)
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		var err error
		answer, err = q.sidecar(limited)
		switch {
		case err != nil && ctx.Err() != nil:
			err = errCallerEnded
		case hurried && status.Code(err) == codes.DeadlineExceeded:
			err = fmt.Errorf("%w: %w", errHurried, err)
		}
		return struct{}{}, err
	})
	if err != nil {
		return answer, err
	}
	if c.distrusted.Load() { // another call found it out meanwhile
		return answer, errDistrusted
	}
	if err := q.recheck(ctx, answer); err != nil {
		return answer, err
	}
	timer.ObserveDuration()
	c.metrics.calls.WithLabelValues(q.operation, pathSidecar).Inc()
	return answer, nil
}

// limit is the sidecar's time for a call: at most half of what the caller has
// left, so that software can still answer. Hurried says that this made it shorter.
func (c *Client) limit(ctx context.Context, items int) (d time.Duration, hurried bool) {
	d = c.callTimeout + time.Duration(items)*c.itemTimeout
	if deadline, ok := ctx.Deadline(); ok {
		if half := time.Until(deadline) / 2; half < d {
			return half, true
		}
	}
	return d, false
}

// alive says whether err is a refusal by a sidecar that works.
func alive(err error) bool {
	r := reasonOf(err)
	return r == reasonBusy || r == reasonRefused
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, errDistrusted):
		return reasonDistrusted
	case errors.Is(err, errOversized):
		return reasonOversized
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return reasonBreaker
	case errors.Is(err, wire.ErrMalformed):
		return reasonMalformed
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled:
		return reasonUnavailable
	case codes.DeadlineExceeded:
		return reasonTimeout
	case codes.ResourceExhausted:
		return reasonBusy
	case codes.InvalidArgument, codes.FailedPrecondition, codes.Unimplemented:
		return reasonRefused
	default:
		return reasonFailed
	}
}

// sample returns the positions below n to compute again. If there is no
// randomness, that is all of them.
func (c *Client) sample(n int) []int {
	if c.threshold == 0 || n == 0 {
		return nil
	}
	dice := make([]byte, 4*n)
	if _, err := io.ReadFull(c.random, dice); err != nil {
		clear(dice)
	}
	var out []int
	for i := range n {
		if uint64(binary.BigEndian.Uint32(dice[4*i:])) < c.threshold {
			out = append(out, i)
		}
	}
	return out
}
