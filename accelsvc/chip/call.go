package chip

import (
	"context"

	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// state is where a job is.
type state uint8

const (
	waiting   state = iota // with its caller, to be placed
	queued                 // in a core's queue
	held                   // taken by a core that does nothing
	executing              // on the host, for a core
	done                   // answered
	failed                 // the kernel panicked
)

// job is a range of a call's items. Its fields are guarded by Chip.mu, but for
// what the one who executes it writes.
type job struct {
	call   *call
	lo, hi int
	state  state
	core   *core
	fault  Fault  // of the core when the job began
	lies   uint64 // of the core when the job began
}

// call is one batch under way.
type call struct {
	items payload
	jobs  []job
}

// payload is what a call computes. Its methods are called for ranges that do not
// overlap, so they need no lock.
type payload interface {
	// run computes [lo, hi) on k.
	run(k kernel.Kernel, lo, hi int)
	// spoil makes each every-th answer of [lo, hi) wrong.
	spoil(lo, hi, every int)
	// differing computes the items at the positions at again, on k, and returns
	// the indices into at whose answers are not the same.
	differing(k kernel.Kernel, at []int) []int
	// work is the call's size for the timing model.
	work() timing.Work
}

// dispatch has the items computed by cores and judged, until all are sound. Job i
// is the range from bounds[i] to bounds[i+1].
func (c *Chip) dispatch(ctx context.Context, items payload, bounds []int) error {
	if len(bounds) < 2 {
		return ctx.Err()
	}
	start := c.now()
	cl := &call{items: items, jobs: make([]job, len(bounds)-1)}
	todo := make([]*job, 0, len(cl.jobs))
	for i := range cl.jobs {
		j := &cl.jobs[i]
		j.call, j.lo, j.hi = cl, bounds[i], bounds[i+1]
		if j.hi-j.lo < c.config.DirectBelow {
			if err := c.direct(ctx, j, "small"); err != nil {
				return err
			}
			continue
		}
		todo = append(todo, j)
	}
	for attempt := 1; len(todo) > 0; attempt++ {
		if attempt > maxAttempts {
			for _, j := range todo {
				if err := c.direct(ctx, j, "attempts"); err != nil {
					return err
				}
			}
			break
		}
		if err := c.execute(ctx, todo); err != nil {
			return err
		}
		todo = c.unsound(cl, todo)
	}
	c.clock.report(c.metrics, items.work(), c.now().Sub(start))
	return nil
}

// direct computes j on the host, outside the cores.
func (c *Chip) direct(ctx context.Context, j *job, why string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.call.items.run(c.judge, j.lo, j.hi)
	c.metrics.software.WithLabelValues(why).Add(float64(j.hi - j.lo))
	return nil
}

// execute returns when every job of todo has been answered by a core, or by the
// host where no core takes work.
func (c *Chip) execute(ctx context.Context, todo []*job) error {
	var unhook func() bool
	all, finished := todo, false
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() {
		if !finished { // also when a kernel panics on the host
			c.abandon(all)
		}
	}()
	for {
		for len(todo) > 0 && todo[0].ended() { // they end roughly in order
			todo = todo[1:]
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		usable := c.place(todo)
		own, open := c.claimOwn(todo)
		switch {
		case !open:
			finished = true // nothing is left that could still write
			return c.onHost(ctx, all, failed)
		case own != nil:
			c.perform(own)
		case !usable:
			if err := c.onHost(ctx, todo, waiting); err != nil {
				return err
			}
		default:
			if unhook == nil {
				unhook = context.AfterFunc(ctx, func() {
					c.mu.Lock()
					defer c.mu.Unlock()
					c.change.Broadcast()
				})
				defer unhook()
			}
			c.change.Wait()
		}
	}
}

// place puts waiting jobs into queues, as far as there is room, and wakes the
// workers that could help. It says whether any core takes work.
func (c *Chip) place(todo []*job) (usable bool) {
	placed := 0
	usable = true
	for _, j := range todo {
		if j.state != waiting {
			continue
		}
		var k *core
		if k, usable = c.pick(); k == nil {
			break
		}
		j.state, j.core = queued, k
		k.queue = append(k.queue, j)
		placed++
	}
	// The caller executes one job itself.
	for range min(placed-1, c.config.Cores) {
		c.work.Signal()
	}
	return usable
}

// claimOwn takes the first job of todo that its core can execute now. open says
// whether any job has not ended.
func (c *Chip) claimOwn(todo []*job) (own *job, open bool) {
	for _, j := range todo {
		if j.state == queued && c.next(j.core) == j {
			return c.claim(j.core), true
		}
		open = open || !j.ended()
	}
	return nil, open
}

func (j *job) ended() bool { return j.state == done || j.state == failed }

// perform executes a claimed job. It releases the lock meanwhile.
func (c *Chip) perform(j *job) {
	c.mu.Unlock()
	start := c.now()
	ok := c.attempt(j)
	elapsed := c.now().Sub(start)
	c.mu.Lock()
	k := j.core
	k.busy = false
	j.state = failed
	if ok {
		j.state = done
		k.counts.Jobs++
		k.counts.Items += uint64(j.hi - j.lo) //nolint:gosec // G115: a length
	}
	k.counts.BusyNanosecs += uint64(max(elapsed, 0))
	if len(k.queue) > 0 {
		c.work.Signal()
	}
	c.change.Broadcast()
}

// attempt says whether the kernel came to an end. A panic is the input's fault
// or the kernel's, not the core's: fencing cores for it would let one bad batch
// take all of them down.
func (c *Chip) attempt(j *job) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			ok = false
			c.metrics.panics.Inc()
			c.log.Error("panic in a job", "core", j.core.id, "panic", p)
		}
	}()
	j.call.items.run(c.kernel, j.lo, j.hi)
	if j.fault.Mode == Wrong {
		j.call.items.spoil(j.lo, j.hi, max(j.fault.Every, 1))
	}
	return true
}

// onHost computes the jobs in the given state on the host: those that no core
// takes, or those whose kernel panicked. If it panics again, the caller gets the
// panic, as it would from the kernel itself.
func (c *Chip) onHost(ctx context.Context, todo []*job, which state) error {
	why := "no_core"
	if which == failed {
		why = "panic"
	}
	for _, j := range todo {
		if j.state != which {
			continue
		}
		j.state, j.core = done, nil
		if err := c.unlocked(func() error { return c.direct(ctx, j, why) }); err != nil {
			return err
		}
	}
	return nil
}

// unlocked runs f without the lock, which is held again afterwards even if f
// panics.
func (c *Chip) unlocked(f func() error) error {
	c.mu.Unlock()
	defer c.mu.Lock()
	return f()
}

// abandon takes the jobs back and waits for those that execute: nothing may
// write to the caller's memory after it has returned.
func (c *Chip) abandon(todo []*job) {
	for _, j := range todo {
		switch j.state {
		case queued:
			k := j.core
			for i := range k.queue {
				if k.queue[i] == j {
					k.queue = append(k.queue[:i], k.queue[i+1:]...)
					break
				}
			}
			j.state = failed
		case held:
			j.core.held = nil // the core stays stuck until its time is up
			j.state = failed
		case waiting, executing, done, failed:
		}
	}
	for _, j := range todo {
		for j.state == executing {
			c.change.Wait()
		}
	}
}
