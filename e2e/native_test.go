package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/e2e/scenario"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/network/fabricbuild"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/topology"
	"github.com/argosy-trade/argosy/oracle/attestor"
)

// TestMain ends the native network that the tests have shared. Its directory
// with all logs stays if a test has failed.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.end(code == 0); err != nil {
		fmt.Fprintln(os.Stderr, "the native network did not end well:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// TestNative performs every story on a network of real peers and orderers, one
// after the other.
func TestNative(t *testing.T) {
	scenario.Run(t, stories, true, func(t *testing.T) *scenario.Ground {
		t.Helper()
		return onNative(t).ground
	})
}

// shared is the one native network of this test program, started by the first
// test that needs it.
var shared nativeOnce

type nativeOnce struct {
	once sync.Once
	net  *nativeNetwork
	err  error
}

// onNative returns the native network. A machine without the programs for it
// skips the test, in words; in CI that is a failure.
func onNative(t *testing.T) *nativeNetwork {
	t.Helper()
	if testing.Short() {
		t.Skip("a native network takes seconds to start: not with -short")
	}
	shared.once.Do(func() { shared.net, shared.err = startNative(context.WithoutCancel(t.Context())) })
	var missing *native.MissingProgramError
	if errors.As(shared.err, &missing) && os.Getenv("CI") == "" {
		t.Skipf("the programs of a native network are not built (make build fabric):\n%v", missing)
	}
	if shared.err != nil {
		t.Fatalf("the native network does not start: %v", shared.err)
	}
	return shared.net
}

// end stops the network and, if all went well, deletes it.
func (o *nativeOnce) end(passed bool) error {
	if o.net == nil {
		return nil
	}
	o.net.close()
	dir := o.net.Dir()
	err := o.net.Down(context.Background())
	if !passed || err != nil {
		fmt.Fprintln(os.Stderr, "the native network's logs are in", filepath.Join(dir, "logs"))
		return err
	}
	return native.Reset(dir)
}

// nativeNetwork is a network of processes as a ground.
type nativeNetwork struct {
	*native.Network
	topology *topology.Topology
	ground   *scenario.Ground

	mu      sync.Mutex
	clients map[string]*client.Client
}

func startNative(ctx context.Context) (*nativeNetwork, error) {
	top, err := topology.Default()
	if err != nil {
		return nil, err
	}
	root, err := fabricbuild.Root(".")
	if err != nil {
		return nil, err
	}
	programs, err := native.Programs{Argosy: filepath.Join(root, "build", "bin")}.Resolve(top, nil)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Join(root, "build"), "e2e-")
	if err != nil {
		return nil, err
	}
	free := 0
	net, err := native.Start(ctx, native.Options{
		Topology: top, TopologySource: "e2e", Dir: dir, BasePort: &free, Programs: programs,
	})
	if err != nil {
		return nil, fmt.Errorf("%w\nlogs are in %s", err, filepath.Join(dir, "logs"))
	}
	n := &nativeNetwork{Network: net, topology: top, clients: map[string]*client.Client{}}
	n.ground = &scenario.Ground{Name: "native", Topology: top, Network: n, Clock: wall{}, Processes: n}
	signers := map[scenario.SourceName]*attestor.Signer{}
	for _, name := range []scenario.SourceName{scenario.Customs, scenario.Carrier} {
		profile, err := client.LoadProfile(net.Profile(scenario.Relay(name)))
		if err != nil {
			return n, err
		}
		if signers[name], err = attestor.Load(profile.SM2Key); err != nil {
			return n, err
		}
	}
	if err := n.rest(ctx); err != nil {
		return n, err
	}
	witness, err := scenario.NewWitness(ctx, n.ground, signers)
	n.ground.Oracle = witness
	return n, err
}

func (n *nativeNetwork) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.clients {
		_ = c.Close()
	}
}

// Client implements scenario.Network.
func (n *nativeNetwork) Client(ctx context.Context, name string) (*client.Client, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c := n.clients[name]; c != nil {
		return c, nil
	}
	p, err := client.LoadProfile(n.Profile(name))
	if err != nil {
		return nil, fmt.Errorf("nobody in the topology is called %s: %w", name, err)
	}
	c, err := client.Connect(context.WithoutCancel(ctx), p)
	if err != nil {
		return nil, err
	}
	n.clients[name] = c
	return c, nil
}

// wall is real time as a clock.
type wall struct{}

// patience is the longest that a story may wait for real time to pass.
const patience = 30 * time.Second

// Now implements scenario.Clock.
func (wall) Now() time.Time { return time.Now() }

// Until implements scenario.Clock.
func (wall) Until(ctx context.Context, t time.Time) error {
	left := time.Until(t) + 2*time.Millisecond // deadlines are kept in milliseconds
	if left > patience {
		return fmt.Errorf("real time does not pass %s for a test", left)
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *nativeNetwork) organisation(slug string) (*topology.Organisation, error) {
	for i := range n.topology.Organisations {
		if o := &n.topology.Organisations[i]; o.Slug() == slug {
			return o, nil
		}
	}
	return nil, fmt.Errorf("no organisation is called %s", slug)
}

// name is the process's name under the supervisor.
func (n *nativeNetwork) name(p scenario.Process) (string, error) {
	o, err := n.organisation(p.Organisation)
	if err != nil {
		return "", err
	}
	switch p.Kind {
	case "peer":
		return o.PeerName(0), nil
	case "orderer":
		return o.OrdererName(0), nil
	case "accelerator":
		return o.AcceleratorName(), nil
	case "chaincode":
		return o.ChaincodeName(), nil
	default:
		return "", fmt.Errorf("no kind of process is called %s", p.Kind)
	}
}

// Halt implements scenario.Processes.
func (n *nativeNetwork) Halt(ctx context.Context, p scenario.Process) error {
	name, err := n.name(p)
	if err != nil {
		return err
	}
	return n.StopProcess(ctx, name)
}

// Crash implements scenario.Processes: the supervisor brings the process back.
func (n *nativeNetwork) Crash(_ context.Context, p scenario.Process) error {
	name, err := n.name(p)
	if err != nil {
		return err
	}
	return n.KillProcess(name)
}

// Start implements scenario.Processes.
func (n *nativeNetwork) Start(ctx context.Context, p scenario.Process) error {
	name, err := n.name(p)
	if err != nil {
		return err
	}
	return n.StartProcess(ctx, name)
}

// Answers implements scenario.Processes, from the chaincode's metrics.
func (n *nativeNetwork) Answers(ctx context.Context, organisation string) (scenario.Answers, error) {
	o, err := n.organisation(organisation)
	if err != nil {
		return scenario.Answers{}, err
	}
	at := n.Plan().Address(n.Plan().Ports(o).ChaincodeOps)
	sidecar, err := metric(ctx, at, "argosy_accel_calls_total", `path="sidecar"`)
	if err != nil {
		return scenario.Answers{}, err
	}
	software, err := metric(ctx, at, "argosy_accel_calls_total", `path="software"`)
	if err == nil && sidecar+software == 0 {
		err = errors.New("the chaincode's metrics say nothing of its accelerator")
	}
	return scenario.Answers{Accelerator: uint64(sidecar), Software: uint64(software)}, err
}
