package gatewaytest

import (
	"context"
	"errors"
	"math/big"
	"os"
	"regexp"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/stubtest"
	"github.com/argosy-trade/argosy/gateway/client"
)

// World is a network without a network: the real chaincode on stubtest, one
// fake peer per organisation in front of it, and the real SDK behind that.
type World struct {
	// Stub is the peers' side: blocks, state, the clock, adversaries.
	Stub *stubtest.Network

	certificates *Network
	peers        map[trade.MSPID]*Peer

	mu       sync.Mutex
	members  map[string]*stubtest.Client      // by certificate
	endorsed map[string]*stubtest.Transaction // by the SDK's transaction id
	done     map[string]Status                // by the SDK's transaction id
	names    map[string]string                // stubtest's transaction id -> the SDK's
}

// NewWorld starts the organisations with both chaincodes deployed as on the
// real channel: registry by majority, trade by any one.
func NewWorld(tb testing.TB, orgs ...trade.MSPID) *World {
	tb.Helper()
	names := make([]string, 0, len(orgs))
	for _, o := range orgs {
		names = append(names, string(o))
	}
	w := &World{
		Stub: stubtest.NewNetwork(tb, names...), certificates: NewNetwork(tb),
		peers: map[trade.MSPID]*Peer{}, members: map[string]*stubtest.Client{},
		endorsed: map[string]*stubtest.Transaction{}, done: map[string]Status{}, names: map[string]string{},
	}
	build := func(construct func(contract.Options) (*contractapi.ContractChaincode, error)) func(string) shim.Chaincode {
		return func(mspID string) shim.Chaincode {
			cc, err := construct(contract.Options{
				MSPID: trade.MSPID(mspID), Accelerator: software{}, Now: w.Stub.Now,
				Registry: Registry, Trade: Trade,
			})
			if err != nil {
				tb.Fatalf("gatewaytest: %v", err)
			}
			return cc
		}
	}
	w.Stub.Deploy(Registry, build(contract.NewRegistry), stubtest.Majority())
	w.Stub.Deploy(Trade, build(contract.NewTrade), stubtest.AnyOrg())
	for _, o := range orgs {
		w.peers[o] = w.certificates.StartPeer(tb, stubPeer{w, string(o)})
	}
	return w
}

// Profile enrols the member and returns its profile.
func (w *World) Profile(tb testing.TB, m Member) client.Profile {
	tb.Helper()
	p := w.certificates.Profile(tb, m, w.peers[m.MSPID])
	certificate, err := os.ReadFile(p.Identity.Certificate)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	stub := w.Stub.Client(string(m.MSPID), m.Name, map[string]string{
		"argosy.role": m.Roles, "argosy.company": string(m.Company),
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.members[string(certificate)] = stub
	return p
}

// Connect enrols the member and connects the SDK for it.
func (w *World) Connect(tb testing.TB, m Member, options ...client.Option) *client.Client {
	tb.Helper()
	return Connect(tb, w.Profile(tb, m), options...)
}

// Stop takes the organisation's peer down; Start brings it back.
func (w *World) Stop(org trade.MSPID) {
	w.Stub.StopPeer(string(org))
	w.peers[org].Stop()
}

// Start brings the organisation's peer back.
func (w *World) Start(org trade.MSPID) {
	w.Stub.StartPeer(string(org))
	w.peers[org].Start()
}

// stubPeer is the backend of one organisation's peer.
type stubPeer struct {
	*World
	mspID string
}

// Invoke implements Backend.
func (p stubPeer) Invoke(_ context.Context, in Invocation, evaluate bool) ([]byte, error) {
	p.mu.Lock()
	member := p.members[in.Creator.Certificate]
	p.mu.Unlock()
	if member == nil {
		return nil, status.Error(codes.FailedPrecondition, "error validating proposal: access denied: unknown creator")
	}
	call := stubtest.Call{
		Chaincode: in.Chaincode, Function: in.Function, Args: in.Args, Transient: in.Transient,
		EndorsingOrgs: in.Organisations, Gateway: p.mspID,
	}
	if evaluate {
		answer, err := member.Evaluate(call)
		return p.rename(answer), err
	}
	proposal, err := member.Propose(call)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	tx, err := member.Endorse(proposal)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endorsed[in.TransactionID] = tx
	p.names[tx.TxID] = in.TransactionID
	return tx.Payload, nil
}

var idPattern = regexp.MustCompile(`[0-9a-f]{64}`)

// rename puts the SDK's transaction ids in place of stubtest's own.
func (w *World) rename(answer []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return idPattern.ReplaceAllFunc(answer, func(id []byte) []byte { return []byte(w.name(string(id))) })
}

func (w *World) name(id string) string {
	if known, ok := w.names[id]; ok {
		return known
	}
	return id
}

// Submit implements Backend: each transaction gets a block of its own, and a
// second copy is refused as by a BFT orderer.
func (p stubPeer) Submit(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	tx := p.endorsed[id]
	if tx == nil {
		return status.Error(codes.InvalidArgument, "no such prepared transaction")
	}
	if _, done := p.done[id]; done {
		return Refusal(codes.Unavailable, "insufficient number of orderers could successfully process transaction",
			Detail{p.mspID, "received unsuccessful response from orderer: status=SERVICE_UNAVAILABLE, " +
				"info=failed to submit request: request already processed"})
	}
	block, err := p.Stub.Commit(tx)
	if err != nil {
		return status.Error(codes.Aborted, err.Error())
	}
	p.done[id] = Status{Code: block.Transactions[0].Code, Block: block.Number}
	return nil
}

// Status implements Backend.
func (p stubPeer) Status(ctx context.Context, id string) (Status, error) {
	p.mu.Lock()
	st, ok := p.done[id]
	p.mu.Unlock()
	if ok {
		return st, nil
	}
	<-ctx.Done() // nothing else puts a transaction into a block: Submit is synchronous
	return Status{}, ctx.Err()
}

// Block implements Backend.
func (p stubPeer) Block(ctx context.Context, number uint64) (Block, error) {
	committed, err := p.Stub.WaitBlock(ctx, number)
	if err != nil {
		return Block{}, err
	}
	b := Block{Number: number}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, tx := range committed.Transactions {
		if tx.Code != peer.TxValidationCode_VALID || tx.Event == nil {
			continue
		}
		b.Events = append(b.Events, &peer.ChaincodeEvent{
			ChaincodeId: tx.Event.GetChaincodeId(), TxId: p.name(tx.TxID),
			EventName: tx.Event.GetEventName(), Payload: tx.Event.GetPayload(),
		})
	}
	return b, nil
}

// software is the accelerator's meaning without the accelerator.
type software struct{}

// VerifySM2 implements contract.Accelerator.
func (software) VerifySM2(_ context.Context, batch []contract.SignedMessage) ([]bool, error) {
	verdicts := make([]bool, len(batch))
	for i, m := range batch {
		key, err := sm2.NewPublicKey(append([]byte{4}, m.PublicKey[:]...))
		if err != nil {
			continue // not a point of the curve: the verdict is false
		}
		digest, err := sm2.CalculateSM2Hash(key, m.Message, nil)
		if err != nil {
			return nil, err
		}
		r, s := new(big.Int).SetBytes(m.Signature[:32]), new(big.Int).SetBytes(m.Signature[32:])
		verdicts[i] = sm2.Verify(key, digest, r, s)
	}
	return verdicts, nil
}

// SM3 implements contract.Accelerator.
func (software) SM3(ctx context.Context, messages [][]byte) ([][32]byte, error) {
	if ctx.Err() != nil {
		return nil, errors.New("the accelerator's time is up")
	}
	digests := make([][32]byte, len(messages))
	for i, m := range messages {
		digests[i] = sm3.Sum(m)
	}
	return digests, nil
}
