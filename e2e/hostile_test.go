package e2e_test

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
	"github.com/argosy-trade/argosy/gateway/client"
)

// Codes that the tests of this file wait for.
const (
	valid   = peer.TxValidationCode_VALID
	refused = peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE
)

func canonical(t *testing.T, v any) []byte {
	t.Helper()
	b, err := canon.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wantCode(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Fatalf("got %q (%v), want %s", got, err, want)
	}
}

// wants forges and compares the network's judgement.
func (p *person) wants(t *testing.T, want peer.TxValidationCode, w writes, by ...string) {
	t.Helper()
	if got := p.forge(t, "trade", w, by...); got != want {
		t.Fatalf("signed by %v the network says %s, want %s", by, got, want)
	}
}

// TestOwnEndorsementAloneMakesNoDocument: a client hands in a creation that
// only its own organisation's peer has checked, by the honest chaincode.
func TestOwnEndorsementAloneMakesNoDocument(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	rival := p.net.person(t, "rival")
	id := p.rival.NewDocID()
	what := rival.propose(t, call{
		chaincode: "trade", function: "Invoice:Issue", arg: trade.Command{RequestID: client.NewRequestID(), ID: id},
		transient: map[string][]byte{"body/" + string(id): canonical(t, s.invoice(p.rival, p.importer))},
	})
	own, other := rival.ask(t, "carrier", what), rival.ask(t, "importbank", what)
	if own.GetEndorsement() == nil || other.GetEndorsement() == nil {
		t.Fatalf("not endorsed: %q %q", own.GetResponse().GetMessage(), other.GetResponse().GetMessage())
	}
	if code := rival.submit(t, what, own.GetPayload(), own.GetEndorsement()); code != refused {
		t.Fatalf("with one endorsement of two: %s", code)
	}
	_, err := p.importer.Invoices.Header(t.Context(), id)
	wantCode(t, err, fault.DocNotFound)
	// Not the transaction was wrong, but who had signed it: both together do.
	again := rival.propose(t, call{
		chaincode: "trade", function: "Invoice:Issue", arg: trade.Command{RequestID: client.NewRequestID(), ID: id},
		transient: map[string][]byte{"body/" + string(id): canonical(t, s.invoice(p.rival, p.importer))},
	})
	own, other = rival.ask(t, "carrier", again), rival.ask(t, "importbank", again)
	if string(own.GetPayload()) != string(other.GetPayload()) {
		t.Fatal("the two organisations' results differ")
	}
	if code := rival.submit(t, again, own.GetPayload(), own.GetEndorsement(), other.GetEndorsement()); code != valid {
		t.Fatalf("with both endorsements: %s", code)
	}
}

// TestForgedDocumentIsNotValid: an organisation signs with its peer's key what
// no chaincode has computed.
func TestForgedDocumentIsNotValid(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	ctx, forger := t.Context(), p.net.person(t, "rival")
	body := canonical(t, s.invoice(p.rival, p.exporter))
	id := p.rival.NewDocID()
	h := trade.Header{
		ID: id, Kind: invoice.Kind, State: invoice.Accepted, Version: 2, Digest: sha256.Sum256(body),
		Parties: []trade.MSPID{"CarrierMSP", "ExportBankMSP"},
	}
	bodyKey := state.BodyKey(invoice.Kind, id)
	// Its own private copy comes along; the other party's cannot be written for it.
	forger.wants(t, refused, writes{namespace: "trade", private: map[string]map[string][]byte{
		implicit("ExportBankMSP"): {bodyKey: body},
	}}, "carrier")
	forger.wants(t, valid, writes{
		namespace: "trade", public: map[string][]byte{state.HeaderKey(id): canonical(t, h)},
		private: map[string]map[string][]byte{implicit("CarrierMSP"): {bodyKey: body}},
	}, "carrier")
	d, err := p.importer.Invoices.Header(ctx, id)
	if err != nil || d.Valid {
		t.Fatalf("a document that names another organisation without its check: valid %t, %v", d.Valid, err)
	}
	_, err = p.exporter.Invoices.Accept(ctx, id)
	if fault.CodeOf(err) != fault.DocNotFound && fault.CodeOf(err) != fault.DocInvalid {
		t.Errorf("the party that is named accepts it: %v", err)
	}
	for _, c := range []*client.Client{p.exporter, p.importer} {
		page, err := c.Invoices.List(ctx, client.Query{Limit: 200})
		if err != nil || contains(page.Documents, id) {
			t.Errorf("%s lists the forged document: %v", c.Profile().Name, err)
		}
	}
	// Not even with the body at hand does a step from there succeed.
	what := forger.propose(t, call{
		chaincode: "trade", function: "Invoice:Withdraw",
		arg:       trade.Command{RequestID: client.NewRequestID(), ID: id, Version: 2},
		transient: map[string][]byte{"body/" + string(id): body},
	})
	r := forger.ask(t, "exportbank", what)
	if f, ok := fault.Decode(r.GetResponse().GetMessage()); !ok || f.Code != fault.DocInvalid {
		t.Errorf("a step of a forged document: %d %s", r.GetResponse().GetStatus(), r.GetResponse().GetMessage())
	}
}

// held is a deal whose payment is held.
func (p people) held(t *testing.T, s secrets) deal {
	t.Helper()
	ctx := t.Context()
	inv, err := p.exporter.Invoices.Issue(ctx, s.invoice(p.exporter, p.importer))
	d := deal{invoice: done(t, p.net, inv, err).ID}
	accepted, err := p.importer.Invoices.Accept(ctx, d.invoice)
	done(t, p.net, accepted, err)
	u, err := p.bank.Undertakings.Issue(ctx, client.NewUndertaking{
		Invoice: d.invoice, Number: s.number, Deadline: trade.InstantOf(time.Now().Add(time.Hour)),
		Conditions: s.conditions(), Debtor: s.debtor(p.bank), Creditor: s.creditor(p.exporter),
	})
	d.undertaking, d.payment = done(t, p.net, u.Receipt, err).ID, u.Payment
	return d
}

// TestOnePartyCannotChangeADocument: what is protected by all parties is not
// moved by fewer, whoever they are.
func TestOnePartyCannotChangeADocument(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	d, forger := p.held(t, s), p.net.person(t, "exporter")
	current, err := p.exporter.Payments.Header(t.Context(), d.payment)
	if err != nil {
		t.Fatal(err)
	}
	h := current.Header
	h.State, h.Version = payment.Created, h.Version+1
	header := map[string][]byte{state.HeaderKey(d.payment): canonical(t, h)}
	for _, by := range [][]string{{"exportbank"}, {"importbank"}, {"carrier", "authority"}} {
		forger.wants(t, refused, writes{namespace: "trade", public: header}, by...)
	}
	subject := attest.SubjectOf(attest.SchemeMRN, s.mrn)
	for name, w := range map[string]writes{
		"its own copy of the shared body": {namespace: "trade", private: map[string]map[string][]byte{
			implicit("ExportBankMSP"): {state.BodyKey(payment.Kind, d.payment): []byte("another amount")},
		}},
		"the header away": {namespace: "trade", public: map[string][]byte{state.HeaderKey(d.payment): nil}},
		"the hint that it waits, away": {
			namespace: "trade", public: map[string][]byte{state.WaitKey(subject, d.undertaking): nil},
		},
	} {
		if code := forger.forge(t, "trade", w, "exportbank"); code != refused {
			t.Errorf("one party writes %s: %s", name, code)
		}
	}
	after, err := p.importer.Payments.Header(t.Context(), d.payment)
	if err != nil || !after.Valid || after.Header.State != payment.Held || after.Header.Version != current.Header.Version {
		t.Fatalf("%+v, %v", after, err)
	}
}

// TestForgedHintsAndRequestRecordsAreHarmless: anybody may write keys that are
// new, so nothing is believed of them.
func TestForgedHintsAndRequestRecordsAreHarmless(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	ctx, forger := t.Context(), p.net.person(t, "rival")
	subject := attest.SubjectOf(attest.SchemeMRN, s.mrn)
	ghost := p.rival.NewDocID()
	forger.wants(t, valid, writes{
		namespace: "trade", public: map[string][]byte{state.WaitKey(subject, ghost): {1}},
	}, "carrier")
	waiting, err := p.importer.Undertakings.Waiting(ctx, subject, "")
	if err != nil || len(waiting.IDs) != 1 || waiting.IDs[0] != ghost {
		t.Fatalf("%+v, %v", waiting, err)
	}
	_, err = p.importer.Undertakings.Release(ctx, ghost)
	wantCode(t, err, fault.DocNotFound)

	mine, err := p.exporter.Parties.Mine(ctx)
	if err != nil {
		t.Fatal(err)
	}
	who := trade.Caller{MSP: p.exporter.MSPID(), CertID: mine.Binding}
	request := client.NewRequestID()
	record := map[string][]byte{state.RequestKey(who, request): []byte("done")}
	forger.wants(t, valid, writes{namespace: "trade", public: record}, "carrier")
	forger.wants(t, refused, writes{
		namespace: "trade", private: map[string]map[string][]byte{implicit("ExportBankMSP"): record},
	}, "carrier")
	issued, err := p.exporter.Invoices.Issue(ctx, s.invoice(p.exporter, p.importer), client.WithRequestID(request))
	if v := done(t, p.net, issued, err); v.State != invoice.Issued || v.Version != 1 {
		t.Fatalf("%+v", v)
	}
}

// TestSquattedIDIsRefused: somebody takes the id that an exporter wants.
func TestSquattedIDIsRefused(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	ctx, forger := t.Context(), p.net.person(t, "rival")
	id := p.exporter.NewDocID()
	forger.wants(t, valid, writes{
		namespace: "trade", public: map[string][]byte{state.HeaderKey(id): []byte("mine")},
	}, "carrier")
	body := s.invoice(p.exporter, p.importer)
	_, err := p.exporter.Invoices.Issue(ctx, body, client.WithID(id))
	wantCode(t, err, fault.DocExists)
	issued, err := p.exporter.Invoices.Issue(ctx, body)
	if v := done(t, p.net, issued, err); v.State != invoice.Issued {
		t.Fatalf("another id: %+v", v)
	}
	// Nor can the honest chaincode be made to create under a foreign prefix.
	_, err = p.rival.Invoices.Issue(ctx, s.invoice(p.rival, p.importer), client.WithID(p.exporter.NewDocID()))
	wantCode(t, err, fault.IDForeign)
}

// TestRegistryIsWrittenByAMajorityOnly, neither directly nor from within a
// transaction of the other chaincode.
func TestRegistryIsWrittenByAMajorityOnly(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	ctx, forger := t.Context(), p.net.person(t, "rival")
	subject := attest.SubjectOf(attest.SchemeMRN, s.mrn)
	text, err := json.Marshal(map[string]any{
		"subject": subject, "type": attest.CustomsCleared, "state": trade.FactEstablished, "version": 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	fact := writes{namespace: "registry", public: map[string][]byte{state.FactKey(subject, attest.CustomsCleared): text}}
	for _, by := range [][]string{{"carrier"}, {"authority", "carrier"}} {
		if code := forger.forge(t, "registry", fact, by...); code != refused {
			t.Errorf("%v wrote a fact: %s", by, code)
		}
	}
	if code := forger.forge(t, "trade", fact, "carrier"); code != refused {
		t.Errorf("a transaction of trade wrote a fact: %s", code)
	}
	_, err = p.importer.Facts.Get(ctx, subject, attest.CustomsCleared)
	wantCode(t, err, fault.FactNotFound)
	// Three of four are the majority that the members have agreed to trust.
	if code := forger.forge(t, "registry", fact, "authority", "carrier", "exportbank"); code != valid {
		t.Errorf("three of four: %s", code)
	}
}

// TestInvalidTransactionsHoldNobodyUp: a rival claims to have written a body
// for somebody else. The network refuses it; the victim's peer must not spend
// seconds, block after block, on looking for a body that nobody has.
func TestInvalidTransactionsHoldNobodyUp(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	forger := p.net.person(t, "rival")
	victim, err := p.net.organisation("exportbank")
	if err != nil {
		t.Fatal(err)
	}
	operations := p.net.Plan().Address(p.net.Plan().PeersOf(victim)[0].Ports.Operations)
	searched := func() float64 { // seconds so far
		n, err := metric(t.Context(), operations, "gossip_privdata_fetch_duration_sum")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := searched()
	forger.wants(t, refused, writes{namespace: "trade", private: map[string]map[string][]byte{
		implicit("ExportBankMSP"): {state.BodyKey(invoice.Kind, p.rival.NewDocID()): []byte(s.goods)},
	}}, "carrier")
	// The peer counts its own time: the whole of its retry threshold if it
	// searches, next to nothing if it does not.
	if took := searched() - before; took > 1 {
		t.Errorf("the peer of ExportBank has looked %.1f s for the body of an invalid transaction", took)
	}
}
