package en16931

import (
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/money"
)

// specification is the value of BT-24 for an invoice that follows EN 16931 and
// nothing more.
const specification = "urn:cen.eu:en16931:2017"

// lengthLEI tells a LEI from a USCC, which has 18 characters and no scheme in
// ISO/IEC 6523.
const lengthLEI = 20

// exemptions are the codes (VATEX) that say no more than the VAT category does.
var exemptions = map[string]string{
	"AE": "VATEX-EU-AE", "K": "VATEX-EU-IC", "G": "VATEX-EU-G", outOfScope: "VATEX-EU-O",
}

// sumOfAdjustments is the reason that is given where the ledger keeps only the
// sum of allowances or charges.
const sumOfAdjustments = "Sum of the document's allowances or charges"

// FromBody returns the invoice that the ledger keeps in the semantic model, to
// be written in one of the syntaxes. What is read from that gives the same
// body again, but for salt and origin, and for superfluous zeros of quantities
// and prices.
//
// The ledger does not keep the VAT categories of lines, reasons of exemption,
// and allowances and charges one by one. They are given where there is only one
// possibility; what remains, Check finds.
func FromBody(b invoice.Body) (*Invoice, error) {
	a := amounts{currency: b.Currency}
	inv := &Invoice{
		Specification: lexical.Of(specification),
		Number:        lexical.Of(b.Number), IssueDate: lexical.Of(string(b.IssueDate)), TypeCode: lexical.Of(b.TypeCode),
		Currency: lexical.Of(b.Currency), DueDate: lexical.Optional(string(b.DueDate)),
		PurchaseOrder: lexical.Optional(b.OrderReference), PaymentTerms: lexical.Optional(b.PaymentTerms),
		Seller: fromTrader(b.Seller), Buyer: fromTrader(b.Buyer),
	}
	var only *VATCategory
	if len(b.Taxes) == 1 {
		only = &VATCategory{lexical.Of(b.Taxes[0].Category), number(b.Taxes[0].Rate)}
		if only.Code.Value == outOfScope {
			only.Rate = lexical.Number{}
		}
	}
	for _, l := range b.Lines {
		inv.Lines = append(inv.Lines, a.line(l, only))
	}
	for _, t := range b.Taxes {
		inv.Breakdown = append(inv.Breakdown, VATBreakdown{
			Base: a.of(t.BaseMinor), Tax: a.of(t.TaxMinor),
			VATCategory:         VATCategory{lexical.Of(t.Category), number(t.Rate)},
			ExemptionReasonCode: lexical.Optional(exemptions[t.Category]),
		})
	}
	inv.TotalVAT = a.of(b.Totals.TaxMinor)
	inv.Totals = a.totals(b.Totals)
	if only != nil {
		inv.Allowances = a.adjustments(b.Totals.AllowancesMinor, *only)
		inv.Charges = a.adjustments(b.Totals.ChargesMinor, *only)
	}
	return inv, a.err
}

func fromTrader(t invoice.Trader) *Party {
	id := &Identifier{ID: lexical.Of(string(t.Party))}
	if len(t.Party) == lengthLEI {
		id.Scheme = lexical.Of(schemeLEI)
	}
	return &Party{
		Name: lexical.Of(t.Name), LegalID: id, VATID: lexical.Optional(t.TaxID),
		Address: &Address{Country: lexical.Of(t.Country)},
	}
}

// amounts writes minor units of one currency, and remembers the first error.
type amounts struct {
	currency string
	err      error
}

func (a *amounts) of(minor int64) Amount {
	text, err := money.Format(trade.Money{AmountMinor: minor, Currency: a.currency})
	if err != nil && a.err == nil {
		a.err = err
	}
	return Amount{lexical.ParseNumber(text), lexical.Of(a.currency)}
}

// optional leaves out an amount of zero.
func (a *amounts) optional(minor int64) Amount {
	if minor == 0 {
		return Amount{}
	}
	return a.of(minor)
}

func (a *amounts) line(l invoice.Line, only *VATCategory) Line {
	out := Line{
		ID:       lexical.Of(l.ID),
		Quantity: Quantity{number(l.Quantity), lexical.Of(l.Unit)},
		Net:      a.of(l.NetMinor),
		Item:     Item{Name: lexical.Of(l.Name)},
		Price:    Price{Net: Amount{number(l.Price), lexical.Of(a.currency)}},
	}
	if only != nil {
		category := *only
		out.VAT = &category
	}
	if l.HSCode != "" {
		out.Item.Classifications = []Classification{
			{Identifier: Identifier{ID: lexical.Of(l.HSCode), Scheme: lexical.Of(listHS)}},
		}
	}
	return out
}

func (a *amounts) totals(t invoice.Totals) *Totals {
	return &Totals{
		Lines: a.of(t.LinesMinor), Allowances: a.optional(t.AllowancesMinor), Charges: a.optional(t.ChargesMinor),
		Net: a.of(t.NetMinor), Gross: a.of(t.GrossMinor), Paid: a.optional(t.PaidMinor),
		Rounding: a.optional(t.RoundingMinor), Due: a.of(t.DueMinor),
	}
}

func (a *amounts) adjustments(minor int64, only VATCategory) []Adjustment {
	if minor == 0 {
		return nil
	}
	return []Adjustment{{Amount: a.of(minor), VAT: &only, Reason: lexical.Of(sumOfAdjustments)}}
}

func number(d trade.Decimal) lexical.Number { return lexical.ParseNumber(money.FormatDecimal(d)) }
