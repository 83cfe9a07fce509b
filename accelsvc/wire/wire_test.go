package wire

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

const limit = 100

func noKeys(kernel.Algorithm, uint64) ([]kernel.PublicKey, bool) { return nil, false }

// TestNumbers holds the enumerations of the two sides together: encoding converts
// between them by number.
func TestNumbers(t *testing.T) {
	for number := range accelpb.SignatureAlgorithm_name {
		a, err := DecodeAlgorithm(accelpb.SignatureAlgorithm(number))
		if (err == nil) != a.Valid() || int32(a) != number {
			t.Errorf("signature algorithm %d: %v, %v", number, a, err)
		}
	}
	for number := range accelpb.HashAlgorithm_name {
		a, err := DecodeHash(accelpb.HashAlgorithm(number))
		if (err == nil) != a.Valid() || int32(a) != number {
			t.Errorf("hash algorithm %d: %v, %v", number, a, err)
		}
	}
}

func TestVerifyRoundTrip(t *testing.T) {
	for _, a := range []kernel.Algorithm{kernel.SM2SM3, kernel.ECDSAP256SHA256} {
		s := acceltest.Sign(t, a, 13)
		digests := engine.Batch{Algorithm: a, Input: engine.Digests, Keys: s.Keys, Records: s.Records}
		messages := engine.Batch{Algorithm: a, Input: engine.Messages, Keys: s.Keys, Messages: s.Messages}
		if a == kernel.SM2SM3 {
			messages.UserID = []byte("somebody")
		}
		for _, r := range s.Records {
			r.Digest = kernel.Digest{}
			messages.Records = append(messages.Records, r)
		}
		for _, want := range []engine.Batch{digests, messages} {
			req := EncodeVerify(want)
			got, err := DecodeVerify(req, limit, noKeys)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v, input %d: %s", a, want.Input, diff)
			}
		}
		if n := len(EncodeVerify(digests).GetDigestRecords()); n != 13*100 {
			t.Errorf("13 records take %d bytes, want 1300", n)
		}
	}
}

func TestMalformedRequests(t *testing.T) {
	keys := &accelpb.VerifyRequest_PublicKeys{PublicKeys: make([]byte, 64)}
	records := func(n int) *accelpb.VerifyRequest_DigestRecords {
		return &accelpb.VerifyRequest_DigestRecords{DigestRecords: make([]byte, n)}
	}
	withKeys := func(n int) *accelpb.VerifyRequest {
		k := &accelpb.VerifyRequest_PublicKeys{PublicKeys: make([]byte, n)}
		return &accelpb.VerifyRequest{Algorithm: 1, Keys: k, Input: records(100)}
	}
	signed := func(records, messages int, lengths ...uint32) *accelpb.VerifyRequest {
		m := &accelpb.SignedMessages{Records: make([]byte, records), Messages: make([]byte, messages), Lengths: lengths}
		in := &accelpb.VerifyRequest_SignedMessages{SignedMessages: m}
		return &accelpb.VerifyRequest{Algorithm: 1, Keys: keys, Input: in}
	}
	epoch := &accelpb.VerifyRequest_KeyEpoch{KeyEpoch: 7}
	for name, tc := range map[string]struct {
		req  *accelpb.VerifyRequest
		want error
	}{
		"empty":               {&accelpb.VerifyRequest{}, ErrMalformed},
		"unknown algorithm":   {&accelpb.VerifyRequest{Algorithm: 257, Keys: keys, Input: records(100)}, ErrMalformed},
		"negative":            {&accelpb.VerifyRequest{Algorithm: -1, Keys: keys, Input: records(100)}, ErrMalformed},
		"no input":            {&accelpb.VerifyRequest{Algorithm: 1, Keys: keys}, ErrMalformed},
		"no keys":             {&accelpb.VerifyRequest{Algorithm: 1, Input: records(100)}, ErrMalformed},
		"odd record":          {&accelpb.VerifyRequest{Algorithm: 1, Keys: keys, Input: records(101)}, ErrMalformed},
		"too many records":    {&accelpb.VerifyRequest{Algorithm: 1, Keys: keys, Input: records(100 * 101)}, ErrTooLarge},
		"unknown epoch":       {&accelpb.VerifyRequest{Algorithm: 1, Keys: epoch, Input: records(100)}, ErrEpoch},
		"odd key":             {withKeys(63), ErrMalformed},
		"too many keys":       {withKeys(64 * (limit + 1)), ErrTooLarge},
		"odd message record":  {signed(67, 0), ErrMalformed},
		"length past the end": {signed(68, 4, 5), ErrMalformed},
		"bytes left over":     {signed(68, 4, 3), ErrMalformed},
		"lengths overflow":    {signed(136, 4, 1<<32-1, 5), ErrMalformed},
	} {
		if _, err := DecodeVerify(tc.req, limit, noKeys); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
	if _, err := Unpack(nil, make([]uint32, limit+1), limit); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many messages: got %v", err)
	}
}

func TestVerdictsRoundTripAndAreStrict(t *testing.T) {
	for n := range 20 {
		want := make([]bool, n)
		for i := range want {
			want[i] = i%3 == 0
		}
		count := uint32(n)
		got, err := DecodeVerdicts(&accelpb.VerifyReply{Verdicts: EncodeVerdicts(want), Count: count}, n)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%d verdicts: got %v, %v", n, got, err)
		}
	}
	for name, r := range map[string]*accelpb.VerifyReply{
		"nil":         nil,
		"empty":       {},
		"short":       {Verdicts: []byte{1}, Count: 9},
		"long":        {Verdicts: []byte{1, 0, 0}, Count: 9},
		"fewer":       {Verdicts: []byte{1, 0}, Count: 8},
		"stray bit":   {Verdicts: []byte{1, 2}, Count: 9},
		"other count": {Verdicts: []byte{1, 0}, Count: 10},
	} {
		if _, err := DecodeVerdicts(r, 9); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
}

func TestDigestsAreStrict(t *testing.T) {
	want := []kernel.Digest{{1}, {2}}
	got, err := DecodeDigests(EncodeDigests(want), 2)
	if err != nil || !cmp.Equal(got, want) {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, n := range []int{0, 1, 3} {
		if _, err := DecodeDigests(EncodeDigests(want), n); !errors.Is(err, ErrMalformed) {
			t.Errorf("2 digests for %d: got %v", n, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("abcdef"), []byte{1, 2, 3})
	f.Add([]byte{}, []byte{0})
	f.Fuzz(func(t *testing.T, packed, lens []byte) {
		lengths := make([]uint32, len(lens))
		total := 0
		for i, n := range lens {
			lengths[i] = uint32(n)
			total += int(n)
		}
		messages, err := Unpack(packed, lengths, limit)
		if (err == nil) != (total == len(packed) && len(lens) <= limit) {
			t.Fatalf("%d bytes in %v: %v", len(packed), lens, err)
		}
		if err != nil {
			return
		}
		again, sizes := Pack(messages)
		if !cmp.Equal(sizes, lengths) || string(again) != string(packed) {
			t.Fatalf("%v of %x became %v of %x", lengths, packed, sizes, again)
		}
	})
}
