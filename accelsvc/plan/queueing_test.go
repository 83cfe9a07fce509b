package plan

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
)

// station is a chip reduced to a textbook's queue: no transfers, no overheads, one
// job a batch, one cycle an item, and no queue but the one before all cores.
func station(servers int) *timing.Profile {
	return &timing.Profile{
		Name: "queue", Cores: servers, ClockMHz: 1000, JobItems: math.MaxInt / 2, QueueDepth: 0,
		DMA:        timing.DMA{InBytesPerCycle: 1, OutBytesPerCycle: 1},
		Operations: map[timing.Op]timing.Operation{timing.SM2Verify: {Width: 1, VectorCycles: 1}},
	}
}

// meanService is the mean service time in cycles: long enough that rounding to
// whole cycles does not show.
const meanService = 1e6

// erlangC returns the probability to wait in M/M/c with offered load a.
func erlangC(c int, a float64) float64 {
	sum, term := 0.0, 1.0 // term = a^k/k!
	for k := range c {
		sum += term
		term *= a / float64(k+1)
	}
	last := term * float64(c) / (float64(c) - a)
	return last / (sum + last)
}

// mean returns the mean of values and the half-width of its 99.9 % confidence
// interval, by the method of 30 batch means: neighbours in a queue are not
// independent, but means of thousands of them nearly are.
func mean(values []timing.Cycles) (m, half float64) {
	const batches, student = 30, 3.659 // 29 degrees of freedom
	size := len(values) / batches
	var sum, squares float64
	for b := range batches {
		var s float64
		for _, v := range values[b*size : (b+1)*size] {
			s += float64(v)
		}
		s /= float64(size)
		sum += s
		squares += s * s
	}
	m = sum / batches
	variance := (squares - batches*m*m) / (batches - 1)
	return m, student * math.Sqrt(variance/batches)
}

// TestSimulatorAgreesWithQueueingTheory compares mean times in the system with
// closed forms. Times are in units of the mean service time.
func TestSimulatorAgreesWithQueueingTheory(t *testing.T) {
	exponential := func(r *rand.Rand) float64 { return r.ExpFloat64() }
	constant := func(*rand.Rand) float64 { return 1 }
	// Hyperexponential: nine in ten take 5/9, one takes 5 on average; E[S^2] is
	// 2*(0.9*(5/9)^2 + 0.1*25).
	hyper := func(r *rand.Rand) float64 {
		if r.Float64() < 0.9 {
			return r.ExpFloat64() * 5 / 9
		}
		return r.ExpFloat64() * 5
	}
	uniform := func(r *rand.Rand) float64 { return 2 * r.Float64() } // E[S^2] = 4/3
	pollaczekKhinchine := func(rho, secondMoment float64) float64 { return 1 + rho*secondMoment/(2*(1-rho)) }
	for _, tc := range []struct {
		name    string
		servers int
		rho     float64
		service func(*rand.Rand) float64
		want    float64
	}{
		{"M/M/1 at 0.5", 1, 0.5, exponential, 1 / (1 - 0.5)},
		{"M/M/1 at 0.8", 1, 0.8, exponential, 1 / (1 - 0.8)},
		{"M/D/1 at 0.5", 1, 0.5, constant, 1 + 0.5/(2*(1-0.5))},
		{"M/D/1 at 0.8", 1, 0.8, constant, 1 + 0.8/(2*(1-0.8))},
		{"M/M/4 at 0.8", 4, 0.8, exponential, 1 + erlangC(4, 3.2)/(4-3.2)},
		{"M/M/16 at 0.9", 16, 0.9, exponential, 1 + erlangC(16, 14.4)/(16-14.4)},
		{"M/G/1 hyperexponential at 0.6", 1, 0.6, hyper, pollaczekKhinchine(0.6, 2*(0.9*25/81+0.1*25))},
		{"M/G/1 uniform at 0.7", 1, 0.7, uniform, pollaczekKhinchine(0.7, 4.0/3)},
	} {
		random := newRandom(7)
		rate := tc.rho * float64(tc.servers) / meanService
		next := func() (timing.Cycles, timing.Work) {
			gap := timing.Cycles(math.Round(random.ExpFloat64() / rate))
			return gap, timing.Work{Op: timing.SM2Verify, Items: int(math.Round(tc.service(random) * meanService))}
		}
		chips, err := newChips(station(tc.servers), 1)
		if err != nil {
			t.Fatal(err)
		}
		got := simulate(chips, next, 300_000, 10_000)
		m, half := mean(got.latencies)
		m, half = m/meanService, half/meanService
		if math.Abs(m-tc.want) > half || half > 0.12*tc.want {
			t.Errorf("%s: simulated %.4f ± %.4f, theory says %.4f", tc.name, m, half, tc.want)
		}
		busy := float64(got.busy) / (float64(got.elapsed) * float64(tc.servers))
		if math.Abs(busy-tc.rho) > 0.02 {
			t.Errorf("%s: servers busy %.3f of the time", tc.name, busy)
		}
		if tc.name == "M/M/1 at 0.5" { // the time in the system is exponential, too
			p99, theory := float64(quantile(got.latencies, 0.99))/meanService, tc.want*math.Log(100)
			if math.Abs(p99/theory-1) > 0.03 {
				t.Errorf("%s: p99 %.3f, theory says %.3f", tc.name, p99, theory)
			}
		}
	}
}

func TestErlangC(t *testing.T) {
	// One server waits with probability rho; two with offered load 1 with 1/3.
	for _, tc := range []struct {
		c       int
		a, want float64
	}{{1, 0.3, 0.3}, {2, 1, 1.0 / 3}, {5, 0, 0}} {
		if got := erlangC(tc.c, tc.a); math.Abs(got-tc.want) > 1e-12 {
			t.Errorf("C(%d, %v) = %v, want %v", tc.c, tc.a, got, tc.want)
		}
	}
}
