// Package catalog is the explicit list of document kinds. What is not listed
// here does not exist: contracts, pages and tests are made from this list.
package catalog

import (
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
)

// Kind is one document kind of the chaincode `trade`.
type Kind struct {
	Name  trade.Kind
	Table lifecycle.Table
	// Parties returns the parties named in a canonical body.
	Parties func(body []byte) ([]trade.PartyID, error)
	// Apply is the law: it returns what the command does, or why not.
	Apply func(trade.Document, trade.Command, trade.Facts) (trade.Effects, error)
	// Moves returns the documents that move together with one of this kind;
	// nil when there are none.
	Moves func(trade.Header) []trade.DocID
	// Already reports whether a step that anyone may take has been taken, so
	// that repeating it does nothing; nil when there are no such steps.
	Already func(state, action string) bool
}

// Invoice is the kind of commercial invoices.
func Invoice() Kind {
	return Kind{Name: invoice.Kind, Table: invoice.Table, Parties: invoice.Parties, Apply: invoice.Apply}
}

// Undertaking is the kind of payment undertakings.
func Undertaking() Kind {
	return Kind{
		Name: undertaking.Kind, Table: undertaking.Table, Parties: undertaking.Parties, Apply: undertaking.Apply,
		Moves: undertaking.Instruction, Already: undertaking.Already,
	}
}

// Payment is the kind of payment instructions.
func Payment() Kind {
	return Kind{Name: payment.Kind, Table: payment.Table, Parties: payment.Parties, Apply: payment.Apply}
}

// Kinds lists every document kind.
func Kinds() []Kind { return []Kind{Invoice(), Undertaking(), Payment()} }

// Find returns the kind with the name.
func Find(name trade.Kind) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Tables lists the lifecycle of every kind, registry records included.
func Tables() []lifecycle.Table {
	out := []lifecycle.Table{party.Table, source.Table}
	for _, k := range Kinds() {
		out = append(out, k.Table)
	}
	return out
}
