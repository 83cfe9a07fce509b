package ubl

import (
	"fmt"
	"math/big"

	"github.com/argosy-trade/argosy/gateway/money"
)

// needsTotal makes a rule of a document total that must be given.
func needsTotal(id, name string, get func(*totals) *amount) rule {
	return rule{id, func(d *document, found report) {
		if d.Totals == nil || !get(d.Totals).has() {
			found("LegalMonetaryTotal/"+name, "the total is missing")
		}
	}}
}

var sumRules = []rule{
	needsTotal("BR-12", "LineExtensionAmount", func(t *totals) *amount { return t.Lines }),
	needsTotal("BR-13", "TaxExclusiveAmount", func(t *totals) *amount { return t.Net }),
	needsTotal("BR-14", "TaxInclusiveAmount", func(t *totals) *amount { return t.Gross }),
	needsTotal("BR-15", "PayableAmount", func(t *totals) *amount { return t.Payable }),
	{"BR-CO-10", func(d *document, found report) {
		var nets []*amount
		for _, l := range d.Lines {
			nets = append(nets, l.Net)
		}
		if d.Totals != nil {
			equal(d.Totals.Lines, sumOf(nets...), "LineExtensionAmount", found)
		}
	}},
	{"BR-CO-13", func(d *document, found report) {
		if t := d.Totals; t != nil && t.Lines.has() {
			sum := sumOf(t.Lines, t.Charges)
			equal(t.Net, sum.Sub(sum, sumOf(t.Allowances)), "TaxExclusiveAmount", found)
		}
	}},
	{"BR-CO-15", func(d *document, found report) {
		if t := d.Totals; t != nil && t.Net.has() {
			vat := d.vatAmounts()
			if len(vat) > 1 {
				found("TaxTotal", "more than one total VAT in the invoice's currency")
				return
			}
			equal(t.Gross, sumOf(append(vat, t.Net)...), "TaxInclusiveAmount", found)
		}
	}},
	{"BR-CO-16", func(d *document, found report) {
		if t := d.Totals; t != nil && t.Gross.has() {
			sum := sumOf(t.Gross, t.Rounding)
			equal(t.Payable, sum.Sub(sum, sumOf(t.Prepaid)), "PayableAmount", found)
		}
	}},
}

// vatAmounts are the totals of VAT in the document's currency: one, or none.
func (d *document) vatAmounts() []*amount {
	var out []*amount
	for _, t := range d.TaxTotals {
		if t.Amount != nil && (t.Amount.Currency == text(d.Currency) || t.Amount.Currency == "") {
			out = append(out, t.Amount)
		}
	}
	return out
}

func equal(have *amount, want *big.Rat, name string, found report) {
	if r, ok := value(have); ok && r.Cmp(want) != 0 {
		found("LegalMonetaryTotal/"+name, "is %s; the sum is %s", text(have.Value), want.FloatString(2))
	}
}

// eachSubtotal makes a rule that every VAT breakdown must fulfil.
func eachSubtotal(id string, check func(*taxSubtotal, string, report)) rule {
	return rule{id, func(d *document, found report) {
		for i := range d.TaxTotals {
			for j := range d.TaxTotals[i].Subtotals {
				check(&d.TaxTotals[i].Subtotals[j], fmt.Sprintf("TaxTotal[%d]/TaxSubtotal[%d]", i+1, j+1), found)
			}
		}
	}}
}

var taxRules = []rule{
	{"BR-53", func(d *document, found report) {
		code := text(d.TaxCurrency)
		if code == "" || code == text(d.Currency) {
			return
		}
		for _, t := range d.TaxTotals {
			if t.Amount != nil && t.Amount.Currency == code {
				return
			}
		}
		found("TaxTotal", "the total VAT in the accounting currency %s is missing", code)
	}},
	eachSubtotal("BR-45", func(s *taxSubtotal, path string, found report) {
		lacks(!s.Base.has(), path+"/TaxableAmount", "the taxable amount", found)
	}),
	eachSubtotal("BR-46", func(s *taxSubtotal, path string, found report) {
		lacks(!s.Amount.has(), path+"/TaxAmount", "the tax amount", found)
	}),
	eachSubtotal("BR-47", func(s *taxSubtotal, path string, found report) {
		lacks(s.Category == nil || text(s.Category.ID) == "", path+"/TaxCategory/ID", "the VAT category", found)
	}),
	eachSubtotal("BR-48", func(s *taxSubtotal, path string, found report) {
		lacks(s.Category == nil || (text(s.Category.Percent) == "" && text(s.Category.ID) != "O"),
			path+"/TaxCategory/Percent", "the VAT rate", found)
	}),
	{"BR-CO-14", func(d *document, found report) {
		for i, t := range d.TaxTotals {
			if len(t.Subtotals) == 0 {
				continue
			}
			var taxes []*amount
			for _, s := range t.Subtotals {
				taxes = append(taxes, s.Amount)
			}
			if have, ok := value(t.Amount); ok && have.Cmp(sumOf(taxes...)) != 0 {
				found(fmt.Sprintf("TaxTotal[%d]/TaxAmount", i+1), "is not the sum of the breakdowns, %s",
					sumOf(taxes...).FloatString(2))
			}
		}
	}},
	eachSubtotal("BR-CO-17", taxOf),
	{"BR-CO-18", func(d *document, found report) {
		for _, t := range d.TaxTotals {
			if len(t.Subtotals) > 0 {
				return
			}
		}
		found("TaxTotal/TaxSubtotal", "at least one VAT breakdown")
	}},
}

// maxTaxDifference is what the rule's official form tolerates between the tax
// and the product of base and rate: less than one unit.
var maxTaxDifference = big.NewRat(1, 1)

// taxOf holds the tax amount against base and rate. The official rule allows a
// difference of less than one unit, as systems round line by line.
func taxOf(s *taxSubtotal, path string, found report) {
	base, ok := value(s.Base)
	tax, hasTax := value(s.Amount)
	if !ok || !hasTax {
		return
	}
	rate := new(big.Rat)
	if s.Category != nil && text(s.Category.Percent) != "" {
		r, err := money.ParseRat(s.Category.Percent)
		if err != nil {
			return // the conversion tells
		}
		rate = r
	}
	want := rate.Mul(rate, base)
	want.Quo(want, big.NewRat(100, 1))
	difference := new(big.Rat).Sub(tax, want)
	if difference.Abs(difference).Cmp(maxTaxDifference) >= 0 {
		found(path+"/TaxAmount", "is %s; base times rate is %s", text(s.Amount.Value), want.FloatString(2))
	}
}
