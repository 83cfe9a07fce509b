package store

import (
	"database/sql"
	"errors"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// word is the last word of a source about a fact key.
type word struct {
	occurredAt trade.Instant
	// withdrawn: the source says that it does not hold.
	withdrawn bool
}

// settle compares the last word about the key with what was put into the outbox
// and adds a claim when they differ: an assertion with another event time, or a
// retraction of what was asserted. A key of which nothing was ever asserted has
// nothing to retract.
func (in *intake) settle(key factKey) error {
	if !in.d.Reports[key.kind] {
		return nil
	}
	last, err := in.lastWord(key)
	if err != nil {
		return err
	}
	var sequence int64
	var reported word
	err = in.tx.QueryRowContext(in.ctx,
		"SELECT sequence, occurred_at, retracted FROM facts WHERE source = ? AND subject = ? AND type = ?",
		string(in.d.Source), key.subject[:], key.kind).Scan(&sequence, &reported.occurredAt, &reported.withdrawn)
	never := errors.Is(err, sql.ErrNoRows)
	if err != nil && !never {
		return err
	}
	if last.withdrawn && (never || reported.withdrawn) {
		return nil
	}
	if last.withdrawn {
		last.occurredAt = reported.occurredAt
	}
	if !never && last == reported {
		return nil
	}
	return in.queue(key, last, nextSequence(sequence, in.d.ReceivedAt))
}

// nextSequence grows with every claim of a key. It follows the clock, so that an
// oracle whose database was lost does not begin again below what the ledger
// holds.
func nextSequence(last int64, now trade.Instant) int64 { return max(last+1, int64(now)) }

// lastWord finds what the source says last: of actual observations that were
// not taken back, the one whose event was created last; ties go to the greater
// event id. Estimates and plans are kept and never win.
func (in *intake) lastWord(key factKey) (word, error) {
	var w word
	err := in.tx.QueryRowContext(in.ctx, `SELECT o.occurred_at, o.withdraws FROM observations o
		JOIN events e ON e.id = o.event
		WHERE o.source = ? AND o.subject = ? AND o.type = ? AND o.classifier = 'ACT' AND e.retracted = 0
		ORDER BY e.created_at DESC, e.event_id DESC LIMIT 1`,
		string(in.d.Source), key.subject[:], key.kind).Scan(&w.occurredAt, &w.withdrawn)
	if errors.Is(err, sql.ErrNoRows) {
		return word{withdrawn: true}, nil
	}
	return w, err
}

// queue puts a claim into the outbox and notes it as the last one of its key.
func (in *intake) queue(key factKey, w word, sequence int64) error {
	src := string(in.d.Source)
	if _, err := in.tx.ExecContext(in.ctx, `INSERT INTO facts (source, subject, type, sequence, occurred_at, retracted)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
		sequence = excluded.sequence, occurred_at = excluded.occurred_at, retracted = excluded.retracted`,
		src, key.subject[:], key.kind, sequence, int64(w.occurredAt), w.withdrawn); err != nil {
		return err
	}
	in.receipt.Queued++
	now := int64(in.d.ReceivedAt)
	_, err := in.tx.ExecContext(in.ctx, `INSERT INTO outbox (source, subject, type, sequence, message, occurred_at,
		observed_at, evidence, retracted, state, next_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'new', ?, ?, ?)`,
		src, key.subject[:], key.kind, sequence, in.receipt.Message, int64(w.occurredAt), now, in.evidence[:], w.withdrawn,
		now, now, now)
	return err
}
