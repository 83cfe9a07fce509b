package field

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
)

var fields = map[string]*Field{"SM2 p": SM2P, "SM2 n": SM2N, "P-256 p": P256P, "P-256 n": P256N}

// number returns the value of four limbs.
func number(x Element) *big.Int {
	var b [32]byte
	PutPlain(&b, &x)
	return new(big.Int).SetBytes(b[:])
}

// plain is the reverse of number.
func plain(v *big.Int) Element {
	var b [32]byte
	v.FillBytes(b[:])
	return Plain(&b)
}

func rng(seed uint64) *rand.Rand {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return rand.New(rand.NewChaCha8(s))
}

// sample returns values below the modulus that are likely to go wrong: the ends
// of the range, numbers near powers of two, limbs of zeros, ones and halves, and
// random ones.
func sample(f *Field, random int) []Element {
	m := number(f.modulus)
	var out []Element
	add := func(v *big.Int) { out = append(out, plain(new(big.Int).Mod(v, m))) }
	for i := range int64(4) {
		add(big.NewInt(i))
		add(new(big.Int).Sub(m, big.NewInt(i+1)))
		add(new(big.Int).Add(number(f.one), big.NewInt(i-2)))
		add(new(big.Int).Sub(number(f.square), big.NewInt(i-2)))
	}
	for i := uint(16); i <= 256; i += 16 {
		power := new(big.Int).Lsh(big.NewInt(1), i)
		add(new(big.Int).Sub(power, big.NewInt(1)))
		add(power)
		add(new(big.Int).Add(power, big.NewInt(1)))
		add(new(big.Int).Sub(m, power))
	}
	limbs := []uint64{0, 1, 0xFFFFFFFF, 1 << 32, 0xFFFFFFFF00000000, 1<<63 - 1, 1 << 63, ^uint64(0)}
	r := rng(1)
	pick := func() uint64 { return limbs[r.IntN(len(limbs))] }
	for range random {
		add(number(Element{pick(), pick(), pick(), pick()}))
		add(number(Element{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}))
		add(number(Element{pick(), r.Uint64(), pick(), r.Uint64()}))
	}
	return out
}

// expect compares got with want mod m and holds got to the invariant.
func expect(t *testing.T, f *Field, op string, got Element, want *big.Int) {
	t.Helper()
	if v := number(got); v.Cmp(number(f.modulus)) >= 0 || v.Cmp(new(big.Int).Mod(want, number(f.modulus))) != 0 {
		t.Fatalf("%s: got %x, want %x", op, v, want)
	}
}

func TestArithmeticAgainstBig(t *testing.T) {
	for name, f := range fields {
		t.Run(name, func(t *testing.T) {
			m := number(f.modulus)
			rInverse := new(big.Int).ModInverse(new(big.Int).Lsh(big.NewInt(1), 256), m)
			values := sample(f, 60)
			for i := range values {
				x := values[i]
				bx := number(x)
				for j := range values {
					y := values[j]
					by := number(y)
					var z Element
					f.Add(&z, &x, &y)
					expect(t, f, "add", z, new(big.Int).Add(bx, by))
					f.Sub(&z, &x, &y)
					expect(t, f, "sub", z, new(big.Int).Sub(bx, by))
					f.Mul(&z, &x, &y)
					product := new(big.Int).Mul(bx, by)
					expect(t, f, fmt.Sprintf("mul %x %x", bx, by), z, product.Mul(product, rInverse))
				}
				var z, back Element
				f.Sqr(&z, &x)
				square := new(big.Int).Mul(bx, bx)
				expect(t, f, fmt.Sprintf("sqr %x", bx), z, square.Mul(square, rInverse))
				f.Neg(&z, &x)
				expect(t, f, "neg", z, new(big.Int).Neg(bx))
				if z = x; !x.IsZero() {
					f.NegateIf(&z, 0)
					expect(t, f, "not negated", z, bx)
					f.NegateIf(&z, 1)
					expect(t, f, "negated", z, new(big.Int).Neg(bx))
				}
				f.ToMontgomery(&z, &x)
				expect(t, f, "to Montgomery", z, new(big.Int).Lsh(bx, 256))
				f.FromMontgomery(&back, &z)
				expect(t, f, "from Montgomery", back, bx)
			}
		})
	}
}

// TestResultMayBeAnOperand holds the functions to what callers rely on.
func TestResultMayBeAnOperand(t *testing.T) {
	for name, f := range fields {
		values := sample(f, 5)
		for i := range values {
			x, y := values[i], values[len(values)-1-i]
			for op, do := range map[string]func(z, x, y *Element){"add": f.Add, "sub": f.Sub, "mul": f.Mul} {
				var want Element
				do(&want, &x, &y)
				a, b := x, y
				do(&a, &a, &b)
				if a != want {
					t.Fatalf("%s: %s: z = x differs", name, op)
				}
				a = x
				do(&b, &a, &b)
				if b != want {
					t.Fatalf("%s: %s: z = y differs", name, op)
				}
				do(&want, &x, &x)
				a = x
				do(&a, &a, &a)
				if a != want {
					t.Fatalf("%s: %s: z = x = y differs", name, op)
				}
			}
		}
	}
}

func TestInvertAgainstBig(t *testing.T) {
	for name, f := range fields {
		t.Run(name, func(t *testing.T) {
			m := number(f.modulus)
			values := sample(f, 400)
			for i := range values {
				var z, one Element
				f.Invert(&z, &values[i])
				if values[i].IsZero() {
					if !z.IsZero() {
						t.Fatal("1/0 is not 0")
					}
					continue
				}
				if number(z).Cmp(m) >= 0 {
					t.Fatalf("1/%x is not reduced", number(values[i]))
				}
				if f.Mul(&one, &z, &values[i]); one != f.one {
					t.Fatalf("1/%x: product %x", number(values[i]), number(one))
				}
			}
		})
	}
}

func TestBytesAreCanonical(t *testing.T) {
	for name, f := range fields {
		m := number(f.modulus)
		for i := int64(-3); i <= 3; i++ {
			var b [32]byte
			new(big.Int).Add(m, big.NewInt(i)).FillBytes(b[:])
			var z Element
			if ok := f.SetBytes(&z, &b); ok != (i < 0) {
				t.Errorf("%s: modulus%+d accepted: %v", name, i, ok)
			} else if ok && f.Bytes(&z) != b {
				t.Errorf("%s: modulus%+d does not come back", name, i)
			}
			x := Plain(&b)
			f.Reduce(&x, &x)
			expect(t, f, "reduce", x, big.NewInt(i))
		}
		largest := Element{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
		var z Element
		f.Reduce(&z, &largest)
		expect(t, f, "reduce", z, number(largest))
	}
}

func FuzzFieldAgainstBig(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Add(append(make([]byte, 32), SM2P.modulusBytes()...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 64 {
			return
		}
		for name, f := range fields {
			m := number(f.modulus)
			bx := new(big.Int).SetBytes(b[:32])
			by := new(big.Int).SetBytes(b[32:64])
			bx.Mod(bx, m)
			by.Mod(by, m)
			x, y := plain(bx), plain(by)
			f.ToMontgomery(&x, &x)
			f.ToMontgomery(&y, &y)
			var z Element
			f.Mul(&z, &x, &y)
			f.FromMontgomery(&z, &z)
			expect(t, f, name+" mul", z, new(big.Int).Mul(bx, by))
			f.Sqr(&z, &x)
			f.FromMontgomery(&z, &z)
			expect(t, f, name+" sqr", z, new(big.Int).Mul(bx, bx))
			f.Invert(&z, &x)
			f.FromMontgomery(&z, &z)
			if bx.Sign() != 0 {
				expect(t, f, name+" invert", z, new(big.Int).ModInverse(bx, m))
			}
		}
	})
}

func (f *Field) modulusBytes() []byte {
	var b [32]byte
	PutPlain(&b, &f.modulus)
	return b[:]
}

func BenchmarkField(b *testing.B) {
	for name, f := range fields {
		x, y := plain(big.NewInt(3)), f.square
		b.Run(name+"/mul", func(b *testing.B) {
			for b.Loop() {
				f.Mul(&x, &x, &y)
			}
		})
		b.Run(name+"/sqr", func(b *testing.B) {
			for b.Loop() {
				f.Sqr(&x, &x)
			}
		})
		b.Run(name+"/invert", func(b *testing.B) {
			for b.Loop() {
				f.Invert(&x, &x)
			}
		})
	}
}

// TestAddPairs compares with additions one by one, for numbers of pairs around
// those at which calls are divided.
func TestAddPairs(t *testing.T) {
	for name, f := range fields {
		r := rng(3)
		random := func() Element {
			x := Element{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
			f.Reduce(&x, &x)
			return x
		}
		edges := sample(f, 2)
		for _, n := range []int{1, 2, 3, 8, 17, 511, 512, 513, 1024, 1030} {
			a, b, want := make([]Point, n), make([]Point, n), make([]Point, n)
			for i := range a {
				a[i], b[i] = Point{random(), random()}, Point{random(), random()}
				if i%3 == 0 { // the formulas do not ask whether it is a point
					a[i].X, b[i].Y = edges[i%len(edges)], edges[(i+7)%len(edges)]
				}
				want[i] = a[i]
				var dx, dy, slope Element
				f.Sub(&dx, &b[i].X, &a[i].X)
				f.Sub(&dy, &b[i].Y, &a[i].Y)
				f.Invert(&dx, &dx)
				f.Mul(&slope, &dx, &dy)
				f.Sqr(&want[i].X, &slope)
				f.Sub(&want[i].X, &want[i].X, &a[i].X)
				f.Sub(&want[i].X, &want[i].X, &b[i].X)
				f.Sub(&dx, &a[i].X, &want[i].X)
				f.Mul(&want[i].Y, &slope, &dx)
				f.Sub(&want[i].Y, &want[i].Y, &a[i].Y)
			}
			before, other := append([]Point(nil), a...), append([]Point(nil), b...)
			products := make([]Element, n)
			b[n/2].X = a[n/2].X
			if f.AddPairs(products, a, b) {
				t.Fatalf("%s: %d pairs: equal x-coordinates pass", name, n)
			}
			b[n/2] = other[n/2]
			for i := range a {
				if a[i] != before[i] {
					t.Fatalf("%s: %d pairs: pair %d changed although there was no result", name, n, i)
				}
			}
			if !f.AddPairs(products, a, b) {
				t.Fatalf("%s: %d pairs: refused", name, n)
			}
			for i := range a {
				if a[i] != want[i] || b[i] != other[i] {
					t.Fatalf("%s: %d pairs: pair %d is wrong", name, n, i)
				}
			}
		}
	}
}
