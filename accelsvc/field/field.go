// Package field is arithmetic modulo the two primes and the two group orders of
// the accelerator's curves: the recommended curve of SM2 (GB/T 32918.5) and
// NIST P-256. Elements are four 64-bit limbs in Montgomery form, R = 2^256.
//
// The package refuses secrets. It takes variable time: inversion, comparison and
// parsing branch on their operands. That is right for signature verification,
// whose inputs are public, and for nothing else: no private key may ever enter.
//
// Invariant: every Element that enters or leaves a function is fully reduced,
// that is below the modulus, and so has one representation: == compares values.
// There is no lazily reduced form between functions, because both primes leave
// no spare bit in 256: a sum of two elements already needs 257. Inside a
// multiplication the product T < m² becomes (T + M·m)/R < 2m, held in 257 bits,
// and one conditional subtraction of m brings it below m. SetBytes is the only
// way in from outside and refuses what is not below the modulus; Reduce is the
// way in for any 256-bit value.
//
// Multiplication exists as portable Go (math/bits) and, on amd64 with BMI2 and
// ADX, as assembly; both give the same limbs, and a test says so. The build tag
// purego leaves the assembly out, the environment variable ARGOSY_ACCEL=portable
// leaves it unused.
package field

import (
	"encoding/binary"
	"math/bits"
)

// Element is a residue, little-endian limbs, in Montgomery form unless a
// function says otherwise. It is below the modulus of its Field.
type Element struct{ L0, L1, L2, L3 uint64 }

// Field is the arithmetic modulo one odd number between 2^255 and 2^256.
type Field struct {
	modulus Element
	inverse uint64  // -1/modulus mod 2^64
	one     Element // R mod modulus
	square  Element // R² mod modulus
	cube    Element // R³ mod modulus
	divsteps
	form form
}

// form says which multiplication a modulus has.
type form uint8

const (
	general form = iota
	sm2Prime
	p256Prime
)

// The four moduli. They are read-only.
var (
	SM2P = newField(Element{
		0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF00000000, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFEFFFFFFFF,
	}, sm2Prime)
	SM2N = newField(Element{
		0x53BBF40939D54123, 0x7203DF6B21C6052B, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFEFFFFFFFF,
	}, general)
	P256P = newField(Element{
		0xFFFFFFFFFFFFFFFF, 0x00000000FFFFFFFF, 0x0000000000000000, 0xFFFFFFFF00000001,
	}, p256Prime)
	P256N = newField(Element{
		0xF3B9CAC2FC632551, 0xBCE6FAADA7179E84, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF00000000,
	}, general)
)

func newField(modulus Element, form form) *Field {
	f := &Field{modulus: modulus, form: form}
	// Newton's iteration doubles the correct low bits; an odd number is its own
	// inverse mod 8.
	inv := modulus.L0
	for range 5 {
		inv *= 2 - modulus.L0*inv
	}
	f.inverse = -inv
	f.divsteps = newDivsteps(modulus, inv)
	// R mod m = 2^256 - m, as m is above 2^255; then R² by 256 doublings.
	f.one = negated(modulus)
	f.square = f.one
	for range 256 {
		f.Add(&f.square, &f.square, &f.square)
	}
	f.Mul(&f.cube, &f.square, &f.square)
	return f
}

// negated returns 2^256 - x.
func negated(x Element) (z Element) {
	var b uint64
	z.L0, b = bits.Sub64(0, x.L0, 0)
	z.L1, b = bits.Sub64(0, x.L1, b)
	z.L2, b = bits.Sub64(0, x.L2, b)
	z.L3, _ = bits.Sub64(0, x.L3, b)
	return z
}

// Modulus returns the modulus itself, not in Montgomery form.
func (f *Field) Modulus() Element { return f.modulus }

// One returns 1.
func (f *Field) One() Element { return f.one }

// Implementation names the multiplication in use: "go", or "adx" for assembly.
func (f *Field) Implementation() string {
	if f.form == general {
		return portable
	}
	return implementation()
}

const portable = "go"

// IsZero says whether x is 0.
func (x *Element) IsZero() bool { return x.L0|x.L1|x.L2|x.L3 == 0 }

// Add sets z = x + y.
func (f *Field) Add(z, x, y *Element) {
	var t Element
	var c uint64
	t.L0, c = bits.Add64(x.L0, y.L0, 0)
	t.L1, c = bits.Add64(x.L1, y.L1, c)
	t.L2, c = bits.Add64(x.L2, y.L2, c)
	t.L3, c = bits.Add64(x.L3, y.L3, c)
	*z = f.reduceOnce(t, c)
}

// reduceOnce returns carry·2^256 + t - m if that is not negative, else t. The
// value must be below 2m.
func (f *Field) reduceOnce(t Element, carry uint64) Element {
	m := &f.modulus
	var r Element
	var b uint64
	r.L0, b = bits.Sub64(t.L0, m.L0, 0)
	r.L1, b = bits.Sub64(t.L1, m.L1, b)
	r.L2, b = bits.Sub64(t.L2, m.L2, b)
	r.L3, b = bits.Sub64(t.L3, m.L3, b)
	_, b = bits.Sub64(carry, 0, b)
	if b != 0 {
		return t
	}
	return r
}

// Sub sets z = x - y.
func (f *Field) Sub(z, x, y *Element) {
	t0, b := bits.Sub64(x.L0, y.L0, 0)
	t1, b := bits.Sub64(x.L1, y.L1, b)
	t2, b := bits.Sub64(x.L2, y.L2, b)
	t3, b := bits.Sub64(x.L3, y.L3, b)
	mask := -b // all ones if x < y: add the modulus back
	z.L0, b = bits.Add64(t0, f.modulus.L0&mask, 0)
	z.L1, b = bits.Add64(t1, f.modulus.L1&mask, b)
	z.L2, b = bits.Add64(t2, f.modulus.L2&mask, b)
	z.L3, _ = bits.Add64(t3, f.modulus.L3&mask, b)
}

// Neg sets z = -x.
func (f *Field) Neg(z, x *Element) { f.Sub(z, &Element{}, x) }

// NegateIf sets z = -z if condition is 1 and leaves it if condition is 0, without
// a branch, which a random condition would make the processor guess. z must not be
// zero: the negative of zero would not be reduced.
func (f *Field) NegateIf(z *Element, condition uint64) {
	t0, b := bits.Sub64(f.modulus.L0, z.L0, 0)
	t1, b := bits.Sub64(f.modulus.L1, z.L1, b)
	t2, b := bits.Sub64(f.modulus.L2, z.L2, b)
	t3, _ := bits.Sub64(f.modulus.L3, z.L3, b)
	mask := -condition
	z.L0 ^= (z.L0 ^ t0) & mask
	z.L1 ^= (z.L1 ^ t1) & mask
	z.L2 ^= (z.L2 ^ t2) & mask
	z.L3 ^= (z.L3 ^ t3) & mask
}

// ToMontgomery sets z to the Montgomery form of the plain number x < modulus.
func (f *Field) ToMontgomery(z, x *Element) { f.Mul(z, x, &f.square) }

// FromMontgomery sets z to the plain number of x.
func (f *Field) FromMontgomery(z, x *Element) { f.Mul(z, x, &Element{L0: 1}) }

// Plain reads 32 big-endian bytes as a plain number, which may be any 256-bit
// value: compare or Reduce it before use.
func Plain(b *[32]byte) Element {
	return Element{
		binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]),
		binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[:]),
	}
}

// PutPlain writes the plain number x as 32 big-endian bytes.
func PutPlain(b *[32]byte, x *Element) {
	binary.BigEndian.PutUint64(b[24:], x.L0)
	binary.BigEndian.PutUint64(b[16:], x.L1)
	binary.BigEndian.PutUint64(b[8:], x.L2)
	binary.BigEndian.PutUint64(b[:], x.L3)
}

// Canonical says whether the plain number x is below the modulus.
func (f *Field) Canonical(x *Element) bool {
	_, b := bits.Sub64(x.L0, f.modulus.L0, 0)
	_, b = bits.Sub64(x.L1, f.modulus.L1, b)
	_, b = bits.Sub64(x.L2, f.modulus.L2, b)
	_, b = bits.Sub64(x.L3, f.modulus.L3, b)
	return b != 0
}

// Reduce sets z = x mod modulus for a plain 256-bit number x. One subtraction is
// enough, as the moduli are above 2^255.
func (f *Field) Reduce(z, x *Element) { *z = f.reduceOnce(*x, 0) }

// SetBytes sets z to the Montgomery form of 32 big-endian bytes. It returns false
// and leaves z alone if they are not below the modulus.
func (f *Field) SetBytes(z *Element, b *[32]byte) bool {
	x := Plain(b)
	if !f.Canonical(&x) {
		return false
	}
	f.ToMontgomery(z, &x)
	return true
}

// Bytes returns x as 32 big-endian bytes.
func (f *Field) Bytes(x *Element) (b [32]byte) {
	var plain Element
	f.FromMontgomery(&plain, x)
	PutPlain(&b, &plain)
	return b
}
