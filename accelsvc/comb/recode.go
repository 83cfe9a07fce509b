package comb

// Windows of which a table may consist. The scalar has 256 bits.
const (
	scalarBits = 256
	// MinWindow keeps a table's build worthwhile, MaxWindow its size (32 MiB).
	MinWindow = 4
	MaxWindow = 16

	maxDigits = scalarBits / MinWindow
)

// Windows returns how many windows of width w a scalar has.
func Windows(w int) int { return (scalarBits + w - 1) / w }

// Digit names a table entry and its sign: entry<<1 | negative.
type Digit uint32

func (d Digit) entry() int       { return int(d >> 1) }
func (d Digit) negative() uint64 { return uint64(d & 1) }

// Recode writes the signed odd digits of the plain scalar k < n for windows of
// width w, lowest first, to digits, which has Windows(w) elements.
//
// If k is odd, k = Σ d·2^(wi) with d = 2c-(2^w-1), where the c are the windows of
// (k + 2^L - 1)/2 = (k >> 1) + 2^(L-1), L = w·Windows(w) bits. Every d is odd, so
// never zero. If k is even, n - k is odd and all signs change; k = 0 is recoded
// as -n, whose sum is infinity as it must be.
func (c *Curve) Recode(digits []Digit, k *Element, w int) {
	var flip Digit
	odd := *k
	if k.L0&1 == 0 {
		flip = 1
		odd = c.complement(k)
	}
	half := uint64(1) << (w - 1)
	limbs := [5]uint64{ // one more, so that a window may end outside
		odd.L0>>1 | odd.L1<<63, odd.L1>>1 | odd.L2<<63, odd.L2>>1 | odd.L3<<63, odd.L3 >> 1,
	}
	top := w*len(digits) - 1
	limbs[top>>6] |= 1 << (top & 63)
	for i := range digits {
		at := i * w
		window := limbs[at>>6] >> (at & 63)
		if at&63+w > 64 {
			window |= limbs[at>>6+1] << (64 - at&63)
		}
		// window >= half is d > 0 with entry window-half; else entry half-1-window.
		negative := (window>>(w-1)&1 ^ 1)
		entry := (window ^ -negative) & (half - 1)
		digits[i] = Digit(entry<<1|negative) ^ flip //nolint:gosec // G115: below 2^17
	}
}

// complement returns n - k for k < n; n itself for 0.
func (c *Curve) complement(k *Element) Element {
	n := c.N.Modulus()
	if k.IsZero() {
		return n
	}
	c.N.Sub(&n, &Element{}, k)
	return n
}
