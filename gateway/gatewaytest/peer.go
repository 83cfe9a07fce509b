// Package gatewaytest is a peer's Gateway service for tests: real gRPC over TLS
// on the loopback interface, real protobuf envelopes, and a Backend in place of
// the chaincode and the ordering service.
//
// Ledger is a backend whose answers a test scripts: refusals, silence, lost
// hand-overs, read conflicts. Stub is a backend that runs the real chaincode on
// chaincode/stubtest, so that the SDK, the programs above it and the scenarios
// run end to end without a network. Peers that share a backend stand for
// several peers of one organisation.
//
// The texts of errors are those of Fabric 3.1 (internal/pkg/gateway), because
// they are all that tells some failures apart.
package gatewaytest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Invocation is one call of a chaincode function, as a peer sees it.
type Invocation struct {
	TransactionID string
	Creator       Creator
	Channel       string
	Chaincode     string
	Function      string
	Args          []string
	Transient     map[string][]byte
	// Organisations are those that the client named to endorse or to answer.
	Organisations []string
}

// Creator is who signed.
type Creator struct {
	MSPID       string
	Certificate string // PEM
}

// Status is what became of a transaction.
type Status struct {
	Code  peer.TxValidationCode
	Block uint64
}

// Block is what a stream of events needs to know of a block.
type Block struct {
	Number uint64
	Events []*peer.ChaincodeEvent // of valid transactions, in order
}

// Backend answers in place of chaincode and ordering service. Errors should
// carry a gRPC status as the peer's gateway returns it.
type Backend interface {
	// Invoke runs the function. An evaluation is discarded; otherwise the
	// backend keeps what a later Submit of the transaction commits.
	Invoke(ctx context.Context, in Invocation, evaluate bool) ([]byte, error)
	// Submit hands the transaction over; nil means that it was accepted.
	Submit(ctx context.Context, transactionID string) error
	// Status waits until the transaction is in a block or ctx ends.
	Status(ctx context.Context, transactionID string) (Status, error)
	// Block waits until the block is committed or ctx ends.
	Block(ctx context.Context, number uint64) (Block, error)
}

// Peer is a running fake peer. It is stopped by the test's cleanup.
type Peer struct {
	gateway.UnimplementedGatewayServer
	peer.UnimplementedDeliverServer

	backend Backend
	network *Network
	door    *door
	mu      sync.Mutex
	server  *grpc.Server
}

// StartPeer starts a peer of the network on a free port.
func (n *Network) StartPeer(tb testing.TB, backend Backend) *Peer {
	tb.Helper()
	d, err := openDoor()
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	p := &Peer{backend: backend, network: n, door: d}
	p.Start()
	tb.Cleanup(func() {
		p.Stop()
		_ = d.listener.Close()
	})
	return p
}

// Address is where the peer listens; it stays the same over restarts.
func (p *Peer) Address() string { return p.door.listener.Addr().String() }

// Start starts the peer, again after Stop.
func (p *Peer) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server = grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{p.network.serverCertificate}, MinVersion: tls.VersionTLS12,
	})))
	gateway.RegisterGatewayServer(p.server, p)
	peer.RegisterDeliverServer(p.server, p)
	go func(s *grpc.Server, l net.Listener) { _ = s.Serve(l) }(p.server, p.door.enter())
}

// Stop breaks all connections, like a kill -9.
func (p *Peer) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.door.shut()
	p.server.Stop()
}

// Evaluate implements the Gateway service.
func (p *Peer) Evaluate(ctx context.Context, r *gateway.EvaluateRequest) (*gateway.EvaluateResponse, error) {
	in, _, err := parseProposal(r.GetProposedTransaction(), r.GetTargetOrganizations())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	result, err := p.backend.Invoke(ctx, in, true)
	if err != nil {
		return nil, asStatus(err)
	}
	return &gateway.EvaluateResponse{Result: &peer.Response{Status: 200, Payload: result}}, nil
}

// Endorse implements the Gateway service.
func (p *Peer) Endorse(ctx context.Context, r *gateway.EndorseRequest) (*gateway.EndorseResponse, error) {
	in, header, err := parseProposal(r.GetProposedTransaction(), r.GetEndorsingOrganizations())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	result, err := p.backend.Invoke(ctx, in, false)
	if err != nil {
		return nil, asStatus(err)
	}
	envelope, err := envelopeOf(header, result)
	if err != nil {
		return nil, status.Error(codes.Aborted, err.Error())
	}
	return &gateway.EndorseResponse{PreparedTransaction: envelope}, nil
}

// Submit implements the Gateway service.
func (p *Peer) Submit(ctx context.Context, r *gateway.SubmitRequest) (*gateway.SubmitResponse, error) {
	if len(r.GetPreparedTransaction().GetSignature()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "prepared transaction must be signed")
	}
	if err := p.backend.Submit(ctx, r.GetTransactionId()); err != nil {
		return nil, asStatus(err)
	}
	return &gateway.SubmitResponse{}, nil
}

// CommitStatus implements the Gateway service.
func (p *Peer) CommitStatus(ctx context.Context, r *gateway.SignedCommitStatusRequest) (
	*gateway.CommitStatusResponse, error,
) {
	var request gateway.CommitStatusRequest
	if err := proto.Unmarshal(r.GetRequest(), &request); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if len(r.GetSignature()) == 0 {
		return nil, status.Error(codes.PermissionDenied, "the request is not signed")
	}
	st, err := p.backend.Status(ctx, request.GetTransactionId())
	if err != nil {
		return nil, asStatus(err)
	}
	return &gateway.CommitStatusResponse{Result: st.Code, BlockNumber: st.Block}, nil
}

// ChaincodeEvents implements the Gateway service with the peer's own rule: what
// follows the named transaction, from the start block on.
func (p *Peer) ChaincodeEvents(
	r *gateway.SignedChaincodeEventsRequest, stream gateway.Gateway_ChaincodeEventsServer,
) error {
	var request gateway.ChaincodeEventsRequest
	if err := proto.Unmarshal(r.GetRequest(), &request); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	after := request.GetAfterTransactionId()
	for number := request.GetStartPosition().GetSpecified().GetNumber(); ; number++ {
		block, err := p.backend.Block(stream.Context(), number)
		if err != nil {
			return asStatus(err)
		}
		response := &gateway.ChaincodeEventsResponse{BlockNumber: number}
		for _, e := range block.Events {
			switch {
			case after != "":
				if e.GetTxId() == after {
					after = ""
				}
			case e.GetChaincodeId() == request.GetChaincodeId():
				response.Events = append(response.Events, e)
			}
		}
		if len(response.GetEvents()) == 0 {
			continue
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

// DeliverFiltered implements the Deliver service: block numbers only.
func (p *Peer) DeliverFiltered(stream peer.Deliver_DeliverFilteredServer) error {
	envelope, err := stream.Recv()
	if err != nil {
		return err
	}
	number, err := startOf(envelope)
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	for ; ; number++ {
		if _, err := p.backend.Block(stream.Context(), number); err != nil {
			return asStatus(err)
		}
		response := &peer.DeliverResponse{Type: &peer.DeliverResponse_FilteredBlock{
			FilteredBlock: &peer.FilteredBlock{Number: number},
		}}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

func startOf(envelope *common.Envelope) (uint64, error) {
	var payload common.Payload
	if err := proto.Unmarshal(envelope.GetPayload(), &payload); err != nil {
		return 0, err
	}
	var seek orderer.SeekInfo
	if err := proto.Unmarshal(payload.GetData(), &seek); err != nil {
		return 0, err
	}
	if seek.GetStart().GetSpecified() == nil {
		return 0, errors.New("gatewaytest serves streams from a given block only")
	}
	return seek.GetStart().GetSpecified().GetNumber(), nil
}

// asStatus keeps an error's gRPC status; what has none is a defect of the test.
func asStatus(err error) error {
	if st, ok := status.FromError(err); ok {
		return st.Err()
	}
	return status.FromContextError(err).Err()
}
