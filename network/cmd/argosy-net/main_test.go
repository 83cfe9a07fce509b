package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/network/control"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/native/nativetest"
)

const testTimeout = 90 * time.Second

// command runs the built program and returns standard output, standard error
// and the exit code.
func command(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	programs := nativetest.Programs(t)
	cmd := exec.CommandContext(ctx, filepath.Join(programs.Argosy, "argosy-net"), append(args, "--dir", dir)...)
	if args[0] == "up" {
		cmd.Args = append(cmd.Args, "--fabric", programs.Fabric)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// deepDir is a state directory whose path is too long for unix sockets, so the
// sockets lie elsewhere; the network in it is stopped with the test.
func deepDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 12), "net")
	t.Cleanup(func() {
		err := control.NewClient(dir).Down(context.Background())
		if err != nil && !errors.Is(err, native.ErrNotRunning) {
			t.Error(err)
		}
		_ = os.RemoveAll(native.SocketDir(dir))
	})
	return dir
}

func status(t *testing.T, dir string) (native.Status, int) {
	t.Helper()
	out, _, code := command(t, dir, "status", "-o", "json")
	var st native.Status
	if err := json.Unmarshal([]byte(out), &st); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return st, code
}

func TestCommandsThroughTheLifeOfANetwork(t *testing.T) {
	dir := deepDir(t)
	out, stderr, code := command(t, dir, "up", "--base-port", "0")
	if code != 0 || !strings.Contains(out, native.StepFirstTransactions) || !strings.Contains(out, "ready after") {
		t.Fatalf("up: exit %d\n%s%s", code, out, stderr)
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colours or cursor movements where there is no terminal")
	}
	st, code := status(t, dir)
	if code != 0 || !st.Healthy || st.Supervisor == 0 || st.Network == nil {
		t.Fatalf("status: exit %d, %+v", code, st)
	}
	if out, _, code := command(t, dir, "up"); code != 0 || !strings.Contains(out, "running already") {
		t.Errorf("second up: exit %d\n%s", code, out)
	}
	if _, stderr, code := command(t, dir, "stop", "accelsvc.carrier"); code != 0 {
		t.Errorf("stop: exit %d %s", code, stderr)
	}
	if st, code := status(t, dir); code != exitUnhealthy || st.Healthy {
		t.Errorf("status with a stopped process: exit %d", code)
	}
	if _, stderr, code := command(t, dir, "start", "accelsvc.carrier"); code != 0 {
		t.Errorf("start: exit %d %s", code, stderr)
	}
	if _, stderr, code := command(t, dir, "restart", "nobody"); code != exitUsage ||
		!strings.Contains(stderr, "peer0.carrier") {
		t.Errorf("restart of nobody: exit %d %s", code, stderr)
	}
	if out, _, code := command(t, dir, "logs", "supervisor"); code != 0 || !strings.Contains(out, `"msg":"ready"`) {
		t.Errorf("logs: exit %d\n%s", code, out)
	}
	if _, stderr, code := command(t, dir, "reset"); code != exitUsage || !strings.Contains(stderr, "nothing is deleted") {
		t.Errorf("reset without an answer: exit %d %s", code, stderr)
	}
	if _, stderr, code := command(t, dir, "down"); code != 0 {
		t.Errorf("down: exit %d %s", code, stderr)
	}
	for _, p := range st.Processes {
		if err := syscall.Kill(p.PID, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s (%d) outlives down: %v", p.Name, p.PID, err)
		}
	}
	if st, code := status(t, dir); code != exitNotRunning || st.Running || st.Network == nil {
		t.Errorf("status after down: exit %d, %+v", code, st)
	}
	if _, stderr, code := command(t, dir, "reset", "--yes"); code != 0 {
		t.Errorf("reset: exit %d %s", code, stderr)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestInterruptedUpStopsWhatItStarted(t *testing.T) {
	dir := deepDir(t)
	programs := nativetest.Programs(t)
	cmd := exec.Command(filepath.Join(programs.Argosy, "argosy-net"), "up", "--base-port", "0", "--dir", dir,
		"--fabric", programs.Fabric)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Ctrl-C as soon as orderers or peers are up.
	for s := bufio.NewScanner(out); s.Scan(); {
		if strings.Contains(s.Text(), "join") {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("got %v, %s", err, &stderr)
	}
	if st, code := status(t, dir); code != exitNotRunning || st.Running {
		t.Errorf("status: exit %d, %+v", code, st)
	}
	if err := native.Reset(dir); err != nil {
		t.Errorf("somebody still holds the directory: %v", err)
	}
}

func TestClashAndForeignDirectoryAreRefusedBeforeAnythingStarts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	// The first peer's gRPC port is the base port + 10.
	taken := l.Addr().(*net.TCPAddr).Port
	_, stderr, code := command(t, deepDir(t), "up", "--base-port", strconv.Itoa(taken-10))
	if code != exitPrecondition || !strings.Contains(stderr, "port "+strconv.Itoa(taken)+" (peer0.exportbank gRPC)") ||
		!strings.Contains(stderr, "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("clash: exit %d\n%s", code, stderr)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := command(t, foreign, "up"); code != exitUsage || !strings.Contains(stderr, "other files") {
		t.Errorf("foreign directory: exit %d %s", code, stderr)
	}
	if _, _, code := command(t, foreign, "reset", "--yes"); code == 0 {
		t.Error("reset deleted a foreign directory")
	}
	if _, err := os.Stat(filepath.Join(foreign, "thesis.txt")); err != nil {
		t.Error(err)
	}
}

func TestTopologyFindingsReachTheUser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nchanel: trade\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := command(t, t.TempDir(), "topology", "validate", file)
	if code != exitUsage || !strings.Contains(stderr, "line 2: chanel") {
		t.Errorf("exit %d %s", code, stderr)
	}
}
