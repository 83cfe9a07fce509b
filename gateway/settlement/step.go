package settlement

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/events"
	"github.com/argosy-trade/argosy/gateway/iso20022"
)

// maxSteps bounds the steps of one instruction in one pass: its whole life has
// fewer.
const maxSteps = 8

// FileName returns the name of the instruction's pain.001 file: always the same
// for the same instruction.
func FileName(id trade.DocID) string { return "pain.001-" + iso20022.Reference(id) + ".xml" }

// Position implements events.Sink.
func (a *Agent) Position(ctx context.Context) (client.Position, error) { return a.Store.Position(ctx) }

var _ events.Sink = (*Agent)(nil)

// advance takes the instruction as far as it can go now. Each step reads the
// ledger again, so a step that was already taken, by whomever, is not repeated.
func (a *Agent) advance(ctx context.Context, id trade.DocID) error {
	for range maxSteps {
		in, err := a.Reader.Payment(ctx, id)
		switch code := fault.CodeOf(err); {
		case code == fault.DocNotFound, code == fault.PrivateRead, code == fault.DocInvalid:
			return a.Store.Forget(ctx, id) // another bank's business, or nobody's
		case err != nil:
			return err
		case in.Body.Bank != a.Bank:
			return a.Store.Forget(ctx, id)
		}
		again, err := a.step(ctx, in)
		if err != nil || !again {
			return err
		}
	}
	return fmt.Errorf("still moving after %d steps", maxSteps)
}

// step takes one step; again means that there may be another one now.
func (a *Agent) step(ctx context.Context, in Instruction) (again bool, err error) {
	switch in.Header.State {
	case payment.Held:
		return false, a.Store.Forget(ctx, in.Header.ID)
	case payment.Created:
		return a.authorise(ctx, in)
	case payment.Authorised:
		return a.send(ctx, in)
	case payment.Sent:
		return a.follow(ctx, in)
	case payment.Stopped, payment.Cancelled:
		if err := a.Files.Drop(FileName(in.Header.ID)); err != nil {
			return false, err
		}
		return false, a.done(ctx, in, Stopped)
	case payment.Settled:
		if err := a.Actor.Discharge(ctx, in.Body.Cause); err != nil && !settledBefore(err) {
			return false, err
		}
		return false, a.done(ctx, in, Settled)
	case payment.Rejected:
		return false, a.done(ctx, in, Rejected)
	default:
		return false, fmt.Errorf("state %s is not known", in.Header.State)
	}
}

// settledBefore reports that the cause cannot be discharged any more: somebody
// else did, or it is in dispute, which people must resolve.
func settledBefore(err error) bool { return fault.CodeOf(err) == fault.TransitionForbidden }

func (a *Agent) authorise(ctx context.Context, in Instruction) (bool, error) {
	limit, ok := a.Limits[in.Body.Amount.Currency]
	if !ok || in.Body.Amount.AmountMinor > limit {
		a.Logger.InfoContext(ctx, "waits for a person", slog.String("payment", string(in.Header.ID)))
		return false, a.done(ctx, in, Waiting)
	}
	if err := moved(a.Actor.Authorise(ctx, in)); err != nil {
		return false, err
	}
	a.steps.WithLabelValues("authorise").Inc()
	return true, nil
}

// moved passes over refusals that say that the instruction has moved on since
// it was read: the next reading shows where it is.
func moved(err error) error {
	switch code := fault.CodeOf(err); code {
	case fault.VersionStale, fault.TransitionForbidden:
		return nil
	default:
		return err
	}
}

func (a *Agent) send(ctx context.Context, in Instruction) (bool, error) {
	data, err := iso20022.WritePain001(iso20022.Instruction{
		ID: in.Header.ID, Body: in.Body, DueAt: in.Header.UpdatedAt,
	})
	if err != nil {
		// The chaincode has accepted what cannot be written: no repetition helps.
		a.Logger.ErrorContext(ctx, "cannot be written as pain.001", slog.String("payment", string(in.Header.ID)),
			slog.Any("error", err))
		return false, a.done(ctx, in, Attention)
	}
	if err := a.Store.Begin(ctx, in); err != nil {
		return false, err
	}
	if err := a.Files.Stage(FileName(in.Header.ID), data); err != nil {
		return false, err
	}
	err = a.Actor.Send(ctx, in, func(ctx context.Context, transactionID string) error {
		return a.Store.Remember(ctx, in.Header.ID, transactionID)
	})
	if err := moved(err); err != nil {
		return false, err
	}
	a.steps.WithLabelValues("send").Inc()
	return true, nil
}

// follow publishes the file of an instruction that this agent has sent, and
// concludes it once the engine has reported.
func (a *Agent) follow(ctx context.Context, in Instruction) (bool, error) {
	id := in.Header.ID
	state, err := a.Store.State(ctx, id)
	if err != nil {
		return false, err
	}
	if state == Staged {
		if err := a.publish(ctx, in); err != nil {
			return false, err
		}
		if state, err = a.Store.State(ctx, id); err != nil {
			return false, err
		}
	}
	report, reported, err := a.Store.Report(ctx, id)
	if err != nil {
		return false, err
	}
	if reported {
		if err := moved(a.Actor.Conclude(ctx, in, report)); err != nil {
			return false, err
		}
		a.steps.WithLabelValues("conclude").Inc()
		return true, nil
	}
	if state != Published {
		a.Logger.ErrorContext(ctx, "sent, but not by this agent: not handed to the payment engine",
			slog.String("payment", string(id)))
		return false, a.done(ctx, in, Attention)
	}
	return false, a.Store.Forget(ctx, id) // the report will bring it back
}

// publish gives the staged file to the engine, if the instruction was sent by a
// transaction of this agent.
func (a *Agent) publish(ctx context.Context, in Instruction) error {
	id := in.Header.ID
	by, err := a.Reader.SentBy(ctx, id)
	if err != nil {
		return err
	}
	ours, err := a.Store.Remembers(ctx, id, by)
	if err != nil {
		return err
	}
	if !ours {
		return errors.Join(a.Files.Drop(FileName(id)), a.Store.Set(ctx, in, Attention))
	}
	fresh, err := a.Files.Publish(FileName(id))
	if err != nil {
		return err
	}
	if !fresh {
		a.Logger.InfoContext(ctx, "the engine had the file before", slog.String("payment", string(id)))
	}
	a.steps.WithLabelValues("publish").Inc()
	return a.Store.Set(ctx, in, Published)
}

// done remembers where the instruction stands and that nothing is due for it.
func (a *Agent) done(ctx context.Context, in Instruction, s State) error {
	if err := a.Store.Set(ctx, in, s); err != nil {
		return err
	}
	return a.Store.Forget(ctx, in.Header.ID)
}
