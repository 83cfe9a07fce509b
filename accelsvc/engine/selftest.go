package engine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// ErrSelfTest reports a kernel that does not give the published answers. It must
// not be used.
var ErrSelfTest = errors.New("accelerator: self-test failed")

// knownSignature is a published signature over a message.
type knownSignature struct {
	source    string
	algorithm kernel.Algorithm
	message   string
	userID    string
	key       string // X || Y
	digest    string // e
	signature string // r || s
}

var knownSignatures = []knownSignature{
	{
		source:    "GB/T 32918.5 (GM/T 0003.5), annex A",
		algorithm: kernel.SM2SM3,
		message:   "message digest",
		userID:    "1234567812345678",
		key: "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020" +
			"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
		digest: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640",
		signature: "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3" +
			"b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
	},
	{
		source:    "RFC 6979, A.2.5, P-256 with SHA-256, \"sample\"",
		algorithm: kernel.ECDSAP256SHA256,
		message:   "sample",
		key: "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" +
			"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
		digest: "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf",
		signature: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
			"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	},
}

// knownDigest is a published digest.
type knownDigest struct {
	source    string
	algorithm kernel.HashAlgorithm
	message   string
	digest    string
}

var knownDigests = []knownDigest{
	{"GB/T 32905, annex A.1", kernel.SM3, "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
	{
		"GB/T 32905, annex A.2", kernel.SM3, strings.Repeat("abcd", 16),
		"debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
	},
	{"FIPS 180-4, one block", kernel.SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{
		"FIPS 180-4, two blocks", kernel.SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	},
}

// SelfTest runs the published vectors, and spoilt copies of them, on k. It
// returns an error that wraps ErrSelfTest and names the vector that failed. It
// takes some milliseconds.
func SelfTest(ctx context.Context, k kernel.Kernel) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: kernel %s: panic: %v", ErrSelfTest, k.Name(), p)
		}
	}()
	e := New(k)
	for _, v := range knownDigests {
		got, err := e.Hash(ctx, v.algorithm, [][]byte{[]byte(v.message), nil, []byte(v.message)})
		if err != nil {
			return err
		}
		if hex.EncodeToString(got[0][:]) != v.digest || got[2] != got[0] || got[1] == got[0] {
			return fmt.Errorf("%w: kernel %s: %s", ErrSelfTest, k.Name(), v.source)
		}
	}
	for _, v := range knownSignatures {
		if err := v.run(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// selfTestRepeats is how often the records are repeated for a kernel that has a
// way of its own for large batches: enough of one key to go that way.
const selfTestRepeats = 9

// run verifies the vector in both input forms, each among spoilt neighbours, and
// in a large batch if the kernel treats that differently.
func (v knownSignature) run(ctx context.Context, e Engine) error {
	var key kernel.PublicKey
	var rec kernel.Record
	err := errors.Join(fill(key[:], v.key), fill(rec.Digest[:], v.digest), fill(rec.Signature[:], v.signature))
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSelfTest, v.source, err)
	}
	badKey := key
	badKey[63] ^= 1
	records := slices.Repeat([]kernel.Record{rec}, selfTestRecords)
	records[1].Signature[31] ^= 1
	records[2].Signature[63] ^= 1
	records[3].Key = 1
	records[4].Signature = kernel.Signature{}
	records[5].Digest[31] ^= 1
	b := Batch{
		Algorithm: v.algorithm, Input: Digests,
		Keys: []kernel.PublicKey{key, badKey}, Records: records,
	}
	if err := v.expect(ctx, e, b); err != nil {
		return err
	}
	if _, ok := e.kernel.(batcher); ok {
		many := b
		many.Records = slices.Repeat(records, selfTestRepeats)
		if err := v.expect(ctx, e, many); err != nil {
			return err
		}
	}
	b.Input, b.UserID = Messages, []byte(v.userID)
	for i := range records {
		b.Messages = append(b.Messages, []byte(v.message))
		records[i].Digest = kernel.Digest{} // must be computed, not taken over
	}
	b.Messages[5] = []byte(v.message + ".")
	return v.expect(ctx, e, b)
}

// selfTestRecords is the number of records of a vector: good, five spoilt, good.
const selfTestRecords = 7

// expect wants the first and last record valid and the others not, every time.
func (v knownSignature) expect(ctx context.Context, e Engine, b Batch) error {
	got, err := e.Verify(ctx, b)
	if err != nil {
		return err
	}
	for i, verdict := range got {
		at := i % selfTestRecords
		if want := at == 0 || at == selfTestRecords-1; verdict != want {
			return fmt.Errorf("%w: kernel %s: %s: verdict %d is %v", ErrSelfTest, e.Kernel(), v.source, i, verdict)
		}
	}
	return nil
}

func fill(dst []byte, s string) error {
	b, err := hex.DecodeString(s)
	if err != nil {
		return err
	}
	if len(b) != len(dst) {
		return fmt.Errorf("vector of %d bytes, want %d", len(b), len(dst))
	}
	copy(dst, b)
	return nil
}
