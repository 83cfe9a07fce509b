package ubl

import (
	"strings"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/en16931/codelist"
	"github.com/argosy-trade/argosy/gateway/safexml"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
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
func (b *binding) leave(l xmlbind.Left) {
	if l.Node != nil {
		b.sweep(l.Path, l.Node)
	}
	if l.Repeated {
		b.repeated(l.Path)
		return
	}
	b.findings = append(b.findings, en16931.Finding{
		Rule: ruleNotHeld, Severity: en16931.Warning, Path: l.Path, Message: "is not part of EN 16931 and is not read",
	})
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

// Rules returns the rules on the form of UBL messages, which Parse holds.
func Rules() []en16931.Rule {
	return []en16931.Rule{
		{ID: "UBL-SR-12", Severity: en16931.Fatal, Text: "A seller has one VAT identifier (BT-31)."},
		{ID: "UBL-SR-16", Severity: en16931.Fatal, Text: "A buyer has one identifier (BT-46)."},
		{ID: "UBL-SR-18", Severity: en16931.Fatal, Text: "A buyer has one VAT identifier (BT-48)."},
		{ID: "UBL-SR-20", Severity: en16931.Fatal, Text: "A payee has one identifier (BT-60)."},
		{ID: "UBL-SR-42", Severity: en16931.Fatal, Text: "A seller has at most two tax registrations."},
		{
			ID: "UBL-SR-43", Severity: en16931.Fatal,
			Text: "Only the invoiced object (130), and in a credit note the project (50), have a document type code.",
		},
		{ID: "UBL-SR-44", Severity: en16931.Fatal, Text: "An invoice has one remittance reference (BT-83)."},
		{ID: "UBL-SR-47", Severity: en16931.Fatal, Text: "All payment means of an invoice have one code (BT-81)."},
		{ID: "UBL-DT-01", Severity: en16931.Fatal, Text: "Amounts, but for prices, have at most two decimals."},
		{ID: "UBL-DT-06", Severity: en16931.Fatal, Text: "An attached document has a media type."},
		{ID: "UBL-DT-07", Severity: en16931.Fatal, Text: "An attached document has a file name."},
		{ID: ruleOnce, Severity: en16931.Fatal, Text: "An element that EN 16931 has once is not repeated."},
		{ID: ruleNotHeld, Severity: en16931.Warning, Text: "An element or attribute that EN 16931 does not use is not read."},
		{ID: "ARGOSY-NAMESPACE", Severity: en16931.Warning, Text: "A file without a namespace is read as UBL 2.1."},
	}
}
