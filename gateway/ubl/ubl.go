// Package ubl reads UBL 2.1 invoices (OASIS; EN 16931-3-2) into the invoice
// body that the ledger keeps.
//
// What is missing or does not add up becomes a finding that names the EN 16931
// rule, so that a trader's clerk can mend the invoice where it was made. The
// rules are written by hand, those of presence and arithmetic that matter for
// a claim of money, and proved with the unit files of EN 16931.
//
// The package refuses credit notes (ErrCreditNote), document type definitions,
// oversized or deeply nested files, and never rounds an amount. It does no I/O
// but reading what it is given.
package ubl

import (
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"io"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/safexml"
)

// maxBytes bounds a file: two thousand lines with long texts take some 4 MiB of
// UBL.
const maxBytes = 8 << 20

// ErrCreditNote says that the file is a credit note. Argosy has no such
// document yet: a wrong invoice is withdrawn or disputed.
var ErrCreditNote = errors.New("the file is a credit note, not an invoice")

// Severity says whether an invoice with the finding can be issued.
type Severity string

// The severities.
const (
	Fatal   Severity = "fatal"
	Warning Severity = "warning"
)

// Finding is one thing that is wrong.
type Finding struct {
	// Rule is the rule of EN 16931 (BR-…), or one of Argosy's own (ARGOSY-…).
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Path is where in the file.
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Options say what the file may leave out.
type Options struct {
	// Seller and Buyer are the parties' ids in the registry; they take the
	// place of what the file says.
	Seller, Buyer trade.PartyID
}

// Result is an invoice as it was read. The body has no salt; the SDK chooses
// one.
type Result struct {
	Body     invoice.Body `json:"body"`
	Findings []Finding    `json:"findings"`
}

// Fatal reports whether a finding keeps the invoice from being issued.
func (r Result) Fatal() bool {
	for _, f := range r.Findings {
		if f.Severity == Fatal {
			return true
		}
	}
	return false
}

// Read reads one invoice. The error is for files that are no UBL invoice at
// all; it carries a *fault.Error.
func Read(r io.Reader, o Options) (Result, error) {
	raw, err := safexml.ReadAll(r, maxBytes)
	if err != nil {
		return Result{}, err
	}
	doc, err := decode(raw)
	if err != nil {
		return Result{}, err
	}
	c := &conversion{doc: doc, options: o}
	body := c.body()
	body.Original = invoice.Original{Format: "UBL-2.1", SHA256: sha256.Sum256(raw)}
	findings := append(check(doc), c.findings...)
	probe := body
	probe.Salt = trade.Salt{1} // the SDK chooses the real one
	result := Result{Body: body, Findings: findings}
	if err := probe.Validate(); err != nil && !result.Fatal() {
		f, _ := fault.From(err)
		result.Findings = append(result.Findings, Finding{
			Rule: "ARGOSY-BODY", Severity: Fatal, Path: f.Field, Message: f.Message,
		})
	}
	return result, nil
}

// decode reads the document under the root element.
func decode(raw []byte) (*document, error) {
	var doc document
	err := safexml.Element(raw, func(root xml.Name) (any, error) {
		switch root.Local {
		case "Invoice":
			return &doc, nil
		case "CreditNote":
			return nil, fault.Wrap(fault.FieldInvalid, ErrCreditNote, "%v", ErrCreditNote)
		default:
			return nil, fault.New(fault.ArgumentMalformed, "the root element is %q, not a UBL Invoice", root.Local)
		}
	})
	if err != nil {
		return nil, err
	}
	return &doc, nil
}
