package fapiao

import (
	"io"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/safexml"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

// Format is the name of the format in an invoice's Original.
const Format = "E-FAPIAO"

// root is the local name of the root element.
const root = "EInvoice"

// Invoice is one e-fapiao. Texts and numbers are as they were written.
type Invoice struct {
	ID      lexical.Text // EIid; the number again
	Tag     lexical.Text // EInvoiceTag: the form, such as SWEI3200
	Version lexical.Text
	Blue    Label // InIssuType: Y for a blue (positive) invoice, N for a red one
	Kind    Label // EInvoiceType
	VAT     Label // GeneralOrSpecialVAT: 01 special, 02 ordinary

	Seller, Buyer Party
	Net           lexical.Number // TotalAmWithoutTax
	Tax           lexical.Number // TotalTaxAm
	Gross         lexical.Number // TotalTax-includedAmount
	Words         lexical.Text   // TotalTax-includedAmountInChinese
	Drawer        lexical.Text
	Requested     lexical.Text // RequestTime
	Lines         []Line
	Red           *Red
	Remark        lexical.Text

	Number     lexical.Text // InvoiceNumber, 20 digits
	Issued     lexical.Text // IssueTime: the date, sometimes with the time
	BureauCode lexical.Text
	Bureau     lexical.Text
}

// Label is a code with its name.
type Label struct {
	Code lexical.Text
	Name lexical.Text
}

// Party is the seller or the buyer.
type Party struct {
	TaxID     lexical.Text // the USCC of a company
	Name      lexical.Text
	Address   lexical.Text
	Telephone lexical.Text
	Bank      lexical.Text
	Account   lexical.Text
}

// Line is one item.
type Line struct {
	Name           lexical.Text // with its tax class between asterisks
	Specification  lexical.Text
	Unit           lexical.Text
	Quantity       lexical.Number
	Price          lexical.Number // without tax
	Amount         lexical.Number // without tax
	Rate           lexical.Text   // 0.13, 13 % or a word such as 免税
	Tax            lexical.Number
	Gross          lexical.Number
	Classification lexical.Text // 19 digits
}

// Red says which invoice a red one corrects.
type Red struct {
	Original     lexical.Text // the number of the blue invoice
	Confirmation lexical.Text // the number of the red-letter confirmation form
}

// Parse reads one e-fapiao, with the findings on its form.
func Parse(raw []byte) (*Invoice, []en16931.Finding, error) {
	tree, err := safexml.Tree(raw)
	if err != nil {
		return nil, nil, err
	}
	return FromTree(tree)
}

// Is reports whether a file that is parsed already is an e-fapiao.
func Is(tree *safexml.Node) bool {
	if tree.Name.Local != root {
		return false
	}
	for _, n := range tree.Children {
		if n.Name.Local == "EInvoiceData" {
			return true
		}
	}
	return false
}

// FromTree reads a file that is parsed already.
func FromTree(tree *safexml.Node) (*Invoice, []en16931.Finding, error) {
	if !Is(tree) {
		return nil, nil, fault.New(fault.ArgumentMalformed, "the root element is %q, not an e-fapiao", tree.Name.Local)
	}
	inv := &Invoice{}
	var findings []en16931.Finding
	xmlbind.Read(tree, inv.visit, func(l xmlbind.Left) {
		findings = append(findings, en16931.Finding{
			Rule: "FAPIAO-NOT-HELD", Severity: en16931.Warning, Path: l.Path, Message: "is not read",
		})
	})
	return inv, en16931.Bound(findings), nil
}

// Write writes the invoice, the same one always alike.
func Write(w io.Writer, inv *Invoice) error {
	return xmlbind.Write(w, xmlbind.Root{Name: root}, inv.visit)
}

// visit describes the message in the order of its elements.
func (inv *Invoice) visit(c *xmlbind.Cursor) {
	c.Group("Header", func(c *xmlbind.Cursor) {
		c.Field("EIid", &inv.ID)
		c.Field("EInvoiceTag", &inv.Tag)
		c.Field("Version", &inv.Version)
		c.Group("InherentLabel", func(c *xmlbind.Cursor) {
			inv.Blue.visit(c, "InIssuType")
			inv.Kind.visit(c, "EInvoiceType")
			inv.VAT.visit(c, "GeneralOrSpecialVAT")
		})
	})
	c.Group("EInvoiceData", inv.data)
	c.Group("TaxSupervisionInfo", func(c *xmlbind.Cursor) {
		c.Field("InvoiceNumber", &inv.Number)
		c.Field("IssueTime", &inv.Issued)
		c.Field("TaxBureauCode", &inv.BureauCode)
		c.Field("TaxBureauName", &inv.Bureau)
	})
}

func (l *Label) visit(c *xmlbind.Cursor, name string) {
	c.Group(name, func(c *xmlbind.Cursor) {
		c.Field("LabelCode", &l.Code)
		c.Field("LabelName", &l.Name)
	})
}

func (inv *Invoice) data(c *xmlbind.Cursor) {
	inv.Seller.visit(c, "Seller")
	inv.Buyer.visit(c, "Buyer")
	c.Group("BasicInformation", func(c *xmlbind.Cursor) {
		c.Field("TotalAmWithoutTax", &inv.Net)
		c.Field("TotalTaxAm", &inv.Tax)
		c.Field("TotalTax-includedAmount", &inv.Gross)
		c.Field("TotalTax-includedAmountInChinese", &inv.Words)
		c.Field("Drawer", &inv.Drawer)
		c.Field("RequestTime", &inv.Requested)
	})
	xmlbind.Each(c, "IssuItemInformation", &inv.Lines, func(c *xmlbind.Cursor, l *Line) { l.visit(c) })
	c.Group("SpecificInformation", func(c *xmlbind.Cursor) {
		xmlbind.Maybe(c, "RedEInvoice", &inv.Red, func(c *xmlbind.Cursor, r *Red) {
			c.Field("OriginalInvoiceCode", &r.Original)
			c.Field("CreditNoteNumber", &r.Confirmation)
		})
	})
	c.Group("AdditionalInformation", func(c *xmlbind.Cursor) { c.Field("Remark", &inv.Remark) })
}

// visit describes seller and buyer, whose elements carry their role.
func (p *Party) visit(c *xmlbind.Cursor, role string) {
	c.Group(role+"Information", func(c *xmlbind.Cursor) {
		c.Field(role+"IdNum", &p.TaxID)
		c.Field(role+"Name", &p.Name)
		c.Field(role+"Addr", &p.Address)
		c.Field(role+"TelNum", &p.Telephone)
		c.Field(role+"BankName", &p.Bank)
		c.Field(role+"BankAccNum", &p.Account)
	})
}

func (l *Line) visit(c *xmlbind.Cursor) {
	c.Field("ItemName", &l.Name)
	c.Field("SpecMod", &l.Specification)
	c.Field("MeaUnits", &l.Unit)
	c.Field("Quantity", &l.Quantity)
	c.Field("UnPrice", &l.Price)
	c.Field("Amount", &l.Amount)
	c.Field("TaxRate", &l.Rate)
	c.Field("ComTaxAm", &l.Tax)
	c.Field("TotaltaxIncludedAmount", &l.Gross)
	c.Field("TaxClassificationCode", &l.Classification)
}
