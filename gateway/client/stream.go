package client

import (
	"context"
	"errors"
	"fmt"
	"iter"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/protobuf/proto"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// Position is a place in the channel's sequence of transactions.
type Position struct {
	// Block is the block to go on with.
	Block uint64 `json:"block"`
	// TransactionID is the last transaction of that block that is done; empty
	// when none is.
	TransactionID string `json:"transactionId,omitempty"`
}

// ChaincodeEvent is the event of one valid transaction.
type ChaincodeEvent struct {
	Block         uint64
	TransactionID string
	Name          string
	Payload       []byte
}

// EventSequence yields events until it yields an error.
type EventSequence = iter.Seq2[ChaincodeEvent, error]

// ErrForeignPosition says that a position is not one of this ledger: its block
// does not hold its transaction. The ledger was made anew, or the position
// belongs to another one.
var ErrForeignPosition = errors.New("the position is not on this ledger")

// ChaincodeEvents yields the events of the chaincode after the position, in the
// order of the channel, those of valid transactions only, and goes on with new
// ones. The zero position begins with the first block. It ends with an error,
// which is ctx.Err() when ctx ends and ErrForeignPosition when the position is
// not on this ledger; to go on, ask again after the last event. Package events
// does that.
func (c *Client) ChaincodeEvents(ctx context.Context, chaincode string, from Position) EventSequence {
	return func(yield func(ChaincodeEvent, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		link, position := c.peers.at()
		err := c.deliver(ctx, link, eventQuery{chaincode, from}, func(e ChaincodeEvent) bool { return yield(e, nil) })
		if err == nil {
			return // the consumer has left the loop
		}
		if ctx.Err() == nil {
			c.peers.fail(position)
		}
		yield(ChaincodeEvent{}, err)
	}
}

type eventQuery struct {
	chaincode string
	from      Position
}

// deliver calls f for each event after the position until f returns false (nil)
// or the stream breaks. fabric-gateway's own channel hides why a stream has
// ended, so the signed request is sent here. The peer could skip what is done
// by itself, but it would skip for ever if the position were not its own.
func (c *Client) deliver(ctx context.Context, link *peerLink, q eventQuery, f func(ChaincodeEvent) bool) error {
	request, err := c.eventRequest(link, q)
	if err != nil {
		return refuse(PhasePrepare, err)
	}
	skipping := q.from.TransactionID
	stream, err := link.raw.ChaincodeEvents(ctx, request)
	for err == nil {
		var response *gateway.ChaincodeEventsResponse
		if response, err = stream.Recv(); err != nil {
			break
		}
		for _, e := range response.GetEvents() {
			if skipping != "" {
				if response.GetBlockNumber() != q.from.Block {
					return fmt.Errorf("%w: block %d does not hold transaction %s",
						ErrForeignPosition, q.from.Block, skipping)
				}
				if e.GetTxId() == skipping {
					skipping = ""
				}
				continue
			}
			if !f(ChaincodeEvent{
				Block: response.GetBlockNumber(), TransactionID: e.GetTxId(), Name: e.GetEventName(), Payload: e.GetPayload(),
			}) {
				return nil
			}
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v := judge(err, nil)
	return &NothingHappenedError{Failure{Fault: v.fault, Phase: PhaseEvaluate, cause: err}}
}

func (c *Client) eventRequest(link *peerLink, q eventQuery) (*gateway.SignedChaincodeEventsRequest, error) {
	network := link.gateway.GetNetwork(c.profile.Channel)
	request, err := network.NewChaincodeEventsRequest(q.chaincode, fabric.WithStartBlock(q.from.Block))
	if err != nil {
		return nil, err
	}
	signature, err := c.creds.sign(request.Digest())
	if err != nil {
		return nil, err
	}
	unsigned, err := request.Bytes()
	if err != nil {
		return nil, err
	}
	var signed gateway.SignedChaincodeEventsRequest
	if err := proto.Unmarshal(unsigned, &signed); err != nil {
		return nil, err
	}
	signed.Signature = signature
	return &signed, nil
}

// AwaitBlock waits until a peer of the client's organisation has committed the
// block. A caller that was told of a transaction by another organisation waits
// for its block before it reads.
func (c *Client) AwaitBlock(ctx context.Context, number uint64) error {
	for attempt := 0; ; attempt++ {
		link, position := c.peers.at()
		err := c.awaitBlockAt(ctx, link, number)
		if err == nil {
			return nil
		}
		c.peers.fail(position)
		if c.timing.pause(ctx, attempt) != nil {
			return &NothingHappenedError{Failure{
				Fault: fault.Wrap(fault.PeerUnavailable, err, "block %d did not arrive in time", number),
				Phase: PhaseEvaluate, cause: ctx.Err(),
			}}
		}
	}
}

func (c *Client) awaitBlockAt(ctx context.Context, link *peerLink, number uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	blocks, err := link.gateway.GetNetwork(c.profile.Channel).FilteredBlockEvents(ctx, fabric.WithStartBlock(number))
	if err != nil {
		return err
	}
	for b := range blocks {
		if b.GetNumber() >= number {
			cancel()
			for range blocks { // lets the library's goroutine end
			}
			return nil
		}
	}
	return fmt.Errorf("the block stream of %s ended", link.endpoint)
}
