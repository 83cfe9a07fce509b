package chip

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
)

// clock keeps what the emulated chip would have taken beside what the host took.
type clock struct {
	profile timing.Profile // with the configured number of cores
	// slowdown of each core, 0 for a fenced one; replaced, never changed.
	slowdown atomic.Pointer[[]int]

	mu     sync.Mutex
	totals map[timing.Op]*Total
	// known holds estimates for the speeds of knownFor: batches come in few
	// sizes, and an estimate takes some microseconds.
	known    map[timing.Work]timing.Estimate
	knownFor *[]int
}

// maxKnown bounds the remembered estimates; then they begin anew.
const maxKnown = 256

// Total is what was computed of one operation since the start.
type Total struct {
	Op      timing.Op
	Batches uint64
	Items   uint64
	// Model is what the emulated chip would have taken for the batches one after
	// the other, ModelBusy the sum over its cores, Host what the host took from
	// taking a batch over to its judged answer.
	Model, ModelBusy, Host time.Duration
}

func newClock(p *timing.Profile, cores int) *clock {
	c := &clock{profile: *p, totals: map[timing.Op]*Total{}}
	c.profile.Cores = cores
	return c
}

// use takes over the cores' speeds; Chip.mu is held.
func (c *clock) use(cores []core) {
	s := make([]int, len(cores))
	for i := range cores {
		if cores[i].fence == NotFenced {
			s[i] = cores[i].slowdown
		}
	}
	c.slowdown.Store(&s)
}

// report counts a batch that the host answered in host.
func (c *clock) report(m *metrics, w timing.Work, host time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.estimate(w)
	model, busy := c.profile.Duration(e.Total), c.profile.Duration(e.Busy)
	m.modelSeconds.WithLabelValues(string(w.Op)).Observe(model.Seconds())
	m.hostSeconds.WithLabelValues(string(w.Op)).Observe(host.Seconds())
	t := c.totals[w.Op]
	if t == nil {
		t = &Total{Op: w.Op}
		c.totals[w.Op] = t
	}
	t.Batches++
	t.Items += uint64(w.Items) //nolint:gosec // G115: a length
	t.Model += model
	t.ModelBusy += busy
	t.Host += host
}

// estimate returns what w takes on the cores in use. Without any there is no such
// chip, and the batch counts with 0.
func (c *clock) estimate(w timing.Work) timing.Estimate {
	speeds := c.slowdown.Load()
	if c.knownFor != speeds || len(c.known) >= maxKnown {
		c.known, c.knownFor = map[timing.Work]timing.Estimate{}, speeds
	}
	e, ok := c.known[w]
	if !ok {
		e, _ = timing.Alone(&c.profile, *speeds, w)
		c.known[w] = e
	}
	return e
}

// Totals returns what was computed, by operation.
func (c *Chip) Totals() []Total {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	var out []Total
	for _, t := range c.clock.totals {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Total) int { return cmp.Compare(a.Op, b.Op) })
	return out
}

// Profile returns the timing profile with the configured number of cores.
func (c *Chip) Profile() timing.Profile { return c.clock.profile }
