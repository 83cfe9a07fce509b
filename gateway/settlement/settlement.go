// Package settlement is a bank's agent between the ledger's payment
// instructions and its payment engine.
//
// For each instruction that the ledger sets free and that names the agent's
// bank, it authorises (up to a limit per currency; above it a person does),
// hands the payment engine one pain.001 file and records SENT; it reads the
// engine's status reports and records SETTLED or REJECTED. It never decides by
// itself that money has moved.
//
// The order of steps, so that no crash and no stop on the ledger ever makes a
// payment twice, or makes one that was stopped:
//
//  1. CREATED: Authorise on the ledger.
//  2. AUTHORISED: stage the file, durably, where the engine does not look. If
//     the disk is full, this is where it shows.
//  3. Remember the transaction's id, durably, then Send on the ledger. If the
//     instruction was stopped meanwhile, Send is refused and the staged file is
//     taken away: the point of no return is the ledger's, not the agent's.
//  4. SENT, by a transaction that the agent remembers: rename the staged file
//     into the engine's folder. A crash before the rename finds the file still
//     staged; after it, finds none and knows that the engine has it. The engine
//     may take the file away at any time: it is never written again.
//  5. The engine's report: Settle or Reject, then Discharge the undertaking.
//
// An instruction that was sent by anybody else (a person, a second agent, an
// agent whose database is lost) is never handed to the engine: it is shown as
// needing attention.
package settlement

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/events"
	"github.com/argosy-trade/argosy/gateway/iso20022"
)

// Reader is what the agent asks of the ledger.
type Reader interface {
	// Payment returns the instruction with its body.
	Payment(ctx context.Context, id trade.DocID) (Instruction, error)
	// SentBy returns the id of the transaction that sent the instruction.
	SentBy(ctx context.Context, id trade.DocID) (string, error)
}

// Actor is what the agent does on the ledger. Each step applies to the version
// that was read.
type Actor interface {
	Authorise(ctx context.Context, in Instruction) error
	// Send calls remember with the transaction's id before it is handed over;
	// if that fails, nothing is sent.
	Send(ctx context.Context, in Instruction, remember func(context.Context, string) error) error
	// Conclude records the engine's report.
	Conclude(ctx context.Context, in Instruction, r iso20022.Report) error
	// Discharge closes the instruction's cause once it is settled.
	Discharge(ctx context.Context, cause trade.DocID) error
}

// Files is the way to the payment engine.
type Files interface {
	// Stage writes the file where the engine does not look.
	Stage(name string, data []byte) error
	// Publish moves a staged file to the engine; false means that it was not
	// staged any more.
	Publish(name string) (bool, error)
	// Drop takes a staged file away; one that is not there is no error.
	Drop(name string) error
}

// Instruction is a payment instruction with its public part.
type Instruction struct {
	Header trade.Header
	Body   payment.Body
}

// Config is what an agent works with.
type Config struct {
	// Bank is the party for which the agent acts.
	Bank trade.PartyID
	// Limits holds, per currency, the amount in minor units up to which an
	// instruction is authorised without a person. A currency that is not named
	// always waits for one.
	Limits map[string]int64
	Reader Reader
	Actor  Actor
	Files  Files
	Store  *Store
	Inbox  Inbox
	// Events follows the ledger; its Sink is set by the agent.
	Events events.Config
	Logger *slog.Logger
	// Metrics takes the agent's counters.
	Metrics prometheus.Registerer
	// Poll is how often the folder of reports and postponed work are looked
	// at.
	Poll time.Duration
	// Now is the clock; it only postpones repetitions.
	Now func() time.Time
}

// Agent carries out payment instructions.
type Agent struct {
	Config
	steps *prometheus.CounterVec
	wake  chan struct{}
}

// New returns an agent. It does no I/O; Run does.
func New(c Config) (*Agent, error) {
	if err := c.Bank.Validate(); err != nil {
		return nil, fmt.Errorf("bank: %w", err)
	}
	for currency, limit := range c.Limits {
		if limit < 0 {
			return nil, fmt.Errorf("limits: %s is negative", currency)
		}
	}
	a := &Agent{
		Config: c, wake: make(chan struct{}, 1),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "argosy_settlement_steps_total", Help: "Steps taken on payment instructions, by step.",
		}, []string{"step"}),
	}
	states := prometheus.NewDesc("argosy_settlement_instructions", "Instructions known to the agent, by state.",
		[]string{"state"}, nil)
	for _, collector := range []prometheus.Collector{a.steps, stateCollector{c.Store, states}} {
		if err := c.Metrics.Register(collector); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Run works until ctx ends.
func (a *Agent) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		c := a.Events
		c.Sink = a
		return events.Run(ctx, c)
	})
	group.Go(func() error { return a.work(ctx) })
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// work does what is due, whenever there is news and at every poll.
func (a *Agent) work(ctx context.Context) error {
	ticker := time.NewTicker(a.Poll)
	defer ticker.Stop()
	for {
		if err := a.Pass(ctx); err != nil {
			a.Logger.ErrorContext(ctx, "pass failed", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case <-a.wake:
		}
	}
}

// Pass takes in the reports that have come and does all work that is due.
// Instructions that fail are postponed and do not hold up others.
func (a *Agent) Pass(ctx context.Context) error {
	inboxErr := a.takeReports(ctx)
	due, err := a.Store.Due(ctx, trade.InstantOf(a.Now()))
	if err != nil {
		return errors.Join(inboxErr, err)
	}
	for _, id := range due {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.advance(ctx, id); err != nil {
			a.Logger.WarnContext(ctx, "postponed", slog.String("payment", string(id)), slog.Any("error", err))
			if err := a.Store.Postpone(ctx, id, trade.InstantOf(a.Now())); err != nil {
				return errors.Join(inboxErr, err)
			}
		}
	}
	return inboxErr
}

// Apply takes the ledger's news: it remembers which instructions moved, and the
// place, in one step. It implements events.Sink.
func (a *Agent) Apply(ctx context.Context, t events.Transaction) error {
	var moved []trade.DocID
	for _, e := range t.Events {
		switch e.Kind {
		case payment.Kind:
			moved = append(moved, e.ID)
		case undertaking.Kind:
			// The event of a cause may stand for its instruction's step too.
			moved = append(moved, payment.IDFor(e.ID, 1))
		}
	}
	if err := a.Store.Moved(ctx, moved, t.Position()); err != nil {
		return err
	}
	if len(moved) > 0 {
		select {
		case a.wake <- struct{}{}:
		default: // the worker is about to look anyway
		}
	}
	return nil
}
