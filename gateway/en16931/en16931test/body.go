package en16931test

import (
	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Body draws a valid body of the ledger. Its quantities and prices have no
// superfluous zeros.
func Body() *rapid.Generator[invoice.Body] {
	return rapid.Custom(func(t *rapid.T) invoice.Body {
		text := func(label string) string { return Text().Draw(t, label) }
		b := invoice.Body{
			Salt: trade.Salt{1}, Number: text("number"), IssueDate: trade.Date(Date().Draw(t, "issued")), TypeCode: "380",
			Currency:       rapid.SampledFrom([]string{"EUR", "CNY", "JPY", "KWD"}).Draw(t, "currency"),
			OrderReference: rapid.SampledFrom([]string{"", "PO-1"}).Draw(t, "order"),
			PaymentTerms:   text("terms"),
			Seller:         invoice.Trader{Party: "529900EXAMPLEEXP0105", Name: text("seller"), Country: "DE", TaxID: "DE1"},
			Buyer:          invoice.Trader{Party: "91350100M000100Y43", Name: text("buyer"), Country: "CN"},
		}
		if rapid.Bool().Draw(t, "due") {
			b.DueDate = trade.Date(Date().Draw(t, "dueOn"))
		}
		minor := rapid.Int64Range(-1e15, 1e15)
		for range rapid.IntRange(1, 3).Draw(t, "lines") {
			b.Lines = append(b.Lines, invoice.Line{
				ID: text("line"), Name: text("item"), Unit: "C62", NetMinor: minor.Draw(t, "net"),
				Quantity: decimal(t, -1e15), Price: decimal(t, 0),
				HSCode: rapid.SampledFrom([]string{"", "841370"}).Draw(t, "hs"),
			})
			b.Totals.LinesMinor += b.Lines[len(b.Lines)-1].NetMinor
		}
		for range rapid.IntRange(1, 2).Draw(t, "taxes") {
			tax := invoice.Tax{
				Category: rapid.SampledFrom([]string{"S", "Z", "G", "O"}).Draw(t, "category"), Rate: decimal(t, 0),
				BaseMinor: minor.Draw(t, "base"), TaxMinor: minor.Draw(t, "tax"),
			}
			b.Taxes = append(b.Taxes, tax)
			b.Totals.TaxMinor += tax.TaxMinor
		}
		sums := &b.Totals
		sums.AllowancesMinor, sums.ChargesMinor = minor.Draw(t, "allowances"), minor.Draw(t, "charges")
		sums.PaidMinor, sums.RoundingMinor = minor.Draw(t, "paid"), minor.Draw(t, "rounding")
		sums.NetMinor = sums.LinesMinor - sums.AllowancesMinor + sums.ChargesMinor
		sums.GrossMinor = sums.NetMinor + sums.TaxMinor
		sums.DueMinor = sums.GrossMinor - sums.PaidMinor + sums.RoundingMinor
		return b
	})
}

// decimal draws a decimal without superfluous zeros.
func decimal(t *rapid.T, least int64) trade.Decimal {
	d := trade.Decimal{
		Unscaled: rapid.Int64Range(least, 1e15).Draw(t, "unscaled"), Scale: rapid.IntRange(0, 8).Draw(t, "scale"),
	}
	for d.Scale > 0 && d.Unscaled%10 == 0 {
		d.Unscaled, d.Scale = d.Unscaled/10, d.Scale-1
	}
	return d
}
