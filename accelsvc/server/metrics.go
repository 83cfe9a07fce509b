package server

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
)

// metrics counts calls, for Prometheus and for the Stats call.
type metrics struct {
	calls         *prometheus.CounterVec
	items         *prometheus.CounterVec
	verdictsFalse *prometheus.CounterVec
	seconds       *prometheus.HistogramVec
	panics        prometheus.Counter
	refused       prometheus.Counter
	inFlight      prometheus.Gauge
	selfTest      prometheus.Gauge

	mu    sync.Mutex
	stats map[statKey]*accelpb.OperationStats
}

type statKey struct{ operation, algorithm string }

// Durations run from a handful of hashes to the call limit.
var secondsBuckets = prometheus.ExponentialBucketsRange(20e-6, 30, 20)

func newMetrics(reg prometheus.Registerer, kernelName string) (*metrics, error) {
	reg = prometheus.WrapRegistererWith(prometheus.Labels{"kernel": kernelName}, reg)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		calls: counter("argosy_accelsvc_calls_total", "Calls by operation, algorithm and gRPC code.",
			"op", "algorithm", "code"),
		items: counter("argosy_accelsvc_items_total", "Signatures, messages, leaves or keys in answered calls.",
			"op", "algorithm"),
		verdictsFalse: counter("argosy_accelsvc_verdicts_false_total", "Signatures that did not verify.", "algorithm"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "argosy_accelsvc_call_seconds", Help: "Duration of calls once admitted.", Buckets: secondsBuckets,
		}, []string{"op", "algorithm"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "argosy_accelsvc_panics_total", Help: "Calls that ended in a panic.",
		}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "argosy_accelsvc_refused_total", Help: "Calls refused or given up while waiting for their turn.",
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "argosy_accelsvc_in_flight", Help: "Calls that compute now.",
		}),
		selfTest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "argosy_accelsvc_self_test", Help: "1 if the kernel passed its self-test.",
		}),
		stats: map[statKey]*accelpb.OperationStats{},
	}
	var errs []error
	for _, c := range []prometheus.Collector{
		m.calls, m.items, m.verdictsFalse, m.seconds, m.panics, m.refused, m.inFlight, m.selfTest,
	} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

// call is one call under way. Its handler fills in the algorithm and the numbers
// as it learns them.
type call struct {
	metrics       *metrics
	operation     string
	algorithm     string
	items         int
	verdictsFalse int
	timer         *prometheus.Timer
}

// begin starts the clock of a call whose algorithm is not known yet.
func (m *metrics) begin(operation string) *call {
	c := &call{metrics: m, operation: operation, algorithm: "unknown"}
	c.timer = prometheus.NewTimer(prometheus.ObserverFunc(func(v float64) {
		m.seconds.WithLabelValues(c.operation, c.algorithm).Observe(v)
	}))
	return c
}

// end counts the call and returns err.
func (c *call) end(err error) error {
	m := c.metrics
	c.timer.ObserveDuration()
	m.calls.WithLabelValues(c.operation, c.algorithm, status.Code(err).String()).Inc()
	m.mu.Lock()
	defer m.mu.Unlock()
	key := statKey{c.operation, c.algorithm}
	s := m.stats[key]
	if s == nil {
		s = &accelpb.OperationStats{Operation: c.operation, Algorithm: c.algorithm}
		m.stats[key] = s
	}
	s.Calls++
	if err != nil {
		s.FailedCalls++
		return err
	}
	s.Items += uint64(c.items)                 //nolint:gosec // G115: a length
	s.VerdictsFalse += uint64(c.verdictsFalse) //nolint:gosec // G115: a count
	m.items.WithLabelValues(c.operation, c.algorithm).Add(float64(c.items))
	if c.operation == "verify" {
		m.verdictsFalse.WithLabelValues(c.algorithm).Add(float64(c.verdictsFalse))
	}
	return nil
}

// operations returns a copy of the counters, sorted.
func (m *metrics) operations() []*accelpb.OperationStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*accelpb.OperationStats
	for _, s := range m.stats {
		out = append(out, &accelpb.OperationStats{
			Operation: s.GetOperation(), Algorithm: s.GetAlgorithm(), Calls: s.GetCalls(),
			Items: s.GetItems(), VerdictsFalse: s.GetVerdictsFalse(), FailedCalls: s.GetFailedCalls(),
		})
	}
	slices.SortFunc(out, func(a, b *accelpb.OperationStats) int {
		return cmp.Or(cmp.Compare(a.GetOperation(), b.GetOperation()), cmp.Compare(a.GetAlgorithm(), b.GetAlgorithm()))
	})
	return out
}
