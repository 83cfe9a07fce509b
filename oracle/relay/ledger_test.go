package relay

import (
	"context"
	"fmt"
	"sync"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/oracle/attestor"
	"github.com/argosy-trade/argosy/oracle/store"
)

// ledger is a small honest ledger in memory: it checks signatures, policies and
// sequences as the real one does, and can be told to misbehave.
type ledger struct {
	mu     sync.Mutex
	keys   map[attest.SourceID]string
	policy trade.Digest
	// latest claim by subject and type; one source in these tests.
	latest map[trade.Condition]attest.SignedClaim
	facts  map[trade.Condition]trade.FactStatus
	docs   map[trade.DocID]trade.Header
	sent   map[string]attest.SignedClaim // by transaction id
	// answers are given to the next reports, one each, before they are sent.
	answers []error
	// silent makes a report be sent and committed, but unanswered.
	silent bool
	// stuck holds back reports of the subject until the context ends.
	stuck trade.Digest
	// lost makes transactions vanish between beforeSubmit and the orderer.
	lost bool
	// missing organisations keep documents from moving.
	missing map[trade.DocID]bool

	reports, resumes, committed, busy, most int
	moves                                   []Move
	stored                                  func(txID string) bool
	unstored                                int
}

func newLedger() *ledger {
	return &ledger{
		keys: map[attest.SourceID]string{}, policy: trade.Digest{1}, missing: map[trade.DocID]bool{},
		latest: map[trade.Condition]attest.SignedClaim{}, facts: map[trade.Condition]trade.FactStatus{},
		docs: map[trade.DocID]trade.Header{}, sent: map[string]attest.SignedClaim{},
	}
}

func (l *ledger) Policy(context.Context, string) (trade.Digest, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.policy, nil
}

func (l *ledger) Report(ctx context.Context, signed attest.SignedClaim, before BeforeSubmit) (Done, error) {
	l.mu.Lock()
	l.reports++
	l.busy++
	l.most = max(l.most, l.busy)
	id := fmt.Sprintf("tx%d", l.reports)
	stuck := !l.stuck.IsZero() && l.stuck == signed.Claim.Subject
	var answer error
	if len(l.answers) > 0 {
		answer, l.answers = l.answers[0], l.answers[1:]
	}
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.busy--
		l.mu.Unlock()
	}()
	if answer != nil {
		return Done{}, answer
	}
	if stuck {
		<-ctx.Done()
		return Done{}, ctx.Err()
	}
	if err := l.check(signed); err != nil {
		return Done{}, err
	}
	if err := before(ctx, store.Transaction{ID: id, Envelope: []byte(id)}); err != nil {
		return Done{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stored != nil && !l.stored(id) {
		l.unstored++
	}
	if l.lost {
		l.sent[id] = signed
		return Done{}, fault.New(fault.OutcomeUnknown, "no answer")
	}
	l.apply(signed)
	if l.silent {
		l.sent[id] = signed
		return Done{}, fault.New(fault.OutcomeUnknown, "no answer")
	}
	return Done{TxID: id, Block: 7}, nil
}

// check is what endorsers do.
func (l *ledger) check(signed attest.SignedClaim) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := signed.Claim
	had, ok := l.latest[trade.Condition{Subject: c.Subject, Type: c.Type}]
	switch {
	case !attestor.Verify(l.keys[c.Source], signed):
		return fault.New(fault.SignatureInvalid, "it does not verify")
	case c.Policy != l.policy:
		return fault.New(fault.FieldInvalid, "another policy is in force")
	case ok && had.Claim.Sequence >= c.Sequence && had.Claim != c:
		return fault.New(fault.ClaimStale, "sequence %d is known", had.Claim.Sequence)
	}
	return nil
}

// apply is what a commit does. The lock is held.
func (l *ledger) apply(signed attest.SignedClaim) {
	c := trade.Condition{Subject: signed.Claim.Subject, Type: signed.Claim.Type}
	if l.latest[c].Claim == signed.Claim {
		return
	}
	l.committed++
	l.latest[c] = signed
	l.facts[c] = trade.FactStatus{State: trade.FactEstablished, EstablishedAt: signed.Claim.ObservedAt}
	if signed.Claim.Retracted {
		l.facts[c] = trade.FactStatus{State: trade.FactRetracted}
	}
}

func (l *ledger) Resume(_ context.Context, tx store.Transaction) (Done, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resumes++
	signed, ok := l.sent[tx.ID]
	if !ok || string(tx.Envelope) != tx.ID {
		return Done{}, fault.New(fault.OutcomeUnknown, "unknown transaction")
	}
	l.apply(signed)
	return Done{TxID: tx.ID, Block: 8}, nil
}

func (l *ledger) Waiting(_ context.Context, subject trade.Digest, after string) ([]trade.DocID, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// One document a page, so that paging is exercised.
	var best trade.DocID
	for id, h := range l.docs {
		for _, c := range h.Release {
			if c.Subject == subject && string(id) > after && (best == "" || id < best) {
				best = id
			}
		}
	}
	if best == "" {
		return nil, "", nil
	}
	return []trade.DocID{best}, string(best), nil
}

func (l *ledger) Header(_ context.Context, id trade.DocID) (trade.Header, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, ok := l.docs[id]
	if !ok {
		return h, fault.New(fault.DocNotFound, "no such document")
	}
	return h, nil
}

func (l *ledger) Fact(_ context.Context, c trade.Condition) (trade.FactStatus, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.facts[c], nil
}

func (l *ledger) Move(_ context.Context, m Move) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moves = append(l.moves, m)
	h := l.docs[m.ID]
	if l.missing[m.ID] {
		return fault.New(fault.OrganisationMissing, "ImportBankMSP has no peer up")
	}
	if h.Version != m.Version {
		return fault.New(fault.VersionStale, "version %d", h.Version)
	}
	h.Version++
	switch m.Action {
	case undertaking.Release:
		h.State = undertaking.Payable
	case undertaking.Stop:
		h.State = undertaking.Stopped
	}
	l.docs[m.ID] = h
	return nil
}

// look runs f while nothing changes.
func (l *ledger) look(f func() bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return f()
}
