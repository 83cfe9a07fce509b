package kernel

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ErrEncoding reports a public key or signature whose encoding is not accepted.
var ErrEncoding = errors.New("kernel: encoding")

// maxDERSize bounds SEQUENCE{INTEGER r, INTEGER s} with 33-byte integers.
const maxDERSize = 2 + 2*(2+33)

// appendDER appends the DER form of s to dst. A zero r or s is encoded as
// INTEGER 0, which every library rejects.
func appendDER(dst []byte, s *Signature) []byte {
	head := len(dst)
	dst = append(dst, 0x30, 0)
	dst = appendInteger(dst, s[:32])
	dst = appendInteger(dst, s[32:])
	dst[head+1] = byte(len(dst) - head - 2) //nolint:gosec // G115: at most 70
	return dst
}

func appendInteger(dst, v []byte) []byte {
	for len(v) > 1 && v[0] == 0 {
		v = v[1:]
	}
	if v[0]&0x80 != 0 {
		dst = append(dst, 2, byte(len(v)+1), 0) //nolint:gosec // G115: at most 33
	} else {
		dst = append(dst, 2, byte(len(v))) //nolint:gosec // G115: at most 32
	}
	return append(dst, v...)
}

// MarshalSignatureDER returns the DER form SEQUENCE{r, s}.
func MarshalSignatureDER(s Signature) []byte {
	return appendDER(make([]byte, 0, maxDERSize), &s)
}

// ParseSignatureDER reads a strict DER SEQUENCE{r, s}: minimal lengths and
// integers, both positive and at most 32 bytes, nothing after them. Whether r
// and s are below the group order is left to Verify.
func ParseSignatureDER(b []byte) (Signature, error) {
	var inner cryptobyte.String
	var r, s []byte
	in := cryptobyte.String(b)
	if !in.ReadASN1(&inner, asn1.SEQUENCE) || !in.Empty() ||
		!inner.ReadASN1Integer(&r) || !inner.ReadASN1Integer(&s) || !inner.Empty() {
		return Signature{}, fmt.Errorf("%w: signature is not DER SEQUENCE{INTEGER, INTEGER} and nothing else", ErrEncoding)
	}
	// ReadASN1Integer refuses negative numbers and strips the sign byte.
	if len(r) > 32 || len(s) > 32 || isZero(r) || isZero(s) {
		return Signature{}, fmt.Errorf("%w: signature: r and s must be between 1 and 2^256-1", ErrEncoding)
	}
	var out Signature
	copy(out[32-len(r):32], r)
	copy(out[64-len(s):], s)
	return out, nil
}

func isZero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

// p256HalfOrder is floor(n/2) of P-256, big-endian.
var p256HalfOrder = new(big.Int).Rsh(elliptic.P256().Params().N, 1).FillBytes(make([]byte, 32))

// LowS says whether s is at most n/2 of P-256, the form that Fabric requires of
// ECDSA signatures. Verify does not check it: it is a rule of the edge where
// malleability matters, not of the mathematics.
func LowS(s Signature) bool { return bytes.Compare(s[32:], p256HalfOrder) <= 0 }

// ParsePublicKey reads a public key of algorithm a: 65 bytes 04 || X || Y, 33
// bytes compressed, 64 bytes X || Y, or a PKIX SubjectPublicKeyInfo in DER. The
// result is a point of the algorithm's curve.
func ParsePublicKey(a Algorithm, b []byte) (PublicKey, error) {
	if !a.Valid() {
		return PublicKey{}, fmt.Errorf("%w: public key: unknown algorithm %v", ErrEncoding, a)
	}
	var point []byte
	switch len(b) {
	case 64:
		point = append([]byte{4}, b...)
	case 65:
		point = b
	case 33:
		x, y := elliptic.UnmarshalCompressed(curveOf(a), b)
		if x == nil {
			return PublicKey{}, fmt.Errorf("%w: public key: not a compressed point of the curve", ErrEncoding)
		}
		point = make([]byte, 65)
		point[0] = 4
		x.FillBytes(point[1:33])
		y.FillBytes(point[33:])
	default:
		var err error
		if point, err = pkixPoint(a, b); err != nil {
			return PublicKey{}, err
		}
	}
	if _, err := libraryOf(a).parse(point); err != nil {
		return PublicKey{}, fmt.Errorf("%w: public key: not a point of the curve of %v", ErrEncoding, a)
	}
	return PublicKey(point[1:]), nil
}

func pkixPoint(a Algorithm, der []byte) ([]byte, error) {
	parsed, err := smx509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: public key: neither a point nor PKIX DER", ErrEncoding)
	}
	pub, ok := parsed.(*ecdsa.PublicKey)
	if !ok || pub.Curve != curveOf(a) {
		return nil, fmt.Errorf("%w: public key is not for %v", ErrEncoding, a)
	}
	point, err := uncompressed(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: public key: %w", ErrEncoding, err)
	}
	return point, nil
}

// uncompressed returns 04 || X || Y. The standard library's method knows its own
// curves only.
func uncompressed(pub *ecdsa.PublicKey) ([]byte, error) {
	if pub.Curve != sm2.P256() {
		return pub.Bytes()
	}
	k, err := sm2.PublicKeyToECDH(pub)
	if err != nil {
		return nil, err
	}
	return k.Bytes(), nil
}

func curveOf(a Algorithm) elliptic.Curve {
	if a == SM2SM3 {
		return sm2.P256()
	}
	return elliptic.P256()
}

func libraryOf(a Algorithm) library {
	if a == SM2SM3 {
		return sm2Library
	}
	return ecdsaLibrary
}

// OnCurve says whether k is a point of the curve of a, with coordinates below
// the field prime.
func OnCurve(a Algorithm, k PublicKey) bool {
	return a.Valid() && parsePoint(k, libraryOf(a).parse) != nil
}
