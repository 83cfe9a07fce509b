package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/e2e/demo"
	"github.com/argosy-trade/argosy/e2e/outside"
	"github.com/argosy-trade/argosy/e2e/scenario"
	"github.com/argosy-trade/argosy/gateway/client"
)

// withServices returns the native network with its oracles and its settlement
// agent at work. They rest during the other tests, which do by hand what these
// programs would do by themselves.
func withServices(t *testing.T) (*nativeNetwork, *outside.World) {
	t.Helper()
	n := onNative(t)
	around, err := outside.Around(n.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range n.services() {
		if err := n.StartProcess(t.Context(), name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	t.Cleanup(func() {
		if err := n.rest(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop the services: %v", err)
		}
	})
	return n, around
}

// services are the names of the processes that act by themselves.
func (n *nativeNetwork) services() (names []string) {
	for i := range n.topology.Organisations {
		o := &n.topology.Organisations[i]
		for _, s := range o.Services {
			names = append(names, o.ServiceName(s.Name))
		}
	}
	return names
}

// rest stops the services.
func (n *nativeNetwork) rest(ctx context.Context) error {
	var err error
	for _, name := range n.services() {
		err = errors.Join(err, n.StopProcess(ctx, name))
	}
	return err
}

// TestDemo plays the demo that people see.
func TestDemo(t *testing.T) {
	n, _ := withServices(t)
	var out strings.Builder
	err := demo.Run(t.Context(), demo.Options{
		Dir: n.Dir(), Topology: n.topology, Invoice: "../gateway/ubl/testdata/invoice-export.xml", Out: &out,
	})
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
}

// TestUnattended performs the stories in which nobody acts for others: real
// messages come in through the oracles, and payments go out through the agent.
func TestUnattended(t *testing.T) {
	n, around := withServices(t)
	ground := *n.ground
	ground.Oracle, ground.Engine = post{n, around}, bank{around}
	scenario.Run(t, stories+"/unattended", true, func(*testing.T) *scenario.Ground { return &ground })
}

// post brings messages to the oracles as customs and carriers send them.
type post struct {
	net    *nativeNetwork
	around *outside.World
}

// Report implements scenario.Oracle. It returns once the fact stands.
func (p post) Report(ctx context.Context, m scenario.Message) (client.Receipt[client.Reported], error) {
	var none client.Receipt[client.Reported]
	var err error
	switch {
	case m.Again || m.Retracted || m.By != "" || m.Ago != 0:
		return none, errors.New("this ground sends plain messages only")
	case m.Type == attest.CustomsCleared && m.Scheme == attest.SchemeMRN:
		err = p.around.CustomsClear(m.Identifier)
	case m.Type == attest.InspectionPassed && m.Scheme == attest.SchemeContainer:
		err = p.around.CarrierInspect(ctx, m.Identifier)
	default:
		err = fmt.Errorf("nobody sends messages about %s of a %s here", m.Type, m.Scheme)
	}
	if err != nil {
		return none, err
	}
	return p.await(ctx, m)
}

func (p post) await(ctx context.Context, m scenario.Message) (r client.Receipt[client.Reported], err error) {
	c, err := p.net.Client(ctx, scenario.Relay(m.Source))
	if err != nil {
		return r, err
	}
	subject := attest.SubjectOf(m.Scheme, m.Identifier)
	at := scenario.Place{Chaincode: c.Profile().Chaincodes.Registry}
	r.Block, err = scenario.Follow(ctx, c, at, func(ctx context.Context) (bool, error) {
		r.Value.Fact, err = c.Facts.Get(ctx, subject, m.Type)
		if fault.CodeOf(err) == fault.FactNotFound {
			return false, nil
		}
		return r.Value.Fact.State == trade.FactEstablished, err
	})
	return r, err
}

// bank is the payment engine behind the bank's agent.
type bank struct{ around *outside.World }

// Settle implements scenario.Engine.
func (b bank) Settle(_ context.Context, uetr, reference string) error {
	return b.around.EngineSettles(uetr, reference)
}
