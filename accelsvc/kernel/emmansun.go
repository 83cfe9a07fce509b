package kernel

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Emmansun verifies and hashes with github.com/emmansun/gmsm for SM2 and SM3 and
// with the standard library for P-256 and SHA-256. It is the fastest of the
// library kernels and the in-process fallback.
type Emmansun struct{}

// Name implements Kernel.
func (Emmansun) Name() string { return "emmansun" }

// Verify implements Kernel.
func (Emmansun) Verify(a Algorithm, keys []PublicKey, records []Record, verdicts []bool) {
	switch a {
	case SM2SM3:
		verifyWith(keys, records, verdicts, sm2Library)
	case ECDSAP256SHA256:
		verifyWith(keys, records, verdicts, ecdsaLibrary)
	}
}

// Hash implements Kernel.
func (Emmansun) Hash(a HashAlgorithm, messages [][]byte, digests []Digest) {
	switch a {
	case SM3:
		for i, m := range messages {
			digests[i] = sm3.Sum(m)
		}
	case SHA256:
		hashSHA256(messages, digests)
	}
}

func hashSHA256(messages [][]byte, digests []Digest) {
	for i, m := range messages {
		digests[i] = sha256.Sum256(m)
	}
}

// library is what verifyWith needs from a library that takes DER signatures.
type library struct {
	parse  func(uncompressed []byte) (*ecdsa.PublicKey, error)
	verify func(pub *ecdsa.PublicKey, digest, der []byte) bool
}

var (
	sm2Library   = library{parse: sm2.ParseUncompressedPublicKey, verify: sm2.VerifyASN1}
	ecdsaLibrary = library{
		parse: func(b []byte) (*ecdsa.PublicKey, error) {
			return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b)
		},
		verify: ecdsa.VerifyASN1,
	}
)

// verifyWith checks the records with lib. Each key is parsed once, at its first
// use: parsing checks that it is a point of the curve.
func verifyWith(keys []PublicKey, records []Record, verdicts []bool, lib library) {
	parsed := make(map[uint32]*ecdsa.PublicKey, min(len(keys), len(records)))
	var der [maxDERSize]byte
	for i := range records {
		r := &records[i]
		pub, seen := parsed[r.Key]
		if !seen {
			// On an error pub is nil, which is remembered as "not a key".
			pub = parsePoint(keys[r.Key], lib.parse)
			parsed[r.Key] = pub
		}
		verdicts[i] = pub != nil && lib.verify(pub, r.Digest[:], appendDER(der[:0], &r.Signature))
	}
}

func parsePoint(k PublicKey, parse func([]byte) (*ecdsa.PublicKey, error)) *ecdsa.PublicKey {
	var point [1 + PublicKeySize]byte
	point[0] = 4 // SEC 1, 2.3.3: uncompressed
	copy(point[1:], k[:])
	pub, err := parse(point[:])
	if err != nil {
		return nil
	}
	return pub
}
