// Package process runs the programs of a network: starts them, watches their
// readiness, restarts what crashes with growing pauses, stops them cleanly.
//
// It refuses to guess: a process is ready when its probe says so, never after
// some time. Its output goes to a log file of limited size. On Linux a child
// dies with its supervisor, whatever kills that.
//
// Invariants: at most one child of a Process runs at any time; after [Process.Run]
// has returned none does.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// State is what a process is doing.
type State string

// States of a process.
const (
	Idle     State = "idle"     // not started yet
	Starting State = "starting" // runs, not ready yet
	Ready    State = "ready"    // runs, was ready when last asked
	Backoff  State = "backoff"  // has ended by itself; starts again after a pause
	Looping  State = "crashing" // has ended by itself again and again; is still restarted
	Stopped  State = "stopped"  // stopped on request
)

// Spec says what to run.
type Spec struct {
	Name    string
	Kind    string // peer, orderer, chaincode, accelerator, service
	Program string
	Args    []string
	Env     []string // added to the supervisor's environment
	Dir     string   // working directory
	LogFile string
	// Ready returns nil once the process serves. It is asked again and again.
	Ready func(context.Context) error
}

// Info describes a process at a moment.
type Info struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	State    State     `json:"state"`
	PID      int       `json:"pid,omitempty"`
	Since    time.Time `json:"since"`              // of the state
	Restarts int       `json:"restarts"`           // starts after the first that nobody asked for
	LastExit string    `json:"lastExit,omitempty"` // how it ended last
	LogFile  string    `json:"logFile"`
	Memory   int64     `json:"memoryBytes,omitempty"` // resident, 0 if unknown
}

const (
	readyInterval = 40 * time.Millisecond // between two readiness probes while starting
	probeTimeout  = time.Second
	stopTimeout   = 10 * time.Second // for a clean end, then it is killed

	firstPause = 250 * time.Millisecond // after a crash; doubles with each
	maxPause   = 30 * time.Second
	// A process that ran this long had started well: its next crash counts as
	// the first.
	steadyAfter = 30 * time.Second
	// loopingAfter crashes in a row are called a crash loop.
	loopingAfter = 3
)

// Process is one supervised program.
type Process struct {
	spec    Spec
	spawner *Spawner
	log     *slog.Logger

	mu      sync.Mutex
	info    Info
	want    bool // should be running
	crashes int  // in a row
	child   *exec.Cmd
	changed chan struct{} // closed and replaced at every change
}

// New returns a process that is not running; see [Process.Run].
func New(spec Spec, spawner *Spawner, log *slog.Logger) *Process {
	return &Process{
		spec: spec, spawner: spawner, log: log.With("process", spec.Name), changed: make(chan struct{}),
		info: Info{Name: spec.Name, Kind: spec.Kind, State: Idle, LogFile: spec.LogFile},
	}
}

// Info returns the present state.
func (p *Process) Info() Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	info := p.info
	info.Memory = residentBytes(info.PID)
	return info
}

// Probe asks the process itself whether it serves.
func (p *Process) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return p.spec.Ready(ctx)
}

// Start makes the process run from now on.
func (p *Process) Start() { p.set(func() { p.want, p.crashes = true, 0 }) }

// Stop ends the process and waits until it has ended.
func (p *Process) Stop(ctx context.Context) error {
	p.set(func() { p.want = false })
	return p.await(ctx, func() (bool, error) {
		return p.want || p.info.State == Stopped || p.info.State == Idle, nil
	})
}

// Restart stops the process and starts it anew; it waits until it is ready.
func (p *Process) Restart(ctx context.Context) error {
	if err := p.Stop(ctx); err != nil {
		return err
	}
	p.Start()
	return p.AwaitReady(ctx)
}

// Kill kills the process as a crash would; it is restarted.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil {
		return fmt.Errorf("%s is not running", p.spec.Name)
	}
	return signalGroup(p.child, syscall.SIGKILL)
}

// CrashLoopError says that a process ends as soon as it is started.
type CrashLoopError struct {
	Name, LastExit, LogFile, LogTail string
}

// Error names the process, how it ended, and the end of its log.
func (e *CrashLoopError) Error() string {
	text := fmt.Sprintf("%s ends again and again (%s); its log: %s", e.Name, e.LastExit, e.LogFile)
	if e.LogTail != "" {
		text += "\n" + e.LogTail
	}
	return text
}

// AwaitReady waits until the process is ready. It fails at once when the
// process is stopped or in a crash loop.
func (p *Process) AwaitReady(ctx context.Context) error {
	return p.await(ctx, func() (bool, error) {
		switch p.info.State { //nolint:exhaustive // the others are on their way
		case Ready:
			return true, nil
		case Looping:
			return false, p.crashLoop()
		case Stopped:
			if !p.want {
				return false, fmt.Errorf("%s is stopped", p.spec.Name)
			}
		}
		return false, nil
	})
}

// AwaitCrashLoop waits until the process is in a crash loop, which is returned
// as *[CrashLoopError]; nil when ctx ends first.
func (p *Process) AwaitCrashLoop(ctx context.Context) error {
	err := p.await(ctx, func() (bool, error) {
		if p.info.State == Looping {
			return false, p.crashLoop()
		}
		return false, nil
	})
	var loop *CrashLoopError
	if errors.As(err, &loop) {
		return err
	}
	return nil
}

// crashLoop describes the loop; the lock is held.
func (p *Process) crashLoop() error {
	return &CrashLoopError{p.spec.Name, p.info.LastExit, p.spec.LogFile, Tail(p.spec.LogFile, tailLines)}
}

// tailLines of a log are enough to show a panic's first frame or a refusal.
const tailLines = 8

// await waits until done, called with the lock held, says so.
func (p *Process) await(ctx context.Context, done func() (bool, error)) error {
	for {
		p.mu.Lock()
		ok, err := done()
		changed := p.changed
		p.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", p.spec.Name, context.Cause(ctx))
		case <-changed:
		}
	}
}

// set changes state under the lock and tells everybody who waits.
func (p *Process) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Process) setState(s State, now time.Time) {
	p.set(func() {
		if p.info.State != s {
			p.info.State, p.info.Since = s, now
		}
	})
}

// Run supervises until ctx ends, then stops the process and returns.
func (p *Process) Run(ctx context.Context) error {
	out, err := openLog(p.spec.LogFile)
	if err != nil {
		return fmt.Errorf("%s: %w", p.spec.Name, err)
	}
	defer func() { _ = out.Close() }()
	for {
		if err := p.await(ctx, func() (bool, error) { return p.want, nil }); err != nil {
			return nil //nolint:nilerr // the end of ctx is the regular end
		}
		started := time.Now()
		reason := p.once(ctx, out)
		if ctx.Err() != nil || !p.wanted() {
			p.setState(Stopped, time.Now())
			p.log.Info("stopped", "exit", reason)
			if ctx.Err() != nil {
				return nil
			}
			continue
		}
		if time.Since(started) > steadyAfter {
			p.set(func() { p.crashes = 0 })
		}
		p.pause(ctx, reason)
	}
}

func (p *Process) wanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.want
}

// once runs the program to its end and says how it ended.
func (p *Process) once(ctx context.Context, out *rotatingLog) string {
	cmd := exec.Command(p.spec.Program, p.spec.Args...)
	cmd.Dir, cmd.Env = p.spec.Dir, append(os.Environ(), p.spec.Env...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second // a grandchild may hold the pipe open
	if err := p.spawner.start(cmd); err != nil {
		_, _ = fmt.Fprintf(out, "argosy-net: cannot start: %v\n", err)
		return err.Error()
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // how it ended is read from ProcessState
	}()
	p.set(func() {
		p.child, p.info.PID = cmd, cmd.Process.Pid
		p.info.State, p.info.Since = Starting, time.Now()
	})
	p.log.Info("started", "pid", cmd.Process.Pid)

	pctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go p.watchReady(pctx)
	p.untilEnd(ctx, cmd, exited)
	cancel()
	p.set(func() { p.child, p.info.PID = nil, 0 })
	return cmd.ProcessState.String()
}

// untilEnd waits for the child to end, and ends it when it is not wanted.
func (p *Process) untilEnd(ctx context.Context, cmd *exec.Cmd, exited <-chan struct{}) {
	for {
		p.mu.Lock()
		changed, want := p.changed, p.want
		p.mu.Unlock()
		if ctx.Err() != nil || !want {
			terminate(cmd, exited)
			return
		}
		select {
		case <-exited:
			return
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func terminate(cmd *exec.Cmd, exited <-chan struct{}) {
	_ = signalGroup(cmd, syscall.SIGTERM) // gone already: the wait below returns
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-exited:
		return
	case <-timer.C:
	}
	_ = signalGroup(cmd, syscall.SIGKILL)
	<-exited
}

// watchReady probes until the process is ready once.
func (p *Process) watchReady(ctx context.Context) {
	tick := time.NewTicker(readyInterval)
	defer tick.Stop()
	for {
		if err := p.Probe(ctx); err == nil && ctx.Err() == nil {
			p.setState(Ready, time.Now())
			p.log.Info("ready")
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// pause waits before the next start, longer after each crash in a row.
func (p *Process) pause(ctx context.Context, reason string) {
	var wait time.Duration
	p.set(func() {
		wait = min(firstPause<<min(p.crashes, 10), maxPause)
		p.crashes++
		p.info.Restarts++
		p.info.LastExit = reason
		p.info.State, p.info.Since = Backoff, time.Now()
		if p.crashes >= loopingAfter {
			p.info.State = Looping
		}
	})
	p.log.Warn("ended by itself", "exit", reason, "restartIn", wait.String())
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	// The end of ctx is the end of the pause.
	if p.await(ctx, func() (bool, error) { return !p.want, nil }) == nil {
		p.setState(Stopped, time.Now())
	}
}
