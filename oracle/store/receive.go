package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm3"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/source"
)

// Delivery is one authentic message and what its decoder made of it.
type Delivery struct {
	Source    attest.SourceID
	Transport string
	// Name is the file's name or the request's path.
	Name string
	// Headers are kept beside the message; the caller leaves credentials out.
	Headers    map[string]string
	Raw        []byte
	ReceivedAt trade.Instant
	// Salt is 32 random bytes for the evidence digest.
	Salt trade.Salt
	// Mapping names the table that gave the codes their meaning.
	Mapping string
	// Events are what the message says; Refusal is set instead when it cannot
	// be read as a whole.
	Events  []source.Event
	Refusal *source.Refusal
	// Reports are the fact types that are reported to the ledger; observations
	// of other types are kept and not reported.
	Reports map[string]bool
}

// Receipt says what became of a delivery.
type Receipt struct {
	Message int64
	// Duplicate: the same bytes had come before; nothing was added.
	Duplicate bool
	// Recorded, NoFact, Duplicates, Quarantined and Conflicts count events; a
	// message that is refused as a whole counts as one that is quarantined. Of a
	// duplicate, Quarantined and Conflicts say what was set apart at first.
	Recorded, NoFact, Duplicates, Quarantined, Conflicts int
	// Queued are the claims that were put into the outbox.
	Queued int
	// Reasons count refusals, NoFact included.
	Reasons map[source.Reason]int
}

// Receive records a delivery, all of it or nothing. What was received before is
// found again by the message's bytes and by each event's id, or its content
// where it has none; the same id with other content is kept as a conflict and
// means nothing.
func (s *Store) Receive(ctx context.Context, d Delivery) (Receipt, error) {
	r := Receipt{Reasons: map[source.Reason]int{}}
	err := s.write(ctx, func(tx *sql.Tx) error {
		in := intake{ctx: ctx, tx: tx, d: &d, receipt: &r, evidence: Evidence(d.Salt, d.Raw), touched: map[factKey]bool{}}
		return in.run()
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("receive: %w", err)
	}
	if r.Queued > 0 {
		s.notify()
	}
	return r, nil
}

// Evidence returns SM3 of salt and raw, which is what a claim carries.
func Evidence(salt trade.Salt, raw []byte) trade.Digest {
	h := sm3.New()
	h.Write(salt[:])
	h.Write(raw)
	return trade.Digest(h.Sum(nil))
}

// factKey is what one source says one thing about.
type factKey struct {
	subject trade.Digest
	kind    string
}

// intake is one delivery on its way into the database.
type intake struct {
	ctx      context.Context // of the one call of Receive that it lives for
	tx       *sql.Tx
	d        *Delivery
	receipt  *Receipt
	evidence trade.Digest
	touched  map[factKey]bool
	order    []factKey
}

func (in *intake) run() error {
	known, err := in.message()
	if err != nil || known {
		return err
	}
	if in.d.Refusal != nil {
		in.receipt.Quarantined++
		in.receipt.Reasons[in.d.Refusal.Reason]++
		return nil
	}
	for i := range in.d.Events {
		if err := in.event(&in.d.Events[i]); err != nil {
			return err
		}
	}
	for _, key := range in.order {
		if err := in.settle(key); err != nil {
			return err
		}
	}
	return nil
}

// message adds the inbox row; known is true when the same bytes are there.
func (in *intake) message() (known bool, err error) {
	d := in.d
	digest := sha256.Sum256(d.Raw)
	row := in.tx.QueryRowContext(in.ctx,
		"UPDATE messages SET copies = copies + 1 WHERE source = ? AND sha256 = ? RETURNING id", string(d.Source), digest[:])
	switch err := row.Scan(&in.receipt.Message); {
	case err == nil:
		in.receipt.Duplicate = true
		return true, in.formerVerdict()
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	headers, err := json.Marshal(d.Headers)
	if err != nil {
		return false, err
	}
	var reason, detail string
	if d.Refusal != nil {
		reason, detail = string(d.Refusal.Reason), d.Refusal.String()
	}
	m3 := sm3.Sum(d.Raw)
	raw := d.Raw
	if raw == nil {
		raw = []byte{}
	}
	return false, in.tx.QueryRowContext(in.ctx, `INSERT INTO messages
		(source, transport, name, received_at, headers, raw, sm3, sha256, salt, reason, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		string(d.Source), d.Transport, d.Name, int64(d.ReceivedAt), string(headers), raw, m3[:], digest[:], d.Salt[:],
		reason, detail).Scan(&in.receipt.Message)
}

// formerVerdict counts what was set apart when the message first came, so that a
// repeat is answered as the first was.
func (in *intake) formerVerdict() error {
	return in.tx.QueryRowContext(in.ctx, `SELECT
		(SELECT count(*) FROM messages WHERE id = ? AND reason <> '') +
		(SELECT count(*) FROM events WHERE message = ? AND verdict = 'quarantined'),
		(SELECT count(*) FROM events WHERE message = ? AND verdict = 'conflict')`,
		in.receipt.Message, in.receipt.Message, in.receipt.Message).Scan(&in.receipt.Quarantined, &in.receipt.Conflicts)
}

// The verdicts on an event.
const (
	recorded    = "recorded"
	noFact      = "nofact"
	quarantined = "quarantined"
	conflict    = "conflict"
)

// event adds one event and its observations.
func (in *intake) event(e *source.Event) error {
	content := sm3.Sum(e.Canonical)
	id := e.ID
	if id == "" {
		id = "content:" + hex.EncodeToString(content[:])
	}
	verdict, reason, detail := recorded, "", ""
	if e.Refusal != nil {
		reason, detail = string(e.Refusal.Reason), e.Refusal.String()
		verdict = noFact
		if e.Refusal.Reason.Quarantines() {
			verdict = quarantined
		}
	}
	same, taken, err := in.lookup(id, content[:])
	if err != nil {
		return err
	}
	if same {
		in.receipt.Duplicates++
		return nil
	}
	if taken {
		verdict = conflict
		reason, detail = "CONFLICT", "an event with this id and other content is on record"
	}
	var row int64
	err = in.tx.QueryRowContext(in.ctx, `INSERT INTO events
		(message, source, event_id, content, code, mapping, place, created_at, verdict, reason, detail, retracted)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
			EXISTS (SELECT 1 FROM retractions WHERE source = ? AND event_id = ?)) RETURNING id`,
		in.receipt.Message, string(in.d.Source), id, content[:], e.Code, in.d.Mapping, e.Place, int64(e.CreatedAt), verdict,
		reason, detail, string(in.d.Source), id).Scan(&row)
	if err != nil {
		return err
	}
	return in.outcome(e, verdict, row)
}

// outcome counts the event and, when it means something, records what.
func (in *intake) outcome(e *source.Event, verdict string, row int64) error {
	if e.Refusal != nil && verdict != conflict {
		in.receipt.Reasons[e.Refusal.Reason]++
	}
	switch verdict {
	case noFact:
		in.receipt.NoFact++
		return nil
	case quarantined:
		in.receipt.Quarantined++
		return nil
	case conflict:
		in.receipt.Conflicts++
		return nil
	}
	in.receipt.Recorded++
	if e.Retracts != "" {
		if err := in.retract(e.Retracts, row); err != nil {
			return err
		}
	}
	for _, o := range e.Observations {
		if err := in.observation(o, row); err != nil {
			return err
		}
	}
	return nil
}

// lookup reports whether the very event is on record, and whether its id is
// taken by another.
func (in *intake) lookup(id string, content []byte) (same, taken bool, err error) {
	err = in.tx.QueryRowContext(in.ctx, `SELECT
		EXISTS (SELECT 1 FROM events WHERE source = ? AND event_id = ? AND content = ?),
		EXISTS (SELECT 1 FROM events WHERE source = ? AND event_id = ? AND verdict <> 'conflict')`,
		string(in.d.Source), id, content, string(in.d.Source), id).Scan(&same, &taken)
	return same, taken, err
}

// touch marks a fact key whose last word may have changed.
func (in *intake) touch(key factKey) {
	if !in.touched[key] {
		in.touched[key] = true
		in.order = append(in.order, key)
	}
}

func (in *intake) observation(o source.Observation, event int64) error {
	subject := o.Subject.Digest()
	in.touch(factKey{subject, o.Type})
	_, err := in.tx.ExecContext(in.ctx, `INSERT INTO observations
		(event, source, scheme, identifier, subject, type, classifier, occurred_at, occurred_text, withdraws)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		event, string(in.d.Source), o.Subject.Scheme, o.Subject.Identifier, subject[:], o.Type, string(o.Classifier),
		int64(o.OccurredAt), o.OccurredText, o.Withdraws)
	return err
}

// retract takes back the event with the id, whether it has come or not.
func (in *intake) retract(id string, by int64) error {
	src := string(in.d.Source)
	if _, err := in.tx.ExecContext(in.ctx, "INSERT INTO retractions (source, event_id, by_event) VALUES (?, ?, ?)",
		src, id, by); err != nil {
		return err
	}
	if _, err := in.tx.ExecContext(in.ctx,
		"UPDATE events SET retracted = 1 WHERE source = ? AND event_id = ? AND verdict <> 'conflict'", src, id); err != nil {
		return err
	}
	rows, err := in.tx.QueryContext(in.ctx, `SELECT DISTINCT o.subject, o.type FROM observations o
		JOIN events e ON e.id = o.event WHERE e.source = ? AND e.event_id = ? AND e.retracted = 1 `, src, id)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var subject []byte
		var t string
		if err := rows.Scan(&subject, &t); err != nil {
			return err
		}
		in.touch(factKey{trade.Digest(subject), t})
	}
	return rows.Err()
}
