package en16931

import (
	"fmt"
	"math/big"
	"slices"
)

// Rule is one business rule. Text says what must hold.
type Rule struct {
	ID       string
	Severity Severity
	Text     string

	check check
}

// check reports each place in the invoice where the rule does not hold.
type check func(v *view, found report)

// report takes the path of a fault and what is wrong there. An empty message
// stands for the text of the rule.
type report func(path, message string)

// path names a place below a business group.
type path func(term string) string

// Rules returns the table of all rules, by topic.
func Rules() []Rule {
	return slices.Concat(headRules(), partyRules(), lineRules(), itemRules(), adjustmentRules(), paymentRules(),
		sumRules(), breakdownRules(), vatRules(), codeRules(), decimalRules())
}

// Check holds the invoice against every rule, in the order of the table.
func Check(inv *Invoice) []Finding {
	v := newView(inv)
	var findings Collector
	for _, r := range Rules() {
		r.check(v, func(path, message string) {
			if message == "" {
				message = r.Text
			}
			findings.Add(Finding{r.ID, r.Severity, path, message})
		})
	}
	return findings.Findings()
}

// view is an invoice with what several rules ask of it, computed once.
type view struct {
	*Invoice
	totals Totals // zero when absent
	// taxable is what lines, charges and allowances add up to, by category and
	// by category and rate.
	taxable map[taxKey]*big.Rat
	// used counts the lines, allowances and charges of a category, and broken
	// its breakdowns.
	used, broken map[string]int
}

// taxKey is a VAT category, with a rate unless any is meant.
type taxKey struct{ category, rate string }

func newView(inv *Invoice) *view {
	v := &view{Invoice: inv, taxable: map[taxKey]*big.Rat{}, used: map[string]int{}, broken: map[string]int{}}
	if inv.Totals != nil {
		v.totals = *inv.Totals
	}
	for i := range inv.Lines {
		v.tax(inv.Lines[i].VAT, inv.Lines[i].Net, false)
	}
	for i := range inv.Allowances {
		v.tax(inv.Allowances[i].VAT, inv.Allowances[i].Amount, true)
	}
	for i := range inv.Charges {
		v.tax(inv.Charges[i].VAT, inv.Charges[i].Amount, false)
	}
	for i := range inv.Breakdown {
		v.broken[inv.Breakdown[i].Code.Value]++
	}
	return v
}

func (v *view) tax(c *VATCategory, a Amount, negative bool) {
	if c == nil {
		return
	}
	code := c.Code.Value
	v.used[code]++
	r, _ := a.Rat()
	if negative {
		r.Neg(r)
	}
	for _, key := range []taxKey{{category: code}, {code, rateKey(*c)}} {
		if v.taxable[key] == nil {
			v.taxable[key] = new(big.Rat)
		}
		v.taxable[key].Add(v.taxable[key], r)
	}
}

// rateKey is the same for 25, 25.0 and 25.00.
func rateKey(c VATCategory) string {
	r, ok := c.Rate.Rat()
	if !ok {
		return "none"
	}
	return r.RatString()
}

// when is a rule about the document as a whole: it reports term while the
// condition holds.
func when(term string, wrong func(v *view) bool) check {
	return func(v *view, found report) {
		if wrong(v) {
			found(term, "")
		}
	}
}

// eachLine is a rule about every line.
func eachLine(f func(l *Line, at path, found report)) check {
	return func(v *view, found report) {
		for i := range v.Lines {
			f(&v.Lines[i], within("BG-25", i), found)
		}
	}
}

// within names the i-th instance of a group, counted from one.
func within(group string, i int) path {
	return func(term string) string {
		place := fmt.Sprintf("%s[%d]", group, i+1)
		if term == "" {
			return place
		}
		return place + "/" + term
	}
}

// under names a place below another.
func (p path) under(group string, i int) path {
	return func(term string) string { return p(within(group, i)(term)) }
}
