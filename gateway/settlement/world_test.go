package settlement_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/events"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
	"github.com/argosy-trade/argosy/gateway/iso20022"
	"github.com/argosy-trade/argosy/gateway/settlement"
)

// TestAgentOnTheRealChaincode lets the agent follow a trade from the release to
// the discharge.
func TestAgentOnTheRealChaincode(t *testing.T) {
	w := gatewaytest.NewTown(t)
	dir := t.TempDir()
	out, in := settlement.Outbox{Folder: filepath.Join(dir, "out")}, settlement.Inbox{Folder: filepath.Join(dir, "in")}
	store, err := settlement.OpenStore(t.Context(), filepath.Join(dir, "agent.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for _, err := range []error{out.Prepare(), in.Prepare()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ledger, logger := settlement.Ledger{Client: w.ImportBank}, slog.New(slog.DiscardHandler)
	agent, err := settlement.New(settlement.Config{
		Bank: w.ImportBank.Profile().Company, Limits: map[string]int64{"EUR": 1_000_000},
		Reader: ledger, Actor: ledger, Files: out, Store: store, Inbox: in, Logger: logger,
		Metrics: prometheus.NewRegistry(), Poll: 20 * time.Millisecond, Now: time.Now,
		Events: events.Config{Source: w.ImportBank, Chaincode: gatewaytest.Trade, Logger: logger},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx) }()

	_, u := w.Sell(t, "26NL0009")
	if _, err := w.Relay.Facts.Report(t.Context(), w.Claim(t, "26NL0009", 1, false)); err != nil {
		t.Fatal(err)
	}
	accepted, err := w.Exporter.Undertakings.Accept(t.Context(), u.Value.ID)
	if err != nil || accepted.Released == nil || accepted.Released.Value.State != undertaking.Payable {
		t.Fatalf("acceptance after the fact releases at once: %+v, %v", accepted, err)
	}
	file := filepath.Join(out.Folder, settlement.FileName(u.Payment))
	await(t, func() bool { _, err := os.Stat(file); return err == nil })
	state, err := w.Rival.Payments.Header(t.Context(), u.Payment)
	if err != nil || state.Header.State != payment.Sent || !state.Valid {
		t.Fatalf("the file is out and the ledger says %+v, %v", state, err)
	}
	report := statusReport(iso20022.Reference(u.Payment), "ACSC", "")
	if err := os.WriteFile(filepath.Join(dir, "r.tmp"), []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "r.tmp"), filepath.Join(in.Folder, "r.xml")); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		state, err := w.Exporter.Undertakings.Header(t.Context(), u.Value.ID)
		return err == nil && state.Header.State == undertaking.Paid
	})
	if _, err := w.ImportBank.Payments.Send(t.Context(), u.Payment); fault.CodeOf(err) != fault.TransitionForbidden {
		t.Errorf("sent again: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the agent ended with %v", err)
	}
}

// await asks until done holds.
func await(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal("it did not come")
		}
	}
}
