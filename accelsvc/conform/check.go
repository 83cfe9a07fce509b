package conform

import (
	"context"
	"fmt"

	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// Path is one way to verify: a kernel, the chip, a running service.
type Path struct {
	Name   string
	Verify func(context.Context, engine.Batch) ([]bool, error)
}

// Shape is how the cases are put into batches. Fast kernels compute differently
// for single signatures, for batches and for keys that they have seen before.
type Shape uint8

// Shapes. The zero value is none.
const (
	Single Shape = iota + 1 // one call for each case
	Batch                   // as many cases in one call as fit
	Repeat                  // batches, repeated until every key is well known
)

// String returns the word used in reports.
func (s Shape) String() string {
	switch s {
	case Single:
		return "single"
	case Batch:
		return "batch"
	case Repeat:
		return "repeat"
	default:
		return fmt.Sprintf("shape(%d)", uint8(s))
	}
}

// Shapes returns all shapes.
func Shapes() []Shape { return []Shape{Single, Batch, Repeat} }

const (
	// batchItems and batchBytes keep a batch below every limit of a service.
	batchItems = 4096
	batchBytes = 4 << 20
	// repeatItems is how large a repeated batch is at least: vector kernels take
	// their widest path from 128 on.
	repeatItems = 256
	// repeats makes a key's second and third use happen.
	repeats = 3
)

// Difference is a case whose verdict is not what its file says.
type Difference struct {
	Case *Case
	Got  Result // Valid or Invalid
}

// Report is what one path made of one file in one shape.
type Report struct {
	File       string
	Path       string
	Shape      Shape
	Cases      int
	Acceptable int // cases where either verdict is right
	Differ     []Difference
}

// Check verifies the cases of f on p. An error means that p could not answer, not
// that it answered otherwise than the file.
func Check(ctx context.Context, f *File, p Path, s Shape) (*Report, error) {
	r := &Report{File: f.Name, Path: p.Name, Shape: s, Cases: len(f.Cases)}
	verdicts := make([]bool, len(f.Cases))
	different := map[int]bool{} // a repetition differed, however the last one did
	for _, b := range plan(f, s) {
		rounds := 1
		if s == Repeat {
			rounds = repeats
		}
		for range rounds {
			got, err := p.Verify(ctx, b.batch)
			if err == nil && len(got) != len(b.cases) {
				err = fmt.Errorf("%d verdicts for %d signatures", len(got), len(b.cases))
			}
			if err != nil {
				return nil, fmt.Errorf("%s, %s, %s: %w", f.Name, p.Name, s, err)
			}
			for i, c := range b.cases {
				verdicts[c] = got[i]
				different[c] = different[c] || differs(&f.Cases[c], got[i])
			}
		}
	}
	for i := range f.Cases {
		c := &f.Cases[i]
		if c.Want == Acceptable {
			r.Acceptable++
		}
		if different[i] || differs(c, verdicts[i]) {
			got := Valid
			if c.Want == Valid {
				got = Invalid
			}
			r.Differ = append(r.Differ, Difference{Case: c, Got: got})
		}
	}
	return r, nil
}

func differs(c *Case, verdict bool) bool {
	return c.Want == Valid && !verdict || c.Want == Invalid && verdict
}

// part is a batch with the numbers of its cases.
type part struct {
	batch engine.Batch
	cases []int
	size  int
}

// plan puts the cases that have a decodable signature into batches; the others
// are invalid whatever the path, as they would be for who decodes them at the
// edge of the ledger.
func plan(f *File, s Shape) []part {
	var out []part
	type kind struct {
		algorithm kernel.Algorithm
		input     engine.Input
		userID    string
	}
	open := map[kind]int{}
	for i := range f.Cases {
		c := &f.Cases[i]
		signature, ok := c.parseSignature()
		if !ok {
			continue
		}
		k := kind{c.Algorithm, c.Input, ""}
		if c.Input == engine.Messages {
			k.userID = string(c.UserID)
		}
		at, exists := open[k]
		full := exists && (s == Single || len(out[at].cases) == batchItems || out[at].size+len(c.Message) > batchBytes)
		if !exists || full {
			at = len(out)
			open[k] = at
			b := engine.Batch{Algorithm: c.Algorithm, Input: c.Input}
			if k.userID != "" {
				b.UserID = c.UserID
			}
			out = append(out, part{batch: b})
		}
		out[at].add(i, c, signature)
	}
	if s == Repeat {
		for i := range out {
			out[i].enlarge()
		}
	}
	return out
}

func (p *part) add(number int, c *Case, signature kernel.Signature) {
	b := &p.batch
	key := len(b.Keys) - 1
	if key < 0 || b.Keys[key] != c.Key { // the cases of a group follow one another
		key++
		b.Keys = append(b.Keys, c.Key)
	}
	b.Records = append(b.Records, kernel.Record{
		Key: uint32(key), Digest: c.Digest, Signature: signature, //nolint:gosec // G115: at most batchItems
	})
	if b.Input == engine.Messages {
		b.Messages = append(b.Messages, c.Message)
	}
	p.cases = append(p.cases, number)
	p.size += len(c.Message)
}

// enlarge repeats the cases until there are repeatItems, as far as the limit of
// bytes allows.
func (p *part) enlarge() {
	n := len(p.cases)
	for size := p.size; len(p.cases) < repeatItems && size+p.size <= batchBytes; size += p.size {
		p.cases = append(p.cases, p.cases[:n]...)
		p.batch.Records = append(p.batch.Records, p.batch.Records[:n]...)
		if p.batch.Input == engine.Messages {
			p.batch.Messages = append(p.batch.Messages, p.batch.Messages[:n]...)
		}
	}
}
