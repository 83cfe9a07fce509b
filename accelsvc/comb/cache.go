package comb

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Policy says what the cache may use and when a key is worth a table. Zero
// fields mean the defaults.
type Policy struct {
	// Budget is the memory of all tables of keys in bytes.
	Budget int
	// SmallWindow and LargeWindow are the widths of the two tables a key can have.
	SmallWindow, LargeWindow int
	// SmallUses and LargeUses are how many signatures a key must have been used
	// for to earn them.
	SmallUses, LargeUses int
	// MaxKeys is how many keys are remembered, with or without a table.
	MaxKeys int
}

// The defaults. A table is built when as much has been spent on doing without it
// as building it costs: whatever comes next, that is at most twice the effort of
// the best choice in hindsight, and a stranger who makes us build tables that are
// not used again has paid for half of them with his own verifications.
const (
	defaultBudget      = 256 << 20 // 90 keys with large tables or 1,000 with small ones
	defaultSmallWindow = 8         // 256 KiB
	DefaultLargeWindow = 12        // 2.75 MiB: within reach of the last-level cache for some keys
	defaultSmallUses   = 12        // building: 0.8 ms, saved: 60 µs each
	defaultLargeUses   = 1024      // building: 5 ms, saved: 4 µs each
	defaultMaxKeys     = 1 << 16   // 20 MB
	// queueLimit bounds what waits for the builder: a second's work or so.
	queueLimit = 1024
	// agingPeriod is after how many signatures all counts of uses are halved, so
	// that a key that was busy last week gives way.
	agingPeriod = 1 << 20
	// victims is how many remembered keys are looked at to find one to forget.
	victims = 8
)

func (p Policy) withDefaults() Policy {
	for _, f := range []struct {
		value    *int
		fallback int
	}{
		{&p.Budget, defaultBudget},
		{&p.MaxKeys, defaultMaxKeys},
		{&p.SmallWindow, defaultSmallWindow},
		{&p.LargeWindow, DefaultLargeWindow},
		{&p.SmallUses, defaultSmallUses},
		{&p.LargeUses, defaultLargeUses},
	} {
		if *f.value == 0 {
			*f.value = f.fallback
		}
	}
	return p
}

// Known is a key that the cache remembers. Its exported fields do not change.
type Known struct {
	Point Affine
	// Valid is false for a key that is not a point of the curve.
	Valid bool

	curve   *Curve
	table   atomic.Pointer[Table]
	uses    atomic.Int64
	strikes atomic.Int32

	// The cache's lock guards these.
	wanted int   // width of the table that waits for the builder, else 0
	gone   bool  // no longer in the cache: what is built for it is not kept
	retry  int64 // uses below which it is no use to ask for a table again
}

// Table returns the key's table, nil if it has none (now).
func (k *Known) Table() *Table { return k.table.Load() }

// Strike counts a signature of this key that met an exceptional addition, and
// returns how many there were.
func (k *Known) Strike() int { return int(k.strikes.Add(1)) }

// Strikes returns how often Strike was called.
func (k *Known) Strikes() int { return int(k.strikes.Load()) }

// id names a key; the same bytes are different keys on different curves.
type id struct {
	curve *Curve
	key   Key
}

// Cache remembers keys and keeps tables for those that are used most. It is safe
// for concurrent use. Tables are built by at most one goroutine, which lives only
// while there is something to build, so a Cache needs no end.
type Cache struct {
	policy Policy

	mu       sync.RWMutex
	idle     *sync.Cond // on mu: the builder has ended
	known    map[id]*Known
	holders  map[*Known]struct{} // those with a table
	used     int                 // memory of their tables
	queue    []*Known
	building bool
	sinceAge atomic.Int64 // signatures since the last aging
	stats    CacheStats
}

// CacheStats describes a cache at a moment.
type CacheStats struct {
	Keys       int    // remembered
	Tables     int    // of keys
	TableBytes int    // their memory
	Built      uint64 // tables built since the start
	Evicted    uint64 // tables dropped for others since the start
}

// NewCache returns an empty cache.
func NewCache(p Policy) *Cache {
	c := &Cache{policy: p.withDefaults(), known: map[id]*Known{}, holders: map[*Known]struct{}{}}
	c.idle = sync.NewCond(&c.mu)
	return c
}

// Stats returns the cache's numbers now.
func (c *Cache) Stats() CacheStats {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := c.stats
	s.Keys, s.Tables, s.TableBytes = len(c.known), len(c.holders), c.used
	return s
}

// Find returns what is known of a key, which is remembered from now on. It checks
// new keys against the curve.
func (c *Cache) Find(curve *Curve, key *Key) *Known {
	name := id{curve, *key}
	c.mu.RLock()
	k := c.known[name]
	c.mu.RUnlock()
	if k != nil {
		return k
	}
	fresh := &Known{curve: curve}
	fresh.Point, fresh.Valid = curve.Parse(key) // outside the lock: the slow part
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.known[name]; k != nil {
		return k
	}
	if len(c.known) >= c.policy.MaxKeys {
		c.forget()
	}
	c.known[name] = fresh
	return fresh
}

// forget drops the least used of some keys without a table. A map's iteration
// begins at a random place.
func (c *Cache) forget() {
	var name id
	var least *Known
	seen := 0
	for n, k := range c.known {
		if k.table.Load() != nil {
			continue
		}
		if least == nil || k.uses.Load() < least.uses.Load() {
			name, least = n, k
		}
		if seen++; seen == victims {
			break
		}
	}
	if least != nil {
		least.gone = true
		delete(c.known, name)
	}
}

// Use counts n signatures of a key and has a table built in the background when
// it has earned one.
func (c *Cache) Use(k *Known, n int) {
	uses := k.uses.Add(int64(n))
	aging := c.sinceAge.Add(int64(n)) >= agingPeriod
	c.mu.RLock()
	want := c.policy.earned(k, uses)
	c.mu.RUnlock()
	if want == 0 && !aging {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if aging && c.sinceAge.Load() >= agingPeriod {
		c.age()
	}
	if want != 0 && k.wanted == 0 && !c.enqueue(k, want) {
		k.retry = 2 * uses // looking for room costs time; do it seldom
	}
}

// earned returns the width of the table to build for k, 0 for none.
func (p *Policy) earned(k *Known, uses int64) int {
	if !k.Valid || k.wanted != 0 || k.gone || uses < k.retry {
		return 0
	}
	t := k.table.Load()
	switch {
	case t == nil && uses >= int64(p.SmallUses):
		return p.SmallWindow
	case t != nil && t.window < p.LargeWindow && uses >= int64(p.LargeUses):
		return p.LargeWindow
	default:
		return 0
	}
}

func (c *Cache) age() {
	c.sinceAge.Store(0)
	for _, k := range c.known {
		k.uses.Store(k.uses.Load() / 2)
		k.retry /= 2
	}
}

// Prepare has small tables built in the background for keys that will be needed,
// as far as the budget has room.
func (c *Cache) Prepare(curve *Curve, keys []Key) {
	size := TableSize(c.policy.SmallWindow)
	for i := range keys {
		k := c.Find(curve, &keys[i])
		c.mu.Lock()
		room := c.used+(len(c.queue)+1)*size <= c.policy.Budget && len(c.queue) < queueLimit
		if room && k.Valid && !k.gone && k.wanted == 0 && k.table.Load() == nil {
			k.uses.Add(int64(c.policy.SmallUses)) // as if it had earned the table
			c.enqueue(k, c.policy.SmallWindow)
		}
		c.mu.Unlock()
		if !room {
			return
		}
	}
}

// enqueue asks the builder for a table, which k does not wait for yet; the caller
// holds the lock. It returns false if there is no room for the table or too much
// waits: a later use of the key repeats the wish.
func (c *Cache) enqueue(k *Known, window int) bool {
	if len(c.queue) >= queueLimit || !c.room(k, window, false) {
		return false
	}
	k.wanted = window
	c.queue = append(c.queue, k)
	if !c.building {
		c.building = true
		go c.build()
	}
	return true
}

// build works the queue off.
func (c *Cache) build() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) > 0 {
		k := c.queue[0]
		c.queue = c.queue[1:]
		window := k.wanted
		c.mu.Unlock()
		t := k.curve.Build(&k.Point, window)
		c.mu.Lock()
		c.keep(k, t)
		k.wanted = 0
	}
	c.queue = nil
	c.building = false
	c.idle.Broadcast()
}

// BuildNow builds the small table of a key that has none in the caller's time.
// For a batch with many signatures of one new key that is the faster way.
func (c *Cache) BuildNow(k *Known) *Table {
	c.mu.RLock()
	t := k.table.Load()
	possible := k.Valid && !k.gone && k.wanted == 0
	c.mu.RUnlock()
	if t != nil || !possible {
		return t
	}
	t = k.curve.Build(&k.Point, c.policy.SmallWindow)
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := k.table.Load(); have != nil {
		return have
	}
	c.keep(k, t)
	return t // good for this batch even if there is no room to keep it
}

// keep gives k the table if there is room or room can be made.
func (c *Cache) keep(k *Known, t *Table) {
	c.stats.Built++
	if old := k.table.Load(); k.gone || old != nil && old.window >= t.window || !c.room(k, t.window, true) {
		return
	}
	c.drop(k)
	k.table.Store(t)
	c.holders[k] = struct{}{}
	c.used += t.Size()
}

func (c *Cache) drop(k *Known) {
	if t := k.table.Load(); t != nil {
		c.used -= t.Size()
		k.table.Store(nil)
		delete(c.holders, k)
	}
}

// room says whether a table of width window for k fits, if need be in place of
// tables of keys that are used less than half as much; with evict it drops them.
// Half, so that two keys do not take turns.
func (c *Cache) room(k *Known, window int, evict bool) bool {
	need := c.used + TableSize(window) - c.policy.Budget
	if t := k.table.Load(); t != nil {
		need -= t.Size()
	}
	if need <= 0 {
		return true
	}
	var chosen []*Known
	limit := k.uses.Load() / 2
	for need > 0 {
		least := c.leastUsed(k, chosen)
		if least == nil || least.uses.Load() >= limit {
			return false
		}
		chosen = append(chosen, least)
		need -= least.table.Load().Size()
	}
	if evict {
		for _, v := range chosen {
			c.drop(v)
			c.stats.Evicted++
		}
	}
	return true
}

// leastUsed returns the holder with the fewest uses that is neither k nor in
// chosen, nil if there is none.
func (c *Cache) leastUsed(k *Known, chosen []*Known) *Known {
	var least *Known
	for v := range c.holders {
		if v != k && (least == nil || v.uses.Load() < least.uses.Load()) && !slices.Contains(chosen, v) {
			least = v
		}
	}
	return least
}

// Wait returns when nothing is being built. Measurements begin after it.
func (c *Cache) Wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.building {
		c.idle.Wait()
	}
}
