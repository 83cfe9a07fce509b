package kernel

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	tjfoc "github.com/tjfoc/gmsm/sm2"
)

func TestParsePublicKeyReadsEveryForm(t *testing.T) {
	for _, a := range []Algorithm{SM2SM3, ECDSAP256SHA256} {
		c := &sm2Curve
		marshal := smx509.MarshalPKIXPublicKey
		if a == ECDSAP256SHA256 {
			c, marshal = &p256Curve, x509.MarshalPKIXPublicKey
		}
		want := c.publicKey(scalar(rng(20), c.n))
		long := append([]byte{4}, want[:]...)
		pub, err := libraryOf(a).parse(long)
		if err != nil {
			t.Fatal(err)
		}
		der, err := marshal(pub)
		if err != nil {
			t.Fatal(err)
		}
		short := append([]byte{2 + want[63]&1}, want[:32]...)
		for name, form := range map[string][]byte{"X||Y": want[:], "uncompressed": long, "compressed": short, "PKIX": der} {
			got, err := ParsePublicKey(a, form)
			if err != nil || got != want {
				t.Errorf("%v: %s: got %x, %v", a, name, got, err)
			}
		}
		other := SM2SM3 + ECDSAP256SHA256 - a
		for name, form := range map[string][]byte{
			"nothing": nil, "one byte short": long[1:64], "not a point": make([]byte, 64), "trailing byte": append(der, 0),
			"hybrid form": append([]byte{6}, want[:]...), "x not on curve": append([]byte{2}, make([]byte, 32)...)[:32],
		} {
			if _, err := ParsePublicKey(a, form); !errors.Is(err, ErrEncoding) {
				t.Errorf("%v: %s: got %v, want ErrEncoding", a, name, err)
			}
		}
		for name, form := range map[string][]byte{"point": long, "PKIX": der} {
			if _, err := ParsePublicKey(other, form); !errors.Is(err, ErrEncoding) {
				t.Errorf("%s of %v taken for %v: %v", name, a, other, err)
			}
		}
	}
	if _, err := ParsePublicKey(0, nil); !errors.Is(err, ErrEncoding) {
		t.Errorf("algorithm 0: got %v, want ErrEncoding", err)
	}
}

func TestSignatureDERIsStrict(t *testing.T) {
	good := []byte{0x30, 6, 2, 1, 5, 2, 1, 7}
	sig, err := ParseSignatureDER(good)
	if err != nil || sig[31] != 5 || sig[63] != 7 || !bytes.Equal(MarshalSignatureDER(sig), good) {
		t.Fatalf("got %x, %v", sig, err)
	}
	for name, der := range map[string][]byte{
		"empty":               nil,
		"trailing byte":       append(bytes.Clone(good), 0),
		"inside trailing":     {0x30, 7, 2, 1, 5, 2, 1, 7, 0},
		"long length":         {0x30, 0x81, 6, 2, 1, 5, 2, 1, 7},
		"indefinite length":   {0x30, 0x80, 2, 1, 5, 2, 1, 7, 0, 0},
		"padded integer":      {0x30, 7, 2, 2, 0, 5, 2, 1, 7},
		"negative integer":    {0x30, 6, 2, 1, 0x85, 2, 1, 7},
		"zero r":              {0x30, 6, 2, 1, 0, 2, 1, 7},
		"zero s":              {0x30, 6, 2, 1, 5, 2, 1, 0},
		"truncated":           good[:7],
		"one integer":         {0x30, 3, 2, 1, 5},
		"integer of 33 bytes": append(append([]byte{0x30, 38, 2, 33, 1}, make([]byte, 32)...), 2, 1, 7),
	} {
		if got, err := ParseSignatureDER(der); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: got %x, %v; want ErrEncoding", name, got, err)
		}
	}
}

func FuzzSignatureDER(f *testing.F) {
	f.Add([]byte{0x30, 6, 2, 1, 5, 2, 1, 7})
	f.Add(MarshalSignatureDER(signSM2(number(5), number(7), number(9)).Signature))
	f.Fuzz(func(t *testing.T, der []byte) {
		sig, err := ParseSignatureDER(der)
		if err == nil && !bytes.Equal(MarshalSignatureDER(sig), der) {
			t.Errorf("%x is accepted, but not the encoding of %x", der, sig)
		}
	})
}

func TestLowS(t *testing.T) {
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	at := func(s *big.Int) Signature { return record(number(0), number(1), s).Signature }
	if !LowS(at(half)) || !LowS(at(number(1))) {
		t.Error("n/2 and 1 are low")
	}
	if LowS(at(new(big.Int).Add(half, number(1)))) || LowS(at(p256Curve.minus(1))) {
		t.Error("n/2+1 and n-1 are high")
	}
}

// TestLibrariesSignForUs checks real libraries' signatures, not only our own.
func TestLibrariesSignForUs(t *testing.T) {
	priv, err := sm2.GenerateKey(rng(21))
	if err != nil {
		t.Fatal(err)
	}
	digest := bytes.Repeat([]byte{0xa5}, 32)
	der, err := sm2.SignASN1(rng(22), priv, digest, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkDER(t, SM2SM3, &priv.PublicKey, digest, der)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rng(23))
	if err != nil {
		t.Fatal(err)
	}
	if der, err = ecdsa.SignASN1(rng(24), ec, digest); err != nil {
		t.Fatal(err)
	}
	checkDER(t, ECDSAP256SHA256, &ec.PublicKey, digest, der)
}

func checkDER(t *testing.T, a Algorithm, pub *ecdsa.PublicKey, digest, der []byte) {
	t.Helper()
	spki, err := smx509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParsePublicKey(a, spki)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := ParseSignatureDER(der)
	if err != nil {
		t.Fatal(err)
	}
	rec := Record{Digest: Digest(digest), Signature: sig}
	spoilt := rec
	spoilt.Digest[0] ^= 1
	check(t, a, []vector{{"library's", key, rec, true}, {"spoilt", key, spoilt, false}})
}

// TestTjfocDefects states where tjfoc/gmsm v1.4.1 itself is wrong, so that the
// work-arounds in kernel Tjfoc can go when it no longer is.
func TestTjfocDefects(t *testing.T) {
	c := &sm2Curve
	d, s := scalar(rng(1), c.n), scalar(rng(2), c.n)
	equal := mod(new(big.Int).Mul(s, new(big.Int).ModInverse(d, c.n)), c.n)
	key := c.publicKey(d)
	pub := &tjfoc.PublicKey{
		Curve: tjfoc.P256Sm2(), X: new(big.Int).SetBytes(key[:32]), Y: new(big.Int).SetBytes(key[32:]),
	}
	for name, multiplier := range map[string]*big.Int{
		"adds a point to itself": equal,
		"accepts infinity":       new(big.Int).Sub(c.n, equal),
		"multiplies by n-6":      c.minus(6),
	} {
		rec, want := crafted(d, s, multiplier)
		r := new(big.Int).SetBytes(rec.Signature[:32])
		if tjfoc.Verify(pub, rec.Digest[:], r, s) == want {
			t.Errorf("%s: tjfoc/gmsm is right now; remove the work-around", name)
		}
	}
}
