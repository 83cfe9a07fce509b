// Package lot is the law of the lot: a run of minor units of a receivable
// voucher, which one party owns and its issuer has promised to pay at maturity
// (notice 银发〔2025〕77号, article 9; domain rules in docs/legal-sources.md).
//
// Each lot is a document of its own, with its own parties: the issuer, its bank
// and guarantor, the owner, and whoever has a right in it. There is no balance
// and no counter: a lot that is split ends, and its parts are new documents made
// in the same step; a lot that changes hands, is pledged or financed waits while
// its successor is offered to the other side, and ends when that accepts. Bodies
// and parties of a document therefore never change.
//
// The package refuses to create value: the parts of a lot partition its units
// exactly, a successor has exactly the units of its predecessor, and both keep
// every term. Since each step holds this for the documents it touches, the
// leaves of a voucher's tree are disjoint and cover 1..N after any sequence of
// steps.
package lot

import (
	"slices"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Kind is the name of the document kind.
const Kind trade.Kind = "lot"

const (
	// MaxParts bounds one split: its bodies travel together, and a command
	// carries 32 at most.
	MaxParts = 30
	// maxAncestry bounds the list of former owners, whatever the limits say.
	maxAncestry = 64
	maxText     = 140
)

// Terms are the issuer's promise. Every lot of a voucher repeats them word for
// word.
type Terms struct {
	// Number is the issuer's own number of the voucher.
	Number string `json:"number"`
	// Issuer is the core enterprise that promises to pay, Bank the bank through
	// which it pays (notice 77, article 14).
	Issuer trade.PartyID `json:"issuer"`
	Bank   trade.PartyID `json:"bank"`
	// Guarantor promises to pay if the issuer does not; empty when there is none.
	Guarantor trade.PartyID `json:"guarantor"`
	// Currency is that of every unit (ISO 4217); a unit is one minor unit.
	Currency  string     `json:"currency"`
	IssueDate trade.Date `json:"issueDate"`
	// Due is the day of maturity, which begins at midnight UTC.
	Due trade.Date `json:"due"`
	// Recourse says whether a holder who is not paid may turn to those who
	// owned the lot before.
	Recourse     bool `json:"recourse"`
	Transferable bool `json:"transferable"`
	// Limits is the version of the limits under which the voucher was issued.
	Limits trade.ParameterRef `json:"limits"`
}

// Validate refuses terms with missing or malformed fields.
func (t Terms) Validate() error {
	if !isText(t.Number) {
		return fault.New(fault.FieldRequired, "the issuer's number has 1 to %d bytes", maxText).WithField("number")
	}
	if err := (trade.Money{Currency: t.Currency}).Validate(); err != nil {
		return err
	}
	for _, id := range t.obliged() {
		if err := id.Validate(); err != nil {
			return err
		}
	}
	if t.Guarantor == t.Issuer {
		return fault.New(fault.FieldInvalid, "the guarantor is another party than the issuer").WithField("guarantor")
	}
	if err := t.IssueDate.Validate(); err != nil {
		return err
	}
	if err := t.Due.Validate(); err != nil {
		return err
	}
	if t.Due <= t.IssueDate {
		return fault.New(fault.FieldInvalid, "the due date is after the issue date").WithField("due")
	}
	if t.Limits.Name != ParameterName(t.Currency) || t.Limits.Version == 0 {
		return fault.New(fault.FieldInvalid, "a voucher refers to a version of %s", ParameterName(t.Currency)).
			WithField("limits")
	}
	return nil
}

// obliged returns issuer, bank and, if there is one, guarantor.
func (t Terms) obliged() []trade.PartyID {
	out := []trade.PartyID{t.Issuer, t.Bank}
	if t.Guarantor != "" {
		out = append(out, t.Guarantor)
	}
	return out
}

// Parties returns everybody who is bound by the terms.
func (t Terms) Parties() []trade.PartyID { return t.obliged() }

// Link names a document by its id and body. Bodies never change, so it needs no
// version.
type Link struct {
	ID     trade.DocID  `json:"id"`
	Digest trade.Digest `json:"digest"`
}

// LinkTo returns the link to the document with the header.
func LinkTo(h trade.Header) Link { return Link{h.ID, h.Digest} }

// Ancestor is a former owner, and what it passed on.
type Ancestor struct {
	Owner trade.PartyID `json:"owner"`
	Lot   Link          `json:"lot"`
	From  int64         `json:"from"`
	To    int64         `json:"to"`
}

// The rights in a lot that a party beside the owner can have.
const (
	// Pledged to a creditor of the owner as security.
	ClaimPledge = "PLEDGE"
	// Financed: assigned to a financier that has paid for it.
	ClaimFinance = "FINANCE"
)

// Claim is a right of a party beside the owner; empty when there is none.
type Claim struct {
	Kind   string        `json:"kind"`
	Holder trade.PartyID `json:"holder"`
}

// Offer is what a successor was offered under.
type Offer struct {
	// Reference is the owner's reason: the contract or invoice under which the
	// recipient supplied, or the credit agreement with pledgee or financier.
	Reference string `json:"reference"`
	// Deadline is until when it can be accepted; it also stands in the header.
	Deadline trade.Instant `json:"deadline"`
}

// Body is the private part of a lot.
type Body struct {
	Salt trade.Salt `json:"salt"`
	// Voucher is the promise that the units belong to.
	Voucher Link  `json:"voucher"`
	Terms   Terms `json:"terms"`
	// From and To are the first and the last unit, counted from 1.
	From int64 `json:"from"`
	To   int64 `json:"to"`
	// Parts is how many lots this one may at most become. A split hands it out
	// among the parts, so that a voucher's number of lots is bounded without
	// anybody counting them.
	Parts int64         `json:"parts"`
	Owner trade.PartyID `json:"owner"`
	Claim Claim         `json:"claim"`
	// Ancestry is the owners before this one, from the payee of the voucher on.
	Ancestry []Ancestor `json:"ancestry"`
	// Offer is set on a lot that was offered to somebody.
	Offer *Offer `json:"offer,omitempty"`
}

// Units returns the amount of the lot in minor units.
func (b Body) Units() int64 { return b.To - b.From + 1 }

// Depth is how often the units have changed hands.
func (b Body) Depth() int { return len(b.Ancestry) }

// Payee is who is paid at maturity: the financier or pledgee if there is one
// (Civil Code of the PRC, articles 442 and 546; docs/legal-sources.md), else the
// owner.
func (b Body) Payee() trade.PartyID {
	if b.Claim.Kind != "" {
		return b.Claim.Holder
	}
	return b.Owner
}

// Parties returns everybody who may see the lot and must check each step.
func (b Body) Parties() []trade.PartyID {
	out := append(b.Terms.obliged(), b.Owner)
	if b.Claim.Kind != "" {
		out = append(out, b.Claim.Holder)
	}
	return out
}

// Validate refuses a body with missing or malformed fields.
func (b Body) Validate() error {
	if err := b.Salt.Validate(); err != nil {
		return err
	}
	if err := b.Voucher.ID.Validate(); err != nil {
		return err
	}
	if err := b.Terms.Validate(); err != nil {
		return err
	}
	switch {
	case b.From < 1 || b.To < b.From:
		return fault.New(fault.FieldInvalid, "units are counted from 1, the first before the last").WithField("from")
	case b.Parts < 1 || b.Parts > b.Units():
		return fault.New(fault.FieldInvalid, "a lot may become 1 lot or more, and at most one for each unit").
			WithField("parts")
	case len(b.Ancestry) > maxAncestry:
		return fault.New(fault.TooLarge, "%d former owners; the limit is %d", len(b.Ancestry), maxAncestry).
			WithField("ancestry")
	}
	if err := b.Owner.Validate(); err != nil {
		return err
	}
	if err := b.Claim.validate(b); err != nil {
		return err
	}
	if b.Offer != nil {
		return b.Offer.validate()
	}
	return nil
}

func (c Claim) validate(b Body) error {
	switch {
	case c == Claim{}:
		return nil
	case c.Kind != ClaimPledge && c.Kind != ClaimFinance:
		return fault.New(fault.FieldInvalid, "a claim is PLEDGE or FINANCE").WithField("claim.kind")
	case c.Holder == b.Owner || c.Holder == b.Terms.Issuer:
		return fault.New(fault.FieldInvalid, "a claim belongs to another party than owner and issuer").
			WithField("claim.holder")
	}
	return c.Holder.Validate()
}

func (o Offer) validate() error {
	if !isText(o.Reference) {
		return fault.New(fault.FieldRequired, "an offer names its reason in 1 to %d bytes", maxText).
			WithField("offer.reference")
	}
	if o.Deadline <= 0 {
		return fault.New(fault.FieldRequired, "an offer has a deadline").WithField("offer.deadline")
	}
	return nil
}

// isText reports whether s is one line of a reference.
func isText(s string) bool {
	return s != "" && len(s) <= maxText && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' })
}

// same reports whether the two bodies agree in all that a part, or a lot that
// comes back from a pledge, inherits: everything but salt, units, budget, claim
// and offer.
func (b Body) same(of Body) bool {
	return b.Voucher == of.Voucher && b.Terms == of.Terms && b.Owner == of.Owner && slices.Equal(b.Ancestry, of.Ancestry)
}

// Parties returns the parties named in the canonical body b.
func Parties(b []byte) ([]trade.PartyID, error) {
	body, err := canon.Decode[Body](b)
	if err != nil {
		return nil, err
	}
	return body.Parties(), nil
}
