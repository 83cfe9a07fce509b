package settlement_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/events"
	"github.com/argosy-trade/argosy/gateway/iso20022"
	"github.com/argosy-trade/argosy/gateway/settlement"
)

const (
	bank  trade.PartyID = "529900EXAMPLEMBK0193"
	cause trade.DocID   = "ImportBankMSP.ffeeddccbbaa99887766554433221100"
)

var (
	payID     = payment.IDFor(cause, 1)
	errCrash  = errors.New("killed")
	published = "pain.001-" + iso20022.Reference(payID) + ".xml"
)

// book is a ledger with one instruction, that keeps the chaincode's rules of
// versions and states.
type book struct {
	in         settlement.Instruction
	sentBy     string
	nextTx     int
	sends      int
	discharged int
	concluded  []iso20022.Report
	// onSend runs between the agent's decision to send and the ledger's.
	onSend func(*book)
}

func newBook() *book {
	return &book{in: settlement.Instruction{
		Header: trade.Header{ID: payID, Kind: payment.Kind, State: payment.Created, Version: 2, UpdatedAt: 1_795_000_000_000},
		Body: payment.Body{
			Salt: trade.Salt{1}, Cause: cause, Bank: bank,
			Debtor: payment.Account{Party: bank, Name: "Import Bank", IBAN: "NL91ABNA0417164300", BIC: "ABNANL2A"},
			Creditor: payment.Account{
				Party: "529900EXAMPLEEXP0105", Name: "Exporter", IBAN: "DE89370400440532013000", BIC: "COBADEFF",
			},
			Amount: trade.Money{AmountMinor: 10000, Currency: "EUR"},
			UETR:   "97ed4827-7b6f-4491-a06f-b548d5a7512d", Remittance: "EX-1",
		},
	}}
}

func (b *book) move(in settlement.Instruction, action string) error {
	step, err := payment.Table.Next(b.in.Header.State, action)
	if err != nil {
		return err
	}
	if in.Header.Version != b.in.Header.Version {
		return fault.New(fault.VersionStale, "version %d was seen", in.Header.Version)
	}
	b.in.Header.State = step.To
	b.in.Header.Version++
	return nil
}

// The seven calls of an agent, as methods that a wrapper can break.

func (b *book) Payment(_ context.Context, id trade.DocID) (settlement.Instruction, error) {
	if id != payID {
		return settlement.Instruction{}, fault.New(fault.DocNotFound, "no such payment")
	}
	return b.in, nil
}

func (b *book) SentBy(context.Context, trade.DocID) (string, error) { return b.sentBy, nil }

func (b *book) Authorise(_ context.Context, in settlement.Instruction) error {
	return b.move(in, payment.Authorise)
}

func (b *book) Send(ctx context.Context, in settlement.Instruction, remember remembering) error {
	b.nextTx++
	tx := fmt.Sprintf("tx-%d", b.nextTx)
	if err := remember(ctx, tx); err != nil {
		return err
	}
	if b.onSend != nil {
		b.onSend(b)
	}
	if err := b.move(in, payment.Send); err != nil {
		return err
	}
	b.sentBy = tx
	b.sends++
	return nil
}

func (b *book) Conclude(_ context.Context, in settlement.Instruction, r iso20022.Report) error {
	action := payment.Settle
	if r.Status == iso20022.Rejected {
		action = payment.Reject
	}
	if err := b.move(in, action); err != nil {
		return err
	}
	b.concluded = append(b.concluded, r)
	return nil
}

func (b *book) Discharge(context.Context, trade.DocID) error { b.discharged++; return nil }

type remembering = func(context.Context, string) error

// killer ends the agent before or after the nth call to the outside.
type killer struct {
	calls, at int
	after     bool
}

func (k *killer) call(effect func() error) error {
	k.calls++
	if k.calls == k.at && !k.after {
		return errCrash
	}
	if err := effect(); err != nil {
		return err
	}
	if k.calls == k.at {
		return errCrash
	}
	return nil
}

// mortal is a ledger and a folder whose calls can be the agent's last.
type mortal struct {
	*book
	settlement.Outbox
	kill *killer
}

func (m mortal) Payment(ctx context.Context, id trade.DocID) (in settlement.Instruction, err error) {
	err = m.kill.call(func() error { in, err = m.book.Payment(ctx, id); return err })
	return in, err
}

func (m mortal) SentBy(ctx context.Context, id trade.DocID) (tx string, err error) {
	err = m.kill.call(func() error { tx, err = m.book.SentBy(ctx, id); return err })
	return tx, err
}

func (m mortal) Authorise(ctx context.Context, in settlement.Instruction) error {
	return m.kill.call(func() error { return m.book.Authorise(ctx, in) })
}

func (m mortal) Send(ctx context.Context, in settlement.Instruction, remember remembering) error {
	return m.kill.call(func() error {
		return m.book.Send(ctx, in, func(ctx context.Context, tx string) error {
			return m.kill.call(func() error { return remember(ctx, tx) })
		})
	})
}

func (m mortal) Conclude(ctx context.Context, in settlement.Instruction, r iso20022.Report) error {
	return m.kill.call(func() error { return m.book.Conclude(ctx, in, r) })
}

func (m mortal) Discharge(ctx context.Context, id trade.DocID) error {
	return m.kill.call(func() error { return m.book.Discharge(ctx, id) })
}

func (m mortal) Stage(name string, data []byte) error {
	return m.kill.call(func() error { return m.Outbox.Stage(name, data) })
}

func (m mortal) Publish(name string) (fresh bool, err error) {
	err = m.kill.call(func() error { fresh, err = m.Outbox.Publish(name); return err })
	return fresh, err
}

func (m mortal) Drop(name string) error {
	return m.kill.call(func() error { return m.Outbox.Drop(name) })
}

// office is where an agent works: what survives its death.
type office struct {
	t        *testing.T
	dir      string
	book     *book
	limit    int64
	now      time.Time
	consumed int // files that the engine has taken
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), book: newBook(), limit: 50_000, now: time.UnixMilli(1_795_000_000_000)}
	for _, err := range []error{o.outbox().Prepare(), o.inbox().Prepare()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o *office) outbox() settlement.Outbox {
	return settlement.Outbox{Folder: filepath.Join(o.dir, "out")}
}

func (o *office) inbox() settlement.Inbox {
	return settlement.Inbox{Folder: filepath.Join(o.dir, "in")}
}

// live lets an agent live for one pass, or until it is killed.
func (o *office) live(kill *killer) error {
	o.t.Helper()
	ctx := o.t.Context()
	store, err := settlement.OpenStore(ctx, filepath.Join(o.dir, "agent.db"))
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	m := mortal{o.book, o.outbox(), kill}
	agent, err := settlement.New(settlement.Config{
		Bank: bank, Limits: map[string]int64{"EUR": o.limit}, Reader: m, Actor: m, Files: m, Store: store, Inbox: o.inbox(),
		Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Poll: time.Hour,
		Now: func() time.Time { return o.now },
	})
	if err != nil {
		o.t.Fatal(err)
	}
	// Every life begins with the ledger's news, told at least once.
	if err := agent.Apply(ctx, events.Transaction{Block: 1, TransactionID: "t", Events: []trade.Event{
		{Kind: payment.Kind, ID: payID},
	}}); err != nil {
		o.t.Fatal(err)
	}
	o.now = o.now.Add(time.Hour) // past any postponement
	return agent.Pass(ctx)
}

// take lets the payment engine take what is in its folder.
func (o *office) take() {
	o.t.Helper()
	entries, err := os.ReadDir(o.outbox().Folder)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		if e.Name() != published {
			o.t.Errorf("file %s", e.Name())
		}
		o.consumed++
		if err := os.Remove(filepath.Join(o.outbox().Folder, e.Name())); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *office) report(status, reason string) {
	o.t.Helper()
	o.drop("r.xml", statusReport(iso20022.Reference(payID), status, reason))
}

// statusReport is what a payment engine writes.
func statusReport(reference, status, reason string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10"><FIToFIPmtStsRpt>` +
		`<GrpHdr><MsgId>R-1</MsgId></GrpHdr><TxInfAndSts><OrgnlEndToEndId>` + reference + `</OrgnlEndToEndId>` +
		`<TxSts>` + status + `</TxSts><StsRsnInf><Rsn><Cd>` + reason + `</Cd></Rsn></StsRsnInf>` +
		`</TxInfAndSts></FIToFIPmtStsRpt></Document>`
}

func (o *office) drop(name, text string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.inbox().Folder, name), []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) has(parts ...string) bool {
	_, err := os.Stat(filepath.Join(append([]string{o.dir}, parts...)...))
	return err == nil
}

func TestStraightThrough(t *testing.T) {
	o := newOffice(t)
	if err := o.live(&killer{}); err != nil || o.book.in.Header.State != payment.Sent || !o.has("out", published) {
		t.Fatalf("state %s, %v", o.book.in.Header.State, err)
	}
	o.report("ACSP", "")
	if err := o.live(&killer{}); err != nil || o.book.in.Header.State != payment.Sent {
		t.Fatalf("an interim report moved it to %s, %v", o.book.in.Header.State, err)
	}
	o.report("ACSC", "")
	if err := o.live(&killer{}); err != nil || o.book.in.Header.State != payment.Settled || o.book.discharged == 0 {
		t.Fatalf("state %s, %v", o.book.in.Header.State, err)
	}
	if !o.has("in", "done", "r.xml") || o.has("in", "r.xml") {
		t.Error("the report was not moved to done")
	}
}

func TestRejection(t *testing.T) {
	o := newOffice(t)
	if err := o.live(&killer{}); err != nil {
		t.Fatal(err)
	}
	o.report("RJCT", "118")
	if err := o.live(&killer{}); err != nil || o.book.in.Header.State != payment.Rejected {
		t.Fatalf("state %s, %v", o.book.in.Header.State, err)
	}
	if r := o.book.concluded[0]; r.Reason != "NARR" || o.book.discharged != 0 {
		t.Errorf("concluded %+v", r)
	}
}

func TestOverTheLimitWaitsForAPerson(t *testing.T) {
	o := newOffice(t)
	o.limit = 9_999
	if err := o.live(&killer{}); err != nil || o.book.in.Header.State != payment.Created || o.has("out", published) {
		t.Fatalf("state %s, %v", o.book.in.Header.State, err)
	}
	if err := o.book.Authorise(t.Context(), o.book.in); err != nil {
		t.Fatal(err)
	}
	if err := o.live(&killer{}); err != nil || o.book.in.Header.State != payment.Sent || !o.has("out", published) {
		t.Fatalf("after a person's authorisation: %s, %v", o.book.in.Header.State, err)
	}
}

func TestStoppedBeforeSendLeavesNoFile(t *testing.T) {
	o := newOffice(t)
	o.book.onSend = func(b *book) { b.in.Header.State, b.in.Header.Version = payment.Stopped, b.in.Header.Version+1 }
	if err := o.live(&killer{}); err != nil || o.book.sends != 0 {
		t.Fatalf("%d sends, %v", o.book.sends, err)
	}
	if o.has("out", published) || o.has("out", ".staged", published) {
		t.Error("a file of a stopped instruction was left")
	}
	// Set free again, it is paid once.
	o.book.onSend = nil
	o.book.in.Header.State, o.book.in.Header.Version = payment.Created, o.book.in.Header.Version+1
	if err := o.live(&killer{}); err != nil || o.book.sends != 1 || !o.has("out", published) {
		t.Fatalf("%d sends, %v", o.book.sends, err)
	}
}

func TestSentBySomebodyElseIsNotHandedOver(t *testing.T) {
	for _, when := range []string{"before the agent saw it", "while the agent was about to"} {
		o := newOffice(t)
		elsewhere := func(b *book) { b.in.Header.State, b.sentBy, b.in.Header.Version = payment.Sent, "other", 9 }
		if when == "before the agent saw it" {
			elsewhere(o.book)
		} else {
			o.book.onSend = elsewhere
		}
		if err := o.live(&killer{}); err != nil {
			t.Fatal(err)
		}
		if o.has("out", published) || o.has("out", ".staged", published) || o.book.sends != 0 {
			t.Errorf("%s: a file was handed over", when)
		}
	}
}

func TestAnotherBanksInstructionIsLeftAlone(t *testing.T) {
	o := newOffice(t)
	o.book.in.Body.Bank = "529900EXAMPLEXBK0175"
	if err := o.live(&killer{}); err != nil || o.book.in.Header.State != payment.Created {
		t.Errorf("state %s, %v", o.book.in.Header.State, err)
	}
}

func TestBadReportsAreSetAside(t *testing.T) {
	o := newOffice(t)
	o.drop("broken.xml", "<Document>")
	o.drop("stranger.xml", statusReport("nobody", "ACSC", ""))
	o.drop("half.tmp", "<Docu")
	if err := o.live(&killer{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"broken.xml", "stranger.xml"} {
		if !o.has("in", "quarantine", name) || !o.has("in", "quarantine", name+".reason.txt") || o.has("in", name) {
			t.Errorf("%s was not set aside", name)
		}
	}
	if !o.has("in", "half.tmp") {
		t.Error("a file that is still being written was touched")
	}
}

// TestKilledAnywhere ends the agent before and after each of its calls to the
// outside, lets the engine take files at once or late, and lets the next agent
// go on. However it ends, the engine gets exactly one file, after exactly one
// step to SENT.
func TestKilledAnywhere(t *testing.T) {
	for _, after := range []bool{false, true} {
		for _, eager := range []bool{false, true} {
			for at := 1; ; at++ {
				kill := &killer{at: at, after: after}
				died := dieOnce(t, kill, eager)
				if !died {
					if at < 10 {
						t.Errorf("only %d calls were made", at)
					}
					break
				}
			}
		}
	}
}

// dieOnce runs one office with one death, and reports whether death came.
func dieOnce(t *testing.T, kill *killer, eager bool) bool {
	t.Helper()
	o := newOffice(t)
	engine := func() {
		if eager {
			o.take()
		}
	}
	lives := 0
	for ; lives < 8 && o.book.discharged == 0; lives++ {
		if err := o.live(kill); err != nil {
			t.Fatalf("pass: %v", err)
		}
		engine()
		handedOver := o.consumed > 0 || o.has("out", published)
		if o.book.in.Header.State == payment.Sent && handedOver && !o.has("in", "done", "r.xml") {
			o.report("ACSC", "")
		}
	}
	o.take()
	name := fmt.Sprintf("killed at call %d (after: %v, eager engine: %v)", kill.at, kill.after, eager)
	if o.consumed != 1 || o.book.sends != 1 || len(o.book.concluded) != 1 || o.book.in.Header.State != payment.Settled {
		t.Errorf("%s: %d files, %d sends, %d conclusions, state %s", name, o.consumed, o.book.sends, len(o.book.concluded),
			o.book.in.Header.State)
	}
	if o.has("out", ".staged", published) {
		t.Errorf("%s: a staged file was left", name)
	}
	return kill.calls >= kill.at
}
