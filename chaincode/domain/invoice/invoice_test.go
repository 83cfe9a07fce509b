package invoice

import (
	"math"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

const (
	sellerID trade.PartyID = "529900ARGOSYEXPRTR48"
	buyerID  trade.PartyID = "529900ARGOSYIMPRTR96"
)

func valid() Body {
	return Body{
		Salt: trade.Salt{1}, Number: "I-1", IssueDate: "2026-01-05", TypeCode: "380", Currency: "EUR",
		DueDate: "2026-03-05", Seller: Trader{Party: sellerID, Name: "S", Country: "CN"},
		Buyer: Trader{Party: buyerID, Name: "B", Country: "DE"},
		Lines: []Line{
			{ID: "1", Name: "press", Quantity: trade.Decimal{Unscaled: 2}, Unit: "H87", NetMinor: 600},
			{ID: "2", Name: "spares", Quantity: trade.Decimal{Unscaled: 15, Scale: 1}, Unit: "KGM", NetMinor: 400},
		},
		Taxes: []Tax{{Category: "S", Rate: trade.Decimal{Unscaled: 19}, BaseMinor: 1050, TaxMinor: 200}},
		Totals: Totals{
			LinesMinor: 1000, AllowancesMinor: 50, ChargesMinor: 100, NetMinor: 1050, TaxMinor: 200,
			GrossMinor: 1250, PaidMinor: 251, RoundingMinor: 1, DueMinor: 1000,
		},
	}
}

func TestEveryStateAndAction(t *testing.T) {
	if err := Table.Check(); err != nil {
		t.Fatal(err)
	}
	body, err := canon.Encode(valid())
	if err != nil {
		t.Fatal(err)
	}
	args, err := canon.Encode(DisputeArgs{Salt: trade.Salt{1}, Reason: "short shipped"})
	if err != nil {
		t.Fatal(err)
	}
	callers := map[string]trade.PartyID{seller: sellerID, buyer: buyerID}
	for _, state := range Table.States() {
		for _, action := range Table.Actions() {
			for who, id := range callers {
				doc := trade.Document{Header: trade.Header{State: state}, Body: body}
				f := trade.Facts{Caller: trade.Caller{Party: trade.Party{ID: id, Active: true}}}
				e, err := Apply(doc, trade.Command{Action: action, Args: args}, f)
				step, unlisted := Table.Next(state, action)
				want := fault.Code("")
				switch {
				case unlisted != nil || step.Who == cause:
					want = fault.TransitionForbidden
				case step.Who != who:
					want = fault.NotParty
				}
				if fault.CodeOf(err) != want || (want == "" && (err != nil || e.Doc.Header.State != step.To)) {
					t.Errorf("%s by the %s in state %q: %q %v, want %q", action, who, state, e.Doc.Header.State, err, want)
				}
			}
		}
	}
}

func TestValidateNamesTheRule(t *testing.T) {
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, field string
		change      func(*Body)
	}{
		{"no number", "number", func(b *Body) { b.Number = "" }},
		{"no due date or terms", "dueDate", func(b *Body) { b.DueDate = "" }},
		{"no lines", "lines", func(b *Body) { b.Lines = nil }},
		{"lines do not add up", "totals.linesMinor", func(b *Body) { b.Lines[0].NetMinor++ }},
		{"net", "totals.netMinor", func(b *Body) { b.Totals.AllowancesMinor-- }},
		{"tax", "totals.taxMinor", func(b *Body) { b.Taxes[0].TaxMinor++ }},
		{"gross", "totals.grossMinor", func(b *Body) { b.Totals.GrossMinor++ }},
		{"due", "totals.dueMinor", func(b *Body) { b.Totals.RoundingMinor++ }},
		{"no VAT breakdown", "taxes", func(b *Body) { b.Taxes = nil }},
		{"negative price", "lines.price", func(b *Body) { b.Lines[1].Price.Unscaled = -1 }},
		{"credit note", "typeCode", func(b *Body) { b.TypeCode = "381" }},
		{"sells to itself", "buyer.party", func(b *Body) { b.Buyer.Party = b.Seller.Party }},
		{"no such day", "", func(b *Body) { b.IssueDate = "2026-02-30" }},
		{"no salt", "salt", func(b *Body) { b.Salt = trade.Salt{} }},
		{"wrong check digit", "", func(b *Body) { b.Buyer.Party = "529900ARGOSYIMPRTR97" }},
	} {
		b := valid()
		tc.change(&b)
		f, ok := fault.From(b.Validate())
		if !ok || f.Field != tc.field {
			t.Errorf("%s: got %v, want a refusal of %q", tc.name, f, tc.field)
		}
	}
}

func TestSumsDoNotWrapAround(t *testing.T) {
	b := valid()
	b.Lines[0].NetMinor, b.Lines[1].NetMinor = math.MaxInt64, math.MaxInt64
	b.Totals.LinesMinor = -2 // what the two wrap around to
	f, ok := fault.From(b.Validate())
	if !ok || f.Field != "totals.linesMinor" {
		t.Fatalf("got %v", f)
	}
}

func TestVoucherMovesItsInvoice(t *testing.T) {
	for _, state := range Table.States() {
		for _, action := range Table.Actions() {
			h, err := ByCause(trade.Header{State: state}, action)
			step, unlisted := Table.Next(state, action)
			if ok := unlisted == nil && step.Who == cause; ok != (err == nil) || (ok && h.State != step.To) {
				t.Errorf("%s in state %q: %q %v", action, state, h.State, err)
			}
		}
	}
}
