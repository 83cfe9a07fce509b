package ubl

import (
	"fmt"
	"math/big"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/money"
)

// report collects the findings of one rule.
type report func(path, format string, args ...any)

// rule is one rule of EN 16931. It looks only at what is there: that something
// is missing is another rule's business.
type rule struct {
	id    string
	check func(*document, report)
}

// check returns what the rules find.
func check(d *document) []Finding {
	var out []Finding
	for _, group := range [][]rule{headRules, partyRules, lineRules, adjustmentRules, taxRules, sumRules} {
		for _, r := range group {
			r.check(d, func(path, format string, args ...any) {
				out = append(out, Finding{r.id, Fatal, path, fmt.Sprintf(format, args...)})
			})
		}
	}
	return out
}

// required makes a rule of a field that must be given.
func required(id, path, what string, get func(*document) string) rule {
	return rule{id, func(d *document, found report) {
		if text(get(d)) == "" {
			found(path, "%s is missing", what)
		}
	}}
}

var headRules = []rule{
	required("BR-01", "CustomizationID", "the specification identifier",
		func(d *document) string { return d.CustomizationID }),
	required("BR-02", "ID", "the invoice number", func(d *document) string { return d.ID }),
	required("BR-03", "IssueDate", "the issue date", func(d *document) string { return d.IssueDate }),
	required("BR-04", "InvoiceTypeCode", "the type code", func(d *document) string { return d.TypeCode }),
	required("BR-05", "DocumentCurrencyCode", "the currency", func(d *document) string { return d.Currency }),
	{"BR-29", func(d *document, found report) { ordered(d.Period, "InvoicePeriod", found) }},
	{"BR-CO-03", func(d *document, found report) {
		if text(d.TaxPointDate) != "" && d.Period != nil && text(d.Period.Code) != "" {
			found("TaxPointDate", "tax point date and its code exclude each other")
		}
	}},
	{"BR-CO-19", func(d *document, found report) {
		if d.Period != nil && text(d.Period.Start) == "" && text(d.Period.End) == "" && text(d.Period.Code) == "" {
			found("InvoicePeriod", "the period has neither start nor end")
		}
	}},
	{"BR-CO-25", func(d *document, found report) {
		if due, ok := value(d.payable()); ok && due.Sign() > 0 && text(d.DueDate) == "" && d.terms() == "" {
			found("DueDate", "a positive amount due needs a due date or payment terms")
		}
	}},
	{"BR-49", func(d *document, found report) {
		for i, m := range d.Means {
			if text(m.Code) == "" {
				found(fmt.Sprintf("PaymentMeans[%d]", i+1), "the payment means code is missing")
			}
		}
	}},
	{"BR-52", func(d *document, found report) {
		for i, r := range d.Supporting {
			if text(r.ID) == "" {
				found(fmt.Sprintf("AdditionalDocumentReference[%d]", i+1), "the reference is missing")
			}
		}
	}},
	{"BR-55", func(d *document, found report) {
		for i, p := range d.Preceding {
			if p.Invoice == nil || text(p.Invoice.ID) == "" {
				found(fmt.Sprintf("BillingReference[%d]", i+1), "the number of the preceding invoice is missing")
			}
		}
	}},
}

var partyRules = []rule{
	{"BR-06", func(d *document, found report) { registered(d.Supplier.party(), "AccountingSupplierParty", found) }},
	{"BR-07", func(d *document, found report) { registered(d.Customer.party(), "AccountingCustomerParty", found) }},
	{"BR-08", func(d *document, found report) { addressed(d.Supplier.party(), "AccountingSupplierParty", found) }},
	{"BR-09", func(d *document, found report) { located(d.Supplier.party(), "AccountingSupplierParty", found) }},
	{"BR-10", func(d *document, found report) { addressed(d.Customer.party(), "AccountingCustomerParty", found) }},
	{"BR-11", func(d *document, found report) { located(d.Customer.party(), "AccountingCustomerParty", found) }},
	{"BR-56", func(d *document, found report) {
		if d.Representative != nil && d.Representative.vatID() == "" {
			found("TaxRepresentativeParty", "the tax representative's VAT identifier is missing")
		}
	}},
}

func registered(p *partyInfo, path string, found report) {
	if p == nil || p.Legal == nil || text(p.Legal.Name) == "" {
		found(path+"/Party/PartyLegalEntity/RegistrationName", "the name is missing")
	}
}

func addressed(p *partyInfo, path string, found report) {
	if p == nil || p.Address == nil {
		found(path+"/Party/PostalAddress", "the postal address is missing")
	}
}

func located(p *partyInfo, path string, found report) {
	if p != nil && p.Address != nil && p.countryCode() == "" {
		found(path+"/Party/PostalAddress/Country", "the country code is missing")
	}
}

// ordered finds a period that ends before it starts; dates are written so that
// they compare as text.
func ordered(p *period, path string, found report) {
	if p != nil && text(p.Start) != "" && text(p.End) != "" && text(p.End) < text(p.Start) {
		found(path, "the period ends before it starts")
	}
}

// eachLine makes a rule that every line must fulfil.
func eachLine(id string, check func(*line, string, report)) rule {
	return rule{id, func(d *document, found report) {
		for i := range d.Lines {
			check(&d.Lines[i], fmt.Sprintf("InvoiceLine[%d]", i+1), found)
		}
	}}
}

var lineRules = []rule{
	{"BR-16", func(d *document, found report) {
		if len(d.Lines) == 0 {
			found("InvoiceLine", "an invoice has at least one line")
		}
	}},
	eachLine("BR-21", func(l *line, path string, found report) {
		lacks(text(l.ID) == "", path+"/ID", "the line's id", found)
	}),
	eachLine("BR-22", func(l *line, path string, found report) {
		lacks(l.Quantity == nil || text(l.Quantity.Value) == "", path+"/InvoicedQuantity", "the quantity", found)
	}),
	eachLine("BR-23", func(l *line, path string, found report) {
		lacks(l.Quantity == nil || text(l.Quantity.Unit) == "", path+"/InvoicedQuantity/@unitCode", "the unit", found)
	}),
	eachLine("BR-24", func(l *line, path string, found report) {
		lacks(!l.Net.has(), path+"/LineExtensionAmount", "the line's net amount", found)
	}),
	eachLine("BR-25", func(l *line, path string, found report) {
		lacks(l.Item == nil || text(l.Item.Name) == "", path+"/Item/Name", "the item's name", found)
	}),
	eachLine("BR-26", func(l *line, path string, found report) {
		lacks(l.Price == nil || !l.Price.Amount.has(), path+"/Price/PriceAmount", "the item's net price", found)
	}),
	eachLine("BR-27", func(l *line, path string, found report) {
		if l.Price == nil {
			return
		}
		if p, ok := value(l.Price.Amount); ok && p.Sign() < 0 {
			found(path+"/Price/PriceAmount", "a net price is not negative")
		}
	}),
	eachLine("BR-30", func(l *line, path string, found report) { ordered(l.Period, path+"/InvoicePeriod", found) }),
	eachLine("BR-41", func(l *line, path string, found report) { amounts(l.Adjustments, "false", path, found) }),
	eachLine("BR-43", func(l *line, path string, found report) { amounts(l.Adjustments, "true", path, found) }),
	eachLine("BR-42", func(l *line, path string, found report) { reasons(l.Adjustments, "false", path, found) }),
	eachLine("BR-44", func(l *line, path string, found report) { reasons(l.Adjustments, "true", path, found) }),
	eachLine("BR-54", func(l *line, path string, found report) {
		if l.Item == nil {
			return
		}
		for _, p := range l.Item.Properties {
			lacks(text(p.Name) == "" || text(p.Value) == "", path+"/Item/AdditionalItemProperty", "name or value", found)
		}
	}),
	eachLine("BR-CO-04", func(l *line, path string, found report) {
		lacks(l.Item == nil || l.Item.Category == nil || text(l.Item.Category.ID) == "",
			path+"/Item/ClassifiedTaxCategory", "the VAT category", found)
	}),
}

func lacks(missing bool, path, what string, found report) {
	if missing {
		found(path, "%s is missing", what)
	}
}

// is reports whether the adjustment is a charge ("true") or an allowance
// ("false"); XML Schema writes a boolean in two ways.
func (a adjustment) is(charge string) bool {
	switch text(a.Charge) {
	case "true", "1":
		return charge == "true"
	case "false", "0":
		return charge == "false"
	default:
		return false
	}
}

func amounts(list []adjustment, charge, path string, found report) {
	for _, a := range list {
		lacks(a.is(charge) && !a.Amount.has(), path+"/AllowanceCharge/Amount", "the amount", found)
	}
}

func reasons(list []adjustment, charge, path string, found report) {
	for _, a := range list {
		lacks(a.is(charge) && text(a.Reason) == "" && text(a.Code) == "",
			path+"/AllowanceCharge/AllowanceChargeReason", "the reason or its code", found)
	}
}

func categories(list []adjustment, charge string, found report) {
	for _, a := range list {
		lacks(a.is(charge) && (a.Category == nil || text(a.Category.ID) == ""),
			"AllowanceCharge/TaxCategory", "the VAT category", found)
	}
}

var adjustmentRules = []rule{
	{"BR-31", func(d *document, found report) { amounts(d.Adjustments, "false", "", found) }},
	{"BR-32", func(d *document, found report) { categories(d.Adjustments, "false", found) }},
	{"BR-33", func(d *document, found report) { reasons(d.Adjustments, "false", "", found) }},
	{"BR-36", func(d *document, found report) { amounts(d.Adjustments, "true", "", found) }},
	{"BR-37", func(d *document, found report) { categories(d.Adjustments, "true", found) }},
	{"BR-38", func(d *document, found report) { reasons(d.Adjustments, "true", "", found) }},
	{"BR-CO-11", func(d *document, found report) {
		if d.Totals != nil {
			adjusted(d, "false", d.Totals.Allowances, found)
		}
	}},
	{"BR-CO-12", func(d *document, found report) {
		if d.Totals != nil {
			adjusted(d, "true", d.Totals.Charges, found)
		}
	}},
}

// adjusted holds a total of allowances or charges against the document's own.
func adjusted(d *document, charge string, total *amount, found report) {
	var list []*amount
	for _, a := range d.Adjustments {
		if a.is(charge) {
			list = append(list, a.Amount)
		}
	}
	name := map[string]string{"false": "AllowanceTotalAmount", "true": "ChargeTotalAmount"}[charge]
	want, ok := value(total)
	if sum := sumOf(list...); (ok && want.Cmp(sum) != 0) || (!ok && len(list) > 0 && sum.Sign() != 0) {
		found("LegalMonetaryTotal/"+name, "is not the sum of the document's own, %s", sum.FloatString(2))
	}
}

// value reads an amount; ok is false when it is missing or no number, which is
// another finding.
func value(a *amount) (*big.Rat, bool) {
	if !a.has() {
		return nil, false
	}
	r, err := money.ParseRat(a.Value)
	return r, err == nil
}

// sumOf adds what is there.
func sumOf(list ...*amount) *big.Rat {
	sum := new(big.Rat)
	for _, a := range list {
		if r, ok := value(a); ok {
			sum.Add(sum, r)
		}
	}
	return sum
}

func (d *document) payable() *amount {
	if d.Totals == nil {
		return nil
	}
	return d.Totals.Payable
}

func messageOf(err error) string {
	if f, ok := fault.From(err); ok {
		return f.Message
	}
	return err.Error()
}
