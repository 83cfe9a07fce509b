package kernel

import (
	"encoding/binary"
	"math/bits"
)

// Stdlib uses nothing outside the standard library: SM2 and SM3 as the standards
// spell them, over math/big, and crypto/ecdsa and crypto/sha256. It shares no
// code with the two SM2 libraries, so it is the third opinion when they differ,
// and it runs wherever Go does. It is slow: some milliseconds per SM2 signature.
type Stdlib struct{}

// Name implements Kernel.
func (Stdlib) Name() string { return "stdlib" }

// Verify implements Kernel.
func (Stdlib) Verify(a Algorithm, keys []PublicKey, records []Record, verdicts []bool) {
	switch a {
	case SM2SM3:
		for i := range records {
			verdicts[i] = textbookSM2(&keys[records[i].Key], &records[i])
		}
	case ECDSAP256SHA256:
		verifyWith(keys, records, verdicts, ecdsaLibrary)
	}
}

// Hash implements Kernel.
func (Stdlib) Hash(a HashAlgorithm, messages [][]byte, digests []Digest) {
	switch a {
	case SM3:
		for i, m := range messages {
			digests[i] = textbookSM3(m)
		}
	case SHA256:
		hashSHA256(messages, digests)
	}
}

// textbookSM3 is GB/T 32905 section 5.
func textbookSM3(m []byte) Digest {
	v := [8]uint32{
		0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
		0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
	}
	whole := len(m) &^ 63
	for i := 0; i < whole; i += 64 {
		compressSM3(&v, m[i:i+64])
	}
	// Padding: a 1 bit, zeros, the length in bits as 64-bit integer.
	var tail [128]byte
	n := copy(tail[:], m[whole:])
	tail[n] = 0x80
	end := 64
	if n >= 56 {
		end = 128
	}
	binary.BigEndian.PutUint64(tail[end-8:], uint64(len(m))*8)
	for i := 0; i < end; i += 64 {
		compressSM3(&v, tail[i:i+64])
	}
	var out Digest
	for i, w := range v {
		binary.BigEndian.PutUint32(out[4*i:], w)
	}
	return out
}

func compressSM3(v *[8]uint32, block []byte) {
	var w [68]uint32
	for j := range 16 {
		w[j] = binary.BigEndian.Uint32(block[4*j:])
	}
	for j := 16; j < 68; j++ {
		x := w[j-16] ^ w[j-9] ^ bits.RotateLeft32(w[j-3], 15)
		p1 := x ^ bits.RotateLeft32(x, 15) ^ bits.RotateLeft32(x, 23)
		w[j] = p1 ^ bits.RotateLeft32(w[j-13], 7) ^ w[j-6]
	}
	a, b, c, d, e, f, g, h := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
	for j := range 64 {
		t, ff, gg := uint32(0x79cc4519), a^b^c, e^f^g
		if j >= 16 {
			t, ff, gg = 0x7a879d8a, (a&b)|(a&c)|(b&c), (e&f)|(^e&g)
		}
		ss1 := bits.RotateLeft32(bits.RotateLeft32(a, 12)+e+bits.RotateLeft32(t, j%32), 7)
		ss2 := ss1 ^ bits.RotateLeft32(a, 12)
		tt1 := ff + d + ss2 + (w[j] ^ w[j+4])
		tt2 := gg + h + ss1 + w[j]
		d, c, b, a = c, bits.RotateLeft32(b, 9), a, tt1
		h, g, f, e = g, bits.RotateLeft32(f, 19), e, tt2^bits.RotateLeft32(tt2, 9)^bits.RotateLeft32(tt2, 17)
	}
	for i, x := range [8]uint32{a, b, c, d, e, f, g, h} {
		v[i] ^= x
	}
}
