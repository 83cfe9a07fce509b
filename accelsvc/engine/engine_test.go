package engine

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

func TestSelfTestPassesOnEveryKernel(t *testing.T) {
	for _, name := range kernel.Names() {
		k, err := kernel.New(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := SelfTest(t.Context(), k); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// faulty changes one kind of answer of a good kernel.
type faulty struct {
	kernel.Kernel
	verdict func(i int, v bool) bool
	digest  func(d kernel.Digest) kernel.Digest
}

func (f faulty) Verify(a kernel.Algorithm, keys []kernel.PublicKey, records []kernel.Record, verdicts []bool) {
	f.Kernel.Verify(a, keys, records, verdicts)
	for i, v := range verdicts {
		if f.verdict != nil {
			verdicts[i] = f.verdict(i, v)
		}
	}
}

func (f faulty) Hash(a kernel.HashAlgorithm, messages [][]byte, digests []kernel.Digest) {
	f.Kernel.Hash(a, messages, digests)
	for i, d := range digests {
		if f.digest != nil {
			digests[i] = f.digest(d)
		}
	}
}

func TestSelfTestFindsFaults(t *testing.T) {
	good := kernel.Emmansun{}
	for name, k := range map[string]kernel.Kernel{
		"all valid":     faulty{Kernel: good, verdict: func(int, bool) bool { return true }},
		"all false":     faulty{Kernel: good, verdict: func(int, bool) bool { return false }},
		"one lane":      faulty{Kernel: good, verdict: func(i int, v bool) bool { return v || i == 2 }},
		"one digit off": faulty{Kernel: good, digest: func(d kernel.Digest) kernel.Digest { d[31] ^= 1; return d }},
		"constant hash": faulty{Kernel: good, digest: func(kernel.Digest) kernel.Digest { return kernel.Digest{} }},
		"panic":         faulty{Kernel: good, verdict: func(int, bool) bool { panic("core dead") }},
	} {
		if err := SelfTest(t.Context(), k); !errors.Is(err, ErrSelfTest) {
			t.Errorf("%s: got %v, want ErrSelfTest", name, err)
		}
	}
}

func TestStructuralErrorsFailTheBatch(t *testing.T) {
	key, rec := []kernel.PublicKey{{}}, []kernel.Record{{}}
	for name, b := range map[string]Batch{
		"no algorithm":         {Input: Digests},
		"unknown algorithm":    {Algorithm: 9, Input: Digests},
		"no input":             {Algorithm: kernel.SM2SM3},
		"key outside table":    {Algorithm: kernel.SM2SM3, Input: Digests, Records: rec},
		"messages and digests": {Algorithm: kernel.SM2SM3, Input: Digests, Keys: key, Records: rec, Messages: [][]byte{{}}},
		"message missing":      {Algorithm: kernel.SM2SM3, Input: Messages, Keys: key, Records: rec},
		"user id with ECDSA":   {Algorithm: kernel.ECDSAP256SHA256, Input: Messages, UserID: []byte("x")},
		"user id with digests": {Algorithm: kernel.SM2SM3, Input: Digests, UserID: []byte("x")},
		"user id too long":     {Algorithm: kernel.SM2SM3, Input: Messages, UserID: make([]byte, MaxUserID+1)},
	} {
		if _, err := New(kernel.Emmansun{}).Verify(t.Context(), b); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	e := New(kernel.Emmansun{})
	if _, err := e.Hash(t.Context(), 0, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("hash: got %v, want ErrInvalid", err)
	}
	if _, err := e.MerkleRoot(t.Context(), 7, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("Merkle root: got %v, want ErrInvalid", err)
	}
}

// TestContextStopsWorkBetweenChunks ends the context from within the kernel.
func TestContextStopsWorkBetweenChunks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	k := faulty{Kernel: kernel.Emmansun{}, verdict: func(i int, v bool) bool {
		if i == 0 {
			calls++
			cancel()
		}
		return v
	}}
	b := Batch{
		Algorithm: kernel.SM2SM3, Input: Digests,
		Keys: make([]kernel.PublicKey, 1), Records: make([]kernel.Record, 5*verifyChunk),
	}
	if _, err := New(k).Verify(ctx, b); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	if calls != 1 {
		t.Fatalf("the kernel was called %d times, want 1", calls)
	}
}

// counting counts what its kernel hashes.
type counting struct {
	kernel.Kernel
	messages *int
}

func (c counting) Hash(a kernel.HashAlgorithm, messages [][]byte, digests []kernel.Digest) {
	*c.messages += len(messages)
	c.Kernel.Hash(a, messages, digests)
}

// TestZIsComputedOncePerKeyAndUserID counts hashes and checks that the remembered
// value is the right one for each user id.
func TestZIsComputedOncePerKeyAndUserID(t *testing.T) {
	signed := acceltest.Sign(t, kernel.SM2SM3, 10)
	hashed := 0
	e := New(counting{kernel.Emmansun{}, &hashed})
	verify := func(userID string, wantValid bool, wantHashed int) {
		t.Helper()
		hashed = 0
		got, err := e.Verify(t.Context(), Batch{
			Algorithm: kernel.SM2SM3, Input: Messages, UserID: []byte(userID),
			Keys: signed.Keys, Records: signed.Records, Messages: signed.Messages,
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if v != (signed.Want[i] && wantValid) {
				t.Errorf("user id %q: verdict %d is %v", userID, i, v)
			}
		}
		if hashed != wantHashed {
			t.Errorf("user id %q: %d messages hashed, want %d", userID, hashed, wantHashed)
		}
	}
	verify("", true, 15)
	verify("", true, 10)
	verify("someone else", false, 15)
	verify("someone else", false, 10)
	verify(DefaultUserID, true, 15)
	verify("", true, 10)
	verify(strings.Repeat("x", zUserID+1), false, 15)
	verify(strings.Repeat("x", zUserID+1), false, 15) // too long to be remembered
}

func TestZCacheIsBounded(t *testing.T) {
	c := zCache{values: map[zName]kernel.Digest{}}
	for i := range zLimit + 10 {
		c.put(zName{userID: strconv.Itoa(i)}, kernel.Digest{1})
	}
	if len(c.values) != zLimit {
		t.Fatalf("%d values, the limit is %d", len(c.values), zLimit)
	}
	if _, ok := c.get(zName{userID: strconv.Itoa(zLimit + 9)}); !ok {
		t.Fatal("the newest value is gone")
	}
}

// wide is a kernel that wants chunks of 100 signatures.
type wide struct {
	kernel.Kernel
	sizes *[]int
}

func (wide) BatchSize() int { return 100 }

func (w wide) Verify(_ kernel.Algorithm, _ []kernel.PublicKey, records []kernel.Record, _ []bool) {
	*w.sizes = append(*w.sizes, len(records))
}

func TestKernelChoosesTheChunk(t *testing.T) {
	var sizes []int
	b := Batch{
		Algorithm: kernel.SM2SM3, Input: Digests,
		Keys: make([]kernel.PublicKey, 1), Records: make([]kernel.Record, 250),
	}
	if _, err := New(wide{kernel.Emmansun{}, &sizes}).Verify(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sizes, []int{100, 100, 50}) {
		t.Fatalf("chunks of %v", sizes)
	}
}

// hurried is a kernel that is wrong in large batches only.
type hurried struct{ kernel.Kernel }

func (hurried) BatchSize() int { return 256 }

func (h hurried) Verify(a kernel.Algorithm, keys []kernel.PublicKey, records []kernel.Record, verdicts []bool) {
	h.Kernel.Verify(a, keys, records, verdicts)
	if len(records) > 50 {
		verdicts[len(verdicts)-2] = true
	}
}

func TestSelfTestTriesLargeBatches(t *testing.T) {
	if err := SelfTest(t.Context(), hurried{kernel.Emmansun{}}); !errors.Is(err, ErrSelfTest) {
		t.Fatalf("got %v, want ErrSelfTest", err)
	}
	k := kernel.NewComb()
	if err := SelfTest(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if s := k.Stats(); s.Hot == 0 || s.Small+s.Cold == 0 || s.Refused == 0 {
		t.Fatalf("the self-test leaves ways of kernel comb untried: %+v", s)
	}
}
