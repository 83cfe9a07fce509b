package en16931

import (
	"github.com/argosy-trade/argosy/gateway/en16931/codelist"
	"github.com/argosy-trade/argosy/gateway/lexical"
)

// partyRules are about seller, buyer, payee and tax representative.
func partyRules() []Rule {
	return []Rule{
		{
			"BR-06", Fatal, "An invoice names the seller (BT-27).",
			when("BT-27", func(v *view) bool { return v.Seller == nil || v.Seller.Name.Blank() }),
		},
		{
			"BR-07", Fatal, "An invoice names the buyer (BT-44).",
			when("BT-44", func(v *view) bool { return v.Buyer == nil || v.Buyer.Name.Blank() }),
		},
		{
			"BR-08", Fatal, "An invoice has the seller's address (BG-5).",
			when("BG-5", func(v *view) bool { return v.Seller == nil || v.Seller.Address == nil }),
		},
		{
			"BR-09", Fatal, "The seller's address has a country (BT-40).",
			when("BT-40", func(v *view) bool { return stateless(v.Seller) }),
		},
		{
			"BR-10", Fatal, "An invoice has the buyer's address (BG-8).",
			when("BG-8", func(v *view) bool { return v.Buyer == nil || v.Buyer.Address == nil }),
		},
		{
			"BR-11", Fatal, "The buyer's address has a country (BT-55).",
			when("BT-55", func(v *view) bool { return stateless(v.Buyer) }),
		},
		{
			"BR-17", Fatal, "A payee (BG-10) is named (BT-59), and is not the seller.",
			when("BT-59", func(v *view) bool {
				return v.Payee != nil && (v.Payee.Name.Blank() || v.Seller != nil && sameParty(v.Payee, v.Seller))
			}),
		},
		{
			"BR-18", Fatal, "A tax representative of the seller (BG-11) is named (BT-62).",
			when("BT-62", func(v *view) bool { return v.Representative != nil && v.Representative.Name.Blank() }),
		},
		{
			"BR-19", Fatal, "A tax representative of the seller (BG-11) has an address (BG-12).",
			when("BG-12", func(v *view) bool { return v.Representative != nil && v.Representative.Address == nil }),
		},
		{
			"BR-20", Fatal, "The address of the seller's tax representative has a country (BT-69).",
			when("BT-69", func(v *view) bool { return stateless(v.Representative) }),
		},
		{
			"BR-56", Fatal, "A tax representative of the seller (BG-11) has a VAT identifier (BT-63).",
			when("BT-63", func(v *view) bool { return v.Representative != nil && v.Representative.VATID.Blank() }),
		},
		{
			"BR-62", Fatal, "The seller's electronic address (BT-34) has a scheme.",
			when("BT-34", func(v *view) bool { return v.Seller != nil && schemeless(v.Seller.Endpoint) }),
		},
		{
			"BR-63", Fatal, "The buyer's electronic address (BT-49) has a scheme.",
			when("BT-49", func(v *view) bool { return v.Buyer != nil && schemeless(v.Buyer.Endpoint) }),
		},
		{
			"BR-CO-09", Fatal, "VAT identifiers (BT-31, BT-48, BT-63) begin with their country's code, Greek ones with EL.",
			checkVATPrefixes,
		},
		{
			"BR-CO-26", Fatal, "A seller is told by an identifier (BT-29), a registration (BT-30) or a VAT identifier (BT-31).",
			when("BG-4", func(v *view) bool {
				s := v.Seller
				return s != nil && len(s.IDs) == 0 && s.LegalID == nil && s.VATID.Blank()
			}),
		},
	}
}

func stateless(p *Party) bool { return p != nil && p.Address != nil && p.Address.Country.Blank() }

func schemeless(id *Identifier) bool { return id != nil && id.Scheme.Blank() }

// sameParty reports whether payee and seller have a name or an identifier in
// common.
func sameParty(payee, seller *Party) bool {
	for _, name := range []lexical.Text{seller.Name, seller.TradingName} {
		if !name.Blank() && name.Value == payee.Name.Value {
			return true
		}
	}
	for _, a := range payee.IDs {
		for _, b := range seller.IDs {
			if a == b {
				return true
			}
		}
	}
	return false
}

func checkVATPrefixes(v *view, found report) {
	for _, id := range []struct {
		term  string
		party *Party
	}{{"BT-31", v.Seller}, {"BT-48", v.Buyer}, {"BT-63", v.Representative}} {
		if id.party == nil || !id.party.VATID.Given {
			continue
		}
		const letters = 2 // of a country code
		text := id.party.VATID.Value
		prefix := text[:min(letters, len(text))]
		if prefix != "EL" && !codelist.Has(codelist.Country, prefix) {
			found(id.term, "")
		}
	}
}
