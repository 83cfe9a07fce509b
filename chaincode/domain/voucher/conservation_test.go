package voucher

import (
	"fmt"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// unit is what the naive twin knows of one minor unit.
type unit struct {
	owner trade.PartyID
	claim lot.Claim
	end   string // "" while it is owed
}

// twin keeps one entry for every unit of a voucher and nothing else: no lots, no
// intervals, no successors.
type twin []unit

func newTwin(n int64, owner trade.PartyID) twin {
	out := make(twin, n)
	for i := range out {
		out[i].owner = owner
	}
	return out
}

// apply does to the units of b what an accepted command means for them.
func (w twin) apply(action string, b lot.Body, paid int64) {
	for i := b.From; i <= b.To; i++ {
		u := &w[i-1]
		switch action {
		case lot.Accept:
			u.owner = b.Owner
		case lot.TakeInPledge, lot.Finance:
			u.claim = b.Claim
		case lot.Release:
			u.claim = lot.Claim{}
		case lot.BuyBack:
			u.end = lot.Cancelled
		case lot.WriteOff:
			u.end = lot.WrittenOff
		case lot.Pay:
			if i-b.From < paid {
				u.end = lot.Paid
			}
		}
	}
}

// leaves returns the lots that stand for their units, by their first unit.
func (d *desk) leaves() ([]lot.Body, []string) {
	type leaf struct {
		body  lot.Body
		state string
	}
	var all []leaf
	for _, doc := range d.docs {
		if doc.Header.Kind == lot.Kind && lot.Leaf(doc.Header.State) {
			all = append(all, leaf{d.body(doc.Header.ID), doc.Header.State})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].body.From < all[j].body.From })
	var bodies []lot.Body
	var states []string
	for _, l := range all {
		bodies, states = append(bodies, l.body), append(states, l.state)
	}
	return bodies, states
}

func (d *desk) body(id trade.DocID) lot.Body {
	b, err := canon.Decode[lot.Body](d.docs[id].Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// agree holds the ledger against the twin: the leaves partition the units, and
// each says of its units what the twin says.
func (d *desk) agree(w twin) error {
	bodies, states := d.leaves()
	next, budget := int64(1), int64(0)
	for i, b := range bodies {
		if b.From != next {
			return fmt.Errorf("unit %d stands in no lot, or in two: %d-%d", next, b.From, b.To)
		}
		next, budget = b.To+1, budget+b.Parts
		for n := b.From; n <= b.To; n++ {
			end := ""
			if !lot.Outstanding(states[i]) {
				end = states[i]
			}
			if got := (unit{b.Owner, b.Claim, end}); got != w[n-1] {
				return fmt.Errorf("unit %d: the ledger says %+v, the twin %+v", n, got, w[n-1])
			}
		}
		if b.Depth() > d.limits.MaxDepth+1 {
			return fmt.Errorf("lot %d-%d changed hands %d times", b.From, b.To, b.Depth())
		}
	}
	if next != int64(len(w))+1 {
		return fmt.Errorf("the lots end at %d of %d", next-1, len(w))
	}
	// A payment in part makes lots beyond the budget, one for each payment.
	if bound := d.limits.MaxLots + int64(len(w)); budget > bound {
		return fmt.Errorf("the lots may become %d, over %d", budget, bound)
	}
	return nil
}

// player draws commands, most of them plausible, some not.
type player struct {
	*desk
	r *rapid.T
}

var actors = []trade.PartyID{coreID, bankID, supplierID, tierTwoID, courtID}

// lots returns the ids of all lots in a fixed order.
func (d *desk) lots() []trade.DocID {
	var out []trade.DocID
	for id, doc := range d.docs {
		if doc.Header.Kind == lot.Kind {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// alive returns the lots with which something can be done, and mostly not the
// others.
func (p *player) alive() []trade.DocID {
	all := p.lots()
	if rapid.IntRange(0, 9).Draw(p.r, "dead") == 0 {
		return all
	}
	out := slices.DeleteFunc(slices.Clone(all), func(id trade.DocID) bool {
		state := p.docs[id].Header.State
		return state != lot.Offered && !lot.Outstanding(state)
	})
	if len(out) == 0 {
		return all
	}
	return out
}

// likely returns the actions that the lot's state allows, or all of them.
func (p *player) likely(state string) []string {
	var out []string
	for _, s := range lot.Table.Steps {
		if s.From == state {
			out = append(out, s.Action)
		}
	}
	if len(out) == 0 || rapid.IntRange(0, 9).Draw(p.r, "anything") == 0 {
		return lot.Table.Actions()
	}
	return out
}

// draw returns a command on some lot and the amount that it pays, if it does.
func (p *player) draw() (order, lot.Body, int64) {
	id := rapid.SampledFrom(p.alive()).Draw(p.r, "lot")
	h, b := p.docs[id].Header, p.body(id)
	o := order{
		kind: lot.Kind, id: id, along: map[trade.DocID]any{},
		action: rapid.SampledFrom(p.likely(h.State)).Draw(p.r, "action"),
	}
	o.by = p.actor(o.action, b)
	var paid int64
	switch o.action {
	case lot.Split:
		p.alongParts(o, p.sizes(b))
	case lot.Transfer, lot.Pledge, lot.AskFinance:
		p.alongOffer(o, h, b)
	case lot.Finance:
		o.args = lot.FinancedArgs{Salt: trade.Salt{1}, Status: "ACSC", Reference: "F", RegistryNumber: "1"}
	case lot.Release:
		p.alongParts(o, []lot.Body{lot.Released(b)})
	case lot.Freeze, lot.Unfreeze:
		o.args = lot.OrderArgs{Salt: trade.Salt{1}, Office: "Court", Reference: "1"}
	case lot.Pay:
		paid = rapid.Int64Range(1, b.Units()+1).Draw(p.r, "amount")
		if rapid.Bool().Draw(p.r, "whole") {
			paid = b.Units()
		}
		o.args = lot.PaidArgs{
			Salt: trade.Salt{1}, AmountMinor: paid, Status: "ACSC", Reference: "P",
			UETR: uetr,
		}
		if parts, err := lot.PaidInPart(b, paid); err == nil && paid < b.Units() {
			p.alongParts(o, p.spoil(parts))
		}
	}
	return o, b, paid
}

// actor is mostly who may act.
func (p *player) actor(action string, b lot.Body) trade.PartyID {
	if rapid.IntRange(0, 9).Draw(p.r, "impostor") == 0 {
		return rapid.SampledFrom(actors).Draw(p.r, "who")
	}
	switch action {
	case lot.Pay:
		return bankID
	case lot.Freeze, lot.Unfreeze:
		return courtID
	case lot.Accept, lot.TakeInPledge, lot.Finance, lot.Reject, lot.Release, lot.Recourse, lot.WriteOff:
		return b.Payee()
	default:
		return b.Owner
	}
}

func (p *player) sizes(b lot.Body) []lot.Body {
	n := rapid.IntRange(1, 4).Draw(p.r, "parts")
	var sizes []int64
	for left := b.Units(); left > 0 && n > 0; n-- {
		size := left
		if n > 1 {
			size = rapid.Int64Range(1, left).Draw(p.r, "size")
		}
		sizes, left = append(sizes, size), left-size
	}
	parts, err := lot.Divide(b, sizes)
	if err != nil {
		return []lot.Body{b, b}
	}
	return p.spoil(parts)
}

// spoil sometimes makes parts that would create, lose or steal units.
func (p *player) spoil(parts []lot.Body) []lot.Body {
	if rapid.IntRange(0, 4).Draw(p.r, "spoil") > 0 {
		return parts
	}
	b := &parts[rapid.IntRange(0, len(parts)-1).Draw(p.r, "part")]
	switch rapid.IntRange(0, 5).Draw(p.r, "how") {
	case 0:
		b.To++
	case 1:
		b.From--
	case 2:
		b.From++
	case 3:
		b.Owner = tierTwoID
	case 4:
		parts = parts[1:]
	default:
		parts = append(parts, *b)
	}
	return parts
}

func (p *player) alongParts(o order, parts []lot.Body) {
	for _, b := range parts {
		b.Salt = trade.Salt{9}
		o.along[p.newID(p.parties[o.by].MSP)] = b
	}
}

func (p *player) alongOffer(o order, h trade.Header, b lot.Body) {
	r := lot.Rights{Owner: b.Owner, Claim: lot.Claim{
		Kind: map[string]string{lot.Pledge: lot.ClaimPledge, lot.AskFinance: lot.ClaimFinance}[o.action], Holder: bankID,
	}}
	if o.action == lot.Transfer {
		r = lot.Rights{Owner: rapid.SampledFrom([]trade.PartyID{coreID, supplierID, tierTwoID}).Draw(p.r, "to")}
	}
	next := lot.Succession(h, b, r, lot.Offer{Reference: "S", Deadline: p.now + 86_400_000})
	p.alongParts(o, p.spoil([]lot.Body{next}))
}

// settle closes what can be closed, until nothing more can.
func (d *desk) settle() {
	for again := true; again; {
		again = false
		for _, id := range d.lots() {
			was := d.docs[id].Header.State
			err := d.run(order{by: courtID, kind: lot.Kind, action: lot.Close, id: id})
			again = again || (err == nil && d.docs[id].Header.State != was)
		}
	}
	_ = d.run(order{by: courtID, kind: Kind, action: Close, id: voucherID})
}

// TestUnitsAreNeitherMadeNorLost plays random commands against the twin.
func TestUnitsAreNeitherMadeNorLost(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d, _ := inForce(t)
		d.limits.MaxDepth = 5
		p := &player{d, r}
		w := newTwin(1000, supplierID)
		for range rapid.IntRange(1, 80).Draw(r, "commands") {
			if rapid.IntRange(0, 7).Draw(r, "later") == 0 {
				p.now += 40 * 86_400_000
			}
			o, b, paid := p.draw()
			if p.run(o) == nil {
				w.apply(o.action, b, paid)
			}
			if err := p.agree(w); err != nil {
				r.Fatalf("after %s of %d-%d: %v", o.action, b.From, b.To, err)
			}
		}
		p.settle()
		if err := p.agree(w); err != nil {
			r.Fatalf("after closing: %v", err)
		}
		p.wantEnd(w)
	})
}

// wantEnd compares the voucher's end with the twin's.
func (p *player) wantEnd(w twin) {
	want, backing := Cancelled, invoice.Accepted
	for _, u := range w {
		switch {
		case u.end == "":
			p.want(voucherID, Active)
			return
		case u.end == lot.WrittenOff:
			want, backing = WithLoss, invoice.Backing
		case u.end == lot.Paid && want == Cancelled:
			want, backing = Settled, invoice.Discharged
		}
	}
	p.want(voucherID, want)
	p.want(invoiceA, backing)
}
