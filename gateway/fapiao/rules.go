package fapiao

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/money"
)

// currency is that of every e-fapiao.
const currency = "CNY"

// Labels of InIssuType.
const (
	blueLabel = "Y"
	redLabel  = "N"
)

var (
	// number is the form of an invoice number: year, region, channel, sequence.
	number         = regexp.MustCompile(`^[0-9]{20}$`)
	classification = regexp.MustCompile(`^[0-9]{19}$`)
)

// maxLineTax is how much the tax of a line may differ from amount times rate:
// six fen, what the tax authority's own form accepts.
var maxLineTax = big.NewRat(6, 100)

// maxLineAmount is how much the amount of a line may differ from quantity times
// price, which is written with few decimals: one fen.
var maxLineAmount = big.NewRat(1, 100)

// Rule is one rule on an e-fapiao.
type Rule struct {
	ID       string
	Severity en16931.Severity
	Text     string

	check func(inv *Invoice, found report)
}

// report takes the path of a fault and what is wrong there; an empty message
// stands for the text of the rule.
type report func(path, message string)

// Rules returns the table of all rules.
func Rules() []Rule {
	return append(headRules(), sumRules()...)
}

// Check holds the invoice against every rule, in the order of the table.
func Check(inv *Invoice) []en16931.Finding {
	var findings []en16931.Finding
	for _, r := range Rules() {
		r.check(inv, func(path, message string) {
			if message == "" {
				message = r.Text
			}
			findings = append(findings, en16931.Finding{Rule: r.ID, Severity: r.Severity, Path: path, Message: message})
		})
	}
	return en16931.Bound(findings)
}

func headRules() []Rule {
	return []Rule{
		{"FAPIAO-01", en16931.Fatal, "An invoice has a number of 20 digits.", when("InvoiceNumber",
			func(inv *Invoice) bool { return !number.MatchString(inv.Number.Value) })},
		{"FAPIAO-02", en16931.Warning, "EIid is the invoice's number.", when("EIid",
			func(inv *Invoice) bool { return !inv.ID.Blank() && inv.ID.Value != inv.Number.Value })},
		{"FAPIAO-03", en16931.Fatal, "An invoice has a date of issue, YYYY-MM-DD.", when("IssueTime",
			func(inv *Invoice) bool { return inv.issued().IsZero() })},
		{
			"FAPIAO-04", en16931.Warning, "The number begins with the last two digits of the year of issue.",
			when("InvoiceNumber", func(inv *Invoice) bool {
				day := inv.issued()
				return number.MatchString(inv.Number.Value) && !day.IsZero() && day.Format("06") != inv.Number.Value[:2]
			}),
		},
		{"FAPIAO-05", en16931.Fatal, "The seller has a name and a taxpayer's number.", when("SellerInformation",
			func(inv *Invoice) bool { return inv.Seller.Name.Blank() || inv.Seller.TaxID.Blank() })},
		{"FAPIAO-06", en16931.Fatal, "The buyer has a name.", when("BuyerInformation",
			func(inv *Invoice) bool { return inv.Buyer.Name.Blank() })},
		{
			"FAPIAO-07", en16931.Warning, "A taxpayer's number of 18 characters is a USCC with a right check character.",
			func(inv *Invoice, found report) {
				const lengthUSCC = 18
				for _, p := range []struct{ path, id string }{
					{"SellerIdNum", inv.Seller.TaxID.Value}, {"BuyerIdNum", inv.Buyer.TaxID.Value},
				} {
					if len(p.id) == lengthUSCC && trade.PartyID(p.id).Validate() != nil {
						found(p.path, "")
					}
				}
			},
		},
		{"FAPIAO-08", en16931.Fatal, "An invoice is blue (Y) or red (N).", when("InIssuType",
			func(inv *Invoice) bool {
				return inv.Blue.Code.Given && inv.Blue.Code.Value != blueLabel && inv.Blue.Code.Value != redLabel
			})},
		{
			"FAPIAO-09", en16931.Fatal, "A red invoice names the blue one by its number, and its confirmation form.",
			when("RedEInvoice", func(inv *Invoice) bool {
				return inv.red() && (inv.Red == nil || inv.Red.Confirmation.Blank() || !number.MatchString(inv.Red.Original.Value))
			}),
		},
		{"FAPIAO-10", en16931.Fatal, "A red invoice is negative, a blue one is not.", when("TotalTax-includedAmount",
			func(inv *Invoice) bool { return inv.Gross.Valid() && inv.red() != (inv.Gross.Sign() < 0) })},
		{
			"FAPIAO-11", en16931.Fatal, "An invoice has at least one item, each with a name and an amount.",
			func(inv *Invoice, found report) {
				if len(inv.Lines) == 0 {
					found("IssuItemInformation", "")
				}
				inv.eachLine(func(l *Line, path string) {
					if l.Name.Blank() || l.Amount.Blank() {
						found(path, "")
					}
				})
			},
		},
		{"FAPIAO-12", en16931.Warning, "An item is classified by 19 digits.", func(inv *Invoice, found report) {
			inv.eachLine(func(l *Line, path string) {
				if l.Classification.Given && !classification.MatchString(l.Classification.Value) {
					found(path+"/TaxClassificationCode", "")
				}
			})
		}},
	}
}

func sumRules() []Rule {
	return []Rule{
		{"FAPIAO-20", en16931.Fatal, "Amounts are decimal numbers; totals have at most two decimals.", checkNumbers},
		{
			"FAPIAO-21", en16931.Fatal, "The total with tax is the total without plus the tax.",
			func(inv *Invoice, found report) {
				want := new(big.Rat).Add(rat(inv.Net), rat(inv.Tax))
				differs("TotalTax-includedAmount", inv.Gross, want, found)
			},
		},
		{"FAPIAO-22", en16931.Fatal, "The total without tax is the sum of the items.", func(inv *Invoice, found report) {
			differs("TotalAmWithoutTax", inv.Net, inv.sum(func(l *Line) lexical.Number { return l.Amount }), found)
		}},
		{"FAPIAO-23", en16931.Fatal, "The tax is the sum of the items' taxes.", func(inv *Invoice, found report) {
			differs("TotalTaxAm", inv.Tax, inv.sum(func(l *Line) lexical.Number { return l.Tax }), found)
		}},
		{"FAPIAO-24", en16931.Fatal, "The total in Chinese words is the total in figures.", checkWords},
		{"FAPIAO-25", en16931.Warning, "The tax of an item is its amount times its rate, within six fen.", checkTaxes},
		{
			"FAPIAO-26", en16931.Warning, "The amount of an item is quantity times price, within one fen.",
			func(inv *Invoice, found report) {
				inv.eachLine(func(l *Line, path string) {
					if rat(l.Quantity).Sign() == 0 || rat(l.Price).Sign() == 0 {
						return // services have neither
					}
					want := new(big.Rat).Mul(rat(l.Quantity), rat(l.Price))
					if far(rat(l.Amount), want, maxLineAmount) {
						found(path+"/Amount", fmt.Sprintf("is %s; quantity times price is %s", l.Amount, want.FloatString(2)))
					}
				})
			},
		},
		{
			"FAPIAO-27", en16931.Warning, "The gross amount of an item is its amount plus its tax.",
			func(inv *Invoice, found report) {
				inv.eachLine(func(l *Line, path string) {
					if l.Gross.Given() {
						differs(path+"/TotaltaxIncludedAmount", l.Gross, new(big.Rat).Add(rat(l.Amount), rat(l.Tax)), found)
					}
				})
			},
		},
		{
			"FAPIAO-28", en16931.Warning, "The rate of an item is a number, or a word for no tax.",
			func(inv *Invoice, found report) {
				inv.eachLine(func(l *Line, path string) {
					if _, _, ok := l.rate(); !ok {
						found(path+"/TaxRate", "")
					}
				})
			},
		},
	}
}

func when(path string, wrong func(inv *Invoice) bool) func(*Invoice, report) {
	return func(inv *Invoice, found report) {
		if wrong(inv) {
			found(path, "")
		}
	}
}

// issued returns the day of issue, or the zero time.
func (inv *Invoice) issued() time.Time {
	text, _, _ := strings.Cut(inv.Issued.Value, " ")
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}
	}
	return day
}

// red reports whether the invoice is labelled red, or refers to a blue one.
func (inv *Invoice) red() bool {
	return inv.Blue.Code.Value == redLabel || (!inv.Blue.Code.Given && inv.Red != nil)
}

func (inv *Invoice) eachLine(visit func(l *Line, path string)) {
	for i := range inv.Lines {
		visit(&inv.Lines[i], fmt.Sprintf("IssuItemInformation[%d]", i+1))
	}
}

func (inv *Invoice) sum(of func(l *Line) lexical.Number) *big.Rat {
	sum := new(big.Rat)
	for i := range inv.Lines {
		sum.Add(sum, rat(of(&inv.Lines[i])))
	}
	return sum
}

func rat(n lexical.Number) *big.Rat {
	r, _ := n.Rat()
	return r
}

func far(a, b, most *big.Rat) bool {
	difference := new(big.Rat).Sub(a, b)
	return difference.Abs(difference).Cmp(most) > 0
}

// differs reports a number that is not what it should be; one that is missing
// has a rule of its own.
func differs(path string, have lexical.Number, want *big.Rat, found report) {
	if have.Valid() && rat(have).Cmp(want) != 0 {
		found(path, fmt.Sprintf("is %s, and should be %s", have, want.FloatString(2)))
	}
}

func checkNumbers(inv *Invoice, found report) {
	const most = 2 // decimals of a total
	for _, n := range []struct {
		path   string
		number lexical.Number
	}{{"TotalAmWithoutTax", inv.Net}, {"TotalTaxAm", inv.Tax}, {"TotalTax-includedAmount", inv.Gross}} {
		untaxed := n.path == "TotalTaxAm" && n.number.Blank() // an exempt invoice may leave it empty
		if !untaxed && (!n.number.Valid() || n.number.Decimals() > most) {
			found(n.path, "")
		}
	}
	inv.eachLine(func(l *Line, path string) {
		for _, n := range []lexical.Number{l.Quantity, l.Price, l.Amount, l.Tax, l.Gross} {
			if n.Malformed() && n.String() != masked {
				found(path, fmt.Sprintf("%q is no number", n))
			}
		}
	})
}

// checkWords holds the words against the figures.
func checkWords(inv *Invoice, found report) {
	const path = "TotalTax-includedAmountInChinese"
	fen, err := ParseWords(inv.Words.Value)
	if err != nil {
		found(path, fmt.Sprintf("%q is no amount in words", clip(inv.Words.Value)))
		return
	}
	want, err := money.Minor(rat(inv.Gross), currency)
	if err == nil && inv.Gross.Valid() && fen != want {
		words, _ := Words(want) // an amount too large stays without
		found(path, fmt.Sprintf("is %s, and should be %s", clip(inv.Words.Value), words))
	}
}

// clip bounds a text of a file in a message.
func clip(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

func checkTaxes(inv *Invoice, found report) {
	inv.eachLine(func(l *Line, path string) {
		rate, word, ok := l.rate()
		if !ok || word == masked || l.Tax.Malformed() {
			return
		}
		want := new(big.Rat).Mul(rate, rat(l.Amount))
		if far(rat(l.Tax), want, maxLineTax) {
			found(path+"/ComTaxAm", fmt.Sprintf("is %s; amount times rate is %s", l.Tax, want.FloatString(2)))
		}
	})
}

// masked stands for a rate or an amount that is not shown.
const masked = "***"

// exempt are the words for no tax, with the category of EN 16931 that each is.
var exempt = map[string]string{"免税": "E", "不征税": "O", "出口零税率": "Z", "普通零税率": "Z", masked: "E"}

// rate returns the tax rate as a fraction, the word that stands for it, if any,
// and whether there is one. No rate at all is a rate of zero.
func (l *Line) rate() (fraction *big.Rat, word string, ok bool) {
	text := l.Rate.Value
	if _, ok := exempt[text]; ok || text == "" {
		return new(big.Rat), text, true
	}
	digits, perCent := strings.CutSuffix(text, "%")
	n := lexical.ParseNumber(digits)
	if !n.Valid() {
		return nil, "", false
	}
	fraction = rat(n)
	if perCent {
		fraction.Quo(fraction, big.NewRat(100, 1))
	}
	return fraction, "", true
}
