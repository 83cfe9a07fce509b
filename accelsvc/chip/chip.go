// Package chip emulates the function of a many-core signature and hash
// accelerator: a batch is cut into jobs, the jobs are spread over logical cores
// with a bounded queue each, and the host executes them on whatever kernel is
// configured. Cores can be fenced, throttled and made to lie, stall or die.
//
// It refuses to believe its cores: before an answer leaves, a sample of every
// job, and at least one item of it, is computed again in software. A core that
// differs is fenced and all its work in this call is done again. A core that
// does not answer in time is fenced and its jobs go elsewhere; with no core left
// the host answers by itself, so no call is ever lost to the chip.
//
// Two cores never judge each other: of two liars, both say the same about a
// verdict that is a single bit. Samples are judged on the host, outside the
// cores.
//
// Invariants: what VerifyAll and HashAll give is a function of their input alone
// as long as no core lies about part of a job only; with a sample share of 1 it
// is one whatever the cores do. No execution touches the caller's memory after
// the call has returned. A job is executed by one core at a time.
//
// What the real chip would have taken in time is package timing's business.
package chip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// Config is the section "chip" of the service's configuration. A zero field
// means its default.
type Config struct {
	// Cores is the number of logical cores; 0 means the profile's.
	Cores int `yaml:"cores"`
	// QueueDepth is how many jobs may wait at one core.
	QueueDepth int `yaml:"queueDepth"`
	// JobItems is the largest number of signatures that the host executes as one
	// job, by default what suits the kernel; a job of hashes has up to four times
	// as many. The timing model cuts batches as its profile says.
	JobItems int `yaml:"jobItems"`
	// DirectBelow is the size in items under which a job is computed on the host
	// at once: to check it would cost as much as to compute it. 1 sends
	// everything to the cores.
	DirectBelow int `yaml:"directBelow"`
	// SampleShare is the share of items, 0 to 1, computed again in software; at
	// least one item of every job is, whatever the share. 1 is certainty; less
	// finds a core that lies about a share f of its items in each job of k
	// samples with probability 1-(1-f)^k.
	SampleShare float64 `yaml:"sampleShare"`
	// JobTimeout is how long a core may keep a job without working on it.
	JobTimeout time.Duration `yaml:"jobTimeout"`
	// MinCores is how many cores must take work for the service to be ready; 0
	// means a quarter of them.
	MinCores int `yaml:"minCores"`
	// Judge names the kernel that samples are judged with; empty means the
	// service's own, which finds faults of cores but none of the kernel.
	Judge string `yaml:"judge"`
	// Profile is the name of a built-in timing profile or the path of a file;
	// empty means timing.Default.
	Profile string `yaml:"profile"`
}

// The defaults and bounds.
const (
	// MaxCores bounds the cores, and with them the metrics' labels: the largest
	// many-core part announced has 256.
	MaxCores = 256

	defaultQueueDepth  = 8    // enough to hide the hand-over, few enough that little is redone after a fence
	defaultJobItems    = 128  // where batch kernels reach their speed
	defaultDirectBelow = 4    // one check in four items is 25 % more work, the most that is worth it
	defaultSampleShare = 1e-2 // with the least one a job: 1.6 % of the items of a batch of 1,000
	// A core starts a job in microseconds. On a machine with all processors
	// busy the timer itself may be late by tens of milliseconds.
	defaultJobTimeout = 250 * time.Millisecond
	readyShare        = 4 // one in readyShare cores must be left
	// maxAttempts is how often a job is given to cores before the host computes
	// it: after two liars in a row the third is not likely to be better.
	maxAttempts = 3
	// probationItems is how much of a released core's work is judged in full.
	probationItems = 1024
	// hashFactor makes jobs of hashes larger, because an item is cheaper.
	hashFactor = 4
	// hashJobBytes ends a job of hashes early, so that long messages are spread.
	hashJobBytes = 64 << 10
)

// ErrConfig reports a configuration that cannot work.
var ErrConfig = errors.New("chip configuration")

// withDefaults fills zero fields; p gives the number of cores.
func (o Config) withDefaults(p *timing.Profile) (Config, error) {
	if o.Cores == 0 {
		o.Cores = p.Cores
	}
	for _, f := range []struct {
		name     string
		value    *int
		fallback int
		most     int
	}{
		{"cores", &o.Cores, o.Cores, MaxCores},
		{"queueDepth", &o.QueueDepth, defaultQueueDepth, 1 << 10},
		{"jobItems", &o.JobItems, defaultJobItems, 1 << 12},
		{"directBelow", &o.DirectBelow, defaultDirectBelow, 1 << 12},
		{"minCores", &o.MinCores, max(1, o.Cores/readyShare), max(1, o.Cores)},
	} {
		if *f.value == 0 {
			*f.value = f.fallback
		}
		if *f.value < 1 || *f.value > f.most {
			return o, fmt.Errorf("%w: %s is %d; use 1 to %d, or 0 for the default", ErrConfig, f.name, *f.value, f.most)
		}
	}
	if o.SampleShare == 0 {
		o.SampleShare = defaultSampleShare
	}
	if !(o.SampleShare > 0 && o.SampleShare <= 1) { // also false for NaN
		return o, fmt.Errorf("%w: sampleShare is %v; use more than 0, at most 1", ErrConfig, o.SampleShare)
	}
	if o.JobTimeout == 0 {
		o.JobTimeout = defaultJobTimeout
	}
	if o.JobTimeout < 0 {
		return o, fmt.Errorf("%w: jobTimeout is %v; use e.g. 250ms", ErrConfig, o.JobTimeout)
	}
	return o, nil
}

// Options is what a chip is made of. All fields but Judge and Random are
// required.
type Options struct {
	Config     Config
	Kernel     kernel.Kernel   // executes the cores' jobs
	Judge      kernel.Kernel   // computes samples again; nil = Kernel
	Profile    *timing.Profile // what the emulated chip would take
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time // measures what the host takes
	Random     io.Reader        // 32 bytes that seed the choice of samples; nil = the system's
}

// Chip is the emulated chip. It implements kernel.Kernel and engine.Pool.
type Chip struct {
	config  Config
	kernel  kernel.Kernel
	judge   kernel.Kernel
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	clock   *clock

	mu     sync.Mutex
	work   *sync.Cond // a worker may have something to do
	change *sync.Cond // a caller may have something to do
	cores  []core
	turn   int // where the search for a core begins
	random *rand.Rand
}

// New returns a chip whose callers execute their own jobs until Run starts the
// workers.
func New(o Options) (*Chip, error) {
	if o.Kernel == nil || o.Profile == nil || o.Logger == nil || o.Registerer == nil || o.Now == nil {
		return nil, errors.New("chip: kernel, profile, logger, registerer and clock are required")
	}
	if b, ok := o.Kernel.(batcher); ok && o.Config.JobItems == 0 {
		o.Config.JobItems = max(b.BatchSize(), defaultJobItems)
	}
	config, err := o.Config.withDefaults(o.Profile)
	if err != nil {
		return nil, err
	}
	if o.Judge == nil {
		o.Judge = o.Kernel
	}
	random, err := newRandom(o.Random)
	if err != nil {
		return nil, err
	}
	c := &Chip{
		config: config, kernel: o.Kernel, judge: o.Judge, log: o.Logger, now: o.Now,
		cores: make([]core, config.Cores), random: random,
		clock: newClock(o.Profile, config.Cores),
	}
	c.work, c.change = sync.NewCond(&c.mu), sync.NewCond(&c.mu)
	for i := range c.cores {
		c.cores[i] = core{id: i, slowdown: 1}
	}
	c.clock.use(c.cores)
	c.metrics, err = newMetrics(o.Registerer, c)
	return c, err
}

// Run lets one worker for each processor execute jobs until ctx ends. Calls that
// are under way then, or come later, are executed by their callers.
func (c *Chip) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.work.Broadcast()
	})
	defer stop()
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() { c.worker(ctx) })
	}
	workers.Wait()
	return nil
}

func (c *Chip) worker(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ctx.Err() == nil {
		j := c.claimAny()
		if j == nil {
			c.work.Wait()
			continue
		}
		c.perform(j)
	}
}

// Name implements kernel.Kernel: the answers are those of the kernel beneath.
func (c *Chip) Name() string { return c.kernel.Name() }

// batcher is a kernel that is at its best with batches of a size.
type batcher interface{ BatchSize() int }

// preparer is a kernel that can do something in advance for keys.
type preparer interface {
	Prepare(a kernel.Algorithm, keys []kernel.PublicKey)
}

// Prepare has the kernel prepare for keys that will be used, if it can.
func (c *Chip) Prepare(a kernel.Algorithm, keys []kernel.PublicKey) {
	if p, ok := c.kernel.(preparer); ok {
		p.Prepare(a, keys)
	}
}

// Config returns the configuration with its defaults.
func (c *Chip) Config() Config { return c.config }

// Verify implements kernel.Kernel.
func (c *Chip) Verify(a kernel.Algorithm, keys []kernel.PublicKey, records []kernel.Record, verdicts []bool) {
	// Without an end of the context there is no error.
	_ = c.VerifyAll(context.Background(), a, keys, records, verdicts)
}

// Hash implements kernel.Kernel.
func (c *Chip) Hash(a kernel.HashAlgorithm, messages [][]byte, digests []kernel.Digest) {
	_ = c.HashAll(context.Background(), a, messages, digests)
}

// VerifyAll is Verify that stops early, with the context's error, when ctx ends.
func (c *Chip) VerifyAll(
	ctx context.Context, a kernel.Algorithm, keys []kernel.PublicKey, records []kernel.Record, verdicts []bool,
) error {
	v := &verification{algorithm: a, keys: keys, records: records, verdicts: verdicts}
	return c.dispatch(ctx, v, evenly(len(records), c.config.JobItems))
}

// HashAll is Hash that stops early, with the context's error, when ctx ends.
func (c *Chip) HashAll(
	ctx context.Context, a kernel.HashAlgorithm, messages [][]byte, digests []kernel.Digest,
) error {
	h := &hashing{algorithm: a, messages: messages, digests: digests}
	return c.dispatch(ctx, h, h.bounds(c.config.JobItems*hashFactor))
}

// ErrTooFewCores reports that so few cores take work that the chip is not what
// it was bought for. Answers are still right.
var ErrTooFewCores = errors.New("chip: too few cores take work")

// Ready returns nil while at least MinCores take work.
func (c *Chip) Ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := 0
	for i := range c.cores {
		if c.cores[i].fence == NotFenced {
			left++
		}
	}
	if left < c.config.MinCores {
		return fmt.Errorf("%w: %d of %d, at least %d are wanted; see accelsvc core list",
			ErrTooFewCores, left, len(c.cores), c.config.MinCores)
	}
	return nil
}
