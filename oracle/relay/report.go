package relay

import (
	"context"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/store"
)

// policy is the digest of a policy and when it was read.
type policy struct {
	digest trade.Digest
	at     time.Time
}

// policyOf returns the digest of the policy in force; fresh asks the ledger
// whatever is remembered.
func (r *Relay) policyOf(ctx context.Context, factType string, fresh bool) (trade.Digest, error) {
	now := r.Now()
	r.mu.Lock()
	p, ok := r.policies[factType]
	r.mu.Unlock()
	if ok && !fresh && now.Sub(p.at) < r.Timing.PolicyAge {
		return p.digest, nil
	}
	digest, err := r.Registry.Policy(ctx, factType)
	if err != nil {
		return trade.Digest{}, err
	}
	r.mu.Lock()
	r.policies[factType] = policy{digest, now}
	r.mu.Unlock()
	return digest, nil
}

// report takes one leased report as far as it goes and ends the lease. When ctx
// ends the lease is left to Recover.
func (r *Relay) report(ctx context.Context, rep store.Report) {
	r.met.inFlight.Inc()
	defer r.met.inFlight.Dec()
	actx, cancel := context.WithTimeout(ctx, r.Timing.Attempt)
	defer cancel()
	sent := rep.State == store.Endorsed || rep.State == store.Submitted
	var done Done
	var err error
	if sent {
		done, err = r.Registry.Resume(actx, store.Transaction{ID: rep.TxID, Envelope: rep.Envelope})
		if done.TxID == "" {
			done.TxID = rep.TxID
		}
	} else {
		done, err = r.submit(actx, &rep, &sent)
	}
	if ctx.Err() != nil {
		return
	}
	log := r.Logger.With("report", rep.ID, "source", string(rep.From), "type", rep.Claim.Type,
		"subject", rep.Claim.Subject.String(), "sequence", rep.Claim.Sequence)
	if err == nil {
		err = r.committed(ctx, rep, done)
		log.InfoContext(ctx, "claim committed", "txId", done.TxID, "block", done.Block, "retracted", rep.Claim.Retracted)
	} else {
		why := r.judge(ctx, rep, err, sent)
		log.WarnContext(ctx, "claim not committed", "code", why.Code, "next", why.end, "attempt", rep.Attempts,
			"error", err)
		err = r.end(ctx, rep, why)
	}
	if err != nil && ctx.Err() == nil {
		log.ErrorContext(ctx, "outbox not updated", "error", err)
	}
}

// submit signs the claim if need be and has it committed. It sets sent once a
// transaction was stored.
func (r *Relay) submit(ctx context.Context, rep *store.Report, sent *bool) (Done, error) {
	digest, err := r.policyOf(ctx, rep.Claim.Type, false)
	if err != nil {
		return Done{}, err
	}
	if rep.Signed == nil || rep.Signed.Claim.Policy != digest {
		if err := r.sign(ctx, rep, digest); err != nil {
			return Done{}, err
		}
	}
	return r.Registry.Report(ctx, *rep.Signed, func(ctx context.Context, tx store.Transaction) error {
		if err := r.Store.Endorse(ctx, rep.ID, tx); err != nil {
			return err
		}
		rep.TxID, *sent = tx.ID, true
		return nil
	})
}

// sign signs the claim under the policy and keeps the result, so that every
// repetition sends the same bytes.
func (r *Relay) sign(ctx context.Context, rep *store.Report, digest trade.Digest) error {
	signer, ok := r.Signers[rep.From]
	if !ok {
		return fault.New(fault.SignatureInvalid, "no key is configured for source %s", rep.From)
	}
	claim := rep.Claim
	claim.Channel, claim.Policy = r.Channel, digest
	signed, err := signer.Sign(claim)
	if err != nil {
		return err
	}
	if err := r.Store.Sign(ctx, rep.ID, signed); err != nil {
		return err
	}
	rep.Signed = &signed
	return nil
}

// committed ends the lease and has the subject's documents looked for.
func (r *Relay) committed(ctx context.Context, rep store.Report, done Done) error {
	now := r.now()
	rep.TxID, rep.Block = done.TxID, done.Block
	err := r.Store.Commit(ctx, rep, store.Watch{
		Subject: rep.Claim.Subject, NextAt: now,
		Interval: r.Timing.SweepEvery.Milliseconds(), Until: now + trade.Instant(r.Timing.WatchFor.Milliseconds()),
	})
	if err != nil {
		return err
	}
	r.met.committed.WithLabelValues(string(rep.From)).Inc()
	r.met.latency.Observe(float64(now-rep.CreatedAt) / 1000)
	select {
	case r.kick <- struct{}{}:
	default:
	}
	return nil
}

// ending is what becomes of a report that was not committed.
type ending string

const (
	again    ending = "retry"  // later, with a new proposal
	askAgain ending = "resume" // later, about the same transaction
	stale    ending = "failed" // the ledger knows better
	buried   ending = "dead"   // a person has to look
)

type judgement struct {
	store.Refusal
	end ending
}

// maxAsk is how many leases are spent on asking about a transaction before
// another is made: an envelope that no orderer takes any more, such as one of an
// expired certificate, would be asked about for ever.
const maxAsk = 10

// judge says what the refusal allows.
func (r *Relay) judge(ctx context.Context, rep store.Report, err error, sent bool) judgement {
	code := fault.CodeOf(err)
	j := judgement{Refusal: store.Refusal{Code: string(code), At: r.now(), Detail: detail(err)}}
	j.end, j.Counts = ruling(code, sent)
	if j.end == askAgain && rep.Attempts >= maxAsk {
		// The ledger takes the same claim once, so a new transaction is safe;
		// asking first is thrift, and this one is not coming back.
		j.end = again
	}
	if j.end == buried && rep.Signed != nil {
		// A claim that was signed under a policy that has been replaced meanwhile
		// is refused; signed anew it may be good.
		if digest, err := r.policyOf(ctx, rep.Claim.Type, true); err == nil && digest != rep.Signed.Claim.Policy {
			j.end, j.Counts = again, true
		}
	}
	if j.Counts && rep.Refusals+1 >= r.Timing.MaxRefusals {
		j.end = buried
	}
	if j.Code == "" {
		j.Code = "UNCLASSIFIED"
	}
	j.SameTransaction = j.end == askAgain
	return j
}

// ruling is the table of retry classes. sent says that a transaction was stored
// and may have been sent; counts that the refusal counts towards the dead
// letter, which the network's being down does not.
func ruling(code fault.Code, sent bool) (end ending, counts bool) {
	switch code {
	case "": // no refusal of the ledger: a time-out, a broken connection, a full disk
		if sent {
			return askAgain, false
		}
		return again, false
	case fault.ClaimStale:
		return stale, false
	case fault.SourceNotAllowed, fault.ClockSkew, fault.EndorsementFailed, fault.EndorsersDisagree:
		// The operators may be about to approve the source, a clock or a peer
		// may be about to catch up.
		return again, true
	default: // the class decides
	}
	switch code.Class() {
	case fault.ClassUnknown:
		if sent {
			return askAgain, false
		}
		return again, false
	case fault.ClassUnavailable:
		if sent {
			return askAgain, false
		}
		return again, false
	case fault.ClassContention, fault.ClassAbsent:
		return again, true
	case fault.ClassInvalid, fault.ClassDenied, fault.ClassPrecondition, fault.ClassConflict, fault.ClassInternal:
		return buried, true
	}
	return buried, true
}

// end ends the lease as judged.
func (r *Relay) end(ctx context.Context, rep store.Report, j judgement) error {
	switch j.end {
	case stale:
		r.met.failed.WithLabelValues(j.Code).Inc()
		return r.Store.Bury(ctx, rep.ID, store.Failed, j.Refusal)
	case buried:
		r.met.dead.WithLabelValues(j.Code).Inc()
		return r.Store.Bury(ctx, rep.ID, store.Dead, j.Refusal)
	case again, askAgain:
	}
	r.met.retries.WithLabelValues(j.Code).Inc()
	next := r.now() + trade.Instant(delay(r.Timing.Base, r.Timing.Cap, rep.Attempts-1).Milliseconds()) + 1
	return r.Store.Retry(ctx, rep.ID, next, j.Refusal)
}

// maxDetail bounds the text of an error that is kept.
const maxDetail = 500

func detail(err error) string {
	text := err.Error()
	if f, ok := fault.From(err); ok {
		text = f.Message
	}
	if len(text) > maxDetail {
		text = text[:maxDetail]
	}
	return text
}
