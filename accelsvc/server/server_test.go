package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/acceltest"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/socket"
	"github.com/argosy-trade/argosy/accelsvc/wire"
)

// running is a server on a unix socket.
type running struct {
	*Server
	address net.Addr
	conn    *grpc.ClientConn
	rpc     accelpb.AcceleratorClient
	stop    func() // ends the server and waits for it
}

func start(t *testing.T, k kernel.Kernel, limits Limits) *running {
	t.Helper()
	return startOn(t, Options{Kernel: k, Limits: limits, Registerer: prometheus.NewRegistry()})
}

// startOn serves o on a unix socket.
func startOn(t *testing.T, o Options) *running {
	t.Helper()
	o.Logger, o.Now = slog.New(slog.DiscardHandler), time.Now
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := socket.Listen(t.Context(), filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, s, l)
}

// serveOn runs s on l until the test ends.
func serveOn(t *testing.T, s *Server, l net.Listener) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	r := &running{Server: s, address: l.Addr()}
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(r.stop)
	r.conn = r.dial(t, func(c net.Conn) net.Conn { return c })
	r.rpc = accelpb.NewAcceleratorClient(r.conn)
	// The first call waits for the connection, and so for the self-test.
	health := healthpb.NewHealthClient(r.conn)
	if _, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true)); err != nil {
		t.Fatal(err)
	}
	return r
}

// dial connects through wrap.
func (r *running) dial(t *testing.T, wrap func(net.Conn) net.Conn) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///accelerator",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, r.address.Network(), r.address.String())
			if err != nil {
				return nil, err
			}
			return wrap(c), nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func wantCode(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("%s: got %v (%v), want %v", what, got, err, want)
	}
}

// request returns the digests of s as a request.
func request(s acceltest.Signed) *accelpb.VerifyRequest {
	return wire.EncodeVerify(engine.Batch{
		Algorithm: s.Algorithm, Input: engine.Digests, Keys: s.Keys, Records: s.Records,
	})
}

func TestEveryOperationOnEveryKernel(t *testing.T) {
	for _, name := range kernel.Names() {
		k, err := kernel.New(name)
		if err != nil {
			t.Fatal(err)
		}
		r := start(t, k, Limits{})
		for _, a := range []kernel.Algorithm{kernel.SM2SM3, kernel.ECDSAP256SHA256} {
			s := acceltest.Sign(t, a, 70) // more than one chunk
			byMessage := wire.EncodeVerify(engine.Batch{
				Algorithm: a, Input: engine.Messages, Keys: s.Keys, Records: s.Records, Messages: s.Messages,
			})
			for _, req := range []*accelpb.VerifyRequest{request(s), byMessage} {
				reply, err := r.rpc.Verify(t.Context(), req)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got, err := wire.DecodeVerdicts(reply, len(s.Want))
				if err != nil || !slices.Equal(got, s.Want) {
					t.Errorf("%s: %v: got %v, %v", name, a, got, err)
				}
			}
		}
		checkHashing(t, r)
		checkStats(t, r, name)
	}
}

func checkHashing(t *testing.T, r *running) {
	t.Helper()
	messages := [][]byte{nil, []byte("abc"), make([]byte, 1000)}
	packed, lengths := wire.Pack(messages)
	reference := engine.New(kernel.Emmansun{})
	for _, a := range []kernel.HashAlgorithm{kernel.SM3, kernel.SHA256} {
		hashes, err := r.rpc.Hash(t.Context(), &accelpb.HashRequest{
			Algorithm: accelpb.HashAlgorithm(a), Messages: packed, Lengths: lengths,
		})
		if err != nil {
			t.Fatal(err)
		}
		want, _ := reference.Hash(t.Context(), a, messages)
		if got, err := wire.DecodeDigests(hashes.GetDigests(), 3); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: got %x, %v", a, got, err)
		}
		root, err := r.rpc.MerkleRoot(t.Context(), &accelpb.MerkleRootRequest{
			Algorithm: accelpb.HashAlgorithm(a), Leaves: packed, Lengths: lengths,
		})
		if err != nil {
			t.Fatal(err)
		}
		wantRoot, _ := reference.MerkleRoot(t.Context(), a, messages)
		if !slices.Equal(root.GetRoot(), wantRoot[:]) {
			t.Errorf("%v: root %x, want %x", a, root.GetRoot(), wantRoot)
		}
	}
}

func checkStats(t *testing.T, r *running, name string) {
	t.Helper()
	st, err := r.rpc.Stats(t.Context(), &accelpb.StatsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if st.GetKernel() != name || len(st.GetOperations()) != 6 {
		t.Errorf("%s: got %v", name, st)
	}
	for _, o := range st.GetOperations() {
		if o.GetOperation() == "verify" && (o.GetCalls() != 2 || o.GetItems() != 140 || o.GetVerdictsFalse() != 46) {
			t.Errorf("%s: got %v, want 2 calls, 140 items, 46 false", name, o)
		}
	}
}

func TestRefusals(t *testing.T) {
	r := start(t, kernel.Emmansun{}, Limits{MaxItems: 10, MaxBytes: 4096})
	s := acceltest.Sign(t, kernel.SM2SM3, 10)
	good := request(s)
	verify := func(change func(*accelpb.VerifyRequest)) error {
		req := request(s)
		change(req)
		_, err := r.rpc.Verify(t.Context(), req)
		return err
	}
	records := func(b []byte) *accelpb.VerifyRequest_DigestRecords {
		return &accelpb.VerifyRequest_DigestRecords{DigestRecords: b}
	}
	wantCode(t, "good", verify(func(*accelpb.VerifyRequest) {}), codes.OK)
	wantCode(t, "algorithm", verify(func(q *accelpb.VerifyRequest) { q.Algorithm = 9 }), codes.InvalidArgument)
	wantCode(t, "no input", verify(func(q *accelpb.VerifyRequest) { q.Input = nil }), codes.InvalidArgument)
	wantCode(t, "truncated", verify(func(q *accelpb.VerifyRequest) {
		q.Input = records(good.GetDigestRecords()[:999])
	}), codes.InvalidArgument)
	wantCode(t, "key outside table", verify(func(q *accelpb.VerifyRequest) {
		q.Keys = &accelpb.VerifyRequest_PublicKeys{PublicKeys: make([]byte, 64)}
	}), codes.InvalidArgument)
	wantCode(t, "too many items", verify(func(q *accelpb.VerifyRequest) {
		q.Input = records(make([]byte, 1100))
	}), codes.ResourceExhausted)
	wantCode(t, "too many bytes", verify(func(q *accelpb.VerifyRequest) {
		q.Input = records(make([]byte, 5000))
	}), codes.ResourceExhausted)
	wantCode(t, "epoch", verify(func(q *accelpb.VerifyRequest) {
		q.Keys = &accelpb.VerifyRequest_KeyEpoch{KeyEpoch: r.keys.epoch + 1}
	}), codes.FailedPrecondition)
	_, err := r.rpc.Hash(t.Context(), &accelpb.HashRequest{Messages: []byte("x"), Lengths: []uint32{1}})
	wantCode(t, "hash algorithm", err, codes.InvalidArgument)
	_, err = r.rpc.Hash(t.Context(), &accelpb.HashRequest{Algorithm: 1, Messages: []byte("x")})
	wantCode(t, "hash bytes left", err, codes.InvalidArgument)
	_, err = r.rpc.MerkleRoot(t.Context(), &accelpb.MerkleRootRequest{Algorithm: 1, Lengths: []uint32{1}})
	wantCode(t, "leaf past the end", err, codes.InvalidArgument)
	_, err = r.rpc.RegisterKeys(t.Context(), &accelpb.RegisterKeysRequest{Algorithm: 1, PublicKeys: make([]byte, 65)})
	wantCode(t, "odd key", err, codes.InvalidArgument)
	if !strings.Contains(err.Error(), "multiple of 64") {
		t.Errorf("%v does not say what to change", err)
	}
}

func TestRegisteredKeys(t *testing.T) {
	r := start(t, kernel.Emmansun{}, Limits{MaxKeys: 5})
	s := acceltest.Sign(t, kernel.SM2SM3, 10)
	var packed []byte
	for _, k := range s.Keys {
		packed = append(packed, k[:]...)
	}
	register := func(keys []byte) (*accelpb.RegisterKeysReply, error) {
		return r.rpc.RegisterKeys(t.Context(), &accelpb.RegisterKeysRequest{
			Algorithm: accelpb.SignatureAlgorithm_SIGNATURE_ALGORITHM_SM2_SM3, PublicKeys: keys,
		})
	}
	offCurve := make([]byte, 64)
	reply, err := register(append(slices.Clone(packed), offCurve...))
	if err != nil {
		t.Fatal(err)
	}
	if want := []uint32{1, 2, 3, 4, 5, 0}; !slices.Equal(reply.GetIds(), want) {
		t.Fatalf("ids %v, want %v", reply.GetIds(), want)
	}
	again, err := register(packed[64:128])
	if err != nil || !slices.Equal(again.GetIds(), []uint32{2}) || again.GetEpoch() != reply.GetEpoch() {
		t.Errorf("the same key again: got %v, %v", again, err)
	}
	other := acceltest.Sign(t, kernel.ECDSAP256SHA256, 1).Keys[0]
	if wrong, err := register(other[:]); err != nil || wrong.GetIds()[0] != 0 {
		t.Errorf("a key of another curve: got %v, %v; want id 0", wrong, err)
	}
	batch := engine.Batch{Algorithm: s.Algorithm, Input: engine.Digests, Records: slices.Clone(s.Records)}
	for i := range batch.Records {
		batch.Records[i].Key = reply.GetIds()[batch.Records[i].Key]
	}
	byID := func() ([]bool, error) {
		req := wire.EncodeVerify(batch)
		req.Keys = &accelpb.VerifyRequest_KeyEpoch{KeyEpoch: reply.GetEpoch()}
		answer, err := r.rpc.Verify(t.Context(), req)
		if err != nil {
			return nil, err
		}
		return wire.DecodeVerdicts(answer, len(s.Want))
	}
	if got, err := byID(); err != nil || !slices.Equal(got, s.Want) {
		t.Errorf("by id: got %v, %v", got, err)
	}
	for _, id := range []uint32{0, 6} {
		batch.Records[3].Key = id
		_, err := byID()
		wantCode(t, "no such id", err, codes.InvalidArgument)
	}
}

func TestRegisteredKeysAreLimited(t *testing.T) {
	table := newKeyTable(1, 2)
	keys := acceltest.Sign(t, kernel.SM2SM3, 3).Keys
	if _, err := table.register(kernel.SM2SM3, keys); !errors.Is(err, wire.ErrTooLarge) {
		t.Fatalf("3 keys with a limit of 2: got %v", err)
	}
	if table.count() != 0 {
		t.Errorf("%d keys were registered by a refused call", table.count())
	}
	ids, err := table.register(kernel.SM2SM3, []kernel.PublicKey{keys[0], keys[0], keys[1]})
	if err != nil || !slices.Equal(ids, []uint32{1, 1, 2}) {
		t.Errorf("got %v, %v", ids, err)
	}
}

func TestLimitsAreChecked(t *testing.T) {
	for name, l := range map[string]Limits{
		"negative items":   {MaxItems: -1},
		"huge bytes":       {MaxBytes: 2 << 30},
		"negative timeout": {CallTimeout: -1},
	} {
		if _, err := l.withDefaults(); !errors.Is(err, ErrLimits) {
			t.Errorf("%s: got %v, want ErrLimits", name, err)
		}
	}
	got, err := Limits{MaxItems: 7}.withDefaults()
	want := DefaultLimits()
	want.MaxItems = 7
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestRegisteredKeysArePrepared registers keys with a kernel that makes tables.
func TestRegisteredKeysArePrepared(t *testing.T) {
	k := kernel.NewComb()
	r := start(t, k, Limits{})
	signed := acceltest.Sign(t, kernel.SM2SM3, 4)
	var keys []byte
	for _, key := range signed.Keys {
		keys = append(keys, key[:]...)
	}
	keys = append(keys, make([]byte, kernel.PublicKeySize)...) // not a point
	before := k.Stats().Cache.Tables
	if _, err := r.rpc.RegisterKeys(t.Context(), &accelpb.RegisterKeysRequest{
		Algorithm: accelpb.SignatureAlgorithm(kernel.SM2SM3), PublicKeys: keys,
	}); err != nil {
		t.Fatal(err)
	}
	k.Wait()
	if got := k.Stats().Cache.Tables - before; got != len(signed.Keys) {
		t.Fatalf("%d keys have tables, want %d", got, len(signed.Keys))
	}
}
