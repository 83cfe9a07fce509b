package server

import (
	"fmt"
	"sync"

	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/wire"
)

// keyTable holds the registered keys of one run of the service. Keys are only
// ever added, so a slice handed out stays right while more are registered.
type keyTable struct {
	epoch uint64
	limit int

	mu   sync.RWMutex
	keys map[kernel.Algorithm][]kernel.PublicKey // position i holds id i+1
	ids  map[kernel.Algorithm]map[kernel.PublicKey]uint32
}

func newKeyTable(epoch uint64, limit int) *keyTable {
	return &keyTable{
		epoch: epoch, limit: limit,
		keys: map[kernel.Algorithm][]kernel.PublicKey{},
		ids:  map[kernel.Algorithm]map[kernel.PublicKey]uint32{kernel.SM2SM3: {}, kernel.ECDSAP256SHA256: {}},
	}
}

// register returns an id for each key, 0 for those that are not on the curve.
// Either all new keys fit under the limit or none is registered.
func (t *keyTable) register(a kernel.Algorithm, keys []kernel.PublicKey) ([]uint32, error) {
	valid := make([]bool, len(keys))
	for i, k := range keys { // outside the lock: the check is the slow part
		valid[i] = kernel.OnCurve(a, k)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := map[kernel.PublicKey]bool{}
	for i, k := range keys {
		if valid[i] && t.ids[a][k] == 0 {
			fresh[k] = true
		}
	}
	if len(t.keys[a])+len(fresh) > t.limit {
		return nil, fmt.Errorf("%w: %d keys are registered, the limit is %d; send public_keys in the request instead",
			wire.ErrTooLarge, len(t.keys[a]), t.limit)
	}
	out := make([]uint32, len(keys))
	for i, k := range keys {
		if !valid[i] {
			continue
		}
		id := t.ids[a][k]
		if id == 0 {
			t.keys[a] = append(t.keys[a], k)
			id = uint32(len(t.keys[a])) //nolint:gosec // G115: bounded by MaxKeys
			t.ids[a][k] = id
		}
		out[i] = id
	}
	return out, nil
}

// table implements wire.KeyTable.
func (t *keyTable) table(a kernel.Algorithm, epoch uint64) ([]kernel.PublicKey, bool) {
	if epoch != t.epoch {
		return nil, false
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.keys[a], true
}

func (t *keyTable) count() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := 0
	for _, k := range t.keys {
		n += len(k)
	}
	return uint64(n)
}
