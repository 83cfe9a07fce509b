package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
)

func undertakingBody(t *testing.T, h trade.Header) ([]byte, error) {
	t.Helper()
	b, err := canon.Encode(undertaking.Body{Salt: trade.Salt{2}, Number: "U-1", Form: "URDTT"})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"header": h, "body": b})
}

func TestUndertakingIsMadeFromTheInvoice(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	const bank trade.PartyID = "529900EXAMPLEMBK0193"
	d.parties[bank] = buyerMSP
	profile := d.network.Profile(t, gatewaytest.Member{MSPID: buyerMSP, Name: "importbank", Roles: "bank", Company: bank},
		d.network.StartPeer(t, d.ledger))
	c := gatewaytest.Connect(t, profile, client.WithTiming(quick))
	r, err := c.Undertakings.Issue(t.Context(), client.NewUndertaking{
		Invoice: d.header.ID, Number: "U-1", Deadline: 1_900_000_000_000,
		Conditions: []undertaking.Condition{{Type: "CUSTOMS_CLEARED", Scheme: "MRN", Identifier: "26NL0001"}},
		Debtor:     payment.Account{IBAN: "NL91ABNA0417164300", BIC: "ABNANL2A"},
		Creditor:   payment.Account{IBAN: "DE89370400440532013000", BIC: "COBADEFF"},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := d.ledger.Endorsements()[0]
	u, err := canon.Decode[undertaking.Body](in.Transient["body/"+string(r.Value.ID)])
	if err != nil {
		t.Fatal(err)
	}
	p, err := canon.Decode[payment.Body](in.Transient["body/"+string(r.Payment)])
	if err != nil {
		t.Fatal(err)
	}
	if string(in.Transient["body/"+string(d.header.ID)]) != string(d.body) || len(in.Transient) != 3 {
		t.Error("the invoice's body did not travel along")
	}
	if u.Obligor != bank || u.Applicant != buyerID || u.Beneficiary != sellerID || u.Amount.AmountMinor != 10000 ||
		u.Invoice != d.header.Reference() {
		t.Errorf("undertaking %+v", u)
	}
	if p.Cause != r.Value.ID || p.Debtor.Party != bank || p.Creditor.Party != sellerID || p.Remittance != "EX-1" ||
		p.Debtor.Name != "Company "+string(bank) || p.Validate() != nil {
		t.Errorf("instruction %+v", p)
	}
}

func TestUndertakingBodyNeverGoesToAnOrganisationOutsideTheInvoice(t *testing.T) {
	d := newDesk(t)
	d.parties["529900EXAMPLEMBK0193"] = "ThirdBankMSP"
	profile := d.network.Profile(t, gatewaytest.Member{
		MSPID: "ThirdBankMSP", Name: "third", Company: "529900EXAMPLEMBK0193",
	}, d.network.StartPeer(t, d.ledger))
	c := gatewaytest.Connect(t, profile, client.WithTiming(quick))
	_, err := c.Undertakings.Issue(t.Context(), client.NewUndertaking{
		Invoice: d.header.ID, Number: "U-1", Deadline: 1_900_000_000_000,
		Conditions: []undertaking.Condition{{Type: "LOADED", Scheme: "BL", Identifier: "B1"}},
		Debtor:     payment.Account{IBAN: "NL91ABNA0417164300", BIC: "ABNANL2A"},
		Creditor:   payment.Account{IBAN: "DE89370400440532013000", BIC: "COBADEFF"},
	})
	if fault.CodeOf(err) != fault.NotParty || len(d.ledger.Endorsements()) != 0 {
		t.Errorf("got %v, %d proposals", err, len(d.ledger.Endorsements()))
	}
}

func TestRegistryLeavesTheEndorsersToTheGateway(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = func(in gatewaytest.Invocation) ([]byte, error) {
		return json.Marshal(party.Record{ID: sellerID, State: party.Applied, Version: 1})
	}
	c := d.connect(t, quick)
	r, err := c.Parties.Apply(t.Context(), party.Application{
		ID: sellerID, Name: "Exporter", Roles: []trade.Role{"trader"},
	})
	if err != nil || r.Value.State != party.Applied {
		t.Fatalf("%+v, %v", r, err)
	}
	in := d.ledger.Endorsements()[0]
	want := `{"requestId":"` + r.RequestID + `","id":"529900EXAMPLEEXP0105","name":"Exporter","roles":["trader"]}`
	if in.Args[0] != want || len(in.Organisations) != 0 || in.Chaincode != "registry" || len(in.Transient) != 0 {
		t.Errorf("sent %+v; want %s", in, want)
	}
	if _, err := c.Parties.Verify(t.Context(), sellerID); err != nil {
		t.Fatal(err)
	}
	if in := d.ledger.Endorsements()[1]; !strings.Contains(in.Args[0], `"version":3`) {
		t.Errorf("sent %s", in.Args[0])
	}
}

func TestQueriesGoToTheOwnOrganisation(t *testing.T) {
	d := newDesk(t)
	var asked []string
	d.ledger.OnEvaluate = func(in gatewaytest.Invocation) ([]byte, error) {
		asked = append(asked, in.Organisations...)
		return nil, gatewaytest.Refused(fault.New(fault.DocNotFound, "no such document"), "ExportBankMSP")
	}
	_, err := d.connect(t, quick).Invoices.Get(t.Context(), d.header.ID)
	if fault.CodeOf(err) != fault.DocNotFound || len(asked) != 1 || asked[0] != "ExportBankMSP" {
		t.Errorf("asked %v, got %v", asked, err)
	}
}

func TestEventsFollowThePosition(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	d.ledger.Event = func(in gatewaytest.Invocation) []byte { return []byte(in.TransactionID) }
	c := d.connect(t, quick)
	var ids []string
	for range 3 {
		r, err := c.Invoices.Accept(t.Context(), d.header.ID)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.TransactionID)
	}
	read := func(from client.Position, n int) (got []client.ChaincodeEvent) {
		for e, err := range c.ChaincodeEvents(t.Context(), "trade", from) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, e); len(got) == n {
				break
			}
		}
		return got
	}
	all := read(client.Position{}, 3)
	for i, e := range all {
		if e.TransactionID != ids[i] || string(e.Payload) != ids[i] || e.Block != uint64(i+1) {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	rest := read(client.Position{Block: all[0].Block, TransactionID: all[0].TransactionID}, 2)
	if rest[0].TransactionID != ids[1] || rest[1].TransactionID != ids[2] {
		t.Errorf("after the first: %+v", rest)
	}
	if err := c.AwaitBlock(t.Context(), 3); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.AwaitBlock(ctx, 99); !errors.Is(err, context.Canceled) {
		t.Errorf("block 99: %v", err)
	}
}

func TestProfileIsReadStrictly(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		path := filepath.Join(dir, "p.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := `version: 1
name: exporter
channel: trade
chaincodes: {registry: registry, trade: trade}
mspId: ExportBankMSP
identity: {certificate: c.pem, privateKey: /abs/k.pem}
peers:
  - {endpoint: "127.0.0.1:17010", serverName: peer0, tlsCA: ca.pem}
company: 529900EXAMPLEEXP0105
`
	p, err := client.LoadProfile(write(good))
	if err != nil {
		t.Fatal(err)
	}
	if p.Identity.Certificate != filepath.Join(dir, "c.pem") || p.Identity.PrivateKey != "/abs/k.pem" ||
		p.Peers[0].TLSCA != filepath.Join(dir, "ca.pem") {
		t.Errorf("paths %+v", p)
	}
	for name, text := range map[string]string{
		"unknown field": good + "colour: red\n",
		"no peers":      strings.Split(good, "peers:")[0],
		"version":       strings.Replace(good, "version: 1", "version: 2", 1),
		"company":       strings.Replace(good, "0105", "0106", 1),
		"plain peer":    strings.Replace(good, ", tlsCA: ca.pem", "", 1),
		"no channel":    strings.Replace(good, "channel: trade\n", "", 1),
	} {
		if _, err := client.LoadProfile(write(text)); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
	if _, err := client.Connect(t.Context(), p); err == nil {
		t.Error("missing key files were not noticed")
	}
}

func TestPlainConnectionIsNotTrusted(t *testing.T) {
	d := newDesk(t)
	other := gatewaytest.NewNetwork(t)
	profile := other.Profile(t, gatewaytest.Member{MSPID: sellerMSP, Name: "exporter"}, d.network.StartPeer(t, d.ledger))
	timing := quick
	timing.Unavailable = 1
	c := gatewaytest.Connect(t, profile, client.WithTiming(timing))
	if err := c.Ready(t.Context()); fault.CodeOf(err) != fault.PeerUnavailable {
		t.Errorf("a peer of another authority answered: %v", err)
	}
}
