package client

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"
)

// Limits of a connection to a peer.
const (
	// maxMessageBytes is the peer's own limit (100 MiB).
	maxMessageBytes = 100 << 20
	// keepaliveTime finds dead connections. Peers refuse clients that ping
	// more often than once a minute.
	keepaliveTime    = 75 * time.Second
	keepaliveTimeout = 10 * time.Second
	// reconnectBase and reconnectCap replace gRPC's back-off, which grows to
	// two minutes: a peer is back two seconds after a crash.
	reconnectBase = 100 * time.Millisecond
	reconnectCap  = time.Second
	dialTimeout   = 3 * time.Second
)

// peerLink is the connection to one peer of the client's organisation.
type peerLink struct {
	endpoint string
	conn     *grpc.ClientConn
	gateway  *fabric.Gateway
	raw      gateway.GatewayClient
}

// peerSet holds the organisation's peers. Calls go to the current one; when it
// fails, the next becomes current.
type peerSet struct {
	links   []*peerLink
	current atomic.Uint32
}

func newPeerSet(p Profile, creds signer) (*peerSet, error) {
	s := &peerSet{}
	for _, address := range p.Peers {
		link, err := newPeerLink(address, creds)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.links = append(s.links, link)
	}
	return s, nil
}

func newPeerLink(address PeerAddress, creds signer) (*peerLink, error) {
	tlsConfig, err := address.tlsConfig()
	if err != nil {
		return nil, err
	}
	params := backoff.DefaultConfig
	params.BaseDelay, params.MaxDelay = reconnectBase, reconnectCap
	conn, err := grpc.NewClient(address.Endpoint,
		grpc.WithTransportCredentials(credentials.NewTLS(tlsConfig)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: params, MinConnectTimeout: dialTimeout}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(maxMessageBytes), grpc.MaxCallSendMsgSize(maxMessageBytes)),
	)
	if err != nil {
		return nil, fmt.Errorf("peer %s: %w", address.Endpoint, err)
	}
	gw, err := fabric.Connect(creds.id, fabric.WithSign(creds.sign), fabric.WithClientConnection(conn))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("peer %s: %w", address.Endpoint, err), conn.Close())
	}
	return &peerLink{endpoint: address.Endpoint, conn: conn, gateway: gw, raw: gateway.NewGatewayClient(conn)}, nil
}

func (s *peerSet) close() error {
	var errs []error
	for _, l := range s.links {
		errs = append(errs, l.gateway.Close(), l.conn.Close())
	}
	return errors.Join(errs...)
}

// at returns the link to use and its position, which fail takes.
func (s *peerSet) at() (*peerLink, uint32) {
	n := s.current.Load()
	return s.links[int(n)%len(s.links)], n
}

// fail makes the next peer current if the one at position n still is.
func (s *peerSet) fail(n uint32) { s.current.CompareAndSwap(n, n+1) }

// status asks the peer what became of a transaction, waiting until it is in a
// block or ctx ends.
func (l *peerLink) status(ctx context.Context, q statusQuery) (*fabric.Status, error) {
	request, err := proto.Marshal(&gateway.CommitStatusRequest{
		ChannelId: q.channel, TransactionId: q.transactionID, Identity: q.creator,
	})
	if err != nil {
		return nil, err
	}
	signed, err := proto.Marshal(&gateway.SignedCommitStatusRequest{Request: request})
	if err != nil {
		return nil, err
	}
	commit, err := l.gateway.NewCommit(signed)
	if err != nil {
		return nil, err
	}
	return commit.StatusWithContext(ctx)
}

// statusQuery names a transaction and who asks for it.
type statusQuery struct {
	channel, transactionID string
	creator                []byte
}

func (c signer) creator() ([]byte, error) {
	return proto.Marshal(&msp.SerializedIdentity{Mspid: c.id.MspID(), IdBytes: c.id.Credentials()})
}
