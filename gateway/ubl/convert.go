package ubl

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/money"
)

// schemeLEI is the ISO 6523 code of the legal entity identifier.
const schemeLEI = "0199"

// conversion builds the body and collects what it cannot convert.
type conversion struct {
	doc      *document
	options  Options
	findings []Finding
}

func (c *conversion) fatal(rule, path, format string, args ...any) {
	c.findings = append(c.findings, Finding{rule, Fatal, path, fmt.Sprintf(format, args...)})
}

func (c *conversion) body() invoice.Body {
	d := c.doc
	b := invoice.Body{
		Number: text(d.ID), IssueDate: trade.Date(text(d.IssueDate)), TypeCode: text(d.TypeCode),
		Currency: text(d.Currency), DueDate: trade.Date(text(d.DueDate)), PaymentTerms: d.terms(),
		Seller: c.trader(d.Supplier.party(), "AccountingSupplierParty", c.options.Seller),
		Buyer:  c.trader(d.Customer.party(), "AccountingCustomerParty", c.options.Buyer),
	}
	if d.Order != nil {
		b.OrderReference = text(d.Order.ID)
	}
	if b.TypeCode != "" && b.TypeCode != "380" {
		c.fatal("ARGOSY-TYPE", "InvoiceTypeCode", "only commercial invoices (380) can be issued; this is type %s", b.TypeCode)
	}
	if b.Currency != "" {
		if _, err := money.Scale(b.Currency); err != nil {
			c.fatal("BR-CL-04", "DocumentCurrencyCode", "%q is not a currency of ISO 4217", b.Currency)
			b.Currency = ""
		}
	}
	for i, l := range d.Lines {
		b.Lines = append(b.Lines, c.line(l, fmt.Sprintf("InvoiceLine[%d]", i+1)))
	}
	if t := d.vat(); t != nil {
		for i, s := range t.Subtotals {
			b.Taxes = append(b.Taxes, c.tax(s, fmt.Sprintf("TaxTotal/TaxSubtotal[%d]", i+1)))
		}
	}
	b.Totals = c.totals()
	return b
}

// trader converts a party; given takes the place of the file's own party id.
func (c *conversion) trader(p *partyInfo, path string, given trade.PartyID) invoice.Trader {
	t := invoice.Trader{Party: given}
	if p != nil {
		t.Name, t.Country, t.TaxID = p.name(), p.countryCode(), p.vatID()
		if t.Party == "" {
			t.Party = p.id()
		}
	}
	if t.Party == "" {
		c.fatal("ARGOSY-PARTY", path, "the file names no LEI or USCC of this party; give its party id")
	}
	return t
}

// id finds the party's LEI or USCC: the legal registration, an identification
// with scheme 0199, or the electronic address, the first that is one.
func (p *partyInfo) id() trade.PartyID {
	var candidates []identifier
	if p.Legal != nil && p.Legal.CompanyID != nil {
		candidates = append(candidates, *p.Legal.CompanyID)
	}
	for _, i := range p.Identifications {
		if i.ID.Scheme == schemeLEI {
			candidates = append(candidates, i.ID)
		}
	}
	if p.Endpoint != nil {
		candidates = append(candidates, *p.Endpoint)
	}
	for _, i := range candidates {
		if id := trade.PartyID(text(i.Value)); id.Validate() == nil {
			return id
		}
	}
	return ""
}

func (c *conversion) line(l line, path string) invoice.Line {
	out := invoice.Line{ID: text(l.ID)}
	if l.Quantity != nil {
		out.Unit = text(l.Quantity.Unit)
		out.Quantity = c.decimal(l.Quantity.Value, path+"/InvoicedQuantity")
	}
	out.NetMinor = c.minor(l.Net, path+"/LineExtensionAmount")
	if l.Item != nil {
		out.Name = text(l.Item.Name)
		for _, k := range l.Item.Classifications {
			if k.Code.List == "HS" {
				out.HSCode = text(k.Code.Value)
			}
		}
	}
	if l.Price != nil && l.Price.Amount.has() {
		out.Price = c.price(*l.Price, path+"/Price")
	}
	return out
}

// price returns the price of one unit; UBL may state it for several.
func (c *conversion) price(p price, path string) trade.Decimal {
	r, err := money.ParseRat(p.Amount.Value)
	if err != nil {
		c.fatal("BR-DT", path+"/PriceAmount", "%s", messageOf(err))
		return trade.Decimal{}
	}
	if p.Base != nil && text(p.Base.Value) != "" {
		base, err := money.ParseRat(p.Base.Value)
		if err != nil || base.Sign() <= 0 {
			c.fatal("BR-DT", path+"/BaseQuantity", "the base quantity is a positive number")
			return trade.Decimal{}
		}
		r.Quo(r, base)
	}
	return c.toDecimal(r, path)
}

func (c *conversion) decimal(value, path string) trade.Decimal {
	if text(value) == "" {
		return trade.Decimal{}
	}
	r, err := money.ParseRat(value)
	if err != nil {
		c.fatal("BR-DT", path, "%s", messageOf(err))
		return trade.Decimal{}
	}
	return c.toDecimal(r, path)
}

func (c *conversion) toDecimal(r *big.Rat, path string) trade.Decimal {
	d, exact, err := money.Decimal(r)
	switch {
	case err != nil:
		c.fatal("ARGOSY-RANGE", path, "%s", messageOf(err))
	case !exact:
		c.findings = append(c.findings, Finding{"ARGOSY-ROUNDED", Warning, path, "rounded to 8 decimals"})
	}
	return d
}

func (c *conversion) tax(s taxSubtotal, path string) invoice.Tax {
	t := invoice.Tax{
		BaseMinor: c.minor(s.Base, path+"/TaxableAmount"),
		TaxMinor:  c.minor(s.Amount, path+"/TaxAmount"),
	}
	if s.Category != nil {
		t.Category = text(s.Category.ID)
		t.Rate = c.decimal(s.Category.Percent, path+"/TaxCategory/Percent")
	}
	return t
}

func (c *conversion) totals() invoice.Totals {
	var out invoice.Totals
	if t := c.doc.vat(); t != nil {
		out.TaxMinor = c.minor(t.Amount, "TaxTotal/TaxAmount")
	}
	t := c.doc.Totals
	if t == nil {
		return out
	}
	const path = "LegalMonetaryTotal/"
	out.LinesMinor = c.minor(t.Lines, path+"LineExtensionAmount")
	out.AllowancesMinor = c.minor(t.Allowances, path+"AllowanceTotalAmount")
	out.ChargesMinor = c.minor(t.Charges, path+"ChargeTotalAmount")
	out.NetMinor = c.minor(t.Net, path+"TaxExclusiveAmount")
	out.GrossMinor = c.minor(t.Gross, path+"TaxInclusiveAmount")
	out.PaidMinor = c.minor(t.Prepaid, path+"PrepaidAmount")
	out.RoundingMinor = c.minor(t.Rounding, path+"PayableRoundingAmount")
	out.DueMinor = c.minor(t.Payable, path+"PayableAmount")
	return out
}

// minor converts an amount of the document's currency; one that was not given
// is zero.
func (c *conversion) minor(a *amount, path string) int64 {
	code := text(c.doc.Currency)
	if !a.has() || code == "" {
		return 0
	}
	if a.Currency != "" && a.Currency != code {
		c.fatal("ARGOSY-CURRENCY", path, "the amount is in %s, the invoice in %s", a.Currency, code)
		return 0
	}
	if _, err := money.Scale(code); err != nil {
		return 0 // the currency has its own finding
	}
	m, err := money.Parse(a.Value, code)
	if err != nil {
		c.fatal("BR-DEC", path, "%s", messageOf(err))
	}
	return m.AmountMinor
}

// vat returns the VAT total in the document's currency: a second one may stand
// beside it in the seller's accounting currency.
func (d *document) vat() *taxTotal {
	for i := range d.TaxTotals {
		t := &d.TaxTotals[i]
		if len(t.Subtotals) > 0 || (t.Amount != nil && t.Amount.Currency == text(d.Currency)) {
			return t
		}
	}
	return nil
}

func (d *document) terms() string {
	var notes []string
	for _, t := range d.Terms {
		for _, n := range t.Notes {
			if n = text(n); n != "" {
				notes = append(notes, n)
			}
		}
	}
	return strings.Join(notes, "; ")
}

func (w *partyWrapper) party() *partyInfo {
	if w == nil {
		return nil
	}
	return w.Party
}

// name is the registered name, or the trading name where there is no other.
func (p *partyInfo) name() string {
	if p.Legal != nil && text(p.Legal.Name) != "" {
		return text(p.Legal.Name)
	}
	for _, n := range p.Names {
		if text(n.Name) != "" {
			return text(n.Name)
		}
	}
	return ""
}

func (p *partyInfo) countryCode() string {
	if p.Address == nil || p.Address.Country == nil {
		return ""
	}
	return text(p.Address.Country.Code)
}

func (p *partyInfo) vatID() string {
	for _, s := range p.TaxSchemes {
		if text(s.Scheme.ID) == "VAT" {
			return text(s.CompanyID)
		}
	}
	return ""
}

func text(s string) string { return strings.TrimSpace(s) }
