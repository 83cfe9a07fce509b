package ledger_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/prometheus/client_golang/prometheus"

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
	"github.com/argosy-trade/argosy/oracle/attestor"
	"github.com/argosy-trade/argosy/oracle/intake"
	"github.com/argosy-trade/argosy/oracle/ledger"
	"github.com/argosy-trade/argosy/oracle/relay"
	"github.com/argosy-trade/argosy/oracle/source/wcodms"
	"github.com/argosy-trade/argosy/oracle/store"
)

const customs attest.SourceID = "authority-customs"

var orgs = []trade.MSPID{"AuthorityMSP", "ExportBankMSP", "ImportBankMSP"}

// port is the real chaincode with three organisations, a registered customs
// source, an exporter, an importer and a bank.
type port struct {
	*gatewaytest.World
	exporter, importer, bank, relay *client.Client
	governors                       []*client.Client
	signer                          *attestor.Signer
	store                           *store.Store
	intake                          *intake.Intake
	n                               int
}

var timing = client.Timing{
	Evaluate: 10 * time.Second, Endorse: 20 * time.Second, Submit: 10 * time.Second, CommitStatus: 5 * time.Second,
	Outcome: 20 * time.Second, Unavailable: 200 * time.Millisecond, Backoff: time.Millisecond,
	BackoffCap: 20 * time.Millisecond,
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newPort(t *testing.T) *port {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	must(t, err)
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	p := &port{World: gatewaytest.NewWorld(t, orgs...)}
	p.signer, err = attestor.Parse(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	must(t, err)
	join := func(org trade.MSPID, name, roles string, company trade.PartyID) *client.Client {
		m := gatewaytest.Member{MSPID: org, Name: name, Roles: roles, Company: company}
		return p.Connect(t, m, client.WithTiming(timing))
	}
	for _, org := range orgs {
		p.governors = append(p.governors, join(org, "governor-"+string(org), "governor,attester", ""))
	}
	p.exporter = join("ExportBankMSP", "exporter", "trader", "529900EXAMPLEEXP0105")
	p.importer = join("ImportBankMSP", "importer", "trader", "529900EXAMPLEIMP0175")
	p.bank = join("ImportBankMSP", "importbank", "bank", "529900EXAMPLEMBK0193")
	p.relay = join("AuthorityMSP", "relay", "relay", "")
	p.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "o.db"))
	must(t, err)
	t.Cleanup(func() { _ = p.store.Close() })
	p.intake = intake.New(intake.Config{
		Inbox: p.store, Now: p.Stub.Now, Logger: slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewRegistry(),
	})
	return p
}

// found makes the constitution, the companies, the source and its policy.
func (p *port) found(t *testing.T) {
	t.Helper()
	for _, g := range p.governors {
		_, err := g.Constitution.Approve(t.Context(), orgs)
		must(t, err)
	}
	for _, c := range []*client.Client{p.exporter, p.importer, p.bank} {
		role := trade.RoleTrader
		if c == p.bank {
			role = trade.RoleBank
		}
		id := c.Profile().Company
		_, err := c.Parties.Apply(t.Context(), party.Application{ID: id, Name: "Company", Roles: []trade.Role{role}})
		must(t, err)
		_, err = p.governors[slices.Index(orgs, c.MSPID())].Parties.Verify(t.Context(), id)
		must(t, err)
		_, err = c.Parties.Activate(t.Context(), id)
		must(t, err)
	}
	p.approve(t)
}

// approve registers the source and its policy with a majority.
func (p *port) approve(t *testing.T) {
	t.Helper()
	types := []string{attest.CustomsCleared}
	now := trade.InstantOf(p.Stub.Now())
	_, err := p.governors[0].Sources.Propose(t.Context(), source.Proposal{
		ID: customs, Types: types,
		SM2PublicKey: p.signer.PublicKey(), ValidFrom: now - 1000, ValidTo: now + 86_400_000,
	})
	must(t, err)
	_, err = p.governors[1].Sources.Approve(t.Context(), customs)
	must(t, err)
	for _, g := range p.governors[:2] {
		p := attest.Policy{Type: types[0], Sources: []attest.SourceID{customs}, Threshold: 1}
		_, err := g.Policies.Propose(t.Context(), p)
		must(t, err)
	}
}

// sell has the bank undertake to pay when the declaration is cleared, and the
// exporter accept that.
func (p *port) sell(t *testing.T, mrn string) trade.DocID {
	t.Helper()
	ctx := t.Context()
	inv, err := p.exporter.Invoices.Issue(ctx, invoice.Body{
		Number: "EX-1", IssueDate: "2026-11-02", TypeCode: "380", Currency: "EUR", DueDate: "2026-12-02",
		Seller: invoice.Trader{Party: p.exporter.Profile().Company, Name: "Exporter", Country: "DE"},
		Buyer:  invoice.Trader{Party: p.importer.Profile().Company, Name: "Importer", Country: "NL"},
		Lines: []invoice.Line{{
			ID: "1", Name: "Valve", Quantity: trade.Decimal{Unscaled: 10}, Unit: "C62",
			Price: trade.Decimal{Unscaled: 1000, Scale: 2}, NetMinor: 10000,
		}},
		Taxes:  []invoice.Tax{{Category: "G", BaseMinor: 10000}},
		Totals: invoice.Totals{LinesMinor: 10000, NetMinor: 10000, GrossMinor: 10000, DueMinor: 10000},
	})
	must(t, err)
	_, err = p.importer.Invoices.Accept(ctx, inv.Value.ID)
	must(t, err)
	u, err := p.bank.Undertakings.Issue(ctx, client.NewUndertaking{
		Invoice: inv.Value.ID, Number: "U-1", Deadline: trade.InstantOf(p.Stub.Now()) + 86_400_000,
		Conditions: []undertaking.Condition{{Type: attest.CustomsCleared, Scheme: attest.SchemeMRN, Identifier: mrn}},
		Debtor:     payment.Account{IBAN: "NL91ABNA0417164300", BIC: "ABNANL2A"},
		Creditor:   payment.Account{IBAN: "DE89370400440532013000", BIC: "COBADEFF"},
	})
	must(t, err)
	_, err = p.exporter.Undertakings.Accept(ctx, u.Value.ID)
	must(t, err)
	return u.Value.ID
}

// notify takes in a customs notification with the function code.
func (p *port) notify(t *testing.T, code, mrn string) {
	t.Helper()
	p.n++
	p.Stub.Advance(time.Second)
	raw := fmt.Sprintf(`<MetaData><Response><FunctionCode>%s</FunctionCode>
<FunctionalReferenceID>ref-%d</FunctionalReferenceID>
<IssueDateTime><DateTimeString formatCode="304">%s</DateTimeString></IssueDateTime>
<Declaration><ID>%s</ID></Declaration></Response></MetaData>`, code, p.n,
		p.Stub.Now().UTC().Format("20060102150405Z"), mrn)
	_, err := p.intake.Take(t.Context(), intake.Feed{
		ID: customs, Decoder: wcodms.Decoder{},
		Reports: map[string]bool{attest.CustomsCleared: true},
	}, intake.Message{Transport: "folder", Name: "n", Raw: []byte(raw)})
	must(t, err)
}

// start runs the relay until the test ends.
func (p *port) start(t *testing.T) *ledger.Ledger {
	t.Helper()
	l := ledger.New(p.relay)
	r := relay.New(relay.Config{
		Store: p.store, Registry: l, Documents: l,
		Signers: map[attest.SourceID]relay.Signer{customs: p.signer}, Channel: gatewaytest.Channel, Now: p.clock(),
		Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Timing: relay.Timing{
			Base: time.Millisecond, Cap: 5 * time.Millisecond, SweepEvery: 5 * time.Millisecond,
			SweepCap: 20 * time.Millisecond, Poll: 5 * time.Millisecond, MaxRefusals: 1 << 20,
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("relay: %v", err)
		}
	})
	return l
}

// clock is the stub's time plus what has really passed, so that back-offs end.
func (p *port) clock() func() time.Time {
	began := time.Now()
	return func() time.Time { return p.Stub.Now().Add(time.Since(began)) }
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		}
	}
}

func (p *port) awaitState(t *testing.T, id trade.DocID, state string) {
	t.Helper()
	await(t, state, func() bool {
		s, err := p.exporter.Undertakings.Header(t.Context(), id)
		return err == nil && s.Header.State == state
	})
}

// TestNotificationsMoveAnUndertaking on the real chaincode: cleared makes it
// payable, invalidated stops it, nobody having pressed a button.
func TestNotificationsMoveAnUndertaking(t *testing.T) {
	p := newPort(t)
	p.found(t)
	const mrn = "26GB7XK2M9QW4TRAR5"
	id := p.sell(t, mrn)
	l := p.start(t)
	must(t, l.Check(t.Context()))
	p.notify(t, "09", mrn)
	p.awaitState(t, id, undertaking.Payable)
	p.notify(t, "10", mrn)
	p.awaitState(t, id, undertaking.Stopped)
	fact, err := l.Fact(t.Context(), trade.Condition{
		Subject: attest.SubjectOf(attest.SchemeMRN, mrn),
		Type:    attest.CustomsCleared,
	})
	if err != nil || fact.State != trade.FactRetracted {
		t.Errorf("fact %+v, %v", fact, err)
	}
	p.notify(t, "09", mrn)
	p.awaitState(t, id, undertaking.Payable)
	d, err := p.store.Depth(t.Context())
	if err != nil || d.Rows[store.Committed] != 3 || d.Open != 0 {
		t.Errorf("depth %+v, %v", d, err)
	}
}

// TestASourceApprovedLaterThanItsClaim: an oracle that starts before the network
// is set up reports as soon as it may.
func TestASourceApprovedLaterThanItsClaim(t *testing.T) {
	p := newPort(t)
	l := p.start(t)
	must(t, l.Check(t.Context()))
	p.approveLater(t)
	subject := trade.Condition{
		Subject: attest.SubjectOf(attest.SchemeMRN, "26GB7XK2M9QW4TRAR6"), Type: attest.CustomsCleared,
	}
	await(t, "the fact", func() bool {
		f, err := l.Fact(t.Context(), subject)
		return err == nil && f.State == trade.FactEstablished
	})
}

// approveLater takes a notification in, waits until it was refused, and only
// then sets the network up.
func (p *port) approveLater(t *testing.T) {
	t.Helper()
	// The source's validity begins a second before the claim was observed.
	p.notify(t, "09", "26GB7XK2M9QW4TRAR6")
	await(t, "a refusal", func() bool {
		d, err := p.store.Depth(t.Context())
		return err == nil && d.Open == 1
	})
	for _, g := range p.governors {
		_, err := g.Constitution.Approve(t.Context(), orgs)
		must(t, err)
	}
	p.approve(t)
}

// TestR17ResumeFindsATransaction that was committed while nobody looked, without
// reporting again.
func TestR17ResumeFindsATransaction(t *testing.T) {
	p := newPort(t)
	p.found(t)
	l := ledger.New(p.relay)
	digest, err := l.Policy(t.Context(), attest.CustomsCleared)
	must(t, err)
	now := trade.InstantOf(p.Stub.Now())
	signed, err := p.signer.Sign(attest.Claim{
		Channel: gatewaytest.Channel, Policy: digest, Source: customs,
		Subject: attest.SubjectOf(attest.SchemeMRN, "X"), Type: attest.CustomsCleared, Classifier: attest.Actual,
		OccurredAt: now, ObservedAt: now, Evidence: trade.Digest{1}, Sequence: 1,
	})
	must(t, err)
	var pending store.Transaction
	done, err := l.Report(t.Context(), signed, func(_ context.Context, tx store.Transaction) error {
		pending = tx
		return nil
	})
	must(t, err)
	found, err := l.Resume(t.Context(), pending)
	if err != nil || found != done || pending.ID == "" || len(pending.Envelope) == 0 {
		t.Errorf("resumed %+v, %v; want %+v", found, err, done)
	}
	full := errors.New("disk full")
	signed.Claim.Sequence = 2
	again, err := p.signer.Sign(signed.Claim)
	must(t, err)
	_, err = l.Report(t.Context(), again, func(context.Context, store.Transaction) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("reported although it could not be stored: %v", err)
	}
	latest, err := p.relay.Facts.Claim(t.Context(), signed.Claim.Subject, attest.CustomsCleared, customs)
	if err != nil || latest.Claim.Sequence != 1 {
		t.Errorf("latest %+v, %v; nothing was to be sent", latest.Claim, err)
	}
}

func TestRefusalsAndSilence(t *testing.T) {
	p := newPort(t)
	l := ledger.New(p.relay)
	if _, err := l.Policy(t.Context(), attest.Arrived); fault.CodeOf(err) != fault.PolicyNotFound {
		t.Errorf("no policy: %v", err)
	}
	f, err := l.Fact(t.Context(), trade.Condition{Subject: trade.Digest{1}, Type: attest.Arrived})
	if err != nil || f.State != trade.FactPending {
		t.Errorf("no fact: %+v %v", f, err)
	}
	id := trade.DocID("ImportBankMSP." + strings.Repeat("0", 32))
	if _, err := l.Header(t.Context(), id); fault.CodeOf(err) != fault.DocNotFound {
		t.Errorf("no document: %v", err)
	}
	p.Stop("AuthorityMSP")
	if err := l.Check(t.Context()); err == nil {
		t.Error("ready although the peer is down")
	}
	p.Start("AuthorityMSP")
	await(t, "the peer is back", func() bool { return l.Check(t.Context()) == nil })
}
