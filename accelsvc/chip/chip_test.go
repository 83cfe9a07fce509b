package chip

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// quick is a kernel whose answers depend on the input and cost nothing. The
// hooks run before each batch, if set.
type quick struct{ before func(records int) }

func (quick) Name() string { return "quick" }

func (q quick) Verify(_ kernel.Algorithm, keys []kernel.PublicKey, records []kernel.Record, verdicts []bool) {
	if q.before != nil {
		q.before(len(records))
	}
	for i := range records {
		verdicts[i] = (records[i].Digest[0]^keys[records[i].Key][0])%3 != 0
	}
}

func (quick) Hash(_ kernel.HashAlgorithm, messages [][]byte, digests []kernel.Digest) {
	for i, m := range messages {
		digests[i] = sha256.Sum256(m)
	}
}

// batch returns n records and their right verdicts.
func batch(n int) (keys []kernel.PublicKey, records []kernel.Record, want []bool) {
	keys, records, want = make([]kernel.PublicKey, 3), make([]kernel.Record, n), make([]bool, n)
	for i := range keys {
		keys[i][0] = byte(i)
	}
	for i := range records {
		records[i].Key = uint32(i % len(keys))
		records[i].Digest[0] = byte(i * 7)
	}
	quick{}.Verify(kernel.SM2SM3, keys, records, want)
	return keys, records, want
}

// silent is a clock that stands still.
func silent() time.Time { return time.Time{} }

func build(tb testing.TB, k kernel.Kernel, o Config) *Chip {
	tb.Helper()
	p, err := timing.Load(timing.Default)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := New(Options{
		Config: o, Kernel: k, Profile: p, Logger: slog.New(slog.DiscardHandler),
		Registerer: prometheus.NewRegistry(), Now: silent,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// running is a chip with its workers.
func running(tb testing.TB, k kernel.Kernel, o Config) *Chip {
	tb.Helper()
	c := build(tb, k, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Run: %v", err)
		}
	})
	return c
}

func verify(tb testing.TB, c *Chip, n int) {
	tb.Helper()
	keys, records, want := batch(n)
	got := make([]bool, n)
	if err := c.VerifyAll(tb.Context(), kernel.SM2SM3, keys, records, got); err != nil {
		tb.Fatal(err)
	}
	if !slices.Equal(got, want) {
		tb.Fatalf("%d records: verdicts differ from the plain kernel's", n)
	}
}

func TestEverySizeGivesTheKernelsAnswers(t *testing.T) {
	for _, workers := range []bool{false, true} {
		o := Config{Cores: 5, JobItems: 16, QueueDepth: 1}
		c := build(t, quick{}, o)
		if workers {
			c = running(t, quick{}, o)
		}
		for n := range 200 {
			verify(t, c, n)
			messages := make([][]byte, n)
			for i := range messages {
				messages[i] = make([]byte, i*i)
			}
			got, want := make([]kernel.Digest, n), make([]kernel.Digest, n)
			c.Hash(kernel.SHA256, messages, got)
			quick{}.Hash(kernel.SHA256, messages, want)
			if !slices.Equal(got, want) {
				t.Fatalf("%d messages: digests differ", n)
			}
		}
	}
}

func TestRealSignaturesThroughTheCores(t *testing.T) {
	c := running(t, kernel.Emmansun{}, Config{JobItems: 8})
	for _, a := range []kernel.Algorithm{kernel.SM2SM3, kernel.ECDSAP256SHA256} {
		s := acceltest.Sign(t, a, 100)
		got := make([]bool, len(s.Want))
		c.Verify(a, s.Keys, s.Records, got)
		if !slices.Equal(got, s.Want) {
			t.Errorf("%v: got %v", a, got)
		}
	}
	total := c.Totals()
	if len(total) != 2 || total[1].Op != timing.SM2Verify || total[1].Items != 100 || total[1].Model <= 0 {
		t.Errorf("totals %+v", total)
	}
}

func TestJobsAreSpreadEvenly(t *testing.T) {
	c := build(t, quick{}, Config{Cores: 96, JobItems: 10})
	verify(t, c, 960)
	for _, k := range c.Cores() {
		if k.Counts.Jobs != 1 || k.Counts.Items != 10 {
			t.Errorf("core %d: %+v, want one job of ten", k.ID, k.Counts)
		}
	}
	for _, tc := range []struct {
		n, most int
		want    []int
	}{{0, 4, nil}, {1, 4, []int{0, 1}}, {5, 4, []int{0, 2, 5}}, {8, 4, []int{0, 4, 8}}, {9, 4, []int{0, 3, 6, 9}}} {
		if got := evenly(tc.n, tc.most); !slices.Equal(got, tc.want) {
			t.Errorf("%d in jobs of %d: got %v, want %v", tc.n, tc.most, got, tc.want)
		}
	}
}

func TestLongMessagesAreSpread(t *testing.T) {
	h := hashing{messages: [][]byte{make([]byte, 1<<20), {1}, make([]byte, 60<<10), make([]byte, 10<<10), {2}}}
	if got, want := h.bounds(2), []int{0, 1, 3, 5}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestThrottledCoresGetLess(t *testing.T) {
	c := build(t, quick{}, Config{Cores: 2, JobItems: 10, QueueDepth: 1000})
	if err := c.Throttle([]int{1}, 4); err != nil {
		t.Fatal(err)
	}
	verify(t, c, 1000)
	cores := c.Cores()
	fast, slow := cores[0].Counts.Jobs, cores[1].Counts.Jobs
	if fast+slow != 100 || slow < 15 || slow > 25 {
		t.Errorf("%d and %d jobs; a core four times slower should get a fifth", fast, slow)
	}
}

func TestWithoutCoresTheHostAnswers(t *testing.T) {
	c := running(t, quick{}, Config{Cores: 3, MinCores: 2})
	if err := c.Fence([]int{0}); err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(); err != nil {
		t.Errorf("two cores of three: %v", err)
	}
	if err := c.Fence([]int{1, 2}); err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(); !errors.Is(err, ErrTooFewCores) {
		t.Errorf("no core: got %v, want ErrTooFewCores", err)
	}
	verify(t, c, 500)
	if err := c.Release([]int{1, 2}); err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(); err != nil {
		t.Errorf("after the release: %v", err)
	}
	verify(t, c, 500)
	if k := c.Cores()[1]; k.Counts.Jobs == 0 || k.Counts.Judged != k.Counts.Items {
		t.Errorf("%+v: a released core's first items are judged in full", k)
	}
}

func TestAdminCallsAreChecked(t *testing.T) {
	c := build(t, quick{}, Config{Cores: 4})
	for name, err := range map[string]error{
		"no such core":   c.Fence([]int{0, 4}),
		"negative core":  c.Release([]int{-1}),
		"stopped":        c.Throttle([]int{0}, 0),
		"too slow":       c.Throttle([]int{0}, MaxSlowdown+1),
		"unknown mode":   c.Inject([]int{0}, Fault{Mode: 9}),
		"negative every": c.Inject([]int{0}, Fault{Mode: Wrong, Every: -1}),
	} {
		if !errors.Is(err, ErrCore) {
			t.Errorf("%s: got %v, want ErrCore", name, err)
		}
	}
	if c.Cores()[0].Fence != NotFenced {
		t.Error("a refused call has fenced a core")
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	p, err := timing.Load(timing.Default)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Config{
		"too many cores":  {Cores: MaxCores + 1},
		"negative queue":  {QueueDepth: -1},
		"share above one": {SampleShare: 1.5},
		"negative share":  {SampleShare: -0.1},
		"negative time":   {JobTimeout: -1},
		"more than all":   {Cores: 4, MinCores: 5},
	} {
		if _, err := o.withDefaults(p); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: got %v, want ErrConfig", name, err)
		}
	}
	got, err := Config{}.withDefaults(p)
	if err != nil || got.Cores != 96 || got.MinCores != 24 || got.JobItems != 128 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestCancelledCallLeavesNothingBehind ends the context while one job executes
// and others wait: the call returns after the one has ended, and no further
// one begins.
func TestCancelledCallLeavesNothingBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var executed atomic.Int64
	k := quick{before: func(int) {
		executed.Add(1)
		cancel()
	}}
	c := build(t, k, Config{Cores: 2, JobItems: 4, QueueDepth: 2})
	keys, records, _ := batch(1000)
	if err := c.VerifyAll(ctx, kernel.SM2SM3, keys, records, make([]bool, 1000)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	if executed.Load() != 1 {
		t.Errorf("%d jobs were executed, want 1", executed.Load())
	}
	for _, k := range c.Cores() {
		if k.Queued != 0 {
			t.Errorf("core %d still has %d jobs", k.ID, k.Queued)
		}
	}
}

func TestPanicIsTheCallersAndFencesNobody(t *testing.T) {
	var calm atomic.Bool
	k := quick{before: func(int) {
		if !calm.Load() {
			panic("poisoned batch")
		}
	}}
	c := running(t, k, Config{Cores: 4, JobItems: 10})
	keys, records, _ := batch(100)
	func() {
		defer func() {
			if p := recover(); p != "poisoned batch" {
				t.Errorf("recovered %v", p)
			}
		}()
		c.Verify(kernel.SM2SM3, keys, records, make([]bool, 100))
		t.Error("no panic")
	}()
	if err := c.Ready(); err != nil {
		t.Error(err)
	}
	calm.Store(true)
	verify(t, c, 100)
}

func TestManyCallersAtOnce(t *testing.T) {
	c := running(t, quick{}, Config{Cores: 7, JobItems: 9, QueueDepth: 1})
	var g sync.WaitGroup
	for caller := range 8 {
		g.Go(func() {
			for i := range 100 {
				keys, records, want := batch((caller*131 + i*17) % 400)
				got := make([]bool, len(want))
				c.Verify(kernel.SM2SM3, keys, records, got)
				if !slices.Equal(got, want) {
					t.Errorf("caller %d, call %d: wrong verdicts", caller, i)
				}
			}
		})
	}
	g.Wait()
}

// choosy is a kernel with wishes.
type choosy struct {
	quick
	prepared *int
}

func (choosy) BatchSize() int { return 256 }

func (k choosy) Prepare(_ kernel.Algorithm, keys []kernel.PublicKey) { *k.prepared += len(keys) }

func TestKernelsWishesAreMet(t *testing.T) {
	prepared := 0
	c := build(t, choosy{prepared: &prepared}, Config{})
	c.Prepare(kernel.SM2SM3, make([]kernel.PublicKey, 3))
	if prepared != 3 || c.Config().JobItems != 256 {
		t.Errorf("%d keys prepared, %d signatures in a job", prepared, c.Config().JobItems)
	}
	if got := build(t, choosy{}, Config{JobItems: 64}).Config().JobItems; got != 64 {
		t.Errorf("the configured size became %d", got)
	}
}

func ExampleFence_String() {
	fmt.Println(NotFenced, ByOperator, Lied, TimedOut, Wrong, Stall, Dead)
	// Output: none operator wrong_answer timeout wrong stall dead
}
