package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// State is how far a report got.
type State string

// The states of a report. From Endorsed on the transaction's id is on disk;
// whether it was sent is not known until it is Submitted.
const (
	New       State = "new"
	Leased    State = "leased"
	Endorsed  State = "endorsed"
	Submitted State = "submitted"
	Committed State = "committed"
	// Failed: the ledger knows better; nothing is to be done.
	Failed State = "failed"
	// Dead: a person has to look; it can be replayed.
	Dead State = "dead"
)

// Open reports whether something is still to happen.
func (s State) Open() bool { return s == New || s == Leased || s == Endorsed || s == Submitted }

// Report is one claim on its way to the ledger.
type Report struct {
	ID    int64           `json:"id"`
	State State           `json:"state"`
	Claim attest.Claim    `json:"claim"` // Channel and Policy are set when it is signed
	From  attest.SourceID `json:"source"`
	// Signed is set once the claim was signed.
	Signed *attest.SignedClaim `json:"-"`
	// Attempts counts the leases.
	Attempts int `json:"attempts"`
	// Refusals counts the answers that count towards the dead letter.
	Refusals int `json:"refusals"`
	// TxID and Envelope are set from Endorsed on.
	TxID     string `json:"txId,omitempty"`
	Envelope []byte `json:"-"`
	Block    uint64 `json:"block,omitempty"`
	// Message is the inbox row whose contents are the evidence.
	Message   int64         `json:"message"`
	Code      string        `json:"code,omitempty"`
	Detail    string        `json:"detail,omitempty"`
	CreatedAt trade.Instant `json:"createdAt"`
	NextAt    trade.Instant `json:"nextAt"`
}

const reportColumns = `id, state, source, subject, type, sequence, message, occurred_at, observed_at, evidence,
	retracted, attempts, refusals, claim, tx_id, envelope, block, code, detail, created_at, next_at`

// Recover frees what a process that ended held. It is called once, at the
// start, by the holder of the lock.
func (s *Store) Recover(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `UPDATE outbox SET busy = 0,
		state = CASE state WHEN 'leased' THEN 'new' ELSE state END WHERE busy = 1 OR state = 'leased'`)
	return err
}

// Lease takes up to limit reports that are due at now and whose key has no
// earlier report under way. The caller ends each lease with Commit, Retry or
// Bury.
func (s *Store) Lease(ctx context.Context, now trade.Instant, limit int) ([]Report, error) {
	var out []Report
	err := s.write(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `UPDATE outbox SET busy = 1, attempts = attempts + 1, updated_at = ?,
			state = CASE state WHEN 'new' THEN 'leased' ELSE state END
			WHERE id IN (SELECT o.id FROM outbox o INDEXED BY outbox_open
				WHERE o.state IN ('new', 'endorsed', 'submitted') AND o.busy = 0 AND o.next_at <= ?
				AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.source = o.source AND p.subject = o.subject
					AND p.type = o.type AND p.sequence < o.sequence
					AND p.state IN ('new', 'leased', 'endorsed', 'submitted'))
				ORDER BY o.next_at, o.id LIMIT ?)
			RETURNING `+reportColumns, int64(now), int64(now), limit)
		if err != nil {
			return err
		}
		out, err = scanReports(rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lease: %w", err)
	}
	return out, nil
}

// NextDue returns when the earliest report that nobody holds is due; false when
// there is none.
func (s *Store) NextDue(ctx context.Context) (trade.Instant, bool, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx, `SELECT min(next_at) FROM outbox INDEXED BY outbox_open
		WHERE busy = 0 AND state IN ('new', 'endorsed', 'submitted')`).Scan(&at)
	return trade.Instant(at.Int64), at.Valid, err
}

// Sign keeps the signed claim, so that every repetition sends the same bytes.
func (s *Store) Sign(ctx context.Context, id int64, signed attest.SignedClaim) error {
	b, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	return s.one(ctx, "UPDATE outbox SET claim = ? WHERE id = ? AND busy = 1", b, id)
}

// Transaction is an endorsed transaction that is about to be sent.
type Transaction struct {
	ID       string
	Envelope []byte
}

// Endorse stores the transaction before it is sent.
func (s *Store) Endorse(ctx context.Context, id int64, tx Transaction) error {
	return s.one(ctx, "UPDATE outbox SET state = 'endorsed', tx_id = ?, envelope = ? WHERE id = ? AND busy = 1",
		tx.ID, tx.Envelope, id)
}

// Commit ends a lease: the claim is on the ledger. The subject's documents are
// looked for from now on until the time given.
func (s *Store) Commit(ctx context.Context, r Report, watch Watch) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := affectOne(tx.ExecContext(ctx, `UPDATE outbox SET state = 'committed', busy = 0, envelope = NULL, tx_id = ?,
			block = ?, code = '', detail = '', updated_at = ? WHERE id = ? AND busy = 1`,
			r.TxID, int64(r.Block), int64(watch.NextAt), r.ID)); err != nil { //nolint:gosec // block numbers stay below 2^63
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO watches (subject, next_at, interval, cursor, until) VALUES (?, ?, ?, '', ?)
			ON CONFLICT DO UPDATE SET next_at = excluded.next_at + (next_at = excluded.next_at),
			interval = excluded.interval, cursor = '', until = excluded.until`,
			watch.Subject[:], int64(watch.NextAt), watch.Interval, int64(watch.Until))
		return err
	})
}

// Refusal is why a report did not get through this time.
type Refusal struct {
	Code   string
	Detail string
	// At is when it happened.
	At trade.Instant
	// Counts: it counts towards the dead letter. That a peer is down does not.
	Counts bool
	// SameTransaction: the transaction that was stored stays the one to ask
	// about; otherwise a new one is made.
	SameTransaction bool
}

// Retry ends a lease: the report is due again at next.
func (s *Store) Retry(ctx context.Context, id int64, next trade.Instant, why Refusal) error {
	args := []any{int64(next), why.Code, why.Detail, why.Counts, int64(why.At), id}
	const set = "busy = 0, next_at = ?, code = ?, detail = ?, refusals = refusals + ?, updated_at = ?"
	if why.SameTransaction {
		return s.one(ctx, "UPDATE outbox SET state = 'submitted', "+set+" WHERE id = ? AND busy = 1 AND tx_id <> ''", args...)
	}
	return s.one(ctx, "UPDATE outbox SET state = 'new', tx_id = '', envelope = NULL, "+set+
		" WHERE id = ? AND busy = 1", args...)
}

// Bury ends a lease for good: Failed or Dead.
func (s *Store) Bury(ctx context.Context, id int64, state State, why Refusal) error {
	if state != Failed && state != Dead {
		return fmt.Errorf("a report is buried as failed or dead, not %s", state)
	}
	return s.one(ctx, `UPDATE outbox SET state = ?, busy = 0, code = ?, detail = ?, updated_at = ?
		WHERE id = ? AND busy = 1`, string(state), why.Code, why.Detail, int64(why.At), id)
}

var errNotHeld = errors.New("the report is not held")

// one runs a statement that must change exactly one row.
func (s *Store) one(ctx context.Context, query string, args ...any) error {
	return affectOne(s.db.ExecContext(ctx, query, args...))
}

func affectOne(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n != 1 {
		err = errNotHeld
	}
	return err
}

func scanReports(rows *sql.Rows) ([]Report, error) {
	defer func() { _ = rows.Close() }()
	var out []Report
	for rows.Next() {
		var r Report
		var subject, evidence, claim []byte
		c := &r.Claim
		if err := rows.Scan(&r.ID, &r.State, &c.Source, &subject, &c.Type, &c.Sequence, &r.Message, &c.OccurredAt,
			&c.ObservedAt, &evidence, &c.Retracted, &r.Attempts, &r.Refusals, &claim, &r.TxID, &r.Envelope, &r.Block, &r.Code,
			&r.Detail, &r.CreatedAt, &r.NextAt); err != nil {
			return nil, err
		}
		c.Subject, c.Evidence, c.Classifier, r.From = trade.Digest(subject), trade.Digest(evidence), attest.Actual, c.Source
		if claim != nil {
			r.Signed = new(attest.SignedClaim)
			if err := json.Unmarshal(claim, r.Signed); err != nil {
				return nil, fmt.Errorf("report %d: stored claim: %w", r.ID, err)
			}
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
