// Package undertaking is the law of the payment undertaking of a financial
// service provider (URDTT 1.0, article 13): a bank's irrevocable promise to pay
// when data match, not when documents are examined.
//
// What must match are facts that registered sources have attested: the
// undertaking's release conditions. They stand in the public header, so that
// anybody may release the undertaking once they hold, and stop it while the
// payment has not left the bank if one of them is withdrawn. Amounts, names and
// accounts stay with the parties. UCP 600 does not govern here: its article
// 14(h) would disregard a condition without a document (docs/legal-sources.md).
package undertaking

import (
	"sort"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Kind is the name of the document kind.
const Kind trade.Kind = "undertaking"

// maxConditions bounds the release conditions: every release reads each one.
const maxConditions = 16

// Condition names one fact in words that people read; its public form is
// Public.
type Condition struct {
	Type       string `json:"type"`
	Scheme     string `json:"scheme"`
	Identifier string `json:"identifier"`
}

// Public returns the condition as it stands in the header.
func (c Condition) Public() trade.Condition {
	return trade.Condition{Subject: attest.SubjectOf(c.Scheme, c.Identifier), Type: c.Type}
}

// Body is the private part of an undertaking.
type Body struct {
	Salt   trade.Salt `json:"salt"`
	Number string     `json:"number"` // the bank's own reference
	Form   string     `json:"form"`   // URDTT
	// Obligor is the bank that undertakes to pay, Applicant the buyer for whom
	// it does so, Beneficiary the seller to whom it does so.
	Obligor     trade.PartyID `json:"obligor"`
	Applicant   trade.PartyID `json:"applicant"`
	Beneficiary trade.PartyID `json:"beneficiary"`
	Amount      trade.Money   `json:"amount"`
	// Deadline is by when the conditions must be established; it also stands
	// in the header.
	Deadline trade.Instant `json:"deadline"`
	// Invoice is what the undertaking pays.
	Invoice    trade.Reference `json:"invoice"`
	Conditions []Condition     `json:"conditions"`
}

// Validate refuses a body with missing or malformed fields.
func (b Body) Validate() error {
	if err := b.Salt.Validate(); err != nil {
		return err
	}
	switch {
	case b.Number == "" || len(b.Number) > 64:
		return fault.New(fault.FieldRequired, "the bank's reference has 1 to 64 bytes").WithField("number")
	case b.Form != "URDTT":
		return fault.New(fault.FieldInvalid, "the form is URDTT").WithField("form")
	case b.Deadline <= 0:
		return fault.New(fault.FieldRequired, "a deadline must be given").WithField("deadline")
	case b.Obligor == b.Beneficiary || b.Applicant == b.Beneficiary:
		return fault.New(fault.FieldInvalid, "the beneficiary is another party than obligor and applicant").
			WithField("beneficiary")
	case len(b.Conditions) == 0 || len(b.Conditions) > maxConditions:
		return fault.New(fault.FieldRequired, "1 to %d conditions", maxConditions).WithField("conditions")
	}
	for _, id := range b.parties() {
		if err := id.Validate(); err != nil {
			return err
		}
	}
	if err := b.Amount.ValidatePositive(); err != nil {
		return err
	}
	seen := map[Condition]bool{}
	for _, c := range b.Conditions {
		if err := attest.ValidateType(c.Type); err != nil {
			return err
		}
		if c.Scheme == "" || len(c.Scheme) > 32 || c.Identifier == "" || len(c.Identifier) > 128 || seen[c] {
			return fault.New(fault.FieldInvalid, "each condition has a scheme and an identifier and stands once").
				WithField("conditions")
		}
		seen[c] = true
	}
	return b.Invoice.ID.Validate()
}

func (b Body) parties() []trade.PartyID {
	return []trade.PartyID{b.Obligor, b.Applicant, b.Beneficiary}
}

// release returns the public conditions, sorted.
func (b Body) release() []trade.Condition {
	out := make([]trade.Condition, 0, len(b.Conditions))
	for _, c := range b.Conditions {
		out = append(out, c.Public())
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Subject != out[j].Subject {
			return out[i].Subject.String() < out[j].Subject.String()
		}
		return out[i].Type < out[j].Type
	})
	return out
}

// Parties returns the parties named in the canonical body b.
func Parties(b []byte) ([]trade.PartyID, error) {
	body, err := canon.Decode[Body](b)
	if err != nil {
		return nil, err
	}
	return body.parties(), nil
}
