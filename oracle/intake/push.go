package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/argosy-trade/argosy/oracle/source"
)

// Limits of pushes.
const (
	// maxConcurrent bounds requests under way, and with it the memory that
	// unproven senders can take: 64 bodies of at most MaxBytes each.
	maxConcurrent = 64
	// bodyTimeout cuts off a sender that dribbles its body.
	bodyTimeout = 10 * time.Second
	// perSecond and burst bound one source: a carrier's peak is tens a second,
	// and the inbox writes about a thousand.
	perSecond = 200
	burst     = 400
	// highWater is the number of claims in the outbox at which senders are told
	// to wait: at ten commits a second it is a quarter of an hour of work.
	highWater = 10_000
	// depthAge is how long the outbox's depth is believed without asking again.
	depthAge = time.Second
	// retryAfterSeconds is what a sender that must wait is told.
	retryAfterSeconds = 30
)

// Push is a source whose messages are pushed to a path.
type Push struct {
	Feed
	// Path begins with a slash.
	Path    string
	Secrets Secrets
	// MaxBytes bounds a body; 0 means source.MaxBytes, which it cannot exceed.
	MaxBytes int64
	// Status answers a message that was taken: 204 as DCSA asks, or 202.
	Status int
}

// Handler returns the handler of the pushed sources. It refuses a source without
// a secret.
func (in *Intake) Handler(pushes []Push) (http.Handler, error) {
	mux := http.NewServeMux()
	room := make(chan struct{}, maxConcurrent)
	gate := &gate{in: in}
	for _, p := range pushes {
		if p.Secrets.Empty() {
			return nil, fmt.Errorf("source %s: a path without a secret would be open to everybody", p.ID)
		}
		if p.Path == "" || p.Path[0] != '/' {
			return nil, fmt.Errorf("source %s: path %q does not begin with a slash", p.ID, p.Path)
		}
		if p.MaxBytes <= 0 || p.MaxBytes > source.MaxBytes {
			p.MaxBytes = source.MaxBytes
		}
		h := &pushHandler{in: in, push: p, room: room, gate: gate, limit: rate.NewLimiter(perSecond, burst)}
		mux.Handle(p.Path, h)
	}
	return mux, nil
}

type pushHandler struct {
	in    *Intake
	push  Push
	room  chan struct{}
	gate  *gate
	limit *rate.Limiter
}

// keptHeaders are stored with a message. Credentials are not among them: the
// signature proves a body and opens nothing.
var keptHeaders = []string{
	"Content-Type", "Subscription-Id", "Api-Version", "User-Agent", "Traceparent", SignatureHeader,
}

// ServeHTTP takes one message.
func (h *pushHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.refuse(w, http.StatusMethodNotAllowed, "METHOD", "send messages with POST")
		return
	}
	select {
	case h.room <- struct{}{}:
		defer func() { <-h.room }()
	default:
		h.wait(w, "BUSY", "too many requests are under way")
		return
	}
	body, ok := h.authentic(w, r)
	if !ok {
		return
	}
	if !h.limit.Allow() {
		h.wait(w, "RATE", fmt.Sprintf("more than %d messages a second", perSecond))
		return
	}
	if h.gate.closed(r.Context()) {
		h.wait(w, "BACKLOG", "the ledger is behind; the message was not taken")
		return
	}
	headers := map[string]string{}
	for _, name := range keptHeaders {
		if v := r.Header.Get(name); v != "" {
			headers[name] = v
		}
	}
	_, err := h.in.Take(r.Context(), h.push.Feed,
		Message{Transport: "http", Name: h.push.Path, Headers: headers, Raw: body})
	if err != nil {
		h.in.log.ErrorContext(r.Context(), "message not stored", "source", string(h.push.ID), "error", err)
		problem(w, http.StatusServiceUnavailable, "the message could not be stored; send it again")
		return
	}
	w.WriteHeader(h.push.Status)
}

// authentic reads the body and checks its signature before anything else looks
// at it.
func (h *pushHandler) authentic(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(h.push.Decoder.MediaTypes(), media) {
		h.refuse(w, http.StatusUnsupportedMediaType, "MEDIA_TYPE",
			fmt.Sprintf("send one of %v", h.push.Decoder.MediaTypes()))
		return nil, false
	}
	// A recorder in tests has no deadline to set; a connection always has.
	_ = http.NewResponseController(w).SetReadDeadline(h.in.now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.push.MaxBytes))
	if err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			h.refuse(w, http.StatusRequestEntityTooLarge, string(source.TooLarge),
				fmt.Sprintf("a message has at most %d bytes", over.Limit))
		} else {
			h.refuse(w, http.StatusBadRequest, "BODY", "the body could not be read")
		}
		return nil, false
	}
	if !h.push.Secrets.Verify(r.Header.Get(SignatureHeader), body) {
		w.Header().Set("WWW-Authenticate", SignatureHeader)
		h.refuse(w, http.StatusUnauthorized, "SIGNATURE",
			SignatureHeader+": sha256=<hex of HMAC-SHA256 over the raw body> is missing or does not verify")
		return nil, false
	}
	h.in.met.verified.WithLabelValues(string(h.push.ID)).Inc()
	return body, true
}

func (h *pushHandler) refuse(w http.ResponseWriter, status int, reason, detail string) {
	h.in.met.rejected.WithLabelValues(string(h.push.ID), reason).Inc()
	problem(w, status, detail)
}

func (h *pushHandler) wait(w http.ResponseWriter, reason, detail string) {
	w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
	h.refuse(w, http.StatusTooManyRequests, reason, detail)
}

// problem writes a problem document (RFC 9457).
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}

// gate is closed while the outbox is over the high-water mark.
type gate struct {
	in   *Intake
	mu   sync.Mutex
	at   time.Time
	shut bool
}

func (g *gate) closed(ctx context.Context) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.in.now(); now.Sub(g.at) >= depthAge {
		// When the depth cannot be read the message is tried: storing it fails
		// or succeeds by itself.
		if n, err := g.in.inbox.Backlog(ctx); err == nil {
			g.at, g.shut = now, n >= highWater
		}
	}
	return g.shut
}
