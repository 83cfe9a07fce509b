package socket

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListenIsForTheOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there after Close: %v", err)
	}
	again, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	_ = again.Close()
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	leaveBehind(t, path)
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// leaveBehind makes a socket that nobody serves, as a killed process does.
func leaveBehind(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestServedSocketIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if _, err := Listen(t.Context(), path); !errors.Is(err, ErrInUse) {
		t.Errorf("second listener: got %v, want ErrInUse", err)
	}
	// A program that knows nothing of the lock.
	foreign := filepath.Join(t.TempDir(), "f")
	l, err := net.Listen("unix", foreign)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := Listen(t.Context(), foreign); !errors.Is(err, ErrInUse) {
		t.Errorf("foreign listener: got %v, want ErrInUse", err)
	}
	for _, p := range []string{path, foreign} {
		conn, err := net.Dial("unix", p)
		if err != nil {
			t.Fatalf("the served socket was harmed: %v", err)
		}
		_ = conn.Close()
	}
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), path); !errors.Is(err, ErrPath) {
		t.Errorf("got %v, want ErrPath", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
		t.Errorf("the file became %q, %v", b, err)
	}
}

func TestLongPathIsExplained(t *testing.T) {
	long := "/" + strings.Repeat("d", MaxPath)
	for _, path := range []string{long, ""} {
		if _, err := Listen(t.Context(), path); !errors.Is(err, ErrPath) {
			t.Errorf("%d bytes: got %v, want ErrPath", len(path), err)
		}
	}
	if err := Check(long); !strings.Contains(err.Error(), "shorter") {
		t.Errorf("%v does not say what to do", err)
	}
	if err := Check(long[:MaxPath]); err != nil {
		t.Errorf("%d bytes: %v", MaxPath, err)
	}
}
