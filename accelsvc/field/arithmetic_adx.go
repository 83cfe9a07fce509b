//go:build amd64 && !purego

package field

import (
	"os"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C gen . -out ../adx_amd64.s -pkg field

// hasADX says whether the assembly is used: MULX is of BMI2, ADCX and ADOX are of
// ADX. An operator who suspects the assembly sets ARGOSY_ACCEL=portable.
var hasADX = cpu.X86.HasBMI2 && cpu.X86.HasADX && os.Getenv("ARGOSY_ACCEL") != "portable"

func implementation() string {
	if hasADX {
		return "adx"
	}
	return portable
}

// Mul sets z = x·y.
func (f *Field) Mul(z, x, y *Element) {
	switch {
	case !hasADX || f.form == general:
		f.mulGo(z, x, y)
	case f.form == sm2Prime:
		sm2MulADX(z, x, y)
	default:
		p256MulADX(z, x, y)
	}
}

// Sqr sets z = x².
func (f *Field) Sqr(z, x *Element) {
	switch {
	case !hasADX || f.form == general:
		f.sqrGo(z, x)
	case f.form == sm2Prime:
		sm2SqrADX(z, x)
	default:
		p256SqrADX(z, x)
	}
}

// maxPairs bounds a call of assembly, which the scheduler cannot interrupt: at
// 0.1 µs a pair, 50 µs.
const maxPairs = 512

// pass is a run of pairs for the assembly, an even number, not zero. The
// generator knows the offsets of its fields.
type pass struct {
	products *Element
	a, b     *Point
	pairs    int
	chains   [2]Element
}

// forward does the pairs before the index that it returns, an even one.
func (f *Field) forward(products []Element, a, b []Point, chains *[2]Element) int {
	if !hasADX || f.form == general {
		return 0
	}
	even := len(a) &^ 1
	p := pass{chains: *chains}
	for lo := 0; lo < even; lo += maxPairs {
		p.products, p.a, p.b, p.pairs = &products[lo], &a[lo], &b[lo], min(maxPairs, even-lo)
		if f.form == sm2Prime {
			sm2ForwardADX(&p)
		} else {
			p256ForwardADX(&p)
		}
	}
	*chains = p.chains
	return even
}

// backward does all pairs of a, the number of which forward returned.
func (f *Field) backward(products []Element, a, b []Point, chains *[2]Element) {
	p := pass{chains: *chains}
	for hi := len(a); hi > 0; {
		lo := (hi - 1) / maxPairs * maxPairs
		p.products, p.a, p.b, p.pairs = &products[lo], &a[lo], &b[lo], hi-lo
		if f.form == sm2Prime {
			sm2BackwardADX(&p)
		} else {
			p256BackwardADX(&p)
		}
		hi = lo
	}
}

// doubleADX returns false if there is no assembly for f.
func (f *Field) doubleADX(x, y, z *Element) bool {
	switch {
	case !hasADX:
		return false
	case f.form == sm2Prime:
		sm2DoubleADX(x, y, z)
		return true
	case f.form == p256Prime:
		p256DoubleADX(x, y, z)
		return true
	default:
		return false
	}
}

//go:noescape
func sm2DoubleADX(x, y, z *Element)

//go:noescape
func p256DoubleADX(x, y, z *Element)

//go:noescape
func sm2MulADX(z, x, y *Element)

//go:noescape
func sm2SqrADX(z, x *Element)

//go:noescape
func sm2ForwardADX(p *pass)

//go:noescape
func sm2BackwardADX(p *pass)

//go:noescape
func p256MulADX(z, x, y *Element)

//go:noescape
func p256SqrADX(z, x *Element)

//go:noescape
func p256ForwardADX(p *pass)

//go:noescape
func p256BackwardADX(p *pass)
