package chip

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the chip's; those of single cores are read when they are scraped.
type metrics struct {
	fences       *prometheus.CounterVec
	redone       *prometheus.CounterVec
	software     *prometheus.CounterVec
	judged       prometheus.Counter
	panics       prometheus.Counter
	modelSeconds *prometheus.HistogramVec
	hostSeconds  *prometheus.HistogramVec
}

// From a single hash to the largest batch on the slowest kernel.
var secondsBuckets = prometheus.ExponentialBucketsRange(1e-6, 60, 24)

func newMetrics(reg prometheus.Registerer, c *Chip) (*metrics, error) {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	// The profile's name keeps modelled seconds from being read as measured ones.
	seconds := func(name, help string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name, Help: help, Buckets: secondsBuckets,
			ConstLabels: prometheus.Labels{"profile": c.clock.profile.Name},
		}, []string{"op"})
	}
	m := &metrics{
		fences: counter("argosy_chip_fences_total", "Cores taken out of use.", "reason"),
		redone: counter("argosy_chip_jobs_redone_total", "Jobs given to another core, by what was wrong.", "reason"),
		software: counter("argosy_chip_software_items_total",
			"Items computed on the host and not by a core.", "reason"),
		judged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "argosy_chip_judged_items_total", Help: "Items computed a second time in software.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "argosy_chip_panics_total", Help: "Jobs whose kernel panicked.",
		}),
		modelSeconds: seconds("argosy_chip_model_seconds",
			"What the emulated chip of this profile would have taken for a batch (a model, not a measurement)."),
		hostSeconds: seconds("argosy_chip_host_seconds", "What the host took for a batch."),
	}
	var errs []error
	for _, x := range []prometheus.Collector{
		m.fences, m.redone, m.software, m.judged, m.panics, m.modelSeconds, m.hostSeconds, coreCollector{c},
	} {
		errs = append(errs, reg.Register(x))
	}
	return m, errors.Join(errs...)
}

// coreCollector shows the cores; its label has at most MaxCores values.
type coreCollector struct{ chip *Chip }

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("argosy_chip_core_"+name, help, []string{"core"}, nil)
}

var (
	coreUp       = describe("up", "1 if the core takes work, 0 if it is fenced.")
	coreSlowdown = describe("slowdown", "How many times slower than full speed the core is throttled to be.")
	coreQueued   = describe("queued_jobs", "Jobs that wait at the core.")
	coreJobs     = describe("jobs_total", "Jobs answered by the core.")
	coreItems    = describe("items_total", "Items answered by the core.")
	coreJudged   = describe("judged_items_total", "Items of the core computed a second time in software.")
	coreLies     = describe("lies_total", "Times that the core was found to give wrong answers.")
	coreTimeouts = describe("timeouts_total", "Times that the core did not answer in time.")
	coreFences   = describe("fences_total", "Times that the core was taken out of use.")
	coreBusy     = describe("host_busy_seconds_total", "Host time spent on the core's jobs.")
)

// Describe implements prometheus.Collector.
func (coreCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		coreUp, coreSlowdown, coreQueued, coreJobs, coreItems, coreJudged, coreLies, coreTimeouts, coreFences, coreBusy,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (x coreCollector) Collect(out chan<- prometheus.Metric) {
	for _, k := range x.chip.Cores() {
		id := strconv.Itoa(k.ID)
		send := func(d *prometheus.Desc, t prometheus.ValueType, v float64) {
			out <- prometheus.MustNewConstMetric(d, t, v, id)
		}
		up := 0.0
		if k.Fence == NotFenced {
			up = 1
		}
		send(coreUp, prometheus.GaugeValue, up)
		send(coreSlowdown, prometheus.GaugeValue, float64(k.Slowdown))
		send(coreQueued, prometheus.GaugeValue, float64(k.Queued))
		send(coreJobs, prometheus.CounterValue, float64(k.Counts.Jobs))
		send(coreItems, prometheus.CounterValue, float64(k.Counts.Items))
		send(coreJudged, prometheus.CounterValue, float64(k.Counts.Judged))
		send(coreLies, prometheus.CounterValue, float64(k.Counts.Lies))
		send(coreTimeouts, prometheus.CounterValue, float64(k.Counts.Timeouts))
		send(coreFences, prometheus.CounterValue, float64(k.Counts.Fences))
		send(coreBusy, prometheus.CounterValue, float64(k.Counts.BusyNanosecs)/1e9)
	}
}
