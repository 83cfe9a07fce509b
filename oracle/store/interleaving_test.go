package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// end is what a set of events amounts to for one subject.
type end struct {
	holds    bool
	occurred trade.Instant
}

// naive is the twin of the store's precedence: it sees all events at once.
func naive(events []said, subject string) end {
	back := map[string]bool{}
	for _, e := range events {
		if e.retracts != "" {
			back[e.retracts] = true
		}
	}
	var best *said
	for _, e := range events {
		if e.subject != subject || e.retracts != "" || e.classifier != attest.Actual || back[e.id] {
			continue
		}
		if best == nil || e.created > best.created || (e.created == best.created && e.id > best.id) {
			best = &e
		}
	}
	if best == nil || best.withdraws {
		return end{}
	}
	return end{true, best.occurred}
}

// TestAnyInterleavingGivesTheSameEnd sends random events in random order with
// duplicates, in messages of one or several, with reports delivered in between,
// and compares what the last committed claim of each subject says with the twin.
func TestAnyInterleavingGivesTheSameEnd(t *testing.T) {
	subjects := []string{"A", "B"}
	dir, runs := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		n := rapid.IntRange(1, 8).Draw(rt, "events")
		events := make([]said, n)
		for i := range events {
			e := said{id: fmt.Sprintf("e%d", i), created: t0 + trade.Instant(rapid.IntRange(0, 4).Draw(rt, "created"))}
			if i > 0 && rapid.IntRange(0, 4).Draw(rt, "retracts") == 0 {
				e.retracts = fmt.Sprintf("e%d", rapid.IntRange(0, n-1).Draw(rt, "target"))
				if e.retracts == e.id {
					e.retracts = "unknown"
				}
			} else {
				e.subject = rapid.SampledFrom(subjects).Draw(rt, "subject")
				e.classifier = rapid.SampledFrom([]attest.Classifier{
					attest.Actual, attest.Actual, attest.Estimated,
					attest.Planned,
				}).Draw(rt, "classifier")
				e.occurred = t0 + trade.Instant(rapid.IntRange(1, 3).Draw(rt, "occurred"))
				e.withdraws = rapid.IntRange(0, 4).Draw(rt, "withdraws") == 0
			}
			events[i] = e
		}
		seed := rapid.Uint64().Draw(rt, "order")
		order := rand.New(rand.NewPCG(seed, 1))
		stream := append(slices.Clone(events), events[order.IntN(n)], events[order.IntN(n)])
		order.Shuffle(len(stream), func(i, j int) { stream[i], stream[j] = stream[j], stream[i] })
		got := play(rt, filepath.Join(dir, fmt.Sprintf("%d.db", runs)), stream, order)
		for _, subject := range subjects {
			if want := naive(events, subject); got[subject] != want {
				rt.Errorf("subject %s ends %+v, want %+v; events %+v as %+v", subject, got[subject], want, events, stream)
			}
		}
	})
}

// play receives the stream and delivers reports whenever the order says so; it
// returns what the ledger holds in the end.
func play(rt *rapid.T, path string, stream []said, order *rand.Rand) map[string]end {
	s, err := Open(context.Background(), path)
	must(rt, err)
	defer func() { _ = s.Close() }()
	names := map[trade.Digest]string{}
	for _, n := range []string{"A", "B"} {
		names[attest.SubjectOf(attest.SchemeMRN, n)] = n
	}
	ledger := map[string]end{}
	sequences := map[string]uint64{}
	deliver := func(all bool) {
		for rows := lease(rt, s, t0*2); len(rows) > 0; rows = lease(rt, s, t0*2) {
			for _, row := range rows {
				name := names[row.Claim.Subject]
				if row.Claim.Sequence <= sequences[name] {
					rt.Errorf("sequence %d after %d", row.Claim.Sequence, sequences[name])
				}
				sequences[name] = row.Claim.Sequence
				ledger[name] = end{!row.Claim.Retracted, row.Claim.OccurredAt}
				if row.Claim.Retracted {
					ledger[name] = end{}
				}
				must(rt, s.Commit(context.Background(), row, Watch{Until: t0 * 2}))
			}
			if !all {
				return
			}
		}
	}
	for n := 0; len(stream) > 0; n++ {
		take := 1 + order.IntN(min(3, len(stream)))
		receive(rt, s, delivery(n, stream[:take]...))
		stream = stream[take:]
		if order.IntN(2) == 0 {
			deliver(false)
		}
	}
	deliver(true)
	return ledger
}
