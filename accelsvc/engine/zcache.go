package engine

import (
	"sync"

	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

const (
	// zLimit bounds the remembered Z values: 4,096 signers, below a megabyte.
	zLimit = 4096
	// zUserID is the longest user id whose Z is remembered, so that long ones
	// cannot fill the memory. Those of the standards and of LEIs are shorter.
	zUserID = 64
)

// zName is what Z depends on beside the curve.
type zName struct {
	key    kernel.PublicKey
	userID string // empty: DefaultUserID
}

// zCache remembers Z values. It is safe for concurrent use.
type zCache struct {
	mu     sync.RWMutex
	values map[zName]kernel.Digest
}

func (c *zCache) get(n zName) (kernel.Digest, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	z, ok := c.values[n]
	return z, ok
}

func (c *zCache) put(n zName, z kernel.Digest) {
	if len(n.userID) > zUserID {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.values) >= zLimit {
		for other := range c.values { // a random one
			delete(c.values, other)
			break
		}
	}
	c.values[n] = z
}
