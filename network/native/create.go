package native

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/network/ccaas"
	"github.com/argosy-trade/argosy/network/genesis"
	"github.com/argosy-trade/argosy/network/lifecycle"
	"github.com/argosy-trade/argosy/network/nodeconfig"
	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

func makeGenesis(p *plan.Plan, now time.Time) error {
	block, err := genesis.Block(p, now)
	if err != nil {
		return err
	}
	return os.WriteFile(p.GenesisBlock(), block, fileMode)
}

// packageFile is where a chaincode package of an organisation lies.
func packageFile(p *plan.Plan, o *topology.Organisation, chaincode string) string {
	return filepath.Join(p.Dir, "packages", o.Slug(), chaincode+".tar.gz")
}

// makePackages writes the chaincode packages of every organisation.
func makePackages(p *plan.Plan) (nodeconfig.PackageIDs, error) {
	ids := nodeconfig.PackageIDs{}
	for _, o := range p.Topology.PeerOrganisations() {
		ids[o.Name] = map[string]string{}
		// The peers of an organisation share a package, so they show one client
		// certificate to the chaincode process: the first peer's.
		pair := p.Keys.NodeTLS(o, peerOf(p, o).Short)
		var texts [3][]byte
		for i, path := range []string{pair.PrivateKey, pair.Certificate, p.Keys.TLSCA(o)} {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			texts[i] = text
		}
		for _, c := range p.Topology.Chaincodes {
			pkg, err := ccaas.New(c.Name+"_"+c.Version, ccaas.Connection{
				Address:   p.Address(p.Ports(o).Chaincodes[c.Name]),
				ClientKey: string(texts[0]), ClientCert: string(texts[1]), RootCert: string(texts[2]),
			})
			if err != nil {
				return nil, fmt.Errorf("package %s: %w", c.Name, err)
			}
			path := packageFile(p, o, c.Name)
			if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
				return nil, err
			}
			if err := os.WriteFile(path, pkg.Bytes, fileMode); err != nil {
				return nil, err
			}
			ids[o.Name][c.Name] = pkg.ID
		}
	}
	return ids, nil
}

// phase is a step that several organisations pass on their own: it begins when
// the first enters and ends when the last has left.
type phase struct {
	n     *Network
	name  string
	left  atomic.Int32
	begin sync.Once
	end   func(error)
}

func (n *Network) phase(name string, count int) *phase {
	p := &phase{n: n, name: name}
	p.left.Store(int32(count)) //nolint:gosec // as many as organisations
	return p
}

// do runs one participant's part.
func (p *phase) do(part func() error) error {
	p.begin.Do(func() { p.end = p.n.begin(p.name) })
	err := part()
	switch {
	case err != nil:
		// The first failure ends the step; others follow from it.
		if p.left.Swap(-1<<16) > 0 {
			p.end(err)
		}
	case p.left.Add(-1) == 0:
		p.end(nil)
	}
	return err
}

// StepFirstTransactions is the step that ends with a committed transaction
// through every organisation.
const StepFirstTransactions = "first transaction through every organisation"

// create brings a new network to its first transactions. Organisations go
// their ways at their own pace; only a commit needs a majority.
func (n *Network) create(ctx context.Context) error {
	block, err := os.ReadFile(n.plan.GenesisBlock())
	if err != nil {
		return err
	}
	peers, closeAll, err := n.connect()
	if err != nil {
		return err
	}
	defer closeAll()
	if err := n.joinAndApprove(ctx, peers, block); err != nil {
		return err
	}
	if err := n.step("commit chaincodes", func() error { return n.commit(ctx, peers) }); err != nil {
		return err
	}
	err = n.step(StepFirstTransactions, func() error {
		return n.firstTransactions(ctx, peers)
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.desc.Created = true
	err = n.desc.write(n.plan.Dir)
	n.mu.Unlock()
	if err != nil {
		return err
	}
	err = n.step("wait until every process is ready", func() error {
		return n.awaitKinds(ctx, kindOrderer, kindPeer, kindChaincode, kindAccelerator)
	})
	if err != nil {
		return err
	}
	n.startServices(ctx)
	return nil
}

func (n *Network) joinAndApprove(ctx context.Context, peers []*lifecycle.Peer, block []byte) error {
	orderers := n.plan.Orderers()
	joinOrderers := n.phase("start orderers and join them", len(orderers))
	joinPeers := n.phase("start peers and join them", len(peers))
	install := n.phase("install chaincodes", len(peers))
	approve := n.phase("approve chaincodes", len(n.plan.Topology.PeerOrganisations()))
	g, ctx := errgroup.WithContext(ctx)
	for _, o := range orderers {
		g.Go(func() error {
			return joinOrderers.do(func() error { return lifecycle.JoinOrderer(ctx, n.plan, o, block) })
		})
	}
	for _, p := range peers {
		g.Go(func() error {
			if err := joinPeers.do(func() error { return p.Join(ctx, block) }); err != nil {
				return err
			}
			if err := install.do(func() error { return n.install(ctx, p) }); err != nil {
				return err
			}
			if p.Node.Name != peerOf(n.plan, p.Node.Organisation).Name {
				return nil // one peer of the organisation approves for all
			}
			return approve.do(func() error { return n.approve(ctx, p) })
		})
	}
	return g.Wait()
}

func (n *Network) install(ctx context.Context, p *lifecycle.Peer) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range n.plan.Topology.Chaincodes {
		g.Go(func() error {
			pkg, err := os.ReadFile(packageFile(n.plan, p.Node.Organisation, c.Name))
			if err != nil {
				return err
			}
			id, err := p.Install(ctx, pkg)
			if err != nil {
				return err
			}
			if want := n.desc.Packages[p.Node.Organisation.Name][c.Name]; id != want {
				return fmt.Errorf("%s calls the package of %s %s, it is %s", p.Node.Name, c.Name, id, want)
			}
			return nil
		})
	}
	return g.Wait()
}

func (n *Network) approve(ctx context.Context, p *lifecycle.Peer) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range n.plan.Topology.Chaincodes {
		id := n.desc.Packages[p.Node.Organisation.Name][c.Name]
		g.Go(func() error { return p.Approve(ctx, c, id) })
	}
	return g.Wait()
}

// commit commits each chaincode once; different organisations take turns so
// that none has a special part.
func (n *Network) commit(ctx context.Context, peers []*lifecycle.Peer) error {
	g, ctx := errgroup.WithContext(ctx)
	for i, c := range n.plan.Topology.Chaincodes {
		g.Go(func() error { return peers[i%len(peers)].Commit(ctx, c) })
	}
	return g.Wait()
}

// firstTransactions has every organisation agree to the list of members,
// through its own peer: after it each is known to endorse, submit and commit.
// One after the other: all write the same key, so side by side most would be
// refused for a read conflict and have to be proposed again.
func (n *Network) firstTransactions(ctx context.Context, peers []*lifecycle.Peer) error {
	for _, p := range peers {
		if p.Node.Name != peerOf(n.plan, p.Node.Organisation).Name {
			continue
		}
		if err := p.ApproveConstitution(ctx, n.plan.Topology.Members()); err != nil {
			return err
		}
	}
	return nil
}

// ErrNotRunning says that the network in a directory is not running.
var ErrNotRunning = errors.New("the network is not running")
