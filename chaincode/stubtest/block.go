package stubtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// Block is a committed block, as every peer has it.
type Block struct {
	Number       uint64
	Transactions []BlockTransaction
	// Raw is the block with its validation codes, in the form in which peers deliver it. It is shared: don't change it.
	Raw *common.Block
}

// BlockTransaction is one transaction of a block, valid or not: look at the code before the event.
type BlockTransaction struct {
	TxID      string
	Code      peer.TxValidationCode
	Chaincode string
	Args      [][]byte
	Creator   string // MSP id of the client
	Endorsers []string
	Timestamp time.Time
	Payload   []byte
	Event     *peer.ChaincodeEvent // nil if there is none
	Block     uint64
	Index     int
}

// appendBlock adds a validated block to the chain.
func (n *Network) appendBlock(v *validation, envelopes []*common.Envelope) *Block {
	raw := &common.Block{
		Header: &common.BlockHeader{Number: v.number},
		Data:   &common.BlockData{},
		Metadata: &common.BlockMetadata{
			Metadata: make([][]byte, common.BlockMetadataIndex_COMMIT_HASH+1),
		},
	}
	block := Block{Number: v.number, Raw: raw}
	codes := make([]byte, 0, len(envelopes))
	for i, envelope := range envelopes {
		raw.Data.Data = append(raw.Data.Data, mustMarshal(envelope))
		c := v.candidates[i]
		codes = append(codes, byte(c.code)) //nolint:gosec // peers keep the code in one byte
		tx := c.describe()
		tx.Block, tx.Index = v.number, i
		block.Transactions = append(block.Transactions, tx)
	}
	raw.Metadata.Metadata[common.BlockMetadataIndex_TRANSACTIONS_FILTER] = codes
	raw.Header.DataHash = digest(slices.Concat(raw.GetData().GetData()...))
	if len(n.blocks) > 0 {
		raw.Header.PreviousHash = digest(mustMarshal(n.blocks[len(n.blocks)-1].Raw.GetHeader()))
	}
	n.blocks = append(n.blocks, block)
	return &n.blocks[len(n.blocks)-1]
}

// describe tells what a block shows of a transaction; nothing but the code for one that can't be read.
func (c *candidate) describe() BlockTransaction {
	tx := BlockTransaction{Code: c.code}
	if c.parsed == nil {
		return tx
	}
	p := c.parsed
	tx.TxID = p.channel.GetTxId()
	tx.Chaincode = p.chaincode
	tx.Creator = mspOf(p.signature.GetCreator())
	tx.Timestamp = p.channel.GetTimestamp().AsTime()
	tx.Payload = p.action.GetResponse().GetPayload()
	tx.Event = p.event
	for _, endorsement := range p.endorsed.GetEndorsements() {
		tx.Endorsers = append(tx.Endorsers, mspOf(endorsement.GetEndorser()))
	}
	payload, spec := &peer.ChaincodeProposalPayload{}, &peer.ChaincodeInvocationSpec{}
	if err := decodeAll(p.proposal, payload, func() []byte { return payload.GetInput() }, spec); err == nil {
		tx.Args = spec.GetChaincodeSpec().GetInput().GetArgs()
	}
	return tx
}

func mspOf(serialized []byte) string {
	id := &msp.SerializedIdentity{}
	if err := proto.Unmarshal(serialized, id); err != nil {
		return ""
	}
	return id.GetMspid()
}

// clone guards the chain from what readers do to their copy.
func (b Block) clone() Block {
	b.Transactions = slices.Clone(b.Transactions)
	for i := range b.Transactions {
		b.Transactions[i].Event = cloneEvent(b.Transactions[i].Event)
	}
	return b
}

func cloneEvent(event *peer.ChaincodeEvent) *peer.ChaincodeEvent {
	if event == nil {
		return nil
	}
	return &peer.ChaincodeEvent{
		ChaincodeId: event.GetChaincodeId(), TxId: event.GetTxId(),
		EventName: event.GetEventName(), Payload: slices.Clone(event.GetPayload()),
	}
}

// Height is the number of blocks: the number of the next one.
func (n *Network) Height() uint64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return uint64(len(n.blocks))
}

// Blocks returns the blocks from a number on.
func (n *Network) Blocks(from uint64) []Block {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var blocks []Block
	for number := from; number < uint64(len(n.blocks)); number++ {
		blocks = append(blocks, n.blocks[number].clone())
	}
	return blocks
}

// WaitBlock returns a block as soon as it is committed. Calling it with rising numbers is listening to the chain.
func (n *Network) WaitBlock(ctx context.Context, number uint64) (Block, error) {
	for {
		n.mu.RLock()
		grown := n.grown
		if number < uint64(len(n.blocks)) {
			block := n.blocks[number].clone()
			n.mu.RUnlock()
			return block, nil
		}
		n.mu.RUnlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return Block{}, fmt.Errorf("wait for block %d: %w", number, context.Cause(ctx))
		}
	}
}

// Transaction finds a transaction by id: its first occurrence on the chain, as peers answer for its status.
func (n *Network) Transaction(txID string) (BlockTransaction, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	at, ok := n.byTxID[txID]
	if !ok {
		return BlockTransaction{}, false
	}
	return n.blocks[at.block].clone().Transactions[at.index], true
}
