package en16931

import (
	"fmt"
	"math/big"
)

// breakdownRules are about the VAT breakdown, whatever the category.
func breakdownRules() []Rule {
	return []Rule{
		eachBreakdown("BR-45", "BT-116", "A VAT breakdown (BG-23) has a taxable amount (BT-116).",
			func(b *VATBreakdown) bool { return b.Base.Blank() }),
		eachBreakdown("BR-46", "BT-117", "A VAT breakdown (BG-23) has a tax amount (BT-117).",
			func(b *VATBreakdown) bool { return b.Tax.Blank() }),
		eachBreakdown("BR-47", "BT-118", "A VAT breakdown (BG-23) has a category (BT-118).",
			func(b *VATBreakdown) bool { return b.Code.Blank() }),
		eachBreakdown("BR-48", "BT-119", "A VAT breakdown (BG-23) has a rate (BT-119), unless it is not subject to VAT.",
			func(b *VATBreakdown) bool { return b.Rate.Blank() && b.Code.Value != outOfScope }),
		{
			"BR-CO-14", Fatal, "The VAT of the invoice (BT-110) is the sum of the breakdowns' tax amounts (BT-117).",
			func(v *view, found report) {
				if len(v.Breakdown) == 0 {
					return
				}
				equals("BT-110", func(v *view) *Amount { return &v.TotalVAT }, func(v *view) *big.Rat {
					sum := new(big.Rat)
					for i := range v.Breakdown {
						add(sum, v.Breakdown[i].Tax)
					}
					return sum
				})(v, found)
			},
		},
		{
			"BR-CO-17", Fatal, "The tax amount of a breakdown (BT-117) is its taxable amount times its rate.",
			func(v *view, found report) {
				for i := range v.Breakdown {
					taxOf(&v.Breakdown[i], within("BG-23", i), found)
				}
			},
		},
		{
			"BR-CO-18", Fatal, "An invoice has at least one VAT breakdown (BG-23).",
			when("BG-23", func(v *view) bool { return len(v.Breakdown) == 0 }),
		},
	}
}

func eachBreakdown(id, term, text string, wrong func(b *VATBreakdown) bool) Rule {
	return Rule{id, Fatal, text, func(v *view, found report) {
		for i := range v.Breakdown {
			if wrong(&v.Breakdown[i]) {
				found(within("BG-23", i)(term), "")
			}
		}
	}}
}

// taxOf holds a tax amount against base and rate. Like the rule's official
// form it tolerates a difference of less than one unit of the currency, as
// systems round line by line.
func taxOf(b *VATBreakdown, at path, found report) {
	base, hasBase := b.Base.Rat()
	tax, hasTax := b.Tax.Rat()
	rate, hasRate := b.Rate.Rat()
	if !hasBase || !hasTax || (!hasRate && !b.Rate.Blank()) {
		return // other rules tell
	}
	const perCent = 100
	want := rate.Mul(rate, base)
	want.Quo(want, big.NewRat(perCent, 1))
	if !nearly(tax, want) {
		found(at("BT-117"), fmt.Sprintf("is %s; taxable amount times rate is %s", b.Tax, decimal(want)))
	}
}

// nearly reports whether a and b differ by less than one.
func nearly(a, b *big.Rat) bool {
	difference := new(big.Rat).Sub(a, b)
	return difference.Abs(difference).Cmp(big.NewRat(1, 1)) < 0
}
