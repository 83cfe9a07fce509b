// Package server answers the accelerator's gRPC interface on a listener.
//
// It refuses what is malformed or too large with a typed error that says what to
// change, and admits no more work than its limits allow, so that a broken client
// costs others nothing. It answers nothing until its kernel has passed the
// self-test. A panic ends one call, not the service.
//
// Who may connect is the listener's business: a unix socket of the owner only.
// The package has no authentication of its own and must not be served on a
// network without mutual TLS.
package server

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/chip"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// Options is what a server is made of. All fields but Chip are required; Limits
// may be zero in parts.
type Options struct {
	Kernel     kernel.Kernel
	Chip       *chip.Chip // computes instead of Kernel, which it stands on; whoever made it runs it
	Limits     Limits
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time // the clock of the uptime in Stats
}

// Server is one accelerator service.
type Server struct {
	accelpb.UnimplementedAcceleratorServer

	engine  engine.Engine
	kernel  kernel.Kernel
	chip    *chip.Chip
	limits  Limits
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	keys    *keyTable
	gate    *gate
	health  *health.Server

	readiness atomic.Pointer[readiness]
}

// readiness is the outcome of the self-test.
type readiness struct {
	err   error
	since time.Time
}

// ErrNotReady reports that the self-test has not been passed (yet).
var ErrNotReady = errors.New("accelerator is not ready")

// New returns a server that does nothing until Run.
func New(o Options) (*Server, error) {
	if o.Kernel == nil || o.Logger == nil || o.Registerer == nil || o.Now == nil {
		return nil, errors.New("accelerator server: kernel, logger, registerer and clock are required")
	}
	limits, err := o.Limits.withDefaults()
	if err != nil {
		return nil, err
	}
	var epoch [8]byte
	if _, err := rand.Read(epoch[:]); err != nil {
		return nil, fmt.Errorf("accelerator server: key epoch: %w", err)
	}
	m, err := newMetrics(o.Registerer, o.Kernel.Name())
	if err != nil {
		return nil, err
	}
	if o.Chip != nil {
		o.Kernel = o.Chip
	}
	s := &Server{
		engine: engine.New(o.Kernel), kernel: o.Kernel, chip: o.Chip, limits: limits, log: o.Logger, now: o.Now, metrics: m,
		keys: newKeyTable(binary.BigEndian.Uint64(epoch[:]), limits.MaxKeys),
		gate: newGate(limits.MaxConcurrent, limits.MaxWaiting), health: health.NewServer(),
	}
	s.readiness.Store(&readiness{err: ErrNotReady})
	s.health.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	return s, nil
}

// Ready returns nil once the self-test has been passed, else why not. With a chip
// it also asks for enough cores; without them calls are answered all the same.
func (s *Server) Ready(context.Context) error {
	if err := s.readiness.Load().err; err != nil || s.chip == nil {
		return err
	}
	return s.chip.Ready()
}

// stopTimeout is how long calls under way may take after the end was asked for.
const stopTimeout = 5 * time.Second

// Run serves on l until ctx ends, then lets calls under way finish. It closes l.
//
// A kernel that fails the self-test does not end Run: the service stays up and
// refuses every call, so that its readiness says what is wrong and clients use
// their software. Restarting would not mend a kernel.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	s.selfTest(ctx)
	srv := grpc.NewServer(
		grpc.MaxRecvMsgSize(s.limits.MaxBytes),
		grpc.MaxConcurrentStreams(s.limits.maxStreams()),
		grpc.ConnectionTimeout(s.limits.ConnectTimeout),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connectionWindow),
		grpc.InTapHandle(s.limitDuration),
		grpc.UnaryInterceptor(s.intercept),
	)
	accelpb.RegisterAcceleratorServer(srv, s)
	if s.chip != nil && l.Addr().Network() == "unix" {
		accelpb.RegisterChipAdminServer(srv, &admin{chip: s.chip})
	}
	healthpb.RegisterHealthServer(srv, s.health)
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		s.health.Shutdown()
		force := time.AfterFunc(stopTimeout, srv.Stop)
		defer force.Stop()
		srv.GracefulStop()
	})
	err := srv.Serve(l)
	if !stop() {
		<-done // the shutdown has begun; wait for its end
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("accelerator server: %w", err)
	}
	return nil
}

func (s *Server) selfTest(ctx context.Context) {
	err := engine.SelfTest(ctx, s.kernel)
	s.readiness.Store(&readiness{err: err, since: s.now()})
	if err != nil {
		s.metrics.selfTest.Set(0)
		s.log.Error("self-test failed; every call is refused", "kernel", s.kernel.Name(), "error", err)
		return
	}
	s.metrics.selfTest.Set(1)
	s.health.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
	s.health.SetServingStatus(accelpb.Accelerator_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	s.log.Info("ready", "kernel", s.kernel.Name())
}

// limitDuration gives every call an end, from its first byte on: a client that
// stops in the middle of a request would otherwise hold its stream for ever.
func (s *Server) limitDuration(ctx context.Context, _ *tap.Info) (context.Context, error) {
	limited, cancel := context.WithTimeout(ctx, s.limits.CallTimeout)
	context.AfterFunc(ctx, cancel) // ctx ends with the stream
	return limited, nil
}

// intercept admits a call and turns a panic into an error of that call alone.
func (s *Server) intercept(
	ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
) (reply any, err error) {
	if info.Server != any(s) {
		return handle(ctx, req) // health and administration answer however busy the service is
	}
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Inc()
			s.log.Error("panic in a call", "method", info.FullMethod, "panic", p)
			reply, err = nil, status.Error(codes.Internal, "the accelerator failed on this call; use software")
		}
	}()
	if err := s.readiness.Load().err; err != nil {
		return nil, status.Errorf(codes.Unavailable, "%v; use software", err)
	}
	leave, err := s.gate.enter(ctx)
	if err != nil {
		s.metrics.refused.Inc()
		return nil, err
	}
	defer leave()
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()
	return handle(ctx, req)
}
