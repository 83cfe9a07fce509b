package contract_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/parameter"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

// Words about a voucher that only some may see.
const (
	secretContract = "FRAME-CONTRACT-SECRET-9"
	secretVoucher  = "V-SECRET-0815"
	secretSupply   = "SUPPLY-TO-RIVAL-SECRET"
	secretSibling  = "SUPPLY-TO-SIBLING-SECRET"
	secretOrder    = "ORDER-SECRET-2026-77"

	courtID   = trade.PartyID("91350100M000100Y43")
	siblingID = trade.PartyID("5493001KJTIIGC8Y1R12")
)

// venture is a voucher under way: the importer is the core enterprise, the
// exporter its supplier; the rival, at another organisation, supplies that one.
type venture struct {
	*deal
	limits lot.Limits
	vou    voucher.Body
	vouID  trade.DocID
	first  trade.DocID
}

func newVenture(t *testing.T) *venture {
	t.Helper()
	w := newWorld(t)
	w.client("court", authority, map[string]string{"argosy.role": "authority", "argosy.company": string(courtID)})
	w.enrol("court", courtID, trade.RoleAuthority)
	w.client("sibling", authority, map[string]string{"argosy.role": "trader", "argosy.company": string(siblingID)})
	w.enrol("sibling", siblingID, trade.RoleTrader)
	v := &venture{deal: newDeal(w), limits: lot.DefaultLimits()}
	v.setLimits(1)
	v.issueInvoice()
	v.acceptInvoice()
	return v
}

// setLimits has the limits approved as the next version.
func (v *venture) setLimits(version uint64) {
	v.t.Helper()
	p := contract.ParameterProposal{Proposal: parameter.Proposal{
		Name: lot.ParameterName("EUR"), Version: version, Value: must(canon.Encode(v.limits)),
	}}
	for i, org := range []string{authority, carrier, exportBank} {
		p.RequestID = v.request()
		var r parameter.Record
		b := v.must(v.clients["governor/"+org], "Parameter:Propose", p)
		if err := json.Unmarshal(b, &r); err != nil || (r.State == parameter.Active) != (i == 2) {
			v.t.Fatalf("after %s: %s", org, b)
		}
	}
}

// draft fills in a voucher on the invoice.
func (v *venture) draft() {
	today := v.Now().UTC()
	v.vouID = newID(importBank)
	v.vou = voucher.Body{
		Salt: salt(), Payee: exporterID, Units: v.inv.Due().AmountMinor, Contract: secretContract, Consent: "clause 7",
		Invoices: []trade.Reference{v.headers[v.invID].Reference()}, Deadline: v.now(24 * time.Hour),
		Terms: lot.Terms{
			Number: secretVoucher, Issuer: importerID, Bank: bankID, Currency: "EUR",
			IssueDate: trade.Date(today.Format(time.DateOnly)),
			Due:       trade.Date(today.AddDate(0, 0, 90).Format(time.DateOnly)),
			Recourse:  true, Transferable: true,
			Limits: trade.ParameterRef{Name: lot.ParameterName("EUR"), Version: 1},
		},
	}
}

// act sends a command to the peers of all parties of the documents that are
// named or made, as the SDK does.
func (v *venture) act(what string, id trade.DocID, args any, along ...trade.DocID) (trade.Header, error) {
	client, function, _ := strings.Cut(what, " ")
	cmd := trade.Command{RequestID: v.request(), ID: id, Version: v.headers[id].Version}
	if slices.Contains([]string{"Lot:Close", "Lot:Lapse", "Voucher:Close"}, function) {
		cmd.Version = 0 // steps of anyone: whatever the version is
	}
	call := v.call(function, cmd, args, along...)
	call.EndorsingOrgs = v.orgsOf(append(along, id)...)
	if client == "court" { // no party, yet its own organisation records its request
		call.EndorsingOrgs = append(call.EndorsingOrgs, authority)
	}
	res, err := v.clients[client].Submit(call)
	if err != nil {
		return trade.Header{}, err
	}
	var h trade.Header
	if err := json.Unmarshal(res.Payload, &h); err != nil {
		return h, err
	}
	v.headers[id] = h
	return h, nil
}

// orgsOf returns the organisations of the documents: of those that exist, of
// those that moved with them, and of the parties of new bodies.
func (v *venture) orgsOf(ids ...trade.DocID) []string {
	var out []string
	msp := map[trade.PartyID]string{
		exporterID: exportBank, importerID: importBank, bankID: importBank, rivalID: carrier, siblingID: authority,
	}
	for _, id := range ids {
		for _, org := range v.headers[id].Parties {
			out = append(out, string(org))
		}
		if b, err := canon.Decode[lot.Body](v.bodies[id]); err == nil {
			for _, p := range b.Parties() {
				out = append(out, msp[p])
			}
			for _, r := range b.Ancestry {
				out = append(out, msp[r.Owner]) // whose lot waits for this one
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (v *venture) mustAct(what string, id trade.DocID, args any, along ...trade.DocID) trade.Header {
	v.t.Helper()
	h, err := v.act(what, id, args, along...)
	if err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
	return h
}

func (v *venture) issue() {
	v.t.Helper()
	v.draft()
	v.encode(v.vouID, v.vou)
	v.headers[v.vouID] = trade.Header{Parties: msps(dealOrgs...)}
	v.mustAct("importer Voucher:Issue", v.vouID, nil, v.vouID, v.invID)
}

// accept brings the voucher into force.
func (v *venture) accept() {
	v.t.Helper()
	v.first = newID(exportBank)
	whole := voucher.Whole(v.headers[v.vouID], v.vou, v.limits)
	v.lodge(v.first, whole)
	v.mustAct("exporter Voucher:Accept", v.vouID, nil, v.vouID, v.first)
	v.look(v.first)
}

// inForce is a venture whose voucher is accepted.
func inForce(t *testing.T) *venture {
	t.Helper()
	v := newVenture(t)
	v.issue()
	v.accept()
	return v
}

// lodge salts a new lot's body.
func (v *venture) lodge(id trade.DocID, b lot.Body) {
	b.Salt = salt()
	v.encode(id, b)
}

// look reads a lot's header, through an outsider's eyes.
func (v *venture) look(id trade.DocID) trade.Header {
	v.t.Helper()
	return v.header("Lot", id).Header
}

func (v *venture) body(id trade.DocID) lot.Body {
	return must(canon.Decode[lot.Body](v.bodies[id]))
}

// split divides a lot and returns the parts.
func (v *venture) split(who string, id trade.DocID, sizes ...int64) []trade.DocID {
	v.t.Helper()
	parts := v.parts(who, id, sizes...)
	v.mustAct(who+" Lot:Split", id, nil, append(parts, id)...)
	for _, p := range parts {
		v.look(p)
	}
	return parts
}

func (v *venture) parts(who string, id trade.DocID, sizes ...int64) []trade.DocID {
	v.t.Helper()
	var ids []trade.DocID
	for _, b := range must(lot.Divide(v.body(id), sizes)) {
		part := newID(v.clients[who].MSPID())
		v.lodge(part, b)
		ids = append(ids, part)
	}
	return ids
}

// offer makes the lot's successor with other rights and offers it.
func (v *venture) offer(what string, id trade.DocID, r lot.Rights, reference string) trade.DocID {
	v.t.Helper()
	client, _, _ := strings.Cut(what, " ")
	next := newID(v.clients[client].MSPID())
	v.lodge(next, lot.Succession(v.headers[id], v.body(id), r, lot.Offer{
		Reference: reference, Deadline: v.now(time.Hour),
	}))
	v.mustAct(what, id, nil, id, next)
	v.look(next)
	return next
}

// transfer hands a lot over; fromTo is like "exporter rival".
func (v *venture) transfer(fromTo string, id trade.DocID, owner trade.PartyID, reference string) trade.DocID {
	v.t.Helper()
	from, to, _ := strings.Cut(fromTo, " ")
	next := v.offer(from+" Lot:Transfer", id, lot.Rights{Owner: owner}, reference)
	v.mustAct(to+" Lot:Accept", next, nil, next)
	return next
}

func (v *venture) wantLot(id trade.DocID, state string) {
	v.t.Helper()
	v.wantState("Lot", id, state)
}

// pay has the issuer's bank report a payment.
func (v *venture) pay(id trade.DocID, amount int64, along ...trade.DocID) trade.Header {
	v.t.Helper()
	return v.mustAct("bank Lot:Pay", id, lot.PaidArgs{
		Salt: salt(), AmountMinor: amount, Status: "ACSC", Reference: "BANK-1", UETR: "8a562c67-ca16-48ba-b074-65581be6f001",
	}, append(along, id)...)
}

func (v *venture) reach(date trade.Date, days int) {
	v.t.Helper()
	at := must(time.Parse(time.DateOnly, string(date)))
	v.SetTime(at.AddDate(0, 0, days).Add(time.Minute))
}

// report tells the default list of lots.
func (v *venture) report(ids ...trade.DocID) error {
	slices.Sort(ids)
	res, err := v.clients["sibling"].Submit(stubtest.Call{
		Chaincode: "registry", Function: "Default:Report",
		Args: []string{string(must(canon.Encode(contract.ReportedLots{RequestID: v.request(), Lots: ids})))},
	})
	_ = res
	return err
}

func (v *venture) wantInvoice(state string) {
	v.t.Helper()
	v.wantState("Invoice", v.invID, state)
}
