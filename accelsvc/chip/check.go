package chip

import (
	crand "crypto/rand"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
)

// newRandom returns the source of sample positions. It must not be predictable
// by who writes the batches, or he would know which items nobody looks at.
func newRandom(seed io.Reader) (*rand.Rand, error) {
	if seed == nil {
		seed = crand.Reader
	}
	var s [32]byte
	if _, err := io.ReadFull(seed, s[:]); err != nil {
		return nil, fmt.Errorf("chip: seed: %w", err)
	}
	return rand.New(rand.NewChaCha8(s)), nil //nolint:gosec // G404: ChaCha8 with a secret seed
}

// unsound judges samples of the jobs that cores have answered, fences the cores
// that lied, and returns the jobs to do again: those of every core that has been
// caught since it answered them, by whomever.
func (c *Chip) unsound(cl *call, jobs []*job) []*job {
	at, owners := c.sample(jobs)
	var wrong []int
	if len(at) > 0 {
		wrong = cl.items.differing(c.judge, at)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range wrong {
		k := owners[i].core
		if k.lies != owners[i].lies {
			continue // found out already, by another item or call
		}
		k.lies++
		k.counts.Lies++
		// What it answered before and nobody judged cannot be called back.
		c.log.Error("core gave a wrong answer", "core", k.id, "items", k.counts.Items, "judged", k.counts.Judged)
		c.fenceCore(k, Lied)
	}
	var again []*job
	for _, j := range jobs {
		if j.core == nil || j.core.lies == j.lies {
			continue
		}
		c.metrics.redone.WithLabelValues(Lied.String()).Inc()
		j.state = waiting
		again = append(again, j)
	}
	return again
}

// sample chooses the positions to judge: of each job one in each of k strata,
// so that k draws are enough and no two are the same.
func (c *Chip) sample(jobs []*job) (at []int, owners []*job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range jobs {
		if j.core == nil {
			continue // the host computed it
		}
		n := j.hi - j.lo
		k := max(1, int(math.Ceil(float64(n)*c.config.SampleShare)))
		if j.core.probation > 0 {
			j.core.probation -= n
			k = n
		}
		j.core.counts.Judged += uint64(k)
		for s := range k {
			lo, hi := j.lo+s*n/k, j.lo+(s+1)*n/k
			at = append(at, lo+c.random.IntN(hi-lo))
			owners = append(owners, j)
		}
	}
	c.metrics.judged.Add(float64(len(at)))
	return at, owners
}
