package undertaking

import (
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// The states of an undertaking.
const (
	Issued   = "ISSUED"
	Accepted = "ACCEPTED"
	Rejected = "REJECTED"
	Payable  = "PAYABLE"
	Stopped  = "STOPPED"
	Paid     = "PAID"
	Disputed = "DISPUTED"
	Expired  = "EXPIRED"
)

// The actions on an undertaking. Contest is never asked for by name: Stop
// becomes Contest when the payment has already left the bank.
const (
	Issue     = "ISSUE"
	Accept    = "ACCEPT"
	Reject    = "REJECT"
	Release   = "RELEASE"
	Stop      = "STOP"
	Contest   = "CONTEST"
	Discharge = "DISCHARGE"
	Expire    = "EXPIRE"
)

const (
	obligor     = "obligor"
	beneficiary = "beneficiary"
)

// Table is the lifecycle of an undertaking.
var Table = lifecycle.Table{Kind: string(Kind), Steps: []lifecycle.Step{
	{From: lifecycle.None, Action: Issue, To: Issued, Who: obligor, Guard: "an accepted invoice covers the amount"},
	{From: Issued, Action: Accept, To: Accepted, Who: beneficiary},
	{From: Issued, Action: Reject, To: Rejected, Who: beneficiary},
	{From: Accepted, Action: Release, To: Payable, Who: lifecycle.Anyone, Guard: "every condition established in time"},
	{From: Stopped, Action: Release, To: Payable, Who: lifecycle.Anyone, Guard: "every condition established in time"},
	{
		From: Payable, Action: Stop, To: Stopped, Who: lifecycle.Anyone,
		Guard: "a condition no longer established, payment not sent",
	},
	{
		From: Payable, Action: Contest, To: Disputed, Who: lifecycle.Anyone,
		Guard: "a condition no longer established, payment sent",
	},
	{From: Paid, Action: Contest, To: Disputed, Who: lifecycle.Anyone, Guard: "a condition no longer established"},
	{From: Payable, Action: Discharge, To: Paid, Who: lifecycle.Anyone, Guard: "the payment is settled"},
	{From: Issued, Action: Expire, To: Expired, Who: lifecycle.Anyone, Guard: "the deadline has passed"},
	{
		From: Accepted, Action: Expire, To: Expired, Who: lifecycle.Anyone,
		Guard: "the deadline has passed without every condition established in time",
	},
	{
		From: Stopped, Action: Expire, To: Expired, Who: lifecycle.Anyone,
		Guard: "the deadline has passed without every condition established in time",
	},
}}

// Apply moves the undertaking doc by cmd.
func Apply(doc trade.Document, cmd trade.Command, f trade.Facts) (trade.Effects, error) {
	pay := f.Related[payment.IDFor(doc.Header.ID, 1)]
	action := cmd.Action
	if action == Stop && (doc.Header.State == Paid || !payment.Stoppable(pay.Header.State)) {
		action = Contest
	}
	step, err := Table.Next(doc.Header.State, action)
	if err != nil {
		return trade.Effects{}, err
	}
	switch action {
	case Issue:
		return issue(doc, step, f)
	case Accept, Reject:
		return answer(doc, step, pay, f)
	case Discharge:
		if pay.Header.State != payment.Settled {
			return trade.Effects{}, fault.New(fault.ConditionUnmet, "the payment is %s, not settled", pay.Header.State)
		}
		return moved(doc, step, pay, "")
	default:
		return byFacts(doc, step, pay, f)
	}
}

// Instruction returns the id of the payment instruction of the undertaking.
func Instruction(h trade.Header, _ string) []trade.DocID {
	return []trade.DocID{payment.IDFor(h.ID, 1)}
}

func issue(doc trade.Document, step lifecycle.Step, f trade.Facts) (trade.Effects, error) {
	body, err := canon.Decode[Body](doc.Body)
	if err != nil {
		return trade.Effects{}, err
	}
	if err := body.Validate(); err != nil {
		return trade.Effects{}, err
	}
	if err := trade.RequireParty(f.Caller, body.Obligor, obligor); err != nil {
		return trade.Effects{}, err
	}
	if !f.Caller.Party.Has(trade.RoleBank) {
		return trade.Effects{}, fault.New(fault.RoleMissing, "only a bank may undertake to pay")
	}
	if body.Deadline <= f.Now {
		return trade.Effects{}, fault.New(fault.Expired, "the deadline has passed").WithField("deadline")
	}
	if err := checkInvoice(doc.Header, body, f.Related[body.Invoice.ID]); err != nil {
		return trade.Effects{}, err
	}
	held, err := hold(doc, body, f)
	if err != nil {
		return trade.Effects{}, err
	}
	doc.Header.State = step.To
	doc.Header.Deadline = body.Deadline
	doc.Header.Release = body.release()
	doc.Header.Lineage = []trade.Reference{body.Invoice}
	return trade.Effects{Doc: doc, Others: []trade.Document{held}}, nil
}

// checkInvoice holds the undertaking against the invoice that it pays.
func checkInvoice(h trade.Header, b Body, inv trade.Document) error {
	if inv.Header.ID == "" || inv.Body == nil {
		return fault.New(fault.BodyMissing, "the invoice's body must travel along").WithDoc(string(b.Invoice.ID))
	}
	body, err := canon.Decode[invoice.Body](inv.Body)
	if err != nil {
		return err
	}
	due := body.Due()
	switch {
	case inv.Header.Kind != invoice.Kind || inv.Header.Reference() != b.Invoice:
		return fault.New(fault.VersionStale, "the invoice is not the version that is referred to").WithField("invoice")
	case inv.Header.State != invoice.Accepted:
		return fault.New(fault.TransitionForbidden, "the invoice is %s; it must be ACCEPTED", inv.Header.State).
			WithField("invoice")
	case body.Seller.Party != b.Beneficiary || body.Buyer.Party != b.Applicant:
		return fault.New(fault.FieldInvalid, "beneficiary and applicant must be the invoice's seller and buyer").
			WithField("beneficiary")
	case due.Currency != b.Amount.Currency:
		return fault.New(fault.FieldInvalid, "the undertaking's currency is not the invoice's").WithField("amount")
	case b.Amount.AmountMinor > due.AmountMinor:
		return fault.New(fault.AmountExceeded, "the undertaking is over the amount due on the invoice").WithField("amount")
	}
	for _, msp := range h.Parties {
		if !slices.Contains(inv.Header.Parties, msp) {
			return fault.New(fault.NotParty, "%s is not a party of the invoice and must not see it", msp)
		}
	}
	return nil
}

// hold checks the payment instruction that is lodged with the undertaking and
// returns it as a document of its own, held until the release.
func hold(doc trade.Document, b Body, f trade.Facts) (trade.Document, error) {
	id := payment.IDFor(doc.Header.ID, 1)
	lodged, ok := f.Related[id]
	if !ok || lodged.Body == nil {
		return trade.Document{}, fault.New(fault.BodyMissing, "the payment instruction's body must travel along").
			WithDoc(string(id))
	}
	if lodged.Header.State != lifecycle.None {
		return trade.Document{}, fault.New(fault.DocExists, "the payment instruction exists").WithDoc(string(id))
	}
	p, err := canon.Decode[payment.Body](lodged.Body)
	if err != nil {
		return trade.Document{}, err
	}
	if err := p.Validate(); err != nil {
		return trade.Document{}, err
	}
	if p.Cause != doc.Header.ID || p.Bank != b.Obligor || p.Creditor.Party != b.Beneficiary || p.Amount != b.Amount ||
		(p.Debtor.Party != b.Obligor && p.Debtor.Party != b.Applicant) {
		return trade.Document{}, fault.New(fault.FieldInvalid,
			"the payment instruction must name this undertaking, its obligor, beneficiary and amount").WithDoc(string(id))
	}
	d := f.Digests[id]
	h, err := payment.ByCause(trade.Header{
		ID: id, Kind: payment.Kind, Digest: d.SHA256, DigestSM3: d.SM3, Parties: doc.Header.Parties,
		Lineage: []trade.Reference{{ID: doc.Header.ID, Version: 1, Digest: doc.Header.Digest}},
	}, payment.Hold)
	return trade.Document{Header: h, Body: lodged.Body}, err
}

// answer is the beneficiary's acceptance or rejection.
func answer(doc trade.Document, step lifecycle.Step, pay trade.Document, f trade.Facts) (trade.Effects, error) {
	body, err := canon.Decode[Body](doc.Body)
	if err != nil {
		return trade.Effects{}, err
	}
	if err := trade.RequireParty(f.Caller, body.Beneficiary, beneficiary); err != nil {
		return trade.Effects{}, err
	}
	if step.Action == Reject {
		return moved(doc, step, pay, payment.Cancel)
	}
	if f.Now > doc.Header.Deadline {
		return trade.Effects{}, fault.New(fault.Expired, "the deadline %s has passed", doc.Header.Deadline)
	}
	return moved(doc, step, pay, "")
}

// byFacts takes a step that facts and time decide, whoever asks.
func byFacts(doc trade.Document, step lifecycle.Step, pay trade.Document, f trade.Facts) (trade.Effects, error) {
	unmet := trade.Established(doc.Header.Release, f.Release, doc.Header.Deadline)
	switch step.Action {
	case Release:
		if unmet != nil {
			return trade.Effects{}, unmet
		}
		return moved(doc, step, pay, payment.Activate)
	case Stop, Contest:
		if unmet == nil {
			return trade.Effects{}, fault.New(fault.TransitionForbidden, "every condition is established")
		}
		if step.Action == Stop {
			return moved(doc, step, pay, payment.Stop)
		}
		return moved(doc, step, pay, "")
	default: // Expire
		if f.Now <= doc.Header.Deadline {
			return trade.Effects{}, fault.New(fault.TransitionForbidden, "the deadline %s has not passed", doc.Header.Deadline)
		}
		if unmet == nil && doc.Header.State != Issued {
			return trade.Effects{}, fault.New(fault.TransitionForbidden,
				"every condition was established in time: release it instead")
		}
		return moved(doc, step, pay, payment.Cancel)
	}
}

// moved takes the step and, when action is not empty, moves the payment
// instruction with it.
func moved(doc trade.Document, step lifecycle.Step, pay trade.Document, action string) (trade.Effects, error) {
	doc.Header.State = step.To
	if action == "" {
		return trade.Effects{Doc: doc}, nil
	}
	h, err := payment.ByCause(pay.Header, action)
	if err != nil {
		return trade.Effects{}, err
	}
	pay.Header = h
	return trade.Effects{Doc: doc, Others: []trade.Document{pay}}, nil
}

// Already reports whether a step that anyone may take has been taken.
func Already(state, action string) bool {
	switch action {
	case Release:
		return state == Payable || state == Paid
	case Stop:
		return state == Stopped || state == Disputed
	case Discharge:
		return state == Paid
	case Expire:
		return state == Expired
	default:
		return false
	}
}
