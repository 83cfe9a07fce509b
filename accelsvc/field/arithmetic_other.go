//go:build !amd64 || purego

package field

func implementation() string { return portable }

// Mul sets z = x·y.
func (f *Field) Mul(z, x, y *Element) { f.mulGo(z, x, y) }

// Sqr sets z = x².
func (f *Field) Sqr(z, x *Element) { f.sqrGo(z, x) }

// forward leaves all pairs to the caller.
func (*Field) forward([]Element, []Point, []Point, *[2]Element) int { return 0 }

func (*Field) backward([]Element, []Point, []Point, *[2]Element) {}

func (*Field) doubleADX(*Element, *Element, *Element) bool { return false }
