//go:build !linux

package process

import "syscall"

// childAttributes puts a child into a process group of its own, so that Ctrl-C
// in the terminal reaches only the supervisor. Only Linux can tie its life to
// the supervisor's.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// residentBytes is unknown here.
func residentBytes(int) int64 { return 0 }
