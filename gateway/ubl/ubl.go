// Package ubl reads and writes invoices and credit notes in UBL 2.1 (OASIS;
// the binding of EN 16931 is CEN/TS 16931-3-2).
//
// Parse gives the semantic model of package en16931 with what is wrong in the
// form; Read also gives the invoice body that the ledger keeps. What is missing
// or does not add up becomes a finding that names its rule, so that a trader's
// clerk can mend the invoice where it was made. Elements that the model does
// not hold are reported, never lost silently.
//
// The package refuses document type definitions, oversized, deeply nested or
// overfull files, and never rounds an amount. It does no I/O but reading what
// it is given.
package ubl

import (
	"crypto/sha256"
	"errors"
	"io"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/safexml"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

// Format is the name of the format in an invoice's Original.
const Format = "UBL-2.1"

// maxBytes bounds a file: two thousand lines with long texts take some 4 MiB of
// UBL.
const maxBytes = 8 << 20

// The namespaces of UBL 2.1.
const (
	namespaces = "urn:oasis:names:specification:ubl:schema:xsd:"

	NamespaceInvoice    = namespaces + "Invoice-2"
	NamespaceCreditNote = namespaces + "CreditNote-2"

	namespaceAggregate = namespaces + "CommonAggregateComponents-2"
	namespaceBasic     = namespaces + "CommonBasicComponents-2"
)

// ruleNotHeld is the rule of elements that EN 16931 does not use. Its UBL
// binding counts them in hundreds of rules, UBL-CR-001 to 682 and the like.
const ruleNotHeld = "UBL-CR"

// ruleOnce is the rule of elements that EN 16931 has once, and that a message
// repeats. Its UBL binding counts them in some fifty rules, UBL-SR-01 and so on;
// those that take more than counting have their own ids here.
const ruleOnce = "UBL-SR"

// ErrCreditNote says that the file is a credit note where an invoice is meant
// to be issued.
var ErrCreditNote = errors.New("the file is a credit note, not an invoice")

// Severity says whether an invoice with the finding can be issued.
type Severity = en16931.Severity

// The severities.
const (
	Fatal   = en16931.Fatal
	Warning = en16931.Warning
)

// Finding is one thing that is wrong.
type Finding = en16931.Finding

// Options say what the file may leave out.
type Options = en16931.BodyOptions

// Result is an invoice as it was read. The body has no salt; the SDK chooses
// one.
type Result = en16931.Draft

// Read reads one invoice to be issued on the ledger. Credit notes are refused
// with ErrCreditNote: the ledger has no such document yet. The error is for
// files that are no UBL invoice at all; it carries a *fault.Error.
func Read(r io.Reader, o Options) (Result, error) {
	raw, err := safexml.ReadAll(r, maxBytes)
	if err != nil {
		return Result{}, err
	}
	inv, findings, err := Parse(raw)
	if err != nil {
		return Result{}, err
	}
	if inv.CreditNote {
		return Result{}, fault.Wrap(fault.FieldInvalid, ErrCreditNote, "%v", ErrCreditNote)
	}
	findings = append(findings, en16931.Check(inv)...)
	return en16931.NewDraft(inv, findings, invoice.Original{Format: Format, SHA256: sha256.Sum256(raw)}, o), nil
}

// Parse reads one invoice or credit note into the semantic model, with the
// findings on its form. The rules of EN 16931 are for en16931.Check.
func Parse(raw []byte) (*en16931.Invoice, []Finding, error) {
	root, err := safexml.Tree(raw)
	if err != nil {
		return nil, nil, err
	}
	return FromTree(root)
}

// Is reports whether a file that is parsed already is a UBL invoice or credit
// note; one without a namespace is taken for it.
func Is(root *safexml.Node) bool {
	switch root.Name.Local {
	case "Invoice":
		return root.Name.Space == NamespaceInvoice || root.Name.Space == ""
	case "CreditNote":
		return root.Name.Space == NamespaceCreditNote || root.Name.Space == ""
	default:
		return false
	}
}

// FromTree reads a file that is parsed already.
func FromTree(root *safexml.Node) (*en16931.Invoice, []Finding, error) {
	b := &binding{inv: &en16931.Invoice{}}
	if !Is(root) {
		return nil, nil, fault.New(fault.ArgumentMalformed, "the root element is %q of namespace %q, not a UBL 2.1 invoice",
			root.Name.Local, root.Name.Space)
	}
	b.inv.CreditNote = root.Name.Local == "CreditNote"
	if root.Name.Space == "" {
		b.findings = append(b.findings, Finding{
			Rule: "ARGOSY-NAMESPACE", Severity: Warning, Path: root.Name.Local,
			Message: "has no namespace; it is read as UBL 2.1",
		})
	}
	xmlbind.Read(root, b.document, b.leave)
	b.forms()
	return b.inv, en16931.Bound(b.findings), nil
}

// Write writes the invoice or credit note, the same one always alike.
func Write(w io.Writer, inv *en16931.Invoice) error {
	name, namespace := "Invoice", NamespaceInvoice
	if inv.CreditNote {
		name, namespace = "CreditNote", NamespaceCreditNote
	}
	inPayments := inv.Remittance.Given || inv.Mandate.Given || (inv.CreditNote && inv.DueDate.Given)
	if inPayments && len(inv.Payments) == 0 {
		return fault.New(fault.FieldInvalid, "UBL has a place for remittance reference (BT-83) and mandate (BT-89), "+
			"and for the due date (BT-9) of a credit note, only in payment instructions (BG-16), and there are none")
	}
	b := &binding{inv: inv}
	return xmlbind.Write(w, xmlbind.Root{Name: name, Namespaces: [][2]string{
		{"", namespace}, {"cac", namespaceAggregate}, {"cbc", namespaceBasic},
	}}, b.document)
}

// forms holds the rules on the form of values (UBL-DT).
func (b *binding) forms() {
	const most = 2 // decimals
	price := map[string]bool{"BT-146": true, "BT-147": true, "BT-148": true}
	b.inv.EachAmount(func(a en16931.Amount, term, path string) {
		if !price[term] && a.Decimals() > most {
			b.fatal("UBL-DT-01", path, "an amount has at most two decimals")
		}
	})
	for _, d := range b.inv.Documents {
		if d.Attached == nil {
			continue
		}
		if !d.Attached.Media.Given {
			b.fatal("UBL-DT-06", "BG-24/BT-125", "an attached document has a media type")
		}
		if !d.Attached.Filename.Given {
			b.fatal("UBL-DT-07", "BG-24/BT-125", "an attached document has a file name")
		}
	}
}
