package stubtest

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync"
)

// implicitPrefix begins the names of implicit collections.
const implicitPrefix = "_implicit_org_"

// Version is the height of the transaction that wrote a key: what read sets remember.
type Version struct {
	Block uint64
	Tx    uint64
}

// String writes a version as the peer's error messages do.
func (v *Version) String() string {
	if v == nil {
		return "<nil>"
	}
	return fmt.Sprintf("{BlockNum: %d, TxNum: %d}", v.Block, v.Tx)
}

func sameVersion(a, b *Version) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// entry is a key's committed value. Entries are replaced, never changed.
type entry struct {
	value    []byte // of a hashed key: the hash of the private value
	metadata map[string][]byte
	version  *Version
}

// versionOf is nil for a key that is absent.
func versionOf(e *entry) *Version {
	if e == nil {
		return nil
	}
	return e.version
}

// table is an ordered map of keys. Readers may share it; a commit has it alone.
type table struct {
	entries map[string]*entry

	mu     sync.Mutex // guards the lists, which readers put in order
	sorted []string   // keys in byte order; may hold deleted ones
	fresh  []string   // keys added since sorted was made
}

func newTable() *table { return &table{entries: map[string]*entry{}} }

func (t *table) get(key string) *entry {
	if t == nil {
		return nil
	}
	return t.entries[key]
}

func (t *table) put(key string, e *entry) {
	if _, exists := t.entries[key]; !exists {
		t.fresh = append(t.fresh, key)
	}
	t.entries[key] = e
}

func (t *table) remove(key string) { delete(t.entries, key) }

// keys returns the keys from start (inclusive) to end (exclusive; "" is unbounded), in byte order.
func (t *table) keys(start, end string) []string {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.fresh) > 0 {
		t.sorted = append(t.sorted, t.fresh...)
		slices.Sort(t.sorted)
		t.sorted = slices.Compact(t.sorted)
		t.fresh = nil
	}
	from := sort.SearchStrings(t.sorted, start)
	var found []string
	for _, key := range t.sorted[from:] {
		if end != "" && key >= end {
			break
		}
		if t.entries[key] != nil {
			found = append(found, key)
		}
	}
	return found
}

// space names a set of keys: a chaincode's public ones (collection "") or one of its private collections.
type space struct {
	namespace  string
	collection string
}

// state is the world state of all peers: one copy of what they all hold, and each one's private plaintext.
type state struct {
	public  map[string]*table           // by namespace
	hashed  map[space]*table            // private hashes, by key hash
	private map[string]map[space]*table // plaintext by organisation, by key
}

func newState(orgs []string) *state {
	s := &state{public: map[string]*table{}, hashed: map[space]*table{}, private: map[string]map[space]*table{}}
	for _, org := range orgs {
		s.private[org] = map[space]*table{}
	}
	return s
}

// committed returns the entry of a public key, or of a private one's hash (the key is then the key's hash).
func (s *state) committed(at space, key string) *entry {
	if at.collection == "" {
		return s.public[at.namespace].get(key)
	}
	return s.hashed[at].get(key)
}

// plaintext returns what an organisation's peer itself holds of a private key.
func (s *state) plaintext(mspID string, at space, key string) *entry {
	return s.private[mspID][at].get(key)
}

// writable returns a table, making it if need be.
func writable[K comparable](tables map[K]*table, at K) *table {
	t := tables[at]
	if t == nil {
		t = newTable()
		tables[at] = t
	}
	return t
}

// change is a key's new state within a block that is being validated; entry nil deletes it.
type change struct {
	entry   *entry
	version *Version
}

// changes are the updates of the valid transactions of a block so far.
type changes map[space]map[string]change

func (c changes) set(at space, key string, ch change) {
	if c[at] == nil {
		c[at] = map[string]change{}
	}
	c[at][key] = ch
}

// latest is a key's state as the next transaction of the block finds it.
func (c changes) latest(s *state, at space, key string) *entry {
	if ch, ok := c[at][key]; ok {
		return ch.entry
	}
	return s.committed(at, key)
}

// apply makes a block's changes to public state and private hashes durable.
func (s *state) apply(c changes) {
	for at, keys := range c {
		var t *table
		if at.collection == "" {
			t = writable(s.public, at.namespace)
		} else {
			t = writable(s.hashed, at)
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if e := keys[key].entry; e != nil {
				t.put(key, e)
			} else {
				t.remove(key)
			}
		}
	}
}
