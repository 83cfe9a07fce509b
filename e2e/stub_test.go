package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/e2e/scenario"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
	"github.com/argosy-trade/argosy/network/topology"
	"github.com/argosy-trade/argosy/oracle/attestor"
)

const stories = "scenario/testdata"

// TestStub performs every story on the in-memory stub, each on a network of
// its own.
func TestStub(t *testing.T) {
	scenario.Run(t, stories, false, newStub)
}

// stubTiming gives up on a peer that is down sooner than on a real network:
// nothing restarts it there but the story.
var stubTiming = client.Timing{
	Evaluate: 10 * time.Second, Endorse: 20 * time.Second, Submit: 10 * time.Second, CommitStatus: 5 * time.Second,
	Outcome: 20 * time.Second, Unavailable: 300 * time.Millisecond, Backoff: time.Millisecond,
	BackoffCap: 20 * time.Millisecond,
}

// stub is the stub as a ground.
type stub struct {
	*gatewaytest.World
	t        *testing.T
	topology *topology.Topology

	mu      sync.Mutex
	clients map[string]*client.Client
	halted  map[trade.MSPID]bool
}

func newStub(t *testing.T) *scenario.Ground {
	t.Helper()
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	var members []trade.MSPID
	for _, id := range top.Members() {
		members = append(members, trade.MSPID(id))
	}
	s := &stub{
		World: gatewaytest.NewWorld(t, members...), t: t, topology: top, clients: map[string]*client.Client{},
		halted: map[trade.MSPID]bool{},
	}
	g := &scenario.Ground{Name: "stub", Topology: top, Network: s, Clock: s, Processes: s}
	signers := map[scenario.SourceName]*attestor.Signer{}
	for _, name := range []scenario.SourceName{scenario.Customs, scenario.Carrier} {
		signers[name] = newSigner(t)
	}
	if g.Oracle, err = scenario.NewWitness(t.Context(), g, signers); err != nil {
		t.Fatal(err)
	}
	return g
}

func newSigner(t *testing.T) *attestor.Signer {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := attestor.Parse(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Client implements scenario.Network.
func (s *stub) Client(_ context.Context, name string) (*client.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[name]; c != nil {
		return c, nil
	}
	org, who := s.topology.Client(name)
	if who == nil {
		return nil, fmt.Errorf("nobody in the topology is called %s", name)
	}
	c := s.Connect(s.t, gatewaytest.Member{
		MSPID: trade.MSPID(org.MSPID), Name: name, Roles: strings.Join(who.Roles, ","), Company: trade.PartyID(who.Company),
	}, client.WithTiming(stubTiming))
	s.clients[name] = c
	return c, nil
}

// Now implements scenario.Clock.
func (s *stub) Now() time.Time { return s.Stub.Now() }

// Until implements scenario.Clock.
func (s *stub) Until(_ context.Context, t time.Time) error {
	if t.After(s.Stub.Now()) {
		s.Stub.SetTime(t.Add(time.Second))
	}
	return nil
}

var errPeersOnly = errors.New("the stub has no processes but peers: a story that needs others asks for another ground")

func (s *stub) organisation(p scenario.Process) (trade.MSPID, error) {
	if p.Kind != "peer" {
		return "", errPeersOnly
	}
	for _, o := range s.topology.PeerOrganisations() {
		if o.Slug() == p.Organisation {
			return trade.MSPID(o.MSPID), nil
		}
	}
	return "", fmt.Errorf("no organisation is called %s", p.Organisation)
}

// Halt implements scenario.Processes.
func (s *stub) Halt(_ context.Context, p scenario.Process) error {
	org, err := s.organisation(p)
	if err == nil {
		s.Stop(org)
		s.halted[org] = true
	}
	return err
}

// Crash implements scenario.Processes. Nobody watches over the stub's peers,
// so one that crashes is started again here, as the supervisor would.
func (s *stub) Crash(ctx context.Context, p scenario.Process) error {
	if err := s.Halt(ctx, p); err != nil {
		return err
	}
	return s.Start(ctx, p)
}

// Start implements scenario.Processes.
func (s *stub) Start(_ context.Context, p scenario.Process) error {
	org, err := s.organisation(p)
	if err != nil || !s.halted[org] {
		return err
	}
	delete(s.halted, org)
	s.World.Start(org)
	return nil
}

// Answers implements scenario.Processes.
func (*stub) Answers(context.Context, string) (scenario.Answers, error) {
	return scenario.Answers{}, errPeersOnly
}
