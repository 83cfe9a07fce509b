package field

import "math/bits"

// Both primes are -1 mod 2^64, so that Montgomery's quotient digit is the low limb
// itself, and sparse, so that its multiple of the prime needs few multiplications
// or none.

// mulGo and sqrGo are Mul and Sqr in portable Go. They call what they need
// directly: a function value would put every argument on the heap.
func (f *Field) mulGo(z, x, y *Element) {
	switch f.form {
	case sm2Prime:
		*z = reduceSM2(product(x, y))
	case p256Prime:
		*z = reduceP256(product(x, y))
	default:
		*z = f.reduceGeneral(product(x, y))
	}
}

func (f *Field) sqrGo(z, x *Element) {
	switch f.form {
	case sm2Prime:
		*z = reduceSM2(squared(x))
	case p256Prime:
		*z = reduceP256(squared(x))
	default:
		*z = f.reduceGeneral(squared(x))
	}
}

// reduction returns what turns a product into a residue. Its arguments are values,
// so that calling it puts nothing on the heap.
func (f *Field) reduction() func(lo, hi Element) Element {
	switch f.form {
	case sm2Prime:
		return reduceSM2
	case p256Prime:
		return reduceP256
	default:
		return f.reduceGeneral
	}
}

// product returns x·y = lo + hi·2^256, row by row.
func product(x, y *Element) (lo, hi Element) {
	x0, x1, x2, x3 := x.L0, x.L1, x.L2, x.L3
	h0, t0 := bits.Mul64(x0, y.L0)
	h1, l1 := bits.Mul64(x1, y.L0)
	h2, l2 := bits.Mul64(x2, y.L0)
	h3, l3 := bits.Mul64(x3, y.L0)
	t1, c := bits.Add64(l1, h0, 0)
	t2, c := bits.Add64(l2, h1, c)
	t3, c := bits.Add64(l3, h2, c)
	t4 := h3 + c

	h0, l0 := bits.Mul64(x0, y.L1)
	h1, l1 = bits.Mul64(x1, y.L1)
	h2, l2 = bits.Mul64(x2, y.L1)
	h3, l3 = bits.Mul64(x3, y.L1)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t1, c = bits.Add64(t1, l0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, l2, c)
	t4, c = bits.Add64(t4, l3, c)
	t5 := h3 + c

	h0, l0 = bits.Mul64(x0, y.L2)
	h1, l1 = bits.Mul64(x1, y.L2)
	h2, l2 = bits.Mul64(x2, y.L2)
	h3, l3 = bits.Mul64(x3, y.L2)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t2, c = bits.Add64(t2, l0, 0)
	t3, c = bits.Add64(t3, l1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, c = bits.Add64(t5, l3, c)
	t6 := h3 + c

	h0, l0 = bits.Mul64(x0, y.L3)
	h1, l1 = bits.Mul64(x1, y.L3)
	h2, l2 = bits.Mul64(x2, y.L3)
	h3, l3 = bits.Mul64(x3, y.L3)
	l1, c = bits.Add64(l1, h0, 0)
	l2, c = bits.Add64(l2, h1, c)
	l3, c = bits.Add64(l3, h2, c)
	h3 += c
	t3, c = bits.Add64(t3, l0, 0)
	t4, c = bits.Add64(t4, l1, c)
	t5, c = bits.Add64(t5, l2, c)
	t6, c = bits.Add64(t6, l3, c)
	return Element{t0, t1, t2, t3}, Element{t4, t5, t6, h3 + c}
}

// squared returns x² = lo + hi·2^256: the products of different limbs once,
// doubled, then the squares of the limbs.
func squared(x *Element) (lo, hi Element) {
	x0, x1, x2, x3 := x.L0, x.L1, x.L2, x.L3
	t2, t1 := bits.Mul64(x0, x1)
	t4, t3 := bits.Mul64(x0, x3)
	h, l := bits.Mul64(x0, x2)
	t2, c := bits.Add64(t2, l, 0)
	t3, c = bits.Add64(t3, h, c)
	t4 += c
	t6, t5 := bits.Mul64(x2, x3)
	h, l = bits.Mul64(x1, x3)
	t4, c = bits.Add64(t4, l, 0)
	t5, c = bits.Add64(t5, h, c)
	t6 += c
	h, l = bits.Mul64(x1, x2)
	t3, c = bits.Add64(t3, l, 0)
	t4, c = bits.Add64(t4, h, c)
	t5, c = bits.Add64(t5, 0, c)
	t6 += c

	t7 := t6 >> 63
	t6 = t6<<1 | t5>>63
	t5 = t5<<1 | t4>>63
	t4 = t4<<1 | t3>>63
	t3 = t3<<1 | t2>>63
	t2 = t2<<1 | t1>>63
	t1 <<= 1

	h, t0 := bits.Mul64(x0, x0)
	t1, c = bits.Add64(t1, h, 0)
	h, l = bits.Mul64(x1, x1)
	t2, c = bits.Add64(t2, l, c)
	t3, c = bits.Add64(t3, h, c)
	h, l = bits.Mul64(x2, x2)
	t4, c = bits.Add64(t4, l, c)
	t5, c = bits.Add64(t5, h, c)
	h, l = bits.Mul64(x3, x3)
	t6, c = bits.Add64(t6, l, c)
	return Element{t0, t1, t2, t3}, Element{t4, t5, t6, t7 + h + c}
}

// reduceSM2 returns (lo + hi·2^256)/2^256 mod p for a value below p². Adding
// t·p to a number with low limb t clears that limb; the rest of t·p, in limbs
// above it, is t·(2^192 - 2^160 - 2^32 + 1), which is not negative.
func reduceSM2(lo, hi Element) Element {
	t0, t1, t2, t3 := lo.L0, lo.L1, lo.L2, lo.L3
	s0, b := bits.Sub64(t0, t0<<32, 0)
	s1, b := bits.Sub64(0, t0>>32, b)
	s2, b := bits.Sub64(0, t0<<32, b)
	s3, _ := bits.Sub64(t0, t0>>32, b)
	t1, c := bits.Add64(t1, s0, 0)
	t2, c = bits.Add64(t2, s1, c)
	t3, c = bits.Add64(t3, s2, c)
	t0 = s3 + c

	s0, b = bits.Sub64(t1, t1<<32, 0)
	s1, b = bits.Sub64(0, t1>>32, b)
	s2, b = bits.Sub64(0, t1<<32, b)
	s3, _ = bits.Sub64(t1, t1>>32, b)
	t2, c = bits.Add64(t2, s0, 0)
	t3, c = bits.Add64(t3, s1, c)
	t0, c = bits.Add64(t0, s2, c)
	t1 = s3 + c

	s0, b = bits.Sub64(t2, t2<<32, 0)
	s1, b = bits.Sub64(0, t2>>32, b)
	s2, b = bits.Sub64(0, t2<<32, b)
	s3, _ = bits.Sub64(t2, t2>>32, b)
	t3, c = bits.Add64(t3, s0, 0)
	t0, c = bits.Add64(t0, s1, c)
	t1, c = bits.Add64(t1, s2, c)
	t2 = s3 + c

	s0, b = bits.Sub64(t3, t3<<32, 0)
	s1, b = bits.Sub64(0, t3>>32, b)
	s2, b = bits.Sub64(0, t3<<32, b)
	s3, _ = bits.Sub64(t3, t3>>32, b)
	t0, c = bits.Add64(t0, s0, 0)
	t1, c = bits.Add64(t1, s1, c)
	t2, c = bits.Add64(t2, s2, c)
	t3 = s3 + c

	t0, c = bits.Add64(t0, hi.L0, 0)
	t1, c = bits.Add64(t1, hi.L1, c)
	t2, c = bits.Add64(t2, hi.L2, c)
	t3, c = bits.Add64(t3, hi.L3, c)

	// Subtract p; add it back if that was too much.
	t0, b = bits.Sub64(t0, 0xFFFFFFFFFFFFFFFF, 0)
	t1, b = bits.Sub64(t1, 0xFFFFFFFF00000000, b)
	t2, b = bits.Sub64(t2, 0xFFFFFFFFFFFFFFFF, b)
	t3, b = bits.Sub64(t3, 0xFFFFFFFEFFFFFFFF, b)
	_, b = bits.Sub64(c, 0, b)
	t0, c = bits.Add64(t0, -b, 0)
	t1, c = bits.Add64(t1, -b<<32, c)
	t2, c = bits.Add64(t2, -b, c)
	t3, _ = bits.Add64(t3, -b&0xFFFFFFFEFFFFFFFF, c)
	return Element{t0, t1, t2, t3}
}

// p256Top is the highest limb of P-256's prime.
const p256Top = 0xFFFFFFFF00000001

// reduceP256 is reduceSM2 for P-256: the rest of t·p is t·2^32 plus t times the
// prime's highest limb at 2^128.
func reduceP256(lo, hi Element) Element {
	t0, t1, t2, t3 := lo.L0, lo.L1, lo.L2, lo.L3
	h, l := bits.Mul64(t0, p256Top)
	t1, c := bits.Add64(t1, t0<<32, 0)
	t2, c = bits.Add64(t2, t0>>32, c)
	t3, c = bits.Add64(t3, l, c)
	t0 = h + c

	h, l = bits.Mul64(t1, p256Top)
	t2, c = bits.Add64(t2, t1<<32, 0)
	t3, c = bits.Add64(t3, t1>>32, c)
	t0, c = bits.Add64(t0, l, c)
	t1 = h + c

	h, l = bits.Mul64(t2, p256Top)
	t3, c = bits.Add64(t3, t2<<32, 0)
	t0, c = bits.Add64(t0, t2>>32, c)
	t1, c = bits.Add64(t1, l, c)
	t2 = h + c

	h, l = bits.Mul64(t3, p256Top)
	t0, c = bits.Add64(t0, t3<<32, 0)
	t1, c = bits.Add64(t1, t3>>32, c)
	t2, c = bits.Add64(t2, l, c)
	t3 = h + c

	t0, c = bits.Add64(t0, hi.L0, 0)
	t1, c = bits.Add64(t1, hi.L1, c)
	t2, c = bits.Add64(t2, hi.L2, c)
	t3, c = bits.Add64(t3, hi.L3, c)

	// Subtract p; add it back if that was too much.
	t0, b := bits.Sub64(t0, 0xFFFFFFFFFFFFFFFF, 0)
	t1, b = bits.Sub64(t1, 0x00000000FFFFFFFF, b)
	t2, b = bits.Sub64(t2, 0, b)
	t3, b = bits.Sub64(t3, p256Top, b)
	_, b = bits.Sub64(c, 0, b)
	t0, c = bits.Add64(t0, -b, 0)
	t1, c = bits.Add64(t1, -b>>32, c)
	t2, c = bits.Add64(t2, 0, c)
	t3, _ = bits.Add64(t3, -b&p256Top, c)
	return Element{t0, t1, t2, t3}
}

// reduceGeneral is reduceSM2 for any modulus; the group orders use it.
func (f *Field) reduceGeneral(lo, hi Element) Element {
	for range 4 {
		t := lo.L0 * f.inverse
		h0, l0 := bits.Mul64(t, f.modulus.L0)
		h1, l1 := bits.Mul64(t, f.modulus.L1)
		h2, l2 := bits.Mul64(t, f.modulus.L2)
		h3, l3 := bits.Mul64(t, f.modulus.L3)
		var c, d uint64
		l1, c = bits.Add64(l1, h0, 0)
		l2, c = bits.Add64(l2, h1, c)
		l3, c = bits.Add64(l3, h2, c)
		h3 += c
		_, d = bits.Add64(lo.L0, l0, 0)
		lo.L0, d = bits.Add64(lo.L1, l1, d)
		lo.L1, d = bits.Add64(lo.L2, l2, d)
		lo.L2, d = bits.Add64(lo.L3, l3, d)
		lo.L3, d = bits.Add64(hi.L0, h3, d)
		hi.L0, d = bits.Add64(hi.L1, 0, d)
		hi.L1, d = bits.Add64(hi.L2, 0, d)
		hi.L2, d = bits.Add64(hi.L3, 0, d)
		hi.L3 = d
	}
	return f.reduceOnce(lo, hi.L0)
}
