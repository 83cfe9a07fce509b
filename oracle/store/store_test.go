package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/source"
)

const t0 trade.Instant = 1_800_000_000_000

var everything = map[string]bool{attest.CustomsCleared: true, attest.Arrived: true}

func open(t testing.TB) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "oracle.db")
	return reopen(t, path), path
}

func reopen(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// said is an event about one subject in short form.
type said struct {
	id         string
	subject    string
	classifier attest.Classifier
	created    trade.Instant
	occurred   trade.Instant
	withdraws  bool
	retracts   string
}

func (e said) event() source.Event {
	ev := source.Event{
		ID: e.id, Code: "TEST", CreatedAt: e.created, Canonical: fmt.Appendf(nil, "%+v", e),
		Retracts: e.retracts,
	}
	if e.retracts == "" {
		ev.Observations = []source.Observation{{
			Subject: source.Subject{Scheme: attest.SchemeMRN, Identifier: e.subject},
			Type:    attest.CustomsCleared, Classifier: e.classifier, OccurredAt: e.occurred, OccurredText: "x",
			Withdraws: e.withdraws,
		}}
	}
	return ev
}

func delivery(n int, events ...said) Delivery {
	d := Delivery{
		Source: "customs", Transport: "folder", Name: fmt.Sprintf("m%d", n), Raw: fmt.Appendf(nil, "message %d", n),
		ReceivedAt: t0 + trade.Instant(n), Mapping: "test/1", Reports: everything,
	}
	for _, e := range events {
		d.Events = append(d.Events, e.event())
	}
	return d
}

// tb is what testing.T and rapid.T have in common here.
type tb interface {
	Helper()
	Fatal(args ...any)
}

func receive(t tb, s *Store, d Delivery) Receipt {
	t.Helper()
	r, err := s.Receive(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func lease(t tb, s *Store, now trade.Instant) []Report {
	t.Helper()
	rows, err := s.Lease(context.Background(), now, 100)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(rows, func(a, b Report) int { return int(a.ID - b.ID) })
	return rows
}

func must(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestR3MessageIsDurableWithBothHashes: what Receive has taken is there for
// another opening of the file.
func TestR3MessageIsDurableWithBothHashes(t *testing.T) {
	s, path := open(t)
	d := delivery(1, said{"e1", "A", attest.Actual, t0, t0 - 5, false, ""})
	d.Headers, d.Salt = map[string]string{"Content-Type": "application/xml"}, trade.Salt{7}
	r := receive(t, s, d)
	must(t, s.Close())
	s = reopen(t, path)
	var m3, m256 []byte
	var headers string
	must(t, s.db.QueryRow("SELECT sm3, sha256, headers FROM messages WHERE id = ?", r.Message).Scan(&m3, &m256, &headers))
	want := sm3.Sum(d.Raw)
	if !slices.Equal(m3, want[:]) || len(m256) != 32 || headers != `{"Content-Type":"application/xml"}` {
		t.Errorf("stored sm3 %x, sha256 %x, headers %s", m3, m256, headers)
	}
	raw, err := s.Raw(context.Background(), r.Message)
	must(t, err)
	if string(raw) != string(d.Raw) {
		t.Errorf("raw %q", raw)
	}
	rows := lease(t, s, t0+10)
	if len(rows) != 1 || rows[0].Claim.Evidence != Evidence(d.Salt, d.Raw) || rows[0].Claim.ObservedAt != d.ReceivedAt {
		t.Fatalf("reports %+v", rows)
	}
	var mode, sync string
	must(t, s.db.QueryRow("PRAGMA journal_mode").Scan(&mode))
	must(t, s.db.QueryRow("PRAGMA synchronous").Scan(&sync))
	if mode != "wal" || sync != "2" {
		t.Errorf("journal mode %s, synchronous %s; want wal and 2 (FULL)", mode, sync)
	}
}

func TestR4DuplicatesAndConflicts(t *testing.T) {
	s, _ := open(t)
	e := said{"e1", "A", attest.Actual, t0, t0 - 5, false, ""}
	if r := receive(t, s, delivery(1, e)); r.Recorded != 1 || r.Queued != 1 {
		t.Fatalf("first: %+v", r)
	}
	if r := receive(t, s, delivery(1, e)); !r.Duplicate || r.Queued != 0 {
		t.Errorf("the same bytes again: %+v", r)
	}
	if r := receive(t, s, delivery(2, e)); r.Duplicates != 1 || r.Recorded != 0 || r.Queued != 0 {
		t.Errorf("the same event in another message: %+v", r)
	}
	other := e
	other.occurred++
	for n := range 2 {
		r := receive(t, s, delivery(3+n, other))
		if r.Queued != 0 || r.Recorded != 0 || r.Conflicts+r.Duplicates != 1 || (n == 0) != (r.Conflicts == 1) {
			t.Errorf("the same id with other content, time %d: %+v", n+1, r)
		}
	}
	if r := receive(t, s, delivery(3, other)); !r.Duplicate || r.Conflicts != 1 {
		t.Errorf("a repeat of the conflict is answered %+v, want as the first", r)
	}
	apart, err := s.Quarantine(context.Background(), 0, 10)
	must(t, err)
	if len(apart) != 1 || apart[0].Reason != "CONFLICT" || apart[0].EventID != "e1" {
		t.Errorf("quarantine %+v, want the one conflict", apart)
	}
	if rows := lease(t, s, t0+100); len(rows) != 1 || rows[0].Claim.OccurredAt != e.occurred {
		t.Errorf("reports %+v, want the first event's alone", rows)
	}
}

func TestEventsWithoutAnIDAreKnownByContent(t *testing.T) {
	s, _ := open(t)
	e := said{"", "A", attest.Actual, t0, t0 - 5, false, ""}
	receive(t, s, delivery(1, e))
	if r := receive(t, s, delivery(2, e)); r.Duplicates != 1 {
		t.Errorf("the same content again: %+v", r)
	}
	e.occurred++
	if r := receive(t, s, delivery(3, e)); r.Recorded != 1 || r.Conflicts != 0 {
		t.Errorf("other content: %+v", r)
	}
}

// TestR8Precedence: estimates never reach the outbox; a later creation time wins
// and is reported once; an older event changes nothing.
func TestR8Precedence(t *testing.T) {
	s, _ := open(t)
	steps := []struct {
		e      said
		queued int
	}{
		{said{"est", "A", attest.Estimated, t0, t0 + 9, false, ""}, 0},
		{said{"act", "A", attest.Actual, t0 + 10, t0 + 1, false, ""}, 1},
		{said{"late-est", "A", attest.Estimated, t0 + 99, t0 + 50, false, ""}, 0},
		{said{"older", "A", attest.Actual, t0 + 5, t0 + 3, false, ""}, 0},
		{said{"same-time", "A", attest.Actual, t0 + 12, t0 + 1, false, ""}, 0},
		{said{"corrected", "A", attest.Actual, t0 + 20, t0 + 2, false, ""}, 1},
	}
	for n, step := range steps {
		if r := receive(t, s, delivery(n, step.e)); r.Queued != step.queued || r.Recorded != 1 {
			t.Errorf("%s: %+v, want %d queued", step.e.id, r, step.queued)
		}
	}
	var kept int
	must(t, s.db.QueryRow("SELECT count(*) FROM observations").Scan(&kept))
	if kept != len(steps) {
		t.Errorf("%d observations kept, want all %d", kept, len(steps))
	}
}

// TestR9RetractionSupersedes: taking back what was reported is a new claim with
// a higher sequence, whether by withdrawal, by event id, or by an id that is
// taken back before it comes.
func TestR9RetractionSupersedes(t *testing.T) {
	for name, taken := range map[string]said{
		"withdrawal":  {"w", "A", attest.Actual, t0 + 10, t0 + 10, true, ""},
		"by event id": {"r", "", "", t0 + 10, 0, false, "act"},
	} {
		s, _ := open(t)
		receive(t, s, delivery(1, said{"act", "A", attest.Actual, t0, t0 - 5, false, ""}))
		receive(t, s, delivery(2, taken))
		first := lease(t, s, t0+100)
		if len(first) != 1 || first[0].Claim.Retracted {
			t.Fatalf("%s: first %+v", name, first)
		}
		must(t, s.Commit(context.Background(), first[0], Watch{NextAt: t0, Until: t0 * 2}))
		second := lease(t, s, t0+100)
		if len(second) != 1 || !second[0].Claim.Retracted || second[0].Claim.Sequence <= first[0].Claim.Sequence ||
			second[0].Claim.OccurredAt != t0-5 {
			t.Errorf("%s: second %+v", name, second)
		}
	}
	s, _ := open(t)
	receive(t, s, delivery(1, said{"r", "", "", t0 + 10, 0, false, "act"}))
	if r := receive(t, s, delivery(2, said{"act", "A", attest.Actual, t0, t0 - 5, false, ""})); r.Queued != 0 {
		t.Errorf("an event that was taken back before it came: %+v", r)
	}
}

// TestR20OrderWithinAKeyOnly: the second report of a key waits for the first;
// another key does not.
func TestR20OrderWithinAKeyOnly(t *testing.T) {
	s, _ := open(t)
	receive(t, s, delivery(1, said{"a1", "A", attest.Actual, t0, t0 + 1, false, ""}))
	receive(t, s, delivery(2, said{"a2", "A", attest.Actual, t0 + 1, t0 + 2, false, ""}))
	receive(t, s, delivery(3, said{"b1", "B", attest.Actual, t0, t0 + 1, false, ""}))
	rows := lease(t, s, t0+100)
	if len(rows) != 2 || rows[0].ID != 1 || rows[1].ID != 3 {
		t.Fatalf("leased %+v, want the first of each key", rows)
	}
	if again := lease(t, s, t0+100); len(again) != 0 {
		t.Fatalf("leased twice: %+v", again)
	}
	must(t, s.Retry(context.Background(), 1, t0+200, Refusal{Code: "X", At: t0}))
	if rows := lease(t, s, t0+150); len(rows) != 0 {
		t.Errorf("the second overtook the first: %+v", rows)
	}
	if rows := lease(t, s, t0+200); len(rows) != 1 || rows[0].ID != 1 {
		t.Errorf("leased %+v, want the first again", rows)
	}
	must(t, s.Bury(context.Background(), 1, Dead, Refusal{Code: "X", At: t0}))
	if rows := lease(t, s, t0+200); len(rows) != 1 || rows[0].ID != 2 {
		t.Errorf("leased %+v, want the second after the first is dead", rows)
	}
}

// TestR17CrashAtEachState closes the file while a report is in each state and
// opens it again: nothing is lost and nothing is there twice.
func TestR17CrashAtEachState(t *testing.T) {
	ctx := context.Background()
	tx := Transaction{ID: "tx1", Envelope: []byte("envelope")}
	for state, reach := range map[State]func(t *testing.T, s *Store){
		New: func(t *testing.T, _ *Store) { t.Helper() },
		Leased: func(t *testing.T, s *Store) {
			t.Helper()
			lease(t, s, t0+1)
		},
		Endorsed: func(t *testing.T, s *Store) {
			t.Helper()
			id := lease(t, s, t0+1)[0].ID
			must(t, s.Sign(ctx, id, attest.SignedClaim{Signature: []byte{1}}))
			must(t, s.Endorse(ctx, id, tx))
		},
		Submitted: func(t *testing.T, s *Store) {
			t.Helper()
			id := lease(t, s, t0+1)[0].ID
			must(t, s.Endorse(ctx, id, tx))
			must(t, s.Retry(ctx, id, t0+2, Refusal{SameTransaction: true, At: t0}))
		},
		Committed: func(t *testing.T, s *Store) {
			t.Helper()
			must(t, s.Commit(ctx, lease(t, s, t0+1)[0], Watch{Until: t0 * 2}))
		},
		Failed: func(t *testing.T, s *Store) {
			t.Helper()
			must(t, s.Bury(ctx, lease(t, s, t0+1)[0].ID, Failed, Refusal{}))
		},
		Dead: func(t *testing.T, s *Store) {
			t.Helper()
			must(t, s.Bury(ctx, lease(t, s, t0+1)[0].ID, Dead, Refusal{}))
		},
	} {
		t.Run(string(state), func(t *testing.T) {
			s, path := open(t)
			d := delivery(1, said{"e1", "A", attest.Actual, t0, t0 - 5, false, ""})
			receive(t, s, d)
			reach(t, s)
			must(t, s.Close())
			s = reopen(t, path)
			must(t, s.Recover(ctx))
			if r := receive(t, s, d); !r.Duplicate {
				t.Errorf("the message came again and was taken: %+v", r)
			}
			var count int
			must(t, s.db.QueryRow("SELECT count(*) FROM outbox").Scan(&count))
			if count != 1 {
				t.Fatalf("%d reports, want 1", count)
			}
			rows := lease(t, s, t0+1000)
			if state.Open() != (len(rows) == 1) {
				t.Fatalf("leased %+v", rows)
			}
			if !state.Open() {
				return
			}
			known := state == Endorsed || state == Submitted
			if known != (rows[0].TxID == "tx1" && string(rows[0].Envelope) == "envelope") {
				t.Errorf("transaction %q %q", rows[0].TxID, rows[0].Envelope)
			}
			if known != (rows[0].State == Endorsed || rows[0].State == Submitted) {
				t.Errorf("leased in state %s", rows[0].State)
			}
		})
	}
}

// TestR22DeadLettersAreReplayed: with their id, their sequence and the claim
// that was signed.
func TestR22DeadLettersAreReplayed(t *testing.T) {
	ctx := context.Background()
	s, _ := open(t)
	receive(t, s, delivery(1, said{"e1", "A", attest.Actual, t0, t0 - 5, false, ""}))
	row := lease(t, s, t0+1)[0]
	signed := attest.SignedClaim{Claim: row.Claim, Signature: []byte{9}}
	signed.Claim.Channel = "trade"
	must(t, s.Sign(ctx, row.ID, signed))
	must(t, s.Bury(ctx, row.ID, Dead, Refusal{Code: "ROLE_MISSING", Detail: "no relay", At: t0}))
	dead, err := s.Dead(ctx, 0, 10)
	must(t, err)
	if len(dead) != 1 || dead[0].Code != "ROLE_MISSING" || dead[0].Detail != "no relay" {
		t.Fatalf("dead %+v", dead)
	}
	if n, err := s.Replay(ctx, row.ID+1, row.ID+9, t0+5); n != 0 || err != nil {
		t.Errorf("a range without it replays %d, %v", n, err)
	}
	if n, err := s.Replay(ctx, 1, row.ID, t0+5); n != 1 || err != nil {
		t.Errorf("replayed %d, %v", n, err)
	}
	again := lease(t, s, t0+5)
	if len(again) != 1 || again[0].ID != row.ID || again[0].Refusals != 0 {
		t.Fatalf("replayed %+v", again)
	}
	if diff := cmp.Diff(&signed, again[0].Signed); diff != "" {
		t.Error(diff)
	}
}

// TestMigratesAnOlderDatabase: what an older program has stored is still there.
func TestMigratesAnOlderDatabase(t *testing.T) {
	newest := migrations
	t.Cleanup(func() { migrations = newest })
	migrations = newest[:1]
	path := filepath.Join(t.TempDir(), "old.db")
	s := reopen(t, path)
	receive(t, s, delivery(1, said{"e1", "A", attest.Actual, t0, t0 - 5, false, ""}))
	must(t, s.Close())
	migrations = newest
	s = reopen(t, path)
	if rows := lease(t, s, t0+10); len(rows) != 1 {
		t.Errorf("leased %+v", rows)
	}
	var version int
	must(t, s.db.QueryRow("PRAGMA user_version").Scan(&version))
	if version != len(newest) {
		t.Errorf("version %d, want %d", version, len(newest))
	}
}

func TestRefusesANewerSchemaAndASecondService(t *testing.T) {
	s, path := open(t)
	if _, err := s.db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	must(t, s.Close())
	if _, err := Open(context.Background(), path); err == nil {
		t.Error("a database of a newer program was opened")
	}
	release, err := Lock(path)
	must(t, err)
	if _, err := Lock(path); err == nil {
		t.Error("locked twice")
	}
	release()
	release, err = Lock(path)
	must(t, err)
	release()
}
