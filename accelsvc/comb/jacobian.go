package comb

// Jacobian is the point (X/Z², Y/Z³); Z = 0 is infinity, so the zero value is
// infinity.
type Jacobian struct{ X, Y, Z Element }

// IsInfinity says whether p is the neutral element.
func (p *Jacobian) IsInfinity() bool { return p.Z.IsZero() }

// FromAffine sets p to a.
func (c *Curve) FromAffine(p *Jacobian, a *Affine) { p.X, p.Y, p.Z = a.X, a.Y, c.P.One() }

// Double sets p = 2·p. Doubling infinity gives infinity: Z stays 0. No point has
// y = 0, as the group order is an odd prime.
func (c *Curve) Double(p *Jacobian) { c.P.DoublePoint(&p.X, &p.Y, &p.Z) }

// AddAffine sets p = p + a, whatever p is: infinity, a itself and -a included.
// Formulas: the classic mixed addition, 8M + 3S.
func (c *Curve) AddAffine(p *Jacobian, a *Affine) {
	if p.IsInfinity() {
		c.FromAffine(p, a)
		return
	}
	f := c.P
	var zz, h, r, hh, hhh, v Element
	f.Sqr(&zz, &p.Z)
	f.Mul(&h, &a.X, &zz)
	f.Sub(&h, &h, &p.X)
	f.Mul(&r, &zz, &p.Z)
	f.Mul(&r, &r, &a.Y)
	f.Sub(&r, &r, &p.Y)
	if h.IsZero() {
		if r.IsZero() {
			c.Double(p)
		} else {
			*p = Jacobian{}
		}
		return
	}
	f.Mul(&p.Z, &p.Z, &h)
	f.Sqr(&hh, &h)
	f.Mul(&hhh, &hh, &h)
	f.Mul(&v, &p.X, &hh)
	f.Mul(&hh, &p.Y, &hhh)
	f.Sqr(&p.X, &r)
	f.Sub(&p.X, &p.X, &hhh)
	f.Sub(&p.X, &p.X, &v)
	f.Sub(&p.X, &p.X, &v)
	f.Sub(&v, &v, &p.X)
	f.Mul(&p.Y, &r, &v)
	f.Sub(&p.Y, &p.Y, &hh)
}

// HasX says whether p is not infinity and its affine x is x. It needs no
// inversion.
func (c *Curve) HasX(p *Jacobian, x *Element) bool {
	if p.IsInfinity() {
		return false
	}
	var zz Element
	c.P.Sqr(&zz, &p.Z)
	c.P.Mul(&zz, &zz, x)
	return zz == p.X
}

// Normalise sets to[i] to the affine form of from[i], none of which may be
// infinity, with one inversion. Both have the same length.
func (c *Curve) Normalise(to []Affine, from []Jacobian) {
	f := c.P
	product := f.One()
	for i := range from {
		to[i].X = product // all Z before this one
		f.Mul(&product, &product, &from[i].Z)
	}
	var inverse, zz Element
	f.Invert(&inverse, &product)
	for i := len(from) - 1; i >= 0; i-- {
		var zInverse Element
		f.Mul(&zInverse, &inverse, &to[i].X)
		f.Mul(&inverse, &inverse, &from[i].Z)
		f.Sqr(&zz, &zInverse)
		f.Mul(&to[i].X, &from[i].X, &zz)
		f.Mul(&zz, &zz, &zInverse)
		f.Mul(&to[i].Y, &from[i].Y, &zz)
	}
}
