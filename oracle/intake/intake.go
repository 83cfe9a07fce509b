// Package intake takes messages in: it proves that they are authentic, has them
// decoded, and answers success only after they are on disk.
//
// There are two ways in. An HTTP push is authentic when its body carries a
// signature under one of the source's live secrets; there is no way to open a
// path without secrets. A file in a drop folder is authentic because only the
// source may write there, which is the operator's business.
//
// Poison never stops a stream: what cannot be read is set apart with its reason
// and the next message is taken.
package intake

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/source"
	"github.com/argosy-trade/argosy/oracle/store"
)

// Inbox is where messages are kept.
type Inbox interface {
	Receive(ctx context.Context, d store.Delivery) (store.Receipt, error)
	Backlog(ctx context.Context) (int, error)
}

// Feed is one source as far as intake is concerned.
type Feed struct {
	ID      attest.SourceID
	Decoder source.Decoder
	// Reports are the fact types that are reported to the ledger.
	Reports map[string]bool
}

// Message is what came, with where it came from.
type Message struct {
	Transport string
	Name      string
	Headers   map[string]string
	Raw       []byte
}

// Config is what an Intake needs.
type Config struct {
	Inbox   Inbox
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

// Intake takes messages into the inbox.
type Intake struct {
	inbox Inbox
	now   func() time.Time
	log   *slog.Logger
	met   metrics
}

// New returns an intake; it registers its metrics.
func New(c Config) *Intake {
	return &Intake{inbox: c.Inbox, now: c.Now, log: c.Logger, met: newMetrics(c.Metrics)}
}

// Take decodes and records one authentic message. It is on disk when Take
// returns without an error.
func (in *Intake) Take(ctx context.Context, feed Feed, m Message) (store.Receipt, error) {
	src := string(feed.ID)
	in.met.received.WithLabelValues(src, m.Transport).Inc()
	d := store.Delivery{
		Source: feed.ID, Transport: m.Transport, Name: m.Name, Headers: m.Headers, Raw: m.Raw,
		ReceivedAt: trade.InstantOf(in.now()), Mapping: feed.Decoder.Mapping(), Reports: feed.Reports,
	}
	if _, err := rand.Read(d.Salt[:]); err != nil {
		return store.Receipt{}, fmt.Errorf("salt: %w", err)
	}
	d.Events, d.Refusal = source.Decode(feed.Decoder, m.Raw)
	r, err := in.inbox.Receive(ctx, d)
	if err != nil {
		in.met.rejected.WithLabelValues(src, "STORE_FAILED").Inc()
		return r, err
	}
	in.count(src, r)
	in.log.InfoContext(ctx, "message taken", "source", src, "transport", m.Transport, "message", r.Message,
		"duplicate", r.Duplicate, "recorded", r.Recorded, "noFact", r.NoFact, "duplicates", r.Duplicates,
		"quarantined", r.Quarantined, "conflicts", r.Conflicts, "queued", r.Queued)
	return r, nil
}

func (in *Intake) count(src string, r store.Receipt) {
	if r.Duplicate {
		in.met.duplicate.WithLabelValues(src).Inc()
		return
	}
	in.met.duplicate.WithLabelValues(src).Add(float64(r.Duplicates))
	in.met.conflict.WithLabelValues(src).Add(float64(r.Conflicts))
	in.met.queued.WithLabelValues(src).Add(float64(r.Queued))
	for reason, n := range r.Reasons {
		in.met.rejected.WithLabelValues(src, string(reason)).Add(float64(n))
	}
}

// metrics of intake (R26). Labels come from the configuration and from closed
// sets only.
type metrics struct {
	received, verified, rejected, duplicate, conflict, queued *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) metrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "oracle", Name: name, Help: help}, labels)
		reg.MustRegister(c)
		return c
	}
	return metrics{
		received:  vec("received_total", "Messages that reached the inbox's door.", "source", "transport"),
		verified:  vec("verified_total", "Pushed messages whose signature verified.", "source"),
		rejected:  vec("rejected_total", "Messages and events that gave no fact, by reason.", "source", "reason"),
		duplicate: vec("duplicate_total", "Messages and events that had come before.", "source"),
		conflict:  vec("conflict_total", "Events with the id of another event and other content.", "source"),
		queued:    vec("queued_total", "Claims put into the outbox.", "source"),
	}
}
