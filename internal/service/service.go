// Package service holds what every long-running Argosy program does the same
// way: read its configuration strictly, log with slog, answer on an operations
// listener and stop cleanly on a signal.
//
// It knows no trade words and imports no other package of this module.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.yaml.in/yaml/v3"
)

// LoadConfig reads the YAML file at path into v. A field that v does not have
// is an error that names its line, so a misspelt setting is never ignored.
func LoadConfig(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	defer func() { _ = f.Close() }()
	dec := yaml.NewDecoder(f)
	dec.KnownFields(true)
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("configuration %s: more than one YAML document; keep one", path)
	}
	return nil
}

// NewLogger returns a logger that writes JSON lines to w. Level is one of
// debug, info, warn, error; an empty level means info.
func NewLogger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if level != "" {
		if err := l.UnmarshalText([]byte(level)); err != nil {
			return nil, fmt.Errorf("log level %q: use debug, info, warn or error", level)
		}
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l})), nil
}

// SignalContext returns a context that ends at SIGINT or SIGTERM. A second
// signal ends the process at once.
func SignalContext(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, cancel)
	return ctx, cancel
}

// NewRegistry returns a metrics registry that already carries the process and
// Go runtime collectors.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Check says whether one thing that readiness depends on is in order; a nil
// error means it is.
type Check func(ctx context.Context) error

// Operations is the operations listener of a program: /livez, /readyz,
// /metrics. The zero value is not usable; see NewOperations.
type Operations struct {
	mux    *http.ServeMux
	mu     sync.Mutex
	checks map[string]Check
}

// NewOperations returns an operations handler that serves the metrics of reg
// and the readiness of checks, by name.
func NewOperations(reg *prometheus.Registry, checks map[string]Check) *Operations {
	o := &Operations{mux: http.NewServeMux(), checks: checks}
	o.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	o.mux.HandleFunc("GET /readyz", o.ready)
	o.mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return o
}

// Handle adds a further page to the operations listener, e.g. a status page.
func (o *Operations) Handle(pattern string, h http.Handler) { o.mux.Handle(pattern, h) }

// readyTimeout bounds all readiness checks together: a probe asks every second
// or so, and one that hangs must not pile up.
const readyTimeout = 2 * time.Second

func (o *Operations) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	o.mu.Lock()
	defer o.mu.Unlock()
	status := http.StatusOK
	var lines []string
	for name, check := range o.checks {
		if err := check(ctx); err != nil {
			status = http.StatusServiceUnavailable
			lines = append(lines, name+": "+err.Error())
		}
	}
	w.WriteHeader(status)
	if status == http.StatusOK {
		_, _ = io.WriteString(w, "ok\n")
	}
	for _, l := range lines {
		_, _ = io.WriteString(w, l+"\n")
	}
}

// Serve serves the operations pages on address until ctx ends. It listens
// before it returns control to its goroutine, so an occupied address is
// reported at once.
func (o *Operations) Serve(ctx context.Context, address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("operations listener: %w", err)
	}
	return ServeHTTP(ctx, l, o.mux)
}

// Limits of every HTTP listener of the product.
const (
	headerTimeout   = 5 * time.Second  // a client that dribbles its header is cut off
	idleTimeout     = 60 * time.Second // longer than any poller's period
	shutdownTimeout = 5 * time.Second  // requests under way may finish within it
)

// ServeHTTP serves h on l until ctx ends, then lets requests under way finish.
func ServeHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout}
	finished := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(finished)
		sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		_ = srv.Shutdown(sctx)
	})
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-finished // Serve returns when the shutdown begins, not when it has ended
	return nil
}
