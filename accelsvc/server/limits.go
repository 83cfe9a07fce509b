package server

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Limits bound what clients can make the service do. A zero field means its
// default.
type Limits struct {
	// MaxItems is the largest number of signatures, messages, leaves or keys in
	// one call.
	MaxItems int `yaml:"maxItems"`
	// MaxBytes is the largest request in bytes.
	MaxBytes int `yaml:"maxBytes"`
	// MaxConcurrent is how many calls compute at once. More than there are
	// processors only makes all of them later.
	MaxConcurrent int `yaml:"maxConcurrent"`
	// MaxWaiting is how many calls may wait for their turn; the next is refused.
	MaxWaiting int `yaml:"maxWaiting"`
	// MaxKeys is how many keys can be registered for each algorithm.
	MaxKeys int `yaml:"maxKeys"`
	// CallTimeout ends a call however long its client would wait.
	CallTimeout time.Duration `yaml:"callTimeout"`
	// ConnectTimeout ends a connection that does not finish its handshake.
	ConnectTimeout time.Duration `yaml:"connectTimeout"`
}

// The defaults.
const (
	defaultMaxItems       = 1 << 16          // 6.5 MB of 100-byte records
	defaultMaxBytes       = 16 << 20         // those, or 65,536 messages of 256 bytes
	defaultMaxWaiting     = 256              // some peers' worth of concurrent endorsements
	defaultMaxKeys        = 1 << 19          // the 300,000 companies the product is designed for, 32 MiB
	defaultCallTimeout    = 30 * time.Second // Fabric's default chaincode execution limit: nobody waits longer
	defaultConnectTimeout = 5 * time.Second  // a local handshake takes milliseconds
)

// Flow-control windows of HTTP/2: large enough that a batch of 1,000 signatures
// arrives without a round trip for credit.
const (
	streamWindow     = 1 << 20
	connectionWindow = 4 << 20
)

// DefaultLimits returns the limits used for zero fields.
func DefaultLimits() Limits {
	return Limits{
		MaxItems: defaultMaxItems, MaxBytes: defaultMaxBytes,
		MaxConcurrent: runtime.GOMAXPROCS(0), MaxWaiting: defaultMaxWaiting, MaxKeys: defaultMaxKeys,
		CallTimeout: defaultCallTimeout, ConnectTimeout: defaultConnectTimeout,
	}
}

// ErrLimits reports limits that cannot work.
var ErrLimits = errors.New("limits")

func (l Limits) withDefaults() (Limits, error) {
	d := DefaultLimits()
	for _, f := range []struct {
		name       string
		value      *int
		fallback   int
		upperBound int
	}{
		{"maxItems", &l.MaxItems, d.MaxItems, 1 << 24},
		{"maxBytes", &l.MaxBytes, d.MaxBytes, 1 << 30},
		{"maxConcurrent", &l.MaxConcurrent, d.MaxConcurrent, 1 << 10},
		{"maxWaiting", &l.MaxWaiting, d.MaxWaiting, 1 << 16},
		{"maxKeys", &l.MaxKeys, d.MaxKeys, 1 << 24},
	} {
		if *f.value == 0 {
			*f.value = f.fallback
		}
		if *f.value < 1 || *f.value > f.upperBound {
			return l, fmt.Errorf("%w: %s is %d; use 1 to %d, or 0 for the default", ErrLimits, f.name, *f.value, f.upperBound)
		}
	}
	if l.CallTimeout == 0 {
		l.CallTimeout = d.CallTimeout
	}
	if l.ConnectTimeout == 0 {
		l.ConnectTimeout = d.ConnectTimeout
	}
	if l.CallTimeout < 0 || l.ConnectTimeout < 0 {
		return l, fmt.Errorf("%w: a timeout is negative; use e.g. 30s, or 0 for the default", ErrLimits)
	}
	return l, nil
}

// maxStreams bounds the calls of one connection: no client can hold more than
// all places, and each costs at most MaxBytes.
func (l Limits) maxStreams() uint32 {
	return uint32(l.MaxConcurrent + l.MaxWaiting) //nolint:gosec // G115: both are bounded by withDefaults
}

// gate lets a number of calls compute and a number wait.
type gate struct {
	places  chan struct{}
	waiting atomic.Int64
	limit   int64
}

func newGate(concurrent, waiting int) *gate {
	return &gate{places: make(chan struct{}, concurrent), limit: int64(waiting)}
}

// enter returns when the call may compute; leave must be called after it.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-g.places }
	select {
	case g.places <- struct{}{}:
		return leave, nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.limit {
		return nil, status.Errorf(codes.ResourceExhausted,
			"%d calls compute and %d wait; try again later or use software", cap(g.places), g.limit)
	}
	select {
	case g.places <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}
