//go:build amd64 && !purego

package field

import "testing"

// TestAssemblyIsItsTwin compares the assembly with the portable code, limb by
// limb, on the same inputs.
func TestAssemblyIsItsTwin(t *testing.T) {
	if !hasADX {
		t.Skip("this processor has no BMI2 or no ADX")
	}
	for _, tc := range []struct {
		field *Field
		mul   func(z, x, y *Element)
		sqr   func(z, x *Element)
	}{
		{SM2P, sm2MulADX, sm2SqrADX},
		{P256P, p256MulADX, p256SqrADX},
	} {
		values := sample(tc.field, 150)
		for i := range values {
			for j := range values {
				var got, want Element
				tc.mul(&got, &values[i], &values[j])
				if tc.field.mulGo(&want, &values[i], &values[j]); got != want {
					t.Fatalf("%x · %x: got %x, want %x", values[i], values[j], got, want)
				}
			}
			var got, want Element
			tc.sqr(&got, &values[i])
			if tc.field.sqrGo(&want, &values[i]); got != want {
				t.Fatalf("%x²: got %x, want %x", values[i], got, want)
			}
		}
	}
}

// TestDoublingIsItsTwin compares all three coordinates, which need not be those of
// a point.
func TestDoublingIsItsTwin(t *testing.T) {
	if !hasADX {
		t.Skip("this processor has no BMI2 or no ADX")
	}
	for name, f := range map[string]*Field{"SM2": SM2P, "P-256": P256P} {
		values := sample(f, 60)
		r := rng(8)
		for range 20000 {
			pick := func() Element { return values[r.IntN(len(values))] }
			x, y, z := pick(), pick(), pick()
			a, b, c := x, y, z
			f.doubleGo(&x, &y, &z)
			if !f.doubleADX(&a, &b, &c) {
				t.Fatal("the assembly was not used")
			}
			if a != x || b != y || c != z {
				t.Fatalf("%s: got %x %x %x, want %x %x %x", name, a, b, c, x, y, z)
			}
		}
	}
}

// TestPairsWithoutAssembly runs the other tests' pairs on the portable path of the
// same binary.
func TestPairsWithoutAssembly(t *testing.T) {
	if !hasADX {
		t.Skip("this processor has no BMI2 or no ADX: the other tests did it")
	}
	hasADX = false
	defer func() { hasADX = true }()
	if SM2P.Implementation() != portable {
		t.Fatal("the assembly is still in use")
	}
	t.Run("AddPairs", TestAddPairs)
	t.Run("arithmetic", TestArithmeticAgainstBig)
}
