// Command gen writes the assembly of package field for amd64 with BMI2 and ADX.
//
// Everything it writes has a portable twin in Go, which says what it computes;
// the comments here say how. Registers are fixed by hand: a multiplication needs
// eight for the product and three more, which leaves three for pointers.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	for _, p := range []prime{sm2{}, p256{}} {
		mul(p)
		sqr(p)
		forward(p)
		backward(p)
		double(p)
	}
	Generate()
}

// prime is what depends on the prime.
type prime interface {
	name() string
	// round clears the low limb t[0] of a four-limb number by adding a multiple of
	// the prime and shifts right by a limb: the result is t[1], t[2], t[3], t[0].
	round(t [4]Register)
	// limb returns limb i of the prime.
	limb(i int) uint64
}

// The product, and two registers for whatever is needed in between. DX is the
// multiplier of MULX.
var (
	product = [8]Register{R8, R9, R10, R11, R12, R13, R14, R15}
	low     = RAX
	high    = RBX
)

// number is four limbs in memory.
type number struct{ at Mem }

func (n number) limb(i int) Mem { return n.at.Offset(8 * i) }

// field returns the number at an offset from a pointer.
func field(base Register, disp int) number { return number{Mem{Base: base, Disp: disp}} }

func local() number { return number{AllocLocal(32)} }

// multiply leaves x·y/2^256 mod p in product[4:] reduced; see reduce.
func multiply(p prime, x, y number) {
	t := product
	MOVQ(y.limb(0), RDX)
	MULXQ(x.limb(0), t[0], t[1])
	MULXQ(x.limb(1), low, t[2])
	ADDQ(low, t[1])
	MULXQ(x.limb(2), low, t[3])
	ADCQ(low, t[2])
	MULXQ(x.limb(3), low, t[4])
	ADCQ(low, t[3])
	ADCQ(U8(0), t[4])
	for i := 1; i < 4; i++ {
		// Two chains of carries: the low halves in CF, the high halves in OF.
		MOVQ(y.limb(i), RDX)
		XORQ(low, low)
		for j := range 3 {
			MULXQ(x.limb(j), low, high)
			ADCXQ(low, t[i+j])
			ADOXQ(high, t[i+j+1])
		}
		MULXQ(x.limb(3), low, t[i+4])
		ADCXQ(low, t[i+3])
		MOVL(U32(0), EAX)
		ADOXQ(low, t[i+4])
		ADCXQ(low, t[i+4])
	}
	reduce(p)
}

// square is multiply for x = y with ten multiplications.
func square(p prime, x number) {
	t := product
	MOVQ(x.limb(0), RDX)
	MULXQ(x.limb(1), t[1], t[2])
	MULXQ(x.limb(2), low, t[3])
	ADDQ(low, t[2])
	MULXQ(x.limb(3), low, t[4])
	ADCQ(low, t[3])
	ADCQ(U8(0), t[4])
	MOVQ(x.limb(1), RDX)
	MULXQ(x.limb(2), low, high)
	MULXQ(x.limb(3), RCX, t[5])
	ADDQ(low, t[3])
	ADCQ(high, t[4])
	ADCQ(U8(0), t[5])
	ADDQ(RCX, t[4])
	ADCQ(U8(0), t[5])
	MOVQ(x.limb(2), RDX)
	MULXQ(x.limb(3), low, t[6])
	ADDQ(low, t[5])
	ADCQ(U8(0), t[6])
	// Double them (CF) and add the squares (OF).
	XORQ(t[7], t[7])
	MOVQ(x.limb(0), RDX)
	MULXQ(RDX, t[0], high)
	ADCXQ(t[1], t[1])
	ADOXQ(high, t[1])
	for i := 1; i < 4; i++ {
		MOVQ(x.limb(i), RDX)
		MULXQ(RDX, low, high)
		ADCXQ(t[2*i], t[2*i])
		ADOXQ(low, t[2*i])
		ADCXQ(t[2*i+1], t[2*i+1])
		ADOXQ(high, t[2*i+1])
	}
	reduce(p)
}

// reduce turns the product into a residue below p in product[4:].
func reduce(p prime) {
	t := product
	for i := range 4 {
		p.round([4]Register{t[i%4], t[(i+1)%4], t[(i+2)%4], t[(i+3)%4]})
	}
	ADDQ(t[0], t[4])
	ADCQ(t[1], t[5])
	ADCQ(t[2], t[6])
	ADCQ(t[3], t[7])
	reduceOnce(p)
}

// reduceOnce subtracts p from product[4:] and the carry in CF above it, unless
// that is below p.
func reduceOnce(p prime) {
	t := product
	SBBQ(low, low) // all ones if there was a carry
	for i := range 4 {
		MOVQ(t[4+i], t[i])
	}
	subtractPrime(p, t[0], t[1], t[2], t[3])
	SBBQ(U8(0), low)
	// CF is set if the subtraction was too much: low was 0 and there was a borrow.
	for i := range 4 {
		CMOVQCC(t[i], t[4+i])
	}
}

// subtractPrime subtracts p, leaving the borrow in CF; it changes high.
func subtractPrime(p prime, t ...Register) {
	for i, r := range t {
		v := p.limb(i)
		op := SBBQ
		if i == 0 {
			op = SUBQ
		}
		switch v {
		case 0:
			op(U8(0), r)
		case 1<<64 - 1:
			op(I8(-1), r)
		default:
			MOVQ(U64(v), high)
			op(high, r)
		}
	}
}

// store writes product[4:] to z.
func store(z number) {
	for i := range 4 {
		MOVQ(product[4+i], z.limb(i))
	}
}

// subtract leaves x - y mod p in product[4:].
func subtract(p prime, x, y number) {
	t := product[4:]
	for i := range 4 {
		MOVQ(x.limb(i), t[i])
	}
	subtractFrom(p, y)
}

// subtractFrom subtracts y from product[4:] mod p.
func subtractFrom(p prime, y number) {
	t := product[4:]
	SUBQ(y.limb(0), t[0])
	for i := 1; i < 4; i++ {
		SBBQ(y.limb(i), t[i])
	}
	SBBQ(low, low)
	// Add p if there was a borrow: its limbs are all ones, zero or made from low.
	for i := range 4 {
		if v := p.limb(i); v != 0 && v != 1<<64-1 {
			MOVQ(U64(v), product[i])
			ANDQ(low, product[i])
		}
	}
	for i := range 4 {
		op := ADCQ
		if i == 0 {
			op = ADDQ
		}
		switch p.limb(i) {
		case 0:
			op(U8(0), t[i])
		case 1<<64 - 1:
			op(low, t[i])
		default:
			op(product[i], t[i])
		}
	}
}

func mul(p prime) {
	TEXT(p.name()+"MulADX", NOSPLIT, "func(z, x, y *[4]uint64)")
	Doc(p.name() + "MulADX sets z = x·y.")
	Load(Param("x"), RSI)
	Load(Param("y"), RDI)
	multiply(p, field(RSI, 0), field(RDI, 0))
	Load(Param("z"), RDI)
	store(field(RDI, 0))
	RET()
}

func sqr(p prime) {
	TEXT(p.name()+"SqrADX", NOSPLIT, "func(z, x *[4]uint64)")
	Doc(p.name() + "SqrADX sets z = x².")
	Load(Param("x"), RSI)
	square(p, field(RSI, 0))
	Load(Param("z"), RDI)
	store(field(RDI, 0))
	RET()
}

// passSignature says type pass as an array: avo must not load the package that it
// writes. The offsets are those of its fields.
const (
	passSignature  = "func(p *[12]uint64)"
	offsetProducts = 0
	offsetA        = 8
	offsetB        = 16
	offsetPairs    = 24
	offsetChains   = 32
)

// Offsets in a Point.
const (
	offsetX   = 0
	offsetY   = 32
	pointSize = 64
	size      = 32
)

func forward(p prime) {
	TEXT(p.name()+"ForwardADX", NOSPLIT, passSignature)
	Doc(p.name() + "ForwardADX is forward for an even number of pairs, not zero.")
	count := AllocLocal(8)
	dx := [2]number{local(), local()}
	chain := [2]number{local(), local()}
	begin(count, chain)
	Label("loop")
	for k := range 2 {
		subtract(p, field(RCX, k*pointSize+offsetX), field(RSI, k*pointSize+offsetX))
		store(dx[k])
		copyNumber(field(RDI, k*size), chain[k])
	}
	for k := range 2 {
		multiply(p, chain[k], dx[k])
		store(chain[k])
	}
	ADDQ(U8(2*pointSize), RCX)
	ADDQ(U8(2*pointSize), RSI)
	ADDQ(U8(2*size), RDI)
	SUBQ(U8(2), count)
	JNZ(LabelRef("loop"))
	end(chain)
}

// begin loads a pass: products to DI, a to SI, b to CX.
func begin(count Mem, chain [2]number) {
	Load(Param("p"), RDX)
	for k := range 2 {
		copyNumber(chain[k], field(RDX, offsetChains+k*size))
	}
	MOVQ(Mem{Base: RDX, Disp: offsetPairs}, RAX)
	MOVQ(RAX, count)
	MOVQ(Mem{Base: RDX, Disp: offsetProducts}, RDI)
	MOVQ(Mem{Base: RDX, Disp: offsetA}, RSI)
	MOVQ(Mem{Base: RDX, Disp: offsetB}, RCX)
}

// end stores the chains and returns.
func end(chain [2]number) {
	Load(Param("p"), RDX)
	for k := range 2 {
		copyNumber(field(RDX, offsetChains+k*size), chain[k])
	}
	RET()
}

func copyNumber(to, from number) {
	for i := range 4 {
		MOVQ(from.limb(i), product[i])
	}
	for i := range 4 {
		MOVQ(product[i], to.limb(i))
	}
}

// backward does the same step of two pairs in turn, so that the processor always
// has two multiplications that do not wait for each other.
func backward(p prime) {
	TEXT(p.name()+"BackwardADX", NOSPLIT, passSignature)
	Doc(p.name() + "BackwardADX is backward for an even number of pairs, not zero.")
	count := AllocLocal(8)
	difference := [2]number{local(), local()}
	slope := [2]number{local(), local()}
	chain := [2]number{local(), local()}
	x := [2]number{local(), local()}
	second := AllocLocal(8) // the pointer to b: square needs its register
	begin(count, chain)
	MOVQ(count, RAX)
	// From the last two pairs down.
	MOVQ(RAX, RDX)
	SHLQ(U8(5), RDX)
	LEAQ(Mem{Base: RDI, Index: RDX, Scale: 1, Disp: -2 * size}, RDI)
	SHLQ(U8(1), RDX)
	LEAQ(Mem{Base: RSI, Index: RDX, Scale: 1, Disp: -2 * pointSize}, RSI)
	LEAQ(Mem{Base: RCX, Index: RDX, Scale: 1, Disp: -2 * pointSize}, RCX)
	Label("loop")
	addPair(p, chain, pairLocals{difference, slope, x, second})
	SUBQ(U8(2*pointSize), RCX)
	SUBQ(U8(2*pointSize), RSI)
	SUBQ(U8(2*size), RDI)
	SUBQ(U8(2), count)
	JNZ(LabelRef("loop"))
	end(chain)
}

// pairLocals is the memory of addPair.
type pairLocals struct {
	difference, slope, x [2]number
	second               Mem
}

// addPair adds two pairs and moves the chains past them.
func addPair(p prime, chain [2]number, l pairLocals) {
	a := func(k, at int) number { return field(RSI, k*pointSize+at) }
	b := func(k, at int) number { return field(RCX, k*pointSize+at) }
	for k := range 2 {
		multiply(p, chain[k], field(RDI, k*size)) // 1/dx
		store(l.slope[k])
	}
	for k := range 2 {
		subtract(p, b(k, offsetX), a(k, offsetX))
		store(l.difference[k])
	}
	for k := range 2 {
		multiply(p, chain[k], l.difference[k])
		store(chain[k])
	}
	for k := range 2 {
		subtract(p, b(k, offsetY), a(k, offsetY))
		store(l.difference[k])
	}
	for k := range 2 {
		multiply(p, l.slope[k], l.difference[k])
		store(l.slope[k])
	}
	MOVQ(RCX, l.second)
	for k := range 2 {
		square(p, l.slope[k])
		MOVQ(l.second, RCX)
		subtractFrom(p, a(k, offsetX))
		subtractFrom(p, b(k, offsetX))
		store(l.x[k])
	}
	for k := range 2 {
		subtract(p, a(k, offsetX), l.x[k])
		store(l.difference[k])
		copyNumber(a(k, offsetX), l.x[k])
	}
	for k := range 2 {
		multiply(p, l.slope[k], l.difference[k])
		subtractFrom(p, a(k, offsetY))
		store(a(k, offsetY))
	}
}

// double is dbl-2001-b of the Explicit-Formulas Database; the portable twin has
// the same steps.
func double(p prime) {
	TEXT(p.name()+"DoubleADX", NOSPLIT, "func(x, y, z *[4]uint64)")
	Doc(p.name() + "DoubleADX sets the Jacobian point (x, y, z) to its double.")
	delta, gamma, beta, alpha, t := local(), local(), local(), local(), local()
	pointers := [3]Mem{NewParamAddr("x", 0), NewParamAddr("y", 8), NewParamAddr("z", 16)}
	// load points a register at a coordinate.
	load := func(coordinate int, r Register) number {
		MOVQ(pointers[coordinate], r)
		return field(r, 0)
	}
	const x, y, z = 0, 1, 2
	square(p, load(z, RSI))
	store(delta)
	square(p, load(y, RSI))
	store(gamma)
	multiply(p, load(x, RSI), gamma)
	twice(p)
	twice(p)
	store(beta) // 4·x·gamma
	subtract(p, load(x, RSI), delta)
	store(t)
	add(p, load(x, RSI), delta)
	store(alpha)
	multiply(p, alpha, t)
	store(t)
	twice(p)
	addTo(p, t)
	store(alpha) // 3·(x - delta)·(x + delta)
	add(p, load(y, RSI), load(z, RDI))
	store(t)
	square(p, t)
	subtractFrom(p, gamma)
	subtractFrom(p, delta)
	store(load(z, RSI)) // (y + z)² - gamma - delta
	square(p, alpha)
	subtractFrom(p, beta)
	subtractFrom(p, beta)
	store(load(x, RSI)) // alpha² - 8·x·gamma
	subtract(p, beta, load(x, RSI))
	store(t)
	square(p, gamma)
	twice(p)
	twice(p)
	twice(p)
	store(gamma)
	multiply(p, alpha, t)
	subtractFrom(p, gamma)
	store(load(y, RSI)) // alpha·(4·x·gamma - x') - 8·gamma²
	RET()
}

// add leaves x + y mod p in product[4:].
func add(p prime, x, y number) {
	for i := range 4 {
		MOVQ(x.limb(i), product[4+i])
	}
	addTo(p, y)
}

// addTo adds y to product[4:] mod p.
func addTo(p prime, y number) {
	t := product[4:]
	ADDQ(y.limb(0), t[0])
	for i := 1; i < 4; i++ {
		ADCQ(y.limb(i), t[i])
	}
	reduceOnce(p)
}

// twice doubles product[4:] mod p.
func twice(p prime) {
	t := product[4:]
	ADDQ(t[0], t[0])
	for i := 1; i < 4; i++ {
		ADCQ(t[i], t[i])
	}
	reduceOnce(p)
}
