package client

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
)

// Invoices issues, reads and moves invoices.
type Invoices struct{ Documents[invoice.Body] }

// Issue creates an invoice; the caller's party must be its seller. A salt that
// is not set is chosen. The body is checked here first, so a wrong sum costs no
// round trip.
func (s *Invoices) Issue(ctx context.Context, body invoice.Body, options ...CallOption) (Receipt[trade.Header], error) {
	o := newCallOptions(options)
	if o.id == "" {
		o.id = s.c.NewDocID()
	}
	var err error
	if body.Salt, err = s.c.salt(body.Salt); err != nil {
		return Receipt[trade.Header]{}, refuse(PhasePrepare, err)
	}
	if err := body.Validate(); err != nil {
		return Receipt[trade.Header]{}, refuse(PhasePrepare, err)
	}
	encoded, err := canon.Encode(body)
	if err != nil {
		return Receipt[trade.Header]{}, refuse(PhasePrepare, err)
	}
	build := func(ctx context.Context) (call, error) {
		orgs, err := s.c.organisations(ctx, body.Parties())
		if err != nil {
			return call{}, err
		}
		return s.call("Issue", trade.Command{RequestID: o.requestID, ID: o.id}, parcel{
			transient: map[string][]byte{transientBody + string(o.id): encoded}, orgs: orgs,
		})
	}
	return s.send(ctx, build, o)
}

// Accept accepts the whole invoice; the caller's party must be its buyer.
func (s *Invoices) Accept(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Accept", id, step{options: options})
}

// Dispute refuses the invoice for a reason that only the parties see; the
// caller's party must be its buyer.
func (s *Invoices) Dispute(ctx context.Context, id trade.DocID, reason string, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	salt, err := s.c.salt(trade.Salt{})
	if err != nil {
		return Receipt[trade.Header]{}, refuse(PhasePrepare, err)
	}
	return s.move(ctx, "Dispute", id, step{args: invoice.DisputeArgs{Salt: salt, Reason: reason}, options: options})
}

// Withdraw takes the invoice back; the caller's party must be its seller.
func (s *Invoices) Withdraw(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.move(ctx, "Withdraw", id, step{options: options})
}

// Undertakings issues, reads and moves payment undertakings.
type Undertakings struct{ Documents[undertaking.Body] }

func newUndertakings(c *Client) *Undertakings {
	return &Undertakings{documents[undertaking.Body](c, undertaking.Kind, "Undertaking")}
}

// NewUndertaking is what a bank decides when it undertakes to pay an accepted
// invoice; everything else follows from the invoice and the registry.
type NewUndertaking struct {
	// Invoice is the accepted invoice that is to be paid.
	Invoice trade.DocID
	// Number is the bank's own reference.
	Number string
	// Amount defaults to the amount due on the invoice.
	Amount trade.Money
	// Deadline is by when the conditions must be established.
	Deadline trade.Instant
	// Conditions are the facts that release the payment.
	Conditions []undertaking.Condition
	// Debtor is the account that is charged. Party defaults to the bank
	// itself and Name to the party's name in the registry.
	Debtor payment.Account
	// Creditor is the seller's account. Party and Name default likewise.
	Creditor payment.Account
	// UETR defaults to a random version 4 UUID.
	UETR string
	// Remittance defaults to the invoice number.
	Remittance string
}

// IssuedUndertaking is a new undertaking and its payment instruction.
type IssuedUndertaking struct {
	Receipt[trade.Header]
	// Payment is the id of the instruction that was lodged with it.
	Payment trade.DocID `json:"payment"`
}

// Issue undertakes to pay; the caller's party must be a bank of an organisation
// that is a party of the invoice. The payment instruction is lodged with it and
// held until the release.
func (s *Undertakings) Issue(ctx context.Context, n NewUndertaking, options ...CallOption) (IssuedUndertaking, error) {
	o := newCallOptions(options)
	if o.id == "" {
		o.id = s.c.NewDocID()
	}
	out := IssuedUndertaking{Payment: payment.IDFor(o.id, 1)}
	d, err := s.draft(ctx, n, o.id)
	if err != nil {
		return out, asPrepareFailure(err)
	}
	build := func(ctx context.Context) (call, error) { return s.issueCall(ctx, d, o) }
	out.Receipt, err = s.send(ctx, build, o)
	return out, err
}

// draft is an undertaking whose salts and ids are chosen: it stays the same
// over every repetition.
type draft struct {
	body        undertaking.Body
	instruction payment.Body
}

func (s *Undertakings) draft(ctx context.Context, n NewUndertaking, id trade.DocID) (draft, error) {
	inv, err := s.c.Invoices.Get(ctx, n.Invoice)
	if err != nil {
		return draft{}, err
	}
	bank, err := s.c.self(ctx)
	if err != nil {
		return draft{}, err
	}
	if n.Amount == (trade.Money{}) {
		n.Amount = inv.Body.Due()
	}
	if n.Remittance == "" {
		n.Remittance = inv.Body.Number
	}
	if n.UETR == "" {
		n.UETR = uuid.NewString()
	}
	d := draft{
		body: undertaking.Body{
			Number: n.Number, Form: "URDTT", Obligor: bank, Applicant: inv.Body.Buyer.Party,
			Beneficiary: inv.Body.Seller.Party, Amount: n.Amount, Deadline: n.Deadline,
			Invoice: inv.Header.Reference(), Conditions: n.Conditions,
		},
		instruction: payment.Body{
			Cause: id, Bank: bank, Debtor: n.Debtor, Creditor: n.Creditor, Amount: n.Amount,
			UETR: n.UETR, Remittance: n.Remittance,
		},
	}
	if err := s.complete(ctx, &d.instruction.Debtor, bank); err != nil {
		return draft{}, err
	}
	if err := s.complete(ctx, &d.instruction.Creditor, inv.Body.Seller.Party); err != nil {
		return draft{}, err
	}
	if d.body.Salt, err = s.c.salt(trade.Salt{}); err != nil {
		return draft{}, err
	}
	if d.instruction.Salt, err = s.c.salt(trade.Salt{}); err != nil {
		return draft{}, err
	}
	return d, errors.Join(d.body.Validate(), d.instruction.Validate())
}

// complete fills in who holds the account.
func (s *Undertakings) complete(ctx context.Context, a *payment.Account, holder trade.PartyID) error {
	if a.Party == "" {
		a.Party = holder
	}
	if a.Name != "" {
		return nil
	}
	record, err := s.c.Parties.Get(ctx, a.Party)
	if err != nil {
		return err
	}
	a.Name = record.Name
	return nil
}

func (s *Undertakings) issueCall(ctx context.Context, d draft, o callOptions) (call, error) {
	inv, err := s.c.Invoices.Get(ctx, d.body.Invoice.ID)
	if err != nil {
		return call{}, err
	}
	body, err := canon.Encode(d.body)
	if err != nil {
		return call{}, err
	}
	instruction, err := canon.Encode(d.instruction)
	if err != nil {
		return call{}, err
	}
	ids, err := undertaking.Parties(body)
	if err != nil {
		return call{}, err
	}
	orgs, err := s.c.organisations(ctx, ids)
	if err != nil {
		return call{}, err
	}
	for _, org := range orgs {
		if !holds(inv.Header.Parties, org) {
			return call{}, fault.New(fault.NotParty, "%s is not a party of the invoice and must not see it", org).
				WithDoc(string(inv.Header.ID))
		}
	}
	transient := map[string][]byte{
		transientBody + string(o.id):                   body,
		transientBody + string(payment.IDFor(o.id, 1)): instruction,
		transientBody + string(inv.Header.ID):          inv.Bytes,
	}
	return s.call("Issue", trade.Command{RequestID: o.requestID, ID: o.id}, parcel{transient: transient, orgs: orgs})
}

// AcceptedUndertaking is an acceptance and, when every condition was already an
// established fact, the release that followed at once.
type AcceptedUndertaking struct {
	Receipt[trade.Header]
	// Released is nil when the undertaking still waits.
	Released *Receipt[trade.Header] `json:"released,omitempty"`
	// ReleaseFault says why it was not released; CONDITION_UNMET is the usual
	// case. The oracle relay will release it when the facts are there.
	ReleaseFault *fault.Error `json:"releaseFault,omitempty"`
}

// Accept accepts the undertaking; the caller's party must be its beneficiary.
// Facts may have come before the acceptance, so a release is tried once.
func (s *Undertakings) Accept(ctx context.Context, id trade.DocID, options ...CallOption) (AcceptedUndertaking, error) {
	var out AcceptedUndertaking
	var err error
	if out.Receipt, err = s.move(ctx, "Accept", id, step{options: options}); err != nil {
		return out, err
	}
	released, err := s.Release(ctx, id)
	if err == nil {
		out.Released = &released
		return out, nil
	}
	if f, ok := fault.From(err); ok {
		out.ReleaseFault = f
	}
	return out, nil
}

// Reject refuses the undertaking; the caller's party must be its beneficiary.
func (s *Undertakings) Reject(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.move(ctx, "Reject", id, step{options: options})
}

// Release makes the undertaking payable if every condition is an established
// fact (else CONDITION_UNMET). Anybody may; releasing twice changes nothing.
func (s *Undertakings) Release(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.flip(ctx, "Release", id, step{options: options})
}

// Stop holds the payment back, or opens a dispute when it has left the bank, if
// a condition is no longer an established fact. Anybody may.
func (s *Undertakings) Stop(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.flip(ctx, "Stop", id, step{options: options})
}

// Discharge marks the undertaking paid if its payment is settled. Anybody may.
func (s *Undertakings) Discharge(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.flip(ctx, "Discharge", id, step{options: options})
}

// Expire ends the undertaking if its deadline has passed. Anybody may.
func (s *Undertakings) Expire(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.flip(ctx, "Expire", id, step{options: options})
}

// WaitingPage is one page of the ids of documents that wait for a subject.
type WaitingPage struct {
	IDs  []trade.DocID `json:"ids"`
	Next string        `json:"next,omitempty"`
}

// Waiting lists undertakings whose release conditions name the subject; after
// is the Next of the page before. The ids are hints: check each header.
func (s *Undertakings) Waiting(ctx context.Context, subject trade.Digest, after string) (WaitingPage, error) {
	return evaluate[WaitingPage](ctx, s.c, s.c.profile.Chaincodes.Trade, "Undertaking:Waiting", struct {
		Subject trade.Digest `json:"subject"`
		After   string       `json:"after,omitempty"`
		Limit   int          `json:"limit"`
	}{subject, after, maxPage})
}

// Payments reads and moves payment instructions.
type Payments struct{ Documents[payment.Body] }

// Authorise authorises the instruction; the caller's party must be its bank.
func (s *Payments) Authorise(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.move(ctx, "Authorise", id, step{options: options})
}

// Send records that the instruction has left the bank, after which it cannot be
// stopped on the ledger.
func (s *Payments) Send(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Send", id, step{options: options})
}

// Report is what the bank's payment engine reports of an instruction.
type Report struct {
	// Status is ACSC or ACCC for a settlement, RJCT for a rejection.
	Status string
	// Reason is the ISO 20022 reason code of a rejection.
	Reason string
	// Reference is the bank's own reference.
	Reference string
}

// Settle records the bank's report that the instruction is settled. The cause
// is discharged by a transaction of its own; see Undertakings.Discharge.
func (s *Payments) Settle(ctx context.Context, id trade.DocID, r Report, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.report(ctx, "Settle", id, r, options)
}

// Reject records the bank's report that the instruction is rejected.
func (s *Payments) Reject(ctx context.Context, id trade.DocID, r Report, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.report(ctx, "Reject", id, r, options)
}

func (s *Payments) report(ctx context.Context, action string, id trade.DocID, r Report, options []CallOption) (
	Receipt[trade.Header], error,
) {
	salt, err := s.c.salt(trade.Salt{})
	if err != nil {
		return Receipt[trade.Header]{}, refuse(PhasePrepare, err)
	}
	args := payment.ReportArgs{Salt: salt, Status: r.Status, Reason: r.Reason, Reference: r.Reference}
	return s.move(ctx, action, id, step{args: args, options: options})
}

// self returns the party that the client acts for.
func (c *Client) self(ctx context.Context) (trade.PartyID, error) {
	if c.profile.Company != "" {
		return c.profile.Company, nil
	}
	record, err := c.Parties.Mine(ctx)
	return record.ID, err
}

func holds(orgs []trade.MSPID, org trade.MSPID) bool {
	for _, o := range orgs {
		if o == org {
			return true
		}
	}
	return false
}
