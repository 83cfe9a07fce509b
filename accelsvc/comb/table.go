package comb

// EntrySize is the memory of one table entry in bytes.
const EntrySize = 64

// Table is the comb table of a point. It is immutable.
type Table struct {
	curve   *Curve
	window  int
	entries []Affine // entry j of window i at i·2^(window-1) + j
}

// TableSize returns the memory of a table of width w in bytes.
func TableSize(w int) int { return Windows(w) << (w - 1) * EntrySize }

// Window returns the width of the table's windows.
func (t *Table) Window() int { return t.window }

// Size returns the table's memory in bytes.
func (t *Table) Size() int { return len(t.entries) * EntrySize }

// Count returns how many points Points writes.
func (t *Table) Count() int { return Windows(t.window) }

// entry returns the entry of window i that d names, but for the sign.
func (t *Table) entry(i int, d Digit) *Affine {
	return &t.entries[i<<(t.window-1)+d.entry()]
}

// Place is where a signature's points go in a Tree.
type Place struct {
	Lane  int // number of the signature
	First int // number of its first point
}

// Points writes the points whose sum is [k] times the table's point, k plain and
// below n, into the tree.
func (t *Table) Points(tree *Tree, at Place, k *Element) {
	var digits [maxDigits]Digit
	n := t.Count()
	t.curve.Recode(digits[:n], k, t.window)
	// Copy first and negate later: nothing waits for an entry's arrival from
	// memory, so that many are on their way at once.
	for i, d := range digits[:n] {
		tree.Points[(at.First+i)*tree.lanes+at.Lane] = *t.entry(i, d)
	}
	for i, d := range digits[:n] {
		t.curve.P.NegateIf(&tree.Points[(at.First+i)*tree.lanes+at.Lane].Y, d.negative())
	}
}

// AddTo sets p += [k] times the table's point, k plain and below n. It handles
// every special case.
func (t *Table) AddTo(p *Jacobian, k *Element) {
	var digits [maxDigits]Digit
	n := t.Count()
	t.curve.Recode(digits[:n], k, t.window)
	for i, d := range digits[:n] {
		a := *t.entry(i, d)
		t.curve.P.NegateIf(&a.Y, d.negative()) // no point of the curve has y = 0
		t.curve.AddAffine(p, &a)
	}
}

// Build makes the table of the point p for windows of width w, MinWindow to
// MaxWindow.
//
// Entries are sums of entries and powers: with m entries of a window done, entry
// j+m is entry j plus 2m times the window's point, and all 2^i·p come from one
// chain of doublings. None of these additions meets a special case: the points
// are p times different numbers below 2^(w+1), and the order of p is a prime near
// 2^256.
func (c *Curve) Build(p *Affine, w int) *Table {
	count, half := Windows(w), 1<<(w-1)
	t := &Table{curve: c, window: w, entries: make([]Affine, count*half)}
	powers := c.powers(p, count*w)
	for i := range count {
		t.entries[i*half] = powers[i*w]
	}
	b := builder{curve: c}
	for done, level := 1, 1; done < half; done, level = 2*done, level+1 {
		for i := range count {
			window := t.entries[i*half : (i+1)*half]
			for j := range done {
				b.add(&window[j+done], &window[j], &powers[i*w+level])
			}
		}
		b.flush()
	}
	return t
}

// powers returns 2^i·p for i < n.
func (c *Curve) powers(p *Affine, n int) []Affine {
	chain := make([]Jacobian, n)
	c.FromAffine(&chain[0], p)
	for i := 1; i < n; i++ {
		chain[i] = chain[i-1]
		c.Double(&chain[i])
	}
	out := make([]Affine, n)
	c.Normalise(out, chain)
	return out
}

// buildBatch is how many additions share an inversion: enough to make its share
// small, few enough to stay in the second-level cache.
const buildBatch = 512

// builder collects additions of affine points that are known to be neither equal
// nor opposite.
type builder struct {
	curve    *Curve
	n        int
	to       [buildBatch]*Affine
	a, b     [buildBatch]Affine
	products [buildBatch]Element
}

// add sets *to = a + b at the next flush at the latest.
func (b *builder) add(to, x, y *Affine) {
	b.to[b.n], b.a[b.n], b.b[b.n] = to, *x, *y
	if b.n++; b.n == buildBatch {
		b.flush()
	}
}

func (b *builder) flush() {
	if b.n == 0 {
		return
	}
	a := b.a[:b.n]
	// It returns true: nobody adds equal or opposite points.
	_ = b.curve.P.AddPairs(b.products[:b.n], a, b.b[:b.n])
	for i := range a {
		*b.to[i] = a[i]
	}
	b.n = 0
}
