package gatewaytest

import (
	"context"
	"sync"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
)

// Ledger is a scripted Backend. Functions that are nil behave well: calls are
// answered with {}, every transaction is ordered and valid, each in a block of
// its own. It counts what was asked of it.
type Ledger struct {
	// OnEvaluate answers queries, OnEndorse computes results or refuses.
	OnEvaluate, OnEndorse func(Invocation) ([]byte, error)
	// OnSubmit says whether the nth hand-over (from 1) of a transaction reaches
	// the ordering service, and what the client is told. Both may differ.
	OnSubmit func(transactionID string, nth int) (ordered bool, err error)
	// OnStatus may answer the nth question (from 1) with an error.
	OnStatus func(transactionID string, nth int) error
	// Validate judges the nth transaction (from 1) in a block.
	Validate func(nth int) peer.TxValidationCode
	// Event returns the payload of a transaction's event, nil for none.
	Event func(Invocation) []byte

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced at each new block
	endorsed  map[string]Invocation
	committed map[string]Status
	blocks    []Block
	submits   map[string]int
	statuses  map[string]int
	calls     []Invocation
}

var _ Backend = (*Ledger)(nil)

func (l *Ledger) init() {
	if l.changed == nil {
		l.changed = make(chan struct{})
		l.endorsed, l.committed = map[string]Invocation{}, map[string]Status{}
		l.submits, l.statuses = map[string]int{}, map[string]int{}
		l.blocks = []Block{{Number: 0}} // the genesis block
	}
}

// Endorsements returns every invocation that was to be endorsed.
func (l *Ledger) Endorsements() []Invocation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Invocation(nil), l.calls...)
}

// Submits returns how often the transaction was handed over.
func (l *Ledger) Submits(transactionID string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.submits[transactionID]
}

// Invoke implements Backend.
func (l *Ledger) Invoke(_ context.Context, in Invocation, evaluate bool) ([]byte, error) {
	l.mu.Lock()
	l.init()
	answer := l.OnEndorse
	if evaluate {
		answer = l.OnEvaluate
	} else {
		l.calls = append(l.calls, in)
		l.endorsed[in.TransactionID] = in
	}
	l.mu.Unlock()
	if answer == nil {
		return []byte("{}"), nil
	}
	return answer(in)
}

// Submit implements Backend.
func (l *Ledger) Submit(_ context.Context, id string) error {
	l.mu.Lock()
	l.init()
	l.submits[id]++
	nth := l.submits[id]
	l.mu.Unlock()
	ordered, err := true, error(nil)
	if l.OnSubmit != nil {
		ordered, err = l.OnSubmit(id, nth)
	}
	if ordered {
		l.commit(id)
	}
	return err
}

// commit puts the transaction into the next block; a second copy changes
// nothing that a client can see.
func (l *Ledger) commit(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, done := l.committed[id]; done {
		return
	}
	block := Block{Number: uint64(len(l.blocks))}
	st := Status{Code: peer.TxValidationCode_VALID, Block: block.Number}
	if l.Validate != nil {
		st.Code = l.Validate(len(l.committed) + 1)
	}
	in := l.endorsed[id]
	if st.Code == peer.TxValidationCode_VALID && l.Event != nil {
		if payload := l.Event(in); payload != nil {
			block.Events = []*peer.ChaincodeEvent{{
				ChaincodeId: in.Chaincode, TxId: id, EventName: "argosy", Payload: payload,
			}}
		}
	}
	l.committed[id] = st
	l.blocks = append(l.blocks, block)
	close(l.changed)
	l.changed = make(chan struct{})
}

// Status implements Backend.
func (l *Ledger) Status(ctx context.Context, id string) (Status, error) {
	l.mu.Lock()
	l.init()
	l.statuses[id]++
	nth := l.statuses[id]
	l.mu.Unlock()
	if l.OnStatus != nil {
		if err := l.OnStatus(id, nth); err != nil {
			return Status{}, err
		}
	}
	var st Status
	err := l.await(ctx, func() (done bool) { st, done = l.committed[id]; return done })
	return st, err
}

// Block implements Backend.
func (l *Ledger) Block(ctx context.Context, number uint64) (Block, error) {
	var b Block
	err := l.await(ctx, func() bool {
		if number < uint64(len(l.blocks)) {
			b = l.blocks[number]
			return true
		}
		return false
	})
	return b, err
}

// await waits until done holds, which it asks after each block.
func (l *Ledger) await(ctx context.Context, done func() bool) error {
	for {
		l.mu.Lock()
		l.init()
		ok, changed := done(), l.changed
		l.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Detail is one endorser's answer inside an error.
type Detail struct{ MSPID, Message string }

// Refusal returns an error as the peer's gateway makes it.
func Refusal(code codes.Code, message string, details ...Detail) error {
	st := status.New(code, message)
	var attached []protoadapt.MessageV1
	for _, d := range details {
		attached = append(attached, protoadapt.MessageV1Of(&gateway.ErrorDetail{
			Address: "peer0." + d.MSPID + ".example:7051", MspId: d.MSPID, Message: d.Message,
		}))
	}
	if with, err := st.WithDetails(attached...); err == nil && len(attached) > 0 {
		return with.Err()
	}
	return st.Err()
}

// Refused returns the error of endorsers that each answered with a text of the
// chaincode.
func Refused(err error, mspIDs ...string) error {
	var details []Detail
	for _, m := range mspIDs {
		details = append(details, Detail{m, "chaincode response 500, " + err.Error()})
	}
	return Refusal(codes.Aborted,
		"failed to collect enough transaction endorsements, see attached details for more info", details...)
}
