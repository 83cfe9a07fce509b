package en16931

import "github.com/argosy-trade/argosy/gateway/lexical"

// visitAmount is called with an amount, its business term and where it stands.
type visitAmount func(a *Amount, term string, at path)

// EachAmount visits every amount that is given, with its business term and its
// path.
func (inv *Invoice) EachAmount(visit func(a Amount, term, path string)) {
	inv.amounts(func(a *Amount, term string, at path) {
		if a.Given() {
			visit(*a, term, at(term))
		}
	})
}

func top(term string) string { return term }

// amounts visits every field that is an amount.
func (inv *Invoice) amounts(visit visitAmount) {
	allowances, charges, lineAllowances, lineCharges := adjustmentGroups()
	for _, g := range []adjustmentGroup{allowances, charges, lineAllowances, lineCharges} {
		g.each(inv, func(a *Adjustment, at path) {
			visit(&a.Amount, g.amount, at)
			visit(&a.Base, g.base, at)
		})
	}
	if t := inv.Totals; t != nil {
		visit(&t.Lines, "BT-106", top)
		visit(&t.Allowances, "BT-107", top)
		visit(&t.Charges, "BT-108", top)
		visit(&t.Net, "BT-109", top)
		visit(&t.Gross, "BT-112", top)
		visit(&t.Paid, "BT-113", top)
		visit(&t.Rounding, "BT-114", top)
		visit(&t.Due, "BT-115", top)
	}
	visit(&inv.TotalVAT, "BT-110", top)
	for i := range inv.RepeatedVAT {
		visit(&inv.RepeatedVAT[i], "BT-110", top)
	}
	visit(&inv.AccountingVAT, "BT-111", top)
	for i := range inv.Breakdown {
		visit(&inv.Breakdown[i].Base, "BT-116", within("BG-23", i))
		visit(&inv.Breakdown[i].Tax, "BT-117", within("BG-23", i))
	}
	for i := range inv.Lines {
		l, at := &inv.Lines[i], within("BG-25", i)
		visit(&l.Net, "BT-131", at)
		visit(&l.Price.Net, "BT-146", at)
		visit(&l.Price.Discount, "BT-147", at)
		visit(&l.Price.Gross, "BT-148", at)
	}
}

// placed is a number with where it stands.
type placed struct {
	number lexical.Number
	term   string
	at     path
}

// numbers returns every number: amounts, rates, per cents and quantities.
func (inv *Invoice) numbers() []placed {
	var all []placed
	inv.amounts(func(a *Amount, term string, at path) { all = append(all, placed{a.Number, term, at}) })
	allowances, charges, lineAllowances, lineCharges := adjustmentGroups()
	for _, g := range []adjustmentGroup{allowances, charges, lineAllowances, lineCharges} {
		g.each(inv, func(a *Adjustment, at path) {
			all = append(all, placed{a.Percent, g.percent, at})
			if a.VAT != nil {
				all = append(all, placed{a.VAT.Rate, g.rate, at})
			}
		})
	}
	for i := range inv.Breakdown {
		all = append(all, placed{inv.Breakdown[i].Rate, "BT-119", within("BG-23", i)})
	}
	for i := range inv.Lines {
		l, at := &inv.Lines[i], within("BG-25", i)
		all = append(all, placed{l.Quantity.Number, "BT-129", at}, placed{l.Price.Base.Number, "BT-149", at})
		if l.VAT != nil {
			all = append(all, placed{l.VAT.Rate, "BT-152", at})
		}
	}
	return all
}

// maxDecimals is how many digits after the point EN 16931 allows an amount.
const maxDecimals = 2

// decimalRules limit the decimals of amounts; prices have no limit.
func decimalRules() []Rule {
	var rules []Rule
	for _, d := range [][2]string{
		{"01", "BT-92"},
		{"02", "BT-93"},
		{"05", "BT-99"},
		{"06", "BT-100"},
		{"09", "BT-106"},
		{"10", "BT-107"},
		{"11", "BT-108"},
		{"12", "BT-109"},
		{"13", "BT-110"},
		{"14", "BT-112"},
		{"15", "BT-111"},
		{"16", "BT-113"},
		{"17", "BT-114"},
		{"18", "BT-115"},
		{"19", "BT-116"},
		{"20", "BT-117"},
		{"23", "BT-131"},
		{"24", "BT-136"},
		{"25", "BT-137"},
		{"27", "BT-141"},
		{"28", "BT-142"},
	} {
		rules = append(rules, Rule{
			"BR-DEC-" + d[0], Fatal, "The amount " + d[1] + " has at most two decimals.",
			func(v *view, found report) {
				v.amounts(func(a *Amount, term string, at path) {
					if term == d[1] && a.Decimals() > maxDecimals {
						found(at(term), "")
					}
				})
			},
		})
	}
	return rules
}
