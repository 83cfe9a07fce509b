// Package ledger is the relay's ledger over the SDK: claims to the registry,
// steps of undertakings, and the reads that they need.
//
// It adds no rules and no repetitions of its own; the SDK repeats what is safe
// within one call, the relay decides about the next one. Both find refusals by
// package fault.
package ledger

import (
	"context"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/oracle/relay"
	"github.com/argosy-trade/argosy/oracle/store"
)

// Ledger implements relay.Registry and relay.Documents.
type Ledger struct {
	client *client.Client
}

var (
	_ relay.Registry  = (*Ledger)(nil)
	_ relay.Documents = (*Ledger)(nil)
)

// New returns the ledger as the client sees it. The client's certificate needs
// the role relay.
func New(c *client.Client) *Ledger { return &Ledger{client: c} }

// Check reports whether the ledger answers. That something is not there yet,
// such as a constitution, is an answer.
func (l *Ledger) Check(ctx context.Context) error {
	err := l.client.Ready(ctx)
	if f, ok := fault.From(err); ok && f.Class() != fault.ClassUnavailable && f.Class() != fault.ClassUnknown {
		return nil
	}
	return err
}

// Policy returns the digest of the active policy of the fact type.
func (l *Ledger) Policy(ctx context.Context, factType string) (trade.Digest, error) {
	record, err := l.client.Policies.Get(ctx, factType)
	return record.Digest, err
}

// Report has the claim committed.
func (l *Ledger) Report(ctx context.Context, signed attest.SignedClaim, before relay.BeforeSubmit) (relay.Done, error) {
	receipt, err := l.client.Facts.Report(ctx, signed, client.BeforeSubmit(
		func(ctx context.Context, p client.Pending) error {
			return before(ctx, store.Transaction{ID: p.TransactionID, Envelope: p.Envelope})
		}))
	if err != nil {
		return relay.Done{}, err
	}
	return relay.Done{TxID: receipt.TransactionID, Block: receipt.Block}, nil
}

// Resume asks about a transaction, and sends it again if it is not known.
func (l *Ledger) Resume(ctx context.Context, tx store.Transaction) (relay.Done, error) {
	done, err := l.client.Resume(ctx, client.Pending{TransactionID: tx.ID, Envelope: tx.Envelope})
	if err != nil {
		return relay.Done{}, err
	}
	return relay.Done{TxID: done.TransactionID, Block: done.Block}, nil
}

// Waiting returns a page of the undertakings that wait for the subject.
func (l *Ledger) Waiting(ctx context.Context, subject trade.Digest, after string) ([]trade.DocID, string, error) {
	page, err := l.client.Undertakings.Waiting(ctx, subject, after)
	return page.IDs, page.Next, err
}

// Header returns the undertaking's header; one that is not valid is refused.
func (l *Ledger) Header(ctx context.Context, id trade.DocID) (trade.Header, error) {
	state, err := l.client.Undertakings.Header(ctx, id)
	if err != nil {
		return trade.Header{}, err
	}
	if !state.Valid {
		return trade.Header{}, fault.New(fault.DocInvalid, "not every party's organisation holds the body").
			WithDoc(string(id))
	}
	return state.Header, nil
}

// Fact returns what the registry holds of the condition.
func (l *Ledger) Fact(ctx context.Context, c trade.Condition) (trade.FactStatus, error) {
	fact, err := l.client.Facts.Get(ctx, c.Subject, c.Type)
	if fault.CodeOf(err) == fault.FactNotFound {
		return trade.FactStatus{State: trade.FactPending}, nil
	}
	return trade.FactStatus{State: fact.State, EstablishedAt: fact.EstablishedAt}, err
}

// Move takes the step at the version that the relay has read.
func (l *Ledger) Move(ctx context.Context, m relay.Move) error {
	step := l.client.Undertakings.Release
	if m.Action == undertaking.Stop {
		step = l.client.Undertakings.Stop
	}
	_, err := step(ctx, m.ID, client.AtVersion(m.Version), client.WithRequestID(m.RequestID))
	return err
}
