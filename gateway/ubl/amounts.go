package ubl

import (
	"fmt"
	"strings"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

// noNetwork is written for the card network, which UBL requires and EN 16931
// does not know.
const noNetwork = "NA"

// payments visits how to pay. In a credit note the due date (BT-9) is here, in
// the first of them.
func (b *binding) payments(c *xmlbind.Cursor) {
	first := true
	references := map[string]bool{}
	xmlbind.Each(c, "cac:PaymentMeans", &b.inv.Payments, func(c *xmlbind.Cursor, p *en16931.Payment) {
		c.Field("cbc:PaymentMeansCode", &p.Code, attribute("name", &p.Text))
		if b.inv.CreditNote && first {
			c.Field("cbc:PaymentDueDate", &b.inv.DueDate)
		}
		remittance := b.inv.Remittance
		c.Field("cbc:PaymentID", &remittance)
		if !c.Writing() {
			if remittance.Given {
				references[remittance.Value] = true
			}
			keepFirst(&b.inv.Remittance, remittance)
		}
		xmlbind.Maybe(c, "cac:CardAccount", &p.Card, func(c *xmlbind.Cursor, card *en16931.Card) {
			c.Field("cbc:PrimaryAccountNumberID", &card.Number)
			c.Field("cbc:NetworkID", &fixed{text: noNetwork})
			c.Field("cbc:HolderName", &card.Holder)
		})
		xmlbind.Each(c, "cac:PayeeFinancialAccount", &p.Transfers, func(c *xmlbind.Cursor, t *en16931.Transfer) {
			c.Field("cbc:ID", &t.Account)
			c.Field("cbc:Name", &t.Name)
			nested(c, "cac:FinancialInstitutionBranch", "cbc:ID", &t.Provider)
		})
		c.Group("cac:PaymentMandate", func(c *xmlbind.Cursor) {
			if first || !c.Writing() {
				mandate := b.inv.Mandate
				c.Field("cbc:ID", &mandate)
				keepFirst(&b.inv.Mandate, mandate)
			}
			nested(c, "cac:PayerFinancialAccount", "cbc:ID", &p.Debited)
		})
		first = false
	})
	nested(c, "cac:PaymentTerms", "cbc:Note", &b.inv.PaymentTerms)
	if !c.Writing() {
		b.comparePayments(len(references))
	}
}

// keepFirst keeps what the first of several payment means says.
func keepFirst(field *lexical.Text, read lexical.Text) {
	if !field.Given {
		*field = read
	}
}

// comparePayments holds what all payment means have in common.
func (b *binding) comparePayments(references int) {
	codes := map[string]bool{}
	for _, p := range b.inv.Payments {
		codes[p.Code.Value] = true
	}
	if len(codes) > 1 {
		b.fatal("UBL-SR-47", "PaymentMeans/PaymentMeansCode", "all payment means of an invoice have one code")
	}
	if references > 1 {
		b.fatal("UBL-SR-44", "PaymentMeans/PaymentID", "an invoice has one remittance reference")
	}
}

// adjustment is cac:AllowanceCharge, an allowance or a charge.
type adjustment struct {
	en16931.Adjustment
	charge lexical.Text
}

func (b *binding) adjustments(c *xmlbind.Cursor, name string, allowances, charges *[]en16931.Adjustment) {
	var all []adjustment
	for _, a := range *allowances {
		all = append(all, adjustment{a, lexical.Of("false")})
	}
	for _, a := range *charges {
		all = append(all, adjustment{a, lexical.Of("true")})
	}
	xmlbind.Each(c, name, &all, func(c *xmlbind.Cursor, a *adjustment) {
		c.Field("cbc:ChargeIndicator", &a.charge)
		c.Field("cbc:AllowanceChargeReasonCode", &a.ReasonCode)
		c.Field("cbc:AllowanceChargeReason", &a.Reason)
		c.Field("cbc:MultiplierFactorNumeric", &a.Percent)
		amount(c, "cbc:Amount", &a.Amount)
		amount(c, "cbc:BaseAmount", &a.Base)
		xmlbind.Maybe(c, "cac:TaxCategory", &a.VAT, category)
	})
	if c.Writing() {
		return
	}
	for _, a := range all {
		// xs:boolean writes true as "true" or "1".
		if a.charge.Value == "true" || a.charge.Value == "1" {
			*charges = append(*charges, a.Adjustment)
		} else {
			*allowances = append(*allowances, a.Adjustment)
		}
	}
}

func category(c *xmlbind.Cursor, v *en16931.VATCategory) {
	c.Field("cbc:ID", &v.Code)
	c.Field("cbc:Percent", &v.Rate)
	taxScheme(c)
}

func taxScheme(c *xmlbind.Cursor) {
	nested(c, "cac:TaxScheme", "cbc:ID", &fixed{text: schemeVAT})
}

// taxTotal is cac:TaxTotal: the VAT of the document (BT-110) with its
// breakdown, or the VAT in the accounting currency (BT-111).
type taxTotal struct {
	amount    en16931.Amount
	breakdown []en16931.VATBreakdown
}

func (b *binding) taxTotals(c *xmlbind.Cursor) {
	var all []taxTotal
	if b.inv.TotalVAT.Given() || len(b.inv.Breakdown) > 0 {
		all = append(all, taxTotal{b.inv.TotalVAT, b.inv.Breakdown})
	}
	for _, a := range b.inv.RepeatedVAT {
		all = append(all, taxTotal{amount: a})
	}
	if b.inv.AccountingVAT.Given() {
		all = append(all, taxTotal{amount: b.inv.AccountingVAT})
	}
	xmlbind.Each(c, "cac:TaxTotal", &all, func(c *xmlbind.Cursor, t *taxTotal) {
		amount(c, "cbc:TaxAmount", &t.amount)
		xmlbind.Each(c, "cac:TaxSubtotal", &t.breakdown, subtotal)
	})
	if !c.Writing() {
		b.sortTaxTotals(all)
	}
}

func subtotal(c *xmlbind.Cursor, v *en16931.VATBreakdown) {
	amount(c, "cbc:TaxableAmount", &v.Base)
	amount(c, "cbc:TaxAmount", &v.Tax)
	c.Group("cac:TaxCategory", func(c *xmlbind.Cursor) {
		c.Field("cbc:ID", &v.Code)
		c.Field("cbc:Percent", &v.Rate)
		c.Field("cbc:TaxExemptionReasonCode", &v.ExemptionReasonCode)
		c.Field("cbc:TaxExemptionReason", &v.ExemptionReason)
		taxScheme(c)
	})
}

// sortTaxTotals tells the document's VAT from that in the accounting currency:
// the latter has the accounting currency and no breakdown.
func (b *binding) sortTaxTotals(all []taxTotal) {
	have := false
	for i, t := range all {
		currency := t.amount.Currency.Value
		accounting := len(t.breakdown) == 0 && currency != b.inv.Currency.Value &&
			(currency == b.inv.TaxCurrency.Value || have)
		switch {
		case accounting && !b.inv.AccountingVAT.Given():
			b.inv.AccountingVAT = t.amount
		case !accounting && !have:
			have = true
			b.inv.TotalVAT, b.inv.Breakdown = t.amount, t.breakdown
		default:
			b.extra(fmt.Sprintf("TaxTotal[%d]", i+1))
			if t.amount.Given() {
				b.inv.RepeatedVAT = append(b.inv.RepeatedVAT, t.amount)
			}
			b.inv.Breakdown = append(b.inv.Breakdown, t.breakdown...)
		}
	}
}

func totals(c *xmlbind.Cursor, t *en16931.Totals) {
	amount(c, "cbc:LineExtensionAmount", &t.Lines)
	amount(c, "cbc:TaxExclusiveAmount", &t.Net)
	amount(c, "cbc:TaxInclusiveAmount", &t.Gross)
	amount(c, "cbc:AllowanceTotalAmount", &t.Allowances)
	amount(c, "cbc:ChargeTotalAmount", &t.Charges)
	amount(c, "cbc:PrepaidAmount", &t.Paid)
	amount(c, "cbc:PayableRoundingAmount", &t.Rounding)
	amount(c, "cbc:PayableAmount", &t.Due)
}

func (b *binding) lines(c *xmlbind.Cursor) {
	name, quantity := "cac:InvoiceLine", "cbc:InvoicedQuantity"
	if b.inv.CreditNote {
		name, quantity = "cac:CreditNoteLine", "cbc:CreditedQuantity"
	}
	xmlbind.Each(c, name, &b.inv.Lines, func(c *xmlbind.Cursor, l *en16931.Line) {
		c.Field("cbc:ID", &l.ID)
		c.Field("cbc:Note", &l.Note)
		c.Field(quantity, &l.Quantity, attribute("unitCode", &l.Quantity.Unit))
		amount(c, "cbc:LineExtensionAmount", &l.Net)
		c.Field("cbc:AccountingCost", &l.AccountingReference)
		xmlbind.Maybe(c, "cac:InvoicePeriod", &l.Period, dates)
		nested(c, "cac:OrderLineReference", "cbc:LineID", &l.OrderLine)
		lineObject(c, l)
		b.adjustments(c, "cac:AllowanceCharge", &l.Allowances, &l.Charges)
		c.Group("cac:Item", func(c *xmlbind.Cursor) { item(c, l) })
		c.Group("cac:Price", func(c *xmlbind.Cursor) { price(c, &l.Price) })
	})
}

// lineObject visits the reference that is the invoiced object (BT-128). Other
// references of a line are not of EN 16931.
func lineObject(c *xmlbind.Cursor, l *en16931.Line) {
	if !c.Writing() && !c.HasWith("cac:DocumentReference", "cbc:DocumentTypeCode", typeObject) {
		return
	}
	xmlbind.Maybe(c, "cac:DocumentReference", &l.Object, func(c *xmlbind.Cursor, id *en16931.Identifier) {
		c.Field("cbc:ID", &id.ID, attribute("schemeID", &id.Scheme))
		c.Field("cbc:DocumentTypeCode", &fixed{text: typeObject})
	})
}

func item(c *xmlbind.Cursor, l *en16931.Line) {
	i := &l.Item
	c.Field("cbc:Description", &i.Description)
	c.Field("cbc:Name", &i.Name)
	nested(c, "cac:BuyersItemIdentification", "cbc:ID", &i.BuyerID)
	nested(c, "cac:SellersItemIdentification", "cbc:ID", &i.SellerID)
	c.Group("cac:StandardItemIdentification", func(c *xmlbind.Cursor) { identifier(c, "cbc:ID", &i.StandardID) })
	nested(c, "cac:OriginCountry", "cbc:IdentificationCode", &i.Origin)
	xmlbind.Each(c, "cac:CommodityClassification", &i.Classifications,
		func(c *xmlbind.Cursor, k *en16931.Classification) {
			c.Field("cbc:ItemClassificationCode", &k.ID,
				attribute("listID", &k.Scheme), attribute("listVersionID", &k.Version))
		})
	xmlbind.Maybe(c, "cac:ClassifiedTaxCategory", &l.VAT, category)
	xmlbind.Each(c, "cac:AdditionalItemProperty", &i.Attributes, func(c *xmlbind.Cursor, a *en16931.Attribute) {
		c.Field("cbc:Name", &a.Name)
		c.Field("cbc:Value", &a.Value)
	})
}

func price(c *xmlbind.Cursor, p *en16931.Price) {
	amount(c, "cbc:PriceAmount", &p.Net)
	c.Field("cbc:BaseQuantity", &p.Base, attribute("unitCode", &p.Base.Unit))
	if c.Writing() && !p.Discount.Given() && !p.Gross.Given() {
		return
	}
	c.Group("cac:AllowanceCharge", func(c *xmlbind.Cursor) {
		indicator := fixed{text: "false"}
		c.Field("cbc:ChargeIndicator", &indicator)
		if strings.EqualFold(indicator.read, "true") || indicator.read == "1" {
			return // a charge on a price is not EN 16931; it stays untaken and is reported
		}
		amount(c, "cbc:Amount", &p.Discount)
		amount(c, "cbc:BaseAmount", &p.Gross)
	})
}
