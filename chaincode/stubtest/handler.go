package stubtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Limits of the peer's batched messages, as in Fabric's sample core.yaml.
const (
	maxWriteBatch   = 1000
	maxMultipleKeys = 1000
)

// streamBuffer is how many messages may wait for the chaincode before the peer's side blocks; each transaction
// in flight has at most one.
const streamBuffer = 64

// handler is the peer's end of the stream to one chaincode at one peer.
type handler struct {
	chaincode string
	node      *node
	outbox    chan *peer.ChaincodeMessage
	ready     chan struct{} // closed when the chaincode is told that it may serve
	done      chan struct{}
	ended     chan struct{}

	mu       sync.Mutex
	closed   bool
	contexts map[string]*txContext // by tx id
}

// txContext is a transaction that a chaincode is executing.
type txContext struct {
	sim       *simulation
	namespace string
	proposal  *Proposal
	response  chan *peer.ChaincodeMessage
	queries   map[string]*query
	opened    int
}

// stream is what the shim sees of the connection. The embedded interface is nil: the shim uses only these methods.
type stream struct {
	grpc.ServerStream
	handler *handler
}

// startHandler connects a chaincode object, as the peer dials a chaincode service.
func startHandler(name string, nd *node, chaincode shim.Chaincode) *handler {
	h := &handler{
		chaincode: name, node: nd,
		outbox:   make(chan *peer.ChaincodeMessage, streamBuffer),
		ready:    make(chan struct{}),
		done:     make(chan struct{}),
		ended:    make(chan struct{}),
		contexts: map[string]*txContext{},
	}
	server := &shim.ChaincodeServer{CCID: name + ":stubtest", CC: chaincode}
	go func() {
		defer close(h.ended)
		_ = server.Connect(&stream{handler: h}) // it always ends with an error: the stream's end
	}()
	select {
	case <-h.ready:
	case <-h.ended:
	}
	return h
}

func (h *handler) close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
	h.mu.Unlock()
	<-h.ended
}

// Context makes stream a grpc server stream.
func (s *stream) Context() context.Context { return context.Background() }

// Recv gives the shim the peer's next message.
func (s *stream) Recv() (*peer.ChaincodeMessage, error) {
	select {
	case msg := <-s.handler.outbox:
		return msg, nil
	case <-s.handler.done:
		return nil, io.EOF
	}
}

// Send takes a message of the shim.
func (s *stream) Send(msg *peer.ChaincodeMessage) error {
	h := s.handler
	switch msg.GetType() {
	case peer.ChaincodeMessage_REGISTER:
		h.deliver(&peer.ChaincodeMessage{Type: peer.ChaincodeMessage_REGISTERED})
		h.deliver(&peer.ChaincodeMessage{Type: peer.ChaincodeMessage_READY, Payload: mustMarshal(
			&peer.ChaincodeAdditionalParams{
				UseWriteBatch: true, MaxSizeWriteBatch: maxWriteBatch,
				UseGetMultipleKeys: true, MaxSizeGetMultipleKeys: maxMultipleKeys,
			})})
		close(h.ready)
		return nil
	case peer.ChaincodeMessage_COMPLETED, peer.ChaincodeMessage_ERROR:
		if tx := h.context(msg.GetTxid()); tx != nil {
			tx.response <- msg // buffered; a transaction ends once
		}
		return nil
	case peer.ChaincodeMessage_INVOKE_CHAINCODE:
		go h.answer(msg) // the callee's messages must be able to pass meanwhile
		return nil
	default:
		h.answer(msg)
		return nil
	}
}

func (h *handler) deliver(msg *peer.ChaincodeMessage) {
	select {
	case h.outbox <- msg:
	case <-h.done:
	}
}

func (h *handler) context(txID string) *txContext {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.contexts[txID]
}

// answer handles a request of the chaincode and sends the response or the error.
func (h *handler) answer(msg *peer.ChaincodeMessage) {
	var payload []byte
	err := errors.New("no ledger context")
	if tx := h.context(msg.GetTxid()); tx != nil {
		payload, err = tx.handle(msg)
	}
	response := &peer.ChaincodeMessage{
		Type: peer.ChaincodeMessage_RESPONSE, Payload: payload, Txid: msg.GetTxid(), ChannelId: msg.GetChannelId(),
	}
	if err != nil {
		response.Type = peer.ChaincodeMessage_ERROR
		response.Payload = fmt.Appendf(nil, "%s failed: transaction ID: %s: %v", msg.GetType(), msg.GetTxid(), err)
	}
	h.deliver(response)
}

// execute runs the chaincode on a proposal's arguments within a simulation, and returns its closing message.
func (h *handler) execute(sim *simulation, proposal *Proposal, input *peer.ChaincodeInput) (
	*peer.ChaincodeMessage, error,
) {
	tx := &txContext{
		sim: sim, namespace: h.chaincode, proposal: proposal,
		response: make(chan *peer.ChaincodeMessage, 1), queries: map[string]*query{},
	}
	h.mu.Lock()
	if h.contexts[sim.txID] != nil {
		h.mu.Unlock()
		return nil, fmt.Errorf("txid: %s(%s) exists", sim.txID, ChannelID)
	}
	h.contexts[sim.txID] = tx
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.contexts, sim.txID)
	}()
	h.deliver(&peer.ChaincodeMessage{
		Type: peer.ChaincodeMessage_TRANSACTION, Payload: mustMarshal(input),
		Txid: sim.txID, ChannelId: ChannelID, Proposal: proposal.signed,
	})
	select {
	case msg := <-tx.response:
		return msg, nil
	case <-h.ended:
		return nil, errors.New("chaincode stream terminated")
	}
}

// run executes a chaincode and reads its answer, as the peer does for proposals.
func (h *handler) run(sim *simulation, proposal *Proposal) (*peer.Response, *peer.ChaincodeEvent, error) {
	msg, err := h.execute(sim, proposal, proposal.input)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to execute transaction %s: %w", sim.txID, err)
	}
	if msg.GetType() != peer.ChaincodeMessage_COMPLETED {
		return nil, nil, fmt.Errorf("transaction returned with failure: %s", msg.GetPayload())
	}
	response := &peer.Response{}
	if err := proto.Unmarshal(msg.GetPayload(), response); err != nil {
		return nil, nil, fmt.Errorf("failed to unmarshal response for transaction %s: %w", sim.txID, err)
	}
	event := msg.GetChaincodeEvent()
	if event != nil {
		event.ChaincodeId = h.chaincode
		event.TxId = sim.txID
	}
	return response, event, nil
}
