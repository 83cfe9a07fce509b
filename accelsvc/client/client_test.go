package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/merkle"
	"github.com/argosy-trade/argosy/accelsvc/server"
	"github.com/argosy-trade/argosy/accelsvc/socket"
)

// newClient makes a client; metrics and logger are filled in.
func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	o.Logger, o.Registerer = slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// serve runs a service on path in this process until the returned function is
// called.
func serve(t testing.TB, path string, k kernel.Kernel, l server.Limits) (stop func()) {
	t.Helper()
	s, err := server.New(server.Options{
		Kernel: k, Limits: l, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := socket.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, ln) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	eventually(t, "the service is ready", func() bool { return s.Ready(t.Context()) == nil })
	return stop
}

func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// batches returns s in both input forms.
func batches(s acceltest.Signed) (digests, messages Batch) {
	digests = Batch{Algorithm: s.Algorithm, Input: Digests}
	messages = Batch{Algorithm: s.Algorithm, Input: Messages}
	for i, r := range s.Records {
		digests.Items = append(digests.Items, Item{PublicKey: s.Keys[r.Key], Digest: r.Digest, Signature: r.Signature})
		it := Item{PublicKey: s.Keys[r.Key], Message: s.Messages[i], Signature: r.Signature}
		messages.Items = append(messages.Items, it)
	}
	return digests, messages
}

func (c *Client) answers(op, path string) float64 {
	return testutil.ToFloat64(c.metrics.calls.WithLabelValues(op, path))
}

func (c *Client) fallbacks(reason string) float64 {
	return testutil.ToFloat64(c.metrics.fallback.WithLabelValues(reason))
}

// checkAll runs every operation and compares with the known answers.
func checkAll(t testing.TB, c *Client) {
	t.Helper()
	for _, a := range []Algorithm{SM2SM3, ECDSAP256SHA256} {
		s := acceltest.Sign(t, a, 20)
		digests, messages := batches(s)
		for _, b := range []Batch{digests, messages} {
			if got, err := c.Verify(t.Context(), b); err != nil || !slices.Equal(got, s.Want) {
				t.Errorf("%v: got %v, %v; want %v", a, got, err, s.Want)
			}
		}
	}
	checkHashes(t, c, [][]byte{nil, []byte("abc"), make([]byte, 3000)})
}

func checkHashes(t testing.TB, c *Client, data [][]byte) {
	t.Helper()
	for a, sum := range map[HashAlgorithm]merkle.Sum{SM3: merkle.SM3, SHA256: merkle.SHA256} {
		want := make([][32]byte, len(data))
		if err := sum(data, want); err != nil {
			t.Fatal(err)
		}
		got, err := c.Hash(t.Context(), a, data)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v: %d digests, %v", a, len(got), err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%v of message %d: got %x, want %x", a, i, got[i], want[i])
			}
		}
		root, err := merkle.Root(sum, data)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.MerkleRoot(t.Context(), a, data); err != nil || got != root {
			t.Errorf("%v root: got %x, %v; want %x", a, got, err, root)
		}
	}
}

func TestSoftwareOnly(t *testing.T) {
	c := newClient(t, Options{SampleShare: 1})
	checkAll(t, c)
	if got := c.answers(opVerify, pathSoftware); got != 4 {
		t.Errorf("%v software answers, want 4", got)
	}
	for _, r := range reasons {
		if c.fallbacks(r) != 0 {
			t.Errorf("fallback %s is counted without a sidecar", r)
		}
	}
	if st := c.Status(); st != (Status{Trusted: true}) {
		t.Errorf("status %+v", st)
	}
	if err := c.SelfTest(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestEverySidecarGivesTheSameBytes runs all kernels with no, some and full
// sampling.
func TestEverySidecarGivesTheSameBytes(t *testing.T) {
	for _, name := range kernel.Names() {
		k, err := kernel.New(name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "s")
		serve(t, path, k, server.Limits{})
		for _, share := range []float64{0, 0.3, 1} {
			c := newClient(t, Options{Socket: path, SampleShare: share, CallTimeout: time.Minute})
			checkAll(t, c)
			for _, op := range []string{opVerify, opHash, opMerkleRoot} {
				if c.answers(op, pathSidecar) == 0 || c.answers(op, pathSoftware) != 0 {
					t.Errorf("%s, share %v: %s was not answered by the sidecar alone", name, share, op)
				}
			}
		}
	}
}

// TestLargeBatchesAreDivided passes each limit of one call.
func TestLargeBatchesAreDivided(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	serve(t, path, kernel.Emmansun{}, server.Limits{})
	c := newClient(t, Options{Socket: path, CallTimeout: time.Minute})
	s := acceltest.Sign(t, SM2SM3, 50)
	_, b := batches(s)
	var want []bool
	for len(want) < 2*maxItems+7 {
		b.Items = append(b.Items, b.Items[:50]...)
		want = append(want, s.Want...)
	}
	b.Items = b.Items[50:]
	got, err := c.Verify(t.Context(), b)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%d verdicts of %d are wrong: %v", len(got), len(want), err)
	}
	if n := c.answers(opVerify, pathSidecar); n != 3 {
		t.Errorf("answered in %v parts, want 3", n)
	}
	data := make([][]byte, 2*maxItems+1)
	for i := range data {
		data[i] = bytes.Repeat([]byte{byte(i)}, 2000)
	}
	data[5] = make([]byte, maxBytes+1) // for software
	checkHashes(t, c, data)
	if n := c.fallbacks(reasonOversized); n != 4 { // a message and a tree, by two hashes
		t.Errorf("%v oversized answers, want 4", n)
	}
}

func TestStructuralErrors(t *testing.T) {
	c := newClient(t, Options{})
	one := []Item{{}}
	for name, b := range map[string]Batch{
		"no algorithm":          {Input: Digests, Items: one},
		"no input":              {Algorithm: SM2SM3, Items: one},
		"message among digests": {Algorithm: SM2SM3, Input: Digests, Items: []Item{{Message: []byte{}}}},
		"digest among messages": {Algorithm: SM2SM3, Input: Messages, Items: []Item{{Digest: Digest{1}}}},
		"user id with ECDSA":    {Algorithm: ECDSAP256SHA256, Input: Messages, UserID: []byte("x")},
		"user id too long":      {Algorithm: SM2SM3, Input: Messages, UserID: make([]byte, engine.MaxUserID+1)},
	} {
		if _, err := c.Verify(t.Context(), b); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	if _, err := c.Hash(t.Context(), 0, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("hash: got %v", err)
	}
	if _, err := c.MerkleRoot(t.Context(), 0, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("root: got %v", err)
	}
	if got, err := c.Verify(t.Context(), Batch{Algorithm: SM2SM3, Input: Digests}); err != nil || len(got) != 0 {
		t.Errorf("empty batch: got %v, %v", got, err)
	}
}

func TestUserID(t *testing.T) {
	c := newClient(t, Options{})
	s := acceltest.Sign(t, SM2SM3, 2) // by the default user id
	_, b := batches(s)
	for id, want := range map[string]bool{"": true, DefaultUserID: true, "1234567812345679": false, "x": false} {
		b.UserID = []byte(id)
		if got, err := c.Verify(t.Context(), b); err != nil || got[0] != want {
			t.Errorf("user id %q: got %v, %v; want %v", id, got, err, want)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	log, reg := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	for name, o := range map[string]Options{
		"no logger":     {Registerer: reg},
		"no registerer": {Logger: log},
		"share above 1": {Logger: log, Registerer: reg, SampleShare: 1.5},
		"negative time": {Logger: log, Registerer: reg, CallTimeout: -1},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	long := Options{Logger: log, Registerer: prometheus.NewRegistry(), Socket: "/" + strings.Repeat("d", 200)}
	if _, err := New(long); !errors.Is(err, socket.ErrPath) {
		t.Errorf("long path: got %v, want socket.ErrPath", err)
	}
}

func TestSampleShare(t *testing.T) {
	for share, want := range map[float64][2]int{0: {0, 0}, 1: {10_000, 10_000}, 0.1: {700, 1300}} {
		c := newClient(t, Options{SampleShare: share})
		if n := len(c.sample(10_000)); n < want[0] || n > want[1] {
			t.Errorf("share %v: %d of 10,000", share, n)
		}
	}
	// No randomness: everything is a sample.
	c := newClient(t, Options{SampleShare: 0.1, Random: io.LimitReader(rand.Reader, 0)})
	if n := len(c.sample(100)); n != 100 {
		t.Errorf("without randomness: %d of 100", n)
	}
}
