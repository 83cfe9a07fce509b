package field

// DoublePoint sets the Jacobian point (x/z², y/z³) of a curve with a = -3 to its
// double; z = 0, infinity, stays 0. x, y and z do not overlap. Formulas: dbl-2001-b
// of the Explicit-Formulas Database, 3M + 5S.
func (f *Field) DoublePoint(x, y, z *Element) {
	if !f.doubleADX(x, y, z) {
		f.doubleGo(x, y, z)
	}
}

func (f *Field) doubleGo(x, y, z *Element) {
	var delta, gamma, beta, alpha, t Element
	f.Sqr(&delta, z)
	f.Sqr(&gamma, y)
	f.Mul(&beta, x, &gamma)
	f.Sub(&t, x, &delta)
	f.Add(&alpha, x, &delta)
	f.Mul(&alpha, &alpha, &t)
	f.Add(&t, &alpha, &alpha)
	f.Add(&alpha, &alpha, &t) // 3·(X - delta)·(X + delta)
	f.Add(z, y, z)
	f.Sqr(z, z)
	f.Sub(z, z, &gamma)
	f.Sub(z, z, &delta) // (Y + Z)² - gamma - delta
	f.Add(&beta, &beta, &beta)
	f.Add(&beta, &beta, &beta) // 4·beta
	f.Sqr(x, &alpha)
	f.Sub(x, x, &beta)
	f.Sub(x, x, &beta) // alpha² - 8·beta
	f.Sub(&t, &beta, x)
	f.Mul(y, &alpha, &t)
	f.Add(&gamma, &gamma, &gamma)
	f.Sqr(&gamma, &gamma)
	f.Add(&gamma, &gamma, &gamma) // 8·gamma²
	f.Sub(y, y, &gamma)
}
