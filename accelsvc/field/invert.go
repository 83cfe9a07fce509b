package field

import "math/bits"

// Inversion follows Bernstein and Yang, "Fast constant-time gcd computation and
// modular inversion" (CHES 2019), in the variable-time form that libsecp256k1
// uses: batches of 62 division steps on the low words, whose 2×2 matrix is then
// applied to the full numbers. Numbers are five signed limbs of 62 bits.

const (
	limbBits = 62
	limbMask = 1<<limbBits - 1
)

// signed is Σ v[i]·2^(62i); limbs 0 to 3 are in [0, 2^62), the highest has the
// sign.
type signed [5]int64

// divsteps is what inversion needs of the modulus.
type divsteps struct {
	long    signed
	inverse uint64 // 1/modulus mod 2^62
}

func newDivsteps(modulus Element, inverse uint64) divsteps {
	return divsteps{long: toSigned(&modulus), inverse: inverse & limbMask}
}

func toSigned(x *Element) signed {
	return signed{
		int64(x.L0 & limbMask),
		int64((x.L0>>62 | x.L1<<2) & limbMask),
		int64((x.L1>>60 | x.L2<<4) & limbMask),
		int64((x.L2>>58 | x.L3<<6) & limbMask),
		int64(x.L3 >> 56),
	}
}

// element is the reverse of toSigned for numbers in [0, 2^256).
func (s *signed) element() Element {
	var v [5]uint64
	for i, limb := range s {
		v[i] = uint64(limb) //nolint:gosec // G115: not negative
	}
	a, b, c, d, e := v[0], v[1], v[2], v[3], v[4]
	return Element{a | b<<62, b>>2 | c<<60, c>>4 | d<<58, d>>6 | e<<56}
}

// wide is a signed 128-bit accumulator.
type wide struct{ hi, lo uint64 }

// mac returns a + x·y.
func (a wide) mac(x, y int64) wide {
	ux, uy := uint64(x), uint64(y)            //nolint:gosec // G115: two's complement is meant
	hi, lo := bits.Mul64(ux, uy)              // as if unsigned …
	hi -= uint64(x>>63)&uy + uint64(y>>63)&ux //nolint:gosec // G115: … corrected for the signs
	lo, c := bits.Add64(a.lo, lo, 0)
	hi, _ = bits.Add64(a.hi, hi, c)
	return wide{hi, lo}
}

// shift returns a >> 62, keeping the sign.
func (a wide) shift() wide {
	return wide{uint64(int64(a.hi) >> limbBits), a.lo>>limbBits | a.hi<<2} //nolint:gosec // G115: arithmetic shift
}

func (a wide) low() int64 { return int64(a.lo & limbMask) }

// matrix is the effect of 62 division steps, times 2^62.
type matrix struct{ u, v, q, r int64 }

// steps runs 62 division steps on the low words f and g and returns the new eta.
func steps(eta int64, f, g uint64) (int64, matrix) {
	u, v, q, r := uint64(1), uint64(0), uint64(0), uint64(1)
	for i := limbBits; ; {
		zeros := bits.TrailingZeros64(g | ^uint64(0)<<i)
		g >>= zeros
		u <<= zeros
		v <<= zeros
		eta -= int64(zeros)
		i -= zeros
		if i == 0 {
			return eta, matrix{int64(u), int64(v), int64(q), int64(r)} //nolint:gosec // G115: two's complement
		}
		var w uint64 // the multiple of f that clears some low bits of g
		if eta < 0 {
			eta = -eta
			f, g = g, -f
			u, q = q, -u
			v, r = r, -v
			m := ^uint64(0) >> (64 - min(int(eta)+1, i)) & 63
			w = f * g * (f*f - 2) & m
		} else {
			m := ^uint64(0) >> (64 - min(int(eta)+1, i)) & 15
			w = f + (f+1)&4<<1
			w = -w * g & m
		}
		g += f * w
		q += u * w
		r += v * w
	}
}

// applyModulo replaces d and e by t·(d, e)/2^62 mod the modulus, in
// (-2m, m).
func (m *divsteps) applyModulo(d, e *signed, t *matrix) {
	sd, se := d[4]>>63, e[4]>>63
	md, me := t.u&sd+t.v&se, t.q&sd+t.r&se
	cd := wide{}.mac(t.u, d[0]).mac(t.v, e[0])
	ce := wide{}.mac(t.q, d[0]).mac(t.r, e[0])
	md -= int64((m.inverse*cd.lo + uint64(md)) & limbMask) //nolint:gosec // G115: modulo 2^62
	me -= int64((m.inverse*ce.lo + uint64(me)) & limbMask) //nolint:gosec // G115: modulo 2^62
	cd = cd.mac(m.long[0], md).shift()
	ce = ce.mac(m.long[0], me).shift()
	for i := 1; i < 5; i++ {
		cd = cd.mac(t.u, d[i]).mac(t.v, e[i]).mac(m.long[i], md)
		ce = ce.mac(t.q, d[i]).mac(t.r, e[i]).mac(m.long[i], me)
		d[i-1], e[i-1] = cd.low(), ce.low()
		cd, ce = cd.shift(), ce.shift()
	}
	d[4], e[4] = int64(cd.lo), int64(ce.lo) //nolint:gosec // G115: the sign is meant
}

// apply replaces f and g, which have n limbs, by t·(f, g)/2^62; the division is
// exact.
func apply(f, g *signed, n int, t *matrix) {
	cf := wide{}.mac(t.u, f[0]).mac(t.v, g[0]).shift()
	cg := wide{}.mac(t.q, f[0]).mac(t.r, g[0]).shift()
	for i := 1; i < n; i++ {
		cf = cf.mac(t.u, f[i]).mac(t.v, g[i])
		cg = cg.mac(t.q, f[i]).mac(t.r, g[i])
		f[i-1], g[i-1] = cf.low(), cg.low()
		cf, cg = cf.shift(), cg.shift()
	}
	f[n-1], g[n-1] = int64(cf.lo), int64(cg.lo) //nolint:gosec // G115: the sign is meant
}

// Invert sets z = 1/x, and z = 0 for x = 0.
func (f *Field) Invert(z, x *Element) {
	d, e := signed{}, signed{1}
	a, g := f.long, toSigned(x)
	eta, n := int64(-1), len(g)
	for {
		var t matrix
		eta, t = steps(eta, uint64(a[0]), uint64(g[0])) //nolint:gosec // G115: two's complement
		f.applyModulo(&d, &e, &t)
		apply(&a, &g, n, &t)
		if rest := g[0] | g[1] | g[2] | g[3] | g[4]; rest == 0 {
			break
		}
		// Drop the highest limb of both when it is only a sign.
		an, gn := a[n-1], g[n-1]
		if n > 1 && an^an>>63 == 0 && gn^gn>>63 == 0 {
			a[n-2] |= an << limbBits
			g[n-2] |= gn << limbBits
			a[n-1], g[n-1] = 0, 0
			n--
		}
	}
	f.normalise(&d, a[n-1] < 0)
	inverse := d.element()
	// x was a·R; 1/(a·R) · R³ / R = 1/a · R.
	f.Mul(z, &inverse, &f.cube)
}

// normalise brings d, in (-2m, m), or its negative, into [0, m).
func (m *divsteps) normalise(d *signed, negate bool) {
	m.addIfNegative(d)
	if negate {
		for i := range d {
			d[i] = -d[i]
		}
		d.carry()
	}
	m.addIfNegative(d)
}

func (m *divsteps) addIfNegative(d *signed) {
	if d[4] < 0 {
		for i := range d {
			d[i] += m.long[i]
		}
		d.carry()
	}
}

func (s *signed) carry() {
	for i := range 4 {
		s[i+1] += s[i] >> limbBits
		s[i] &= limbMask
	}
}
