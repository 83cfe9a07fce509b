// Package timing says what a many-core chip would have taken for a batch: a
// cycle-approximate, discrete-event model of a command processor, a transfer
// channel in, cores with bounded queues and a transfer channel out.
//
// It is pure: time comes in as an argument, in cycles, and nothing is measured
// here. It refuses profiles with a field missing, unknown or out of range. A
// profile that rests on a public claim says so in Claim, which whoever prints a
// number of it must print, too.
//
// Invariants: each station serves in order of arrival; the same arrivals give
// the same schedule; a batch never finishes before each of its jobs has been
// through all four stations.
package timing

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Op is an operation that a profile gives cycles for.
type Op string

// The operations.
const (
	SM2Verify     Op = "sm2_verify"      // the signer's key is known and has tables
	SM2VerifyCold Op = "sm2_verify_cold" // the key is seen for the first time
	P256Verify    Op = "p256_verify"     // ECDSA, known key
	SM3           Op = "sm3"
	SHA256        Op = "sha256"
)

// Ops returns all operations.
func Ops() []Op { return []Op{SM2Verify, SM2VerifyCold, P256Verify, SM3, SHA256} }

// Cycles is a time or duration in cycles of the chip's clock.
type Cycles int64

// Profile is a chip's parameter file.
type Profile struct {
	Name string `yaml:"name"`
	// Claim is empty, or says whose unmeasured claim the numbers rest on.
	Claim  string `yaml:"claim"`
	About  string `yaml:"about"`  // where the numbers come from
	Limits string `yaml:"limits"` // what is not modelled
	Cores  int    `yaml:"cores"`
	// ClockMHz is the clock of cores, channels and command processor.
	ClockMHz   int              `yaml:"clockMHz"`
	JobItems   int              `yaml:"jobItems"`   // largest number of items in one job
	QueueDepth int              `yaml:"queueDepth"` // jobs that wait at a core besides the one it runs
	DMA        DMA              `yaml:"dma"`
	Batch      Batch            `yaml:"batch"`
	Operations map[Op]Operation `yaml:"operations"`
}

// DMA is one transfer channel each way; a job is one transfer in, its answers
// one out.
type DMA struct {
	InBytesPerCycle  float64 `yaml:"inBytesPerCycle"`
	OutBytesPerCycle float64 `yaml:"outBytesPerCycle"`
	SetupCycles      Cycles  `yaml:"setupCycles"` // of every transfer
}

// Batch is what a batch costs however small it is.
type Batch struct {
	SubmitCycles   Cycles `yaml:"submitCycles"`   // of the command processor, one batch at a time
	CompleteCycles Cycles `yaml:"completeCycles"` // from the last transfer to the host's knowing
}

// Operation is what a core needs for a job of n items with b blocks in all:
// JobCycles + ceil(n/Width)*VectorCycles + ceil(b/Width)*BlockCycles.
type Operation struct {
	Width        int    `yaml:"width"` // items or blocks computed at once
	VectorCycles Cycles `yaml:"vectorCycles"`
	BlockCycles  Cycles `yaml:"blockCycles"` // hashes only; a block has 64 bytes
	JobCycles    Cycles `yaml:"jobCycles"`
}

// cycles returns what a job takes on a core at full speed.
func (o Operation) cycles(items, blocks int) Cycles {
	vectors := func(n int) Cycles { return Cycles((n + o.Width - 1) / o.Width) }
	return o.JobCycles + vectors(items)*o.VectorCycles + vectors(blocks)*o.BlockCycles
}

// Duration converts cycles to time, rounded down to nanoseconds.
func (p *Profile) Duration(c Cycles) time.Duration {
	return time.Duration(float64(c) * 1e3 / float64(p.ClockMHz))
}

// CyclesOf converts a time to cycles, rounded down.
func (p *Profile) CyclesOf(d time.Duration) Cycles {
	return Cycles(float64(d) * float64(p.ClockMHz) / 1e3)
}

//go:embed profiles/*.yaml
var embedded embed.FS

// Default is the profile that a service uses when its configuration names none.
const Default = "kernels"

// Names returns the names of the built-in profiles, the default first.
func Names() []string { return []string{Default, "claim"} }

// ErrProfile reports a parameter file that cannot be used.
var ErrProfile = errors.New("timing profile")

// maxProfileSize is far above any parameter file.
const maxProfileSize = 1 << 16

// Load returns a built-in profile by name, or reads the file of that path.
func Load(nameOrPath string) (*Profile, error) {
	if slices.Contains(Names(), nameOrPath) {
		b, err := embedded.ReadFile("profiles/" + nameOrPath + ".yaml")
		if err != nil {
			return nil, fmt.Errorf("%w %s: %w", ErrProfile, nameOrPath, err)
		}
		return Parse(b)
	}
	if !strings.ContainsAny(nameOrPath, "/.") {
		return nil, fmt.Errorf("%w %q: use one of %v or the path of a file", ErrProfile, nameOrPath, Names())
	}
	f, err := os.Open(nameOrPath)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxProfileSize+1))
	if err != nil || len(b) > maxProfileSize {
		return nil, fmt.Errorf("%w %s: larger than %d bytes or unreadable: %w", ErrProfile, nameOrPath, maxProfileSize, err)
	}
	p, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOrPath, err)
	}
	return p, nil
}

// Parse reads a profile. Unknown fields are refused with their line.
func Parse(b []byte) (*Profile, error) {
	var p Profile
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	return &p, p.check()
}

// Bounds that keep every sum of cycles far from overflow.
const (
	maxCores  = 4096
	maxMHz    = 100_000
	maxItems  = 1 << 20
	maxDepth  = 1 << 16
	maxCycles = Cycles(1) << 40
)

func (p *Profile) check() error {
	for _, f := range []struct {
		name        string
		value       int64
		least, most int64
	}{
		{"cores", int64(p.Cores), 1, maxCores},
		{"clockMHz", int64(p.ClockMHz), 1, maxMHz},
		{"jobItems", int64(p.JobItems), 1, maxItems},
		{"queueDepth", int64(p.QueueDepth), 0, maxDepth},
		{"dma.setupCycles", int64(p.DMA.SetupCycles), 0, int64(maxCycles)},
		{"batch.submitCycles", int64(p.Batch.SubmitCycles), 0, int64(maxCycles)},
		{"batch.completeCycles", int64(p.Batch.CompleteCycles), 0, int64(maxCycles)},
	} {
		if f.value < f.least || f.value > f.most {
			return fmt.Errorf("%w %s: %s is %d; use %d to %d", ErrProfile, p.Name, f.name, f.value, f.least, f.most)
		}
	}
	for _, b := range []float64{p.DMA.InBytesPerCycle, p.DMA.OutBytesPerCycle} {
		if !(b >= 1e-6 && b <= 1e6) { // also true for NaN
			return fmt.Errorf("%w %s: dma has %v bytes per cycle; use 1e-6 to 1e6", ErrProfile, p.Name, b)
		}
	}
	if p.Name == "" {
		return fmt.Errorf("%w: name is missing", ErrProfile)
	}
	for name := range p.Operations {
		if !slices.Contains(Ops(), name) {
			return fmt.Errorf("%w %s: unknown operation %q; use %v", ErrProfile, p.Name, name, Ops())
		}
	}
	for _, name := range Ops() {
		o, ok := p.Operations[name]
		if !ok {
			return fmt.Errorf("%w %s: operation %s is missing", ErrProfile, p.Name, name)
		}
		fits := func(c Cycles) bool { return c >= 0 && c <= maxCycles }
		if o.Width < 1 || o.Width > maxItems || !fits(o.VectorCycles) || !fits(o.BlockCycles) || !fits(o.JobCycles) {
			return fmt.Errorf("%w %s: operation %s: use a width of at least 1 and cycles of 0 to %d",
				ErrProfile, p.Name, name, maxCycles)
		}
	}
	return nil
}

// transfer returns the cycles of one transfer.
func (d DMA) transfer(bytes int, perCycle float64) Cycles {
	return d.SetupCycles + Cycles(math.Ceil(float64(bytes)/perCycle))
}
