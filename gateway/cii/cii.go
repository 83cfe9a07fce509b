// Package cii reads and writes invoices and credit notes in the Cross Industry
// Invoice of UN/CEFACT, version D16B (the binding of EN 16931 is CEN/TS
// 16931-3-3), which is also what ZUGFeRD and Factur-X carry.
//
// Parse gives the semantic model of package en16931 with what is wrong in the
// form; elements that the model does not hold are reported, never lost
// silently. The package refuses what package safexml refuses, never rounds an
// amount and does no I/O but writing where it is told.
package cii

import (
	"io"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/en16931/codelist"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/safexml"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

// Format is the name of the format in an invoice's Original.
const Format = "CII-D16B"

// Namespace is that of the root element.
const Namespace = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"

// root is the local name of the root element.
const root = "CrossIndustryInvoice"

// ruleNotHeld is the rule of elements that EN 16931 does not use. Its CII
// binding counts them in hundreds of rules, CII-SR-001 and so on.
const ruleNotHeld = "CII-SR"

// Parse reads one invoice or credit note into the semantic model, with the
// findings on its form. The rules of EN 16931 are for en16931.Check.
func Parse(raw []byte) (*en16931.Invoice, []en16931.Finding, error) {
	tree, err := safexml.Tree(raw)
	if err != nil {
		return nil, nil, err
	}
	return FromTree(tree)
}

// FromTree reads a file that is parsed already.
func FromTree(tree *safexml.Node) (*en16931.Invoice, []en16931.Finding, error) {
	if tree.Name.Local != root || tree.Name.Space != Namespace {
		return nil, nil, fault.New(fault.ArgumentMalformed, "the root element is %q of namespace %q, not a CII D16B invoice",
			tree.Name.Local, tree.Name.Space)
	}
	b := &binding{inv: &en16931.Invoice{}}
	xmlbind.Read(tree, b.document, func(l xmlbind.Left) {
		b.warn(l.Path, "is not part of EN 16931 and is not read")
	})
	code := b.inv.TypeCode.Value
	b.inv.CreditNote = codelist.Has(codelist.CreditNoteType, code) && !codelist.Has(codelist.InvoiceType, code)
	return b.inv, en16931.Bound(b.findings), nil
}

// Write writes the invoice or credit note, the same one always alike. Of
// currencies it writes those of the invoice and of its VAT: the other amounts
// are in the invoice's.
func Write(w io.Writer, inv *en16931.Invoice) error {
	if (inv.TaxPointDate.Given || inv.TaxPointCode.Given) && len(inv.Breakdown) == 0 {
		return fault.New(fault.FieldInvalid,
			"CII has a place for the tax point (BT-7, BT-8) only in a VAT breakdown (BG-23), and there is none")
	}
	b := &binding{inv: inv}
	return xmlbind.Write(w, xmlbind.Root{Name: "rsm:" + root, Namespaces: [][2]string{
		{"rsm", Namespace},
		{"ram", "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"},
		{"qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"},
		{"udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"},
	}}, b.document)
}

// binding describes a CII message in the order of its schema, and collects
// what a reader finds in its form.
type binding struct {
	inv      *en16931.Invoice
	findings []en16931.Finding
}

func (b *binding) warn(path, message string) {
	b.findings = append(b.findings, en16931.Finding{
		Rule: ruleNotHeld, Severity: en16931.Warning, Path: path, Message: message,
	})
}

// date writes a date as CII does, YYYYMMDD, and reads it so; other texts pass
// unchanged, for a rule to find.
type date struct{ text *lexical.Text }

const (
	formatDate = "102" // UNTDID 2379: CCYYMMDD
	compact    = "20060102"
)

func (d date) Lexical() (string, bool) {
	if t, err := time.Parse(time.DateOnly, d.text.Value); err == nil {
		return t.Format(compact), d.text.Given
	}
	return d.text.Lexical()
}

func (d date) SetLexical(s string) {
	d.text.SetLexical(s)
	if t, err := time.Parse(compact, d.text.Value); err == nil {
		d.text.Value = t.Format(time.DateOnly)
	}
}

// fixed is a field that always holds the same text. Reading, it keeps what
// there was instead.
type fixed struct {
	text string
	read lexical.Text
}

func (f *fixed) Lexical() (string, bool) { return f.text, true }
func (f *fixed) SetLexical(s string)     { f.read.SetLexical(s) }

func attribute(name string, v xmlbind.Value) func(*xmlbind.Cursor) {
	return func(c *xmlbind.Cursor) { c.Attr(name, v) }
}

// nested binds v to the child of a child.
func nested(c *xmlbind.Cursor, name, child string, v xmlbind.Value) {
	c.Group(name, func(c *xmlbind.Cursor) { c.Field(child, v) })
}

// dateTime binds a date in the given kind of date string.
func dateTime(c *xmlbind.Cursor, name, kind string, t *lexical.Text) {
	if c.Writing() && !t.Given {
		return
	}
	c.Group(name, func(c *xmlbind.Cursor) {
		c.Field(kind, date{t}, attribute("format", &fixed{text: formatDate}))
	})
}

const (
	unqualified = "udt:DateTimeString"
	qualified   = "qdt:DateTimeString"
)

// amount binds an amount; a currency is read where there is one.
func amount(c *xmlbind.Cursor, name string, a *en16931.Amount) {
	c.Field(name, a, func(c *xmlbind.Cursor) {
		if !c.Writing() {
			c.Attr("currencyID", &a.Currency)
		}
	})
}

// quantity binds a quantity with its unit.
func quantity(c *xmlbind.Cursor, name string, q *en16931.Quantity) {
	c.Field(name, q, attribute("unitCode", &q.Unit))
}

// document visits the whole message.
func (b *binding) document(c *xmlbind.Cursor) {
	inv := b.inv
	c.Group("rsm:ExchangedDocumentContext", func(c *xmlbind.Cursor) {
		nested(c, "ram:BusinessProcessSpecifiedDocumentContextParameter", "ram:ID", &inv.Process)
		nested(c, "ram:GuidelineSpecifiedDocumentContextParameter", "ram:ID", &inv.Specification)
	})
	c.Group("rsm:ExchangedDocument", func(c *xmlbind.Cursor) {
		c.Field("ram:ID", &inv.Number)
		c.Field("ram:TypeCode", &inv.TypeCode)
		dateTime(c, "ram:IssueDateTime", unqualified, &inv.IssueDate)
		xmlbind.Each(c, "ram:IncludedNote", &inv.Notes, func(c *xmlbind.Cursor, n *en16931.Note) {
			c.Field("ram:Content", &n.Text)
			c.Field("ram:SubjectCode", &n.Subject)
		})
	})
	c.Group("rsm:SupplyChainTradeTransaction", func(c *xmlbind.Cursor) {
		xmlbind.Each(c, "ram:IncludedSupplyChainTradeLineItem", &inv.Lines, b.line)
		c.Group("ram:ApplicableHeaderTradeAgreement", b.agreement)
		c.Group("ram:ApplicableHeaderTradeDelivery", b.delivery)
		c.Group("ram:ApplicableHeaderTradeSettlement", b.settlement)
	})
}
