package ubl

import (
	"fmt"
	"strings"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

// Document type codes of cac:AdditionalDocumentReference (UNTDID 1001).
const (
	typeObject  = "130" // invoicing data sheet: the invoiced object (BT-18)
	typeProject = "50"  // the project, in credit notes (BT-11)
)

// binding describes a UBL invoice or credit note in the order of its schema,
// and collects what a reader finds in its form.
type binding struct {
	inv      *en16931.Invoice
	findings []en16931.Finding
}

func (b *binding) fatal(rule, path, format string, args ...any) {
	b.findings = append(b.findings, en16931.Finding{
		Rule: rule, Severity: en16931.Fatal, Path: path, Message: fmt.Sprintf(format, args...),
	})
}

// extra warns of an element for which the model has no place.
func (b *binding) extra(path string) {
	b.findings = append(b.findings, en16931.Finding{
		Rule: ruleNotHeld, Severity: en16931.Warning, Path: path, Message: "has no place in EN 16931 and is not read",
	})
}

// repeated reports an element that EN 16931 has once.
func (b *binding) repeated(path string) {
	b.fatal(ruleOnce, path, "is repeated, and EN 16931 has it once; only the first is read")
}

// fixed is a field that always holds the same text. Reading, it keeps what
// there was instead.
type fixed struct{ text, read string }

func (f *fixed) Lexical() (string, bool) { return f.text, true }
func (f *fixed) SetLexical(s string)     { f.read = strings.TrimSpace(s) }

// nested binds v to the child of a child.
func nested(c *xmlbind.Cursor, name, child string, v xmlbind.Value) {
	c.Group(name, func(c *xmlbind.Cursor) { c.Field(child, v) })
}

func attribute(name string, v xmlbind.Value) func(*xmlbind.Cursor) {
	return func(c *xmlbind.Cursor) { c.Attr(name, v) }
}

func amount(c *xmlbind.Cursor, name string, a *en16931.Amount) {
	c.Field(name, a, attribute("currencyID", &a.Currency))
}

func identifier(c *xmlbind.Cursor, name string, id **en16931.Identifier) {
	xmlbind.Maybe(c, name, id, scheme)
}

func scheme(c *xmlbind.Cursor, id *en16931.Identifier) {
	c.Text(&id.ID)
	c.Attr("schemeID", &id.Scheme)
}

// document visits the whole message.
func (b *binding) document(c *xmlbind.Cursor) {
	inv := b.inv
	c.Field("cbc:CustomizationID", &inv.Specification)
	c.Field("cbc:ProfileID", &inv.Process)
	c.Field("cbc:ID", &inv.Number)
	c.Field("cbc:IssueDate", &inv.IssueDate)
	b.typeAndDates(c)
	c.Field("cbc:DocumentCurrencyCode", &inv.Currency)
	c.Field("cbc:TaxCurrencyCode", &inv.TaxCurrency)
	c.Field("cbc:AccountingCost", &inv.AccountingReference)
	c.Field("cbc:BuyerReference", &inv.BuyerReference)
	c.Group("cac:InvoicePeriod", b.period)
	b.references(c)
	b.parties(c)
	b.delivery(c)
	b.payments(c)
	b.adjustments(c, "cac:AllowanceCharge", &inv.Allowances, &inv.Charges)
	b.taxTotals(c)
	xmlbind.Maybe(c, "cac:LegalMonetaryTotal", &inv.Totals, totals)
	b.lines(c)
}

// typeAndDates visits what invoices and credit notes order differently.
func (b *binding) typeAndDates(c *xmlbind.Cursor) {
	if b.inv.CreditNote {
		c.Field("cbc:TaxPointDate", &b.inv.TaxPointDate)
		c.Field("cbc:CreditNoteTypeCode", &b.inv.TypeCode)
		b.notes(c)
		return
	}
	c.Field("cbc:DueDate", &b.inv.DueDate)
	c.Field("cbc:InvoiceTypeCode", &b.inv.TypeCode)
	b.notes(c)
	c.Field("cbc:TaxPointDate", &b.inv.TaxPointDate)
}

// notes visits the notes. UBL writes the subject (BT-21) before the text, like
// #AAI#the text.
func (b *binding) notes(c *xmlbind.Cursor) {
	var notes []lexical.Text
	for _, n := range b.inv.Notes {
		text := n.Text
		if n.Subject.Given {
			text = lexical.Of("#" + n.Subject.Value + "#" + n.Text.Value)
		}
		notes = append(notes, text)
	}
	xmlbind.Each(c, "cbc:Note", &notes, func(c *xmlbind.Cursor, t *lexical.Text) { c.Text(t) })
	if c.Writing() {
		return
	}
	for _, t := range notes {
		n := en16931.Note{Text: t}
		const code = 3 // every code of UNTDID 4451 has three letters
		if rest, ok := strings.CutPrefix(t.Value, "#"); ok {
			if subject, text, ok := strings.Cut(rest, "#"); ok && len(subject) == code {
				n = en16931.Note{Subject: lexical.Of(subject), Text: lexical.Of(strings.TrimSpace(text))}
			}
		}
		b.inv.Notes = append(b.inv.Notes, n)
	}
}

func (b *binding) period(c *xmlbind.Cursor) {
	period := b.inv.Period
	if !c.Writing() && (c.Has("cbc:StartDate") || c.Has("cbc:EndDate") || !c.Has("cbc:DescriptionCode")) {
		period = &en16931.Period{}
		b.inv.Period = period
	}
	if period != nil {
		dates(c, period)
	}
	c.Field("cbc:DescriptionCode", &b.inv.TaxPointCode)
}

func dates(c *xmlbind.Cursor, p *en16931.Period) {
	c.Field("cbc:StartDate", &p.Start)
	c.Field("cbc:EndDate", &p.End)
}

func (b *binding) references(c *xmlbind.Cursor) {
	inv := b.inv
	c.Group("cac:OrderReference", func(c *xmlbind.Cursor) {
		c.Field("cbc:ID", &inv.PurchaseOrder)
		c.Field("cbc:SalesOrderID", &inv.SalesOrder)
	})
	xmlbind.Each(c, "cac:BillingReference", &inv.Preceding, func(c *xmlbind.Cursor, p *en16931.Preceding) {
		c.Group("cac:InvoiceDocumentReference", func(c *xmlbind.Cursor) {
			c.Field("cbc:ID", &p.Number)
			c.Field("cbc:IssueDate", &p.IssueDate)
		})
	})
	nested(c, "cac:DespatchDocumentReference", "cbc:ID", &inv.DespatchAdvice)
	nested(c, "cac:ReceiptDocumentReference", "cbc:ID", &inv.ReceivingAdvice)
	if inv.CreditNote {
		nested(c, "cac:ContractDocumentReference", "cbc:ID", &inv.Contract)
		b.documents(c)
		nested(c, "cac:OriginatorDocumentReference", "cbc:ID", &inv.Tender)
		return
	}
	nested(c, "cac:OriginatorDocumentReference", "cbc:ID", &inv.Tender)
	nested(c, "cac:ContractDocumentReference", "cbc:ID", &inv.Contract)
	b.documents(c)
	nested(c, "cac:ProjectReference", "cbc:ID", &inv.Project)
}

// reference is cac:AdditionalDocumentReference, which UBL uses for three
// things, told apart by their type code.
type reference struct {
	en16931.SupportingDocument
	scheme, typeCode lexical.Text
}

func (b *binding) documents(c *xmlbind.Cursor) {
	var all []reference
	if object := b.inv.Object; object != nil {
		all = append(all, reference{
			SupportingDocument: en16931.SupportingDocument{Reference: object.ID},
			scheme:             object.Scheme, typeCode: lexical.Of(typeObject),
		})
	}
	if b.inv.CreditNote && b.inv.Project.Given {
		all = append(all, reference{
			SupportingDocument: en16931.SupportingDocument{Reference: b.inv.Project}, typeCode: lexical.Of(typeProject),
		})
	}
	for _, d := range b.inv.Documents {
		all = append(all, reference{SupportingDocument: d})
	}
	xmlbind.Each(c, "cac:AdditionalDocumentReference", &all, func(c *xmlbind.Cursor, r *reference) {
		c.Field("cbc:ID", &r.Reference, attribute("schemeID", &r.scheme))
		c.Field("cbc:DocumentTypeCode", &r.typeCode)
		c.Field("cbc:DocumentDescription", &r.Description)
		c.Group("cac:Attachment", func(c *xmlbind.Cursor) {
			xmlbind.Maybe(c, "cbc:EmbeddedDocumentBinaryObject", &r.Attached, attachment)
			nested(c, "cac:ExternalReference", "cbc:URI", &r.Location)
		})
	})
	if !c.Writing() {
		b.sortDocuments(all)
	}
}

func attachment(c *xmlbind.Cursor, a *en16931.Attachment) {
	c.Attr("mimeCode", &a.Media)
	c.Attr("filename", &a.Filename)
	c.Text(&a.Content)
}

func (b *binding) sortDocuments(all []reference) {
	for i, r := range all {
		path := fmt.Sprintf("AdditionalDocumentReference[%d]", i+1)
		object := r.typeCode.Value == typeObject
		project := b.inv.CreditNote && r.typeCode.Value == typeProject
		switch {
		case object && b.inv.Object == nil:
			b.inv.Object = &en16931.Identifier{ID: r.Reference, Scheme: r.scheme}
		case project && !b.inv.Project.Given:
			b.inv.Project = r.Reference
		case object || project:
			b.repeated(path)
		default:
			b.inv.Documents = append(b.inv.Documents, r.SupportingDocument)
			if r.typeCode.Given {
				b.fatal("UBL-SR-43", path+"/DocumentTypeCode",
					"is %q: only the invoiced object (130), and in a credit note the project (50), have a type code", r.typeCode.Value)
			}
		}
	}
}
