package field

// Point is a pair of coordinates, an affine point of some curve over the field.
type Point struct{ X, Y Element }

// AddPairs sets a[i] = a[i] + b[i] for all i, where + is the addition of two
// points of a curve in short Weierstrass form that have different x-coordinates.
// All pairs share one inversion. If two x-coordinates of a pair are equal it
// changes nothing and returns false. products is scratch of at least len(a)
// elements; a and b have the same length and do not overlap.
//
// It takes six multiplications a pair: forward multiplies the differences of the
// x-coordinates up, backward divides the inverse of all by them one after
// another. Even and odd pairs are two chains, so that a multiplication need not
// wait for the one before.
func (f *Field) AddPairs(products []Element, a, b []Point) bool {
	chains := [2]Element{f.one, f.one}
	even := f.forward(products, a, b, &chains)
	f.forwardGo(products, a, b, pairRange{&chains, even})
	var all Element
	f.Mul(&all, &chains[0], &chains[1])
	if all.IsZero() {
		return false
	}
	f.Invert(&all, &all)
	f.Mul(&chains[0], &chains[0], &all) // 1/chains[1]
	f.Mul(&chains[1], &chains[1], &all)
	chains[0], chains[1] = chains[1], chains[0]
	f.backwardGo(products, a, b, pairRange{&chains, even})
	f.backward(products, a[:even], b, &chains)
	return true
}

// pairRange are the pairs from an even index on, with the chains there.
type pairRange struct {
	chains *[2]Element
	first  int
}

// forwardGo sets each product to its chain so far and multiplies the chain by the
// difference of the x-coordinates.
func (f *Field) forwardGo(products []Element, a, b []Point, r pairRange) {
	reduce := f.reduction()
	var dx Element
	for i := r.first; i < len(a); i++ {
		chain := &r.chains[i&1]
		products[i] = *chain
		f.Sub(&dx, &b[i].X, &a[i].X)
		*chain = reduce(product(chain, &dx))
	}
}

// backwardGo adds b to a. A chain is the inverse of the product of all differences
// up to a pair's and becomes that of those before it.
func (f *Field) backwardGo(products []Element, a, b []Point, r pairRange) {
	reduce := f.reduction()
	var difference, slope, x Element
	for i := len(a) - 1; i >= r.first; i-- {
		chain, p, q := &r.chains[i&1], &a[i], &b[i]
		slope = reduce(product(chain, &products[i])) // 1/dx
		f.Sub(&difference, &q.X, &p.X)
		*chain = reduce(product(chain, &difference))
		f.Sub(&difference, &q.Y, &p.Y)
		slope = reduce(product(&slope, &difference))
		x = reduce(squared(&slope))
		f.Sub(&x, &x, &p.X)
		f.Sub(&x, &x, &q.X)
		f.Sub(&difference, &p.X, &x)
		difference = reduce(product(&difference, &slope))
		f.Sub(&p.Y, &difference, &p.Y)
		p.X = x
	}
}
