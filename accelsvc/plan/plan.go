// Package plan says how many accelerator chips a load needs, by discrete-event
// simulation of the timing model.
//
// Batches arrive independently of each other (a Poisson stream, the harshest
// that is not deliberate) at every endorser, which verifies all of them on chips
// of its own. The latency is the chip's alone: from the hand-over of a batch to
// the host's knowing its verdicts, queueing included; transport to the chip's
// host and the ledger's own time are not in it.
//
// It refuses loads without an answer, with ErrLoad, and says why. The same seed
// gives the same plan on every machine. What it prints of a profile that rests on
// a claim says so.
package plan

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// Load is what is to be carried.
type Load struct {
	InvoicesPerYear float64       `json:"invoicesPerYear"`
	HoursPerYear    float64       `json:"hoursPerYear"` // in which they are issued
	PeakFactor      float64       `json:"peakFactor"`   // busiest time over the average of those hours
	Signatures      float64       `json:"signatures"`   // to verify for each invoice
	Endorsers       int           `json:"endorsers"`    // organisations that verify everything
	Batch           int           `json:"batch"`        // signatures in one batch
	Target          time.Duration `json:"targetNanoseconds"`
	Op              timing.Op     `json:"op"`
	// MaxUtilisation is the highest planned share of a chip's capacity.
	MaxUtilisation float64 `json:"maxUtilisation"`
}

// Options say how to plan.
type Options struct {
	Load    Load
	Profile *timing.Profile
	Seed    uint64
	// Batches is how many batches are simulated for each point; 0 means 5,000.
	Batches int
}

// Point is the state of some hardware under some load.
type Point struct {
	Share       float64       `json:"shareOfPeak"`
	PerSecond   float64       `json:"signaturesPerSecond"` // of one endorser
	Chips       int           `json:"chips"`               // of one endorser
	Cores       int           `json:"cores"`               // of one chip
	Utilisation float64       `json:"utilisation"`         // of the chip's bottleneck
	CoresBusy   float64       `json:"coresBusy"`           // share of core time, as simulated
	P50         time.Duration `json:"p50Nanoseconds"`
	P99         time.Duration `json:"p99Nanoseconds"`
}

// Plan is the answer.
type Plan struct {
	Load     Load   `json:"load"`
	Profile  string `json:"profile"`
	Claim    string `json:"claim,omitempty"` // whose unmeasured claim the numbers rest on
	Seed     uint64 `json:"seed"`
	Capacity struct {
		PerSecond  float64 `json:"signaturesPerSecond"` // of one whole chip
		Bottleneck string  `json:"bottleneck"`
	} `json:"capacity"`
	Peak       Point   `json:"peak"`
	Average    Point   `json:"average"`
	TotalChips int     `json:"totalChips"` // of all endorsers
	Curve      []Point `json:"curve"`
}

// ErrLoad reports a load that no number of chips carries, or that makes no sense.
var ErrLoad = errors.New("capacity plan")

// Bounds of what is simulated.
const (
	defaultBatches = 5_000 // p99 then rests on 50 batches
	maxBatches     = 1_000_000
	maxChips       = 256 // of one endorser; more is a job for more endorsers
	maxBatch       = 1 << 16
	warmShare      = 10 // a tenth of the batches warms the queues up
)

func (o *Options) check() error {
	l := &o.Load
	for _, f := range []struct {
		name        string
		value       float64
		least, most float64
	}{
		{"invoices a year", l.InvoicesPerYear, 1, 1e15},
		{"hours a year", l.HoursPerYear, 1, 8784},
		{"peak factor", l.PeakFactor, 1, 1000},
		{"signatures an invoice", l.Signatures, 0.001, 1000},
		{"endorsers", float64(l.Endorsers), 1, 10_000},
		{"batch", float64(l.Batch), 1, maxBatch},
		{"utilisation", l.MaxUtilisation, 0.01, 0.99},
		{"target in seconds", l.Target.Seconds(), 1e-6, 3600},
		{"batches", float64(o.Batches), 100, maxBatches},
	} {
		if !(f.value >= f.least && f.value <= f.most) { // also true for NaN
			return fmt.Errorf("%w: %s is %v; use %v to %v", ErrLoad, f.name, f.value, f.least, f.most)
		}
	}
	switch l.Op {
	case timing.SM2Verify, timing.SM2VerifyCold, timing.P256Verify:
		return nil
	default:
		return fmt.Errorf("%w: operation %q; use %s, %s or %s", ErrLoad, l.Op,
			timing.SM2Verify, timing.SM2VerifyCold, timing.P256Verify)
	}
}

// planner holds what stays the same between the points.
type planner struct {
	Options
	work timing.Work
	peak float64 // signatures a second at one endorser
}

// recordSize is a signature on its way to the chip: key number, digest, r, s.
const recordSize = 4 + kernel.DigestSize + kernel.SignatureSize

// Make returns the plan for o.
func Make(o Options) (*Plan, error) {
	if o.Batches == 0 {
		o.Batches = defaultBatches
	}
	if o.Profile == nil {
		return nil, fmt.Errorf("%w: no timing profile", ErrLoad)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	l := o.Load
	average := l.InvoicesPerYear * l.Signatures / (l.HoursPerYear * 3600)
	p := planner{Options: o, peak: average * l.PeakFactor, work: timing.Work{
		Op: l.Op, Items: l.Batch, InBytes: l.Batch * recordSize, OutBytes: (l.Batch + 7) / 8,
	}}
	alone, err := timing.Alone(o.Profile, nil, p.work)
	if err != nil {
		return nil, err
	}
	if d := o.Profile.Duration(alone.Total); d > l.Target {
		return nil, fmt.Errorf("%w: a batch of %d alone takes %v, more than the target of %v; use smaller batches",
			ErrLoad, l.Batch, d, l.Target)
	}
	out := &Plan{Load: l, Profile: o.Profile.Name, Claim: o.Profile.Claim, Seed: o.Seed}
	out.Capacity.PerSecond, out.Capacity.Bottleneck = p.capacity(o.Profile)
	if out.Peak, err = p.size(); err != nil {
		return nil, err
	}
	out.TotalChips = out.Peak.Chips * l.Endorsers
	if out.Average, err = p.point(out.Peak.Chips, out.Peak.Cores, 1/l.PeakFactor); err != nil {
		return nil, err
	}
	out.Curve, err = p.curve(out.Peak)
	return out, err
}

// capacity returns the signatures a second that saturate one chip, and what
// saturates first.
func (p *planner) capacity(profile *timing.Profile) (perSecond float64, bottleneck string) {
	stations := timing.Demand(profile, p.work)
	for _, s := range stations {
		rate := math.Inf(1)
		if s.Cycles > 0 {
			rate = float64(p.work.Items) * float64(profile.ClockMHz) * 1e6 * float64(s.Servers) / float64(s.Cycles)
		}
		if bottleneck == "" || rate < perSecond {
			perSecond, bottleneck = rate, s.Name
		}
	}
	return perSecond, bottleneck
}

// size returns the fewest chips that carry the peak, with the fewest cores in
// each that still do.
func (p *planner) size() (Point, error) {
	capacity, _ := p.capacity(p.Profile)
	least := max(1, int(math.Ceil(p.peak/(capacity*p.Load.MaxUtilisation))))
	fits := func(q Point) bool { return q.Utilisation <= p.Load.MaxUtilisation && q.P99 <= p.Load.Target }
	for chips := least; ; chips++ {
		if chips > maxChips {
			return Point{}, fmt.Errorf("%w: %.0f signatures a second within %v need more than %d chips for one endorser",
				ErrLoad, p.peak, p.Load.Target, maxChips)
		}
		best, err := p.point(chips, p.Profile.Cores, 1)
		if err != nil {
			return Point{}, err
		}
		if !fits(best) {
			continue
		}
		for lo, hi := 1, best.Cores; lo < hi; { // hi fits
			middle := (lo + hi) / 2
			q, err := p.point(chips, middle, 1)
			if err != nil {
				return Point{}, err
			}
			if fits(q) {
				hi, best = middle, q
			} else {
				lo = middle + 1
			}
		}
		return best, nil
	}
}

// point simulates chips of cores cores at a share of the peak. Hardware that the
// load saturates is not simulated: its latency grows without end.
func (p *planner) point(chips, cores int, share float64) (Point, error) {
	profile := *p.Profile
	profile.Cores = cores
	capacity, _ := p.capacity(&profile)
	out := Point{Share: share, PerSecond: p.peak * share, Chips: chips, Cores: cores}
	out.Utilisation = out.PerSecond / (capacity * float64(chips))
	if out.Utilisation >= 1 {
		out.P50, out.P99 = math.MaxInt64, math.MaxInt64
		return out, nil
	}
	machines, err := newChips(&profile, chips)
	if err != nil {
		return out, err
	}
	perCycle := out.PerSecond / float64(p.Load.Batch) / (float64(profile.ClockMHz) * 1e6)
	got := simulate(machines, poisson(newRandom(p.Seed), perCycle, p.work), p.Batches, p.Batches/warmShare)
	if got.elapsed > 0 {
		out.CoresBusy = float64(got.busy) / (float64(got.elapsed) * float64(chips) * float64(cores))
	}
	out.P50 = profile.Duration(quantile(got.latencies, 0.5))
	out.P99 = profile.Duration(quantile(got.latencies, 0.99))
	return out, nil
}

// curve shows how the latency of the hardware found grows with the load, up to
// near its saturation.
func (p *planner) curve(found Point) ([]Point, error) {
	const points, highest = 16, 0.97
	var out []Point
	for i := 1; i <= points; i++ {
		share := highest / found.Utilisation * float64(i) / points
		q, err := p.point(found.Chips, found.Cores, share)
		if err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	return out, nil
}
