// Package verify decides signatures in batches: SM2 (GB/T 32918.2, after the
// digest e is known) and ECDSA on P-256 (FIPS 186-5). Both ask whether the point
// [a]G + [b]P has a given x-coordinate modulo the group order; the scheme only
// decides a, b and the x.
//
// There are three ways to the answer, and a signature's verdict is the same on
// each: hot (the key has a comb table: batches of affine additions that share
// inversions), small (the same tables, few signatures, Jacobian additions) and
// cold (no table yet: doublings). Keys move from cold to hot by use; package
// comb's cache decides when.
//
// The package refuses secrets: it takes variable time and indexes tables by what
// it is given. No private key may ever enter.
//
// Invariants: a verdict depends on its own signature, digest and key alone. A key
// that is not a canonically encoded point of the curve, r or s outside
// [1, n-1], r + s = 0 mod n (SM2) and a sum at infinity are verdict false. A
// signature whose additions meet equal or opposite points, which a signer can
// bring about, is marked by the tree and decided by the small way, whose formulas
// know all cases; its neighbours are not touched, and it costs about as much
// again as any other. A key that does so again and again loses the fast way.
package verify

import (
	"sync"
	"sync/atomic"

	"github.com/argosy-trade/argosy/accelsvc/comb"
)

// Scheme is a signature scheme with its curve.
type Scheme uint8

// Schemes. The zero value is none.
const (
	SM2 Scheme = iota + 1
	ECDSA
)

// Input is one signature to decide. The pointers are read during the call only.
type Input struct {
	Key       *[64]byte // X || Y
	Digest    *[32]byte // e
	Signature *[64]byte // r || s
}

// Options configure a Verifier. Zero fields mean the defaults.
type Options struct {
	// Keys is the policy for tables of public keys.
	Keys comb.Policy
	// BaseWindow is the width of the windows of the base points' tables, which
	// are shared by the process.
	BaseWindow int
	// Block is how many signatures go through the tree together.
	Block int
	// Path forces one way for tests and measurements; see Path.
	Path Path
}

// Path is a way to a verdict.
type Path uint8

// Paths. Automatic is for everyone but tests and measurements.
const (
	Automatic Path = iota
	Hot            // build tables at first sight, always use the tree
	Small          // build tables at first sight, never use the tree
	Cold           // never use a table of a key
)

// Numbers that measurements decided; see docs/performance.md.
const (
	defaultBaseWindow = 14
	defaultBlock      = 128
	// minTree is the smallest number of signatures for which the tree's
	// inversions, five a block, are cheaper than Jacobian additions.
	minTree = 3
	// buildNow is how many signatures of one key without a table, in one call,
	// make building its table at once cheaper than doing without.
	buildNow = 16
	// maxStrikes is how many exceptional additions a key may cause before its
	// signatures go the small way: an honest key never causes one.
	maxStrikes = 8
)

// Stats counts signatures by the way they were decided.
type Stats struct {
	Hot, Small, Cold uint64
	// Refused needed no point arithmetic: ranges, keys off the curve.
	Refused uint64
	// Exceptional were met by equal or opposite points in the tree. They are also
	// counted as Small.
	Exceptional uint64
	Cache       comb.CacheStats
}

// Verifier decides batches. It is safe for concurrent use.
type Verifier struct {
	options Options
	cache   *comb.Cache
	pool    sync.Pool // of *workspace
	counts  struct{ hot, small, cold, refused, exceptional atomic.Uint64 }
}

// New returns a verifier. It builds nothing yet.
func New(o Options) *Verifier {
	if o.BaseWindow == 0 {
		o.BaseWindow = defaultBaseWindow
	}
	if o.Block == 0 {
		o.Block = defaultBlock
	}
	v := &Verifier{options: o, cache: comb.NewCache(o.Keys)}
	v.pool.New = func() any { return &workspace{keys: map[*[64]byte]*job{}} }
	return v
}

// Stats returns the numbers since the start.
func (v *Verifier) Stats() Stats {
	return Stats{
		Hot: v.counts.hot.Load(), Small: v.counts.small.Load(), Cold: v.counts.cold.Load(),
		Refused: v.counts.refused.Load(), Exceptional: v.counts.exceptional.Load(),
		Cache: v.cache.Stats(),
	}
}

func (s Scheme) curve() *comb.Curve {
	switch s {
	case SM2:
		return comb.SM2()
	case ECDSA:
		return comb.P256()
	default:
		return nil
	}
}

// Prepare has tables built in the background for keys that will be needed, and
// for the scheme's base point.
func (v *Verifier) Prepare(s Scheme, keys []comb.Key) {
	if c := s.curve(); c != nil {
		v.cache.Prepare(c, keys)
	}
}

// Wait returns when no table is being built in the background.
func (v *Verifier) Wait() { v.cache.Wait() }

// Verify sets verdicts[i] for inputs[i]; both have the same length. An unknown
// scheme's verdicts are false.
func (v *Verifier) Verify(s Scheme, inputs []Input, verdicts []bool) {
	clear(verdicts)
	c := s.curve()
	if c == nil || len(inputs) == 0 {
		return
	}
	w, _ := v.pool.Get().(*workspace)
	defer v.pool.Put(w)
	w.begin(v, c, verdicts)
	w.read(s, inputs)
	w.findKeys(inputs)
	v.counts.refused.Add(uint64(len(inputs) - len(w.jobs))) //nolint:gosec // G115: not negative
	w.divide()
	v.counts.cold.Add(uint64(len(w.cold)))
	w.runCold()
	v.counts.small.Add(uint64(len(w.small)))
	for _, j := range w.small {
		w.runSmall(j)
	}
	for _, group := range w.hot {
		w.runHot(group)
	}
}
