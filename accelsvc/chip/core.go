package chip

import (
	"errors"
	"fmt"
	"time"
)

// Fence says why a core takes no work.
type Fence uint8

// Reasons of a fence. The zero value is none.
const (
	NotFenced  Fence = iota
	ByOperator       // an admin call
	Lied             // a judged sample differed
	TimedOut         // it kept a job longer than the timeout
)

// String returns the word used in lists, logs and metrics.
func (f Fence) String() string {
	switch f {
	case NotFenced:
		return "none"
	case ByOperator:
		return "operator"
	case Lied:
		return "wrong_answer"
	case TimedOut:
		return "timeout"
	default:
		return fmt.Sprintf("fence(%d)", uint8(f))
	}
}

// Mode is how a core misbehaves on command. Nothing but the emulated core knows
// it: the chip has to find out.
type Mode uint8

// Modes. The zero value is a sound core.
const (
	Sound Mode = iota
	Wrong      // gives wrong answers
	Stall      // takes a job and never finishes it
	Dead       // never takes a job
)

// String returns the word used in lists and on the command line.
func (m Mode) String() string {
	switch m {
	case Sound:
		return "none"
	case Wrong:
		return "wrong"
	case Stall:
		return "stall"
	case Dead:
		return "dead"
	default:
		return fmt.Sprintf("mode(%d)", uint8(m))
	}
}

// Fault is a mode with its measure.
type Fault struct {
	Mode Mode
	// Every spoils each Every-th item of a job if Mode is Wrong; 0 and 1 spoil
	// all.
	Every int
}

// MaxSlowdown bounds throttling: slower than that is fenced.
const MaxSlowdown = 1000

// core is one logical core. All fields are guarded by Chip.mu.
type core struct {
	id       int
	fence    Fence
	fault    Fault
	slowdown int // 1 = full speed; n = a job counts as n when work is shared out

	queue []*job
	busy  bool // a host worker executes a job of it
	// stuck is set while the core sits on work without doing any; held is the
	// job that it took, if it took one.
	stuck bool
	held  *job
	timer *time.Timer

	lies      uint64 // grows with each proven lie: work done before it is void
	probation int    // items still to be judged in full
	counts    Counts
}

// Counts is what a core has done since the start.
type Counts struct {
	Jobs, Items  uint64 // answered
	Judged       uint64 // items computed again
	Lies         uint64 // judged jobs that were wrong
	Timeouts     uint64 // jobs not finished in time
	Fences       uint64
	BusyNanosecs uint64 // host time spent on its jobs
}

// CoreInfo is what can be told about a core.
type CoreInfo struct {
	ID       int
	Fence    Fence
	Slowdown int // 1 = not throttled
	Fault    Fault
	Queued   int
	Counts   Counts
}

// Cores returns all cores in order.
func (c *Chip) Cores() []CoreInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]CoreInfo, len(c.cores))
	for i := range c.cores {
		k := &c.cores[i]
		out[i] = CoreInfo{k.id, k.fence, k.slowdown, k.fault, len(k.queue), k.counts}
	}
	return out
}

// ErrCore reports an admin call that names no core or asks the impossible.
var ErrCore = errors.New("chip core")

// eachCore changes the named cores, all or none.
func (c *Chip) eachCore(ids []int, change func(*core)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if id < 0 || id >= len(c.cores) {
			return fmt.Errorf("%w %d: use 0 to %d", ErrCore, id, len(c.cores)-1)
		}
	}
	for _, id := range ids {
		change(&c.cores[id])
	}
	c.clock.use(c.cores)
	c.change.Broadcast()
	c.work.Broadcast()
	return nil
}

// Fence takes cores out of use; their queued jobs go elsewhere.
func (c *Chip) Fence(ids []int) error {
	return c.eachCore(ids, func(k *core) { c.fenceCore(k, ByOperator) })
}

// Release takes cores into use again at full speed and mends their faults. A
// core that was fenced is on probation: its next items are judged in full.
func (c *Chip) Release(ids []int) error {
	return c.eachCore(ids, func(k *core) {
		if k.fence != NotFenced {
			k.probation = probationItems
		}
		k.fence, k.slowdown = NotFenced, 1
		c.setFault(k, Fault{})
		c.log.Info("core released", "core", k.id)
	})
}

// Throttle makes cores slowdown times slower: they get that much less work, and
// the timing model makes them take that much longer. 1 is full speed.
func (c *Chip) Throttle(ids []int, slowdown int) error {
	if slowdown < 1 || slowdown > MaxSlowdown {
		return fmt.Errorf("%w: slowdown %d; use 1 to %d", ErrCore, slowdown, MaxSlowdown)
	}
	return c.eachCore(ids, func(k *core) {
		k.slowdown = slowdown
		c.log.Info("core throttled", "core", k.id, "slowdown", slowdown)
	})
}

// Inject makes cores misbehave from their next job on.
func (c *Chip) Inject(ids []int, f Fault) error {
	if f.Mode > Dead || f.Every < 0 {
		return fmt.Errorf("%w: unknown fault %v every %d", ErrCore, f.Mode, f.Every)
	}
	return c.eachCore(ids, func(k *core) {
		c.setFault(k, f)
		c.log.Warn("fault injected", "core", k.id, "mode", f.Mode.String())
	})
}

// setFault also frees a stuck core: what it held begins anew.
func (c *Chip) setFault(k *core, f Fault) {
	k.fault = f
	if held := c.unstick(k); held != nil {
		held.state = waiting
	}
}

// unstick returns the job that the core held, if any.
func (c *Chip) unstick(k *core) *job {
	if k.timer != nil {
		k.timer.Stop()
		k.timer = nil
	}
	held := k.held
	k.stuck, k.held = false, nil
	return held
}

// fenceCore takes k out of use and gives its jobs back to their callers.
func (c *Chip) fenceCore(k *core, why Fence) {
	if k.fence == NotFenced {
		k.counts.Fences++
		c.metrics.fences.WithLabelValues(why.String()).Inc()
		c.log.Warn("core fenced", "core", k.id, "reason", why.String(),
			"items", k.counts.Items, "judged", k.counts.Judged)
	}
	if k.fence == NotFenced || k.fence == ByOperator {
		k.fence = why // a fault found later is the better reason
	}
	if held := c.unstick(k); held != nil {
		held.state = waiting
		c.metrics.redone.WithLabelValues(why.String()).Inc()
	}
	for _, j := range k.queue {
		j.state = waiting
		c.metrics.redone.WithLabelValues(why.String()).Inc()
	}
	clear(k.queue)
	k.queue = k.queue[:0]
	c.clock.use(c.cores)
	c.change.Broadcast()
}

// stick makes k sit on its work until somebody notices.
func (c *Chip) stick(k *core) {
	k.stuck = true
	if k.fault.Mode == Stall {
		k.held = k.pop()
		k.held.state = held
	}
	// The timer that finds another one in its place has been stopped too late.
	var timer *time.Timer
	timer = time.AfterFunc(c.config.JobTimeout, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if k.timer == timer {
			k.counts.Timeouts++
			c.fenceCore(k, TimedOut)
		}
	})
	k.timer = timer
}

func (k *core) pop() *job {
	j := k.queue[0]
	n := copy(k.queue, k.queue[1:])
	k.queue[n] = nil
	k.queue = k.queue[:n]
	return j
}

// load is what placing compares: jobs not finished, as slow as the core is.
func (k *core) load() int {
	n := len(k.queue)
	if k.busy || k.stuck {
		n++
	}
	return n * k.slowdown
}

// pick returns the least loaded core with room, or nil. usable says whether any
// core takes work at all.
func (c *Chip) pick() (best *core, usable bool) {
	least := 0
	for range c.cores {
		k := &c.cores[c.turn]
		c.turn = (c.turn + 1) % len(c.cores)
		if k.fence != NotFenced {
			continue
		}
		usable = true
		// A slow core's first job counts too, or it would get as many as others.
		load := k.load() + k.slowdown - 1
		if len(k.queue) < c.config.QueueDepth && (best == nil || load < least) {
			best, least = k, load
		}
		if best != nil && least == 0 {
			break
		}
	}
	return best, usable
}

// next returns the job that k would execute now, or nil. A core that is to stall
// or to be dead gets stuck instead.
func (c *Chip) next(k *core) *job {
	if k.busy || k.stuck || k.fence != NotFenced || len(k.queue) == 0 {
		return nil
	}
	if k.fault.Mode == Stall || k.fault.Mode == Dead {
		c.stick(k)
		return nil
	}
	return k.queue[0]
}

// claimAny takes a job of any core for execution, or returns nil.
func (c *Chip) claimAny() *job {
	for i := range c.cores {
		k := &c.cores[i]
		if c.next(k) != nil {
			return c.claim(k)
		}
	}
	return nil
}

// claim takes the first job of k for execution.
func (c *Chip) claim(k *core) *job {
	j := k.pop()
	k.busy = true
	j.state, j.fault, j.lies = executing, k.fault, k.lies
	return j
}
