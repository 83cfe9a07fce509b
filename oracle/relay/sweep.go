package relay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/oracle/store"
)

// Documents is the part of the ledger that holds what waits for facts. Its
// errors carry a fault where the ledger gave one.
type Documents interface {
	// Waiting returns a page of documents whose conditions name the subject, and
	// where the next page begins; next is empty after the last. The ids are
	// hints: anybody can write them.
	Waiting(ctx context.Context, subject trade.Digest, after string) (ids []trade.DocID, next string, err error)
	// Header returns the header of a document that every party's organisation
	// holds; any other is refused with DOC_INVALID or DOC_NOT_FOUND.
	Header(ctx context.Context, id trade.DocID) (trade.Header, error)
	// Fact returns what is known of a condition; PENDING when nothing is.
	Fact(ctx context.Context, c trade.Condition) (trade.FactStatus, error)
	// Move takes the step; the same step twice is harmless.
	Move(ctx context.Context, m Move) error
}

// Move is one step of a document that a fact brings about.
type Move struct {
	ID trade.DocID
	// Version is the version that was read.
	Version uint64
	// Action is undertaking.Release or undertaking.Stop.
	Action string
	// RequestID is the same for the same step.
	RequestID string
}

const (
	// watchesPerPass bounds the subjects of one pass.
	watchesPerPass = 64
	// idleSweep is how long the sweep sleeps at most.
	idleSweep = time.Second
)

// sweep looks at the subjects that are due until ctx ends.
func (r *Relay) sweep(ctx context.Context) error {
	var moves sync.WaitGroup
	defer moves.Wait()
	room := make(chan struct{}, r.Timing.Moves)
	for {
		watches, err := r.Store.Watches(ctx, r.now(), watchesPerPass)
		if err != nil {
			return err
		}
		for _, w := range watches {
			if err := r.look(ctx, w, &pool{&moves, room}); err != nil {
				return err
			}
		}
		if len(watches) == watchesPerPass {
			continue
		}
		timer := time.NewTimer(min(idleSweep, r.Timing.SweepEvery))
		select {
		case <-ctx.Done():
		case <-r.kick:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// pool bounds the moves under way.
type pool struct {
	group *sync.WaitGroup
	room  chan struct{}
}

// run starts f when there is room.
func (p *pool) run(ctx context.Context, f func()) {
	select {
	case p.room <- struct{}{}:
	case <-ctx.Done():
		return
	}
	p.group.Go(func() {
		defer func() { <-p.room }()
		f()
	})
}

// look reads one page of the documents that wait for the subject, starts their
// moves and stores when to look again. A ledger that does not answer is asked
// later.
func (r *Relay) look(ctx context.Context, w store.Watch, p *pool) error {
	actx, cancel := context.WithTimeout(ctx, r.Timing.Attempt)
	defer cancel()
	next := w
	ids, cursor, err := r.Documents.Waiting(actx, w.Subject, w.Cursor)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	interval := min(2*w.Interval, r.Timing.SweepCap.Milliseconds())
	switch {
	case err != nil:
		r.met.retries.WithLabelValues(codeLabel(err)).Inc()
		r.Logger.WarnContext(ctx, "waiting documents not read", "subject", w.Subject.String(), "error", err)
		next.NextAt = r.now() + trade.Instant(delay(r.Timing.Base, r.Timing.Cap, 3).Milliseconds()) + 1
	case cursor != "":
		next.Cursor, next.NextAt = cursor, max(r.now(), w.NextAt+1)
	default:
		next.Cursor, next.Interval, next.NextAt = "", interval, r.now()+trade.Instant(w.Interval)
	}
	// The next look is stored first: a failed move brings it forward.
	if err := r.Store.Watched(ctx, w, next); err != nil {
		return err
	}
	for _, id := range ids {
		p.run(ctx, func() { r.document(ctx, w.Subject, id) })
	}
	return ctx.Err()
}

// document moves one document if its facts ask for it. Whatever goes wrong
// delays this document alone.
func (r *Relay) document(ctx context.Context, subject trade.Digest, id trade.DocID) {
	if !r.claim(id) {
		return
	}
	defer r.release(id)
	d, err := r.Store.Delay(ctx, id)
	if err != nil || d.NextAt > r.now() {
		return
	}
	actx, cancel := context.WithTimeout(ctx, r.Timing.Attempt)
	defer cancel()
	action, err := r.step(actx, id)
	if ctx.Err() != nil {
		return
	}
	log := r.Logger.With("document", string(id), "action", action)
	if action != "" {
		result := "moved"
		if err != nil {
			result = codeLabel(err)
		}
		r.met.moves.WithLabelValues(action, result).Inc()
	}
	switch code := fault.CodeOf(err); {
	case err == nil:
		if action != "" {
			log.InfoContext(ctx, "document moved")
		}
		err = r.clear(ctx, d)
	case code == fault.TransitionForbidden || code == fault.DocInvalid || code == fault.DocNotFound:
		// Somebody else moved it, or it is nothing to rely on.
		err = r.clear(ctx, d)
	default:
		d.Attempts, d.Code = d.Attempts+1, codeLabel(err)
		d.NextAt = r.now() + trade.Instant(delay(r.Timing.Base, r.Timing.MoveCap, d.Attempts-1).Milliseconds()) + 1
		log.WarnContext(ctx, "document not moved", "code", d.Code, "attempts", d.Attempts, "error", err)
		err = r.Store.SetDelay(ctx, subject, d)
	}
	if err != nil && ctx.Err() == nil {
		log.ErrorContext(ctx, "delay not stored", "error", err)
	}
}

func (r *Relay) clear(ctx context.Context, d store.Delay) error {
	if d.Attempts == 0 {
		return nil
	}
	return r.Store.ClearDelay(ctx, d.Document)
}

// claim and release keep two looks from moving one document at the same time.
func (r *Relay) claim(id trade.DocID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.moving[id] {
		return false
	}
	r.moving[id] = true
	return true
}

func (r *Relay) release(id trade.DocID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.moving, id)
}

// step reads the document and its conditions and takes the step that they ask
// for, if any; it returns that step.
func (r *Relay) step(ctx context.Context, id trade.DocID) (string, error) {
	h, err := r.Documents.Header(ctx, id)
	if err != nil {
		return "", err
	}
	if h.Kind != undertaking.Kind || len(h.Release) == 0 {
		return "", nil
	}
	var action string
	switch h.State {
	case undertaking.Accepted, undertaking.Stopped:
		action = undertaking.Release
	case undertaking.Payable, undertaking.Paid:
		action = undertaking.Stop
	default:
		return "", nil
	}
	facts := make(map[trade.Condition]trade.FactStatus, len(h.Release))
	for _, c := range h.Release {
		if facts[c], err = r.Documents.Fact(ctx, c); err != nil {
			return "", err
		}
	}
	established := trade.Established(h.Release, facts, h.Deadline) == nil
	if established != (action == undertaking.Release) {
		return "", nil
	}
	return action, r.Documents.Move(ctx, Move{
		ID: id, Version: h.Version, Action: action,
		RequestID: requestID(id, h.Version, action),
	})
}

// requestID is the same for the same step of the same document, so that a
// repetition after a crash has the effect once.
func requestID(id trade.DocID, version uint64, action string) string {
	digest := sha256.Sum256(fmt.Appendf(nil, "argosy.relay.move.v1\x00%s\x00%d\x00%s", id, version, action))
	return hex.EncodeToString(digest[:16])
}

func codeLabel(err error) string {
	if code := fault.CodeOf(err); code != "" {
		return string(code)
	}
	return "UNCLASSIFIED"
}
