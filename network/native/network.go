package native

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/portcheck"
	"github.com/argosy-trade/argosy/network/process"
	"github.com/argosy-trade/argosy/network/topology"
)

// Network is a network under supervision.
type Network struct {
	opts Options
	dir  string
	log  *slog.Logger

	mu        sync.Mutex // guards what follows
	plan      *plan.Plan
	desc      *Description
	processes []*process.Process
	steps     []Step
	ready     time.Duration // time to ready, 0 before
	began     time.Time

	lock     *os.File
	ports    *portcheck.Reservation
	spawner  *process.Spawner
	stop     context.CancelFunc
	stopped  chan struct{}
	downOnce sync.Once
	downErr  error
}

// New returns a network that is not started; it does no I/O.
func New(opts Options) *Network {
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if opts.Dir == "" {
		opts.Dir = DefaultDir
	}
	return &Network{opts: opts, log: log, stopped: make(chan struct{})}
}

// Start starts a network and returns once it is ready: the channel stands, and
// on a new network a transaction has been committed through every organisation.
// After an error nothing runs. The network lives on when ctx ends; see Down.
func Start(ctx context.Context, opts Options) (*Network, error) {
	n := New(opts)
	if err := n.Up(ctx); err != nil {
		return nil, errors.Join(err, n.Down(context.WithoutCancel(ctx)))
	}
	return n, nil
}

// Dir is the absolute state directory.
func (n *Network) Dir() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dir
}

// Plan is the plan of the network; nil before it is known.
func (n *Network) Plan() *plan.Plan {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.plan
}

// Description is the description of the network; nil before it is known.
func (n *Network) Description() *Description {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.desc
}

// Profile is the profile file of a client.
func (n *Network) Profile(client string) string { return n.Plan().Profile(client) }

// ErrUnknownProcess says that the network has no process of this name.
var ErrUnknownProcess = errors.New("no process of this name")

func (n *Network) process(name string) (*process.Process, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	names := make([]string, 0, len(n.processes))
	for _, p := range n.processes {
		if p.Info().Name == name {
			return p, nil
		}
		names = append(names, p.Info().Name)
	}
	return nil, fmt.Errorf("%w: %s; there are: %s", ErrUnknownProcess, name, strings.Join(names, ", "))
}

// StartProcess starts a stopped process and waits until it is ready.
func (n *Network) StartProcess(ctx context.Context, name string) error {
	p, err := n.process(name)
	if err != nil {
		return err
	}
	p.Start()
	return p.AwaitReady(ctx)
}

// StopProcess stops a process; it stays down until it is started.
func (n *Network) StopProcess(ctx context.Context, name string) error {
	p, err := n.process(name)
	if err != nil {
		return err
	}
	return p.Stop(ctx)
}

// RestartProcess stops a process, starts it and waits until it is ready.
func (n *Network) RestartProcess(ctx context.Context, name string) error {
	p, err := n.process(name)
	if err != nil {
		return err
	}
	return p.Restart(ctx)
}

// KillProcess kills a process as a crash would; it is restarted. For tests.
func (n *Network) KillProcess(name string) error {
	p, err := n.process(name)
	if err != nil {
		return err
	}
	return p.Kill()
}

// AwaitProcess waits until a process is ready.
func (n *Network) AwaitProcess(ctx context.Context, name string) error {
	p, err := n.process(name)
	if err != nil {
		return err
	}
	return p.AwaitReady(ctx)
}

// Down stops all processes, services first, and gives ports and directory back;
// the state stays. It may be called more than once.
func (n *Network) Down(ctx context.Context) error {
	n.downOnce.Do(func() { n.downErr = n.down(ctx) })
	return n.downErr
}

func (n *Network) down(ctx context.Context) error {
	n.mu.Lock()
	processes, stop := slices.Clone(n.processes), n.stop
	n.mu.Unlock()
	var err error
	// What uses the ledger ends before the ledger does.
	for _, kinds := range [][]string{{kindService}, {kindChaincode, kindAccelerator, kindPeer}, {kindOrderer}} {
		var g errgroup.Group
		for _, p := range processes {
			if slices.Contains(kinds, p.Info().Kind) {
				g.Go(func() error { return p.Stop(ctx) })
			}
		}
		err = errors.Join(err, g.Wait())
	}
	if stop != nil {
		stop()
		<-n.stopped
	}
	if n.spawner != nil {
		n.spawner.Close()
	}
	n.ports.Release()
	if n.lock != nil {
		err = errors.Join(err, n.lock.Close())
	}
	n.log.Info("down")
	return err
}

// Lock takes the state directory for this supervisor; Up does it by itself.
// Somebody else's lock is an *[AlreadyRunningError].
func (n *Network) Lock() error {
	if n.lock != nil {
		return nil
	}
	dir, err := filepath.Abs(n.opts.Dir)
	if err != nil {
		return err
	}
	n.lock, err = lock(dir)
	return err
}

// prepare settles directory, topology, ports and plan; fresh says that the
// network has to be made.
func (n *Network) prepare() (fresh bool, err error) {
	dir, err := filepath.Abs(n.opts.Dir)
	if err != nil {
		return false, err
	}
	ours, err := Ours(dir)
	if err != nil {
		return false, err
	}
	if !ours {
		return false, fmt.Errorf("%s holds other files than a network's; name an empty directory with --dir", dir)
	}
	if err := n.Lock(); err != nil {
		return false, err
	}
	desc, err := ReadDescription(dir)
	if err != nil && !errors.Is(err, ErrNoNetwork) {
		return false, err
	}
	fresh = desc == nil || !desc.Created
	if fresh {
		if err := wipe(dir); err != nil {
			return false, err
		}
		desc = nil
	}
	t, source, err := n.chooseTopology(dir, desc)
	if err != nil {
		return false, err
	}
	base, err := n.chooseBase(t, desc)
	if err != nil {
		return false, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dir = dir
	n.plan = plan.Native(t, dir, SocketDir(dir), base)
	if n.desc = desc; desc == nil {
		n.desc, err = describe(n.plan, source, n.began)
	}
	return fresh, err
}

const sourceDefault = "default"

// chooseTopology takes the topology of the options, else that which the
// existing network was made from, else the default. It refuses one that
// contradicts the existing ledger.
func (n *Network) chooseTopology(dir string, desc *Description) (*topology.Topology, string, error) {
	t, source := n.opts.Topology, n.opts.TopologySource
	var err error
	switch {
	case t != nil:
	case desc != nil && desc.Source != sourceDefault:
		source = desc.Source
		t, err = topology.Load(filepath.Join(dir, topologyFile))
	default:
		source = sourceDefault
		t, err = topology.Default()
	}
	if err != nil {
		return nil, "", err
	}
	if err := checkWithout(t, n.opts.Without); err != nil {
		return nil, "", err
	}
	if desc != nil {
		digest, err := ledgerDigest(t)
		if err != nil {
			return nil, "", err
		}
		if digest != desc.Ledger {
			return nil, "", fmt.Errorf("the topology differs in members, nodes, ordering or chaincodes from that of the "+
				"network in %s; start that one without --topology, use another --dir, or argosy-net reset", dir)
		}
	}
	return t, source, nil
}

// chooseBase settles the base port. An existing network keeps its own: its
// addresses stand in the ledger.
func (n *Network) chooseBase(t *topology.Topology, desc *Description) (int, error) {
	want := t.BasePort
	if n.opts.BasePort != nil {
		want = *n.opts.BasePort
	}
	if desc != nil {
		if n.opts.BasePort != nil && want != 0 && want != desc.BasePort {
			return 0, fmt.Errorf("the network was made with base port %d, which stands in its ledger; "+
				"leave --base-port out, or use another --dir", desc.BasePort)
		}
		return desc.BasePort, nil
	}
	if want != 0 {
		return want, nil
	}
	var err error
	if n.ports, err = portcheck.Reserve("127.0.0.1", t); err != nil {
		return 0, err
	}
	return n.ports.Base, nil
}
