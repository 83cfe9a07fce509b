package settlement

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	_ "modernc.org/sqlite" // the driver

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/iso20022"
)

// State is where an instruction stands with the agent, as opposed to the
// ledger.
type State string

// The states.
const (
	Unknown   State = ""          // never seen, or nothing begun
	Waiting   State = "WAITING"   // over the limit: a person must authorise
	Staged    State = "STAGED"    // the file is about to be staged, or staged
	Published State = "PUBLISHED" // the engine has the file
	Settled   State = "SETTLED"
	Rejected  State = "REJECTED"
	Stopped   State = "STOPPED"
	Attention State = "ATTENTION" // a person must look
)

// schema is the whole database; FULL synchronisation is set per connection.
const schema = `
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), block INTEGER NOT NULL, tx TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS todo (
	id TEXT PRIMARY KEY, failures INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS instruction (
	id TEXT PRIMARY KEY, reference TEXT NOT NULL, uetr TEXT NOT NULL, state TEXT NOT NULL,
	version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS by_reference ON instruction (reference);
CREATE INDEX IF NOT EXISTS by_uetr ON instruction (uetr);
CREATE TABLE IF NOT EXISTS sending (tx TEXT PRIMARY KEY, id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS report (
	id TEXT PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL, reference TEXT NOT NULL);
`

// Back-off of instructions that fail, in milliseconds.
const (
	postponeBase = 500
	postponeCap  = 60_000
	maxDoublings = 7
)

// Store is the agent's memory, one SQLite file. Every method is one
// transaction.
type Store struct{ db *sql.DB }

// OpenStore opens the database at path, and makes it if there is none.
func OpenStore(ctx context.Context, path string) (*Store, error) {
	dsn := (&url.URL{Scheme: "file", Opaque: path, RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)"}, "_txlock": {"immediate"},
	}.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db.SetMaxOpenConns(1) // a single writer never meets "database is locked"
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), db.Close())
	}
	return &Store{db: db}, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ready reports whether the database can be written.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "UPDATE todo SET failures = failures WHERE id = ''")
	return err
}

// Position returns the place in the ledger after the last transaction that was
// taken in.
func (s *Store) Position(ctx context.Context) (client.Position, error) {
	var p client.Position
	err := s.db.QueryRowContext(ctx, "SELECT block, tx FROM place").Scan(&p.Block, &p.TransactionID)
	if errors.Is(err, sql.ErrNoRows) {
		return client.Position{}, nil
	}
	return p, err
}

// Moved notes that the instructions need a look, and the place.
func (s *Store) Moved(ctx context.Context, ids []trade.DocID, p client.Position) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx,
			"INSERT INTO todo (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET due = 0, failures = 0", string(id)); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO place (one, block, tx) VALUES (1, ?, ?)
		ON CONFLICT (one) DO UPDATE SET block = excluded.block, tx = excluded.tx`, p.Block, p.TransactionID); err != nil {
		return err
	}
	return tx.Commit()
}

// Due returns the instructions that need a look now, the most urgent first.
func (s *Store) Due(ctx context.Context, now trade.Instant) ([]trade.DocID, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id FROM todo WHERE due <= ? ORDER BY due, id", int64(now))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []trade.DocID
	for rows.Next() {
		var id trade.DocID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// Postpone puts an instruction that failed off, longer each time.
func (s *Store) Postpone(ctx context.Context, id trade.DocID, now trade.Instant) error {
	var failures int
	if err := s.db.QueryRowContext(ctx, "SELECT failures FROM todo WHERE id = ?", string(id)).Scan(&failures); err != nil {
		return err
	}
	wait := min(postponeCap, postponeBase<<min(failures, maxDoublings))
	return s.exec(ctx, "UPDATE todo SET failures = failures + 1, due = ? WHERE id = ?", int64(now)+int64(wait), string(id))
}

// Forget takes the instruction off the list until it moves again.
func (s *Store) Forget(ctx context.Context, id trade.DocID) error {
	return s.exec(ctx, "DELETE FROM todo WHERE id = ?", string(id))
}

// Begin notes that the file of the instruction is about to be staged. One that
// is published stays so, whatever the ledger says.
func (s *Store) Begin(ctx context.Context, in Instruction) error {
	return s.put(ctx, in, Staged, "WHERE state <> 'PUBLISHED'")
}

// Set notes where the instruction stands.
func (s *Store) Set(ctx context.Context, in Instruction, state State) error {
	return s.put(ctx, in, state, "")
}

func (s *Store) put(ctx context.Context, in Instruction, state State, condition string) error {
	return s.exec(ctx, `INSERT INTO instruction (id, reference, uetr, state, version) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, version = excluded.version `+condition,
		string(in.Header.ID), iso20022.Reference(in.Header.ID), in.Body.UETR, string(state), in.Header.Version)
}

// State returns where the instruction stands.
func (s *Store) State(ctx context.Context, id trade.DocID) (State, error) {
	var state State
	err := s.db.QueryRowContext(ctx, "SELECT state FROM instruction WHERE id = ?", string(id)).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return Unknown, nil
	}
	return state, err
}

// Remember notes a transaction of this agent that sends the instruction.
func (s *Store) Remember(ctx context.Context, id trade.DocID, transactionID string) error {
	return s.exec(ctx, "INSERT OR IGNORE INTO sending (tx, id) VALUES (?, ?)", transactionID, string(id))
}

// Remembers reports whether the transaction is one that this agent made to send
// the instruction.
func (s *Store) Remembers(ctx context.Context, id trade.DocID, transactionID string) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM sending WHERE tx = ? AND id = ?", transactionID, string(id)).
		Scan(&n)
	return n > 0, err
}

// Find returns the instruction that a report names: by its end-to-end
// reference, its UETR or its message.
func (s *Store) Find(ctx context.Context, r iso20022.Report) (trade.DocID, bool, error) {
	var id trade.DocID
	err := s.db.QueryRowContext(ctx, `SELECT id FROM instruction
		WHERE (?1 <> '' AND reference = ?1) OR (?2 <> '' AND uetr = ?2)
		OR (?1 = '' AND ?2 = '' AND ?3 <> '' AND reference = ?3)`,
		r.EndToEndID, r.UETR, r.MessageID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return id, err == nil, err
}

// Reported notes a final report; the first one counts.
func (s *Store) Reported(ctx context.Context, id trade.DocID, r iso20022.Report) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO report (id, status, reason, reference) VALUES (?, ?, ?, ?)",
		string(id), string(r.Status), r.Reason, r.Reference); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx,
		"INSERT INTO todo (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET due = 0, failures = 0", string(id)); err != nil {
		return err
	}
	return tx.Commit()
}

// Report returns the engine's final report on the instruction, if it has come.
func (s *Store) Report(ctx context.Context, id trade.DocID) (iso20022.Report, bool, error) {
	var r iso20022.Report
	err := s.db.QueryRowContext(ctx, "SELECT status, reason, reference FROM report WHERE id = ?", string(id)).
		Scan(&r.Status, &r.Reason, &r.Reference)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

// Count returns how many instructions stand in each state.
func (s *Store) Count(ctx context.Context) (map[State]int, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT state, count(*) FROM instruction GROUP BY state")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[State]int{}
	for rows.Next() {
		var state State
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		out[state] = n
	}
	return out, rows.Err()
}

func (s *Store) exec(ctx context.Context, statement string, args ...any) error {
	_, err := s.db.ExecContext(ctx, statement, args...)
	return err
}

// scrapeTimeout bounds the count for a metrics page.
const scrapeTimeout = 2 * time.Second

// stateCollector counts instructions by state when metrics are read.
type stateCollector struct {
	store *Store
	desc  *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c stateCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect implements prometheus.Collector.
func (c stateCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	counts, err := c.store.Count(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.desc, err)
		return
	}
	for _, s := range []State{Waiting, Staged, Published, Settled, Rejected, Stopped, Attention} {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(counts[s]), string(s))
	}
}
