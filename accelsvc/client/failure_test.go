package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/server"
	"github.com/argosy-trade/argosy/accelsvc/socket"
)

// sidecarVariable makes the test binary a sidecar on the socket that it names.
const sidecarVariable = "ACCEL_TEST_SIDECAR"

func TestMain(m *testing.M) {
	if path := os.Getenv(sidecarVariable); path != "" {
		if err := beSidecar(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func beSidecar(path string) error {
	ctx := context.Background()
	s, err := server.New(server.Options{
		Kernel: kernel.Emmansun{}, Logger: slog.New(slog.DiscardHandler),
		Registerer: prometheus.NewRegistry(), Now: time.Now,
	})
	if err != nil {
		return err
	}
	l, err := socket.Listen(ctx, path)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(os.Stdout, "listening")
	return s.Run(ctx, l)
}

// startProcess runs a sidecar as a process of its own, which can be killed.
func startProcess(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	cmd.Env = append(os.Environ(), sidecarVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "listening\n" {
		t.Fatalf("the sidecar said %q, %v", line, err)
	}
	return cmd
}

// kill ends the process as kill -9 does, and collects it.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// TestSidecarKilledUnderLoad kills the process under concurrent calls, starts it
// again and wants every answer right, software in between and the sidecar after.
func TestSidecarKilledUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	c := newClient(t, Options{Socket: path, SampleShare: 0.1, CallTimeout: 10 * time.Second})
	s := acceltest.Sign(t, SM2SM3, 40)
	digests, messages := batches(s)
	sidecar := startProcess(t, path)

	stop := make(chan struct{})
	var load sync.WaitGroup
	var done atomic.Int64
	for range 4 {
		load.Go(func() {
			for {
				for _, b := range []Batch{digests, messages} {
					got, err := c.Verify(t.Context(), b)
					if err != nil || !slices.Equal(got, s.Want) {
						t.Errorf("got %v, %v", got, err)
						return
					}
					done.Add(1)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	bySidecar := func() float64 { return c.answers(opVerify, pathSidecar) }
	bySoftware := func() float64 { return c.answers(opVerify, pathSoftware) }
	for range 2 {
		before := bySidecar()
		eventually(t, "the sidecar answers", func() bool { return bySidecar() > before+20 })
		software := bySoftware()
		kill(sidecar)
		eventually(t, "software answers", func() bool { return bySoftware() > software+20 })
		sidecar = startProcess(t, path) // over the socket that the killed one left
	}
	before := bySidecar()
	eventually(t, "the sidecar answers again", func() bool { return bySidecar() > before+20 })
	close(stop)
	load.Wait()
	if got := bySidecar() + bySoftware(); got != float64(done.Load()) {
		t.Errorf("%v answers counted, %d given", got, done.Load())
	}
	var fallbacks float64
	for _, r := range reasons {
		fallbacks += c.fallbacks(r)
	}
	if fallbacks != bySoftware() || c.fallbacks(reasonUnavailable) == 0 {
		t.Errorf("%v fallbacks for %v software answers, %v unavailable",
			fallbacks, bySoftware(), c.fallbacks(reasonUnavailable))
	}
}

func TestAbsentSidecarAppears(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	c := newClient(t, Options{Socket: path})
	checkAll(t, c)
	if c.answers(opVerify, pathSidecar) != 0 || c.fallbacks(reasonUnavailable) == 0 || c.fallbacks(reasonBreaker) == 0 {
		t.Error("want software answers because of an unavailable sidecar and an open breaker")
	}
	if got := c.Status().Breaker; got == "closed" {
		t.Errorf("breaker %s, want open or half-open", got)
	}
	serve(t, path, kernel.Emmansun{}, server.Limits{})
	eventually(t, "the sidecar is used", func() bool {
		checkHashes(t, c, [][]byte{[]byte("x")})
		return c.answers(opHash, pathSidecar) > 0
	})
}

// liar serves a kernel that becomes wrong when armed.
func liar(t *testing.T, k *acceltest.Kernel, share float64) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	serve(t, path, k, server.Limits{})
	c := newClient(t, Options{Socket: path, SampleShare: share, CallTimeout: time.Minute})
	checkAll(t, c)
	k.Armed.Store(true)
	return c
}

func TestLyingSidecarIsTakenOutOfUse(t *testing.T) {
	s := acceltest.Sign(t, SM2SM3, 20)
	digests, messages := batches(s)
	verify := func(b Batch) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error { _, err := c.Verify(ctx, b); return err }
	}
	data := [][]byte{[]byte("a"), []byte("b")}
	flip := func(d kernel.Digest) kernel.Digest { d[7] ^= 1; return d }
	for name, tc := range map[string]struct {
		share  float64
		kernel *acceltest.Kernel
		call   func(context.Context, *Client) error
		want   DisagreementError
	}{
		"accepts a forgery, full sampling": {
			1, &acceltest.Kernel{Verdict: func(i int, v bool) bool { return v || i == 5 }},
			verify(digests),
			DisagreementError{opVerify, "sm2_sm3", 5},
		},
		"refuses a good signature, no sampling": {
			0, &acceltest.Kernel{Verdict: func(i int, v bool) bool { return v && i != 3 }},
			verify(messages),
			DisagreementError{opVerify, "sm2_sm3", 3},
		},
		"wrong digest": {
			1, &acceltest.Kernel{Digest: flip},
			func(ctx context.Context, c *Client) error { _, err := c.Hash(ctx, SM3, data); return err },
			DisagreementError{opHash, "sm3", 0},
		},
		"wrong root": {
			1, &acceltest.Kernel{Digest: flip},
			func(ctx context.Context, c *Client) error { _, err := c.MerkleRoot(ctx, SHA256, data); return err },
			DisagreementError{opMerkleRoot, "sha256", 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := liar(t, tc.kernel, tc.share)
			err := tc.call(t.Context(), c)
			var got *DisagreementError
			if !errors.Is(err, ErrDisagreement) || !errors.As(err, &got) || *got != tc.want {
				t.Fatalf("got %v, want %v", err, &tc.want)
			}
			if n := testutil.ToFloat64(c.metrics.mismatch.WithLabelValues(tc.want.Operation)); n != 1 {
				t.Errorf("%v mismatches counted, want 1", n)
			}
			checkOutOfUse(t, c)
			tc.kernel.Armed.Store(false) // the operator has replaced the core
			c.Reinstate()
			before := c.answers(opVerify, pathSidecar)
			checkAll(t, c)
			if c.answers(opVerify, pathSidecar) == before || !c.Status().Trusted {
				t.Error("the sidecar is not used after Reinstate")
			}
		})
	}
}

// checkOutOfUse wants right answers by software alone.
func checkOutOfUse(t *testing.T, c *Client) {
	t.Helper()
	before, distrusted := c.answers(opVerify, pathSidecar), c.fallbacks(reasonDistrusted)
	checkAll(t, c)
	if c.answers(opVerify, pathSidecar) != before || c.fallbacks(reasonDistrusted) == distrusted {
		t.Error("a distrusted sidecar was asked")
	}
	if c.Status().Trusted || testutil.ToFloat64(c.metrics.trusted) != 0 {
		t.Errorf("status %+v, want distrust", c.Status())
	}
}

// hung serves a kernel that never answers once armed.
func hung(t *testing.T, o Options) *Client {
	t.Helper()
	release := make(chan struct{})
	k := &acceltest.Kernel{Before: func() { <-release }}
	o.Socket = filepath.Join(t.TempDir(), "s")
	serve(t, o.Socket, k, server.Limits{})
	t.Cleanup(func() { close(release) }) // before the service is stopped
	c := newClient(t, o)
	k.Armed.Store(true)
	return c
}

func TestHungSidecarCostsItsLimitOnly(t *testing.T) {
	c := hung(t, Options{CallTimeout: 20 * time.Millisecond, ItemTimeout: time.Microsecond})
	for range 2 {
		checkAll(t, c)
	}
	// On a slow machine the breaker may have tried the sidecar again.
	timeouts, skipped := c.fallbacks(reasonTimeout), c.fallbacks(reasonBreaker)
	if timeouts < breakerFailures || skipped == 0 || timeouts+skipped != 16 {
		t.Errorf("%v timeouts and %v calls that found the breaker open, want at least %d, and 16 together",
			timeouts, skipped, breakerFailures)
	}
}

// TestCallersDeadlineLeavesTimeForSoftware has a caller with less time than the
// sidecar's limit.
func TestCallersDeadlineLeavesTimeForSoftware(t *testing.T) {
	c := hung(t, Options{CallTimeout: time.Hour})
	s := acceltest.Sign(t, SM2SM3, 5)
	b, _ := batches(s)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if got, err := c.Verify(ctx, b); err != nil || !slices.Equal(got, s.Want) {
		t.Errorf("got %v, %v", got, err)
	}
	if c.fallbacks(reasonTimeout) != 1 {
		t.Error("the timeout is not counted")
	}
}

func TestCallerMayGiveUp(t *testing.T) {
	c := hung(t, Options{CallTimeout: time.Hour})
	b, _ := batches(acceltest.Sign(t, SM2SM3, 5))
	for range breakerFailures + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error, 1)
		go func() {
			_, err := c.Verify(ctx, b)
			answer <- err
		}()
		cancel()
		if err := <-answer; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	}
	if got := c.Status().Breaker; got != "closed" {
		t.Errorf("breaker %s because callers gave up, want closed", got)
	}
}

// babbler answers with what cannot be an answer.
type babbler struct {
	accelpb.UnimplementedAcceleratorServer
}

func (babbler) Verify(context.Context, *accelpb.VerifyRequest) (*accelpb.VerifyReply, error) {
	return &accelpb.VerifyReply{Verdicts: []byte{0xff}, Count: 8}, nil
}

func (babbler) MerkleRoot(context.Context, *accelpb.MerkleRootRequest) (*accelpb.MerkleRootReply, error) {
	return &accelpb.MerkleRootReply{Root: make([]byte, 31)}, nil
}

func TestNonsenseIsNoAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	accelpb.RegisterAcceleratorServer(srv, babbler{})
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(srv.Stop)
	c := newClient(t, Options{Socket: path, CallTimeout: time.Minute})
	if _, err := c.Hash(t.Context(), SM3, [][]byte{nil}); err != nil { // not implemented there
		t.Error(err)
	}
	checkAll(t, c)
	malformed, refused := c.fallbacks(reasonMalformed), c.fallbacks(reasonRefused)
	if malformed < breakerFailures || refused == 0 || c.answers(opVerify, pathSidecar) != 0 {
		t.Errorf("malformed %v, refused %v, sidecar %v", malformed, refused, c.answers(opVerify, pathSidecar))
	}
}

// TestSmallerLimitsOfTheServiceOnlyCost has a service that refuses what the
// client sends; it stays in use for what it takes.
func TestSmallerLimitsOfTheServiceOnlyCost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	serve(t, path, kernel.Emmansun{}, server.Limits{MaxItems: 10})
	c := newClient(t, Options{Socket: path, CallTimeout: time.Minute})
	for range 2 {
		checkAll(t, c) // 20 signatures: refused; 3 messages: taken
	}
	if c.fallbacks(reasonBusy) != 8 || c.answers(opVerify, pathSidecar) != 0 || c.answers(opHash, pathSidecar) != 4 {
		t.Errorf("busy %v, verify %v, hash %v; want 8, 0, 4", c.fallbacks(reasonBusy),
			c.answers(opVerify, pathSidecar), c.answers(opHash, pathSidecar))
	}
	if got := c.Status().Breaker; got != "closed" {
		t.Errorf("breaker %s, want closed", got)
	}
}

func TestClosedClientStillAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	serve(t, path, kernel.Emmansun{}, server.Limits{})
	c := newClient(t, Options{Socket: path})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	checkAll(t, c)
}

func BenchmarkVerifyThroughSidecar(b *testing.B) {
	path := filepath.Join(b.TempDir(), "s")
	serve(b, path, kernel.Emmansun{}, server.Limits{})
	for name, o := range map[string]Options{"sidecar": {Socket: path, CallTimeout: time.Minute}, "software": {}} {
		c := newClient(b, o)
		for _, n := range []int{1, 64, 1000} {
			s := acceltest.Sign(b, SM2SM3, n)
			batch, _ := batches(s)
			for i := range batch.Items { // valid ones only: false ones are computed twice
				batch.Items[i] = batch.Items[i-i%3/2]
			}
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					if _, err := c.Verify(b.Context(), batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/signature")
			})
		}
	}
}
