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
	for i := even; i < len(a); i++ {
		f.forwardOne(&products[i], &a[i], &b[i], &chains[i&1])
	}
	var all Element
	f.Mul(&all, &chains[0], &chains[1])
	if all.IsZero() {
		return false
	}
	f.Invert(&all, &all)
	f.Mul(&chains[0], &chains[0], &all) // 1/chains[1]
	f.Mul(&chains[1], &chains[1], &all)
	chains[0], chains[1] = chains[1], chains[0]
	for i := len(a) - 1; i >= even; i-- {
		f.backwardOne(&products[i], &a[i], &b[i], &chains[i&1])
	}
	f.backward(products, a[:even], b, &chains)
	return true
}

// forwardOne sets product to the chain so far and multiplies the chain by the
// difference of the x-coordinates.
func (f *Field) forwardOne(product *Element, a, b *Point, chain *Element) {
	var dx Element
	*product = *chain
	f.Sub(&dx, &b.X, &a.X)
	f.Mul(chain, chain, &dx)
}

// backwardOne adds b to a. chain is the inverse of the product of all differences
// up to this pair's and becomes that of those before it.
func (f *Field) backwardOne(product *Element, a, b *Point, chain *Element) {
	var difference, slope, x Element
	f.Mul(&slope, chain, product) // 1/dx
	f.Sub(&difference, &b.X, &a.X)
	f.Mul(chain, chain, &difference)
	f.Sub(&difference, &b.Y, &a.Y)
	f.Mul(&slope, &slope, &difference)
	f.Sqr(&x, &slope)
	f.Sub(&x, &x, &a.X)
	f.Sub(&x, &x, &b.X)
	f.Sub(&difference, &a.X, &x)
	f.Mul(&difference, &difference, &slope)
	f.Sub(&a.Y, &difference, &a.Y)
	a.X = x
}
