// Package control lets a command line talk to the supervisor of a network that
// runs on its own: HTTP with JSON over a unix socket that only the owner of the
// network may open.
//
// It refuses nothing but unknown processes; whoever can open the socket owns
// the processes anyway.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/argosy-trade/argosy/internal/service"
	"github.com/argosy-trade/argosy/network/native"
)

// Event is a line of the stream of a start.
type Event struct {
	Step  *native.Step `json:"step,omitempty"`
	Final bool         `json:"final,omitempty"` // the last event
	Error string       `json:"error,omitempty"` // of the start, with Final
	// Precondition says that the start failed before anything was started:
	// something about the machine has to be put right.
	Precondition bool `json:"precondition,omitempty"`
}

// Server serves one network. The zero value is not usable; see NewServer.
type Server struct {
	network *native.Network
	down    context.CancelFunc // asks the owner to stop the network
	stopped chan struct{}      // closed when it is stopped
	told    chan struct{}      // closed when a client has got the final event
	once    sync.Once

	mu      sync.Mutex
	events  []Event
	changed chan struct{}
}

// NewServer returns a server. Down is called when a client wants the network to
// stop. The network is set before the first request, by Attach.
func NewServer(down context.CancelFunc) *Server {
	return &Server{down: down, stopped: make(chan struct{}), told: make(chan struct{}), changed: make(chan struct{})}
}

// Attach names the network to control.
func (s *Server) Attach(n *native.Network) { s.network = n }

// Emit adds an event to the stream of the start.
func (s *Server) Emit(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	close(s.changed)
	s.changed = make(chan struct{})
}

// lastWord bounds how long a supervisor whose start failed waits for somebody to
// hear why: the command that started it is about to ask.
const lastWord = 3 * time.Second

// AwaitTold returns when a client has got the final event, or after a while.
func (s *Server) AwaitTold() {
	select {
	case <-s.told:
	case <-time.After(lastWord):
	}
}

// Stopped tells the clients that wait for it that the network is stopped.
func (s *Server) Stopped() { close(s.stopped) }

const (
	socketDirMode = 0o700 // only the owner of the network may control it
)

// Listen opens the control socket of the network in dir, replacing one that a
// dead supervisor left. The caller holds the network's lock.
func Listen(dir string) (net.Listener, error) {
	path := native.ControlSocket(dir)
	if err := os.MkdirAll(filepath.Dir(path), socketDirMode); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", path)
}

// Serve answers on l until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("GET /v1/start", s.start)
	mux.HandleFunc("POST /v1/down", s.stop)
	act := func(do func(context.Context, string) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { answer(w, do(r.Context(), r.PathValue("name"))) }
	}
	mux.HandleFunc("POST /v1/processes/{name}/start", act(s.network.StartProcess))
	mux.HandleFunc("POST /v1/processes/{name}/stop", act(s.network.StopProcess))
	mux.HandleFunc("POST /v1/processes/{name}/restart", act(s.network.RestartProcess))
	return service.ServeHTTP(ctx, l, mux)
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	st := s.network.Status(r.Context())
	st.Supervisor = os.Getpid()
	writeJSON(w, http.StatusOK, st)
}

// start streams the events of the start, one JSON object a line, to its end.
func (s *Server) start(w http.ResponseWriter, r *http.Request) {
	enc := json.NewEncoder(w)
	flush := http.NewResponseController(w)
	for next := 0; ; {
		s.mu.Lock()
		events, changed := s.events[next:], s.changed
		s.mu.Unlock()
		for _, e := range events {
			if enc.Encode(e) != nil {
				return
			}
			if e.Final {
				s.once.Do(func() { close(s.told) })
				return
			}
			next++
		}
		if flush.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func (s *Server) stop(w http.ResponseWriter, r *http.Request) {
	s.down()
	select {
	case <-s.stopped:
	case <-r.Context().Done():
	}
	answer(w, nil)
}

type refusal struct {
	Error string `json:"error"`
}

func answer(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		writeJSON(w, http.StatusOK, struct{}{})
	case errors.Is(err, native.ErrUnknownProcess):
		writeJSON(w, http.StatusNotFound, refusal{err.Error()})
	default:
		writeJSON(w, http.StatusInternalServerError, refusal{err.Error()})
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}
