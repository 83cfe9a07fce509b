package timing

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// small is a chip whose schedules fit on paper: two cores, jobs of 4 items,
// 2 lanes of 10 cycles and 5 a job, transfers of 1 byte a cycle after 2.
func small() *Profile {
	p := &Profile{
		Name: "paper", Cores: 2, ClockMHz: 1000, JobItems: 4, QueueDepth: 0,
		DMA:        DMA{InBytesPerCycle: 1, OutBytesPerCycle: 1, SetupCycles: 2},
		Batch:      Batch{SubmitCycles: 100, CompleteCycles: 50},
		Operations: map[Op]Operation{},
	}
	for _, o := range Ops() {
		p.Operations[o] = Operation{Width: 2, VectorCycles: 10, JobCycles: 5}
	}
	return p
}

// TestSchedulesByHand compares with schedules worked out on paper. Times count
// from the arrival.
func TestSchedulesByHand(t *testing.T) {
	for _, tc := range []struct {
		name     string
		change   func(*Profile)
		slowdown []int
		work     Work
		want     Estimate
	}{{
		// Submit 100, in 2+4 = 106, compute 5+2*10 = 131, out 2+1 = 134, known 184.
		name: "one job", work: Work{Op: SM2Verify, Items: 4, InBytes: 4, OutBytes: 1},
		want: Estimate{Total: 184, Busy: 25, Jobs: 1},
	}, {
		// Three items in two lanes are two vectors as well; one item is one.
		name: "odd items", work: Work{Op: SM2Verify, Items: 3, InBytes: 4, OutBytes: 1},
		want: Estimate{Total: 184, Busy: 25, Jobs: 1},
	}, {
		// In: A 100-106, B 106-112. Compute: A 106-131, B 112-137. Out: A 131-134,
		// B 137-140. Known 190.
		name: "two jobs", work: Work{Op: SM2Verify, Items: 8, InBytes: 8, OutBytes: 2},
		want: Estimate{Total: 190, Busy: 50, Jobs: 2},
	}, {
		// As above, then C waits for core 0: in 131-137, compute 137-162, out 162-165.
		name: "three jobs, no queue", work: Work{Op: SM2Verify, Items: 12, InBytes: 12, OutBytes: 3},
		want: Estimate{Total: 215, Busy: 75, Jobs: 3},
	}, {
		// With room for one, C is there at 118 and computes from 131: out 156-159.
		name: "three jobs, queue of one", change: func(p *Profile) { p.QueueDepth = 1 },
		work: Work{Op: SM2Verify, Items: 12, InBytes: 12, OutBytes: 3},
		want: Estimate{Total: 209, Busy: 75, Jobs: 3},
	}, {
		// One core at a third of its speed: A 106-181, out 184. B in 181-187,
		// compute 187-262, out 265, known 315.
		name: "throttled and fenced", slowdown: []int{0, 3},
		work: Work{Op: SM2Verify, Items: 8, InBytes: 8, OutBytes: 2},
		want: Estimate{Total: 315, Busy: 150, Jobs: 2},
	}, {
		// Answers as large as the input: out A 131-137, B 137-143.
		name: "outputs queue", work: Work{Op: SM3, Items: 8, InBytes: 8, OutBytes: 8},
		want: Estimate{Total: 193, Busy: 50, Jobs: 2},
	}, {
		// 5 blocks in two lanes of 7 cycles: 5+20+3*7 = 46. 100+6+46+3+50.
		name: "blocks", change: func(p *Profile) {
			p.Operations[SM3] = Operation{Width: 2, VectorCycles: 10, BlockCycles: 7, JobCycles: 5}
		},
		work: Work{Op: SM3, Items: 4, Blocks: 5, InBytes: 4, OutBytes: 1},
		want: Estimate{Total: 205, Busy: 46, Jobs: 1},
	}} {
		p := small()
		if tc.change != nil {
			tc.change(p)
		}
		got, err := Alone(p, tc.slowdown, tc.work)
		if err != nil || got != tc.want {
			t.Errorf("%s: got %+v, %v; want %+v", tc.name, got, err, tc.want)
		}
	}
}

// TestBatchesContend has a second batch arrive while the first computes.
func TestBatchesContend(t *testing.T) {
	m, err := NewMachine(small(), []int{1, 0})
	if err != nil {
		t.Fatal(err)
	}
	w := Work{Op: SM2Verify, Items: 4, InBytes: 4, OutBytes: 1}
	m.Arrive(0, w)
	m.Arrive(50, w)
	m.Drain()
	// The second is read by 200, after the first; in 200-206, compute 206-231.
	want := []Done{{Batch: 0, Arrival: 0, Finish: 184, JobCount: 1}, {Batch: 1, Arrival: 50, Finish: 284, JobCount: 1}}
	got := m.Finished()
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] || m.Busy() != 50 || m.Now() != 284 {
		t.Errorf("got %+v, busy %d, now %d", got, m.Busy(), m.Now())
	}
	if _, err := NewMachine(small(), []int{0, 0}); !errors.Is(err, ErrProfile) {
		t.Errorf("no core: got %v", err)
	}
}

func load(t *testing.T, name string) *Profile {
	t.Helper()
	p, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestKernelsProfileReproducesItsSources computes what the profile says of one
// core and compares it with the measurements that it was derived from.
func TestKernelsProfileReproducesItsSources(t *testing.T) {
	p := load(t, "kernels")
	for _, tc := range []struct {
		op            Op
		items, blocks int
		nanoseconds   float64 // measured, an item
		tolerance     float64
	}{
		{SM2Verify, 32, 0, 1173, 0.01},
		{SM2Verify, 64, 0, 1049, 0.02},
		{SM2Verify, 128, 0, 957, 0.01},
		{SM2Verify, 256, 0, 929, 0.01},
		{SM2VerifyCold, 32, 0, 9045, 0.01},
		{SM2VerifyCold, 128, 0, 8430, 0.01},
		{SM2VerifyCold, 256, 0, 8240, 0.01},
		{P256Verify, 64, 0, 1040, 0.01},
		{P256Verify, 128, 0, 960, 0.01},
		{SM3, 1600, 1600, 36, 0.02},      // messages of 32 bytes
		{SM3, 1600, 3200, 56, 0.02},      // 64
		{SM3, 1600, 1600 * 17, 339, 0.1}, // 1,024
		{SHA256, 1600, 1600, 36, 0.02},
		{SHA256, 1600, 1600 * 17, 335, 0.1},
	} {
		cycles := p.Operations[tc.op].cycles(tc.items, tc.blocks)
		got := float64(cycles) * 1e3 / float64(p.ClockMHz) / float64(tc.items)
		if math.Abs(got/tc.nanoseconds-1) > tc.tolerance {
			t.Errorf("%s in batches of %d: %.0f ns, measured were %.0f", tc.op, tc.items, got, tc.nanoseconds)
		}
	}
	if p.Claim != "" {
		t.Error("the profile from measurements is marked as a claim")
	}
}

// TestClaimProfileIsTwentyTimesItsBaseline checks the arithmetic of the claim.
func TestClaimProfileIsTwentyTimesItsBaseline(t *testing.T) {
	p := load(t, "claim")
	if !strings.Contains(p.Claim, "NOT MEASURED") || !strings.Contains(p.Claim, "x20") {
		t.Errorf("the claim is not marked: %q", p.Claim)
	}
	for op, baseline := range map[Op]float64{SM2Verify: 58.4e-6, P256Verify: 68.1e-6} {
		perSecond := float64(p.Cores) * float64(p.ClockMHz) * 1e6 / float64(p.Operations[op].cycles(1, 0))
		if ratio := perSecond * baseline; math.Abs(ratio-20) > 0.01 {
			t.Errorf("%s: %.2f times the baseline, claimed are 20", op, ratio)
		}
	}
}

func TestConversions(t *testing.T) {
	p := load(t, "kernels")
	if got := p.Duration(3690); got != time.Microsecond {
		t.Errorf("3690 cycles: %v", got)
	}
	if got := p.CyclesOf(time.Millisecond); got != 3_690_000 {
		t.Errorf("1 ms: %d cycles", got)
	}
}

func TestProfilesAreStrict(t *testing.T) {
	good, err := embedded.ReadFile("profiles/kernels.yaml")
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("%q is not in the profile", old)
		}
		return strings.Replace(string(good), old, with, 1)
	}
	for want, text := range map[string]string{
		"field coers":                 replace("cores: 96", "coers: 96"),
		"cores is 0":                  replace("cores: 96", "cores: 0"),
		"clockMHz is -1":              replace("clockMHz: 3690", "clockMHz: -1"),
		"bytes per cycle":             replace("inBytesPerCycle: 6.8", "inBytesPerCycle: .nan"),
		"operation sha256 is missing": cutLine(string(good), "  sha256:"),
		"unknown operation":           replace("  sha256: {", "  md5: {"),
		"a width of at least 1":       replace("{width: 8", "{width: 0"),
		"name is missing":             replace("name: kernels", "name: \"\""),
		"timing profile":              "[",
	} {
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrProfile) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ErrProfile with %q", err, want)
		}
	}
	for _, name := range []string{"fpga", "no/such/file.yaml", ""} {
		if _, err := Load(name); !errors.Is(err, ErrProfile) {
			t.Errorf("Load(%q): got %v, want ErrProfile", name, err)
		}
	}
}

// cutLine removes the line that begins with prefix.
func cutLine(text, prefix string) string {
	at := strings.Index(text, prefix)
	end := at + strings.Index(text[at:], "\n")
	return text[:at] + text[end+1:]
}

func BenchmarkAlone(b *testing.B) {
	p, err := Load(Default)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Alone(p, nil, Work{Op: SM2Verify, Items: 1000, InBytes: 100_000, OutBytes: 125}); err != nil {
			b.Fatal(err)
		}
	}
}
