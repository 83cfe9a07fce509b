package ubl

import (
	"strings"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/en16931/codelist"
	"github.com/argosy-trade/argosy/gateway/safexml"
)

// codePlace is where UBL writes a code. The official rules hold these codes
// wherever they stand, also in elements that EN 16931 does not use.
type codePlace struct {
	rule          string
	parent, child string
	attribute     string // empty for the text of the child
	list          codelist.List
}

var codePlaces = [...]codePlace{
	{"BR-CL-10", "PartyIdentification", "ID", "schemeID", codelist.Identifier},
	{"BR-CL-11", "PartyLegalEntity", "CompanyID", "schemeID", codelist.Identifier},
	{"BR-CL-13", "CommodityClassification", "ItemClassificationCode", "listID", codelist.ItemClassification},
	{"BR-CL-14", "Country", "IdentificationCode", "", codelist.Country},
	{"BR-CL-15", "OriginCountry", "IdentificationCode", "", codelist.Country},
	{"BR-CL-17", "TaxCategory", "ID", "", codelist.VATCategory},
	{"BR-CL-18", "ClassifiedTaxCategory", "ID", "", codelist.VATCategory},
	{"BR-CL-21", "StandardItemIdentification", "ID", "schemeID", codelist.Identifier},
	{"BR-CL-26", "DeliveryLocation", "ID", "schemeID", codelist.Identifier},
}

// leave reports a part of the file that the model does not hold.
func (b *binding) leave(path string, n *safexml.Node) {
	b.findings = append(b.findings, en16931.Finding{
		Rule: ruleNotHeld, Severity: en16931.Warning, Path: path, Message: "is not part of EN 16931 and is not read",
	})
	if n != nil {
		b.sweep(path, n)
	}
}

// sweep holds the codes below n against their lists.
func (b *binding) sweep(path string, n *safexml.Node) {
	for _, child := range n.Children {
		for _, p := range codePlaces {
			if n.Name.Local != p.parent || child.Name.Local != p.child {
				continue
			}
			if code, given := p.code(child); given && !codelist.Has(p.list, code) {
				b.fatal(p.rule, path+"/"+p.child, "%q is not a code of the list", code)
			}
		}
		b.sweep(path, child)
	}
}

func (p codePlace) code(n *safexml.Node) (string, bool) {
	if p.attribute == "" {
		return strings.TrimSpace(n.Text), true
	}
	for _, a := range n.Attrs {
		if a.Name.Local == p.attribute {
			return strings.TrimSpace(a.Value), true
		}
	}
	return "", false
}
