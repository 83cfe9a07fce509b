package gatewaytest_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
)

var orgs = []trade.MSPID{"AuthorityMSP", "CarrierMSP", "ExportBankMSP", "ImportBankMSP"}

// town is a world with a constitution and four companies in it.
type town struct {
	*gatewaytest.World
	exporter, importer, importbank, rival, relay *client.Client
	governors                                    []*client.Client
	key                                          *sm2.PrivateKey
	policy                                       trade.Digest
}

var timing = client.Timing{
	Evaluate: 10 * time.Second, Endorse: 20 * time.Second, Submit: 10 * time.Second, CommitStatus: 5 * time.Second,
	Outcome: 20 * time.Second, Unavailable: 500 * time.Millisecond, Backoff: time.Millisecond,
	BackoffCap: 20 * time.Millisecond,
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{World: gatewaytest.NewWorld(t, orgs...)}
	join := func(org trade.MSPID, name, roles string, company trade.PartyID) *client.Client {
		return w.Connect(t, gatewaytest.Member{MSPID: org, Name: name, Roles: roles, Company: company}, client.WithTiming(timing))
	}
	for _, org := range orgs {
		g := join(org, "governor-"+string(org), "governor,attester", "")
		if _, err := g.Constitution.Approve(t.Context(), orgs); err != nil {
			t.Fatal(err)
		}
		w.governors = append(w.governors, g)
	}
	w.exporter = join("ExportBankMSP", "exporter", "trader", "529900EXAMPLEEXP0105")
	w.importer = join("ImportBankMSP", "importer", "trader", "529900EXAMPLEIMP0175")
	w.importbank = join("ImportBankMSP", "importbank", "bank", "529900EXAMPLEMBK0193")
	w.rival = join("CarrierMSP", "rival", "trader", "529900EXAMPLERIV0179")
	w.relay = join("AuthorityMSP", "relay", "relay", "")
	for _, c := range []*client.Client{w.exporter, w.importer, w.importbank, w.rival} {
		w.register(t, c)
	}
	w.customs(t)
	return w
}

func (w *town) register(t *testing.T, c *client.Client) {
	t.Helper()
	id := c.Profile().Company
	roles := []trade.Role{trade.RoleTrader}
	if c == w.importbank {
		roles = []trade.Role{trade.RoleBank}
	}
	attester := w.governors[slices.Index(orgs, c.MSPID())]
	if _, err := c.Parties.Apply(t.Context(), party.Application{ID: id, Name: "The " + c.Profile().Name, Roles: roles}); err != nil {
		t.Fatal(err)
	}
	if _, err := attester.Parties.Verify(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r, err := c.Parties.Activate(t.Context(), id)
	if err != nil || r.Value.State != party.Active {
		t.Fatalf("%+v, %v", r, err)
	}
}

func (w *town) customs(t *testing.T) {
	t.Helper()
	var err error
	if w.key, err = sm2.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	public := fmt.Sprintf("%064x%064x", w.key.X, w.key.Y)
	now := trade.InstantOf(w.Stub.Now())
	p := attest.Policy{Type: attest.CustomsCleared, Sources: []attest.SourceID{"customs"}, Threshold: 1}
	for i, g := range w.governors[:3] {
		if i == 0 {
			_, err = g.Sources.Propose(t.Context(), source.Proposal{
				ID: "customs", Types: []string{attest.CustomsCleared}, SM2PublicKey: public,
				ValidFrom: now - 1000, ValidTo: now + 86_400_000,
			})
		} else {
			_, err = g.Sources.Approve(t.Context(), "customs")
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Policies.Propose(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		w.policy = r.Value.Digest
	}
	if active, err := w.relay.Policies.Get(t.Context(), p.Type); err != nil || active.Digest != w.policy {
		t.Fatalf("policy %+v, %v", active, err)
	}
}

func (w *town) claim(t *testing.T, mrn string, sequence uint64, retracted bool) attest.SignedClaim {
	t.Helper()
	now := trade.InstantOf(w.Stub.Now())
	c := attest.Claim{
		Channel: gatewaytest.Channel, Policy: w.policy, Source: "customs", Subject: attest.SubjectOf(attest.SchemeMRN, mrn),
		Type: attest.CustomsCleared, Classifier: attest.Actual, OccurredAt: now, ObservedAt: now,
		Evidence: trade.Digest{1}, Sequence: sequence, Retracted: retracted,
	}
	digest, err := sm2.CalculateSM2Hash(&w.key.PublicKey, c.SignedBytes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := sm2.Sign(rand.Reader, &w.key.PrivateKey, digest)
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return attest.SignedClaim{Claim: c, Signature: signature}
}

// sell issues and accepts an invoice and has the bank undertake to pay it.
func (w *town) sell(t *testing.T, mrn string) (trade.DocID, client.IssuedUndertaking) {
	t.Helper()
	ctx := t.Context()
	inv, err := w.exporter.Invoices.Issue(ctx, invoice.Body{
		Number: "EX-1", IssueDate: "2026-11-02", TypeCode: "380", Currency: "EUR", DueDate: "2026-12-02",
		Seller: invoice.Trader{Party: w.exporter.Profile().Company, Name: "Exporter", Country: "DE"},
		Buyer:  invoice.Trader{Party: w.importer.Profile().Company, Name: "Importer", Country: "NL"},
		Lines: []invoice.Line{{
			ID: "1", Name: "Valve", Quantity: trade.Decimal{Unscaled: 10}, Unit: "C62",
			Price: trade.Decimal{Unscaled: 1000, Scale: 2}, NetMinor: 10000,
		}},
		Taxes:  []invoice.Tax{{Category: "G", BaseMinor: 10000}},
		Totals: invoice.Totals{LinesMinor: 10000, NetMinor: 10000, GrossMinor: 10000, DueMinor: 10000},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.importer.Invoices.Accept(ctx, inv.Value.ID); err != nil {
		t.Fatal(err)
	}
	u, err := w.importbank.Undertakings.Issue(ctx, client.NewUndertaking{
		Invoice: inv.Value.ID, Number: "U-1", Deadline: trade.InstantOf(w.Stub.Now()) + 86_400_000,
		Conditions: []undertaking.Condition{{Type: attest.CustomsCleared, Scheme: attest.SchemeMRN, Identifier: mrn}},
		Debtor:     payment.Account{IBAN: "NL91ABNA0417164300", BIC: "ABNANL2A"},
		Creditor:   payment.Account{IBAN: "DE89370400440532013000", BIC: "COBADEFF"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return inv.Value.ID, u
}

func TestTradeOnTheRealChaincode(t *testing.T) {
	w := newTown(t)
	ctx := t.Context()
	inv, u := w.sell(t, "26NL0001")
	accepted, err := w.exporter.Undertakings.Accept(ctx, u.Value.ID)
	if err != nil || accepted.Released != nil || accepted.ReleaseFault.Code != fault.ConditionUnmet {
		t.Fatalf("accepted before the fact: %+v, %v", accepted, err)
	}
	claim := w.claim(t, "26NL0001", 1, false)
	reported, err := w.relay.Facts.Report(ctx, claim)
	if err != nil || reported.Value.Already || reported.Value.Fact.State != trade.FactEstablished {
		t.Fatalf("report: %+v, %v", reported, err)
	}
	if again, err := w.relay.Facts.Report(ctx, claim); err != nil || !again.Value.Already {
		t.Errorf("the same claim again: %+v, %v", again, err)
	}
	waiting, err := w.relay.Undertakings.Waiting(ctx, claim.Claim.Subject, "")
	if err != nil || !slices.Contains(waiting.IDs, u.Value.ID) {
		t.Fatalf("waiting: %+v, %v", waiting, err)
	}
	released, err := w.relay.Undertakings.Release(ctx, u.Value.ID)
	if err != nil || released.Value.State != undertaking.Payable {
		t.Fatalf("release: %+v, %v", released, err)
	}
	if _, err := w.importbank.Payments.Authorise(ctx, u.Payment); err != nil {
		t.Fatal(err)
	}
	if _, err := w.importbank.Payments.Send(ctx, u.Payment); err != nil {
		t.Fatal(err)
	}
	settled, err := w.importbank.Payments.Settle(ctx, u.Payment, client.Report{Status: "ACSC", Reference: "R1"})
	if err != nil || settled.Value.State != payment.Settled {
		t.Fatalf("settle: %+v, %v", settled, err)
	}
	paid, err := w.importbank.Undertakings.Discharge(ctx, u.Value.ID)
	if err != nil || paid.Value.State != undertaking.Paid {
		t.Fatalf("discharge: %+v, %v", paid, err)
	}
	history, err := w.rival.Undertakings.History(ctx, u.Value.ID)
	if err != nil || len(history) != 4 || history[2].TransactionID != released.TransactionID {
		t.Errorf("history: %+v, %v", history, err)
	}
	page, err := w.exporter.Invoices.List(ctx, client.Query{State: invoice.Accepted})
	if err != nil || len(page.Documents) != 1 || page.Documents[0].ID != inv {
		t.Errorf("list: %+v, %v", page, err)
	}
	if _, err := w.rival.Invoices.Get(ctx, inv); fault.CodeOf(err) != fault.DocNotFound {
		t.Errorf("the rival reads the invoice: %v", err)
	}
	if st, err := w.rival.Invoices.Header(ctx, inv); err != nil || !st.Valid {
		t.Errorf("header: %+v, %v", st, err)
	}
}

func TestWorldRefusals(t *testing.T) {
	w := newTown(t)
	ctx := t.Context()
	inv, u := w.sell(t, "26NL0002")
	if _, err := w.exporter.Undertakings.Release(ctx, u.Value.ID); fault.CodeOf(err) != fault.TransitionForbidden {
		t.Errorf("release before acceptance: %v", err)
	}
	if _, err := w.exporter.Invoices.Accept(ctx, inv, client.AtVersion(1)); fault.CodeOf(err) != fault.VersionStale {
		t.Errorf("stale version: %v", err)
	}
	if _, err := w.importer.Undertakings.Accept(ctx, u.Value.ID); fault.CodeOf(err) != fault.NotParty {
		t.Errorf("wrong party: %v", err)
	}
	forged := w.claim(t, "26NL0002", 1, false)
	forged.Signature[5] ^= 1
	if _, err := w.relay.Facts.Report(ctx, forged); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("forged signature: %v", err)
	}
	w.Stop("ExportBankMSP")
	_, err := w.importbank.Undertakings.Reject(ctx, u.Value.ID)
	if f, ok := client.FailureOf(err); !ok || f.Code() != fault.OrganisationMissing ||
		f.Fault.Message != "no peer of ExportBankMSP is up" {
		t.Errorf("a party's organisation is down: %v", err)
	}
	if _, err := w.exporter.Invoices.Header(ctx, inv); fault.CodeOf(err) != fault.PeerUnavailable {
		t.Errorf("own peer down: %v", err)
	}
	if err := w.Start("ExportBankMSP"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.exporter.Undertakings.Reject(ctx, u.Value.ID); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

func TestSameRequestTwiceIsOnce(t *testing.T) {
	w := newTown(t)
	inv, _ := w.sell(t, "26NL0003")
	id := client.NewRequestID()
	first, err := w.exporter.Invoices.Withdraw(t.Context(), inv, client.WithRequestID(id))
	if !errors.Is(err, fault.New(fault.TransitionForbidden, "")) {
		t.Fatalf("withdrawn after acceptance: %+v, %v", first, err)
	}
	body := invoice.Body{}
	if doc, err := w.exporter.Invoices.Get(t.Context(), inv); err == nil {
		body = doc.Body
	}
	body.Number = "EX-2"
	docID := w.exporter.NewDocID()
	for range 2 {
		r, err := w.exporter.Invoices.Issue(t.Context(), body, client.WithRequestID(id), client.WithID(docID))
		if err != nil || r.Value.Version != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
}
