package relay

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/oracle/attestor"
	"github.com/argosy-trade/argosy/oracle/source"
	"github.com/argosy-trade/argosy/oracle/store"
)

// world is a store, a ledger and a key, and relays that come and go.
type world struct {
	t      *testing.T
	path   string
	store  *store.Store
	ledger *ledger
	signer *attestor.Signer
	timing Timing
	relay  *Relay
	n      int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	must(t, err)
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	signer, err := attestor.Parse(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	must(t, err)
	w := &world{
		t: t, path: filepath.Join(t.TempDir(), "o.db"), ledger: newLedger(), signer: signer,
		timing: Timing{
			Base: time.Millisecond, Cap: 2 * time.Millisecond, SweepEvery: 2 * time.Millisecond,
			SweepCap: 5 * time.Millisecond, MoveCap: 5 * time.Millisecond, Poll: 5 * time.Millisecond, PolicyAge: time.Hour,
		},
	}
	w.ledger.keys[customs] = signer.PublicKey()
	w.open()
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) open() {
	w.t.Helper()
	s, err := store.Open(context.Background(), w.path)
	must(w.t, err)
	w.t.Cleanup(func() { _ = s.Close() })
	w.store = s
}

// run starts a relay; stop ends it as a kill does: without a word to the store.
func (w *world) run() (stop func()) {
	w.t.Helper()
	w.relay = New(Config{
		Store: w.store, Registry: w.ledger, Documents: w.ledger,
		Signers: map[attest.SourceID]Signer{customs: w.signer}, Channel: "trade", Timing: w.timing, Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.relay.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("relay: %v", err)
		}
		ended <- nil
	}
	w.t.Cleanup(stop)
	return stop
}

// say receives a message that says that the declaration was cleared, or that
// this no longer holds.
func (w *world) say(mrn string, withdraws bool) {
	w.t.Helper()
	w.n++
	at := trade.InstantOf(time.Now())
	_, err := w.store.Receive(w.t.Context(), store.Delivery{
		Source: customs, Transport: "folder", Raw: fmt.Append(nil, w.n),
		ReceivedAt: at, Mapping: "test/1", Reports: map[string]bool{attest.CustomsCleared: true},
		Events: []source.Event{{
			ID: fmt.Sprintf("e%d", w.n), CreatedAt: trade.Instant(w.n), Canonical: fmt.Append(nil, w.n),
			Observations: []source.Observation{{
				Subject: source.Subject{Scheme: attest.SchemeMRN, Identifier: mrn},
				Type:    attest.CustomsCleared, Classifier: attest.Actual, OccurredAt: trade.Instant(w.n),
				Withdraws: withdraws,
			}},
		}},
	})
	must(w.t, err)
}

func condition(mrn string) trade.Condition {
	return trade.Condition{Subject: attest.SubjectOf(attest.SchemeMRN, mrn), Type: attest.CustomsCleared}
}

// document adds an undertaking that waits for the declarations to be cleared.
func (w *world) document(n byte, state string, mrns ...string) trade.DocID {
	id := trade.NewDocID("ImportBankMSP", [16]byte{n})
	h := trade.Header{ID: id, Kind: undertaking.Kind, State: state, Version: 3}
	for _, m := range mrns {
		h.Release = append(h.Release, condition(m))
	}
	w.ledger.look(func() bool { w.ledger.docs[id] = h; return true })
	return id
}

// await polls until the condition holds of the ledger.
func (w *world) await(what string, holds func() bool) {
	w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for !w.ledger.look(holds) {
		select {
		case <-tick.C:
		case <-deadline.C:
			d, _ := w.store.Depth(w.t.Context())
			w.t.Fatalf("never: %s; depth %+v", what, d)
		}
	}
}

func (w *world) rows(want map[store.State]int) {
	w.t.Helper()
	var got store.Depth
	w.await(fmt.Sprintf("rows %v", want), func() bool {
		var err error
		got, err = w.store.Depth(w.t.Context())
		must(w.t, err)
		for state, n := range want {
			if got.Rows[state] != n {
				return false
			}
		}
		return true
	})
}

func (w *world) state(id trade.DocID) string { return w.ledger.docs[id].State }
