// Package lifecycle brings a channel to life on running nodes: orderers and
// peers join, chaincodes are installed, approved and committed, and the first
// transaction goes through every organisation. It talks to Fabric by its own
// interfaces (participation API, endorser, gateway, discovery), never through
// command line programs.
//
// Every step waits for its node by trying, bounded by the context, and may be
// repeated: what is done already counts as done. It refuses to guess: an answer
// that is neither success, nor "already done", nor "not yet" is an error.
package lifecycle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	mspproto "github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/argosy-trade/argosy/network/crypto"
	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

// Peer is a connection to one peer as its organisation's administrator.
type Peer struct {
	Node     plan.Node
	conn     *grpc.ClientConn
	admin    *signer
	certHash []byte
	gateway  *client.Gateway
	channel  string
	keys     crypto.Store
}

// signer is an identity that can sign, serialized as Fabric wants it.
type signer struct {
	id         *identity.X509Identity
	sign       identity.Sign
	serialized []byte
}

// Connect prepares a connection to a peer; it dials in the background, so the
// peer need not serve yet. Close it when done.
func Connect(p *plan.Plan, n plan.Node) (*Peer, error) {
	pair := p.Keys.Admin(n.Organisation)
	admin, err := newSigner(n.Organisation.MSPID, pair)
	if err != nil {
		return nil, err
	}
	creds, certHash, err := transport(p, n, pair)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(n.Endpoint(), grpc.WithTransportCredentials(creds),
		grpc.WithConnectParams(grpc.ConnectParams{
			// A node that is just starting is dialled again soon; gRPC's default
			// waits a second after the first refusal.
			Backoff:           backoff.Config{BaseDelay: firstRedial, Multiplier: 1.3, MaxDelay: lastRedial},
			MinConnectTimeout: 2 * time.Second,
		}), grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Name, err)
	}
	gw, err := newGateway(conn, admin)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &Peer{
		Node: n, conn: conn, admin: admin, certHash: certHash, gateway: gw, channel: p.Topology.Channel, keys: p.Keys,
	}, nil
}

// Close ends the connection.
func (p *Peer) Close() error {
	_ = p.gateway.Close()
	return p.conn.Close()
}

// transport makes TLS credentials that trust the node's organisation and show a
// client certificate: discovery binds requests to it.
func transport(p *plan.Plan, n plan.Node, pair crypto.Pair) (credentials.TransportCredentials, []byte, error) {
	roots, err := pool(p.Keys.TLSCA(n.Organisation))
	if err != nil {
		return nil, nil, err
	}
	cert, err := tls.LoadX509KeyPair(pair.Certificate, pair.PrivateKey)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(cert.Certificate[0])
	return credentials.NewTLS(&tls.Config{
		RootCAs: roots, ServerName: n.HostName, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13,
	}), sum[:], nil
}

func pool(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return roots, nil
}

func newSigner(mspID string, pair crypto.Pair) (*signer, error) {
	certText, err := os.ReadFile(pair.Certificate)
	if err != nil {
		return nil, err
	}
	keyText, err := os.ReadFile(pair.PrivateKey)
	if err != nil {
		return nil, err
	}
	cert, err := identity.CertificateFromPEM(certText)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pair.Certificate, err)
	}
	key, err := identity.PrivateKeyFromPEM(keyText)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pair.PrivateKey, err)
	}
	sign, err := identity.NewPrivateKeySign(key)
	if err != nil {
		return nil, err
	}
	id, err := identity.NewX509Identity(mspID, cert)
	if err != nil {
		return nil, err
	}
	serialized, err := proto.Marshal(&mspproto.SerializedIdentity{Mspid: mspID, IdBytes: bytes.Clone(id.Credentials())})
	if err != nil {
		return nil, err
	}
	return &signer{id: id, sign: sign, serialized: serialized}, nil
}

func newGateway(conn grpc.ClientConnInterface, s *signer) (*client.Gateway, error) {
	return client.Connect(s.id, client.WithSign(s.sign), client.WithHash(hash.SHA256),
		client.WithClientConnection(conn), client.WithEndorseTimeout(endorseTimeout),
		client.WithSubmitTimeout(submitTimeout), client.WithCommitStatusTimeout(commitStatusTimeout))
}

// Pauses between attempts to reach a node that does not listen yet.
const (
	firstRedial = 20 * time.Millisecond
	lastRedial  = 200 * time.Millisecond
)

// Limits of one attempt; attempts are repeated until the context ends.
const (
	endorseTimeout = 15 * time.Second
	submitTimeout  = 5 * time.Second
	// A commit takes a tenth of a second. After this the same envelope is sent
	// again: an orderer that died may have lost it.
	commitStatusTimeout = 2 * time.Second
)

// Governor returns a gateway of the organisation's governor through this peer.
func (p *Peer) governor() (*client.Gateway, error) {
	o := p.Node.Organisation
	g := o.Governor()
	if g == nil {
		return nil, fmt.Errorf("organisation %s has no %s", o.Name, topology.RoleGovernor)
	}
	s, err := newSigner(o.MSPID, p.keys.Client(o, g.Name))
	if err != nil {
		return nil, err
	}
	return newGateway(p.conn, s)
}

// pollInterval separates two attempts at a node that is not ready yet.
const pollInterval = 15 * time.Millisecond

// pause waits between two attempts, or until the end of ctx, whose error it
// returns. It is no guess at how long something takes.
func pause(ctx context.Context) error {
	timer := time.NewTimer(pollInterval)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
