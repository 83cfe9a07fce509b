package fapiao

import (
	"math/big"
	"strings"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
)

// units are the words for units that items are sold in, with their codes of
// UN/ECE Recommendation 20.
var units = map[string]string{
	"个": "C62", "件": "C62", "只": "C62", "根": "C62", "支": "C62", "条": "C62", "张": "C62", "块": "C62", "次": "C62",
	"项": "C62", "台": "C62", "辆": "C62", "套": "SET", "双": "PR", "千克": "KGM", "公斤": "KGM", "克": "GRM", "吨": "TNE",
	"米": "MTR", "平方米": "MTK", "立方米": "MTQ", "升": "LTR", "天": "DAY", "月": "MON", "年": "ANN", "小时": "HUR",
	"千瓦时": "KWH", "度": "KWH",
}

// piece is the unit of what is sold by no unit that is known.
const piece = "C62"

// Model returns the invoice in the semantic model of EN 16931, as far as it has
// the same terms: what the ledger keeps can be made from it. A red invoice is a
// credit note, with its amounts as they are. A unit that has no code becomes
// pieces, with a warning.
func (inv *Invoice) Model() (*en16931.Invoice, []en16931.Finding) {
	m := &en16931.Invoice{
		CreditNote: inv.red(), Number: inv.Number, TypeCode: lexical.Of("380"), Currency: lexical.Of(currency),
		Seller: inv.Seller.model(), Buyer: inv.Buyer.model(),
		TotalVAT: amount(inv.Tax),
		Totals: &en16931.Totals{
			Lines: amount(inv.Net), Net: amount(inv.Net), Gross: amount(inv.Gross), Due: amount(inv.Gross),
		},
	}
	if day, _, _ := strings.Cut(inv.Issued.Value, " "); day != "" {
		m.IssueDate = lexical.Of(day)
	}
	if m.CreditNote {
		m.TypeCode = lexical.Of("381")
		if inv.Red != nil {
			m.Preceding = []en16931.Preceding{{Number: inv.Red.Original}}
		}
	}
	if !inv.Remark.Blank() {
		m.Notes = []en16931.Note{{Text: inv.Remark}}
	}
	var findings []en16931.Finding
	groups := breakdown{}
	inv.eachLine(func(l *Line, path string) {
		line, known := l.model(len(m.Lines))
		if !known {
			findings = append(findings, en16931.Finding{
				Rule: "FAPIAO-UNIT", Severity: en16931.Warning, Path: path + "/MeaUnits", Message: "has no code; pieces are taken",
			})
		}
		groups.add(*line.VAT, l)
		m.Lines = append(m.Lines, line)
	})
	m.Breakdown = groups.all
	return m, en16931.Bound(findings)
}

func amount(n lexical.Number) en16931.Amount {
	return en16931.Amount{Number: n, Currency: lexical.Of(currency)}
}

func (p *Party) model() *en16931.Party {
	out := &en16931.Party{
		Name: p.Name, VATID: p.TaxID, Address: &en16931.Address{Country: lexical.Of("CN"), Street: p.Address},
	}
	if !p.TaxID.Blank() {
		out.LegalID = &en16931.Identifier{ID: p.TaxID}
	}
	return out
}

func (l *Line) model(index int) (line en16931.Line, known bool) {
	unit, known := units[l.Unit.Value]
	if !known {
		unit = piece
	}
	quantity, price := l.Quantity, l.Price
	if rat(quantity).Sign() == 0 { // a service has neither: it is one, at its amount
		quantity, price, known = lexical.ParseNumber("1"), l.Amount, known || l.Unit.Blank()
	}
	return en16931.Line{
		ID:       lexical.Of(big.NewInt(int64(index + 1)).String()),
		Quantity: en16931.Quantity{Number: quantity, Unit: lexical.Of(unit)},
		Net:      amount(l.Amount), Price: en16931.Price{Net: amount(price)}, VAT: l.category(),
		Item: en16931.Item{Name: l.Name, Description: l.Specification},
	}, known
}

// category returns the VAT category: the word's, or the standard rate.
func (l *Line) category() *en16931.VATCategory {
	rate, word, ok := l.rate()
	if !ok {
		return &en16931.VATCategory{Code: lexical.Of("S"), Rate: lexical.ParseNumber(l.Rate.Value)}
	}
	const perCent = 100
	rate.Mul(rate, big.NewRat(perCent, 1))
	digits, _ := rate.FloatPrec()
	text := rate.FloatString(digits)
	code := "S"
	switch {
	case word != "":
		code = exempt[word]
	case rate.Sign() == 0:
		code = "Z"
	}
	return &en16931.VATCategory{Code: lexical.Of(code), Rate: lexical.ParseNumber(text)}
}

// breakdown sums lines by category and rate, in the order of their first lines.
type breakdown struct {
	all  []en16931.VATBreakdown
	seen map[string]int
}

func (b *breakdown) add(category en16931.VATCategory, l *Line) {
	key := category.Code.Value + " " + category.Rate.String()
	if b.seen == nil {
		b.seen = map[string]int{}
	}
	i, ok := b.seen[key]
	if !ok {
		i = len(b.all)
		b.seen[key] = i
		b.all = append(b.all, en16931.VATBreakdown{VATCategory: category})
	}
	b.all[i].Base = plus(b.all[i].Base, l.Amount)
	b.all[i].Tax = plus(b.all[i].Tax, l.Tax)
}

func plus(sum en16931.Amount, n lexical.Number) en16931.Amount {
	r := new(big.Rat).Add(rat(sum.Number), rat(n))
	digits, _ := r.FloatPrec()
	const least = 2
	return amount(lexical.ParseNumber(r.FloatString(max(digits, least))))
}
