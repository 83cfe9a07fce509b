package native

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/network/ccaas"
	"github.com/argosy-trade/argosy/network/lifecycle"
	"github.com/argosy-trade/argosy/network/nodeconfig"
	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/portcheck"
	"github.com/argosy-trade/argosy/network/process"
	"github.com/argosy-trade/argosy/network/topology"
)

// startTimeout bounds a whole start: the slowest good start on a busy machine
// took a sixth of it.
const startTimeout = 120 * time.Second

// Up starts the network; see Start. After an error, call Down.
func (n *Network) Up(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout,
		fmt.Errorf("the network was not ready within %v", startTimeout))
	defer cancel()
	n.mu.Lock()
	n.began = time.Now()
	n.mu.Unlock()
	var fresh bool
	err := n.step("check programs, ports, machine", func() (err error) {
		fresh, err = n.check()
		return err
	})
	if err != nil {
		return err
	}
	if fresh {
		err = n.step("make keys and certificates", n.makeKeys)
	}
	if err == nil {
		err = n.step("write genesis block and configuration", func() error { return n.configure(fresh) })
	}
	if err != nil {
		return err
	}
	if err := n.launch(); err != nil {
		return err
	}
	// A process that cannot run makes waiting for the others pointless.
	g, gctx := errgroup.WithContext(ctx)
	watch, unwatch := context.WithCancel(gctx)
	n.mu.Lock()
	for _, p := range n.processes {
		if p.Info().Kind != kindService {
			g.Go(func() error { return p.AwaitCrashLoop(watch) })
		}
	}
	n.mu.Unlock()
	g.Go(func() error {
		defer unwatch()
		if fresh {
			return n.create(gctx)
		}
		return n.resume(gctx)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	n.mu.Lock()
	n.ready = time.Since(n.began)
	n.mu.Unlock()
	n.log.Info("ready", "after", n.ready.String(), "new", fresh)
	return nil
}

// check settles the plan and makes sure that it can be carried out here.
func (n *Network) check() (fresh bool, err error) {
	if fresh, err = n.prepare(); err != nil {
		return false, err
	}
	if n.opts.Programs, err = n.opts.Programs.Resolve(n.plan.Topology, n.opts.Without); err != nil {
		return false, err
	}
	routable, err := portcheck.HasRoutableIPv4()
	if err != nil {
		return false, err
	}
	if !routable {
		return false, errors.New("this machine has only loopback addresses, and Fabric's peer refuses to start " +
			"without another IPv4 address; " + portcheck.LoopbackRemedy)
	}
	return fresh, portcheck.Check(n.plan.Host, n.plan.Topology.PortUses(n.plan.Base))
}

func (n *Network) makeKeys() error { return n.plan.Keys.Generate(n.plan.Topology, n.began) }

// launch starts the supervision of all processes, and all but the services:
// those need the ledger.
func (n *Network) launch() error {
	list, err := specs(n.plan, n.opts.Programs, n.opts.Without)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(n.plan.SocketAt, 0o700); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	n.mu.Lock()
	defer n.mu.Unlock()
	n.spawner, n.stop = process.NewSpawner(), stop
	var running sync.WaitGroup
	for _, s := range list {
		p := process.New(s, n.spawner, n.log)
		n.processes = append(n.processes, p)
		if s.Kind != kindService {
			p.Start()
		}
		running.Go(func() {
			if err := p.Run(ctx); err != nil {
				n.log.Error("supervision ends", "error", err.Error())
			}
		})
	}
	go func() {
		running.Wait()
		close(n.stopped)
	}()
	return nil
}

// awaitKinds waits until all processes of some kinds are ready.
func (n *Network) awaitKinds(ctx context.Context, kinds ...string) error {
	g, ctx := errgroup.WithContext(ctx)
	n.mu.Lock()
	for _, p := range n.processes {
		for _, k := range kinds {
			if p.Info().Kind == k {
				g.Go(func() error { return p.AwaitReady(ctx) })
			}
		}
	}
	n.mu.Unlock()
	return g.Wait()
}

// connect opens a connection to every peer; they need not serve yet.
func (n *Network) connect() ([]*lifecycle.Peer, func(), error) {
	var peers []*lifecycle.Peer
	closeAll := func() {
		for _, p := range peers {
			_ = p.Close()
		}
	}
	for _, node := range n.plan.Peers() {
		p, err := lifecycle.Connect(n.plan, node)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		peers = append(peers, p)
	}
	return peers, closeAll, nil
}

// resume waits until a network with state serves again.
func (n *Network) resume(ctx context.Context) error {
	peers, closeAll, err := n.connect()
	if err != nil {
		return err
	}
	defer closeAll()
	err = n.step("start orderers, peers, chaincodes", func() error {
		return n.awaitKinds(ctx, kindOrderer, kindPeer, kindChaincode, kindAccelerator)
	})
	if err != nil {
		return err
	}
	err = n.step("wait until peers know each other", func() error { return n.awaitMembers(ctx, peers) })
	if err != nil {
		return err
	}
	err = n.step("ask every chaincode", func() error { return n.askChaincodes(ctx, peers) })
	if err != nil {
		return err
	}
	n.startServices(ctx)
	return nil
}

func (n *Network) chaincodeNames() []string {
	var names []string
	for _, c := range n.plan.Topology.Chaincodes {
		names = append(names, c.Name)
	}
	return names
}

func (n *Network) awaitMembers(ctx context.Context, peers []*lifecycle.Peer) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, p := range peers {
		g.Go(func() error { return p.AwaitMembers(ctx, n.plan.Topology.Members(), n.chaincodeNames()) })
	}
	return g.Wait()
}

func (n *Network) askChaincodes(ctx context.Context, peers []*lifecycle.Peer) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, p := range peers {
		for _, c := range n.chaincodeNames() {
			g.Go(func() error { return p.Evaluate(ctx, c) })
		}
	}
	return g.Wait()
}

// StepServices is the step that starts the services.
const StepServices = "start services"

// serviceTimeout bounds the wait for services; they start in a fraction of it.
const serviceTimeout = 30 * time.Second

// startServices starts the services and waits for them. One that does not come
// up is a failed step and shows in the status, but takes nothing down with it:
// the ledger is worth more than any program beside it.
func (n *Network) startServices(ctx context.Context) {
	services := 0
	n.mu.Lock()
	for _, p := range n.processes {
		if p.Info().Kind == kindService {
			p.Start()
			services++
		}
	}
	n.mu.Unlock()
	if services == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	err := n.step(StepServices, func() error { return n.awaitKinds(ctx, kindService) })
	if err != nil {
		n.log.Error("a service is not ready", "error", err.Error())
	}
}

// configure writes what the processes read. On a new network also genesis block
// and packages.
func (n *Network) configure(fresh bool) error {
	if fresh {
		if err := makeGenesis(n.plan, n.began); err != nil {
			return err
		}
		ids, err := makePackages(n.plan)
		if err != nil {
			return err
		}
		n.desc.Packages = ids
	} else if err := n.plan.Keys.Complete(n.plan.Topology, n.began); err != nil {
		return err
	}
	// Clients and services may have changed since the network was made.
	d, err := describe(n.plan, n.desc.Source, n.desc.CreatedAt)
	if err != nil {
		return err
	}
	d.Created, d.Packages = n.desc.Created, n.desc.Packages
	n.mu.Lock()
	n.desc = d
	n.mu.Unlock()
	if err := ccaas.Link(n.plan.Builder(), n.opts.Programs.Builder); err != nil {
		return err
	}
	if err := nodeconfig.Write(n.plan, n.desc.Packages); err != nil {
		return err
	}
	if err := saveTopology(n.plan.Dir, n.plan.Topology); err != nil {
		return err
	}
	return n.desc.write(n.plan.Dir)
}

// step runs and reports one step.
func (n *Network) step(name string, do func() error) error {
	end := n.begin(name)
	err := do()
	end(err)
	return err
}

// begin reports the beginning of a step and returns how to report its end.
func (n *Network) begin(name string) func(error) {
	start := time.Now()
	n.report(Step{Name: name, State: StepRunning, Total: time.Since(n.began)})
	return func(err error) {
		s := Step{Name: name, State: StepDone, Elapsed: time.Since(start), Total: time.Since(n.began)}
		if err != nil {
			s.State, s.Detail = StepFailed, err.Error()
		}
		n.report(s)
	}
}

func (n *Network) report(s Step) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.State != StepRunning {
		n.steps = append(n.steps, s)
		n.log.Info("step", "name", s.Name, "state", string(s.State), "elapsed", s.Elapsed.String())
	}
	if n.opts.Observe != nil {
		n.opts.Observe(s)
	}
}

// peerOf is the peer that acts for its organisation: the first.
func peerOf(p *plan.Plan, o *topology.Organisation) plan.Node { return p.PeersOf(o)[0] }
