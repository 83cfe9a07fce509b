// Package socket opens the unix socket between an accelerator and its clients.
//
// The socket is the only protection between an organisation's processes and
// other users of the machine, so it is readable and writable by its owner only.
// A socket left behind by a killed process is removed, but only while holding
// the lock beside it and after nobody answered on it; anything else at that path
// is left alone.
package socket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// MaxPath is the longest socket path in bytes that both Linux (107) and the BSDs
// (103) accept.
const MaxPath = 103

var (
	// ErrPath reports a path that cannot be a socket's.
	ErrPath = errors.New("unix socket path")
	// ErrInUse reports a socket that another process serves.
	ErrInUse = errors.New("unix socket is in use")
)

// Check returns an error that wraps ErrPath if path cannot be used.
func Check(path string) error {
	if path == "" {
		return fmt.Errorf("%w: it is empty", ErrPath)
	}
	if len(path) > MaxPath {
		return fmt.Errorf("%w %q has %d bytes; the operating system takes at most %d: "+
			"use a shorter folder or a path relative to the working folder", ErrPath, path, len(path), MaxPath)
	}
	return nil
}

// probeTimeout is how long an owner may take to accept; a live one needs
// microseconds.
const probeTimeout = time.Second

// ownerOnly is the mode of the socket and its lock.
const ownerOnly = 0o600

// Listen listens on path with mode 0600. It replaces a stale socket and refuses
// one that somebody serves. The lock file path.lock stays; it is empty.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	if err := Check(path); err != nil {
		return nil, err
	}
	lock, err := acquire(path + ".lock")
	if err != nil {
		return nil, err
	}
	l, err := listenLocked(ctx, path)
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	return &listener{Listener: l, lock: lock}, nil
}

// listener holds the lock for as long as it is open.
type listener struct {
	net.Listener
	lock *os.File
}

// Close closes the listener, which removes the socket, and releases the lock.
func (l *listener) Close() error {
	err := l.Listener.Close()
	_ = l.lock.Close() // a second close of the lock is harmless
	return err
}

func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_RDWR, ownerOnly)
	if err != nil {
		return nil, fmt.Errorf("unix socket lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: another process holds %s; stop it first", ErrInUse, path)
		}
		return nil, fmt.Errorf("unix socket lock %s: %w", path, err)
	}
	return f, nil
}

func listenLocked(ctx context.Context, path string) (net.Listener, error) {
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("unix socket: %w", err)
	}
	// Until here the mode followed the umask, which grants others no write, and
	// so no connection, unless the operator has set it to do so.
	if err := os.Chmod(path, ownerOnly); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("unix socket: %w", err)
	}
	return l, nil
}

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("unix socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%w %s is taken by something that is no socket; remove it or choose another path", ErrPath, path)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("%w: a process answers on %s; stop it first", ErrInUse, path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("unix socket %s: cannot tell whether it is in use: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("stale unix socket: %w", err)
	}
	return nil
}
