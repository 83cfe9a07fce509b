package voucher

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

const (
	coreID     trade.PartyID = "529900ARGOSYIMPRTR96"
	bankID     trade.PartyID = "529900ARGOSYIMBANK18"
	supplierID trade.PartyID = "529900ARGOSYEXPRTR48"
	tierTwoID  trade.PartyID = "529900ARGOSYRIVAL085"
	parentID   trade.PartyID = "5493001KJTIIGC8Y1R12" // of the core enterprise: its guarantor
	courtID    trade.PartyID = "91350100M000100Y43"

	voucherID trade.DocID = "CoreMSP.000000000000000000000000000000f0"
	invoiceA  trade.DocID = "SupplierMSP.000000000000000000000000000000a0"
	invoiceB  trade.DocID = "SupplierMSP.000000000000000000000000000000b0"
)

var issued = trade.InstantOf(time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC))

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := canon.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// desk is a ledger in memory that takes commands the way the shared path does.
type desk struct {
	t         testing.TB
	docs      map[trade.DocID]trade.Document
	parties   map[trade.PartyID]trade.Party
	limits    lot.Limits
	current   bool
	defaulted map[trade.PartyID]bool
	now       trade.Instant
	ids       uint64
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{
		t: t, docs: map[trade.DocID]trade.Document{}, limits: lot.DefaultLimits(), current: true, now: issued,
		defaulted: map[trade.PartyID]bool{}, parties: map[trade.PartyID]trade.Party{},
	}
	d.limits.MinLot = 1
	for id, p := range map[trade.PartyID]trade.Party{
		coreID: {MSP: "CoreMSP"}, bankID: {MSP: "CoreMSP", Roles: []trade.Role{trade.RoleBank}},
		parentID: {MSP: "CoreMSP"}, supplierID: {MSP: "SupplierMSP"}, tierTwoID: {MSP: "TierTwoMSP"},
		courtID: {MSP: "CourtMSP", Roles: []trade.Role{trade.RoleAuthority}},
	} {
		p.ID, p.Active = id, true
		d.parties[id] = p
	}
	d.invoice(invoiceA, "2026-01-05", 600)
	d.invoice(invoiceB, "2025-12-20", 400)
	return d
}

// invoice puts an accepted invoice of the supplier on the ledger.
func (d *desk) invoice(id trade.DocID, date trade.Date, due int64) {
	b := encode(d.t, invoice.Body{
		Salt: trade.Salt{1}, Currency: "CNY", IssueDate: date, Seller: invoice.Trader{Party: supplierID},
		Buyer: invoice.Trader{Party: coreID}, Totals: invoice.Totals{DueMinor: due},
	})
	d.docs[id] = trade.Document{Body: b, Header: trade.Header{
		ID: id, Kind: invoice.Kind, State: invoice.Accepted, Version: 2, Digest: sha256.Sum256(b),
		Parties: []trade.MSPID{"CoreMSP", "SupplierMSP"},
	}}
}

func (d *desk) newID(msp trade.MSPID) trade.DocID {
	d.ids++
	var r [16]byte
	binary.BigEndian.PutUint64(r[8:], d.ids)
	return trade.NewDocID(msp, r)
}

// sample is a voucher of 1,000 units that would be issued.
func (d *desk) sample() Body {
	return Body{
		Salt: trade.Salt{2}, Payee: supplierID, Units: 1000, Contract: "C-1", Consent: "C-1, clause 7",
		Invoices: []trade.Reference{d.docs[invoiceA].Header.Reference(), d.docs[invoiceB].Header.Reference()},
		Deadline: issued + 86_400_000,
		Terms: lot.Terms{
			Number: "V-1", Issuer: coreID, Bank: bankID, Currency: "CNY", IssueDate: "2026-01-10", Due: "2026-06-10",
			Recourse: true, Transferable: true, Limits: trade.ParameterRef{Name: "voucher.CNY", Version: 1},
		},
	}
}

// order is a command with what travels along.
type order struct {
	by     trade.PartyID
	kind   trade.Kind
	action string
	id     trade.DocID
	args   any
	along  map[trade.DocID]any // new bodies, or nil for that of a document that exists
}

// run carries out the order as contract.run would.
func (d *desk) run(o order) error {
	doc, exists := d.docs[o.id]
	if !exists {
		doc = trade.Document{Header: trade.Header{ID: o.id, Kind: o.kind}}
	}
	f := trade.Facts{
		Caller: trade.Caller{MSP: d.parties[o.by].MSP, Party: d.parties[o.by]}, Now: d.now, Parties: d.parties,
		Related: map[trade.DocID]trade.Document{}, Digests: map[trade.DocID]trade.BodyDigests{}, Defaulted: d.defaulted,
	}
	for id, b := range o.along {
		if b == nil {
			f.Related[id] = d.docs[id]
			continue
		}
		raw := encode(d.t, b)
		f.Digests[id] = trade.BodyDigests{SHA256: sha256.Sum256(raw)}
		if id == o.id {
			doc.Body, doc.Header.Digest, doc.Header.Parties = raw, sha256.Sum256(raw), []trade.MSPID{"CoreMSP", "SupplierMSP"}
			continue
		}
		f.Related[id] = trade.Document{Header: trade.Header{ID: id}, Body: raw}
	}
	apply, moves, asks := Apply, Moves, Asks
	if o.kind == lot.Kind {
		apply, moves, asks = lot.Apply, lot.Moves, lot.Asks
	}
	for _, id := range moves(doc.Header, o.action) {
		f.Related[id] = d.docs[id]
	}
	cmd := trade.Command{ID: o.id, Action: o.action, Version: doc.Header.Version}
	if o.args != nil {
		cmd.Args = encode(d.t, o.args)
	}
	q, err := asks(doc, cmd, f.Related)
	if err != nil {
		return err
	}
	for _, ref := range q.Parameters {
		f.Parameters = map[trade.ParameterRef]trade.Parameter{ref: {Value: encode(d.t, d.limits), Current: d.current}}
	}
	e, err := apply(doc, cmd, f)
	if err != nil {
		return err
	}
	for _, moved := range append(e.Others, e.Doc) {
		moved.Header.Version++
		moved.Header.UpdatedBy = d.parties[o.by].MSP
		d.docs[moved.Header.ID] = moved
	}
	return nil
}

func (d *desk) issue(b Body) error {
	return d.run(order{by: coreID, kind: Kind, action: Issue, id: voucherID, along: map[trade.DocID]any{
		voucherID: b, invoiceA: nil, invoiceB: nil,
	}})
}

func (d *desk) accept() error {
	v := d.docs[voucherID]
	b, err := canon.Decode[Body](v.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	whole := Whole(v.Header, b, d.limits)
	whole.Salt = trade.Salt{3}
	return d.run(order{by: supplierID, kind: Kind, action: Accept, id: voucherID, along: map[trade.DocID]any{
		d.newID("SupplierMSP"): whole,
	}})
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) want(id trade.DocID, state string) {
	d.t.Helper()
	if got := d.docs[id].Header.State; got != state {
		d.t.Errorf("%s is %s, want %s", id, got, state)
	}
}

func (d *desk) refuse(err error, code fault.Code) {
	d.t.Helper()
	if fault.CodeOf(err) != code {
		d.t.Errorf("got %v, want %s", err, code)
	}
}

// inForce is a desk with an accepted voucher, and its first lot.
func inForce(t testing.TB) (*desk, trade.DocID) {
	t.Helper()
	d := newDesk(t)
	d.must(d.issue(d.sample()))
	d.must(d.accept())
	return d, d.docs[voucherID].Header.Successors[0]
}

func TestEveryStateAndAction(t *testing.T) {
	if err := Table.Check(); err != nil {
		t.Fatal(err)
	}
	for _, state := range Table.States() {
		for _, action := range Table.Actions() {
			step, unlisted := Table.Next(state, action)
			d := newDesk(t)
			o := order{by: coreID, kind: Kind, action: action, id: voucherID, along: map[trade.DocID]any{}}
			b := d.sample()
			if action == Guarantee || action == Decline || state == Guaranteed {
				b.Terms.Guarantor = parentID
			}
			if state != lifecycle.None {
				d.put(state, b)
			} else {
				o.along = map[trade.DocID]any{voucherID: b, invoiceA: nil, invoiceB: nil}
			}
			switch step.Who {
			case payee:
				o.by = supplierID
			case guarantor:
				o.by = parentID
			}
			if action == Accept && state != lifecycle.None {
				whole := Whole(d.docs[voucherID].Header, b, d.limits)
				whole.Salt = trade.Salt{3}
				o.along[d.newID("SupplierMSP")] = whole
			}
			if action == Expire {
				d.now = b.Deadline + 1
			}
			err := d.run(o)
			named := action != CloseCancelled && action != CloseWithLoss
			switch {
			case unlisted != nil || !named:
				if fault.CodeOf(err) != fault.TransitionForbidden {
					t.Errorf("%s in state %q: %v, want a refusal", action, state, err)
				}
			case err != nil:
				t.Errorf("%s in state %q: %v", action, state, err)
			default:
				d.want(voucherID, step.To)
			}
		}
	}
}

// put sets the voucher into a state with the invoices and the lot that go with it.
func (d *desk) put(state string, b Body) {
	raw := encode(d.t, b)
	h := trade.Header{
		ID: voucherID, Kind: Kind, State: state, Version: 1, Digest: sha256.Sum256(raw), Lineage: b.Invoices,
		Deadline: b.Deadline, Parties: []trade.MSPID{"CoreMSP", "SupplierMSP"},
	}
	for _, r := range b.Invoices {
		inv := d.docs[r.ID]
		inv.Header.State = invoice.Backing
		d.docs[r.ID] = inv
	}
	if state == Active || state == WithLoss {
		id := d.newID("SupplierMSP")
		h.Successors = []trade.DocID{id}
		d.docs[id] = trade.Document{Header: trade.Header{ID: id, Kind: lot.Kind, State: lot.Paid}}
	}
	d.docs[voucherID] = trade.Document{Header: h, Body: raw}
}
