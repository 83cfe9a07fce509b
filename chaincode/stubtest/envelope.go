package stubtest

import (
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// Transaction is a signed envelope that may be committed, once or, by a hostile client, more often.
type Transaction struct {
	TxID     string
	Payload  []byte // the chaincode's result
	Envelope *common.Envelope
}

// Assemble makes a transaction from responses that the client collected itself. It refuses nothing but responses
// without payload: whether the endorsements agree and suffice is for validation to judge. The first response's
// results count.
func (c *Client) Assemble(p *Proposal, responses ...*peer.ProposalResponse) (*Transaction, error) {
	if len(responses) == 0 {
		return nil, errors.New("stubtest: no responses to assemble")
	}
	action := &peer.ChaincodeEndorsedAction{ProposalResponsePayload: responses[0].GetPayload()}
	for _, response := range responses {
		if response.GetEndorsement() == nil {
			return nil, fmt.Errorf("stubtest: a response is not endorsed: %s", response.GetResponse().GetMessage())
		}
		action.Endorsements = append(action.Endorsements, response.GetEndorsement())
	}
	return c.assemble(p, action)
}

func (c *Client) assemble(p *Proposal, action *peer.ChaincodeEndorsedAction) (*Transaction, error) {
	payload := mustMarshal(&common.Payload{
		Header: p.header,
		Data: mustMarshal(&peer.Transaction{Actions: []*peer.TransactionAction{{
			Header: p.header.GetSignatureHeader(),
			Payload: mustMarshal(&peer.ChaincodeActionPayload{
				ChaincodeProposalPayload: p.payload, Action: action,
			}),
		}}}),
	})
	result, err := chaincodeAction(action)
	if err != nil {
		return nil, err
	}
	return &Transaction{
		TxID: p.TxID, Payload: result.GetResponse().GetPayload(),
		Envelope: &common.Envelope{Payload: payload, Signature: c.identity.sign(payload)},
	}, nil
}

// parsed is an envelope taken apart, as the committing peer does.
type parsed struct {
	channel   *common.ChannelHeader
	signature *common.SignatureHeader
	chaincode string // of the channel header's extension
	proposal  []byte // chaincode proposal payload
	hash      []byte // proposal hash over what the envelope carries
	endorsed  *peer.ChaincodeEndorsedAction
	response  *peer.ProposalResponsePayload
	action    *peer.ChaincodeAction
	event     *peer.ChaincodeEvent
	results   []*namespaceResults
}

// namespaceResults is the decoded read/write set of one namespace.
type namespaceResults struct {
	name        string
	public      *kvrwset.KVRWSet
	collections []*collectionResults
}

type collectionResults struct {
	name        string
	hashed      *kvrwset.HashedRWSet
	privateHash []byte
}

// parse takes an envelope apart.
func parse(envelope *common.Envelope) (*parsed, error) {
	payload := &common.Payload{}
	p := &parsed{
		channel: &common.ChannelHeader{}, signature: &common.SignatureHeader{},
		response: &peer.ProposalResponsePayload{}, action: &peer.ChaincodeAction{},
	}
	extension := &peer.ChaincodeHeaderExtension{}
	tx := &peer.Transaction{}
	actionPayload := &peer.ChaincodeActionPayload{}
	if err := decodeAll(
		envelope.GetPayload(), payload,
		func() []byte { return payload.GetHeader().GetChannelHeader() }, p.channel,
		func() []byte { return payload.GetHeader().GetSignatureHeader() }, p.signature,
		func() []byte { return p.channel.GetExtension() }, extension,
		func() []byte { return payload.GetData() }, tx,
	); err != nil {
		return nil, err
	}
	if len(tx.GetActions()) != 1 {
		return nil, fmt.Errorf("only one action per transaction is supported, tx contains %d", len(tx.GetActions()))
	}
	if err := decodeAll(
		tx.GetActions()[0].GetPayload(), actionPayload,
		func() []byte { return actionPayload.GetAction().GetProposalResponsePayload() }, p.response,
		func() []byte { return p.response.GetExtension() }, p.action,
	); err != nil {
		return nil, err
	}
	p.chaincode = extension.GetChaincodeId().GetName()
	p.endorsed = actionPayload.GetAction()
	p.proposal = actionPayload.GetChaincodeProposalPayload()
	p.hash = proposalHash(&common.Header{
		ChannelHeader: payload.GetHeader().GetChannelHeader(), SignatureHeader: tx.GetActions()[0].GetHeader(),
	}, p.proposal)
	if p.action.GetEvents() != nil {
		p.event = &peer.ChaincodeEvent{}
		if err := proto.Unmarshal(p.action.GetEvents(), p.event); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
	}
	var err error
	p.results, err = parseResults(p.action.GetResults())
	return p, err
}

// decodeAll unmarshals nested messages: a source of bytes and its message by turns.
func decodeAll(pairs ...any) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		var raw []byte
		switch source := pairs[i].(type) {
		case []byte:
			raw = source
		case func() []byte:
			raw = source()
		default:
			return fmt.Errorf("stubtest: no bytes in a %T", source)
		}
		message, ok := pairs[i+1].(proto.Message)
		if !ok {
			return fmt.Errorf("stubtest: %T is no message", pairs[i+1])
		}
		if err := proto.Unmarshal(raw, message); err != nil {
			return fmt.Errorf("read %s: %w", message.ProtoReflect().Descriptor().Name(), err)
		}
	}
	return nil
}

func chaincodeAction(endorsed *peer.ChaincodeEndorsedAction) (*peer.ChaincodeAction, error) {
	response, action := &peer.ProposalResponsePayload{}, &peer.ChaincodeAction{}
	err := decodeAll(
		endorsed.GetProposalResponsePayload(), response,
		func() []byte { return response.GetExtension() }, action,
	)
	return action, err
}

func parseResults(raw []byte) ([]*namespaceResults, error) {
	set := &rwset.TxReadWriteSet{}
	if err := proto.Unmarshal(raw, set); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	var results []*namespaceResults
	for _, ns := range set.GetNsRwset() {
		result := &namespaceResults{name: ns.GetNamespace(), public: &kvrwset.KVRWSet{}}
		if err := proto.Unmarshal(ns.GetRwset(), result.public); err != nil {
			return nil, fmt.Errorf("read results of %s: %w", ns.GetNamespace(), err)
		}
		for _, coll := range ns.GetCollectionHashedRwset() {
			hashed := &kvrwset.HashedRWSet{}
			if err := proto.Unmarshal(coll.GetHashedRwset(), hashed); err != nil {
				return nil, fmt.Errorf("read results of %s: %w", coll.GetCollectionName(), err)
			}
			result.collections = append(result.collections, &collectionResults{
				name: coll.GetCollectionName(), hashed: hashed, privateHash: coll.GetPvtRwsetHash(),
			})
		}
		results = append(results, result)
	}
	return results, nil
}
