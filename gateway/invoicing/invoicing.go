// Package invoicing reads invoices of every format that Argosy knows: UBL 2.1
// invoices and credit notes, UN/CEFACT CII D16B and Chinese fully digital
// e-fapiao. It tells the format by the root element and holds the file against
// the rules that are for it: EN 16931's for UBL and CII, those of e-fapiao
// (FAPIAO-…) for the others.
//
// The package does no I/O but reading what it is given. Files may come from
// strangers: size, depth and number of elements are limited, and the report of
// a bad file is bounded.
package invoicing

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/gateway/cii"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/fapiao"
	"github.com/argosy-trade/argosy/gateway/safexml"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

// maxBytes bounds a file: two thousand lines with long texts take some 4 MiB.
const maxBytes = 8 << 20

// ErrUnknownFormat says that a file is of no format that is known here.
var ErrUnknownFormat = errors.New("the file is no UBL, CII or e-fapiao invoice")

// Report is what was found in a file.
type Report struct {
	// Format is the file's format: UBL-2.1, CII-D16B or E-FAPIAO.
	Format string `json:"format"`
	// CreditNote says that the file takes an invoice back, whole or in part.
	CreditNote bool              `json:"creditNote"`
	Number     string            `json:"number"`
	Findings   []en16931.Finding `json:"findings"`
}

// Fatal reports whether the file breaks a rule that makes it invalid.
func (r Report) Fatal() bool { return en16931.AnyFatal(r.Findings) }

// Check reads one file and holds it against the rules for its format. Files of
// no known format are refused with ErrUnknownFormat; every error carries a
// *fault.Error.
func Check(r io.Reader) (Report, error) {
	f, err := read(r)
	if err != nil {
		return Report{}, err
	}
	return Report{
		Format: f.format, CreditNote: f.model.CreditNote, Number: f.model.Number.Value, Findings: f.findings,
	}, nil
}

// Read reads one invoice of any format to be issued on the ledger. Credit notes
// are refused with ubl.ErrCreditNote.
func Read(r io.Reader, o en16931.BodyOptions) (en16931.Draft, error) {
	f, err := read(r)
	if err != nil {
		return en16931.Draft{}, err
	}
	if f.model.CreditNote {
		return en16931.Draft{}, fault.Wrap(fault.FieldInvalid, ubl.ErrCreditNote, "%v", ubl.ErrCreditNote)
	}
	original := invoice.Original{Format: f.format, SHA256: sha256.Sum256(f.raw)}
	return en16931.NewDraft(f.model, append(f.findings, f.mapping...), original, o), nil
}

// file is a file that was read and checked. The findings of mapping are about
// the model only, not about the file's own rules.
type file struct {
	raw               []byte
	format            string
	model             *en16931.Invoice
	findings, mapping []en16931.Finding
}

func read(r io.Reader) (*file, error) {
	raw, err := safexml.ReadAll(r, maxBytes)
	if err != nil {
		return nil, err
	}
	if err := refuseContainers(raw); err != nil {
		return nil, err
	}
	tree, err := safexml.Tree(raw)
	if err != nil {
		return nil, err
	}
	f := &file{raw: raw}
	switch {
	case tree.Name.Space == cii.Namespace:
		f.format = cii.Format
		f.model, f.findings, err = cii.FromTree(tree)
	case ubl.Is(tree):
		f.format = ubl.Format
		f.model, f.findings, err = ubl.FromTree(tree)
	case fapiao.Is(tree):
		return f, f.fapiao(tree)
	default:
		return nil, fault.Wrap(fault.ArgumentMalformed, ErrUnknownFormat,
			"%v: the root element is %q of namespace %q", ErrUnknownFormat, tree.Name.Local, tree.Name.Space)
	}
	if err != nil {
		return nil, err
	}
	f.findings = append(f.findings, en16931.Check(f.model)...)
	return f, nil
}

func (f *file) fapiao(tree *safexml.Node) error {
	f.format = fapiao.Format
	inv, findings, err := fapiao.FromTree(tree)
	if err != nil {
		return err
	}
	f.findings = append(findings, fapiao.Check(inv)...)
	f.model, f.mapping = inv.Model()
	return nil
}

// refuseContainers names the containers that invoices travel in, which hold
// the XML among other things.
func refuseContainers(raw []byte) error {
	for _, c := range []struct{ head, name string }{
		{"%PDF-", "a PDF; take the XML out of it (Factur-X, ZUGFeRD)"},
		{"PK\x03\x04", "a ZIP archive; take the XML out of it (OFD)"},
		{"UNA", "EDIFACT"},
		{"UNB+", "EDIFACT"},
		{"{", "JSON"},
	} {
		if bytes.HasPrefix(raw, []byte(c.head)) {
			return fault.Wrap(fault.ArgumentMalformed, ErrUnknownFormat, "%v: it is %s", ErrUnknownFormat, c.name)
		}
	}
	return nil
}
