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

func sm2Mul(z, x, y *Element) {
	if hasADX {
		sm2MulADX(z, x, y)
	} else {
		sm2MulGo(z, x, y)
	}
}

func sm2Sqr(z, x *Element) {
	if hasADX {
		sm2SqrADX(z, x)
	} else {
		sm2SqrGo(z, x)
	}
}

func p256Mul(z, x, y *Element) {
	if hasADX {
		p256MulADX(z, x, y)
	} else {
		p256MulGo(z, x, y)
	}
}

func p256Sqr(z, x *Element) {
	if hasADX {
		p256SqrADX(z, x)
	} else {
		p256SqrGo(z, x)
	}
}

// maxPairs bounds a call of assembly, which the scheduler cannot interrupt: at
// 0.1 µs a pair, 50 µs.
const maxPairs = 512

// forward does the pairs before the index that it returns, an even one.
func (f *Field) forward(products []Element, a, b []Point, chains *[2]Element) int {
	if !hasADX || f.form == general {
		return 0
	}
	even := len(a) &^ 1
	for lo := 0; lo < even; lo += maxPairs {
		n := min(maxPairs, even-lo)
		if f.form == sm2Prime {
			sm2ForwardADX(&products[lo], &a[lo], &b[lo], n, chains)
		} else {
			p256ForwardADX(&products[lo], &a[lo], &b[lo], n, chains)
		}
	}
	return even
}

// backward does all pairs of a, the number of which forward returned.
func (f *Field) backward(products []Element, a, b []Point, chains *[2]Element) {
	for hi := len(a); hi > 0; {
		lo := (hi - 1) / maxPairs * maxPairs
		if f.form == sm2Prime {
			sm2BackwardADX(&products[lo], &a[lo], &b[lo], hi-lo, chains)
		} else {
			p256BackwardADX(&products[lo], &a[lo], &b[lo], hi-lo, chains)
		}
		hi = lo
	}
}

//go:noescape
func sm2MulADX(z, x, y *Element)

//go:noescape
func sm2SqrADX(z, x *Element)

//go:noescape
func sm2ForwardADX(products *Element, a, b *Point, pairs int, chains *[2]Element)

//go:noescape
func sm2BackwardADX(products *Element, a, b *Point, pairs int, chains *[2]Element)

//go:noescape
func p256MulADX(z, x, y *Element)

//go:noescape
func p256SqrADX(z, x *Element)

//go:noescape
func p256ForwardADX(products *Element, a, b *Point, pairs int, chains *[2]Element)

//go:noescape
func p256BackwardADX(products *Element, a, b *Point, pairs int, chains *[2]Element)
