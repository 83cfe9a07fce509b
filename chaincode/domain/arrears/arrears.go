// Package arrears is the law of the default list: which parties owe on vouchers
// that are past due and unpaid, and may therefore issue no new ones (notice
// 银发〔2025〕77号, article 15).
//
// The list follows from lots and from nothing else: whoever reports a lot, the
// list says what the lot's header says. A lot counts once however often it is
// reported, and a party leaves the list when every lot that put it there is
// paid. Nobody can be put on it or taken off it by decision.
package arrears

import "github.com/argosy-trade/argosy/chaincode/domain/trade"

// Record is what the list knows of one party.
type Record struct {
	Party trade.PartyID `json:"party"`
	// Open is how many reported lots are unpaid; the party is in default while
	// there is one.
	Open uint64 `json:"open"`
	// Since is when the party came onto the list, 0 while it is not on it.
	Since     trade.Instant `json:"since,omitempty"`
	UpdatedAt trade.Instant `json:"updatedAt"`
}

// InDefault reports whether the party may issue nothing new.
func (r Record) InDefault() bool { return r.Open > 0 }

// Entry is what the list knows of one lot.
type Entry struct {
	Lot   trade.DocID   `json:"lot"`
	Party trade.PartyID `json:"party"`
	Open  bool          `json:"open"`
}

// Note returns entry and record after it was found at time now whether the lot
// is in arrears. Finding the same again changes nothing.
func Note(e Entry, r Record, inArrears bool, now trade.Instant) (Entry, Record) {
	if e.Open == inArrears {
		return e, r
	}
	e.Open, r.UpdatedAt = inArrears, now
	if inArrears {
		if r.Open == 0 {
			r.Since = now
		}
		r.Open++
		return e, r
	}
	r.Open--
	if r.Open == 0 {
		r.Since = 0
	}
	return e, r
}
