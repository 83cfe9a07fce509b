// Package relay brings claims to the ledger and moves the documents that wait
// for them.
//
// It takes reports from the outbox, signs each with its source's key under the
// policy that is in force, and has it committed: in order within one fact key,
// side by side across keys, never more than a bounded number at once. What a
// refusal's class allows is repeated with full jitter: with a new proposal, or
// by asking about the same transaction when its outcome is not known. What
// cannot be repeated, or was refused too often, becomes a dead letter.
//
// After a claim is committed the documents that wait for its subject are looked
// for, at once and then again at growing intervals, because a document may come
// later than its fact. Each is moved by a transaction of its own; one that fails
// delays only itself.
//
// The relay is not trusted: claims carry the source's signature, and the ledger
// decides by itself what they amount to and which document may move.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/store"
)

// Registry is the part of the ledger that takes claims. Its errors carry a
// fault where the ledger gave one.
type Registry interface {
	// Policy returns the digest of the policy in force for the fact type.
	Policy(ctx context.Context, factType string) (trade.Digest, error)
	// Report has the claim committed. It calls beforeSubmit with every
	// transaction before that is sent, and sends nothing when that fails.
	Report(ctx context.Context, signed attest.SignedClaim, beforeSubmit BeforeSubmit) (Done, error)
	// Resume finds out what became of a transaction that may have been sent, and
	// sends it again if need be; that is harmless.
	Resume(ctx context.Context, tx store.Transaction) (Done, error)
}

// BeforeSubmit stores a transaction before it is sent.
type BeforeSubmit func(ctx context.Context, tx store.Transaction) error

// Done says how a claim came to be on the ledger.
type Done struct {
	// TxID is empty when the ledger had the claim already.
	TxID  string
	Block uint64
}

// Signer signs claims of one source.
type Signer interface {
	Sign(claim attest.Claim) (attest.SignedClaim, error)
}

// Timing holds the relay's intervals and bounds. A zero field means the default.
type Timing struct {
	// InFlight bounds reports under way. The peer's gateway takes 500 at once
	// from all its clients; default 32.
	InFlight int
	// Moves bounds document moves under way; default 16.
	Moves int
	// Base and Cap bound the back-off of a repetition; default 500 ms, 1 min.
	Base, Cap time.Duration
	// MaxRefusals makes a dead letter; default 20, which with the default
	// back-off is about a quarter of an hour.
	MaxRefusals int
	// SweepEvery is the first interval between two looks at a subject, doubled
	// up to SweepCap; default 15 s and 6 h. A party's own client releases what it
	// accepts, so later looks only catch what that missed.
	SweepEvery, SweepCap time.Duration
	// MoveCap bounds the back-off of a document that could not be moved; default
	// 10 min.
	MoveCap time.Duration
	// WatchFor is how long a subject is looked at after its last claim; default
	// 400 days, longer than any undertaking of a trade runs.
	WatchFor time.Duration
	// Poll bounds how long the relay waits without looking at the outbox;
	// another process may have replayed a dead letter. Default 2 s.
	Poll time.Duration
	// PolicyAge is how long a policy's digest is believed; default 30 s.
	PolicyAge time.Duration
	// Attempt bounds one exchange with the ledger; default 45 s, longer than
	// the client's own repetitions take.
	Attempt time.Duration
}

func (t Timing) withDefaults() Timing {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if t.InFlight <= 0 {
		t.InFlight = 32
	}
	if t.Moves <= 0 {
		t.Moves = 16
	}
	if t.MaxRefusals <= 0 {
		t.MaxRefusals = 20
	}
	set(&t.Base, 500*time.Millisecond)
	set(&t.Cap, time.Minute)
	set(&t.SweepEvery, 15*time.Second)
	set(&t.SweepCap, 6*time.Hour)
	set(&t.MoveCap, 10*time.Minute)
	set(&t.WatchFor, 400*24*time.Hour)
	set(&t.Poll, 2*time.Second)
	set(&t.PolicyAge, 30*time.Second)
	set(&t.Attempt, 45*time.Second)
	return t
}

// Config is what a Relay needs.
type Config struct {
	Store     *store.Store
	Registry  Registry
	Documents Documents
	// Signers by source; a report of a source without one becomes a dead letter.
	Signers map[attest.SourceID]Signer
	// Channel is the channel that claims are signed for.
	Channel string
	Timing  Timing
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

// Relay brings claims to the ledger. Make one with New.
type Relay struct {
	Config
	met      metrics
	kick     chan struct{}
	mu       sync.Mutex
	policies map[string]policy
	moving   map[trade.DocID]bool
}

// New returns a relay; it registers its metrics and does nothing else.
func New(c Config) *Relay {
	c.Timing = c.Timing.withDefaults()
	return &Relay{
		Config: c, met: newMetrics(c.Metrics), kick: make(chan struct{}, 1), policies: map[string]policy{},
		moving: map[trade.DocID]bool{},
	}
}

// Run works until ctx ends. The caller holds the store's lock.
func (r *Relay) Run(ctx context.Context) error {
	if err := r.Store.Recover(ctx); err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.deliver(ctx) })
	g.Go(func() error { return r.sweep(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("relay: %w", err)
	}
	return nil
}

func (r *Relay) now() trade.Instant { return trade.InstantOf(r.Now()) }

// deliver keeps as many reports under way as are due and allowed.
func (r *Relay) deliver(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	active := 0
	finished := make(chan struct{}, r.Timing.InFlight)
	for {
		if free := r.Timing.InFlight - active; free > 0 {
			reports, err := r.Store.Lease(ctx, r.now(), free)
			if err != nil {
				return err
			}
			for _, rep := range reports {
				active++
				workers.Go(func() {
					r.report(ctx, rep)
					finished <- struct{}{}
				})
			}
		}
		wait, err := r.untilDue(ctx, active)
		if err != nil {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-r.Store.Fresh():
		case <-finished:
			active--
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// untilDue returns how long nothing is due, at most Poll.
func (r *Relay) untilDue(ctx context.Context, active int) (time.Duration, error) {
	at, some, err := r.Store.NextDue(ctx)
	if err != nil {
		return 0, err
	}
	wait := r.Timing.Poll
	if some {
		wait = min(wait, time.Duration(at-r.now())*time.Millisecond)
	}
	// What is due but was not leased waits for one that is under way, whose end
	// wakes the loop.
	if wait <= 0 && active > 0 {
		wait = r.Timing.Poll
	}
	return max(wait, time.Millisecond), nil
}

// delay returns the time to the next of attempts repetitions: anything up to a
// bound that doubles each time (full jitter), so that many that failed together
// do not come back together.
func delay(base, most time.Duration, attempts int) time.Duration {
	bound := base
	for range min(attempts, 30) {
		if bound *= 2; bound >= most {
			bound = most
			break
		}
	}
	b := backoff.ExponentialBackOff{InitialInterval: bound / 2, RandomizationFactor: 1, Multiplier: 1, MaxInterval: most}
	return b.NextBackOff()
}
