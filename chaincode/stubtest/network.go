// Package stubtest is a Fabric network in memory, for unit tests and for running on one's desk the scenario
// scripts that also run on real peers.
//
// Chaincode is not mocked: every organisation's peer talks to its chaincode over the shim's own stream, so that
// arguments, metadata, iterators, write batches and error texts are the shim's. What stands here is the other side:
// endorser, gateway, validation, state database, private collections and block store of Hyperledger Fabric 3.1,
// for one channel with one peer an organisation. Proposals, read/write sets, envelopes and blocks are the real
// protobufs.
//
// It refuses what it doesn't model instead of pretending: rich queries, explicit collections, other channels and
// initialisation calls answer with an error. Not modelled at all: ordering (a block is what Commit was given),
// gossip delays, certificate expiry and revocation, lifecycle transactions, Merkle summaries of long range queries.
// Signatures are HMACs under a secret of each identity, because nothing here tests ECDSA; nobody outside the package
// can make one. Certificates are real X.509.
//
// Invariants: public state and private hashes are the same at every peer; the plaintext of an implicit collection
// reaches only its organisation's peer, and only if that peer endorsed; a committed block is never changed.
package stubtest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
)

// ChannelID is the name of the only channel.
const ChannelID = "trade"

// maxOrganisations bounds the gateway's search for endorsers, which tries every set of organisations.
const maxOrganisations = 12

// TB is the part of testing.TB that a network needs: it fails the test when keys can't be made and closes itself.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Factory makes the chaincode object of one organisation's peer.
type Factory func(mspID string) shim.Chaincode

// Network is one channel with one peer an organisation. It is safe for concurrent use.
type Network struct {
	tb    TB
	orgs  []string // sorted MSP ids
	nodes map[string]*node
	ids   *directory

	// mu orders simulations (readers) and commits (writer), as the peer's commit lock does.
	mu        sync.RWMutex
	policies  map[string]*signaturePolicy // chaincode-level policy by chaincode name
	state     *state
	blocks    []Block
	byTxID    map[string]location // first occurrence of every transaction that reached a block
	histories map[historyKey][]location
	halted    error
	grown     chan struct{} // closed and replaced when a block is added

	clockMu sync.Mutex
	now     time.Time
}

// location is a transaction's place on the chain.
type location struct {
	block uint64
	index int
}

// node is one organisation's peer.
type node struct {
	mspID    string
	identity *identity
	handlers map[string]*handler // by chaincode name

	mu        sync.Mutex
	stopped   bool
	transient map[string][]privateSet // private write sets of endorsed, not yet committed transactions, by tx id
	seen      []*Proposal             // every proposal that was sent to this peer
}

// NewNetwork makes a network of the organisations with the given MSP ids. Its clock stands at 2026-01-05 08:00 UTC
// until it is moved. The network stops at the end of the test.
func NewNetwork(tb TB, orgs ...string) *Network {
	tb.Helper()
	n := &Network{
		tb:        tb,
		orgs:      slices.Sorted(slices.Values(orgs)),
		nodes:     map[string]*node{},
		ids:       newDirectory(),
		policies:  map[string]*signaturePolicy{},
		state:     newState(orgs),
		byTxID:    map[string]location{},
		histories: map[historyKey][]location{},
		grown:     make(chan struct{}),
		now:       time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC),
	}
	if len(orgs) > maxOrganisations {
		tb.Fatalf("stubtest: at most %d organisations", maxOrganisations)
	}
	for _, org := range n.orgs {
		if n.nodes[org] != nil || org == "" {
			tb.Fatalf("stubtest: MSP id %q is empty or given twice", org)
		}
		if err := n.ids.addOrganisation(org); err != nil {
			tb.Fatalf("stubtest: organisation %s: %v", org, err)
		}
		id, err := n.ids.issue(org, subject{name: "peer0", unit: "peer"})
		if err != nil {
			tb.Fatalf("stubtest: peer of %s: %v", org, err)
		}
		n.nodes[org] = &node{
			mspID: org, identity: id,
			handlers: map[string]*handler{}, transient: map[string][]privateSet{},
		}
	}
	tb.Cleanup(n.close)
	return n
}

// Deploy installs a chaincode at every peer and commits its definition with the given chaincode-level policy.
// Deploying a name a second time fails the test.
func (n *Network) Deploy(name string, build Factory, policy Policy) {
	n.tb.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.policies[name] != nil {
		n.tb.Fatalf("stubtest: chaincode %s is deployed already", name)
	}
	n.policies[name] = policy.build(n.orgs)
	for _, org := range n.orgs {
		n.nodes[org].handlers[name] = startHandler(name, n.nodes[org], build(org))
	}
}

// Replace makes one organisation's peer run another chaincode object under a deployed name: another version, or
// a hostile one.
func (n *Network) Replace(name, mspID string, chaincode shim.Chaincode) {
	n.tb.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	nd := n.nodes[mspID]
	if nd == nil || nd.handlers[name] == nil {
		n.tb.Fatalf("stubtest: no chaincode %s at %s to replace", name, mspID)
		return
	}
	nd.handlers[name].close()
	nd.handlers[name] = startHandler(name, nd, chaincode)
}

// Organisations returns the MSP ids, sorted.
func (n *Network) Organisations() []string { return slices.Clone(n.orgs) }

// ImplicitCollection returns the name of an organisation's implicit private collection.
func ImplicitCollection(mspID string) string { return implicitPrefix + mspID }

// Now returns the network's clock: the timestamp of proposals whose Call sets none.
func (n *Network) Now() time.Time {
	n.clockMu.Lock()
	defer n.clockMu.Unlock()
	return n.now
}

// SetTime sets the network's clock.
func (n *Network) SetTime(to time.Time) {
	n.clockMu.Lock()
	defer n.clockMu.Unlock()
	n.now = to
}

// Advance moves the network's clock.
func (n *Network) Advance(by time.Duration) {
	n.clockMu.Lock()
	defer n.clockMu.Unlock()
	n.now = n.now.Add(by)
}

// StopPeer stops an organisation's peer: it endorses nothing, answers no query and serves no gateway. What is
// committed meanwhile it has when it starts again.
func (n *Network) StopPeer(mspID string) { n.setStopped(mspID, true) }

// StartPeer starts a stopped peer.
func (n *Network) StartPeer(mspID string) { n.setStopped(mspID, false) }

func (n *Network) setStopped(mspID string, stopped bool) {
	n.tb.Helper()
	nd := n.nodes[mspID]
	if nd == nil {
		n.tb.Fatalf("stubtest: no organisation %s", mspID)
		return
	}
	nd.mu.Lock()
	defer nd.mu.Unlock()
	nd.stopped = stopped
}

func (n *Network) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, nd := range n.nodes {
		for _, h := range nd.handlers {
			h.close()
		}
	}
}

// alive tells whether the organisation exists and its peer runs.
func (n *Network) alive(mspID string) bool {
	nd := n.nodes[mspID]
	return nd != nil && nd.running()
}

func (nd *node) running() bool {
	nd.mu.Lock()
	defer nd.mu.Unlock()
	return !nd.stopped
}

func (nd *node) address() string { return fmt.Sprintf("peer0.%s:7051", nd.mspID) }
