package comb

import "math/bits"

// Ladder multiplies points that have no comb table, by doublings and additions of
// odd multiples (wNAF of width 5). It is working memory, not safe for concurrent
// use.
type Ladder struct {
	curve *Curve
	odd   []Affine // 1, 3, …, 15 times each point
	build builder
}

const (
	nafWindow  = 5
	oddCount   = 1 << (nafWindow - 2)
	nafDigits  = scalarBits + 1
	nafModulus = 1 << nafWindow
)

// Reset prepares for the given points. Their tables are made together, with eight
// inversions for all.
func (l *Ladder) Reset(c *Curve, points []Affine) {
	l.curve, l.build.curve = c, c
	l.odd = resize(l.odd, len(points)*oddCount)
	doubled := make([]Jacobian, len(points))
	twice := make([]Affine, len(points))
	for i := range points {
		c.FromAffine(&doubled[i], &points[i])
		c.Double(&doubled[i])
		l.odd[i*oddCount] = points[i]
	}
	c.Normalise(twice, doubled)
	// No special cases: the multiples 2 and 2j-1 differ, up to sign too, below the
	// order.
	for j := 1; j < oddCount; j++ {
		for i := range points {
			l.build.add(&l.odd[i*oddCount+j], &l.odd[i*oddCount+j-1], &twice[i])
		}
		l.build.flush()
	}
}

// Multiply sets p to [k] times point number i, k plain and below the order.
func (l *Ladder) Multiply(p *Jacobian, i int, k *Element) {
	var digits [nafDigits]int8
	n := naf(&digits, k)
	*p = Jacobian{}
	for at := n - 1; at >= 0; at-- {
		l.curve.Double(p)
		switch d := int(digits[at]); {
		case d > 0:
			l.curve.AddAffine(p, &l.odd[i*oddCount+d/2])
		case d < 0:
			a := l.odd[i*oddCount-d/2]
			l.curve.P.Neg(&a.Y, &a.Y)
			l.curve.AddAffine(p, &a)
		}
	}
}

// naf writes the width-5 non-adjacent form of k, lowest digit first, and returns
// how many digits it has: each is 0 or odd and between -15 and 15, and k is
// Σ digit·2^i.
func naf(digits *[nafDigits]int8, k *Element) int {
	rest := [5]uint64{k.L0, k.L1, k.L2, k.L3}
	n := 0
	for at := 0; rest != [5]uint64{}; at++ {
		if rest[0]&1 != 0 {
			d := int8(rest[0] & (nafModulus - 1))
			if d >= nafModulus/2 {
				d -= nafModulus
				addSmall(&rest, uint64(-int64(d)))
			} else {
				rest[0] -= uint64(d)
			}
			digits[at], n = d, at+1
		}
		for i := range 4 {
			rest[i] = rest[i]>>1 | rest[i+1]<<63
		}
		rest[4] >>= 1
	}
	return n
}

func addSmall(x *[5]uint64, v uint64) {
	var c uint64
	x[0], c = bits.Add64(x[0], v, 0)
	for i := 1; i < 5; i++ {
		x[i], c = bits.Add64(x[i], 0, c)
	}
}
