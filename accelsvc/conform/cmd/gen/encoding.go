package main

import "math/big"

// p1363 returns r || s, the low 32 bytes of each.
func p1363(r, s *big.Int) []byte {
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

// tlv returns a DER element; content is shorter than 64 KiB.
func tlv(tag byte, content []byte) []byte {
	n := len(content)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, content...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n & 0xff)}, content...) //nolint:gosec // G115: see above
	}
}

// number returns the content of a minimal INTEGER that is not negative.
func number(v *big.Int) []byte {
	b := v.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return b
}

func integer(v *big.Int) []byte { return tlv(2, number(v)) }

func sequence(parts ...[]byte) []byte {
	var content []byte
	for _, p := range parts {
		content = append(content, p...)
	}
	return tlv(0x30, content)
}

// der returns the DER form of r and s.
func der(r, s *big.Int) []byte { return sequence(integer(r), integer(s)) }

// mutation is a wrong encoding of a right signature.
type mutation struct {
	comment string
	sig     []byte
}

// derMutations returns what is not the DER form of r and s.
func derMutations(r, s *big.Int) []mutation {
	good := der(r, s)
	content := append(integer(r), integer(s)...)
	negative := func(v *big.Int) []byte { // -v in two's complement, 33 bytes
		out := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 264), v)
		return tlv(2, out.Bytes())
	}
	long := func(form ...byte) []byte { return append(append([]byte{0x30}, form...), content...) }
	n := byte(len(content)) //nolint:gosec // G115: at most 70
	out := []mutation{
		{"length in two bytes", long(0x81, n)},
		{"length in three bytes", long(0x82, 0, n)},
		{"length in five bytes", long(0x84, 0, 0, 0, n)},
		{"length in nine bytes", long(0x88, 0, 0, 0, 0, 0, 0, 0, n)},
		{"indefinite length", append(long(0x80), 0, 0)},
		{"indefinite length without end", long(0x80)},
		{"length one too many", long(n + 1)},
		{"length one too few", long(n - 1)},
		{"length of 4 GiB", long(0x84, 0xff, 0xff, 0xff, 0xff)},
		{"reserved length", long(0xff)},
		{"trailing zero byte", append(good[:len(good):len(good)], 0)},
		{"trailing NULL", append(good[:len(good):len(good)], 5, 0)},
		{"trailing zero byte in the sequence", sequence(content, []byte{0})},
		{"trailing NULL in the sequence", sequence(content, []byte{5, 0})},
		{"a third integer", sequence(content, integer(s))},
		{"s is missing", sequence(integer(r))},
		{"empty sequence", sequence()},
		{"sequence tag alone", []byte{0x30}},
		{"set instead of sequence", append([]byte{0x31}, good[1:]...)},
		{"primitive sequence", append([]byte{0x10}, good[1:]...)},
		{"sequence in a sequence", sequence(good)},
		{"without the sequence", content},
		{"r || s instead", p1363(r, s)},
		{"r has a zero byte in front", sequence(tlv(2, append([]byte{0, 0}, number(r)...)), integer(s))},
		{"s has a zero byte in front", sequence(integer(r), tlv(2, append([]byte{0, 0}, number(s)...)))},
		{"length of r in two bytes", sequence(append([]byte{2, 0x81}, integer(r)[1:]...), integer(s))},
		{"length of s in two bytes", sequence(integer(r), append([]byte{2, 0x81}, integer(s)[1:]...))},
		{"r is an ENUMERATED", sequence(tlv(10, number(r)), integer(s))},
		{"s is an OCTET STRING", sequence(integer(r), tlv(4, number(s)))},
		{"r is a constructed INTEGER", sequence(tlv(0x22, integer(r)), integer(s))},
		{"r without content", sequence(tlv(2, nil), integer(s))},
		{"s without content", sequence(integer(r), tlv(2, nil))},
		{"r negated", sequence(negative(r), integer(s))},
		{"s negated", sequence(integer(r), negative(s))},
		{"r = -1", sequence(tlv(2, []byte{0xff}), integer(s))},
		{"s = -1", sequence(integer(r), tlv(2, []byte{0xff}))},
		{"r is a NULL", sequence([]byte{5, 0}, integer(s))},
		{"r has 300 zero bytes in front", sequence(tlv(2, append(make([]byte, 300), number(r)...)), integer(s))},
	}
	for _, at := range []int{1, 2, 3, len(good) / 2, len(good) - 1} {
		out = append(out, mutation{"truncated", good[:at]})
	}
	for _, v := range []struct {
		comment string
		value   *big.Int
	}{{"r", r}, {"s", s}} {
		if v.value.BitLen() == 256 { // without its sign byte it reads as negative
			bare := tlv(2, v.value.Bytes())
			sig := sequence(bare, integer(s))
			if v.comment == "s" {
				sig = sequence(integer(r), bare)
			}
			out = append(out, mutation{v.comment + " without its sign byte", sig})
		}
	}
	return out
}
