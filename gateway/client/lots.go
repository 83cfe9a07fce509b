package client

import (
	"context"

	"github.com/google/uuid"

	"github.com/argosy-trade/argosy/chaincode/domain/arrears"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Lots reads and moves the lots of receivable vouchers.
type Lots struct{ Documents[lot.Body] }

// madeLots are lots that a step makes: their ids in order, and their bodies.
type madeLots struct {
	ids    []trade.DocID
	bodies map[trade.DocID][]byte
}

// newLots chooses ids and salts for new lots, once for all repetitions.
func (c *Client) newLots(bodies []lot.Body) (madeLots, error) {
	out := madeLots{bodies: map[trade.DocID][]byte{}}
	for _, b := range bodies {
		var err error
		if b.Salt, err = c.salt(trade.Salt{}); err != nil {
			return out, err
		}
		id := c.NewDocID()
		if out.bodies[id], err = canon.Encode(b); err != nil {
			return out, err
		}
		out.ids = append(out.ids, id)
	}
	return out, nil
}

// DividedLot is a lot that has ended in favour of its parts.
type DividedLot struct {
	Receipt[trade.Header]
	// Parts are the parts, in the order of their units; empty when a payment was
	// for the whole lot.
	Parts []trade.DocID `json:"parts,omitempty"`
}

// Split divides a lot among parts of the given sizes in minor units, which add
// up to it; the caller's party must be its owner.
func (s *Lots) Split(ctx context.Context, id trade.DocID, sizes []int64, options ...CallOption) (DividedLot, error) {
	doc, err := s.Get(ctx, id)
	if err != nil {
		return DividedLot{}, err
	}
	parts, err := lot.Divide(doc.Body, sizes)
	if err != nil {
		return DividedLot{}, refuse(PhasePrepare, err)
	}
	made, err := s.c.newLots(parts)
	if err != nil {
		return DividedLot{}, refuse(PhasePrepare, err)
	}
	r, err := s.move(ctx, "Split", id, step{bodies: made.bodies, options: options})
	return DividedLot{r, made.ids}, err
}

// LotOffer is to whom a lot is offered, and why.
type LotOffer struct {
	To trade.PartyID
	// Reference is the contract or invoice under which the recipient supplied,
	// or the credit agreement with pledgee or financier.
	Reference string
	// Deadline is until when it can be accepted, at latest maturity.
	Deadline trade.Instant
}

// OfferedLot is a lot that waits while its successor is offered.
type OfferedLot struct {
	Receipt[trade.Header]
	// Successor is the lot that the other side accepts or rejects.
	Successor trade.DocID `json:"successor"`
}

// Transfer offers the lot to a new owner; the caller's party must own it.
func (s *Lots) Transfer(ctx context.Context, id trade.DocID, offer LotOffer, options ...CallOption) (
	OfferedLot, error,
) {
	return s.offer(ctx, "Transfer", id, offer, options)
}

// Pledge offers the lot to a creditor as security.
func (s *Lots) Pledge(ctx context.Context, id trade.DocID, offer LotOffer, options ...CallOption) (OfferedLot, error) {
	return s.offer(ctx, "Pledge", id, offer, options)
}

// AskFinance offers the lot to one bank.
func (s *Lots) AskFinance(ctx context.Context, id trade.DocID, offer LotOffer, options ...CallOption) (
	OfferedLot, error,
) {
	return s.offer(ctx, "AskFinance", id, offer, options)
}

func (s *Lots) offer(ctx context.Context, action string, id trade.DocID, offer LotOffer, options []CallOption) (
	OfferedLot, error,
) {
	var out OfferedLot
	doc, err := s.Get(ctx, id)
	if err != nil {
		return out, err
	}
	r := lot.Rights{Owner: doc.Body.Owner}
	switch action {
	case "Transfer":
		r.Owner = offer.To
	case "Pledge":
		r.Claim = lot.Claim{Kind: lot.ClaimPledge, Holder: offer.To}
	default:
		r.Claim = lot.Claim{Kind: lot.ClaimFinance, Holder: offer.To}
	}
	next := lot.Succession(doc.Header, doc.Body, r, lot.Offer{Reference: offer.Reference, Deadline: offer.Deadline})
	receipt, made, err := s.succeed(ctx, action, id, next, options)
	return OfferedLot{receipt, made}, err
}

// succeed takes a step that makes one lot.
func (s *Lots) succeed(ctx context.Context, action string, id trade.DocID, next lot.Body, options []CallOption) (
	Receipt[trade.Header], trade.DocID, error,
) {
	made, err := s.c.newLots([]lot.Body{next})
	if err != nil {
		return Receipt[trade.Header]{}, "", refuse(PhasePrepare, err)
	}
	orgs, err := s.c.organisations(ctx, next.Parties())
	if err != nil {
		return Receipt[trade.Header]{}, "", asPrepareFailure(err)
	}
	r, err := s.move(ctx, action, id, step{bodies: made.bodies, orgs: orgs, options: options})
	return r, made.ids[0], err
}

// along names the lots that move along with one when it takes the action.
func along(action string) func(trade.Header) []trade.DocID {
	return func(h trade.Header) []trade.DocID { return lot.Moves(h, action) }
}

// Accept takes over the lot that was transferred; the caller's party must be
// the new owner.
func (s *Lots) Accept(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Accept", id, step{moves: along(lot.Accept), options: options})
}

// TakeInPledge accepts the lot as security; the caller's party must be the
// pledgee.
func (s *Lots) TakeInPledge(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.move(ctx, "TakeInPledge", id, step{moves: along(lot.TakeInPledge), options: options})
}

// Financed is what a financier reports of its payment to the owner.
type Financed struct {
	// Status is ACSC or ACCC, Reference the financier's own.
	Status    string
	Reference string
	// RegistryNumber is under which the financing is registered at the
	// movable-asset registry.
	RegistryNumber string
}

// Finance reports that the financier has paid; the caller's party must be the
// bank that was asked.
func (s *Lots) Finance(ctx context.Context, id trade.DocID, f Financed, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	salt, err := s.c.salt(trade.Salt{})
	if err != nil {
		return Receipt[trade.Header]{}, refuse(PhasePrepare, err)
	}
	args := lot.FinancedArgs{Salt: salt, Status: f.Status, Reference: f.Reference, RegistryNumber: f.RegistryNumber}
	return s.move(ctx, "Finance", id, step{args: args, moves: along(lot.Finance), options: options})
}

// Reject refuses the lot that is offered; the caller's party must be to whom it
// is.
func (s *Lots) Reject(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Reject", id, step{moves: along(lot.Reject), options: options})
}

// Recall takes an offer back. id is the lot that waits, of which the caller's
// party must be the owner.
func (s *Lots) Recall(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Recall", id, step{moves: along(lot.Recall), options: options})
}

// Lapse ends the offer of a lot after its deadline. Anybody may.
func (s *Lots) Lapse(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.flip(ctx, "Lapse", id, step{moves: along(lot.Lapse), options: options})
}

// Release frees the lot from its pledge; the caller's party must be the pledgee.
// The successor is the owner's, without the pledge.
func (s *Lots) Release(ctx context.Context, id trade.DocID, options ...CallOption) (OfferedLot, error) {
	doc, err := s.Get(ctx, id)
	if err != nil {
		return OfferedLot{}, err
	}
	receipt, made, err := s.succeed(ctx, "Release", id, lot.Released(doc.Body), options)
	return OfferedLot{receipt, made}, err
}

// Order is what a court or regulator has ordered.
type Order struct {
	Office    string
	Reference string
}

// Freeze suspends the lot; the caller's party must be an authority. It need not
// be able to read the lot.
func (s *Lots) Freeze(ctx context.Context, id trade.DocID, order Order, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.order(ctx, "Freeze", id, order, options)
}

// Unfreeze lets the lot go on where it was; the caller's organisation must have
// frozen it.
func (s *Lots) Unfreeze(ctx context.Context, id trade.DocID, order Order, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.order(ctx, "Unfreeze", id, order, options)
}

func (s *Lots) order(ctx context.Context, action string, id trade.DocID, order Order, options []CallOption) (
	Receipt[trade.Header], error,
) {
	salt, err := s.c.salt(trade.Salt{})
	if err != nil {
		return Receipt[trade.Header]{}, refuse(PhasePrepare, err)
	}
	args := lot.OrderArgs{Salt: salt, Office: order.Office, Reference: order.Reference}
	return s.moveBlind(ctx, action, id, step{args: args, options: options})
}

// Mature records that the day of maturity has begun; any party may.
func (s *Lots) Mature(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Mature", id, step{options: options})
}

// PaidLot is what the issuer's bank reports of its payment to the payee.
type PaidLot struct {
	// AmountMinor is what was paid; 0 stands for the whole lot.
	AmountMinor int64
	// Status is ACSC or ACCC, Reference the bank's own.
	Status    string
	Reference string
	// UETR defaults to a random version 4 UUID.
	UETR string
}

// Pay records the payment; the caller's party must be the issuer's bank. A lot
// that is paid in part falls into what was paid and the rest.
func (s *Lots) Pay(ctx context.Context, id trade.DocID, p PaidLot, options ...CallOption) (DividedLot, error) {
	doc, err := s.Get(ctx, id)
	if err != nil {
		return DividedLot{}, err
	}
	a := lot.PaidArgs{AmountMinor: p.AmountMinor, Status: p.Status, Reference: p.Reference, UETR: p.UETR}
	if a.AmountMinor == 0 {
		a.AmountMinor = doc.Body.Units()
	}
	if a.UETR == "" {
		a.UETR = uuid.NewString()
	}
	if a.Salt, err = s.c.salt(trade.Salt{}); err != nil {
		return DividedLot{}, refuse(PhasePrepare, err)
	}
	var made madeLots
	if a.AmountMinor < doc.Body.Units() {
		parts, err := lot.PaidInPart(doc.Body, a.AmountMinor)
		if err != nil {
			return DividedLot{}, refuse(PhasePrepare, err)
		}
		if made, err = s.c.newLots(parts); err != nil {
			return DividedLot{}, refuse(PhasePrepare, err)
		}
	}
	r, err := s.move(ctx, "Pay", id, step{args: a, bodies: made.bodies, options: options})
	return DividedLot{r, made.ids}, err
}

// DefaultedLot is a lot that is overdue, and its issuer's place on the default
// list.
type DefaultedLot struct {
	Receipt[trade.Header]
	// Listed is nil when the list could not be told; ListFault says why. Anybody
	// may tell it again: Defaults.Report.
	Listed    *Receipt[[]arrears.Record] `json:"listed,omitempty"`
	ListFault *fault.Error               `json:"listFault,omitempty"`
}

// Default records that the lot is unpaid after the days of grace, which makes
// its issuer public, and tells the default list. Any party may.
func (s *Lots) Default(ctx context.Context, id trade.DocID, options ...CallOption) (DefaultedLot, error) {
	var out DefaultedLot
	var err error
	if out.Receipt, err = s.move(ctx, "Default", id, step{options: options}); err != nil {
		return out, err
	}
	listed, err := s.c.Defaults.Report(ctx, []trade.DocID{id})
	if err == nil {
		out.Listed = &listed
		return out, nil
	}
	if f, ok := fault.From(err); ok {
		out.ListFault = f
	}
	return out, nil
}

// Recourse records that the payee turns to former owners; the voucher must be
// with recourse.
func (s *Lots) Recourse(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Recourse", id, step{options: options})
}

// WriteOff records that the payee expects nothing more.
func (s *Lots) WriteOff(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "WriteOff", id, step{options: options})
}

// BuyBack cancels a lot that came home; the caller's party must be owner and
// issuer.
func (s *Lots) BuyBack(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "BuyBack", id, step{options: options})
}

// Close ends a lot whose successors have all ended. Anybody may; closing a
// voucher goes from its leaves to its root.
func (s *Lots) Close(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.flip(ctx, "Close", id, step{options: options})
}
