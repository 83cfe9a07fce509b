package contract_test

import (
	"crypto/sha256"
	"encoding/json"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

func commandFor(d *deal) trade.Command { return trade.Command{RequestID: d.request(), ID: d.undID} }

// forge commits a read/write set that the peers of the organisations signed
// without running any chaincode, and returns how the network judged it.
func (w *world) forge(set *stubtest.RWSet, chaincode string, by ...string) peer.TxValidationCode {
	w.t.Helper()
	tx, err := w.Forge(stubtest.Forgery{
		Client: w.clients["rival"], Chaincode: chaincode, Function: "Invoice:Issue",
		Set: set, EndorsedBy: by,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	block, err := w.Commit(tx)
	if err != nil {
		w.t.Fatal(err)
	}
	return block.Transactions[0].Code
}

func headerBytes(h trade.Header) []byte { return must(canon.Encode(h)) }

func TestOneOrganisationAloneCannotMakeAValidDocument(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.encode(d.invID, d.inv)
	body := d.bodies[d.invID]
	id := newID(carrier)
	h := trade.Header{
		ID: id, Kind: invoice.Kind, State: invoice.Accepted, Version: 2,
		Digest: digest(body), Parties: msps(carrier, exportBank),
	}

	t.Run("a header of its own making commits but is not valid", func(t *testing.T) {
		set := stubtest.NewRWSet().Put("trade", state.HeaderKey(id), headerBytes(h)).
			PutPrivate("trade", stubtest.ImplicitCollection(carrier), state.BodyKey(invoice.Kind, id), body)
		if code := w.forge(set, "trade", carrier); code != peer.TxValidationCode_VALID {
			t.Fatalf("Fabric refused what this test is about: %s", code)
		}
		if a := d.header("Invoice", id); a.Valid {
			t.Fatal("a document that names another organisation without its check is valid")
		}
		_, err := d.sendCommand("exporter Invoice:Withdraw",
			trade.Command{RequestID: d.request(), ID: id, Version: 2}, nil)
		wantCode(t, err, fault.DocInvalid)
	})
	t.Run("the other party's private copy cannot be written for it", func(t *testing.T) {
		set := stubtest.NewRWSet().
			PutPrivate("trade", stubtest.ImplicitCollection(exportBank), state.BodyKey(invoice.Kind, id), body)
		if code := w.forge(set, "trade", carrier); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
			t.Fatalf("got %s", code)
		}
	})
}

func digest(b []byte) trade.Digest { return sha256.Sum256(b) }

func TestDocumentsCannotBeChangedByOneParty(t *testing.T) {
	w := newWorld(t)
	d := ready(w)
	h := d.header("Payment", d.payID).Header
	h.State, h.Version = payment.Created, h.Version+1
	forged := stubtest.NewRWSet().Put("trade", state.HeaderKey(d.payID), headerBytes(h))
	for _, by := range [][]string{{exportBank}, {importBank}, {carrier, authority}} {
		if code := w.forge(forged, "trade", by...); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
			t.Fatalf("%v moved a held payment: %s", by, code)
		}
	}
	own := stubtest.NewRWSet().PutPrivate("trade", stubtest.ImplicitCollection(exportBank),
		state.BodyKey(payment.Kind, d.payID), []byte("another amount"))
	if code := w.forge(own, "trade", exportBank); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Fatalf("a party replaced its own copy of a shared body: %s", code)
	}
	index := stubtest.NewRWSet().Delete("trade", state.WaitKey(subject(), d.undID))
	if code := w.forge(index, "trade", carrier); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Fatalf("an outsider removed a hint: %s", code)
	}
	d.wantState("Payment", d.payID, payment.Held)
}

func TestForgedHintsAndRequestRecordsAreHarmless(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.encode(d.invID, d.inv)
	cmd := trade.Command{RequestID: d.request(), ID: d.invID}

	ghost := newID(carrier)
	hint := stubtest.NewRWSet().Put("trade", state.WaitKey(subject(), ghost), []byte{1})
	if code := w.forge(hint, "trade", carrier); code != peer.TxValidationCode_VALID {
		t.Fatalf("got %s", code)
	}
	var waiting contract.WaitingAnswer
	err := w.ask(w.clients["rival"], "Undertaking:Waiting", contract.BySubject{Subject: subject()}, &waiting)
	if err != nil || len(waiting.IDs) != 1 {
		t.Fatalf("%+v %v", waiting, err)
	}
	release := trade.Command{RequestID: d.request(), ID: ghost}
	_, err = d.sendCommand("relay/"+authority+" Undertaking:Release", release, nil)
	wantCode(t, err, fault.DocNotFound)

	// A public key that looks like a request record is never read; the real
	// place is the implicit collection of the caller's organisation.
	who := trade.Caller{MSP: exportBank, CertID: "x509::CN=exporter"}
	public := stubtest.NewRWSet().Put("trade", state.RequestKey(who, cmd.RequestID), []byte("done"))
	if code := w.forge(public, "trade", carrier); code != peer.TxValidationCode_VALID {
		t.Fatalf("got %s", code)
	}
	hidden := stubtest.NewRWSet().PutPrivate("trade", stubtest.ImplicitCollection(exportBank),
		state.RequestKey(who, cmd.RequestID), []byte("done"))
	if code := w.forge(hidden, "trade", carrier); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Fatalf("an outsider recorded a request for exporter: %s", code)
	}
	if _, err := d.sendCommand("exporter Invoice:Issue", cmd, nil, d.invID); err != nil {
		t.Fatal(err)
	}
}

func TestSquattedIDsAreRefusedAndAnotherIDWorks(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	squat := stubtest.NewRWSet().Put("trade", state.HeaderKey(d.invID), []byte("mine"))
	if code := w.forge(squat, "trade", carrier); code != peer.TxValidationCode_VALID {
		t.Fatalf("got %s", code)
	}
	d.encode(d.invID, d.inv)
	_, err := d.send("exporter Invoice:Issue", d.invID, nil, d.invID)
	wantCode(t, err, fault.DocExists)
	d.invID = newID(exportBank)
	d.issueInvoice()

	foreign := newID(importBank)
	d.encode(foreign, d.inv)
	_, err = d.send("exporter Invoice:Issue", foreign, nil, foreign)
	wantCode(t, err, fault.IDForeign)
}

func TestOneOrganisationAloneCannotWriteTheRegistry(t *testing.T) {
	w := newWorld(t)
	fact := must(json.Marshal(contract.FactRecord{
		Subject: subject(), Type: attest.CustomsCleared,
		State: trade.FactEstablished, Version: 1,
	}))
	set := func() *stubtest.RWSet {
		return stubtest.NewRWSet().Put("registry", state.FactKey(subject(), attest.CustomsCleared), fact)
	}
	for _, by := range [][]string{{authority}, {authority, carrier}} {
		if code := w.forge(set(), "registry", by...); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
			t.Fatalf("%v wrote a fact: %s", by, code)
		}
	}
	if code := w.forge(set(), "registry", authority, carrier, exportBank); code != peer.TxValidationCode_VALID {
		t.Fatalf("three of four are a majority, yet: %s", code)
	}
	// Writing the registry from within a transaction of `trade` does not help.
	if code := w.forge(set(), "trade", authority); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		t.Fatalf("got %s", code)
	}
}
