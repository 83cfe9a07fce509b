// Package client asks an organisation's accelerator for signature verdicts,
// digests and Merkle roots, and answers by software in-process when it cannot.
//
// The result is a function of the input alone: sidecar or software, whichever
// kernel, the bytes are the same, so endorsers agree whatever state their
// sidecars are in. A check is never skipped: a sidecar that is down, slow, busy
// or talks nonsense costs time and a count in argosy_accel_fallback_total, not a
// verdict.
//
// A sidecar that gives a wrong answer is another matter. A share of its answers,
// and its first false verdicts of each call, are computed again in software. If
// the two differ, one of two computations in this organisation is wrong and
// nobody knows which; the call fails with ErrDisagreement, so that nothing is
// endorsed on it, and the sidecar stays out of use until an operator restarts
// this process or calls Reinstate. It is not re-admitted by itself: a core that
// errs once in a million answers would be back in a second.
//
// A Client is safe for concurrent use.
package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/socket"
)

// Options configure a Client.
type Options struct {
	// Socket is the path of the accelerator's unix socket. Empty means software
	// only.
	Socket string
	// SampleShare is the share, 0 to 1, of the sidecar's answers that are
	// computed again in software. It never influences a right answer.
	SampleShare float64
	// CallTimeout is the sidecar's time for one call, 0 for DefaultCallTimeout.
	CallTimeout time.Duration
	// ItemTimeout is its further time for each signature, 0 for
	// DefaultItemTimeout. A message or leaf to hash has a hundredth of it.
	ItemTimeout time.Duration
	// Logger and Registerer are required.
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	// Random chooses the samples; nil means crypto/rand. It must be safe for
	// concurrent use.
	Random io.Reader
}

// The sidecar's time limits.
const (
	// DefaultCallTimeout is long against a local call (0.1 ms) and a paused
	// process's time slice, short against a user's patience.
	DefaultCallTimeout = 250 * time.Millisecond
	// DefaultItemTimeout is forty times what kernel emmansun needs and leaves tjfoc
	// (1.1 to 2.2 ms a signature on a busy machine) its time; kernel stdlib is slower
	// and wants a larger one for large batches. A hung sidecar costs a part of 1,024
	// signatures 3.3 s, at most breakerFailures times, then the breaker is open.
	DefaultItemTimeout = 3 * time.Millisecond
	// hashShare is how many hashes have the time of one signature.
	hashShare = 100
)

// When the sidecar fails, it is left alone for a moment and then tried with one
// call. Fast: a restart of the sidecar takes a second or two.
const (
	breakerFailures = 3
	breakerTimeout  = time.Second
	redialFirst     = 50 * time.Millisecond
	redialLast      = 500 * time.Millisecond // below breakerTimeout, so that each trial finds a fresh connection attempt
	dialTimeout     = time.Second
)

// Client talks to one sidecar. Make it with New.
type Client struct {
	socket      string
	conn        *grpc.ClientConn // nil: software only
	rpc         accelpb.AcceleratorClient
	software    engine.Engine
	breaker     *gobreaker.CircuitBreaker[struct{}]
	distrusted  atomic.Bool
	threshold   uint64 // a random 32-bit number below it is a sample
	random      io.Reader
	callTimeout time.Duration
	itemTimeout time.Duration
	log         *slog.Logger
	metrics     *metrics
}

// New returns a client. It does no I/O: the sidecar may be absent now and appear
// later.
func New(o Options) (*Client, error) {
	if o.Logger == nil || o.Registerer == nil {
		return nil, errors.New("accelerator client: logger and registerer are required")
	}
	if math.IsNaN(o.SampleShare) || o.SampleShare < 0 || o.SampleShare > 1 {
		return nil, fmt.Errorf("accelerator client: sample share %v; use a number from 0 to 1", o.SampleShare)
	}
	if o.CallTimeout < 0 || o.ItemTimeout < 0 {
		return nil, errors.New("accelerator client: a timeout is negative; use 0 for the default")
	}
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("accelerator client: %w", err)
	}
	c := &Client{
		socket: o.Socket, software: engine.New(kernel.Emmansun{}),
		threshold: uint64(o.SampleShare * (1 << 32)), random: o.Random,
		callTimeout: orDefault(o.CallTimeout, DefaultCallTimeout),
		itemTimeout: orDefault(o.ItemTimeout, DefaultItemTimeout),
		log:         o.Logger, metrics: m,
	}
	if c.random == nil {
		c.random = rand.Reader
	}
	if o.Socket == "" {
		return c, nil
	}
	if err := socket.Check(o.Socket); err != nil {
		return nil, fmt.Errorf("accelerator client: %w", err)
	}
	c.breaker = c.newBreaker()
	if c.conn, err = dial(o.Socket); err != nil {
		return nil, fmt.Errorf("accelerator client: %w", err)
	}
	c.rpc = accelpb.NewAcceleratorClient(c.conn)
	c.metrics.trusted.Set(1)
	return c, nil
}

func orDefault(v, fallback time.Duration) time.Duration {
	if v == 0 {
		return fallback
	}
	return v
}

// dial prepares a connection; the first call opens it.
func dial(path string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///accelerator",
		grpc.WithTransportCredentials(insecure.NewCredentials()), // a unix socket of mode 0600
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: redialFirst, Multiplier: 1.6, Jitter: 0.2, MaxDelay: redialLast},
			MinConnectTimeout: dialTimeout,
		}),
		grpc.WithDisableRetry(), // the second attempt is software
	)
}

func (c *Client) newBreaker() *gobreaker.CircuitBreaker[struct{}] {
	return gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        "accelerator",
		Timeout:     breakerTimeout,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakerFailures },
		// A sidecar that refuses a call is alive; a caller that gave up says nothing about it.
		IsSuccessful: func(err error) bool { return err == nil || alive(err) },
		IsExcluded:   func(err error) bool { return errors.Is(err, errCallerEnded) || errors.Is(err, errHurried) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			c.log.Warn("accelerator breaker", "from", from.String(), "to", to.String())
		},
	})
}

// Close closes the connection. Calls under way are answered by software.
func (c *Client) Close() error {
	if c.conn == nil {
		return nil
	}
	return c.conn.Close()
}

// SelfTest runs the published vectors on the in-process software. A process whose
// software fails must not endorse, with or without a sidecar.
func (c *Client) SelfTest(ctx context.Context) error {
	return engine.SelfTest(ctx, kernel.Emmansun{})
}

// Status describes the client for a status page.
type Status struct {
	Socket  string `json:"socket"`  // empty: software only
	Trusted bool   `json:"trusted"` // false after a disagreement
	Breaker string `json:"breaker"` // closed, half-open or open; empty without a sidecar
}

// Status returns the client's state now.
func (c *Client) Status() Status {
	s := Status{Socket: c.socket, Trusted: !c.distrusted.Load()}
	if c.breaker != nil {
		s.Breaker = c.breaker.State().String()
	}
	return s
}

// Reinstate takes the sidecar back into use after a disagreement. It is an
// operator's decision, made after finding out which side was wrong.
func (c *Client) Reinstate() {
	if c.distrusted.CompareAndSwap(true, false) {
		c.metrics.trusted.Set(1)
		c.log.Warn("accelerator reinstated by an operator")
	}
}

// distrust takes the sidecar out of use.
func (c *Client) distrust(err *DisagreementError) {
	c.metrics.mismatch.WithLabelValues(err.Operation).Inc()
	c.metrics.trusted.Set(0)
	c.distrusted.Store(true)
	c.log.Error("accelerator and software disagree; the accelerator is out of use until reinstated",
		"op", err.Operation, "algorithm", err.Algorithm, "item", err.Item)
}
