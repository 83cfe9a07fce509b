package plan

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
)

func options(t *testing.T, profile string) Options {
	t.Helper()
	p, err := timing.Load(profile)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Profile: p, Seed: 1, Batches: 400,
		Load: Load{
			InvoicesPerYear: 3.15e11, HoursPerYear: 8760, PeakFactor: 10, Signatures: 1, Endorsers: 4,
			Batch: 1000, Target: 50 * time.Millisecond, Op: timing.SM2Verify, MaxUtilisation: 0.8,
		},
	}
}

func TestPlansMeetTheirTargets(t *testing.T) {
	for _, profile := range timing.Names() {
		for _, invoices := range []float64{2e10, 3.15e11, 1e12} {
			o := options(t, profile)
			o.Load.InvoicesPerYear = invoices
			got, err := Make(o)
			if err != nil {
				t.Fatalf("%s, %g: %v", profile, invoices, err)
			}
			wantRate := invoices / (8760 * 3600) * 10
			if math.Abs(got.Peak.PerSecond/wantRate-1) > 1e-9 || got.Average.PerSecond*10 < got.Peak.PerSecond*0.999 {
				t.Errorf("%s: rates %v and %v, want %v", profile, got.Peak.PerSecond, got.Average.PerSecond, wantRate)
			}
			if got.Peak.P99 > o.Load.Target || got.Peak.Utilisation > 0.8 || got.TotalChips != 4*got.Peak.Chips {
				t.Errorf("%s, %g: %+v", profile, invoices, got.Peak)
			}
			if got.Average.P99 > got.Peak.P99 || got.Average.P50 > got.Average.P99 {
				t.Errorf("%s, %g: average %+v, peak %+v", profile, invoices, got.Average, got.Peak)
			}
			if (profile == "claim") != (got.Claim != "") {
				t.Errorf("%s: claim %q", profile, got.Claim)
			}
		}
	}
}

// TestFewerWouldNotDo takes a core away from the plan.
func TestFewerWouldNotDo(t *testing.T) {
	o := options(t, "claim")
	got, err := Make(o)
	if err != nil {
		t.Fatal(err)
	}
	p := planner{Options: o, peak: got.Peak.PerSecond, work: timing.Work{
		Op: o.Load.Op, Items: 1000, InBytes: 100_000, OutBytes: 125,
	}}
	less, err := p.point(got.Peak.Chips, got.Peak.Cores-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if less.Utilisation <= 0.8 && less.P99 <= o.Load.Target {
		t.Errorf("one core fewer would do: %+v", less)
	}
}

// TestCapacityByHand: 96 cores of the claim at 280,320 cycles of 1 ns.
func TestCapacityByHand(t *testing.T) {
	got, err := Make(options(t, "claim"))
	if err != nil {
		t.Fatal(err)
	}
	if want := 96e9 / 280320; math.Abs(got.Capacity.PerSecond/want-1) > 1e-9 || got.Capacity.Bottleneck != "cores" {
		t.Errorf("got %+v, want %v by the cores", got.Capacity, want)
	}
}

func TestSameSeedSamePlan(t *testing.T) {
	o := options(t, "kernels")
	a, errA := Make(o)
	b, errB := Make(o)
	if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("two runs differ: %v, %v", errA, errB)
	}
	o.Seed = 2
	if c, err := Make(o); err != nil || reflect.DeepEqual(a.Curve, c.Curve) {
		t.Errorf("another seed gives the same curve: %v", err)
	}
}

func TestImpossibleLoadsAreExplained(t *testing.T) {
	for want, change := range map[string]func(*Load){
		"use smaller batches":     func(l *Load) { l.Target = time.Microsecond },
		"more than 256 chips":     func(l *Load) { l.InvoicesPerYear = 1e15 },
		"peak factor is 0":        func(l *Load) { l.PeakFactor = 0 },
		"hours a year is NaN":     func(l *Load) { l.HoursPerYear = math.NaN() },
		"batch is 0":              func(l *Load) { l.Batch = 0 },
		"utilisation is 1":        func(l *Load) { l.MaxUtilisation = 1 },
		"operation \"sm3\"; use ": func(l *Load) { l.Op = timing.SM3 },
	} {
		o := options(t, "claim")
		change(&o.Load)
		if _, err := Make(o); !errors.Is(err, ErrLoad) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ErrLoad with %q", err, want)
		}
	}
}

func TestReports(t *testing.T) {
	o := options(t, "claim")
	p, err := Make(o)
	if err != nil {
		t.Fatal(err)
	}
	p.Profile = `<claim & "co">`
	var text, picture strings.Builder
	if err := errors.Join(p.WriteText(&text), p.WriteSVG(&picture)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"NOT MEASURED", "peak ", "average ", "P99", "x p99", "---", "not a measurement"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	if n := strings.Count(text.String(), "x"); n < len(p.Curve) {
		t.Errorf("%d points of p99 in the plot", n)
	}
	dec := xml.NewDecoder(strings.NewReader(picture.String()))
	elements := map[string]int{}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
		}
	}
	if elements["polyline"] != 2 || !strings.Contains(picture.String(), "not measured") {
		t.Errorf("picture with %v", elements)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
}

func TestRound(t *testing.T) {
	for in, want := range map[time.Duration]time.Duration{
		9999: 9999, 123_456: 123_500, 1_234_567: 1_235_000, 98_765_432_100: 98_770_000_000,
	} {
		if got := round(in); got != want {
			t.Errorf("round(%v) = %v, want %v", in, got, want)
		}
	}
}
