package server

import (
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc/codes"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/chip"
	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/wire"
)

// startChip is start with a chip, whose callers execute its jobs.
func startChip(t *testing.T, o chip.Config) (*running, accelpb.ChipAdminClient, *prometheus.Registry) {
	t.Helper()
	p, err := timing.Load(timing.Default)
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	c, err := chip.New(chip.Options{
		Config: o, Kernel: kernel.Emmansun{}, Profile: p, Logger: slog.New(slog.DiscardHandler),
		Registerer: reg, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := startOn(t, Options{Kernel: kernel.Emmansun{}, Chip: c, Registerer: reg})
	return r, accelpb.NewChipAdminClient(r.conn), reg
}

func TestAdminNumbers(t *testing.T) {
	for mode, want := range map[accelpb.FaultMode]chip.Mode{
		accelpb.FaultMode_FAULT_MODE_UNSPECIFIED: chip.Sound, accelpb.FaultMode_FAULT_MODE_WRONG: chip.Wrong,
		accelpb.FaultMode_FAULT_MODE_STALL: chip.Stall, accelpb.FaultMode_FAULT_MODE_DEAD: chip.Dead,
	} {
		if chip.Mode(mode) != want {
			t.Errorf("%v is not %v", mode, want)
		}
	}
}

// TestServiceWithFaultyCores has callers at work while the admin spoils cores.
func TestServiceWithFaultyCores(t *testing.T) {
	r, admin, reg := startChip(t, chip.Config{Cores: 8, JobItems: 8, JobTimeout: 5 * time.Millisecond})
	s := acceltest.Sign(t, kernel.SM2SM3, 70)
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for range 6 {
				reply, err := r.rpc.Verify(t.Context(), request(s))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := wire.DecodeVerdicts(reply, len(s.Want)); err != nil || !slices.Equal(got, s.Want) {
					t.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	for id, mode := range []accelpb.FaultMode{
		accelpb.FaultMode_FAULT_MODE_WRONG, accelpb.FaultMode_FAULT_MODE_STALL, accelpb.FaultMode_FAULT_MODE_DEAD,
	} {
		_, err := admin.SetCores(t.Context(), &accelpb.SetCoresRequest{
			Ids:    []uint32{uint32(id), uint32(id + 3)},
			Change: &accelpb.SetCoresRequest_Fault{Fault: &accelpb.Fault{Mode: mode}},
		})
		wantCode(t, mode.String(), err, codes.OK)
	}
	callers.Wait()
	if _, err := r.rpc.Verify(t.Context(), request(s)); err != nil {
		t.Fatal(err)
	}
	list, err := admin.ListCores(t.Context(), &accelpb.ListCoresRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[accelpb.FaultMode]string{0: "none", 1: "wrong_answer", 2: "timeout", 3: "timeout"}
	for _, k := range list.GetCores() {
		if k.GetFence() != want[k.GetFault()] {
			t.Errorf("core %d with %v: fence %q, want %q", k.GetId(), k.GetFault(), k.GetFence(), want[k.GetFault()])
		}
	}
	st, err := r.rpc.Stats(t.Context(), &accelpb.StatsRequest{})
	if err != nil || st.GetChip().GetCoresInUse() != 2 || st.GetChip().GetOperations()[0].GetModelSeconds() <= 0 {
		t.Errorf("stats %v, %v", st, err)
	}
	if n, err := testutil.GatherAndCount(reg, "argosy_chip_core_up"); err != nil || n != 8 {
		t.Errorf("%d cores in the metrics, %v; want 8", n, err)
	}
	if err := r.Ready(t.Context()); err != nil {
		t.Errorf("two cores of eight are a quarter: %v", err)
	}
}

func TestTooFewCoresAreNotReadyButAnswer(t *testing.T) {
	r, admin, _ := startChip(t, chip.Config{Cores: 4, JobItems: 8})
	_, err := admin.SetCores(t.Context(), &accelpb.SetCoresRequest{
		Ids: []uint32{0, 1, 2, 3}, Change: &accelpb.SetCoresRequest_Fence{Fence: &accelpb.Fence{}},
	})
	wantCode(t, "fence", err, codes.OK)
	if err := r.Ready(t.Context()); !errors.Is(err, chip.ErrTooFewCores) {
		t.Errorf("ready: got %v, want ErrTooFewCores", err)
	}
	s := acceltest.Sign(t, kernel.SM2SM3, 30)
	reply, err := r.rpc.Verify(t.Context(), request(s))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := wire.DecodeVerdicts(reply, 30); err != nil || !slices.Equal(got, s.Want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAdminRefusals(t *testing.T) {
	_, admin, _ := startChip(t, chip.Config{Cores: 4})
	fence := &accelpb.SetCoresRequest_Fence{Fence: &accelpb.Fence{}}
	for name, req := range map[string]*accelpb.SetCoresRequest{
		"no core":      {Change: fence},
		"no such core": {Ids: []uint32{4}, Change: fence},
		"no change":    {Ids: []uint32{1}},
		"slowdown":     {Ids: []uint32{1}, Change: &accelpb.SetCoresRequest_Slowdown{Slowdown: 5000}},
		"mode":         {Ids: []uint32{1}, Change: &accelpb.SetCoresRequest_Fault{Fault: &accelpb.Fault{Mode: 4}}},
	} {
		_, err := admin.SetCores(t.Context(), req)
		wantCode(t, name, err, codes.InvalidArgument)
	}
}

// TestAdminIsOnTheUnixSocketOnly serves a chip on a network address.
func TestAdminIsOnTheUnixSocketOnly(t *testing.T) {
	r, admin, _ := startChip(t, chip.Config{Cores: 4})
	if _, err := admin.ListCores(t.Context(), &accelpb.ListCoresRequest{}); err != nil {
		t.Errorf("on the unix socket: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	remote := serveOn(t, r.Server, l)
	conn := remote.dial(t, func(c net.Conn) net.Conn { return c })
	_, err = accelpb.NewChipAdminClient(conn).ListCores(t.Context(), &accelpb.ListCoresRequest{})
	wantCode(t, "on a network", err, codes.Unimplemented)
	if _, err := accelpb.NewAcceleratorClient(conn).Stats(t.Context(), &accelpb.StatsRequest{}); err != nil {
		t.Errorf("the accelerator itself on a network: %v", err)
	}
}

func TestWithoutAChipThereIsNoAdmin(t *testing.T) {
	r := start(t, kernel.Emmansun{}, Limits{})
	_, err := accelpb.NewChipAdminClient(r.conn).ListCores(t.Context(), &accelpb.ListCoresRequest{})
	wantCode(t, "no chip", err, codes.Unimplemented)
	st, err := r.rpc.Stats(t.Context(), &accelpb.StatsRequest{})
	if err != nil || st.GetChip() != nil || strings.Contains(st.String(), "chip") {
		t.Errorf("stats %v, %v", st, err)
	}
}
