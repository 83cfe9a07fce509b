package server

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

func TestFailedSelfTestRefusesEverything(t *testing.T) {
	k := &acceltest.Kernel{Verdict: func(int, bool) bool { return true }}
	k.Armed.Store(true)
	r := start(t, k, Limits{})
	if err := r.Ready(t.Context()); !errors.Is(err, engine.ErrSelfTest) {
		t.Errorf("ready: got %v, want ErrSelfTest", err)
	}
	_, err := r.rpc.Verify(t.Context(), request(acceltest.Sign(t, kernel.SM2SM3, 1)))
	wantCode(t, "verify", err, codes.Unavailable)
	h, err := healthpb.NewHealthClient(r.conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil || h.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health: got %v, %v; want NOT_SERVING", h, err)
	}
}

func TestPanicEndsOneCallOnly(t *testing.T) {
	k := &acceltest.Kernel{Before: func() { panic("core dead") }}
	r := start(t, k, Limits{})
	req := request(acceltest.Sign(t, kernel.SM2SM3, 1))
	k.Armed.Store(true)
	_, err := r.rpc.Verify(t.Context(), req)
	wantCode(t, "panic", err, codes.Internal)
	if strings.Contains(err.Error(), "core dead") {
		t.Errorf("%v shows the inside of the service", err)
	}
	k.Armed.Store(false)
	_, err = r.rpc.Verify(t.Context(), req)
	wantCode(t, "after the panic", err, codes.OK)
	if got := testutil.ToFloat64(r.metrics.panics); got != 1 {
		t.Errorf("%v panics counted, want 1", got)
	}
}

// blocker is a kernel that says when it has begun and waits to be released.
func blocker() (k *acceltest.Kernel, begun, release chan struct{}) {
	begun, release = make(chan struct{}, 1000), make(chan struct{})
	k = &acceltest.Kernel{Before: func() {
		begun <- struct{}{}
		<-release
	}}
	return k, begun, release
}

func TestOverloadIsRefused(t *testing.T) {
	k, begun, release := blocker()
	r := start(t, k, Limits{MaxConcurrent: 1, MaxWaiting: 1})
	k.Armed.Store(true)
	req := request(acceltest.Sign(t, kernel.SM2SM3, 1))
	answers := make(chan error, 2)
	call := func() {
		_, err := r.rpc.Verify(context.WithoutCancel(t.Context()), req)
		answers <- err
	}
	go call()
	<-begun
	go call()
	eventually(t, "the second call waits", func() bool { return r.gate.waiting.Load() == 1 })
	// A further connection, because one connection's streams are limited, too.
	other := accelpb.NewAcceleratorClient(r.dial(t, func(c net.Conn) net.Conn { return c }))
	_, err := other.Verify(t.Context(), req)
	wantCode(t, "third call", err, codes.ResourceExhausted)
	health := healthpb.NewHealthClient(r.dial(t, func(c net.Conn) net.Conn { return c }))
	h, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil || h.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health under load: got %v, %v", h, err)
	}
	close(release)
	for range 2 {
		wantCode(t, "admitted call", <-answers, codes.OK)
	}
}

// eventually polls a condition that another goroutine brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func TestCancelledCallStopsBetweenChunks(t *testing.T) {
	k, begun, release := blocker()
	r := start(t, k, Limits{})
	s := acceltest.Sign(t, kernel.SM2SM3, 640) // ten chunks
	k.Armed.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() {
		_, err := r.rpc.Verify(ctx, request(s))
		answer <- err
	}()
	<-begun
	cancel()
	wantCode(t, "cancelled call", <-answer, codes.Canceled)
	calls := r.metrics.calls.WithLabelValues("verify", "sm2_sm3", codes.Canceled.String())
	// The server learns of the end a little later than the client; chunks are let
	// through one by one until it has.
	eventually(t, "the server counts a cancelled call", func() bool {
		select {
		case release <- struct{}{}:
		default:
		}
		return testutil.ToFloat64(calls) == 1
	})
	if n := len(begun) + 1; n >= 10 {
		t.Errorf("%d chunks were computed for nobody", n)
	}
}

// stalled is a connection that swallows everything after the first bytes.
type stalled struct {
	net.Conn
	mu   sync.Mutex
	left int
}

func (c *stalled) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(b), c.left)
	c.left -= n
	if _, err := c.Conn.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}

// TestSlowClientCostsOthersNothing has a client stop in the middle of its
// request. The service ends that call by itself and answers others meanwhile.
func TestSlowClientCostsOthersNothing(t *testing.T) {
	r := start(t, kernel.Emmansun{}, Limits{CallTimeout: time.Second, MaxConcurrent: 1, MaxWaiting: 1})
	s := acceltest.Sign(t, kernel.SM2SM3, 300) // 30 kB
	slow := accelpb.NewAcceleratorClient(r.dial(t, func(c net.Conn) net.Conn { return &stalled{Conn: c, left: 10_000} }))
	answer := make(chan error, 1)
	go func() {
		_, err := slow.Verify(context.WithoutCancel(t.Context()), request(s), grpc.WaitForReady(true))
		answer <- err
	}()
	one := request(acceltest.Sign(t, kernel.SM2SM3, 1))
	for answered := false; !answered; {
		_, err := r.rpc.Verify(t.Context(), one)
		wantCode(t, "a neighbour", err, codes.OK)
		select {
		case err := <-answer:
			wantCode(t, "the slow call", err, codes.DeadlineExceeded)
			answered = true
		default:
		}
	}
}

// TestSilentConnectionIsClosed connects and says nothing.
func TestSilentConnectionIsClosed(t *testing.T) {
	r := start(t, kernel.Emmansun{}, Limits{ConnectTimeout: 50 * time.Millisecond})
	conn, err := net.Dial("unix", r.address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		t.Errorf("the connection was still open after 20 s: %v", err)
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestStopLetsCallsFinish(t *testing.T) {
	k, begun, release := blocker()
	r := start(t, k, Limits{})
	k.Armed.Store(true)
	answer := make(chan error, 1)
	req := request(acceltest.Sign(t, kernel.SM2SM3, 1))
	go func() {
		_, err := r.rpc.Verify(context.WithoutCancel(t.Context()), req)
		answer <- err
	}()
	<-begun
	stopped := make(chan struct{})
	go func() {
		r.stop()
		close(stopped)
	}()
	close(release)
	wantCode(t, "call under way", <-answer, codes.OK)
	<-stopped
}
