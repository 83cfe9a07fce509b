package chip

import (
	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// evenly cuts n items into the fewest jobs of at most most items, as equal as
// they can be: a rest of one item would be a job not worth a core.
func evenly(n, most int) []int {
	if n == 0 {
		return nil
	}
	jobs := (n + most - 1) / most
	bounds := make([]int, jobs+1)
	for i := range bounds {
		bounds[i] = i * n / jobs
	}
	return bounds
}

// verification is a batch of signatures.
type verification struct {
	algorithm kernel.Algorithm
	keys      []kernel.PublicKey
	records   []kernel.Record
	verdicts  []bool
}

func (v *verification) run(k kernel.Kernel, lo, hi int) {
	k.Verify(v.algorithm, v.keys, v.records[lo:hi], v.verdicts[lo:hi])
}

func (v *verification) spoil(lo, hi, every int) {
	for i := lo; i < hi; i += every {
		v.verdicts[i] = !v.verdicts[i]
	}
}

func (v *verification) differing(k kernel.Kernel, at []int) (wrong []int) {
	records, verdicts := make([]kernel.Record, len(at)), make([]bool, len(at))
	for i, p := range at {
		records[i] = v.records[p]
	}
	k.Verify(v.algorithm, v.keys, records, verdicts)
	for i, p := range at {
		if verdicts[i] != v.verdicts[p] {
			wrong = append(wrong, i)
		}
	}
	return wrong
}

// recordSize is a signature on its way to a core: key number, digest, r and s.
const recordSize = 4 + kernel.DigestSize + kernel.SignatureSize

// work implements payload: keys are taken to be known.
func (v *verification) work() timing.Work {
	op := timing.P256Verify
	if v.algorithm == kernel.SM2SM3 {
		op = timing.SM2Verify
	}
	n := len(v.records)
	return timing.Work{Op: op, Items: n, InBytes: n * recordSize, OutBytes: (n + 7) / 8}
}

// hashing is a batch of messages.
type hashing struct {
	algorithm kernel.HashAlgorithm
	messages  [][]byte
	digests   []kernel.Digest
}

// bounds cuts after most messages or hashJobBytes bytes, whichever comes first.
func (h *hashing) bounds(most int) []int {
	if len(h.messages) == 0 {
		return nil
	}
	bounds, size := []int{0}, 0
	for i, m := range h.messages {
		if first := bounds[len(bounds)-1]; i > first && (i-first == most || size+len(m) > hashJobBytes) {
			bounds, size = append(bounds, i), 0
		}
		size += len(m)
	}
	return append(bounds, len(h.messages))
}

func (h *hashing) run(k kernel.Kernel, lo, hi int) {
	k.Hash(h.algorithm, h.messages[lo:hi], h.digests[lo:hi])
}

func (h *hashing) spoil(lo, hi, every int) {
	for i := lo; i < hi; i += every {
		h.digests[i][i%kernel.DigestSize] ^= 1
	}
}

func (h *hashing) differing(k kernel.Kernel, at []int) (wrong []int) {
	messages, digests := make([][]byte, len(at)), make([]kernel.Digest, len(at))
	for i, p := range at {
		messages[i] = h.messages[p]
	}
	k.Hash(h.algorithm, messages, digests)
	for i, p := range at {
		if digests[i] != h.digests[p] {
			wrong = append(wrong, i)
		}
	}
	return wrong
}

// Both hashes work on blocks of 64 bytes and pad with one byte, zeros and an
// 8-byte length.
const (
	blockSize  = 64
	padMinimum = 9
)

// work implements payload.
func (h *hashing) work() timing.Work {
	op := timing.SHA256
	if h.algorithm == kernel.SM3 {
		op = timing.SM3
	}
	w := timing.Work{Op: op, Items: len(h.messages), OutBytes: len(h.messages) * kernel.DigestSize}
	for _, m := range h.messages {
		w.InBytes += len(m)
		w.Blocks += (len(m) + padMinimum + blockSize - 1) / blockSize
	}
	return w
}
