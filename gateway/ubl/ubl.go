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
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Limits of a file.
const (
	// maxBytes: two thousand lines with long texts take some 4 MiB of UBL.
	maxBytes = 8 << 20
	// maxDepth: UBL nests some ten elements.
	maxDepth = 40
)

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
	raw, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return Result{}, fmt.Errorf("read invoice: %w", err)
	}
	if len(raw) > maxBytes {
		return Result{}, fault.New(fault.TooLarge, "the file is over %d bytes", maxBytes)
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

// decode finds the root element and reads the document under it.
func decode(raw []byte) (*document, error) {
	inner := xml.NewDecoder(bytes.NewReader(raw))
	inner.CharsetReader = charset
	dec := xml.NewTokenDecoder(&guard{inner: inner})
	for {
		token, err := dec.Token()
		if err != nil {
			return nil, malformed(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "CreditNote":
			return nil, fault.Wrap(fault.FieldInvalid, ErrCreditNote, "%v", ErrCreditNote)
		case "Invoice":
		default:
			return nil, fault.New(fault.ArgumentMalformed, "the root element is %q, not a UBL Invoice", start.Name.Local)
		}
		var doc document
		if err := dec.DecodeElement(&doc, &start); err != nil {
			return nil, malformed(err)
		}
		return &doc, nil
	}
}

func malformed(err error) error {
	if f, ok := fault.From(err); ok {
		return f
	}
	return fault.Wrap(fault.ArgumentMalformed, err, "not well-formed XML: %v", err)
}

// charset reads files that are not in UTF-8, by their declared encoding.
func charset(label string, input io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(label)
	if err != nil {
		return nil, fault.Wrap(fault.ArgumentMalformed, err, "the encoding %q is not known", label)
	}
	return e.NewDecoder().Reader(input), nil
}

// guard passes tokens on and refuses type definitions and deep nesting.
type guard struct {
	inner *xml.Decoder
	depth int
}

// Token implements xml.TokenReader.
func (g *guard) Token() (xml.Token, error) {
	token, err := g.inner.RawToken()
	switch token.(type) {
	case xml.Directive:
		return nil, fault.New(fault.ArgumentMalformed, "document type definitions are refused")
	case xml.StartElement:
		if g.depth++; g.depth > maxDepth {
			return nil, fault.New(fault.TooLarge, "elements nest deeper than %d", maxDepth)
		}
	case xml.EndElement:
		g.depth--
	}
	return token, err
}
