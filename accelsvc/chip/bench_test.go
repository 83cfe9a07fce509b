package chip_test

import (
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/chip"
	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// fixed stands for a vector kernel: it takes a microsecond a signature.
type fixed struct{ kernel.Emmansun }

// microsecond is what one SHA-256 of about 1.5 KiB takes; spin is that message.
var spin = make([][]byte, 1)

func (fixed) Verify(_ kernel.Algorithm, _ []kernel.PublicKey, records []kernel.Record, verdicts []bool) {
	var d [1]kernel.Digest
	for i := range records {
		kernel.Emmansun{}.Hash(kernel.SHA256, spin, d[:])
		verdicts[i] = d[0][0] != 0
	}
}

// processorTime returns what this process has used so far: unlike the clock on
// the wall it is not much disturbed by what else the machine does.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkOverhead compares a kernel with the chip on it, by processor time a
// signature, judged samples included.
func BenchmarkOverhead(b *testing.B) {
	spin[0] = make([]byte, 1536)
	profile, err := timing.Load(timing.Default)
	if err != nil {
		b.Fatal(err)
	}
	s := acceltest.Sign(b, kernel.SM2SM3, 1000)
	for _, k := range []struct {
		name   string
		kernel kernel.Kernel
	}{{"1us", fixed{}}, {"emmansun", kernel.Emmansun{}}} {
		c, err := chip.New(chip.Options{
			Kernel: k.kernel, Profile: profile, Logger: slog.New(slog.DiscardHandler),
			Registerer: prometheus.NewRegistry(), Now: time.Now,
		})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		b.Cleanup(cancel)
		go func() { _ = c.Run(ctx) }()
		for _, n := range []int{1, 64, 1000} {
			for _, way := range []kernel.Kernel{k.kernel, c} {
				name := fmt.Sprintf("%s/batch=%d/direct", k.name, n)
				if way == kernel.Kernel(c) {
					name = fmt.Sprintf("%s/batch=%d/chip", k.name, n)
				}
				b.Run(name, func(b *testing.B) {
					e := engine.New(way)
					batch := engine.Batch{
						Algorithm: s.Algorithm, Input: engine.Digests, Keys: s.Keys, Records: s.Records[:n],
					}
					b.ReportAllocs()
					before := processorTime(b)
					for b.Loop() {
						if _, err := e.Verify(ctx, batch); err != nil {
							b.Fatal(err)
						}
					}
					used := processorTime(b) - before
					b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*n), "cpu-ns/signature")
				})
			}
		}
	}
}
