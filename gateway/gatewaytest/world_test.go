package gatewaytest_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
)

func TestTradeOnTheRealChaincode(t *testing.T) {
	w := gatewaytest.NewTown(t)
	ctx := t.Context()
	inv, u := w.Sell(t, "26NL0001")
	accepted, err := w.Exporter.Undertakings.Accept(ctx, u.Value.ID)
	if err != nil || accepted.Released != nil || accepted.ReleaseFault.Code != fault.ConditionUnmet {
		t.Fatalf("accepted before the fact: %+v, %v", accepted, err)
	}
	claim := w.Claim(t, "26NL0001", 1, false)
	reported, err := w.Relay.Facts.Report(ctx, claim)
	if err != nil || reported.Value.Already || reported.Value.Fact.State != trade.FactEstablished {
		t.Fatalf("report: %+v, %v", reported, err)
	}
	if again, err := w.Relay.Facts.Report(ctx, claim); err != nil || !again.Value.Already {
		t.Errorf("the same claim again: %+v, %v", again, err)
	}
	waiting, err := w.Relay.Undertakings.Waiting(ctx, claim.Claim.Subject, "")
	if err != nil || !slices.Contains(waiting.IDs, u.Value.ID) {
		t.Fatalf("waiting: %+v, %v", waiting, err)
	}
	released, err := w.Relay.Undertakings.Release(ctx, u.Value.ID)
	if err != nil || released.Value.State != undertaking.Payable {
		t.Fatalf("release: %+v, %v", released, err)
	}
	if _, err := w.ImportBank.Payments.Authorise(ctx, u.Payment); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ImportBank.Payments.Send(ctx, u.Payment); err != nil {
		t.Fatal(err)
	}
	settled, err := w.ImportBank.Payments.Settle(ctx, u.Payment, client.Report{Status: "ACSC", Reference: "R1"})
	if err != nil || settled.Value.State != payment.Settled {
		t.Fatalf("settle: %+v, %v", settled, err)
	}
	paid, err := w.ImportBank.Undertakings.Discharge(ctx, u.Value.ID)
	if err != nil || paid.Value.State != undertaking.Paid {
		t.Fatalf("discharge: %+v, %v", paid, err)
	}
	history, err := w.Rival.Undertakings.History(ctx, u.Value.ID)
	if err != nil || len(history) != 4 || history[2].TransactionID != released.TransactionID {
		t.Errorf("history: %+v, %v", history, err)
	}
	page, err := w.Exporter.Invoices.List(ctx, client.Query{State: invoice.Accepted})
	if err != nil || len(page.Documents) != 1 || page.Documents[0].ID != inv {
		t.Errorf("list: %+v, %v", page, err)
	}
	if _, err := w.Rival.Invoices.Get(ctx, inv); fault.CodeOf(err) != fault.DocNotFound {
		t.Errorf("the rival reads the invoice: %v", err)
	}
	if st, err := w.Rival.Invoices.Header(ctx, inv); err != nil || !st.Valid {
		t.Errorf("header: %+v, %v", st, err)
	}
}

func TestWorldRefusals(t *testing.T) {
	w := gatewaytest.NewTown(t)
	ctx := t.Context()
	inv, u := w.Sell(t, "26NL0002")
	if _, err := w.Exporter.Undertakings.Release(ctx, u.Value.ID); fault.CodeOf(err) != fault.TransitionForbidden {
		t.Errorf("release before acceptance: %v", err)
	}
	if _, err := w.Exporter.Invoices.Accept(ctx, inv, client.AtVersion(1)); fault.CodeOf(err) != fault.VersionStale {
		t.Errorf("stale version: %v", err)
	}
	if _, err := w.Importer.Undertakings.Accept(ctx, u.Value.ID); fault.CodeOf(err) != fault.NotParty {
		t.Errorf("wrong party: %v", err)
	}
	forged := w.Claim(t, "26NL0002", 1, false)
	forged.Signature[5] ^= 1
	if _, err := w.Relay.Facts.Report(ctx, forged); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("forged signature: %v", err)
	}
	w.Stop("ExportBankMSP")
	_, err := w.ImportBank.Undertakings.Reject(ctx, u.Value.ID)
	if f, ok := client.FailureOf(err); !ok || f.Code() != fault.OrganisationMissing ||
		f.Fault.Message != "no peer of ExportBankMSP is up" {
		t.Errorf("a party's organisation is down: %v", err)
	}
	if _, err := w.Exporter.Invoices.Header(ctx, inv); fault.CodeOf(err) != fault.PeerUnavailable {
		t.Errorf("own peer down: %v", err)
	}
	w.Start("ExportBankMSP")
	if _, err := w.Exporter.Undertakings.Reject(ctx, u.Value.ID); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

func TestSameRequestTwiceIsOnce(t *testing.T) {
	w := gatewaytest.NewTown(t)
	inv, _ := w.Sell(t, "26NL0003")
	id := client.NewRequestID()
	first, err := w.Exporter.Invoices.Withdraw(t.Context(), inv, client.WithRequestID(id))
	if !errors.Is(err, fault.New(fault.TransitionForbidden, "")) {
		t.Fatalf("withdrawn after acceptance: %+v, %v", first, err)
	}
	body := invoice.Body{}
	if doc, err := w.Exporter.Invoices.Get(t.Context(), inv); err == nil {
		body = doc.Body
	}
	body.Number = "EX-2"
	docID := w.Exporter.NewDocID()
	for range 2 {
		r, err := w.Exporter.Invoices.Issue(t.Context(), body, client.WithRequestID(id), client.WithID(docID))
		if err != nil || r.Value.Version != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
}
