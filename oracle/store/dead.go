package store

import (
	"context"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// MaxPage bounds a page of a list.
const MaxPage = 1000

// Dead returns up to limit dead reports with ids above after, in their order.
func (s *Store) Dead(ctx context.Context, after int64, limit int) ([]Report, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+reportColumns+
		" FROM outbox WHERE state = 'dead' AND id > ? ORDER BY id LIMIT ?", after, min(limit, MaxPage))
	if err != nil {
		return nil, err
	}
	return scanReports(rows)
}

// Replay makes the dead reports from first to last due again and returns how
// many they are. They keep their ids, their sequence and their signed claim.
func (s *Store) Replay(ctx context.Context, first, last int64, now trade.Instant) (int64, error) {
	r, err := s.db.ExecContext(ctx, `UPDATE outbox SET state = 'new', attempts = 0, refusals = 0, next_at = ?, tx_id = '',
		envelope = NULL, updated_at = ? WHERE state = 'dead' AND id BETWEEN ? AND ?`, int64(now), int64(now), first, last)
	if err != nil {
		return 0, err
	}
	s.notify()
	return r.RowsAffected()
}

// Apart is a message or an event that needs a person.
type Apart struct {
	Message    int64         `json:"message"`
	Source     string        `json:"source"`
	Name       string        `json:"name"`
	ReceivedAt trade.Instant `json:"receivedAt"`
	EventID    string        `json:"eventId,omitempty"`
	Code       string        `json:"code,omitempty"`
	Reason     string        `json:"reason"`
	Detail     string        `json:"detail"`
}

// Quarantine returns up to limit messages and events that were set apart, of
// inbox rows above after, in their order.
func (s *Store) Quarantine(ctx context.Context, after int64, limit int) ([]Apart, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, source, name, received_at, '' AS event_id, '' AS code, reason, detail
		FROM messages WHERE reason <> '' AND id > ?
		UNION ALL SELECT m.id, m.source, m.name, m.received_at, e.event_id, e.code, e.reason, e.detail
		FROM events e JOIN messages m ON m.id = e.message
		WHERE e.verdict IN ('quarantined', 'conflict') AND m.id > ?
		ORDER BY 1, 5 LIMIT ?`, after, after, min(limit, MaxPage))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Apart
	for rows.Next() {
		var a Apart
		if err := rows.Scan(&a.Message, &a.Source, &a.Name, &a.ReceivedAt, &a.EventID, &a.Code, &a.Reason,
			&a.Detail); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// Raw returns the bytes of an inbox row.
func (s *Store) Raw(ctx context.Context, message int64) ([]byte, error) {
	var raw []byte
	err := s.db.QueryRowContext(ctx, "SELECT raw FROM messages WHERE id = ?", message).Scan(&raw)
	return raw, err
}
