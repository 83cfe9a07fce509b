package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/internal/service"
	"github.com/argosy-trade/argosy/network/control"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/process"
	"github.com/argosy-trade/argosy/network/topology"
)

// startFlags are the flags of `up` that its supervisor gets too.
type startFlags struct {
	topology  string
	basePort  int
	without   []string
	binDir    string
	fabricDir string
}

func (f *startFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.topology, "topology", "", "topology file of a new network (default: the built-in one)")
	cmd.Flags().IntVar(&f.basePort, "base-port", -1, "first port, 0 for free ports (default: the topology's)")
	cmd.Flags().StringSliceVar(&f.without, "without", nil, "services not to start, by name or NAME.ORGANISATION")
	cmd.Flags().StringVar(&f.binDir, "bin", "", "directory of Argosy's programs (default: this program's)")
	cmd.Flags().StringVar(&f.fabricDir, "fabric", "", "directory of peer and orderer (default: as fabric build puts them)")
}

func (f *startFlags) arguments() []string {
	args := []string{"--base-port", strconv.Itoa(f.basePort)}
	for flag, v := range map[string]string{"--topology": f.topology, "--bin": f.binDir, "--fabric": f.fabricDir} {
		if v != "" {
			args = append(args, flag, v)
		}
	}
	for _, w := range f.without {
		args = append(args, "--without", w)
	}
	return args
}

// options turns flags into options; it reads the topology file.
func (f *startFlags) options(dir string) (native.Options, error) {
	opts := native.Options{
		Dir: dir, Without: f.without, Programs: native.Programs{Argosy: f.binDir, Fabric: f.fabricDir},
	}
	if f.basePort >= 0 {
		opts.BasePort = &f.basePort
	}
	if f.topology != "" {
		t, err := topology.Load(f.topology)
		if err != nil {
			return opts, err
		}
		opts.Topology, opts.TopologySource = t, f.topology
	}
	self, err := os.Executable()
	opts.Programs.Builder = self
	return opts, err
}

func upCommand(s *settings) *cobra.Command {
	f := &startFlags{}
	cmd := &cobra.Command{
		Use: "up", Short: "Start the network; a new one is made first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return up(cmd, s, f) },
	}
	f.register(cmd)
	return cmd
}

func up(cmd *cobra.Command, s *settings, f *startFlags) error {
	ctx := cmd.Context()
	dir, err := s.absolute()
	if err != nil {
		return err
	}
	// Refused here already, where the user sees it, instead of in the supervisor's log.
	if _, err := f.options(dir); err != nil {
		return err
	}
	client := control.NewClient(dir)
	out := newScreen(cmd.OutOrStdout(), s.json())
	began := time.Now()
	st, err := client.Status(ctx)
	switch {
	case err == nil && st.Ready:
		out.note("the network in %s is running already", s.dir)
		return showStatus(out, st)
	case err == nil: // another `up` is under way: follow it
	case errors.Is(err, native.ErrNotRunning):
		if err := spawn(ctx, client, dir, f); err != nil {
			return err
		}
	default:
		return err
	}
	final, err := client.Follow(ctx, out.step)
	out.clear()
	if ctx.Err() != nil {
		// Ctrl-C: what has been started is stopped again, and said so.
		derr := client.Down(context.WithoutCancel(ctx))
		if errors.Is(derr, native.ErrNotRunning) {
			derr = nil
		}
		return errors.Join(errors.New("interrupted; everything that was started is stopped"), derr)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, process.Tail(filepath.Join(dir, native.SupervisorLog), logTail))
	}
	if final.Precondition {
		return fmt.Errorf("%s\n%w", final.Error, errPrecondition)
	}
	if final.Error != "" {
		return errors.New(final.Error)
	}
	if st, err = client.Status(ctx); err != nil {
		return err
	}
	out.note("ready after %s", seconds(time.Since(began)))
	return showStatus(out, st)
}

const (
	logTail       = 15
	answerTimeout = 10 * time.Second // until a new supervisor answers; it takes 20 ms
	answerPoll    = 10 * time.Millisecond
)

// spawn starts a detached supervisor and waits until it answers.
func spawn(ctx context.Context, client *control.Client, dir string, f *startFlags) error {
	ours, err := native.Ours(dir)
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("%w: %s holds other files than a network's; name an empty directory with --dir", errUsage, dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // keys within are 0600
		return err
	}
	logPath := filepath.Join(dir, native.SupervisorLog)
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) // one start's worth
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, append([]string{"supervise", "--dir", dir}, f.arguments()...)...)
	cmd.Stdout, cmd.Stderr = log, log
	// A session of its own: neither Ctrl-C nor the end of the terminal reaches it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // why it ended stands in its log
	}()
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	tick := time.NewTicker(answerPoll)
	defer tick.Stop()
	for {
		if _, err := client.Status(ctx); err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("the supervisor ended; its log %s:\n%s", logPath, process.Tail(logPath, logTail))
		case <-ctx.Done():
			return fmt.Errorf("the supervisor does not answer: %w; its log: %s", ctx.Err(), logPath)
		case <-tick.C:
		}
	}
}

func superviseCommand(s *settings) *cobra.Command {
	f := &startFlags{}
	cmd := &cobra.Command{
		Use: "supervise", Args: cobra.NoArgs,
		Short: "Run the network in the foreground until Ctrl-C (for service managers; `up` runs this detached)",
		RunE:  func(cmd *cobra.Command, _ []string) error { return supervise(cmd, s, f) },
	}
	f.register(cmd)
	return cmd
}

func supervise(cmd *cobra.Command, s *settings, f *startFlags) error {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	dir, err := s.absolute()
	if err != nil {
		return err
	}
	opts, err := f.options(dir)
	if err != nil {
		return err
	}
	if opts.Logger, err = service.NewLogger(cmd.ErrOrStderr(), "info"); err != nil {
		return err
	}
	server := control.NewServer(cancel)
	started := false
	opts.Observe = func(st native.Step) {
		started = started || st.State == native.StepDone
		server.Emit(control.Event{Step: &st})
	}
	n := native.New(opts)
	if err := n.Lock(); err != nil {
		return err
	}
	listener, err := control.Listen(dir)
	if err != nil {
		return errors.Join(err, n.Down(ctx))
	}
	server.Attach(n)
	sctx, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- server.Serve(sctx, listener) }()

	err = n.Up(ctx)
	final := control.Event{Final: true}
	if err != nil {
		final.Error, final.Precondition = err.Error(), !started
		opts.Logger.Error("start failed", "error", err.Error())
	}
	if err != nil {
		// Stop before saying so: whoever hears it may start again at once.
		err = errors.Join(err, n.Down(context.WithoutCancel(ctx)))
	}
	server.Emit(final)
	if err == nil {
		<-ctx.Done()
		err = n.Down(context.WithoutCancel(ctx))
	} else {
		server.AwaitTold()
	}
	server.Stopped()
	stopServing()
	return errors.Join(err, <-served)
}

func downCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop the network; its state is kept", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := s.absolute()
			if err != nil {
				return err
			}
			return down(cmd.Context(), dir, newScreen(cmd.OutOrStdout(), s.json()))
		},
	}
}

// down stops a network; that it does not run is no error.
func down(ctx context.Context, dir string, out *screen) error {
	began := time.Now()
	err := control.NewClient(dir).Down(ctx)
	switch {
	case errors.Is(err, native.ErrNotRunning):
		out.note("the network was not running")
		return nil
	case err != nil:
		return err
	}
	out.note("stopped after %s; the state is kept, argosy-net up continues it", seconds(time.Since(began)))
	return nil
}
