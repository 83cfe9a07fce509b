package voucher

import (
	"crypto/sha256"
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Apply moves the voucher doc by cmd. It refuses what the table does not list
// and callers other than the step's party.
func Apply(doc trade.Document, cmd trade.Command, f trade.Facts) (trade.Effects, error) {
	action := cmd.Action
	switch action {
	case CloseCancelled, CloseWithLoss:
		return trade.Effects{}, fault.New(fault.TransitionForbidden, "%s is what closing comes to", action)
	case Close:
		if end := ending(doc.Header, f); end != "" {
			action = end
		}
	}
	step, err := Table.Next(doc.Header.State, action)
	if err != nil {
		return trade.Effects{}, err
	}
	if step.Who == lifecycle.Anyone {
		return byAnyone(doc, step, f)
	}
	body, err := canon.Decode[Body](doc.Body)
	if err != nil {
		return trade.Effects{}, err
	}
	actors := map[string]trade.PartyID{issuer: body.Terms.Issuer, guarantor: body.Terms.Guarantor, payee: body.Payee}
	if err := trade.RequireParty(f.Caller, actors[step.Who], step.Who); err != nil {
		return trade.Effects{}, err
	}
	switch step.Action {
	case Issue:
		return issue(doc, step, body, f)
	case Accept:
		return accept(doc, step, body, f)
	case Guarantee:
		doc.Header.State = step.To
		return trade.Effects{Doc: doc}, inTime(doc.Header, f)
	default: // Reject, Decline, Withdraw
		return letGo(doc, step, invoice.Free, f)
	}
}

// Asks returns what the rule must know of the registry.
func Asks(doc trade.Document, cmd trade.Command, related map[trade.DocID]trade.Document) (trade.Questions, error) {
	var q trade.Questions
	if cmd.Action != Issue && cmd.Action != Accept {
		return q, nil
	}
	body, err := canon.Decode[Body](doc.Body)
	if err != nil {
		return q, err
	}
	q.Parameters = []trade.ParameterRef{body.Terms.Limits}
	q.Defaults = []trade.PartyID{body.Terms.Issuer}
	q.Parties = body.Parties()
	if cmd.Action == Accept {
		q.Parties, err = lot.PartiesOfNew(related)
	}
	return q, err
}

// Remarks is the private note that an issue leaves with its parties when the
// terms are allowed but deserve a word.
type Remarks struct {
	Salt    trade.Salt `json:"salt"`
	Remarks []string   `json:"remarks"`
}

func issue(doc trade.Document, step lifecycle.Step, b Body, f trade.Facts) (trade.Effects, error) {
	if err := b.Validate(); err != nil {
		return trade.Effects{}, err
	}
	if !b.Terms.IssuedToday(f.Now) {
		return trade.Effects{}, fault.New(fault.FieldInvalid, "the issue date is today's").WithField("terms.issueDate")
	}
	if b.Deadline <= f.Now {
		return trade.Effects{}, fault.New(fault.Expired, "the offer's deadline has passed").WithField("deadline")
	}
	if !f.Parties[b.Terms.Bank].Has(trade.RoleBank) {
		return trade.Effects{}, fault.New(fault.RoleMissing, "vouchers are settled through a bank (notice 77, article 14)").
			WithField("terms.bank")
	}
	if err := solvent(b, f); err != nil {
		return trade.Effects{}, err
	}
	backing, earliest, err := back(doc.Header, b, f)
	if err != nil {
		return trade.Effects{}, err
	}
	remarks, err := withinLimits(b, earliest, f)
	if err != nil {
		return trade.Effects{}, err
	}
	doc.Header.State = step.To
	doc.Header.Deadline = b.Deadline
	doc.Header.Lineage = b.Invoices
	e := trade.Effects{Doc: doc, Others: backing}
	if len(remarks) > 0 {
		// The note's digest is public: it needs a salt of its own.
		salt := sha256.Sum256(append([]byte("argosy.voucher.remarks.v1\x00"), b.Salt[:]...))
		e.Note, err = canon.Encode(Remarks{Salt: salt, Remarks: remarks})
	}
	return e, err
}

// solvent refuses an issuer that is in default (notice 77, article 15).
func solvent(b Body, f trade.Facts) error {
	if f.Defaulted[b.Terms.Issuer] {
		return fault.New(fault.InDefault, "the issuer is in default and may issue no vouchers (notice 77, article 15)")
	}
	return nil
}

func withinLimits(b Body, earliest trade.Date, f trade.Facts) ([]string, error) {
	limits, current, err := b.Terms.LimitsIn(f)
	if err != nil {
		return nil, err
	}
	switch {
	case !current:
		return nil, fault.New(fault.VersionStale, "a later version of %s is in force", b.Terms.Limits.Name).
			WithField("terms.limits")
	case limits.RequireConsent && b.Consent == "":
		return nil, fault.New(fault.FieldRequired, "the agreement in which the payee accepts vouchers must be named "+
			"(regulation 802)").WithField("consent")
	case b.Units < limits.MinLot:
		return nil, fault.New(fault.LimitExceeded, "the smallest voucher has %d units", limits.MinLot).WithField("units")
	}
	if !b.SmallPayee {
		earliest = ""
	}
	return limits.CheckTerm(b.Terms, earliest)
}

// back holds the voucher against its invoices and returns them as they back it,
// and the earliest date among them.
func back(h trade.Header, b Body, f trade.Facts) ([]trade.Document, trade.Date, error) {
	var moved []trade.Document
	var earliest trade.Date
	worth := trade.Money{Currency: b.Terms.Currency}
	for _, ref := range b.Invoices {
		inv := f.Related[ref.ID]
		body, err := checkInvoice(h, b, ref, inv)
		if err != nil {
			return nil, "", err
		}
		if worth, err = worth.Add(body.Due()); err != nil {
			return nil, "", err
		}
		if earliest == "" || body.IssueDate < earliest {
			earliest = body.IssueDate
		}
		if inv.Header, err = invoice.ByCause(inv.Header, invoice.Back); err != nil {
			return nil, "", err
		}
		moved = append(moved, inv)
	}
	if b.Units > worth.AmountMinor {
		return nil, "", fault.New(fault.AmountExceeded, "the voucher is over the amount due on its invoices").
			WithField("units")
	}
	return moved, earliest, nil
}

func checkInvoice(h trade.Header, b Body, ref trade.Reference, inv trade.Document) (invoice.Body, error) {
	if inv.Header.ID == "" || inv.Body == nil {
		return invoice.Body{}, fault.New(fault.BodyMissing, "the invoice's body must travel along").WithDoc(string(ref.ID))
	}
	if inv.Header.Kind != invoice.Kind || inv.Header.Reference() != ref {
		return invoice.Body{}, fault.New(fault.VersionStale, "the invoice is not the version that is referred to").
			WithDoc(string(ref.ID))
	}
	body, err := canon.Decode[invoice.Body](inv.Body)
	if err != nil {
		return body, err
	}
	if body.Seller.Party != b.Payee || body.Buyer.Party != b.Terms.Issuer {
		return body, fault.New(fault.FieldInvalid, "payee and issuer must be the invoice's seller and buyer").
			WithDoc(string(ref.ID))
	}
	if body.Totals.DueMinor <= 0 {
		return body, fault.New(fault.FieldInvalid, "nothing is due on the invoice").WithDoc(string(ref.ID))
	}
	for _, msp := range h.Parties {
		if !slices.Contains(inv.Header.Parties, msp) {
			return body, fault.New(fault.NotParty, "%s is not a party of the invoice and must not see it", msp)
		}
	}
	return body, nil
}

func inTime(h trade.Header, f trade.Facts) error {
	if f.Now > h.Deadline {
		return fault.New(fault.Expired, "the offer ended at %s", h.Deadline)
	}
	return nil
}

// accept brings the voucher into force: its first lot is the payee's.
func accept(doc trade.Document, step lifecycle.Step, b Body, f trade.Facts) (trade.Effects, error) {
	if doc.Header.State == Offered && b.Terms.Guarantor != "" {
		return trade.Effects{}, fault.New(fault.ConditionUnmet, "the guarantor that is named has not agreed yet")
	}
	if err := inTime(doc.Header, f); err != nil {
		return trade.Effects{}, err
	}
	if err := solvent(b, f); err != nil {
		return trade.Effects{}, err
	}
	limits, _, err := b.Terms.LimitsIn(f)
	if err != nil {
		return trade.Effects{}, err
	}
	whole, err := lot.First(doc.Header, Whole(doc.Header, b, limits), f)
	if err != nil {
		return trade.Effects{}, err
	}
	doc.Header.State = step.To
	doc.Header.Deadline = 0
	doc.Header.Successors = []trade.DocID{whole.Header.ID}
	return trade.Effects{Doc: doc, Others: []trade.Document{whole}}, nil
}

// ending returns the action that Close is, "" while units are owed.
func ending(h trade.Header, f trade.Facts) string {
	if len(h.Successors) != 1 {
		return ""
	}
	return lot.EndOf([]string{f.Related[h.Successors[0]].Header.State})
}

// byAnyone takes a step that time or the lots decide.
func byAnyone(doc trade.Document, step lifecycle.Step, f trade.Facts) (trade.Effects, error) {
	switch step.Action {
	case Expire:
		if f.Now <= doc.Header.Deadline {
			return trade.Effects{}, fault.New(fault.TransitionForbidden, "the deadline %s has not passed", doc.Header.Deadline)
		}
		return letGo(doc, step, invoice.Free, f)
	case CloseCancelled:
		return letGo(doc, step, invoice.Free, f)
	case CloseWithLoss: // the invoices stay bound: what they were for is not paid
		doc.Header.State = step.To
		return trade.Effects{Doc: doc}, nil
	default: // Close
		if ending(doc.Header, f) != lot.Close {
			return trade.Effects{}, fault.New(fault.ConditionUnmet, "not every unit is paid or home")
		}
		return letGo(doc, step, invoice.Discharge, f)
	}
}

// letGo takes the step and moves the invoices on by action.
func letGo(doc trade.Document, step lifecycle.Step, action string, f trade.Facts) (trade.Effects, error) {
	e := trade.Effects{}
	for _, r := range doc.Header.Lineage {
		inv := f.Related[r.ID]
		h, err := invoice.ByCause(inv.Header, action)
		if err != nil {
			return e, err
		}
		inv.Header = h
		e.Others = append(e.Others, inv)
	}
	doc.Header.State = step.To
	doc.Header.Deadline = 0
	e.Doc = doc
	return e, nil
}
