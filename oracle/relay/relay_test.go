package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/oracle/store"
)

const customs attest.SourceID = "authority-customs"

// decade is a back-off that does not end within a test.
const decade = 10 * 365 * 24 * time.Hour

// TestR12ClaimIsSignedForChannelAndPolicy and moves what waits for it.
func TestR12ClaimIsSignedForChannelAndPolicy(t *testing.T) {
	w := newWorld(t)
	doc := w.document(1, undertaking.Accepted, "A")
	both := w.document(2, undertaking.Accepted, "A", "B")
	w.run()
	w.say("A", false)
	w.await("A's document is payable", func() bool { return w.state(doc) == undertaking.Payable })
	c := w.ledger.latest[condition("A")].Claim
	if c.Channel != "trade" || c.Policy != w.ledger.policy || c.Classifier != attest.Actual || c.Evidence.IsZero() {
		t.Errorf("claim %+v", c)
	}
	w.say("B", false)
	w.await("the document of both is payable", func() bool { return w.state(both) == undertaking.Payable })
	w.rows(map[store.State]int{store.Committed: 2})
	for _, m := range w.ledger.moves {
		if m.ID == both && m.Version != 3 {
			t.Errorf("moved %+v before both facts held", m)
		}
	}
}

// TestR9RetractionStopsDocuments: a withdrawn fact stops what it released.
func TestR9RetractionStopsDocuments(t *testing.T) {
	w := newWorld(t)
	doc := w.document(1, undertaking.Accepted, "A")
	w.run()
	w.say("A", false)
	w.await("payable", func() bool { return w.state(doc) == undertaking.Payable })
	w.say("A", true)
	w.await("stopped", func() bool { return w.state(doc) == undertaking.Stopped })
	w.say("A", false)
	w.await("payable again", func() bool { return w.state(doc) == undertaking.Payable })
	if w.ledger.committed != 3 {
		t.Errorf("%d claims, want 3", w.ledger.committed)
	}
}

// TestADocumentLaterThanItsFact is found by the sweep.
func TestADocumentLaterThanItsFact(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.say("A", false)
	w.rows(map[store.State]int{store.Committed: 1})
	doc := w.document(1, undertaking.Accepted, "A")
	w.await("payable", func() bool { return w.state(doc) == undertaking.Payable })
}

// TestAMissingOrganisationDelaysItsDocumentsAlone and they move when it is back.
func TestAMissingOrganisationDelaysItsDocumentsAlone(t *testing.T) {
	w := newWorld(t)
	absent, present := w.document(1, undertaking.Accepted, "A"), w.document(2, undertaking.Accepted, "A")
	w.ledger.missing[absent] = true
	w.run()
	w.say("A", false)
	w.await("the other document is payable", func() bool { return w.state(present) == undertaking.Payable })
	w.await("the document was tried again", func() bool {
		tries := 0
		for _, m := range w.ledger.moves {
			if m.ID == absent {
				tries++
			}
		}
		return tries >= 3
	})
	ids := map[string]bool{}
	w.ledger.look(func() bool {
		for _, m := range w.ledger.moves {
			if m.ID == absent {
				ids[m.RequestID] = true
			}
		}
		delete(w.ledger.missing, absent)
		return true
	})
	if len(ids) != 1 {
		t.Errorf("%d request ids for one step", len(ids))
	}
	w.await("payable", func() bool { return w.state(absent) == undertaking.Payable })
}

// TestR17TransactionIsStoredBeforeItIsSent, and a relay that dies between
// sending and learning asks for that transaction instead of making another.
func TestR17TransactionIsStoredBeforeItIsSent(t *testing.T) {
	for name, prepare := range map[string]func(l *ledger){
		"committed unseen":           func(l *ledger) { l.silent = true },
		"lost on its way to be sent": func(l *ledger) { l.lost = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			prepare(w.ledger)
			w.timing.Base, w.timing.Cap = decade, decade // the first relay does not come to ask
			w.ledger.stored = func(txID string) bool {
				rows, err := w.store.Depth(t.Context())
				return err == nil && rows.Rows[store.Endorsed] == 1 && txID == "tx1"
			}
			stop := w.run()
			w.say("A", false)
			w.rows(map[store.State]int{store.Submitted: 1})
			stop()
			must(t, w.store.Close())
			w.open()
			// The time to ask has come.
			w.ledger.look(func() bool { w.ledger.silent, w.ledger.lost = false, false; return true })
			w.relay = nil
			w.timing.Base, w.timing.Cap = time.Millisecond, time.Millisecond
			later(t, w)
			w.rows(map[store.State]int{store.Committed: 1})
			if w.ledger.reports != 1 || w.ledger.resumes != 1 || w.ledger.committed != 1 || w.ledger.unstored != 0 {
				t.Errorf("%d reports, %d resumes, %d committed, %d sent before they were stored; want 1 1 1 0",
					w.ledger.reports, w.ledger.resumes, w.ledger.committed, w.ledger.unstored)
			}
		})
	}
}

// later runs a relay whose clock is far ahead.
func later(t *testing.T, w *world) {
	t.Helper()
	r := New(Config{
		Store: w.store, Registry: w.ledger, Documents: w.ledger,
		Signers: map[attest.SourceID]Signer{customs: w.signer}, Channel: "trade", Timing: w.timing,
		Now:    func() time.Time { return time.Now().Add(2 * decade) },
		Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("relay: %v", err)
		}
	})
}

// TestKilledWhileAReportIsUnderWay: the lease of the dead process is taken over.
func TestKilledWhileAReportIsUnderWay(t *testing.T) {
	w := newWorld(t)
	w.ledger.stuck = condition("A").Subject
	stop := w.run()
	w.say("A", false)
	w.await("under way", func() bool { return w.ledger.busy == 1 })
	stop()
	must(t, w.store.Close())
	w.open()
	w.ledger.look(func() bool { w.ledger.stuck = trade.Digest{}; return true })
	w.run()
	w.rows(map[store.State]int{store.Committed: 1})
	if w.ledger.committed != 1 {
		t.Errorf("%d committed", w.ledger.committed)
	}
}

// TestR18RetryClasses is the table of what each refusal leads to.
func TestR18RetryClasses(t *testing.T) {
	for _, row := range fault.Table {
		end, counts := ruling(row.Code, false)
		afterSending, _ := ruling(row.Code, true)
		var want ending
		switch row.Code {
		case fault.ClaimStale:
			want = stale
		case fault.ReadConflict, fault.PeerUnavailable, fault.OrganisationMissing, fault.OutcomeUnknown,
			fault.SourceNotAllowed, fault.ClockSkew, fault.EndorsementFailed, fault.EndorsersDisagree,
			fault.DocNotFound, fault.PartyNotFound, fault.SourceNotFound, fault.PolicyNotFound, fault.FactNotFound,
			fault.ParameterNotFound:
			want = again
		default:
			want = buried
		}
		if end != want {
			t.Errorf("%s: %s, want %s", row.Code, end, want)
		}
		class := row.Class
		if silent := class == fault.ClassUnavailable || class == fault.ClassUnknown; silent == counts && end == again {
			t.Errorf("%s counts towards the dead letter: %v", row.Code, counts)
		} else if silent && afterSending != askAgain {
			t.Errorf("%s after sending: %s, want to ask for the same transaction", row.Code, afterSending)
		}
	}
	if end, counts := ruling("", true); end != askAgain || counts {
		t.Errorf("a broken connection after sending: %s %v", end, counts)
	}
}

// TestOutageLosesNothing: a ledger that is away far more often than the dead
// letter's bound still gets everything, once and in order.
func TestOutageLosesNothing(t *testing.T) {
	w := newWorld(t)
	w.timing.MaxRefusals = 3
	for range 60 {
		w.ledger.answers = append(w.ledger.answers, fault.New(fault.PeerUnavailable, "down"), errors.New("refused"))
	}
	for n := range 5 {
		w.say(fmt.Sprintf("M%d", n), false)
	}
	w.run()
	w.rows(map[store.State]int{store.Committed: 5})
	if w.ledger.committed != 5 {
		t.Errorf("%d committed, want 5", w.ledger.committed)
	}
}

// TestR22DeadLetter: at once for what cannot be repeated, after the bound for
// what can; a replay goes through.
func TestR22DeadLetter(t *testing.T) {
	w := newWorld(t)
	w.timing.MaxRefusals = 3
	denied := fault.New(fault.RoleMissing, "the relay's role is missing")
	conflict := fault.New(fault.ReadConflict, "too busy")
	w.ledger.answers = []error{denied}
	w.run()
	w.say("A", false)
	w.rows(map[store.State]int{store.Dead: 1})
	w.ledger.look(func() bool { w.ledger.answers = []error{conflict, conflict, conflict}; return true })
	w.say("B", false)
	w.rows(map[store.State]int{store.Dead: 2})
	dead, err := w.store.Dead(t.Context(), 0, 10)
	must(t, err)
	codes := []string{dead[0].Code, dead[1].Code}
	if !slices.Equal(codes, []string{"ROLE_MISSING", "READ_CONFLICT"}) || dead[0].Detail != denied.Message {
		t.Errorf("dead for %v: %q", codes, dead[0].Detail)
	}
	if n := testutil.ToFloat64(w.relay.met.dead.WithLabelValues("ROLE_MISSING")); n != 1 {
		t.Errorf("dead metric %v", n)
	}
	n, err := w.store.Replay(t.Context(), 0, 1<<62, trade.InstantOf(time.Now()))
	if n != 2 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	w.rows(map[store.State]int{store.Committed: 2, store.Dead: 0})
}

// TestStaleClaimIsNoDeadLetter: what the ledger knows better is over.
func TestStaleClaimIsNoDeadLetter(t *testing.T) {
	w := newWorld(t)
	w.ledger.answers = []error{fault.New(fault.ClaimStale, "newer")}
	w.run()
	w.say("A", false)
	w.rows(map[store.State]int{store.Failed: 1, store.Dead: 0})
}

// TestANewPolicyIsSignedFor: a claim that was signed under a policy that has
// been replaced is signed anew, not buried.
func TestANewPolicyIsSignedFor(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.say("A", false)
	w.rows(map[store.State]int{store.Committed: 1})
	w.ledger.look(func() bool { w.ledger.policy = trade.Digest{2}; return true })
	w.say("B", false)
	w.rows(map[store.State]int{store.Committed: 2, store.Dead: 0})
	if got := w.ledger.latest[condition("B")].Claim.Policy; got != (trade.Digest{2}) {
		t.Errorf("signed under %s", got)
	}
}

// TestR20OneKeyNeverBlocksAnother, and no more are under way than allowed.
func TestR20OneKeyNeverBlocksAnother(t *testing.T) {
	w := newWorld(t)
	w.timing.InFlight = 3
	w.ledger.stuck = condition("STUCK").Subject
	w.say("STUCK", false)
	for n := range 20 {
		w.say(fmt.Sprintf("M%d", n), false)
	}
	w.run()
	w.rows(map[store.State]int{store.Committed: 20, store.Leased: 1})
	if w.ledger.most > 3 {
		t.Errorf("%d under way, want at most 3", w.ledger.most)
	}
}

// TestASourceWithoutAKeyIsADeadLetter and not a crash.
func TestASourceWithoutAKeyIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	w.say("A", false)
	w.signer = nil
	r := New(Config{
		Store: w.store, Registry: w.ledger, Documents: w.ledger, Channel: "trade", Timing: w.timing,
		Now: time.Now, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	w.rows(map[store.State]int{store.Dead: 1})
	cancel()
	must(t, <-ended)
}

// TestDelayIsFullJitter: every delay lies between nothing and a bound that
// doubles up to the cap, and they differ.
func TestDelayIsFullJitter(t *testing.T) {
	for attempts, bound := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
		bound *= time.Millisecond
		seen := map[time.Duration]bool{}
		for range 200 {
			d := delay(100*time.Millisecond, time.Second, attempts)
			if d < 0 || d > bound {
				t.Fatalf("attempt %d: %s is outside 0..%s", attempts, d, bound)
			}
			seen[d] = true
		}
		if len(seen) < 100 {
			t.Errorf("attempt %d: only %d different delays of 200", attempts, len(seen))
		}
	}
}

// TestR26BacklogMetrics reads depth and age when it is scraped.
func TestR26BacklogMetrics(t *testing.T) {
	w := newWorld(t)
	w.say("A", false)
	b := Backlog{Store: w.store, Now: func() time.Time { return time.Now().Add(time.Minute) }}
	reg := prometheus.NewRegistry()
	reg.MustRegister(b)
	if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP oracle_outbox_depth Rows of the outbox.
# TYPE oracle_outbox_depth gauge
oracle_outbox_depth{state="committed"} 0
oracle_outbox_depth{state="dead"} 0
oracle_outbox_depth{state="endorsed"} 0
oracle_outbox_depth{state="failed"} 0
oracle_outbox_depth{state="leased"} 0
oracle_outbox_depth{state="new"} 1
oracle_outbox_depth{state="submitted"} 0
# HELP oracle_quarantined Messages and events that need a person.
# TYPE oracle_quarantined gauge
oracle_quarantined 0
`), "oracle_outbox_depth", "oracle_quarantined"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(reg, "oracle_outbox_oldest_age_seconds"); n != 1 || err != nil {
		t.Errorf("age metric: %d %v", n, err)
	}
}
