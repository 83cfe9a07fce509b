package verify

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime returns the processor time of this thread, which other processes'
// turns are no part of. The caller has locked itself to the thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
