package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Watch is a subject whose waiting documents are looked for again and again.
type Watch struct {
	Subject trade.Digest
	NextAt  trade.Instant
	// Interval is the time to the next look, in milliseconds.
	Interval int64
	// Cursor is where the last look stopped; empty: at the end.
	Cursor string
	// Until is when the subject is given up.
	Until trade.Instant
}

// Watches returns up to limit subjects that are due at now, longest due first,
// and forgets those that are past their time.
func (s *Store) Watches(ctx context.Context, now trade.Instant, limit int) ([]Watch, error) {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM watches WHERE until <= ?", int64(now)); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT subject, next_at, interval, cursor, until FROM watches
		WHERE next_at <= ? ORDER BY next_at LIMIT ?`, int64(now), limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Watch
	for rows.Next() {
		var w Watch
		var subject []byte
		if err := rows.Scan(&subject, &w.NextAt, &w.Interval, &w.Cursor, &w.Until); err != nil {
			return nil, err
		}
		w.Subject = trade.Digest(subject)
		out = append(out, w)
	}
	return out, rows.Err()
}

// Watched stores when and where the next look at the subject begins. A watch
// that a newer fact has renewed since seen was read is left alone.
func (s *Store) Watched(ctx context.Context, seen, next Watch) error {
	_, err := s.db.ExecContext(ctx, `UPDATE watches SET next_at = ?, interval = ?, cursor = ?
		WHERE subject = ? AND next_at = ?`,
		int64(next.NextAt), next.Interval, next.Cursor, seen.Subject[:], int64(seen.NextAt))
	return err
}

// Delay is a document whose move failed.
type Delay struct {
	Document trade.DocID
	Attempts int
	NextAt   trade.Instant
	Code     string
}

// Delay returns the delay of the document; the zero value when there is none.
func (s *Store) Delay(ctx context.Context, id trade.DocID) (Delay, error) {
	d := Delay{Document: id}
	err := s.db.QueryRowContext(ctx, "SELECT attempts, next_at, code FROM delays WHERE document = ?", string(id)).
		Scan(&d.Attempts, &d.NextAt, &d.Code)
	if errors.Is(err, sql.ErrNoRows) {
		return d, nil
	}
	return d, err
}

// SetDelay stores a delay, and has the subject looked at again when it is over.
func (s *Store) SetDelay(ctx context.Context, subject trade.Digest, d Delay) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO delays (document, attempts, next_at, code) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET attempts = excluded.attempts, next_at = excluded.next_at, code = excluded.code`,
			string(d.Document), d.Attempts, int64(d.NextAt), d.Code); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE watches SET next_at = min(next_at, ?) WHERE subject = ?",
			int64(d.NextAt), subject[:])
		return err
	})
}

// ClearDelay forgets the delay of the document.
func (s *Store) ClearDelay(ctx context.Context, id trade.DocID) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM delays WHERE document = ?", string(id))
	return err
}
