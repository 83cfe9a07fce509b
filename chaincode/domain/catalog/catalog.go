// Package catalog is the explicit list of document kinds. What is not listed
// here does not exist: contracts, pages and tests are made from this list.
package catalog

import (
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/parameter"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
)

// Kind is one document kind of the chaincode `trade`.
type Kind struct {
	Name  trade.Kind
	Table lifecycle.Table
	// Parties returns the parties named in a canonical body.
	Parties func(body []byte) ([]trade.PartyID, error)
	// Apply is the law: it returns what the command does, or why not.
	Apply func(trade.Document, trade.Command, trade.Facts) (trade.Effects, error)
	// Moves returns the documents that move together with one of this kind
	// when it takes the action, or whose state decides; nil when there are none.
	Moves func(h trade.Header, action string) []trade.DocID
	// Asks returns what the rule must know of the registry; nil when nothing.
	// related are the documents that Facts.Related will hold.
	Asks func(doc trade.Document, cmd trade.Command, related map[trade.DocID]trade.Document) (trade.Questions, error)
	// Blind reports whether the action is taken by an office that does not know
	// the body, so that none travels; nil when there are no such actions.
	Blind func(action string) bool
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

// Voucher is the kind of receivable vouchers.
func Voucher() Kind {
	return Kind{
		Name: voucher.Kind, Table: voucher.Table, Parties: voucher.Parties, Apply: voucher.Apply,
		Moves: voucher.Moves, Already: voucher.Already, Asks: voucher.Asks,
	}
}

// Lot is the kind of lots, which vouchers are made of.
func Lot() Kind {
	return Kind{
		Name: lot.Kind, Table: lot.Table, Parties: lot.Parties, Apply: lot.Apply,
		Moves: lot.Moves, Already: lot.Already, Asks: lot.Asks, Blind: lot.Blind,
	}
}

// Kinds lists every document kind.
func Kinds() []Kind { return []Kind{Invoice(), Undertaking(), Payment(), Voucher(), Lot()} }

// Parameter returns what refuses a wrong value of the ledger parameter with the
// name, and false when there is no such parameter.
func Parameter(name string) (validate func(value []byte) error, ok bool) {
	kind, _, currency := strings.Cut(name, ".")
	if kind == lot.ParameterKind && currency {
		return lot.ValidateLimits, true
	}
	return nil, false
}

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
	out := []lifecycle.Table{party.Table, source.Table, parameter.Table}
	for _, k := range Kinds() {
		out = append(out, k.Table)
	}
	return out
}
