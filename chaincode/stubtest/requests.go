package stubtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// handle answers one request of the chaincode about the ledger.
func (tx *txContext) handle(msg *peer.ChaincodeMessage) ([]byte, error) {
	switch msg.GetType() {
	case peer.ChaincodeMessage_GET_STATE, peer.ChaincodeMessage_GET_PRIVATE_DATA_HASH,
		peer.ChaincodeMessage_GET_STATE_MULTIPLE, peer.ChaincodeMessage_GET_STATE_METADATA:
		return tx.read(msg)
	case peer.ChaincodeMessage_PUT_STATE, peer.ChaincodeMessage_DEL_STATE,
		peer.ChaincodeMessage_PURGE_PRIVATE_DATA, peer.ChaincodeMessage_PUT_STATE_METADATA,
		peer.ChaincodeMessage_WRITE_BATCH_STATE:
		return nil, tx.write(msg)
	case peer.ChaincodeMessage_GET_STATE_BY_RANGE:
		return tx.rangeQuery(msg)
	case peer.ChaincodeMessage_GET_HISTORY_FOR_KEY:
		return tx.historyQuery(msg)
	case peer.ChaincodeMessage_QUERY_STATE_NEXT:
		return tx.queryNext(msg)
	case peer.ChaincodeMessage_QUERY_STATE_CLOSE:
		return tx.queryClose(msg)
	case peer.ChaincodeMessage_INVOKE_CHAINCODE:
		return tx.invoke(msg)
	case peer.ChaincodeMessage_GET_QUERY_RESULT:
		return nil, errors.New("ExecuteQuery not supported for leveldb") // the peer's own words
	default:
		return nil, fmt.Errorf("stubtest does not serve %s", msg.GetType())
	}
}

func (tx *txContext) in(collection string) space { return space{tx.namespace, collection} }

func (tx *txContext) read(msg *peer.ChaincodeMessage) ([]byte, error) {
	switch msg.GetType() {
	case peer.ChaincodeMessage_GET_STATE_MULTIPLE:
		request := &peer.GetStateMultiple{}
		if err := unmarshal(msg, request); err != nil {
			return nil, err
		}
		values, err := tx.sim.getMany(tx.in(request.GetCollection()), request.GetKeys())
		if err != nil {
			return nil, err
		}
		return mustMarshal(&peer.GetStateMultipleResult{Values: values}), nil
	case peer.ChaincodeMessage_GET_STATE_METADATA:
		request := &peer.GetStateMetadata{}
		if err := unmarshal(msg, request); err != nil {
			return nil, err
		}
		metadata, err := tx.sim.getMetadata(tx.in(request.GetCollection()), request.GetKey())
		if err != nil {
			return nil, err
		}
		result := &peer.StateMetadataResult{}
		for _, name := range slices.Sorted(maps.Keys(metadata)) {
			result.Entries = append(result.Entries, &peer.StateMetadata{Metakey: name, Value: metadata[name]})
		}
		return mustMarshal(result), nil
	default:
		request := &peer.GetState{}
		if err := unmarshal(msg, request); err != nil {
			return nil, err
		}
		if msg.GetType() == peer.ChaincodeMessage_GET_PRIVATE_DATA_HASH {
			return tx.sim.getHash(tx.in(request.GetCollection()), request.GetKey())
		}
		return tx.sim.get(tx.in(request.GetCollection()), request.GetKey())
	}
}

func (tx *txContext) write(msg *peer.ChaincodeMessage) error {
	switch msg.GetType() {
	case peer.ChaincodeMessage_PUT_STATE:
		request := &peer.PutState{}
		if err := unmarshal(msg, request); err != nil {
			return err
		}
		return tx.sim.put(tx.in(request.GetCollection()), request.GetKey(), request.GetValue())
	case peer.ChaincodeMessage_DEL_STATE:
		request := &peer.DelState{}
		if err := unmarshal(msg, request); err != nil {
			return err
		}
		return tx.sim.put(tx.in(request.GetCollection()), request.GetKey(), nil)
	case peer.ChaincodeMessage_PURGE_PRIVATE_DATA:
		request := &peer.DelState{}
		if err := unmarshal(msg, request); err != nil {
			return err
		}
		return tx.purge(request.GetCollection(), request.GetKey())
	case peer.ChaincodeMessage_PUT_STATE_METADATA:
		request := &peer.PutStateMetadata{}
		if err := unmarshal(msg, request); err != nil {
			return err
		}
		return tx.sim.putMetadata(tx.in(request.GetCollection()), request.GetKey(),
			map[string][]byte{request.GetMetadata().GetMetakey(): request.GetMetadata().GetValue()})
	default:
		request := &peer.WriteBatchState{}
		if err := unmarshal(msg, request); err != nil {
			return err
		}
		for _, record := range request.GetRec() {
			if err := tx.writeRecord(record); err != nil {
				return err
			}
		}
		return nil
	}
}

// writeRecord does one write of a batch.
func (tx *txContext) writeRecord(record *peer.WriteRecord) error {
	at := tx.in(record.GetCollection())
	switch record.GetType() {
	case peer.WriteRecord_PUT_STATE:
		return tx.sim.put(at, record.GetKey(), record.GetValue())
	case peer.WriteRecord_DEL_STATE:
		return tx.sim.put(at, record.GetKey(), nil)
	case peer.WriteRecord_PURGE_PRIVATE_DATA:
		return tx.purge(record.GetCollection(), record.GetKey())
	case peer.WriteRecord_PUT_STATE_METADATA:
		return tx.sim.putMetadata(at, record.GetKey(),
			map[string][]byte{record.GetMetadata().GetMetakey(): record.GetMetadata().GetValue()})
	default:
		return errors.New("unknown operation type")
	}
}

func (tx *txContext) purge(collection, key string) error {
	if collection == "" {
		return errors.New("only applicable for private data")
	}
	return tx.sim.purge(tx.in(collection), key)
}

// invoke runs another chaincode of the channel within the same simulation.
func (tx *txContext) invoke(msg *peer.ChaincodeMessage) ([]byte, error) {
	spec := &peer.ChaincodeSpec{}
	if err := unmarshal(msg, spec); err != nil {
		return nil, err
	}
	name, channel, _ := strings.Cut(spec.GetChaincodeId().GetName(), "/")
	name, _, _ = strings.Cut(name, ":")
	if channel != "" && channel != ChannelID {
		return nil, fmt.Errorf("failed to find ledger for channel: %s", channel)
	}
	callee := tx.sim.node.handlers[name]
	if callee == nil {
		return nil, fmt.Errorf("execute failed: invalid invocation: [channel %s] failed to get chaincode container "+
			"info for %s: chaincode %s not found", ChannelID, name, name)
	}
	answer, err := callee.execute(tx.sim, tx.proposal, spec.GetInput())
	if err != nil {
		return nil, fmt.Errorf("execute failed: %w", err)
	}
	return mustMarshal(answer), nil
}

func unmarshal(msg *peer.ChaincodeMessage, into proto.Message) error {
	if err := proto.Unmarshal(msg.GetPayload(), into); err != nil {
		return fmt.Errorf("unmarshal failed: %w", err)
	}
	return nil
}
