package cii

import (
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

// typeVAT is the type of every tax of EN 16931.
const typeVAT = "VAT"

func (b *binding) settlement(c *xmlbind.Cursor) {
	inv := b.inv
	c.Field("ram:CreditorReferenceID", &inv.Creditor)
	c.Field("ram:PaymentReference", &inv.Remittance)
	c.Field("ram:TaxCurrencyCode", &inv.TaxCurrency)
	c.Field("ram:InvoiceCurrencyCode", &inv.Currency)
	xmlbind.Maybe(c, "ram:PayeeTradeParty", &inv.Payee, b.party)
	xmlbind.Each(c, "ram:SpecifiedTradeSettlementPaymentMeans", &inv.Payments, payment)
	b.breakdown(c)
	period(c, &inv.Period)
	b.adjustments(c, &inv.Allowances, &inv.Charges)
	c.Group("ram:SpecifiedTradePaymentTerms", func(c *xmlbind.Cursor) {
		c.Field("ram:Description", &inv.PaymentTerms)
		dateTime(c, "ram:DueDateDateTime", unqualified, &inv.DueDate)
		c.Field("ram:DirectDebitMandateID", &inv.Mandate)
	})
	b.totals(c)
	xmlbind.Each(c, "ram:InvoiceReferencedDocument", &inv.Preceding, func(c *xmlbind.Cursor, p *en16931.Preceding) {
		c.Field("ram:IssuerAssignedID", &p.Number)
		dateTime(c, "ram:FormattedIssueDateTime", qualified, &p.IssueDate)
	})
	nested(c, "ram:ReceivableSpecifiedTradeAccountingAccount", "ram:ID", &inv.AccountingReference)
}

// payment visits one way to pay. An account is written as an IBAN when it
// begins like one, and as a proprietary identifier otherwise.
func payment(c *xmlbind.Cursor, p *en16931.Payment) {
	c.Field("ram:TypeCode", &p.Code)
	c.Field("ram:Information", &p.Text)
	xmlbind.Maybe(c, "ram:ApplicableTradeSettlementFinancialCard", &p.Card,
		func(c *xmlbind.Cursor, card *en16931.Card) {
			c.Field("ram:ID", &card.Number)
			c.Field("ram:CardholderName", &card.Holder)
		})
	nested(c, "ram:PayerPartyDebtorFinancialAccount", "ram:IBANID", &p.Debited)
	xmlbind.Each(c, "ram:PayeePartyCreditorFinancialAccount", &p.Transfers,
		func(c *xmlbind.Cursor, t *en16931.Transfer) {
			iban := looksLikeIBAN(t.Account.Value)
			if !c.Writing() && c.Has("ram:IBANID") || c.Writing() && iban {
				c.Field("ram:IBANID", &t.Account)
			}
			c.Field("ram:AccountName", &t.Name)
			if !c.Writing() && !t.Account.Given || c.Writing() && !iban {
				c.Field("ram:ProprietaryID", &t.Account)
			}
		})
	// The institution stands once in CII, for the first account.
	provider := &lexical.Text{}
	if len(p.Transfers) > 0 {
		provider = &p.Transfers[0].Provider
	}
	if c.Writing() || len(p.Transfers) > 0 {
		nested(c, "ram:PayeeSpecifiedCreditorFinancialInstitution", "ram:BICID", provider)
	}
}

// looksLikeIBAN reports whether an account begins with a country and two check
// digits (ISO 13616).
func looksLikeIBAN(account string) bool {
	const head = 4
	if len(account) < head {
		return false
	}
	letter := func(b byte) bool { return b >= 'A' && b <= 'Z' }
	digit := func(b byte) bool { return b >= '0' && b <= '9' }
	return letter(account[0]) && letter(account[1]) && digit(account[2]) && digit(account[3])
}

// taxPoint writes the code of a tax point (BT-8) from UNTDID 2475, as CII does;
// the model has that of UNTDID 2005, as UBL does. Other codes pass unchanged,
// for a rule to find.
type taxPoint struct{ text *lexical.Text }

// taxPoints are invoice date, delivery date and payment date in both lists.
var taxPoints = [...]struct{ model, cii string }{{"3", "5"}, {"35", "29"}, {"432", "72"}}

func (p taxPoint) Lexical() (string, bool) {
	for _, c := range taxPoints {
		if p.text.Value == c.model {
			return c.cii, p.text.Given
		}
	}
	return p.text.Lexical()
}

func (p taxPoint) SetLexical(s string) {
	p.text.SetLexical(s)
	for _, c := range taxPoints {
		if p.text.Value == c.cii {
			p.text.Value = c.model
		}
	}
}

// breakdown visits the VAT breakdowns, each of which carries the tax point.
func (b *binding) breakdown(c *xmlbind.Cursor) {
	inv := b.inv
	xmlbind.Each(c, "ram:ApplicableTradeTax", &inv.Breakdown, func(c *xmlbind.Cursor, v *en16931.VATBreakdown) {
		pointDate, pointCode := inv.TaxPointDate, inv.TaxPointCode
		amount(c, "ram:CalculatedAmount", &v.Tax)
		c.Field("ram:TypeCode", &fixed{text: typeVAT})
		c.Field("ram:ExemptionReason", &v.ExemptionReason)
		amount(c, "ram:BasisAmount", &v.Base)
		c.Field("ram:CategoryCode", &v.Code)
		c.Field("ram:ExemptionReasonCode", &v.ExemptionReasonCode)
		dateTime(c, "ram:TaxPointDate", "udt:DateString", &pointDate)
		c.Field("ram:DueDateTypeCode", taxPoint{&pointCode})
		c.Field("ram:RateApplicablePercent", &v.Rate)
		if c.Writing() {
			return
		}
		if (inv.TaxPointDate.Given && inv.TaxPointDate != pointDate) ||
			(inv.TaxPointCode.Given && inv.TaxPointCode != pointCode) {
			b.warn("ApplicableTradeTax", "has another tax point than the first; it is not read")
			return
		}
		inv.TaxPointDate, inv.TaxPointCode = pointDate, pointCode
	})
}

func period(c *xmlbind.Cursor, p **en16931.Period) {
	xmlbind.Maybe(c, "ram:BillingSpecifiedPeriod", p, func(c *xmlbind.Cursor, p *en16931.Period) {
		dateTime(c, "ram:StartDateTime", unqualified, &p.Start)
		dateTime(c, "ram:EndDateTime", unqualified, &p.End)
	})
}

// adjustment is ram:SpecifiedTradeAllowanceCharge, an allowance or a charge.
type adjustment struct {
	en16931.Adjustment
	charge lexical.Text
}

func (b *binding) adjustments(c *xmlbind.Cursor, allowances, charges *[]en16931.Adjustment) {
	var all []adjustment
	for _, a := range *allowances {
		all = append(all, adjustment{a, lexical.Of("false")})
	}
	for _, a := range *charges {
		all = append(all, adjustment{a, lexical.Of("true")})
	}
	xmlbind.Each(c, "ram:SpecifiedTradeAllowanceCharge", &all, func(c *xmlbind.Cursor, a *adjustment) {
		nested(c, "ram:ChargeIndicator", "udt:Indicator", &a.charge)
		c.Field("ram:CalculationPercent", &a.Percent)
		amount(c, "ram:BasisAmount", &a.Base)
		amount(c, "ram:ActualAmount", &a.Amount)
		c.Field("ram:ReasonCode", &a.ReasonCode)
		c.Field("ram:Reason", &a.Reason)
		xmlbind.Maybe(c, "ram:CategoryTradeTax", &a.VAT, category)
	})
	if c.Writing() {
		return
	}
	for _, a := range all {
		if a.charge.Value == "true" || a.charge.Value == "1" {
			*charges = append(*charges, a.Adjustment)
		} else {
			*allowances = append(*allowances, a.Adjustment)
		}
	}
}

func category(c *xmlbind.Cursor, v *en16931.VATCategory) {
	c.Field("ram:TypeCode", &fixed{text: typeVAT})
	c.Field("ram:CategoryCode", &v.Code)
	c.Field("ram:RateApplicablePercent", &v.Rate)
}

func (b *binding) totals(c *xmlbind.Cursor) {
	const name = "ram:SpecifiedTradeSettlementHeaderMonetarySummation"
	inv := b.inv
	vat := append([]en16931.Amount{}, inv.RepeatedVAT...)
	if inv.TotalVAT.Given() {
		vat = append([]en16931.Amount{inv.TotalVAT}, vat...)
	}
	if inv.AccountingVAT.Given() {
		vat = append(vat, inv.AccountingVAT)
	}
	t := inv.Totals
	if c.Writing() && t == nil && len(vat) == 0 {
		return
	}
	if t == nil {
		t = &en16931.Totals{}
	}
	visit := func(c *xmlbind.Cursor, t *en16931.Totals) {
		amount(c, "ram:LineTotalAmount", &t.Lines)
		amount(c, "ram:ChargeTotalAmount", &t.Charges)
		amount(c, "ram:AllowanceTotalAmount", &t.Allowances)
		amount(c, "ram:TaxBasisTotalAmount", &t.Net)
		xmlbind.Each(c, "ram:TaxTotalAmount", &vat, func(c *xmlbind.Cursor, a *en16931.Amount) {
			c.Text(a)
			c.Attr("currencyID", &a.Currency)
		})
		amount(c, "ram:RoundingAmount", &t.Rounding)
		amount(c, "ram:GrandTotalAmount", &t.Gross)
		amount(c, "ram:TotalPrepaidAmount", &t.Paid)
		amount(c, "ram:DuePayableAmount", &t.Due)
	}
	if c.Writing() {
		xmlbind.Maybe(c, name, &t, visit)
		return
	}
	xmlbind.Maybe(c, name, &inv.Totals, visit)
	b.sortVAT(vat)
}

// sortVAT tells the invoice's VAT from that in the accounting currency.
func (b *binding) sortVAT(all []en16931.Amount) {
	inv := b.inv
	for _, a := range all {
		accounting := a.Currency.Given && a.Currency.Value == inv.TaxCurrency.Value && a.Currency.Value != inv.Currency.Value
		switch {
		case accounting && !inv.AccountingVAT.Given():
			inv.AccountingVAT = a
		case !inv.TotalVAT.Given():
			inv.TotalVAT = a
		default:
			b.warn("TaxTotalAmount", "is repeated")
			inv.RepeatedVAT = append(inv.RepeatedVAT, a)
		}
	}
}

func (b *binding) line(c *xmlbind.Cursor, l *en16931.Line) {
	c.Group("ram:AssociatedDocumentLineDocument", func(c *xmlbind.Cursor) {
		c.Field("ram:LineID", &l.ID)
		nested(c, "ram:IncludedNote", "ram:Content", &l.Note)
	})
	c.Group("ram:SpecifiedTradeProduct", func(c *xmlbind.Cursor) { product(c, &l.Item) })
	c.Group("ram:SpecifiedLineTradeAgreement", func(c *xmlbind.Cursor) {
		nested(c, "ram:BuyerOrderReferencedDocument", "ram:LineID", &l.OrderLine)
		price(c, &l.Price)
	})
	c.Group("ram:SpecifiedLineTradeDelivery", func(c *xmlbind.Cursor) {
		quantity(c, "ram:BilledQuantity", &l.Quantity)
	})
	c.Group("ram:SpecifiedLineTradeSettlement", func(c *xmlbind.Cursor) {
		xmlbind.Maybe(c, "ram:ApplicableTradeTax", &l.VAT, category)
		period(c, &l.Period)
		b.adjustments(c, &l.Allowances, &l.Charges)
		c.Group("ram:SpecifiedTradeSettlementLineMonetarySummation", func(c *xmlbind.Cursor) {
			amount(c, "ram:LineTotalAmount", &l.Net)
		})
		xmlbind.Maybe(c, "ram:AdditionalReferencedDocument", &l.Object,
			func(c *xmlbind.Cursor, id *en16931.Identifier) {
				c.Field("ram:IssuerAssignedID", &id.ID)
				c.Field("ram:TypeCode", &fixed{text: typeObject})
				c.Field("ram:ReferenceTypeCode", &id.Scheme)
			})
		nested(c, "ram:ReceivableSpecifiedTradeAccountingAccount", "ram:ID", &l.AccountingReference)
	})
}

func product(c *xmlbind.Cursor, i *en16931.Item) {
	xmlbind.Maybe(c, "ram:GlobalID", &i.StandardID, scheme)
	c.Field("ram:SellerAssignedID", &i.SellerID)
	c.Field("ram:BuyerAssignedID", &i.BuyerID)
	c.Field("ram:Name", &i.Name)
	c.Field("ram:Description", &i.Description)
	xmlbind.Each(c, "ram:ApplicableProductCharacteristic", &i.Attributes,
		func(c *xmlbind.Cursor, a *en16931.Attribute) {
			c.Field("ram:Description", &a.Name)
			c.Field("ram:Value", &a.Value)
		})
	xmlbind.Each(c, "ram:DesignatedProductClassification", &i.Classifications,
		func(c *xmlbind.Cursor, k *en16931.Classification) {
			c.Field("ram:ClassCode", &k.ID, attribute("listID", &k.Scheme), attribute("listVersionID", &k.Version))
		})
	nested(c, "ram:OriginTradeCountry", "ram:ID", &i.Origin)
}

// price visits gross and net price. Both may say which quantity they are for;
// the net price's counts.
func price(c *xmlbind.Cursor, p *en16931.Price) {
	var grossBase en16931.Quantity
	c.Group("ram:GrossPriceProductTradePrice", func(c *xmlbind.Cursor) {
		amount(c, "ram:ChargeAmount", &p.Gross)
		quantity(c, "ram:BasisQuantity", &grossBase)
		if c.Writing() && !p.Discount.Given() {
			return
		}
		c.Group("ram:AppliedTradeAllowanceCharge", func(c *xmlbind.Cursor) {
			nested(c, "ram:ChargeIndicator", "udt:Indicator", &fixed{text: "false"})
			amount(c, "ram:ActualAmount", &p.Discount)
		})
	})
	c.Group("ram:NetPriceProductTradePrice", func(c *xmlbind.Cursor) {
		amount(c, "ram:ChargeAmount", &p.Net)
		quantity(c, "ram:BasisQuantity", &p.Base)
	})
	if !c.Writing() && !p.Base.Given() {
		p.Base = grossBase
	}
}
