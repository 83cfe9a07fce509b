package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// sm2 is 2^256 - 2^224 - 2^96 + 2^64 - 1.
type sm2 struct{}

func (sm2) name() string { return "sm2" }

func (sm2) limb(i int) uint64 {
	return [4]uint64{0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF00000000, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFEFFFFFFFF}[i]
}

// round adds t·(2^192 + 1) and subtracts t·(2^160 + 2^32); in between the number
// may leave the range of four limbs, at the end it is in it.
func (sm2) round(t [4]Register) {
	MOVQ(t[0], low)
	MOVQ(t[0], high)
	SHLQ(U8(32), low)
	SHRQ(U8(32), high)
	ADDQ(t[0], t[1])
	ADCQ(U8(0), t[2])
	ADCQ(U8(0), t[3])
	ADCQ(U8(0), t[0])
	SUBQ(low, t[1])
	SBBQ(high, t[2])
	SBBQ(low, t[3])
	SBBQ(high, t[0])
}

// p256 is 2^256 - 2^224 + 2^192 + 2^96 - 1.
type p256 struct{}

func (p256) name() string { return "p256" }

func (p256) limb(i int) uint64 {
	return [4]uint64{0xFFFFFFFFFFFFFFFF, 0x00000000FFFFFFFF, 0, 0xFFFFFFFF00000001}[i]
}

// round adds t·2^32 and t times the highest limb of the prime at 2^128. The latter
// is t·2^64 - t·2^32 + t, but one multiplication is shorter.
func (p p256) round(t [4]Register) {
	MOVQ(U64(p.limb(3)), RDX)
	MOVQ(t[0], high)
	MOVQ(t[0], low)
	SHLQ(U8(32), high)
	SHRQ(U8(32), low)
	ADDQ(high, t[1])
	ADCQ(low, t[2])
	MULXQ(t[0], low, t[0])
	ADCQ(low, t[3])
	ADCQ(U8(0), t[0])
}
