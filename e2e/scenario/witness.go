package scenario

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/oracle/attestor"
)

// Witness is an oracle that signs in the test's own process with the sources'
// keys. It sends what it is told, right or wrong.
type Witness struct {
	ground   *Ground
	signers  map[SourceName]*attestor.Signer
	policies map[string]trade.Digest

	mu       sync.Mutex
	sequence uint64
	said     map[topic]attest.SignedClaim // the last claim about each topic
}

type topic struct {
	source  SourceName
	subject trade.Digest
	kind    string
}

// NewWitness founds the ground's network with the signers' keys and returns
// the oracle that holds them.
func NewWitness(ctx context.Context, g *Ground, signers map[SourceName]*attestor.Signer) (*Witness, error) {
	keys := map[SourceName]string{}
	for name, s := range signers {
		keys[name] = s.PublicKey()
	}
	digests, err := Found(ctx, g, keys)
	if err != nil {
		return nil, fmt.Errorf("found the network: %w", err)
	}
	return &Witness{ground: g, signers: signers, policies: digests, said: map[topic]attest.SignedClaim{}}, nil
}

// Relay returns the name of the client that submits for the source.
func Relay(s SourceName) string { return stations[s].relay }

// Report implements Oracle.
func (w *Witness) Report(ctx context.Context, m Message) (client.Receipt[client.Reported], error) {
	signed, err := w.claim(ctx, m)
	if err != nil {
		return client.Receipt[client.Reported]{}, err
	}
	sender := stations[m.Source].relay
	if m.By != "" {
		sender = m.By
	}
	c, err := w.ground.Network.Client(ctx, sender)
	if err != nil {
		return client.Receipt[client.Reported]{}, err
	}
	return c.Facts.Report(ctx, signed)
}

// claim signs what the message says, or looks up what was signed before.
func (w *Witness) claim(ctx context.Context, m Message) (attest.SignedClaim, error) {
	about := topic{m.Source, attest.SubjectOf(m.Scheme, m.Identifier), m.Type}
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.Again {
		signed, ok := w.said[about]
		if !ok {
			return signed, fmt.Errorf("%s has said nothing of %s %s before", m.Source, m.Type, m.Identifier)
		}
		return signed, nil
	}
	c, err := w.ground.Network.Client(ctx, stations[m.Source].relay)
	if err != nil {
		return attest.SignedClaim{}, err
	}
	now := w.ground.Clock.Now()
	w.sequence++
	claim := attest.Claim{
		Channel: c.Profile().Channel, Policy: w.policies[m.Type], Source: stations[m.Source].id,
		Subject: about.subject, Type: m.Type, Classifier: attest.Actual,
		OccurredAt: trade.InstantOf(now.Add(-m.Ago)), ObservedAt: trade.InstantOf(now),
		Sequence: w.sequence, Retracted: m.Retracted,
	}
	if _, err := rand.Read(claim.Evidence[:]); err != nil {
		return attest.SignedClaim{}, err
	}
	signed, err := w.signer(m).Sign(claim)
	if err == nil && m.By == "" {
		w.said[about] = signed
	}
	return signed, err
}

// signer returns the key that the message is signed with: a forger has any key
// but the right one.
func (w *Witness) signer(m Message) *attestor.Signer {
	if m.By == "" {
		return w.signers[m.Source]
	}
	for name, s := range w.signers {
		if name != m.Source {
			return s
		}
	}
	return nil // unreachable: there are two sources
}
