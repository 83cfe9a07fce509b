package client

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Names of the operations and paths in metrics.
const (
	opVerify     = "verify"
	opHash       = "hash"
	opMerkleRoot = "merkle_root"

	pathSidecar  = "sidecar"
	pathSoftware = "software"
)

type metrics struct {
	calls    *prometheus.CounterVec
	fallback *prometheus.CounterVec
	mismatch *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	trusted  prometheus.Gauge
}

// From a single cached hash to a batch that meets a hung sidecar.
var secondsBuckets = prometheus.ExponentialBucketsRange(2e-6, 10, 20)

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "argosy_accel_calls_total",
			Help: "Answers by operation and by who computed them. A large batch is answered in several parts.",
		}, []string{"op", "path"}),
		fallback: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "argosy_accel_fallback_total",
			Help: "Answers that software gave although a sidecar is configured, by reason.",
		}, []string{"reason"}),
		mismatch: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "argosy_accel_mismatch_total",
			Help: "Answers of the sidecar that software contradicted. Each failed a call.",
		}, []string{"op"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "argosy_accel_call_seconds", Help: "Time to an answer, by operation and path.", Buckets: secondsBuckets,
		}, []string{"op", "path"}),
		trusted: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "argosy_accel_trusted", Help: "1 if the sidecar is configured and may be used, 0 without or after a mismatch.",
		}),
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.calls, m.fallback, m.mismatch, m.seconds, m.trusted} {
		errs = append(errs, reg.Register(c))
	}
	// Zero is a statement, too: dashboards and tests see every series from the start.
	for _, op := range []string{opVerify, opHash, opMerkleRoot} {
		m.mismatch.WithLabelValues(op)
		m.calls.WithLabelValues(op, pathSidecar)
		m.calls.WithLabelValues(op, pathSoftware)
	}
	for _, r := range reasons {
		m.fallback.WithLabelValues(r)
	}
	return m, errors.Join(errs...)
}
