package settlement

import (
	"context"
	"fmt"

	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/iso20022"
)

// Ledger is the SDK as the agent's Reader and Actor.
type Ledger struct{ Client *client.Client }

var (
	_ Reader = Ledger{}
	_ Actor  = Ledger{}
)

// Payment implements Reader.
func (l Ledger) Payment(ctx context.Context, id trade.DocID) (Instruction, error) {
	doc, err := l.Client.Payments.Get(ctx, id)
	return Instruction{Header: doc.Header, Body: doc.Body}, err
}

// SentBy implements Reader.
func (l Ledger) SentBy(ctx context.Context, id trade.DocID) (string, error) {
	history, err := l.Client.Payments.History(ctx, id)
	if err != nil {
		return "", err
	}
	for _, change := range history {
		if change.Header != nil && change.Header.State == payment.Sent {
			return change.TransactionID, nil
		}
	}
	return "", fmt.Errorf("the history of %s has no step to %s", id, payment.Sent)
}

// Authorise implements Actor.
func (l Ledger) Authorise(ctx context.Context, in Instruction) error {
	_, err := l.Client.Payments.Authorise(ctx, in.Header.ID, client.AtVersion(in.Header.Version))
	return err
}

// Send implements Actor.
func (l Ledger) Send(ctx context.Context, in Instruction, remember func(context.Context, string) error) error {
	_, err := l.Client.Payments.Send(ctx, in.Header.ID, client.AtVersion(in.Header.Version),
		client.BeforeSubmit(func(ctx context.Context, p client.Pending) error { return remember(ctx, p.TransactionID) }))
	return err
}

// Conclude implements Actor.
func (l Ledger) Conclude(ctx context.Context, in Instruction, r iso20022.Report) error {
	report := client.Report{Status: string(r.Status), Reason: r.Reason, Reference: r.Reference}
	conclude := l.Client.Payments.Settle
	if r.Status == iso20022.Rejected {
		conclude = l.Client.Payments.Reject
	} else {
		report.Reason = ""
	}
	_, err := conclude(ctx, in.Header.ID, report, client.AtVersion(in.Header.Version))
	return err
}

// Discharge implements Actor.
func (l Ledger) Discharge(ctx context.Context, cause trade.DocID) error {
	_, err := l.Client.Undertakings.Discharge(ctx, cause)
	return err
}
