package relay

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/oracle/store"
)

// metrics of the relay (R26). Labels are sources of the configuration, fault
// codes, actions and states.
type metrics struct {
	committed, retries, failed, dead, moves *prometheus.CounterVec
	inFlight                                prometheus.Gauge
	latency                                 prometheus.Histogram
}

const namespace = "oracle"

func newMetrics(reg prometheus.Registerer) metrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
		reg.MustRegister(c)
		return c
	}
	m := metrics{
		committed: vec("committed_total", "Claims that were committed.", "source"),
		retries:   vec("retries_total", "Repetitions, by the code of what was refused.", "code"),
		failed:    vec("failed_total", "Claims that the ledger had no use for, by code.", "code"),
		dead:      vec("dead_total", "Claims that became dead letters, by code.", "code"),
		moves:     vec("moves_total", "Steps of documents, by action and result.", "action", "result"),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "in_flight",
			Help: "Claims under way.",
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "commit_seconds",
			Help: "From the message's receipt to the claim's commit.", Buckets: prometheus.ExponentialBuckets(0.05, 2, 14),
		}),
	}
	reg.MustRegister(m.inFlight, m.latency)
	return m
}

// Backlog is a collector of the outbox's depth and age. It reads the store when
// it is scraped.
type Backlog struct {
	Store *store.Store
	Now   func() time.Time
}

// scrapeTimeout bounds the reading of the store.
const scrapeTimeout = 2 * time.Second

var (
	depthDesc = prometheus.NewDesc("oracle_outbox_depth", "Rows of the outbox.", []string{"state"}, nil)
	ageDesc   = prometheus.NewDesc("oracle_outbox_oldest_age_seconds", "Age of the oldest open row.", nil, nil)
	apartDesc = prometheus.NewDesc("oracle_quarantined", "Messages and events that need a person.", nil, nil)
)

// Describe sends the descriptions.
func (b Backlog) Describe(ch chan<- *prometheus.Desc) {
	ch <- depthDesc
	ch <- ageDesc
	ch <- apartDesc
}

// Collect reads the store. When that fails the metrics are absent, which alerts
// notice.
func (b Backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	d, err := b.Store.Depth(ctx)
	if err != nil {
		return
	}
	for _, s := range []store.State{
		store.New, store.Leased, store.Endorsed, store.Submitted, store.Committed, store.Failed,
		store.Dead,
	} {
		ch <- prometheus.MustNewConstMetric(depthDesc, prometheus.GaugeValue, float64(d.Rows[s]), string(s))
	}
	age := 0.0
	if d.Oldest > 0 {
		age = max(0, b.Now().Sub(d.Oldest.Time()).Seconds())
	}
	ch <- prometheus.MustNewConstMetric(ageDesc, prometheus.GaugeValue, age)
	ch <- prometheus.MustNewConstMetric(apartDesc, prometheus.GaugeValue, float64(d.Quarantined))
}
