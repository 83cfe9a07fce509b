package en16931

import (
	"fmt"
	"math/big"
)

// sumRules are about the document's totals.
func sumRules() []Rule {
	total := func(id, term, text string, of func(t *Totals) *Amount) Rule {
		return Rule{id, Fatal, text, when(term, func(v *view) bool { return of(&v.totals).Blank() })}
	}
	return []Rule{
		total("BR-12", "BT-106", "An invoice has the sum of its lines (BT-106).",
			func(t *Totals) *Amount { return &t.Lines }),
		total("BR-13", "BT-109", "An invoice has its total without VAT (BT-109).", func(t *Totals) *Amount { return &t.Net }),
		total("BR-14", "BT-112", "An invoice has its total with VAT (BT-112).", func(t *Totals) *Amount { return &t.Gross }),
		total("BR-15", "BT-115", "An invoice has the amount due for payment (BT-115).",
			func(t *Totals) *Amount { return &t.Due }),
		{
			"BR-53", Fatal, "An invoice with a VAT accounting currency (BT-6) has its VAT in that currency (BT-111).",
			when("BT-111", func(v *view) bool {
				same := v.TaxCurrency.Value == v.Currency.Value && v.TotalVAT.Given()
				return v.TaxCurrency.Given && !v.AccountingVAT.Given() && !same
			}),
		},
		{
			"BR-CO-10", Fatal, "The sum of lines (BT-106) is the sum of their net amounts (BT-131).",
			equals("BT-106", func(v *view) *Amount { return &v.totals.Lines }, func(v *view) *big.Rat {
				sum := new(big.Rat)
				for i := range v.Lines {
					add(sum, v.Lines[i].Net)
				}
				return sum
			}),
		},
		{
			"BR-CO-11", Fatal, "The sum of allowances (BT-107) is the sum of the document's allowances (BT-92).",
			adjusted("BT-107", func(v *view) (Amount, []Adjustment) { return v.totals.Allowances, v.Allowances }),
		},
		{
			"BR-CO-12", Fatal, "The sum of charges (BT-108) is the sum of the document's charges (BT-99).",
			adjusted("BT-108", func(v *view) (Amount, []Adjustment) { return v.totals.Charges, v.Charges }),
		},
		{
			"BR-CO-13", Fatal, "The total without VAT (BT-109) is lines less allowances plus charges.",
			equals("BT-109", func(v *view) *Amount { return &v.totals.Net }, func(v *view) *big.Rat {
				sum := add(add(new(big.Rat), v.totals.Lines), v.totals.Charges)
				return subtract(sum, v.totals.Allowances)
			}),
		},
		{
			"BR-CO-15", Fatal, "The total with VAT (BT-112) is that without (BT-109) plus the VAT (BT-110).",
			func(v *view, found report) {
				for _, vat := range append([]Amount{v.TotalVAT}, v.RepeatedVAT...) {
					equals("BT-112", func(v *view) *Amount { return &v.totals.Gross }, func(v *view) *big.Rat {
						return add(add(new(big.Rat), v.totals.Net), vat)
					})(v, found)
				}
			},
		},
		{
			"BR-CO-16", Fatal, "The amount due (BT-115) is the total with VAT less what is paid (BT-113) plus rounding.",
			equals("BT-115", func(v *view) *Amount { return &v.totals.Due }, func(v *view) *big.Rat {
				sum := add(add(new(big.Rat), v.totals.Gross), v.totals.Rounding)
				return subtract(sum, v.totals.Paid)
			}),
		},
		{
			"BR-CO-25", Fatal, "When an amount of an invoice is due, a due date (BT-9) or terms of payment (BT-20) are given.",
			when("BT-9", func(v *view) bool {
				return !v.CreditNote && v.totals.Due.Sign() > 0 && v.DueDate.Blank() && v.PaymentTerms.Blank()
			}),
		},
	}
}

func add(sum *big.Rat, a Amount) *big.Rat {
	r, _ := a.Rat()
	return sum.Add(sum, r)
}

func subtract(sum *big.Rat, a Amount) *big.Rat {
	r, _ := a.Rat()
	return sum.Sub(sum, r)
}

// equals is a rule that a total is a certain sum. Totals that are absent or no
// numbers have rules of their own.
func equals(term string, total func(v *view) *Amount, sum func(v *view) *big.Rat) check {
	return func(v *view, found report) {
		have, ok := total(v).Rat()
		if !ok {
			return
		}
		if want := sum(v); have.Cmp(want) != 0 {
			found(term, fmt.Sprintf("is %s, and should be %s", total(v), decimal(want)))
		}
	}
}

// adjusted is a rule that a total is the sum of allowances or charges; it may
// be absent only when there are none.
func adjusted(term string, of func(v *view) (Amount, []Adjustment)) check {
	return func(v *view, found report) {
		total, all := of(v)
		if v.Totals == nil || (total.Blank() && len(all) == 0) {
			return
		}
		want := new(big.Rat)
		for _, a := range all {
			add(want, a.Amount)
		}
		if have, _ := total.Rat(); total.Blank() || have.Cmp(want) != 0 {
			found(term, fmt.Sprintf("is %q, and should be %s", total, decimal(want)))
		}
	}
}

// decimal writes a sum with at least two decimals and as many as it needs.
func decimal(r *big.Rat) string {
	const least = 2
	n, exact := r.FloatPrec()
	if !exact {
		return r.FloatString(least)
	}
	return r.FloatString(max(n, least))
}
