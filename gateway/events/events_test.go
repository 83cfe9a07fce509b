package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/events"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
)

// bench is a ledger with two peers and a client of them.
type bench struct {
	ledger *gatewaytest.Ledger
	peers  []*gatewaytest.Peer
	client *client.Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	n := gatewaytest.NewNetwork(t)
	b := &bench{ledger: &gatewaytest.Ledger{}}
	nth := 0
	b.ledger.Event = func(gatewaytest.Invocation) []byte {
		nth++
		return fmt.Appendf(nil, `{"events":[{"kind":"invoice","id":"doc-%d","version":%d}]}`, nth, nth)
	}
	b.peers = []*gatewaytest.Peer{n.StartPeer(t, b.ledger), n.StartPeer(t, b.ledger)}
	profile := n.Profile(t, gatewaytest.Member{MSPID: "ExportBankMSP", Name: "bank"}, b.peers...)
	b.client = gatewaytest.Connect(t, profile)
	return b
}

// commit makes n more transactions.
func (b *bench) commit(t *testing.T, n int) {
	t.Helper()
	for range n {
		if _, err := b.client.Constitution.Approve(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bench) config(sink events.Sink) events.Config {
	return events.Config{
		Source: b.client, Chaincode: gatewaytest.Registry, Sink: sink, Logger: slog.New(slog.DiscardHandler),
		Backoff: time.Millisecond, BackoffCap: 10 * time.Millisecond,
	}
}

// until follows the stream until n transactions were handled.
func until(t *testing.T, c events.Config, seen *[]string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c.Sink = stopping{c.Sink, func() bool { return len(*seen) >= n }, cancel}
	if err := events.Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatalf("run: %v, saw %v", err, *seen)
	}
}

// stopping ends the run after the transaction that fulfils done.
type stopping struct {
	events.Sink
	done func() bool
	stop func()
}

func (s stopping) Apply(ctx context.Context, t events.Transaction) error {
	err := s.Sink.Apply(ctx, t)
	if err == nil && s.done() {
		s.stop()
	}
	return err
}

func TestGoesOnAfterTheCheckpoint(t *testing.T) {
	b := newBench(t)
	b.commit(t, 3)
	path := filepath.Join(t.TempDir(), "checkpoint")
	var seen []string
	sink := events.FileSink(path, func(_ context.Context, tx events.Transaction) error {
		for _, e := range tx.Events {
			seen = append(seen, string(e.ID))
		}
		return nil
	})
	until(t, b.config(sink), &seen, 2)
	until(t, b.config(sink), &seen, 3)
	b.commit(t, 1)
	until(t, b.config(sink), &seen, 4)
	if !slices.Equal(seen, []string{"doc-1", "doc-2", "doc-3", "doc-4"}) {
		t.Errorf("saw %v", seen)
	}
}

func TestFailedTransactionIsNotSkipped(t *testing.T) {
	b := newBench(t)
	b.commit(t, 2)
	tries := 0
	var seen []string
	until(t, b.config(events.FileSink(filepath.Join(t.TempDir(), "c"),
		func(_ context.Context, tx events.Transaction) error {
			if tries++; tries < 4 {
				return errors.New("database is locked")
			}
			seen = append(seen, string(tx.Events[0].ID))
			return nil
		})), &seen, 2)
	if !slices.Equal(seen, []string{"doc-1", "doc-2"}) || tries != 5 {
		t.Errorf("saw %v in %d tries", seen, tries)
	}
}

func TestReconnectsAfterPeersDie(t *testing.T) {
	b := newBench(t)
	b.commit(t, 2)
	var seen []string
	until(t, b.config(events.FileSink(filepath.Join(t.TempDir(), "c"),
		func(_ context.Context, tx events.Transaction) error {
			seen = append(seen, string(tx.Events[0].ID))
			switch len(seen) {
			case 1: // the rest of the stream is lost, whichever peer it came from
				b.peers[0].Stop()
				b.peers[1].Stop()
				b.peers[1].Start()
			case 2:
				b.commit(t, 1)
			}
			return nil
		})), &seen, 3)
	if !slices.Equal(seen, []string{"doc-1", "doc-2", "doc-3"}) {
		t.Errorf("saw %v", seen)
	}
}

func TestInvalidTransactionsAreNotTold(t *testing.T) {
	b := newBench(t)
	b.ledger.Validate = func(nth int) peer.TxValidationCode {
		if nth == 1 {
			return peer.TxValidationCode_BAD_CREATOR_SIGNATURE
		}
		return peer.TxValidationCode_VALID
	}
	if _, err := b.client.Constitution.Approve(t.Context(), nil); err == nil {
		t.Fatal("the first transaction was to be invalid")
	}
	b.commit(t, 1)
	var seen []string
	until(t, b.config(events.FileSink(filepath.Join(t.TempDir(), "c"),
		func(_ context.Context, tx events.Transaction) error {
			seen = append(seen, fmt.Sprint(tx.Block))
			return nil
		})), &seen, 1)
	if !slices.Equal(seen, []string{"2"}) {
		t.Errorf("saw blocks %v", seen)
	}
}

func TestForeignEventMovesThePlaceOnly(t *testing.T) {
	b := newBench(t)
	b.ledger.Event = func(gatewaytest.Invocation) []byte { return []byte("not JSON") }
	b.commit(t, 1)
	var got []events.Transaction
	var seen []string
	until(t, b.config(events.FileSink(filepath.Join(t.TempDir(), "c"),
		func(_ context.Context, tx events.Transaction) error {
			got, seen = append(got, tx), append(seen, tx.TransactionID)
			return nil
		})), &seen, 1)
	if len(got) != 1 || got[0].Events != nil || got[0].Block != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestForeignCheckpointIsReported(t *testing.T) {
	b := newBench(t)
	b.commit(t, 2)
	path := filepath.Join(t.TempDir(), "c")
	text, err := json.Marshal(client.Position{Block: 1, TransactionID: "of another ledger"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	err = events.Run(t.Context(), b.config(events.FileSink(path, func(context.Context, events.Transaction) error {
		t.Error("something was delivered")
		return nil
	})))
	if !errors.Is(err, client.ErrForeignPosition) {
		t.Errorf("got %v", err)
	}
}

func TestTransactionNamesItsPlace(t *testing.T) {
	tx := events.Transaction{Block: 7, TransactionID: "abc", Events: []trade.Event{{ID: "d"}}}
	if p := tx.Position(); p.Block != 7 || p.TransactionID != "abc" {
		t.Errorf("got %+v", p)
	}
}
