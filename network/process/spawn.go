package process

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Spawner starts children, all from one operating system thread that lives as
// long as the spawner: Linux sends a child its parent-death signal when the
// *thread* that started it ends, not the process (see go.dev/issue/27505).
type Spawner struct {
	requests chan request
	closed   chan struct{}
	close    sync.Once
}

type request struct {
	cmd    *exec.Cmd
	result chan error
}

// NewSpawner returns a spawner with its thread; Close it after the last child.
func NewSpawner() *Spawner {
	s := &Spawner{requests: make(chan request), closed: make(chan struct{})}
	go s.loop()
	return s
}

func (s *Spawner) loop() {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	for {
		select {
		case r := <-s.requests:
			r.result <- r.cmd.Start()
		case <-s.closed:
			return
		}
	}
}

var errSpawnerClosed = errors.New("the supervisor is closing")

func (s *Spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = childAttributes()
	r := request{cmd, make(chan error, 1)}
	select {
	case s.requests <- r:
		return <-r.result
	case <-s.closed:
		return errSpawnerClosed
	}
}

// Close ends the spawner's thread. Children that still run are killed on Linux.
func (s *Spawner) Close() { s.close.Do(func() { close(s.closed) }) }

// signalGroup signals a child and everything that it started.
func signalGroup(cmd *exec.Cmd, sig syscall.Signal) error {
	return syscall.Kill(-cmd.Process.Pid, sig)
}
