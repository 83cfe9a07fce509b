package en16931

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/money"
)

// schemeLEI is the ISO/IEC 6523 code of the legal entity identifier.
const schemeLEI = "0199"

// listHS is the code of UNTDID 7143 for the Harmonized System.
const listHS = "HS"

// BodyOptions say what an invoice may leave out.
type BodyOptions struct {
	// Seller and Buyer are the parties' ids in the registry; they take the
	// place of what the invoice says.
	Seller, Buyer trade.PartyID
	// Due is the due date (BT-9) where the invoice gives none, as an e-fapiao
	// does not.
	Due trade.Date
}

// conversion builds the body and collects what it cannot convert.
type conversion struct {
	inv      *Invoice
	findings []Finding
}

func (c *conversion) fatal(rule, path, message string) {
	c.findings = append(c.findings, Finding{rule, Fatal, path, message})
}

// Body returns the invoice as the ledger keeps it, without salt and origin. A
// finding says what keeps it from being issued, and which groups of the
// invoice the ledger does not hold.
func (inv *Invoice) Body(o BodyOptions) (invoice.Body, []Finding) {
	c := &conversion{inv: inv}
	b := invoice.Body{
		Number: inv.Number.Value, IssueDate: trade.Date(inv.IssueDate.Value), TypeCode: inv.TypeCode.Value,
		Currency: inv.Currency.Value, DueDate: trade.Date(inv.DueDate.Value),
		OrderReference: inv.PurchaseOrder.Value, PaymentTerms: inv.PaymentTerms.Value,
		Seller: c.trader(inv.Seller, "BG-4", o.Seller),
		Buyer:  c.trader(inv.Buyer, "BG-7", o.Buyer),
	}
	if b.DueDate == "" {
		b.DueDate = o.Due
	}
	if b.TypeCode != "" && b.TypeCode != "380" {
		c.fatal("ARGOSY-TYPE", "BT-3", "only commercial invoices (380) can be issued; this is type "+b.TypeCode)
	}
	if _, err := money.Scale(b.Currency); err != nil {
		if b.Currency != "" {
			c.fatal("ARGOSY-CURRENCY", "BT-5", messageOf(err))
		}
		b.Currency = ""
	}
	for i := range inv.Lines {
		b.Lines = append(b.Lines, c.line(&inv.Lines[i], within("BG-25", i)))
	}
	for i := range inv.Breakdown {
		b.Taxes = append(b.Taxes, c.tax(&inv.Breakdown[i], within("BG-23", i)))
	}
	b.Totals = c.totals()
	c.notHeld()
	return b, c.findings
}

// trader converts a party; given takes the place of the file's own party id.
func (c *conversion) trader(p *Party, group string, given trade.PartyID) invoice.Trader {
	t := invoice.Trader{Party: given}
	if p != nil {
		t.Name, t.Country, t.TaxID = p.Name.Value, country(p), p.VATID.Value
		if p.Name.Blank() {
			t.Name = p.TradingName.Value
		}
		if t.Party == "" {
			t.Party = p.registered()
		}
	}
	if t.Party == "" {
		c.fatal("ARGOSY-PARTY", group, "names no LEI or USCC of this party; give its party id")
	}
	return t
}

// registered finds the party's LEI or USCC: the legal registration, an
// identifier of scheme 0199, or the electronic address, the first that is one.
func (p *Party) registered() trade.PartyID {
	var candidates []Identifier
	if p.LegalID != nil {
		candidates = append(candidates, *p.LegalID)
	}
	for _, i := range p.IDs {
		if i.Scheme.Value == schemeLEI {
			candidates = append(candidates, i)
		}
	}
	if p.Endpoint != nil {
		candidates = append(candidates, *p.Endpoint)
	}
	for _, i := range candidates {
		if id := trade.PartyID(i.ID.Value); id.Validate() == nil {
			return id
		}
	}
	return ""
}

func (c *conversion) line(l *Line, at path) invoice.Line {
	out := invoice.Line{
		ID: l.ID.Value, Name: l.Item.Name.Value, Unit: l.Quantity.Unit.Value,
		Quantity: c.decimal(l.Quantity.Number, at("BT-129")),
		NetMinor: c.minor(l.Net, at("BT-131")),
		Price:    c.price(&l.Price, at),
	}
	for _, k := range l.Item.Classifications {
		if k.Scheme.Value == listHS {
			out.HSCode = k.ID.Value
		}
	}
	return out
}

// price returns the price of one unit; an invoice may state it for several.
func (c *conversion) price(p *Price, at path) trade.Decimal {
	r, ok := p.Net.Rat()
	if !ok {
		return trade.Decimal{}
	}
	if !p.Base.Blank() {
		base, ok := p.Base.Rat()
		if !ok || base.Sign() <= 0 {
			c.fatal("ARGOSY-NUMBER", at("BT-149"), "the quantity that a price is for is a positive number")
			return trade.Decimal{}
		}
		r.Quo(r, base)
	}
	return c.toDecimal(r, at("BT-146"))
}

func (c *conversion) decimal(n lexical.Number, path string) trade.Decimal {
	r, ok := n.Rat()
	if !ok {
		return trade.Decimal{} // other rules tell
	}
	return c.toDecimal(r, path)
}

func (c *conversion) toDecimal(r *big.Rat, path string) trade.Decimal {
	d, exact, err := money.Decimal(r)
	switch {
	case err != nil:
		c.fatal("ARGOSY-RANGE", path, messageOf(err))
	case !exact:
		c.findings = append(c.findings, Finding{"ARGOSY-ROUNDED", Warning, path, "rounded to 8 decimals"})
	}
	return d
}

func (c *conversion) tax(b *VATBreakdown, at path) invoice.Tax {
	return invoice.Tax{
		Category: b.Code.Value, Rate: c.decimal(b.Rate, at("BT-119")),
		BaseMinor: c.minor(b.Base, at("BT-116")), TaxMinor: c.minor(b.Tax, at("BT-117")),
	}
}

func (c *conversion) totals() invoice.Totals {
	out := invoice.Totals{TaxMinor: c.minor(c.inv.TotalVAT, "BT-110")}
	t := c.inv.Totals
	if t == nil {
		return out
	}
	out.LinesMinor = c.minor(t.Lines, "BT-106")
	out.AllowancesMinor = c.minor(t.Allowances, "BT-107")
	out.ChargesMinor = c.minor(t.Charges, "BT-108")
	out.NetMinor = c.minor(t.Net, "BT-109")
	out.GrossMinor = c.minor(t.Gross, "BT-112")
	out.PaidMinor = c.minor(t.Paid, "BT-113")
	out.RoundingMinor = c.minor(t.Rounding, "BT-114")
	out.DueMinor = c.minor(t.Due, "BT-115")
	return out
}

// minor converts an amount of the invoice's currency; one that is not given is
// zero.
func (c *conversion) minor(a Amount, path string) int64 {
	code := c.inv.Currency.Value
	r, ok := a.Rat()
	if !ok {
		return 0 // other rules tell
	}
	if _, err := money.Scale(code); err != nil {
		return 0 // the currency has its own finding
	}
	if !a.Currency.Blank() && a.Currency.Value != code {
		c.fatal("ARGOSY-CURRENCY", path, fmt.Sprintf("the amount is in %s, the invoice in %s", a.Currency.Value, code))
		return 0
	}
	n, err := money.Minor(r, code)
	if err != nil {
		c.fatal("ARGOSY-AMOUNT", path, messageOf(err))
	}
	return n
}

// Relax turns findings on the number of decimals into warnings where the
// currency has more of them than the two that EN 16931 allows, such as the
// Kuwaiti dinar with three: what the ledger counts in minor units it can keep.
func Relax(findings []Finding, currency string) []Finding {
	if scale, err := money.Scale(currency); err != nil || scale <= maxDecimals {
		return findings
	}
	for i := range findings {
		if strings.HasPrefix(findings[i].Rule, "BR-DEC-") || findings[i].Rule == "UBL-DT-01" {
			findings[i].Severity = Warning
		}
	}
	return findings
}

// messageOf is the message of an error for a finding.
func messageOf(err error) string {
	if f, ok := fault.From(err); ok {
		return f.Message
	}
	return err.Error()
}

// notHeld reports the groups of the invoice that the ledger does not hold.
// They stay in the original file, whose digest the ledger keeps.
func (c *conversion) notHeld() {
	inv := c.inv
	held := func(path, what string, given bool) {
		if given {
			c.findings = append(c.findings, Finding{"ARGOSY-NOT-HELD", Warning, path, "the ledger does not keep " + what})
		}
	}
	held("BG-1", "the notes", len(inv.Notes) > 0)
	held("BG-3", "the reference to an earlier invoice", len(inv.Preceding) > 0)
	held("BG-10", "the payee", inv.Payee != nil)
	held("BG-11", "the tax representative", inv.Representative != nil)
	held("BG-13", "the delivery", inv.Delivery != nil)
	held("BG-14", "the invoicing period", inv.Period != nil)
	held("BG-16", "the payment instructions", len(inv.Payments) > 0)
	held("BG-20", "the list of allowances", len(inv.Allowances) > 0)
	held("BG-21", "the list of charges", len(inv.Charges) > 0)
	held("BG-24", "the list of supporting documents", len(inv.Documents) > 0)
	held("BT-111", "the VAT in the accounting currency", inv.AccountingVAT.Given())
	lines, reasons := false, false
	for i := range inv.Lines {
		lines = lines || len(inv.Lines[i].Allowances)+len(inv.Lines[i].Charges) > 0
	}
	for _, b := range inv.Breakdown {
		reasons = reasons || b.ExemptionReason.Given || b.ExemptionReasonCode.Given
	}
	held("BG-27", "the lists of the lines' allowances and charges", lines)
	held("BT-120", "the reason of exemption", reasons)
}
