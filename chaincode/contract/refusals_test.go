package contract_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

func TestSameRequestTwiceIsOneStep(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.encode(d.invID, d.inv)
	cmd := trade.Command{RequestID: d.request(), ID: d.invID}
	for range 2 {
		h, err := d.sendCommand("exporter Invoice:Issue", cmd, nil, d.invID)
		if err != nil || h.Version != 1 {
			t.Fatalf("%+v %v", h, err)
		}
	}
	other := newDeal(w)
	other.encode(other.invID, other.inv)
	_, err := other.sendCommand("exporter Invoice:Issue", trade.Command{RequestID: cmd.RequestID, ID: other.invID},
		nil, other.invID)
	wantCode(t, err, fault.RequestIDReused)
	accept := trade.Command{RequestID: cmd.RequestID, ID: d.invID, Version: 1}
	if _, err := d.sendCommand("importer Invoice:Accept", accept, nil, d.invID); err != nil {
		t.Fatalf("another caller may use the same request id: %v", err)
	}
}

func TestSameRequestTwiceInOneBlockIsOneStep(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.encode(d.invID, d.inv)
	call := d.call("Invoice:Issue", trade.Command{RequestID: d.request(), ID: d.invID}, nil, d.invID)
	var txs []*stubtest.Transaction
	for range 2 {
		p := must(d.clients["exporter"].Propose(call))
		txs = append(txs, must(d.clients["exporter"].Endorse(p)))
	}
	block := must(d.Commit(txs...))
	// Fabric looks at endorsement before versions: the first transaction has
	// protected the key, so the second one fails there already.
	if a, b := block.Transactions[0].Code, block.Transactions[1].Code; a != peer.TxValidationCode_VALID ||
		b != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Fatalf("got %s and %s", a, b)
	}
	res, err := d.clients["exporter"].Submit(call)
	var h trade.Header
	if err != nil || json.Unmarshal(res.Payload, &h) != nil || h.Version != 1 {
		t.Fatalf("the same request once more: %s %v", res.Payload, err)
	}
}

func TestRegistryRequestTwiceGivesTheSameAnswer(t *testing.T) {
	w := newWorld(t)
	step := contract.PartyStep{RequestID: w.request(), ID: exporterID, Version: 3}
	attester := w.clients["attester/"+exportBank]
	first := w.must(attester, "Party:Suspend", step)
	second := w.must(attester, "Party:Suspend", step)
	var r party.Record
	if string(first) != string(second) || json.Unmarshal(second, &r) != nil ||
		r.State != party.Suspended || r.Version != 4 {
		t.Fatalf("%s then %s", first, second)
	}
	step.ID = rivalID
	_, err := w.submit(attester, "Party:Suspend", step)
	wantCode(t, err, fault.RequestIDReused)
}

func TestCommandRefusals(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.issueInvoice()
	id := d.invID
	cmd := func(version uint64) trade.Command {
		return trade.Command{RequestID: d.request(), ID: id, Version: version}
	}
	run := func(client, function string, c trade.Command, along ...trade.DocID) error {
		_, err := d.sendCommand(client+" "+function, c, nil, along...)
		return err
	}
	wantCode(t, run("importer", "Invoice:Accept", cmd(1)), fault.BodyMissing)
	wantCode(t, run("importer", "Invoice:Accept", cmd(7), id), fault.VersionStale)
	wantCode(t, run("importer", "Invoice:Accept", cmd(0), id), fault.VersionStale)
	wantCode(t, run("exporter", "Invoice:Accept", cmd(1), id), fault.NotParty)
	wantCode(t, run("rival", "Invoice:Accept", cmd(1), id), fault.NotParty)
	wantCode(t, run("governor/"+importBank, "Invoice:Accept", cmd(1), id), fault.CallerUnknown)
	wantCode(t, run("importer", "Invoice:Dispute", cmd(1), id), fault.ArgumentMalformed)
	wantCode(t, run("importer", "Undertaking:Release", cmd(1)), fault.DocNotFound)
	bad := cmd(1)
	bad.RequestID = "1"
	wantCode(t, run("importer", "Invoice:Accept", bad, id), fault.FieldInvalid)

	mine := d.bodies[id]
	d.bodies[id] = append([]byte(nil), mine...)
	d.bodies[id][len(mine)/2]++
	wantCode(t, run("importer", "Invoice:Accept", cmd(1), id), fault.BodyStale)
	d.bodies[id] = mine

	skewed := d.call("Invoice:Accept", cmd(1), nil, id)
	skewed.Time = w.Now().Add(6 * time.Minute)
	_, err := d.clients["importer"].Submit(skewed)
	wantCode(t, err, fault.ClockSkew)
	junk := d.call("Invoice:Accept", cmd(1), nil, id)
	junk.Args = []string{`{"requestId":"x","surprise":1}`}
	_, err = d.clients["importer"].Submit(junk)
	wantCode(t, err, fault.ArgumentMalformed)
	unknown := d.call("Invoice:Accept", cmd(1), nil, id)
	unknown.Transient["other"] = []byte("x")
	_, err = d.clients["importer"].Submit(unknown)
	wantCode(t, err, fault.ArgumentMalformed)

	w.must(w.clients["attester/"+importBank], "Party:Suspend",
		contract.PartyStep{RequestID: w.request(), ID: importerID, Version: 3})
	wantCode(t, run("importer", "Invoice:Accept", cmd(1), id), fault.PartyInactive)
	next := newDeal(w)
	next.encode(next.invID, next.inv)
	_, err = next.send("exporter Invoice:Issue", next.invID, nil, next.invID)
	wantCode(t, err, fault.PartyInactive)
	next.inv.Buyer.Party = "549300ARGOSYNOONE0" + "00"
	next.encode(next.invID, next.inv)
	_, err = next.send("exporter Invoice:Issue", next.invID, nil, next.invID)
	wantCode(t, err, fault.FieldInvalid)
}

func TestUndertakingRefusals(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.issueInvoice()
	try := func(change func()) error {
		d.undertake()
		change()
		d.encode(d.undID, d.und)
		d.encode(d.payID, d.pay)
		_, err := d.send("bank Undertaking:Issue", d.undID, nil, d.undID, d.payID, d.invID)
		return err
	}
	wantCode(t, try(func() {}), fault.TransitionForbidden) // the invoice is not accepted
	d.acceptInvoice()
	wantCode(t, try(func() { d.und.Amount.AmountMinor++ }), fault.AmountExceeded)
	wantCode(t, try(func() { d.und.Amount.Currency = "USD" }), fault.FieldInvalid)
	wantCode(t, try(func() { d.und.Beneficiary = rivalID }), fault.FieldInvalid)
	wantCode(t, try(func() { d.und.Deadline = d.now(0) }), fault.Expired)
	wantCode(t, try(func() { d.und.Invoice.Version = 1 }), fault.VersionStale)
	wantCode(t, try(func() { d.pay.Amount.AmountMinor-- }), fault.FieldInvalid)
	wantCode(t, try(func() { d.pay.Creditor.Party = importerID }), fault.FieldInvalid)
	wantCode(t, try(func() { d.pay.Creditor.IBAN = "DE00370400440532013000" }), fault.FieldInvalid)
	wantCode(t, try(func() { d.und.Conditions = nil }), fault.FieldRequired)
	d.undertake()
	_, err := d.send("bank Undertaking:Issue", d.undID, nil, d.undID, d.invID)
	wantCode(t, err, fault.BodyMissing)
	_, err = d.send("importer Undertaking:Issue", d.undID, nil, d.undID, d.payID, d.invID)
	wantCode(t, err, fault.NotParty)
	d.issueUndertaking()
	d.step("exporter Undertaking:Reject", d.undID, undertaking.Rejected)
	d.wantState("Payment", d.payID, payment.Cancelled)
}

func TestPartiesAreBoundToCertificates(t *testing.T) {
	w := newWorld(t)
	application := contract.PartyApplication{RequestID: w.request()}
	application.ID, application.Name, application.Roles = exporterID, "Impostor", []trade.Role{trade.RoleTrader}
	_, err := w.submit(w.clients["rival"], "Party:Apply", application)
	wantCode(t, err, fault.BindingTaken)
	_, err = w.submit(w.clients["attester/"+carrier], "Party:Suspend",
		contract.PartyStep{RequestID: w.request(), ID: exporterID, Version: 3})
	wantCode(t, err, fault.RoleMissing)
	w.client("second", carrier, map[string]string{"argosy.role": "trader", "argosy.company": string(importerID)})
	application.ID = "5299000000000000XX00"
	application.RequestID = w.request()
	_, err = w.submit(w.clients["second"], "Party:Apply", application)
	wantCode(t, err, fault.FieldInvalid)
	var mine party.Record
	wantCode(t, w.ask(w.clients["second"], "Party:Mine", contract.Nothing{}, &mine), fault.PartyNotFound)
	if err := w.ask(w.clients["exporter"], "Party:Mine", contract.Nothing{}, &mine); err != nil || mine.ID != exporterID {
		t.Fatalf("%+v %v", mine, err)
	}
	application.ID, application.RequestID = exporterID, w.request()
	application.Roles = []trade.Role{trade.RoleBank}
	_, err = w.submit(w.clients["rival"], "Party:Apply", application)
	wantCode(t, err, fault.BindingTaken)
}

func TestConstitutionNeedsEveryMember(t *testing.T) {
	w := bareWorld(t)
	propose := func(org string, members ...string) error {
		_, err := w.submit(w.clients["governor/"+org], "Constitution:Approve",
			contract.Membership{RequestID: w.request(), Members: msps(members...)})
		return err
	}
	wantCode(t, propose(carrier, authority), fault.NotParty)
	wantCode(t, propose(carrier, carrier, authority), fault.FieldInvalid)
	p := contract.SourceProposal{RequestID: w.request()}
	p.ID, p.Types, p.SM2PublicKey, p.ValidTo = "lone", []string{"LOADED"}, publicHex(testKey(w)), 1
	_, err := w.submit(w.clients["governor/"+carrier], "Source:Propose", p)
	wantCode(t, err, fault.TransitionForbidden)
	for _, org := range orgs {
		if err := propose(org, orgs...); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, propose(carrier, carrier), fault.TransitionForbidden)
	_, err = w.submit(w.clients["relay/"+carrier], "Constitution:Approve",
		contract.Membership{RequestID: w.request(), Members: msps(orgs...)})
	wantCode(t, err, fault.RoleMissing)
}

func TestHeaderOfAnUnknownDocument(t *testing.T) {
	w := bareWorld(t)
	var a contract.HeaderAnswer
	wantCode(t, w.ask(w.clients["rival"], "Invoice:Header", contract.ByID{ID: newID(carrier)}, &a), fault.DocNotFound)
	wantCode(t, w.ask(w.clients["rival"], "Invoice:Header", contract.ByID{ID: "x"}, &a), fault.FieldInvalid)
	wantCode(t, w.ask(w.clients["rival"], "Invoice:List", contract.Page{Limit: 201}, &a), fault.TooLarge)
}
