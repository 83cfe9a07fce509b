package verify

import (
	"math/bits"

	"github.com/argosy-trade/argosy/accelsvc/comb"
	"github.com/argosy-trade/argosy/accelsvc/field"
)

// job is one signature whose numbers are in range.
type job struct {
	at    int     // its place in the batch
	a, b  element // plain scalars: does [a]G + [b]P have one of the x?
	x     element // the x-coordinate wanted, in Montgomery form
	x2    element // x + n, if that is below the prime too
	two   bool    // x2 is wanted as well
	known *comb.Known
	table *comb.Table
	uses  int // of the key in this batch; kept at the key's first job
}

type element = field.Element

// read makes jobs of the inputs whose r and s are in range.
func (w *workspace) read(s Scheme, inputs []Input) {
	for i := range inputs {
		in := &inputs[i]
		r := field.Plain((*[32]byte)(in.Signature[:32]))
		sig := field.Plain((*[32]byte)(in.Signature[32:]))
		n := w.curve.N
		if r.IsZero() || sig.IsZero() || !n.Canonical(&r) || !n.Canonical(&sig) {
			continue
		}
		e := field.Plain(in.Digest)
		n.Reduce(&e, &e)
		j := job{at: i}
		if s == SM2 {
			// [s]G + [t]P with t = r + s; its x is r - e.
			j.a = sig
			if n.Add(&j.b, &r, &sig); j.b.IsZero() {
				continue
			}
			n.Sub(&r, &r, &e)
		} else {
			// [e/s]G + [r/s]P; its x is r. The division comes later, for all at
			// once.
			j.a, j.b = e, r
			j.x2 = sig
		}
		j.x = r
		w.jobs = append(w.jobs, j)
	}
	if s == ECDSA {
		w.divideByS()
	}
	for i := range w.jobs {
		w.wantX(&w.jobs[i])
	}
}

// divideByS replaces a and b by a/s and b/s mod n, where s is in x2, with one
// inversion for all jobs.
func (w *workspace) divideByS() {
	n := w.curve.N
	product := n.One()
	w.products = resize(w.products, len(w.jobs))
	for i := range w.jobs {
		s := &w.jobs[i].x2
		n.ToMontgomery(s, s)
		w.products[i] = product
		n.Mul(&product, &product, s)
	}
	n.Invert(&product, &product)
	for i := len(w.jobs) - 1; i >= 0; i-- {
		j := &w.jobs[i]
		var inverse element
		n.Mul(&inverse, &product, &w.products[i])
		n.Mul(&product, &product, &j.x2)
		// A plain number times a Montgomery form is the plain product.
		n.Mul(&j.a, &j.a, &inverse)
		n.Mul(&j.b, &j.b, &inverse)
	}
}

// wantX turns the wanted residue mod n, plain in x, into the one or two field
// elements that have it: n is below p, so x + n may be a coordinate as well.
func (w *workspace) wantX(j *job) {
	p := w.curve.P
	n := w.curve.N.Modulus()
	var sum element
	var c uint64
	sum.L0, c = bits.Add64(j.x.L0, n.L0, 0)
	sum.L1, c = bits.Add64(j.x.L1, n.L1, c)
	sum.L2, c = bits.Add64(j.x.L2, n.L2, c)
	sum.L3, c = bits.Add64(j.x.L3, n.L3, c)
	if j.two = c == 0 && p.Canonical(&sum); j.two {
		p.ToMontgomery(&j.x2, &sum)
	}
	p.ToMontgomery(&j.x, &j.x)
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
