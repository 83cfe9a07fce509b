package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the program that the tests supervise.
func TestMain(m *testing.M) {
	switch os.Getenv("PROCESS_TEST_ROLE") {
	case "serve": // ready once it has written the file; runs until it is told to end
		if err := os.WriteFile(os.Getenv("PROCESS_TEST_FILE"), []byte("up"), 0o600); err != nil {
			os.Exit(1)
		}
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		<-term
		os.Exit(0)
	case "fail":
		_, _ = fmt.Fprintln(os.Stderr, "no such setting: colour")
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// start supervises the test binary in a role and returns the process and its
// log file; everything ends with the test.
func start(t *testing.T, role string) *Process {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "ready")
	spawner := NewSpawner()
	p := New(Spec{
		Name: "p", Program: os.Args[0], LogFile: filepath.Join(dir, "p.log"),
		Env: []string{"PROCESS_TEST_ROLE=" + role, "PROCESS_TEST_FILE=" + file},
		Ready: func(context.Context) error {
			_, err := os.Stat(file)
			return err
		},
	}, spawner, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		spawner.Close()
	})
	p.Start()
	return p
}

func timeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestCrashedProcessIsRestarted(t *testing.T) {
	p, ctx := start(t, "serve"), timeout(t)
	if err := p.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	first := p.Info().PID
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	err := p.await(ctx, func() (bool, error) { return p.info.PID != 0 && p.info.PID != first, nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	if i := p.Info(); i.Restarts != 1 || !strings.Contains(i.LastExit, "killed") {
		t.Errorf("restarts %d, last exit %q", i.Restarts, i.LastExit)
	}
}

func TestStoppedProcessStaysDownUntilStarted(t *testing.T) {
	p, ctx := start(t, "serve"), timeout(t)
	if err := p.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	pid := p.Info().PID
	if err := p.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if i := p.Info(); i.State != Stopped || i.Restarts != 0 {
		t.Errorf("state %s, %d restarts", i.State, i.Restarts)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
	if err := p.AwaitReady(ctx); err == nil {
		t.Error("a stopped process was called ready")
	}
	if err := p.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if i := p.Info(); i.State != Ready || i.Restarts != 0 {
		t.Errorf("state %s, %d restarts that nobody asked for", i.State, i.Restarts)
	}
}

func TestCrashLoopShowsTheLog(t *testing.T) {
	p, ctx := start(t, "fail"), timeout(t)
	err := p.AwaitReady(ctx)
	var loop *CrashLoopError
	if !errors.As(err, &loop) {
		t.Fatalf("got %v, want a crash loop", err)
	}
	if !strings.Contains(loop.LogTail, "no such setting") || !strings.Contains(loop.LastExit, "3") {
		t.Errorf("tail %q, exit %q", loop.LogTail, loop.LastExit)
	}
	if err := p.Stop(ctx); err != nil || p.Info().State != Stopped {
		t.Errorf("stop in a crash loop: %v, state %s", err, p.Info().State)
	}
}

func TestMissingProgramIsACrashLoop(t *testing.T) {
	p, ctx := start(t, "serve"), timeout(t)
	if err := p.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	p.spec.Program = filepath.Join(t.TempDir(), "absent")
	if err := p.Restart(ctx); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("got %v, want an error that names the program", err)
	}
}

func TestLogTurnsOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l", "x.log")
	l, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	block := []byte(strings.Repeat("x", MaxLogBytes/2))
	for range 5 {
		if _, err := l.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Write([]byte("\nlast\n")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".1"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > MaxLogBytes {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
	if got := Tail(path, 1); got != "last" {
		t.Errorf("tail %q", got)
	}
}
