package client

import (
	"context"
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
)

// Vouchers issues, reads and moves receivable vouchers. What circulates are
// their lots; see Lots.
type Vouchers struct{ Documents[voucher.Body] }

// NewVoucher is what a core enterprise decides when it issues a voucher on
// accepted invoices; everything else follows from them and the registry.
type NewVoucher struct {
	// Invoices back the voucher; all of one seller, to which it is offered.
	Invoices []trade.DocID
	// Number is the issuer's own.
	Number string
	// Units is the amount in minor units; by default all that is due.
	Units int64
	// Bank is the issuer's bank, Guarantor who guarantees, if anybody does.
	Bank      trade.PartyID
	Guarantor trade.PartyID
	// IssueDate is today's date, Due the day of maturity.
	IssueDate    trade.Date
	Due          trade.Date
	Recourse     bool
	Transferable bool
	// Contract is the contract of supply, Consent the agreement in which the
	// payee accepts payment by voucher.
	Contract string
	Consent  string
	// SmallPayee says that the payee is a small or medium-sized enterprise.
	SmallPayee bool
	// ReportReference is under which the issue was reported, if it was.
	ReportReference string
	// Deadline is until when the payee can accept.
	Deadline trade.Instant
}

// IssuedVoucher is a new voucher.
type IssuedVoucher struct {
	Receipt[trade.Header]
	// Remarks are what the payee should know of terms that are allowed; see
	// lot.RemarkLongTerm and lot.RemarkSmallPayee. The parties find them in the
	// document's note too.
	Remarks []string `json:"remarks,omitempty"`
}

// voucherDraft is a voucher whose salt is chosen: it stays the same over every
// repetition.
type voucherDraft struct {
	body    voucher.Body
	bodies  map[trade.DocID][]byte // of the invoices
	remarks []string
}

// Issue offers a voucher; the caller's party must be the buyer of the invoices.
func (s *Vouchers) Issue(ctx context.Context, n NewVoucher, options ...CallOption) (IssuedVoucher, error) {
	o := newCallOptions(options)
	if o.id == "" {
		o.id = s.c.NewDocID()
	}
	var out IssuedVoucher
	d, err := s.draft(ctx, n)
	if err != nil {
		return out, asPrepareFailure(err)
	}
	body, err := canon.Encode(d.body)
	if err != nil {
		return out, refuse(PhasePrepare, err)
	}
	build := func(ctx context.Context) (call, error) {
		orgs, err := s.c.organisations(ctx, d.body.Parties())
		if err != nil {
			return call{}, err
		}
		p := parcel{orgs: orgs, transient: map[string][]byte{transientBody + string(o.id): body}}
		for id, b := range d.bodies {
			p.transient[transientBody+string(id)] = b
		}
		return s.call("Issue", trade.Command{RequestID: o.requestID, ID: o.id}, p)
	}
	out.Receipt, err = s.send(ctx, build, o)
	out.Remarks = d.remarks
	return out, err
}

func (s *Vouchers) draft(ctx context.Context, n NewVoucher) (voucherDraft, error) {
	d := voucherDraft{bodies: map[trade.DocID][]byte{}}
	issuer, err := s.c.self(ctx)
	if err != nil {
		return d, err
	}
	d.body = voucher.Body{
		Contract: n.Contract, Consent: n.Consent, SmallPayee: n.SmallPayee, ReportReference: n.ReportReference,
		Deadline: n.Deadline, Units: n.Units,
		Terms: lot.Terms{
			Number: n.Number, Issuer: issuer, Bank: n.Bank, Guarantor: n.Guarantor, IssueDate: n.IssueDate, Due: n.Due,
			Recourse: n.Recourse, Transferable: n.Transferable,
		},
	}
	earliest, err := s.back(ctx, &d, n.Invoices)
	if err != nil {
		return d, err
	}
	limits, ref, err := s.c.Parameters.VoucherLimits(ctx, d.body.Terms.Currency, 0)
	if err != nil {
		return d, err
	}
	d.body.Terms.Limits = ref
	if d.body.Salt, err = s.c.salt(trade.Salt{}); err != nil {
		return d, err
	}
	if err := d.body.Validate(); err != nil {
		return d, err
	}
	if !n.SmallPayee {
		earliest = ""
	}
	d.remarks, err = limits.CheckTerm(d.body.Terms, earliest)
	return d, err
}

// back fills in what follows from the invoices, and returns the earliest date
// among them. It refuses those that an organisation of the voucher may not see.
func (s *Vouchers) back(ctx context.Context, d *voucherDraft, invoices []trade.DocID) (trade.Date, error) {
	var earliest trade.Date
	due := trade.Money{}
	invoices = slices.Clone(invoices)
	slices.Sort(invoices)
	for i, id := range invoices {
		inv, err := s.c.Invoices.Get(ctx, id)
		if err != nil {
			return "", err
		}
		if i == 0 {
			d.body.Payee, d.body.Terms.Currency = inv.Body.Seller.Party, inv.Body.Currency
			due.Currency = inv.Body.Currency
		}
		if due, err = due.Add(inv.Body.Due()); err != nil {
			return "", err
		}
		if earliest == "" || inv.Body.IssueDate < earliest {
			earliest = inv.Body.IssueDate
		}
		d.body.Invoices = append(d.body.Invoices, inv.Header.Reference())
		d.bodies[id] = inv.Bytes
		orgs, err := s.c.organisations(ctx, d.body.Parties())
		if err != nil {
			return "", err
		}
		for _, org := range orgs {
			if !holds(inv.Header.Parties, org) {
				return "", fault.New(fault.NotParty, "%s is not a party of the invoice and must not see it", org).
					WithDoc(string(id))
			}
		}
	}
	if d.body.Units == 0 {
		d.body.Units = due.AmountMinor
	}
	return earliest, nil
}

// AcceptedVoucher is a voucher in force and its first lot.
type AcceptedVoucher struct {
	Receipt[trade.Header]
	// Lot is the whole voucher in the payee's hands.
	Lot trade.DocID `json:"lot"`
}

// Accept accepts the voucher; the caller's party must be its payee.
func (s *Vouchers) Accept(ctx context.Context, id trade.DocID, options ...CallOption) (AcceptedVoucher, error) {
	var out AcceptedVoucher
	doc, err := s.Get(ctx, id)
	if err != nil {
		return out, err
	}
	limits, _, err := s.c.Parameters.VoucherLimits(ctx, doc.Body.Terms.Currency, doc.Body.Terms.Limits.Version)
	if err != nil {
		return out, err
	}
	made, err := s.c.newLots([]lot.Body{voucher.Whole(doc.Header, doc.Body, limits)})
	if err != nil {
		return out, refuse(PhasePrepare, err)
	}
	out.Lot = made.ids[0]
	out.Receipt, err = s.move(ctx, "Accept", id, step{bodies: made.bodies, options: options})
	return out, err
}

// Guarantee agrees to guarantee the voucher; the caller's party must be its
// guarantor.
func (s *Vouchers) Guarantee(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.move(ctx, "Guarantee", id, step{options: options})
}

// Decline refuses to guarantee the voucher.
func (s *Vouchers) Decline(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Decline", id, step{options: options})
}

// Reject refuses the voucher; the caller's party must be its payee.
func (s *Vouchers) Reject(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.move(ctx, "Reject", id, step{options: options})
}

// Withdraw takes back a voucher that is not accepted; the caller's party must
// be its issuer.
func (s *Vouchers) Withdraw(ctx context.Context, id trade.DocID, options ...CallOption) (
	Receipt[trade.Header], error,
) {
	return s.move(ctx, "Withdraw", id, step{options: options})
}

// Expire ends an offer after its deadline. Anybody may.
func (s *Vouchers) Expire(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.flip(ctx, "Expire", id, step{options: options})
}

// Close ends a voucher of which no unit is owed any more, and sets its invoices
// free or discharges them. Anybody may; see Lots.Close.
func (s *Vouchers) Close(ctx context.Context, id trade.DocID, options ...CallOption) (Receipt[trade.Header], error) {
	return s.flip(ctx, "Close", id, step{options: options})
}
