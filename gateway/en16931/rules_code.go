package en16931

import (
	"strings"

	"github.com/argosy-trade/argosy/gateway/en16931/codelist"
	"github.com/argosy-trade/argosy/gateway/lexical"
)

// coded is a code with the list that it must be from and where it stands.
type coded struct {
	list codelist.List
	code lexical.Text
	term string
	at   path
}

// codeRule is a rule that codes which are given are in their lists.
func codeRule(id, text string, codes func(v *view, give func(coded))) Rule {
	return Rule{id, Fatal, text, func(v *view, found report) {
		codes(v, func(c coded) {
			if c.code.Given && !codelist.Has(c.list, c.code.Value) {
				found(c.at(c.term), "")
			}
		})
	}}
}

// codeRules are about codes.
func codeRules() []Rule {
	rules := []Rule{
		codeRule("BR-CL-01", "The type of an invoice (BT-3) is a code of UNTDID 1001 for its kind.",
			func(v *view, give func(coded)) {
				list := codelist.InvoiceType
				if v.CreditNote {
					list = codelist.CreditNoteType
				}
				give(coded{list, v.TypeCode, "BT-3", top})
			}),
		codeRule("BR-CL-03", "The currency of an amount is a code of ISO 4217.", func(v *view, give func(coded)) {
			v.amounts(func(a *Amount, term string, at path) {
				give(coded{codelist.Currency, a.Currency, term, at})
			})
		}),
		codeRule("BR-CL-04", "The currency of an invoice (BT-5) is a code of ISO 4217.",
			func(v *view, give func(coded)) { give(coded{codelist.Currency, v.Currency, "BT-5", top}) }),
		codeRule("BR-CL-05", "The VAT accounting currency (BT-6) is a code of ISO 4217.",
			func(v *view, give func(coded)) { give(coded{codelist.Currency, v.TaxCurrency, "BT-6", top}) }),
		{
			"BR-CL-06", Fatal, "The tax point (BT-8) is coded as invoice, delivery or payment date (UNTDID 2005: 3, 35, 432).",
			when("BT-8", func(v *view) bool {
				c := v.TaxPointCode.Value
				return v.TaxPointCode.Given && c != "3" && c != "35" && c != "432"
			}),
		},
		codeRule("BR-CL-07", "The scheme of an invoiced object (BT-18) is a code of UNTDID 1153.",
			func(v *view, give func(coded)) {
				if v.Object != nil {
					give(coded{codelist.Reference, v.Object.Scheme, "BT-18", top})
				}
				for i, l := range v.Lines {
					if l.Object != nil {
						give(coded{codelist.Reference, l.Object.Scheme, "BT-128", within("BG-25", i)})
					}
				}
			}),
		codeRule("BR-CL-08", "The subject of a note (BT-21) is a code of UNTDID 4451.", func(v *view, give func(coded)) {
			for i, n := range v.Notes {
				give(coded{codelist.TextSubject, n.Subject, "BT-21", within("BG-1", i)})
			}
		}),
	}
	return append(append(rules, partyCodeRules()...), append(itemCodeRules(), valueCodeRules()...)...)
}

// parties returns the parties that are given, by their business groups.
func (v *view) parties() map[string]*Party {
	all := map[string]*Party{"BG-4": v.Seller, "BG-7": v.Buyer, "BG-10": v.Payee, "BG-11": v.Representative}
	for group, p := range all {
		if p == nil {
			delete(all, group)
		}
	}
	return all
}

// partyOrder is the order in which parties are checked.
var partyOrder = [...]string{"BG-4", "BG-7", "BG-10", "BG-11"}

func eachParty(visit func(p *Party, group string, give func(coded))) func(v *view, give func(coded)) {
	return func(v *view, give func(coded)) {
		all := v.parties()
		for _, group := range partyOrder {
			if p := all[group]; p != nil {
				visit(p, group, give)
			}
		}
	}
}

func partyCodeRules() []Rule {
	return []Rule{
		codeRule("BR-CL-10", "The scheme of a party's identifier (BT-29, BT-46, BT-60) is a code of ISO/IEC 6523.",
			eachParty(func(p *Party, group string, give func(coded)) {
				for _, id := range p.IDs {
					// UBL writes the creditor (BT-90) among the identifiers of seller and payee.
					creditor := id.Scheme.Value == "SEPA" && (group == "BG-4" || group == "BG-10")
					if !creditor {
						give(coded{codelist.Identifier, id.Scheme, group, top})
					}
				}
			})),
		codeRule("BR-CL-11", "The scheme of a party's registration (BT-30, BT-47, BT-61) is a code of ISO/IEC 6523.",
			eachParty(func(p *Party, group string, give func(coded)) {
				if p.LegalID != nil {
					give(coded{codelist.Identifier, p.LegalID.Scheme, group, top})
				}
			})),
		codeRule("BR-CL-25", "The scheme of an electronic address (BT-34, BT-49) is a code of the EAS list.",
			eachParty(func(p *Party, group string, give func(coded)) {
				if p.Endpoint != nil {
					give(coded{codelist.ElectronicAddress, p.Endpoint.Scheme, group, top})
				}
			})),
		codeRule("BR-CL-14", "The country of an address is a code of ISO 3166-1.", func(v *view, give func(coded)) {
			eachParty(func(p *Party, group string, give func(coded)) {
				if p.Address != nil {
					give(coded{codelist.Country, p.Address.Country, group, top})
				}
			})(v, give)
			if v.Delivery != nil && v.Delivery.Address != nil {
				give(coded{codelist.Country, v.Delivery.Address.Country, "BT-80", top})
			}
		}),
		codeRule("BR-CL-26", "The scheme of a place of delivery (BT-71) is a code of ISO/IEC 6523.",
			func(v *view, give func(coded)) {
				if v.Delivery != nil && v.Delivery.Location != nil {
					give(coded{codelist.Identifier, v.Delivery.Location.Scheme, "BT-71", top})
				}
			}),
	}
}

// ofLines visits every line for its codes.
func ofLines(visit func(l *Line, at path, give func(coded))) func(v *view, give func(coded)) {
	return func(v *view, give func(coded)) {
		for i := range v.Lines {
			visit(&v.Lines[i], within("BG-25", i), give)
		}
	}
}

func itemCodeRules() []Rule {
	return []Rule{
		codeRule("BR-CL-13", "The scheme of an item's classification (BT-158) is a code of UNTDID 7143.",
			ofLines(func(l *Line, at path, give func(coded)) {
				for i, k := range l.Item.Classifications {
					give(coded{codelist.ItemClassification, k.Scheme, "", at.under("BT-158", i)})
				}
			})),
		codeRule("BR-CL-15", "The country of origin of an item (BT-159) is a code of ISO 3166-1.",
			ofLines(func(l *Line, at path, give func(coded)) {
				give(coded{codelist.Country, l.Item.Origin, "BT-159", at})
			})),
		codeRule("BR-CL-18", "The VAT category of a line (BT-151) is one of EN 16931.",
			ofLines(func(l *Line, at path, give func(coded)) {
				if l.VAT != nil {
					give(coded{codelist.VATCategory, l.VAT.Code, "BT-151", at})
				}
			})),
		codeRule("BR-CL-21", "The scheme of an item's standard identifier (BT-157) is a code of ISO/IEC 6523.",
			ofLines(func(l *Line, at path, give func(coded)) {
				if l.Item.StandardID != nil {
					give(coded{codelist.Identifier, l.Item.StandardID.Scheme, "BT-157", at})
				}
			})),
		{
			"BR-CL-23", Fatal, "A unit (BT-130, BT-150) is a code of UN/ECE Recommendation 20, or of 21 with an X before it.",
			eachLine(func(l *Line, at path, found report) {
				for _, q := range []struct {
					term string
					unit lexical.Text
				}{{"BT-130", l.Quantity.Unit}, {"BT-150", l.Price.Base.Unit}} {
					known := codelist.Has(codelist.Unit, q.unit.Value) || codelist.Has(codelist.Package, q.unit.Value)
					if q.unit.Given && !known {
						found(at(q.term), "")
					}
				}
			}),
		},
	}
}

// valueCodeRules are about the codes of payments, VAT and documents.
func valueCodeRules() []Rule {
	allowances, charges, lineAllowances, lineCharges := adjustmentGroups()
	reasons := func(list codelist.List, groups ...adjustmentGroup) func(v *view, give func(coded)) {
		return func(v *view, give func(coded)) {
			for _, g := range groups {
				g.each(v.Invoice, func(a *Adjustment, at path) { give(coded{list, a.ReasonCode, g.code, at}) })
			}
		}
	}
	return []Rule{
		codeRule("BR-CL-16", "The means of payment (BT-81) is a code of UNTDID 4461.", func(v *view, give func(coded)) {
			for i, p := range v.Payments {
				give(coded{codelist.PaymentMeans, p.Code, "BT-81", within("BG-16", i)})
			}
		}),
		codeRule("BR-CL-17", "The VAT category of a breakdown, an allowance or a charge is one of EN 16931.",
			func(v *view, give func(coded)) {
				for i, b := range v.Breakdown {
					give(coded{codelist.VATCategory, b.Code, "BT-118", within("BG-23", i)})
				}
				for _, g := range []adjustmentGroup{allowances, charges} {
					g.each(v.Invoice, func(a *Adjustment, at path) {
						if a.VAT != nil {
							give(coded{codelist.VATCategory, a.VAT.Code, g.category, at})
						}
					})
				}
			}),
		codeRule("BR-CL-19", "The reason of an allowance (BT-98, BT-140) is a code of UNTDID 5189.",
			reasons(codelist.AllowanceReason, allowances, lineAllowances)),
		codeRule("BR-CL-20", "The reason of a charge (BT-105, BT-145) is a code of UNTDID 7161.",
			reasons(codelist.ChargeReason, charges, lineCharges)),
		codeRule("BR-CL-22", "The reason of an exemption (BT-121) is a code of the VATEX list.",
			func(v *view, give func(coded)) {
				for i, b := range v.Breakdown {
					code := b.ExemptionReasonCode // the official rule takes them in any case
					code.Value = strings.ToUpper(code.Value)
					give(coded{codelist.VATExemption, code, "BT-121", within("BG-23", i)})
				}
			}),
		codeRule("BR-CL-24", "An attached document (BT-125) is of a media type that EN 16931 allows.",
			func(v *view, give func(coded)) {
				for i, d := range v.Documents {
					if d.Attached != nil {
						give(coded{codelist.Media, d.Attached.Media, "BT-125", within("BG-24", i)})
					}
				}
			}),
	}
}
