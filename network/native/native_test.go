package native_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/argosy-trade/argosy/network"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/native/nativetest"
	"github.com/argosy-trade/argosy/network/nodeconfig"
	"github.com/argosy-trade/argosy/network/process"
	"github.com/argosy-trade/argosy/network/topology"
)

const testTimeout = 90 * time.Second

func timeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

// gateway opens a gateway from nothing but a client profile, as the SDK does.
func gateway(t *testing.T, profile string) *client.Network {
	t.Helper()
	text, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	var p nodeconfig.Profile
	if err := yaml.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	read := func(path string) []byte {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(profile), path))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(p.Peers[0].TLSCA)) {
		t.Fatal("no TLS authority in the profile")
	}
	conn, err := grpc.NewClient(p.Peers[0].Endpoint,
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, p.Peers[0].ServerName)))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := identity.CertificateFromPEM(read(p.Identity.Certificate))
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.PrivateKeyFromPEM(read(p.Identity.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	sign, err := identity.NewPrivateKeySign(key)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.NewX509Identity(p.MSPID, cert)
	if err != nil {
		t.Fatal(err)
	}
	gw, err := client.Connect(id, client.WithSign(sign), client.WithHash(hash.SHA256), client.WithClientConnection(conn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = gw.Close()
		_ = conn.Close()
	})
	return gw.GetNetwork(p.Channel)
}

// constitution reads who has agreed to the members, through a client's peer.
func constitution(ctx context.Context, t *testing.T, profile string) string {
	t.Helper()
	answer, err := gateway(t, profile).GetContractWithName("registry", "Constitution").
		EvaluateWithContext(ctx, "Get", client.WithArguments("{}"))
	if err != nil {
		t.Fatalf("%s: %v", profile, err)
	}
	return string(answer)
}

func assertHealthy(ctx context.Context, t *testing.T, n *native.Network) {
	t.Helper()
	if st := n.Status(ctx); !st.Healthy {
		for _, p := range st.Processes {
			if !p.Healthy {
				t.Errorf("%s: %s", p.Name, p.Problem)
			}
		}
		t.Fatalf("ready %v, healthy %v", st.Ready, st.Healthy)
	}
}

// awaitRestart waits until a process that was killed runs again, as another one.
func awaitRestart(ctx context.Context, t *testing.T, n *native.Network, name string, kill func() error) {
	t.Helper()
	before := find(t, n.Status(ctx), name)
	if err := kill(); err != nil {
		t.Fatal(err)
	}
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		now := find(t, n.Status(ctx), name)
		if now.Restarts > before.Restarts && now.State == process.Ready && now.PID != before.PID {
			tick.Stop()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is %s after it was killed", name, now.State)
		case <-tick.C:
		}
	}
}

func find(t *testing.T, st native.Status, name string) native.ProcessStatus {
	t.Helper()
	i := slices.IndexFunc(st.Processes, func(p native.ProcessStatus) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no process %s", name)
	}
	return st.Processes[i]
}

// TestDefaultNetwork follows one network of the default topology through its
// life: made, used, crashed into, stopped, continued.
func TestDefaultNetwork(t *testing.T) {
	programs := nativetest.Programs(t)
	dir := filepath.Join(t.TempDir(), "net")
	ctx := timeout(t)
	opts := native.Options{Dir: dir, BasePort: nativetest.FreePorts(), Programs: programs}
	n := nativetest.Start(t, opts)
	assertHealthy(ctx, t, n)
	st := n.Status(ctx)
	t.Logf("ready after %v", st.TimeToReady)

	// The first transactions are on the ledger, seen alike by every peer, and a
	// client's profile is enough to see it.
	first := constitution(ctx, t, n.Profile("exporter"))
	for _, o := range n.Plan().Topology.PeerOrganisations() {
		if !strings.Contains(first, o.MSPID) {
			t.Errorf("%s has not agreed to the members: %s", o.MSPID, first)
		}
		if got := constitution(ctx, t, n.Profile(o.Governor().Name)); got != first {
			t.Errorf("%s sees %s, ExportBank sees %s", o.Name, got, first)
		}
	}
	if d, err := native.ReadDescription(dir); err != nil || !d.Created || len(d.Members) != 4 {
		t.Errorf("description %+v, %v", d, err)
	}

	second := native.New(opts)
	var running *native.AlreadyRunningError
	if err := second.Up(ctx); !errors.As(err, &running) {
		t.Errorf("a second supervisor got %v", err)
	}
	if err := second.Down(ctx); err != nil {
		t.Error(err)
	}

	for _, name := range []string{"peer0.carrier", "argosycc.exportbank", "orderer0.exportbank"} {
		awaitRestart(ctx, t, n, name, func() error { return n.KillProcess(name) })
	}
	assertHealthy(ctx, t, n)
	if got := constitution(ctx, t, n.Profile("carrier")); got != first {
		t.Errorf("after its crash Carrier sees %s", got)
	}
	if err := n.Down(ctx); err != nil {
		t.Fatal(err)
	}

	n = nativetest.Start(t, opts)
	assertHealthy(ctx, t, n)
	if got := constitution(ctx, t, n.Profile("customs")); got != first {
		t.Errorf("after down and up Authority sees %s", got)
	}
	t.Logf("continued after %v", n.Status(ctx).TimeToReady)
	made := func(s native.Step) bool { return s.Name == native.StepFirstTransactions }
	if slices.ContainsFunc(n.Status(ctx).Steps, made) {
		t.Error("a network with state was made anew")
	}
}

const watched = `    services:
      - name: watch
        program: servicetest
        arguments: ["${config}"]
        ports: [operations]
        sm2Keys: [seal]
        config: {operations: "127.0.0.1:${port:operations}", key: "${sm2key:seal}", profile: "${profile:exporter}"}
`

// broken is a service that ends at once: its configuration has no such field.
const broken = `    services:
      - {name: broken, program: servicetest, arguments: ["${config}"], ports: [operations], config: {colour: red}}
`

// TestTwoNetworksSideBySide runs a SmartBFT network with a service and a Raft
// network at the same time.
func TestTwoNetworksSideBySide(t *testing.T) {
	programs := nativetest.Programs(t, "./network/native/nativetest/servicetest")
	ctx := timeout(t)
	small := func(text string) *topology.Topology {
		t.Helper()
		top, err := topology.Parse("small.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return top
	}
	bft := strings.Replace(string(network.DefaultTopology), "    services: []\n", watched, 1)
	raft := strings.Replace(string(network.DefaultTopology), "consensus: smartbft", "consensus: etcdraft", 1)
	raft = strings.Replace(raft, "    services: []\n", broken, 1)
	var networks [2]*native.Network
	var starting sync.WaitGroup
	for i, text := range []string{bft, raft} {
		opts := native.Options{
			Topology: small(text), TopologySource: "small.yaml", BasePort: nativetest.FreePorts(), Programs: programs,
			Dir: filepath.Join(t.TempDir(), "net"),
		}
		starting.Go(func() {
			n, err := native.Start(ctx, opts)
			if err != nil {
				t.Error(err)
				return
			}
			networks[i] = n
		})
	}
	starting.Wait()
	for _, n := range networks {
		if n == nil {
			continue
		}
		t.Cleanup(func() {
			if err := n.Down(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	if t.Failed() {
		t.FailNow()
	}
	assertHealthy(ctx, t, networks[0])
	st := networks[1].Status(ctx)
	for _, p := range st.Processes {
		if want := p.Name != "broken.exportbank"; p.Healthy != want {
			t.Errorf("%s: healthy %v, want %v: %s", p.Name, p.Healthy, want, p.Problem)
		}
	}
	if !st.Ready || st.Healthy {
		t.Errorf("with a broken service: ready %v, healthy %v", st.Ready, st.Healthy)
	}
	a, b := constitution(ctx, t, networks[0].Profile("exporter")), constitution(ctx, t, networks[1].Profile("exporter"))
	if a == "" || b == "" {
		t.Error("a network has no constitution")
	}
	if p := find(t, networks[0].Status(ctx), "watch.exportbank"); !p.Healthy {
		t.Errorf("the service is %s", p.Problem)
	}
	if networks[1].Description().Consensus != topology.EtcdRaft {
		t.Error("the second network is not Raft")
	}
	// A profile of one network means nothing in the other: keys differ.
	if networks[0].Description().BasePort == networks[1].Description().BasePort {
		t.Error("both networks have the same ports")
	}
}

// TestInterruptedStartLeavesNothingHalf interrupts a start, then starts anew in
// the same directory.
func TestInterruptedStartLeavesNothingHalf(t *testing.T) {
	programs := nativetest.Programs(t)
	dir := filepath.Join(t.TempDir(), "net")
	ctx, cancel := context.WithCancel(timeout(t))
	opts := native.Options{Dir: dir, BasePort: nativetest.FreePorts(), Programs: programs}
	opts.Observe = func(s native.Step) {
		if s.Name == "approve chaincodes" { // in the middle of it
			cancel()
		}
	}
	if n, err := native.Start(ctx, opts); err == nil {
		_ = n.Down(context.Background())
		t.Fatal("an interrupted start succeeded")
	}
	if d, err := native.ReadDescription(dir); err != nil || d.Created {
		t.Fatalf("description %+v, %v", d, err)
	}
	opts.Observe = nil
	n := nativetest.Start(t, opts)
	assertHealthy(timeout(t), t, n)
}

func TestStatusIsReadableJSON(t *testing.T) {
	n := native.New(native.Options{Dir: t.TempDir()})
	text, err := json.Marshal(n.Status(context.Background()))
	if err != nil || !strings.Contains(string(text), `"processes":[]`) {
		t.Errorf("%s, %v", text, err)
	}
}
