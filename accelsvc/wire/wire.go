// Package wire turns batches into the packed messages of accel.proto and back.
//
// Decoding checks every length against the others before it allocates, and
// refuses what does not add up with an error that wraps ErrMalformed, or
// ErrTooLarge where a limit is passed. It trusts nothing: the server decodes
// requests of strangers, the client decodes answers of a sidecar that may be
// broken. Decoded messages alias the buffer that they came in.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// Sizes in bytes of the packed records.
const (
	keyNumberSize     = 4
	DigestRecordSize  = keyNumberSize + kernel.DigestSize + kernel.SignatureSize // 100
	MessageRecordSize = keyNumberSize + kernel.SignatureSize                     // 68
)

var (
	// ErrMalformed reports lengths or numbers that do not fit together.
	ErrMalformed = errors.New("malformed")
	// ErrTooLarge reports more items than the limit.
	ErrTooLarge = errors.New("too large")
	// ErrEpoch reports key ids of another run of the service.
	ErrEpoch = errors.New("unknown key epoch")
)

// The numbers of the two enumerations are the same on both sides by
// construction; TestNumbers holds it.

// EncodeVerify packs b, which has passed Batch.Check.
func EncodeVerify(b engine.Batch) *accelpb.VerifyRequest {
	keys := make([]byte, 0, len(b.Keys)*kernel.PublicKeySize)
	for i := range b.Keys {
		keys = append(keys, b.Keys[i][:]...)
	}
	req := &accelpb.VerifyRequest{
		Algorithm: accelpb.SignatureAlgorithm(b.Algorithm),
		Keys:      &accelpb.VerifyRequest_PublicKeys{PublicKeys: keys},
	}
	if b.Input == engine.Digests {
		packed := make([]byte, 0, len(b.Records)*DigestRecordSize)
		for i := range b.Records {
			packed = appendDigestRecord(packed, &b.Records[i])
		}
		req.Input = &accelpb.VerifyRequest_DigestRecords{DigestRecords: packed}
		return req
	}
	packed := make([]byte, 0, len(b.Records)*MessageRecordSize)
	for i := range b.Records {
		packed = binary.BigEndian.AppendUint32(packed, b.Records[i].Key)
		packed = append(packed, b.Records[i].Signature[:]...)
	}
	messages, lengths := Pack(b.Messages)
	req.Input = &accelpb.VerifyRequest_SignedMessages{SignedMessages: &accelpb.SignedMessages{
		Records: packed, Messages: messages, Lengths: lengths, UserId: b.UserID,
	}}
	return req
}

// appendDigestRecord appends the 100-byte form of r.
func appendDigestRecord(dst []byte, r *kernel.Record) []byte {
	dst = binary.BigEndian.AppendUint32(dst, r.Key)
	dst = append(dst, r.Digest[:]...)
	return append(dst, r.Signature[:]...)
}

// KeyTable returns the keys registered in epoch; position i holds id i+1.
type KeyTable func(a kernel.Algorithm, epoch uint64) ([]kernel.PublicKey, bool)

// DecodeVerify unpacks a request of at most maxItems records. Ids of registered
// keys are looked up in registered.
func DecodeVerify(req *accelpb.VerifyRequest, maxItems int, registered KeyTable) (engine.Batch, error) {
	var b engine.Batch
	var err error
	if b.Algorithm, err = DecodeAlgorithm(req.GetAlgorithm()); err != nil {
		return b, err
	}
	switch in := req.GetInput().(type) {
	case *accelpb.VerifyRequest_DigestRecords:
		b.Input = engine.Digests
		b.Records, err = digestRecords(in.DigestRecords, maxItems)
	case *accelpb.VerifyRequest_SignedMessages:
		b.Input = engine.Messages
		err = signedMessages(in.SignedMessages, maxItems, &b)
	default:
		err = fmt.Errorf("%w: no input; set digest_records or signed_messages", ErrMalformed)
	}
	if err != nil {
		return b, err
	}
	switch k := req.GetKeys().(type) {
	case *accelpb.VerifyRequest_PublicKeys:
		b.Keys, err = DecodeKeys(k.PublicKeys, maxItems)
	case *accelpb.VerifyRequest_KeyEpoch:
		err = useRegistered(&b, k.KeyEpoch, registered)
	default:
		err = fmt.Errorf("%w: no keys; set public_keys or key_epoch", ErrMalformed)
	}
	return b, err
}

func useRegistered(b *engine.Batch, epoch uint64, registered KeyTable) error {
	var known bool
	if b.Keys, known = registered(b.Algorithm, epoch); !known {
		return fmt.Errorf("%w: the service was restarted; call RegisterKeys again", ErrEpoch)
	}
	for i := range b.Records {
		if b.Records[i].Key == 0 {
			return fmt.Errorf("%w: record %d names key id 0, which is no key", ErrMalformed, i)
		}
		b.Records[i].Key--
	}
	return nil
}

// DecodeKeys unpacks at most maxItems public keys.
func DecodeKeys(packed []byte, maxItems int) ([]kernel.PublicKey, error) {
	n, err := count(len(packed), kernel.PublicKeySize, maxItems, "public keys")
	if err != nil {
		return nil, err
	}
	keys := make([]kernel.PublicKey, n)
	for i := range keys {
		copy(keys[i][:], packed[i*kernel.PublicKeySize:])
	}
	return keys, nil
}

func digestRecords(packed []byte, maxItems int) ([]kernel.Record, error) {
	n, err := count(len(packed), DigestRecordSize, maxItems, "digest_records")
	if err != nil {
		return nil, err
	}
	records := make([]kernel.Record, n)
	for i := range records {
		p := packed[i*DigestRecordSize:]
		records[i].Key = binary.BigEndian.Uint32(p)
		copy(records[i].Digest[:], p[keyNumberSize:])
		copy(records[i].Signature[:], p[keyNumberSize+kernel.DigestSize:])
	}
	return records, nil
}

func signedMessages(m *accelpb.SignedMessages, maxItems int, b *engine.Batch) error {
	n, err := count(len(m.GetRecords()), MessageRecordSize, maxItems, "records")
	if err != nil {
		return err
	}
	if b.Messages, err = Unpack(m.GetMessages(), m.GetLengths(), maxItems); err != nil {
		return err
	}
	b.UserID = m.GetUserId()
	b.Records = make([]kernel.Record, n)
	for i := range b.Records {
		p := m.GetRecords()[i*MessageRecordSize:]
		b.Records[i].Key = binary.BigEndian.Uint32(p)
		copy(b.Records[i].Signature[:], p[keyNumberSize:])
	}
	return nil
}

func count(length, size, maxItems int, what string) (int, error) {
	if length%size != 0 {
		return 0, fmt.Errorf("%w: %s is %d bytes long; it must be a multiple of %d", ErrMalformed, what, length, size)
	}
	if n := length / size; n <= maxItems {
		return n, nil
	}
	return 0, fmt.Errorf("%w: %d %s; the limit is %d, send several calls", ErrTooLarge, length/size, what, maxItems)
}

// Pack puts messages one after the other. No message is longer than 4 GiB,
// which the limits on both sides keep far away.
func Pack(messages [][]byte) (packed []byte, lengths []uint32) {
	total := 0
	for _, m := range messages {
		total += len(m)
	}
	packed = make([]byte, 0, total)
	lengths = make([]uint32, len(messages))
	for i, m := range messages {
		packed = append(packed, m...)
		lengths[i] = uint32(len(m)) //nolint:gosec // G115: bounded by the call's byte limit
	}
	return packed, lengths
}

// Unpack splits packed into at most maxItems messages. The lengths must use it
// up exactly.
func Unpack(packed []byte, lengths []uint32, maxItems int) ([][]byte, error) {
	if len(lengths) > maxItems {
		return nil, fmt.Errorf("%w: %d lengths; the limit is %d, send several calls", ErrTooLarge, len(lengths), maxItems)
	}
	out := make([][]byte, len(lengths))
	for i, n := range lengths {
		if uint64(n) > uint64(len(packed)) {
			return nil, fmt.Errorf("%w: length %d of %d is %d, but %d bytes are left",
				ErrMalformed, i+1, len(lengths), n, len(packed))
		}
		out[i], packed = packed[:n:n], packed[n:]
	}
	if len(packed) != 0 {
		return nil, fmt.Errorf("%w: %d bytes are left after the last length", ErrMalformed, len(packed))
	}
	return out, nil
}

// EncodeVerdicts packs verdicts as a bitmap, least significant bit first.
func EncodeVerdicts(verdicts []bool) []byte {
	out := make([]byte, (len(verdicts)+7)/8)
	for i, v := range verdicts {
		if v {
			out[i/8] |= 1 << (i % 8)
		}
	}
	return out
}

// DecodeVerdicts unpacks the answer to want records.
func DecodeVerdicts(r *accelpb.VerifyReply, want int) ([]bool, error) {
	bitmap := r.GetVerdicts()
	if int64(r.GetCount()) != int64(want) || len(bitmap) != (want+7)/8 {
		return nil, fmt.Errorf("%w: %d verdicts in %d bytes for %d signatures", ErrMalformed, r.GetCount(), len(bitmap), want)
	}
	out := make([]bool, want)
	for i := range out {
		out[i] = bitmap[i/8]>>(i%8)&1 == 1
	}
	if want%8 != 0 && bitmap[want/8]>>(want%8) != 0 {
		return nil, fmt.Errorf("%w: bits after the last verdict are set", ErrMalformed)
	}
	return out, nil
}

// EncodeDigests packs digests.
func EncodeDigests(digests []kernel.Digest) []byte {
	out := make([]byte, 0, len(digests)*kernel.DigestSize)
	for i := range digests {
		out = append(out, digests[i][:]...)
	}
	return out
}

// DecodeDigests unpacks want digests.
func DecodeDigests(packed []byte, want int) ([]kernel.Digest, error) {
	if len(packed) != want*kernel.DigestSize {
		return nil, fmt.Errorf("%w: %d bytes for %d digests", ErrMalformed, len(packed), want)
	}
	out := make([]kernel.Digest, want)
	for i := range out {
		copy(out[i][:], packed[i*kernel.DigestSize:])
	}
	return out, nil
}

// DecodeHash checks a hash algorithm's number.
func DecodeHash(a accelpb.HashAlgorithm) (kernel.HashAlgorithm, error) {
	switch a {
	case accelpb.HashAlgorithm_HASH_ALGORITHM_SM3:
		return kernel.SM3, nil
	case accelpb.HashAlgorithm_HASH_ALGORITHM_SHA256:
		return kernel.SHA256, nil
	case accelpb.HashAlgorithm_HASH_ALGORITHM_UNSPECIFIED:
	}
	return 0, fmt.Errorf("%w: unknown hash algorithm %d; use 1 (SM3) or 2 (SHA-256)", ErrMalformed, a)
}

// DecodeAlgorithm checks a signature algorithm's number.
func DecodeAlgorithm(a accelpb.SignatureAlgorithm) (kernel.Algorithm, error) {
	switch a {
	case accelpb.SignatureAlgorithm_SIGNATURE_ALGORITHM_SM2_SM3:
		return kernel.SM2SM3, nil
	case accelpb.SignatureAlgorithm_SIGNATURE_ALGORITHM_ECDSA_P256_SHA256:
		return kernel.ECDSAP256SHA256, nil
	case accelpb.SignatureAlgorithm_SIGNATURE_ALGORITHM_UNSPECIFIED:
	}
	return 0, fmt.Errorf("%w: unknown signature algorithm %d; use 1 (SM2 with SM3) or 2 (ECDSA P-256 with SHA-256)",
		ErrMalformed, a)
}
