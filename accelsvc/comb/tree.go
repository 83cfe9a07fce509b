package comb

// Tree adds up, for each of a number of signatures, the same number of points.
// It is working memory, reused from batch to batch and not safe for concurrent
// use.
//
// The points lie by their number first, then by signature: the point number j of
// signature s is Points[j·lanes + s]. So a level of the tree, for all
// signatures, is one run of additions of a slice to another, which is what a
// kernel for several lanes at once wants as well.
type Tree struct {
	// Points has room for count·lanes points, set by Reset and filled by the
	// caller.
	Points []Affine
	// Exceptional has one element for each signature, true if an addition met
	// equal or opposite points: its sum is not known then. The others' are.
	Exceptional []bool

	curve    *Curve
	lanes    int
	products []Element
}

// Reset prepares for count points for each of lanes signatures.
func (t *Tree) Reset(c *Curve, lanes, count int) {
	t.curve, t.lanes = c, lanes
	t.Points = resize(t.Points, count*lanes)
	t.Exceptional = resize(t.Exceptional, lanes)
	t.products = resize(t.products, (count+1)/2*lanes)
	clear(t.Exceptional)
}

// resize returns s with n elements of any value.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// Sum adds until two points of each signature are left: Points[s] and
// Points[lanes+s]. There must be at least two.
func (t *Tree) Sum() {
	for count := len(t.Points) / t.lanes; count > 2; {
		pairs := count / 2
		offset := (count - pairs) * t.lanes
		t.add(t.Points[:pairs*t.lanes], t.Points[offset:offset+pairs*t.lanes])
		count -= pairs
	}
}

// add sets a[i] += b[i] for all i with one inversion.
func (t *Tree) add(a, b []Affine) {
	for !t.curve.P.AddPairs(t.products, a, b) {
		t.replaceExceptional(a, b)
	}
}

// replaceExceptional makes all differences of x-coordinates non-zero. A product
// that is zero would spoil the inverses of all signatures, and a signer can make
// it so at will: with the private key 1 the tables of key and G are equal. So the
// signatures concerned are marked and go on with numbers that mean nothing.
func (t *Tree) replaceExceptional(a, b []Affine) {
	for i := range a {
		if a[i].X == b[i].X {
			t.Exceptional[i%t.lanes] = true
			one := t.curve.P.One()
			t.curve.P.Add(&b[i].X, &b[i].X, &one)
		}
	}
}

// HasX says whether the sum of signature s, of which two points are left, has
// the affine x-coordinate x. ok is false if that is not known. The sum is not
// computed: with dx, dy the differences of the two points, x1 + x2 + x must be
// (dy/dx)².
func (t *Tree) HasX(s int, x *Element) (has, ok bool) {
	f := t.curve.P
	a, b := &t.Points[s], &t.Points[t.lanes+s]
	if t.Exceptional[s] || a.X == b.X {
		return false, false
	}
	var dx, dy, sum Element
	f.Sub(&dx, &b.X, &a.X)
	f.Sub(&dy, &b.Y, &a.Y)
	f.Sqr(&dx, &dx)
	f.Sqr(&dy, &dy)
	f.Add(&sum, &a.X, &b.X)
	f.Add(&sum, &sum, x)
	f.Mul(&sum, &sum, &dx)
	return sum == dy, true
}
