package en16931

import (
	"fmt"
	"math/big"

	"github.com/argosy-trade/argosy/gateway/lexical"
)

// Codes of VAT categories (UNTDID 5305) that rules name.
const (
	standard     = "S"
	outOfScope   = "O"
	splitPayment = "B"
)

// rateLaw says which rates a category has.
type rateLaw int

const (
	ratePositive rateLaw = iota + 1
	rateNotNegative
	rateZero
	rateAbsent
)

// vatCategory is what EN 16931 says of one VAT category. Rules -01 to -10 of
// every category have the same form.
type vatCategory struct {
	prefix, code, name string
	rate               rateLaw
	// taxed says that the tax is base times rate, and that each rate has its
	// own breakdown; otherwise there is no tax and one breakdown.
	taxed bool
	// reason says that a breakdown tells why there is no tax.
	reason bool
	// identified reports whether the parties have the identifiers that the
	// category takes; who says which those are.
	identified func(v *view) bool
	who        string
}

func vatCategories() []vatCategory {
	const seller = "the seller or the tax representative is registered for tax (BT-31, BT-32, BT-63)"
	return []vatCategory{
		{"BR-S", standard, "standard rated", ratePositive, true, false, sellerRegistered, seller},
		{"BR-Z", "Z", "zero rated", rateZero, false, false, sellerRegistered, seller},
		{"BR-E", "E", "exempt from VAT", rateZero, false, true, sellerRegistered, seller},
		{
			"BR-AE", "AE", "reverse charge", rateZero, false, true,
			func(v *view) bool {
				return sellerRegistered(v) && v.Buyer != nil && (v.Buyer.VATID.Given || v.Buyer.LegalID != nil)
			}, seller + ", and the buyer has a VAT identifier or a registration (BT-48, BT-47)",
		},
		{
			"BR-IC", "K", "intra-community supply", rateZero, false, true,
			func(v *view) bool { return sellerVAT(v) && v.Buyer != nil && v.Buyer.VATID.Given },
			"seller or tax representative (BT-31, BT-63) and buyer (BT-48) have VAT identifiers",
		},
		{
			"BR-G", "G", "export outside the EU", rateZero, false, true, sellerVAT,
			"the seller or the tax representative has a VAT identifier (BT-31, BT-63)",
		},
		{
			"BR-O", outOfScope, "not subject to VAT", rateAbsent, false, true,
			func(v *view) bool { return !sellerVAT(v) && (v.Buyer == nil || !v.Buyer.VATID.Given) },
			"no party shows a VAT identifier (BT-31, BT-48, BT-63)",
		},
		{"BR-AF", "L", "IGIC (Canary Islands)", rateNotNegative, true, false, sellerRegistered, seller},
		{"BR-AG", "M", "IPSI (Ceuta and Melilla)", rateNotNegative, true, false, sellerRegistered, seller},
	}
}

func sellerVAT(v *view) bool {
	return v.Seller != nil && v.Seller.VATID.Given || v.Representative != nil && v.Representative.VATID.Given
}

func sellerRegistered(v *view) bool {
	return sellerVAT(v) || v.Seller != nil && v.Seller.TaxRegistration.Given
}

// vatRules are the rules of every VAT category.
func vatRules() []Rule {
	var rules []Rule
	for _, c := range vatCategories() {
		rules = append(rules, c.presence())
		rules = append(rules, c.identities()...)
		rules = append(rules, c.rates()...)
		rules = append(rules, c.breakdowns()...)
		switch c.code {
		case "K":
			rules = append(rules, deliveryRules()...)
		case outOfScope:
			rules = append(rules, aloneRules()...)
		}
	}
	return append(rules, splitPaymentRules()...)
}

// presence is rule -01: what is used has a breakdown, and the other way round.
func (c vatCategory) presence() Rule {
	count := "one breakdown"
	if c.taxed {
		count = "a breakdown for each rate"
	}
	text := fmt.Sprintf("An invoice with items, allowances or charges that are %s (%s) has %s of that category.",
		c.name, c.code, count)
	return Rule{c.prefix + "-01", Fatal, text, when("BG-23", func(v *view) bool {
		used, broken := v.used[c.code] > 0, v.broken[c.code]
		if c.taxed {
			return used != (broken > 0)
		}
		return used != (broken > 0) || broken > 1
	})}
}

// uses visits the places where the category is used: on lines (rules -02 and
// -05), allowances (-03, -06) and charges (-04, -07).
func (c vatCategory) uses() [3]func(v *view, visit func(category *VATCategory, at path)) {
	of := func(visit func(*VATCategory, path)) func(*VATCategory, path) {
		return func(x *VATCategory, at path) {
			if x != nil && x.Code.Value == c.code {
				visit(x, at)
			}
		}
	}
	allowances, charges, _, _ := adjustmentGroups()
	adjustments := func(g adjustmentGroup) func(v *view, visit func(*VATCategory, path)) {
		return func(v *view, visit func(*VATCategory, path)) {
			g.each(v.Invoice, func(a *Adjustment, at path) { of(visit)(a.VAT, at) })
		}
	}
	return [3]func(v *view, visit func(*VATCategory, path)){
		func(v *view, visit func(*VATCategory, path)) {
			for i := range v.Lines {
				of(visit)(v.Lines[i].VAT, within("BG-25", i))
			}
		},
		adjustments(allowances), adjustments(charges),
	}
}

var (
	usePlaces = [3]string{"a line", "an allowance", "a charge"}
	rateTerms = [3]string{"BT-152", "BT-96", "BT-103"}
)

// identities are rules -02 to -04.
func (c vatCategory) identities() []Rule {
	var rules []Rule
	for i, each := range c.uses() {
		text := fmt.Sprintf("Where %s is %s (%s), %s.", usePlaces[i], c.name, c.code, c.who)
		rules = append(rules, Rule{fmt.Sprintf("%s-%02d", c.prefix, i+2), Fatal, text, func(v *view, found report) {
			used := false
			each(v, func(*VATCategory, path) { used = true })
			if used && !c.identified(v) {
				found("BG-4", "")
			}
		}})
	}
	return rules
}

// rates are rules -05 to -07.
func (c vatCategory) rates() []Rule {
	law := map[rateLaw]string{
		ratePositive: "greater than zero", rateNotNegative: "zero or greater", rateZero: "zero", rateAbsent: "not given",
	}[c.rate]
	var rules []Rule
	for i, each := range c.uses() {
		text := fmt.Sprintf("The rate of %s that is %s (%s) is %s.", usePlaces[i], c.name, c.code, law)
		rules = append(rules, Rule{fmt.Sprintf("%s-%02d", c.prefix, i+5), Fatal, text, func(v *view, found report) {
			each(v, func(x *VATCategory, at path) {
				if !c.rate.allows(x.Rate) {
					found(at(rateTerms[i]), "")
				}
			})
		}})
	}
	return rules
}

func (l rateLaw) allows(rate lexical.Number) bool {
	switch l {
	case ratePositive:
		return rate.Sign() > 0
	case rateNotNegative:
		return rate.Valid() && rate.Sign() >= 0
	case rateZero:
		return rate.Valid() && rate.Sign() == 0
	case rateAbsent:
		return !rate.Given()
	default:
		return false
	}
}

// breakdowns are rules -08 to -10.
func (c vatCategory) breakdowns() []Rule {
	each := func(f func(v *view, b *VATBreakdown, at path, found report)) check {
		return func(v *view, found report) {
			for i := range v.Breakdown {
				if b := &v.Breakdown[i]; b.Code.Value == c.code {
					f(v, b, within("BG-23", i), found)
				}
			}
		}
	}
	scope, tax, why := "", "zero", "gives no reason for exemption"
	if c.taxed {
		scope, tax = " at its rate", "its taxable amount times its rate"
	}
	if c.reason {
		why = "gives the reason why there is no tax"
	}
	return []Rule{
		{c.prefix + "-08", Fatal, fmt.Sprintf("The taxable amount (BT-116) that is %s (%s) is what lines, charges and "+
			"allowances of the category%s add up to.", c.name, c.code, scope), each(c.taxable)},
		{
			c.prefix + "-09", Fatal, fmt.Sprintf("The tax (BT-117) on what is %s (%s) is %s.", c.name, c.code, tax),
			each(c.tax),
		},
		{
			c.prefix + "-10", Fatal, fmt.Sprintf("A breakdown of what is %s (%s) %s (BT-120, BT-121).", c.name, c.code, why),
			each(func(_ *view, b *VATBreakdown, at path, found report) {
				if given := !b.ExemptionReason.Blank() || !b.ExemptionReasonCode.Blank(); given != c.reason {
					found(at("BT-120"), "")
				}
			}),
		},
	}
}

func (c vatCategory) taxable(v *view, b *VATBreakdown, at path, found report) {
	have, ok := b.Base.Rat()
	if !ok {
		return
	}
	key := taxKey{category: c.code}
	if c.taxed {
		key.rate = rateKey(b.VATCategory)
	}
	want := v.taxable[key]
	if want == nil {
		want = new(big.Rat)
	}
	// The official form of the rule tolerates less than one unit where there
	// is a rate, and nothing elsewhere.
	if have.Cmp(want) != 0 && (!c.taxed || !nearly(have, want)) {
		found(at("BT-116"), fmt.Sprintf("is %s, and should be %s", b.Base, decimal(want)))
	}
}

func (c vatCategory) tax(_ *view, b *VATBreakdown, at path, found report) {
	if c.taxed {
		taxOf(b, at, found)
		return
	}
	if b.Tax.Sign() != 0 {
		found(at("BT-117"), "")
	}
}

// deliveryRules are about intra-community supply.
func deliveryRules() []Rule {
	return []Rule{
		{
			"BR-IC-11", Fatal, "An intra-community supply (K) has a delivery date (BT-72) or an invoicing period (BG-14).",
			when("BT-72", func(v *view) bool {
				delivered := v.Delivery != nil && !v.Delivery.Date.Blank()
				return v.broken["K"] > 0 && !delivered && (v.Period == nil || open(v.Period))
			}),
		},
		{
			"BR-IC-12", Fatal, "An intra-community supply (K) has the country that is delivered to (BT-80).",
			when("BT-80", func(v *view) bool {
				known := v.Delivery != nil && v.Delivery.Address != nil && !v.Delivery.Address.Country.Blank()
				return v.broken["K"] > 0 && !known
			}),
		},
	}
}

// aloneRules say that what is not subject to VAT stands alone.
func aloneRules() []Rule {
	others := func(i int) check {
		return when("BG-23", func(v *view) bool {
			if v.broken[outOfScope] == 0 {
				return false
			}
			switch i {
			case 0:
				return anyOther(v.Lines, func(l Line) *VATCategory { return l.VAT })
			case 1:
				return anyOther(v.Allowances, func(a Adjustment) *VATCategory { return a.VAT })
			default:
				return anyOther(v.Charges, func(a Adjustment) *VATCategory { return a.VAT })
			}
		})
	}
	rules := []Rule{{
		"BR-O-11", Fatal, "Beside a breakdown that is not subject to VAT (O) there is no other breakdown.",
		when("BG-23", func(v *view) bool {
			return v.broken[outOfScope] > 0 && len(v.Breakdown) > v.broken[outOfScope]
		}),
	}}
	for i, place := range usePlaces {
		rules = append(rules, Rule{
			fmt.Sprintf("BR-O-%d", i+12), Fatal,
			fmt.Sprintf("Beside a breakdown that is not subject to VAT (O) %s is not of another category.", place), others(i),
		})
	}
	return rules
}

func anyOther[T any](all []T, of func(T) *VATCategory) bool {
	for _, x := range all {
		if c := of(x); c != nil && c.Code.Value != outOfScope {
			return true
		}
	}
	return false
}

// splitPaymentRules are about Italian split payment.
func splitPaymentRules() []Rule {
	const italy = "IT"
	return []Rule{
		{
			"BR-B-01", Fatal, "Split payment (B) is between an Italian seller and an Italian buyer.",
			when("BG-23", func(v *view) bool {
				return v.splits() && (country(v.Seller) != italy || country(v.Buyer) != italy)
			}),
		},
		{
			"BR-B-02", Fatal, "An invoice with split payment (B) has nothing at the standard rate (S).",
			when("BG-23", func(v *view) bool {
				return v.splits() && (v.used[standard] > 0 || v.broken[standard] > 0)
			}),
		},
	}
}

func (v *view) splits() bool { return v.used[splitPayment] > 0 || v.broken[splitPayment] > 0 }

func country(p *Party) string {
	if p == nil || p.Address == nil {
		return ""
	}
	return p.Address.Country.Value
}
