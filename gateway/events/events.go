// Package events follows the events of a chaincode: at least once, in the order
// of the channel, those of valid transactions only.
//
// A Sink says where to go on and remembers how far it came; effect and place
// belong into one durable step, or a crash between them repeats the effect. Run
// reconnects with back-off, to another peer if there is one, and starts again
// after the sink's position. A transaction that the sink cannot take holds the
// stream up until it can: nothing is skipped, so a sink that wants to set
// something aside must do so itself. Transactions whose event is not one of
// Argosy's are delivered without events, so that the place moves on.
package events

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
)

// eventName is the name of Argosy's one event per transaction.
const eventName = "argosy"

// Back-off between attempts to connect or to apply: short, because a peer is
// back two seconds after a crash.
const (
	backoffBase  = 100 * time.Millisecond
	backoffCap   = 5 * time.Second
	maxDoublings = 16
)

// Transaction is what one valid transaction did.
type Transaction struct {
	Block         uint64        `json:"block"`
	TransactionID string        `json:"transactionId"`
	Events        []trade.Event `json:"events"`
}

// Position is the place after the transaction.
func (t Transaction) Position() client.Position {
	return client.Position{Block: t.Block, TransactionID: t.TransactionID}
}

// Source is where events come from: *client.Client.
type Source interface {
	ChaincodeEvents(ctx context.Context, chaincode string, from client.Position) iter.Seq2[client.ChaincodeEvent, error]
}

// Sink takes transactions.
type Sink interface {
	// Position returns the place to go on from; the zero position begins with
	// the first block.
	Position(ctx context.Context) (client.Position, error)
	// Apply takes effect and remembers t.Position(), durably and together. An
	// error makes Run call it again with the same transaction after a pause.
	Apply(ctx context.Context, t Transaction) error
}

// Config says what to follow.
type Config struct {
	Source    Source
	Chaincode string
	Sink      Sink
	Logger    *slog.Logger
	// Backoff and BackoffCap shape the pauses after failures; 0 means 100 ms
	// and 5 s.
	Backoff, BackoffCap time.Duration
}

// Run follows the events until ctx ends, and then returns its error. It also
// returns when the sink's position is not on this ledger
// (client.ErrForeignPosition), which no repetition cures.
func Run(ctx context.Context, c Config) error {
	if c.Backoff <= 0 {
		c.Backoff = backoffBase
	}
	if c.BackoffCap <= 0 {
		c.BackoffCap = backoffCap
	}
	for failures := 0; ; failures++ {
		progressed, err := c.follow(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, client.ErrForeignPosition) {
			return err
		}
		if progressed {
			failures = 0
		}
		c.Logger.WarnContext(ctx, "event stream broken", slog.String("chaincode", c.Chaincode),
			slog.Int("failures", failures+1), slog.Any("error", err))
		if err := c.pause(ctx, failures); err != nil {
			return err
		}
	}
}

// follow reads one stream until it breaks, and reports whether anything was
// applied.
func (c Config) follow(ctx context.Context) (progressed bool, err error) {
	from, err := c.Sink.Position(ctx)
	if err != nil {
		return false, err
	}
	for e, err := range c.Source.ChaincodeEvents(ctx, c.Chaincode, from) {
		if err == nil {
			err = ctx.Err() // what has arrived is not begun once the caller wants to stop
		}
		if err != nil {
			return progressed, err
		}
		if err := c.apply(ctx, c.transaction(ctx, e)); err != nil {
			return progressed, err
		}
		progressed = true
	}
	return progressed, errors.New("the stream ended")
}

func (c Config) apply(ctx context.Context, t Transaction) error {
	for failures := 0; ; failures++ {
		err := c.Sink.Apply(ctx, t)
		if err == nil {
			return nil
		}
		c.Logger.ErrorContext(ctx, "transaction not applied", slog.String("tx", t.TransactionID),
			slog.Uint64("block", t.Block), slog.Int("failures", failures+1), slog.Any("error", err))
		if err := c.pause(ctx, failures); err != nil {
			return err
		}
	}
}

func (c Config) transaction(ctx context.Context, e client.ChaincodeEvent) Transaction {
	t := Transaction{Block: e.Block, TransactionID: e.TransactionID}
	if e.Name != eventName {
		return t
	}
	var envelope struct {
		Events []trade.Event `json:"events"`
	}
	if err := json.Unmarshal(e.Payload, &envelope); err != nil {
		c.Logger.WarnContext(ctx, "event not understood", slog.String("tx", e.TransactionID), slog.Any("error", err))
		return t
	}
	t.Events = envelope.Events
	return t
}

// pause waits with full jitter.
func (c Config) pause(ctx context.Context, failures int) error {
	bound := min(c.BackoffCap, c.Backoff<<min(failures, maxDoublings))
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(bound) + 1))) //nolint:gosec // jitter needs no secrecy
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
