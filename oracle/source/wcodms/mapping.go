package wcodms

import (
	"maps"
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/oracle/source"
)

// mappingVersion names the table below; a change of any row is a new version.
const mappingVersion = "wco-dms/1"

// meaning is what a function code says.
type meaning struct {
	// name is the notification's usual short name.
	name string
	// fact is the fact type that it establishes; empty: none, for the reason.
	fact   string
	reason string
	// time is the path, below Response, of the time at which it happened; the
	// issue time stands in where the element is absent.
	time []string
	// withdraws are the fact types that no longer hold for the declaration.
	withdraws []string
}

// meanings gives every function code of a declaration response its meaning.
// Released (08) and cleared (09) are different facts: 08 lets the goods go, 09
// ends the declaration. An invalidated declaration (10) was never valid in law,
// so what rested on it is withdrawn.
var meanings = map[string]meaning{
	"01": {name: "ACC", fact: attest.CustomsAccepted, time: []string{"Declaration", "AcceptanceDateTime"}},
	"02": {name: "RCV", fact: attest.CustomsReceived},
	"03": {name: "REJ", fact: attest.CustomsRejected, time: []string{"Declaration", "RejectionDateTime"}},
	"05": {name: "CTL", fact: attest.CustomsControl},
	"06": {name: "DOC", reason: "documents are asked for; nothing has happened to the goods"},
	"07": {name: "RES", reason: "customs amended the declaration; its state does not change"},
	"08": {name: "ROG", fact: attest.CustomsReleased},
	"09": {name: "CLE", fact: attest.CustomsCleared},
	"10": {
		name: "INV", fact: attest.CustomsRevoked, time: []string{"Declaration", "CancellationDateTime"},
		withdraws: []string{attest.CustomsAccepted, attest.CustomsReleased, attest.CustomsCleared},
	},
	"11": {name: "REQ", reason: "an answer to a trader's request for amendment or cancellation"},
	"13": {name: "TAX", reason: "a tax assessment or payment notice"},
	"14": {name: "CPI", reason: "a notice of insufficient funds"},
	"15": {name: "CPR", reason: "a reminder of insufficient funds"},
	"16": {name: "EOG", reason: "goods have left the territory; no fact type stands for it"},
	"17": {name: "EXT", reason: "the declaration was handed to an external party"},
	"18": {name: "GER", reason: "a request for evidence of exit"},
}

// Meanings returns the table, sorted by code.
func (Decoder) Meanings() []source.Meaning {
	var out []source.Meaning
	for _, code := range slices.Sorted(maps.Keys(meanings)) {
		m := meanings[code]
		out = append(out, source.Meaning{Code: code + " " + m.name, Fact: m.fact, Withdraws: m.withdraws, Note: m.reason})
	}
	return out
}
