//go:build !linux

package verify

import "time"

var started = time.Now()

// threadTime returns the time on the wall: on an idle machine the same.
func threadTime() time.Duration { return time.Since(started) }
