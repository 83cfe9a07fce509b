//go:build !amd64 || purego

package field

func implementation() string { return portable }

func sm2Mul(z, x, y *Element) { sm2MulGo(z, x, y) }

func sm2Sqr(z, x *Element) { sm2SqrGo(z, x) }

func p256Mul(z, x, y *Element) { p256MulGo(z, x, y) }

func p256Sqr(z, x *Element) { p256SqrGo(z, x) }

// forward leaves all pairs to the caller.
func (*Field) forward([]Element, []Point, []Point, *[2]Element) int { return 0 }

func (*Field) backward([]Element, []Point, []Point, *[2]Element) {}

func (*Field) doubleADX(*Element, *Element, *Element) bool { return false }
