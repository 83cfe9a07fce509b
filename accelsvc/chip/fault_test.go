package chip

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

func inject(tb testing.TB, c *Chip, f Fault, ids ...int) {
	tb.Helper()
	if err := c.Inject(ids, f); err != nil {
		tb.Fatal(err)
	}
}

func TestLiarIsFencedBeforeItsAnswersLeave(t *testing.T) {
	c := running(t, quick{}, Config{Cores: 4, JobItems: 10, SampleShare: 1e-9})
	inject(t, c, Fault{Mode: Wrong}, 2)
	verify(t, c, 400)
	k := c.Cores()[2]
	if k.Fence != Lied || k.Counts.Lies != 1 || k.Counts.Jobs == 0 {
		t.Errorf("core 2: %+v, want it fenced for lying", k)
	}
	if got := testutil.ToFloat64(c.metrics.redone.WithLabelValues("wrong_answer")); got == 0 {
		t.Error("none of its jobs was done again")
	}
	jobs := k.Counts.Jobs
	verify(t, c, 400)
	if got := c.Cores()[2].Counts.Jobs; got != jobs {
		t.Errorf("the fenced core has answered %d more jobs", got-jobs)
	}
}

func TestHashingLiarIsFenced(t *testing.T) {
	c := running(t, quick{}, Config{Cores: 2, JobItems: 10})
	inject(t, c, Fault{Mode: Wrong}, 0)
	messages := make([][]byte, 300)
	got, want := make([]kernel.Digest, 300), make([]kernel.Digest, 300)
	c.Hash(kernel.SM3, messages, got)
	quick{}.Hash(kernel.SM3, messages, want)
	if !slices.Equal(got, want) || c.Cores()[0].Fence != Lied {
		t.Errorf("digests right: %v; core 0: %v", slices.Equal(got, want), c.Cores()[0].Fence)
	}
}

// TestOnlyLiars leaves no sound core: the host has to answer.
func TestOnlyLiars(t *testing.T) {
	c := running(t, quick{}, Config{Cores: 3, JobItems: 10})
	inject(t, c, Fault{Mode: Wrong}, 0, 1, 2)
	verify(t, c, 200)
	for _, k := range c.Cores() {
		if k.Counts.Jobs > 0 && k.Fence != Lied {
			t.Errorf("core %d: %+v", k.ID, k)
		}
	}
}

// TestSamplingFindsPartialLies counts how often a core that lies about one item
// in 32 of its jobs of 64 gets through with two samples a job: 1-(1-2/64)^2
// would be found by independent draws; by strata it is 2 * 1/32 = 6.2 %.
func TestSamplingFindsPartialLies(t *testing.T) {
	const rounds = 4000
	found := 0
	c := build(t, quick{}, Config{Cores: 1, JobItems: 64, SampleShare: 2.0 / 64})
	c.random = rand.New(rand.NewPCG(1, 1))
	keys, records, _ := batch(64)
	for range rounds {
		c.cores[0] = core{slowdown: 1, fault: Fault{Mode: Wrong, Every: 32}}
		c.Verify(kernel.SM2SM3, keys, records, make([]bool, 64))
		if c.Cores()[0].Fence == Lied {
			found++
		}
	}
	// 1-(1-1/32)^2 = 6.15 %; four standard deviations of 4,000 draws are 1.5 %.
	if share := float64(found) / rounds; share < 0.046 || share > 0.077 {
		t.Errorf("found %.1f %%, expected about 6.2 %%", 100*share)
	}
}

func TestFullSamplingIsCertain(t *testing.T) {
	c := running(t, quick{}, Config{Cores: 3, JobItems: 64, SampleShare: 1})
	inject(t, c, Fault{Mode: Wrong, Every: 50}, 0, 1, 2)
	verify(t, c, 640)
}

// TestStuckCoresAreFencedInTime runs on a clock of its own: exactly the timeout
// passes, and the jobs of the stuck cores are answered by others.
func TestStuckCoresAreFencedInTime(t *testing.T) {
	for _, mode := range []Mode{Stall, Dead} {
		synctest.Test(t, func(t *testing.T) {
			c := build(t, quick{}, Config{Cores: 4, JobItems: 10, JobTimeout: time.Second})
			inject(t, c, Fault{Mode: mode}, 1, 3)
			start := time.Now()
			verify(t, c, 400)
			if took := time.Since(start); took != time.Second {
				t.Errorf("%v: took %v, want the timeout of 1 s", mode, took)
			}
			for _, id := range []int{1, 3} {
				if k := c.Cores()[id]; k.Fence != TimedOut || k.Counts.Jobs != 0 || k.Counts.Timeouts != 1 {
					t.Errorf("%v: core %d: %+v", mode, id, k)
				}
			}
			verify(t, c, 400) // nobody waits again
			if took := time.Since(start); took != time.Second {
				t.Errorf("%v: the second call took %v", mode, took-time.Second)
			}
		})
	}
}

func TestAllCoresStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, quick{}, Config{Cores: 2, JobItems: 10, QueueDepth: 1, JobTimeout: time.Second})
		inject(t, c, Fault{Mode: Stall}, 0)
		inject(t, c, Fault{Mode: Dead}, 1)
		verify(t, c, 400)
		if err := c.Ready(); err == nil {
			t.Error("ready without a core")
		}
	})
}

func TestStalledCallCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := build(t, quick{}, Config{Cores: 1, JobItems: 10, JobTimeout: time.Hour})
		inject(t, c, Fault{Mode: Stall}, 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		keys, records, _ := batch(100)
		if err := c.VerifyAll(ctx, kernel.SM2SM3, keys, records, make([]bool, 100)); err == nil {
			t.Error("no error")
		}
		if err := c.Release([]int{0}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		verify(t, c, 100)
		if took := time.Since(start); took != 0 {
			t.Errorf("after the release a call took %v", took)
		}
	})
}

// TestMendedCoreGoesOn clears the fault while a call waits for the core.
func TestMendedCoreGoesOn(t *testing.T) {
	for _, mode := range []Mode{Stall, Dead} {
		synctest.Test(t, func(t *testing.T) {
			c := build(t, quick{}, Config{Cores: 1, JobItems: 10, JobTimeout: time.Hour})
			inject(t, c, Fault{Mode: mode}, 0)
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				verify(t, c, 100)
			}()
			synctest.Wait()
			inject(t, c, Fault{}, 0)
			<-answered
			if k := c.Cores()[0]; k.Fence != NotFenced || k.Counts.Jobs != 10 {
				t.Errorf("%v: %+v", mode, k)
			}
		})
	}
}

// TestFaultsNeverChangeAVerdict injects faults, fences, releases and throttles
// while several callers are at work. Cores lie about all items of a job and the
// least sample is taken, or about some and all items are judged.
func TestFaultsNeverChangeAVerdict(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cores := rapid.IntRange(1, 6).Draw(rt, "cores")
		partial := rapid.Bool().Draw(rt, "partial")
		o := Config{
			Cores: cores, QueueDepth: rapid.IntRange(1, 3).Draw(rt, "depth"),
			JobItems:   rapid.IntRange(4, 40).Draw(rt, "jobItems"),
			JobTimeout: time.Millisecond, SampleShare: 1e-9, DirectBelow: 1,
		}
		if partial {
			o.SampleShare = 1
		}
		c := build(t, quick{}, o)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var g sync.WaitGroup
		if rapid.Bool().Draw(rt, "workers") {
			g.Go(func() { _ = c.Run(ctx) })
		}
		type act struct{ kind, core, measure int }
		acts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) act {
			return act{
				rapid.IntRange(0, 6).Draw(rt, "act"), rapid.IntRange(0, cores-1).Draw(rt, "core"),
				rapid.IntRange(1, 30).Draw(rt, "measure"),
			}
		}), 0, 30).Draw(rt, "acts")
		sizes := rapid.SliceOfN(rapid.IntRange(0, 300), 3, 3).Draw(rt, "sizes")
		apply := func(a act) {
			ids := []int{a.core}
			every := a.measure
			if !partial {
				every = 1
			}
			_ = [](func() error){
				func() error { return c.Inject(ids, Fault{Mode: Wrong, Every: every}) },
				func() error { return c.Inject(ids, Fault{Mode: Stall}) },
				func() error { return c.Inject(ids, Fault{Mode: Dead}) },
				func() error { return c.Fence(ids) },
				func() error { return c.Release(ids) },
				func() error { return c.Throttle(ids, a.measure) },
				func() error { return c.Inject(ids, Fault{}) },
			}[a.kind]()
		}
		var calls sync.WaitGroup
		var wrong atomic.Int64
		for _, n := range sizes {
			calls.Go(func() {
				keys, records, want := batch(n)
				for range 4 {
					got := make([]bool, n)
					c.Verify(kernel.SM2SM3, keys, records, got)
					if !slices.Equal(got, want) {
						wrong.Add(1)
					}
				}
			})
		}
		for _, a := range acts {
			apply(a)
		}
		calls.Wait()
		cancel()
		g.Wait()
		if n := wrong.Load(); n != 0 {
			rt.Fatalf("%d calls differ from the plain kernel", n)
		}
	})
}
