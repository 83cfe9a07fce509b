package plan

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
)

// source gives the time to the next arrival and what arrives then.
type source func() (gap timing.Cycles, w timing.Work)

// outcome is what a simulation found.
type outcome struct {
	// latencies of the batches after the warm-up, in the order of completion.
	latencies []timing.Cycles
	elapsed   timing.Cycles // from the first arrival to the last
	busy      timing.Cycles // core cycles of all chips
}

// simulate has batches arrive at chips, each at the one with the fewest batches
// under way. The first warm completions are left out.
func simulate(chips []*timing.Machine, next source, batches, warm int) outcome {
	var out outcome
	out.latencies = make([]timing.Cycles, 0, batches)
	open := make([]int, len(chips))
	collect := func(i int) {
		for _, d := range chips[i].Finished() {
			open[i]--
			if warm--; warm < 0 {
				out.latencies = append(out.latencies, d.Finish-d.Arrival)
			}
		}
	}
	var now timing.Cycles
	for range batches + warm {
		gap, w := next()
		now += gap
		best := 0
		for i, c := range chips {
			c.Advance(now)
			collect(i)
			if open[i] < open[best] {
				best = i
			}
		}
		open[best]++
		chips[best].Arrive(now, w)
	}
	out.elapsed = now
	for i, c := range chips {
		c.Drain()
		collect(i)
		out.busy += c.Busy()
	}
	return out
}

// poisson gives batches of shape w at a rate per cycle, independent of each
// other: many issuers that know nothing of each other.
func poisson(random *rand.Rand, perCycle float64, w timing.Work) source {
	return func() (timing.Cycles, timing.Work) {
		return timing.Cycles(math.Round(random.ExpFloat64() / perCycle)), w
	}
}

// newRandom returns a generator that gives the same numbers for the same seed on
// every machine.
func newRandom(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0x61726776)) //nolint:gosec // G404: a simulation must be repeatable
}

// quantile returns the smallest value that the share q of values does not exceed.
// It sorts values.
func quantile(values []timing.Cycles, q float64) timing.Cycles {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[max(0, int(math.Ceil(q*float64(len(values))))-1)]
}

func newChips(p *timing.Profile, n int) ([]*timing.Machine, error) {
	chips := make([]*timing.Machine, n)
	for i := range chips {
		m, err := timing.NewMachine(p, nil)
		if err != nil {
			return nil, err
		}
		chips[i] = m
	}
	return chips, nil
}
