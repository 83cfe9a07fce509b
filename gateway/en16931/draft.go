package en16931

import (
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Draft is an invoice as it was read from a file, to be issued on the ledger.
// The body has no salt; the SDK chooses one.
type Draft struct {
	Body     invoice.Body `json:"body"`
	Findings []Finding    `json:"findings"`
}

// Fatal reports whether a finding keeps the invoice from being issued.
func (d Draft) Fatal() bool { return AnyFatal(d.Findings) }

// NewDraft makes a draft of an invoice that was checked with the findings. A
// body that the ledger would refuse always has a fatal finding.
func NewDraft(inv *Invoice, findings []Finding, original invoice.Original, o BodyOptions) Draft {
	body, more := inv.Body(o)
	body.Original = original
	d := Draft{Body: body, Findings: append(Relax(findings, inv.Currency.Value), Bound(more)...)}
	probe := body
	probe.Salt = trade.Salt{1} // the SDK chooses the real one
	if err := probe.Validate(); err != nil && !d.Fatal() {
		f, _ := fault.From(err)
		d.Findings = append(d.Findings, Finding{Rule: "ARGOSY-BODY", Severity: Fatal, Path: f.Field, Message: f.Message})
	}
	return d
}
