package stubtest

import (
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/queryresult"
	"google.golang.org/protobuf/proto"
)

// historyKey names a public key; private ones have no history.
type historyKey struct {
	namespace string
	key       string
}

// History returns the modifications of a public key by valid transactions, newest first.
func (n *Network) History(namespace, key string) []*queryresult.KeyModification {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.history(historyKey{namespace, key})
}

// history reads a key's modifications out of the blocks, as the peer does. The caller holds the lock.
func (n *Network) history(key historyKey) []*queryresult.KeyModification {
	places := n.histories[key]
	modifications := make([]*queryresult.KeyModification, 0, len(places))
	for i := len(places) - 1; i >= 0; i-- {
		modifications = append(modifications, n.modification(key, places[i]))
	}
	return modifications
}

func (n *Network) modification(key historyKey, at location) *queryresult.KeyModification {
	envelope := &common.Envelope{}
	if err := proto.Unmarshal(n.blocks[at.block].Raw.GetData().GetData()[at.index], envelope); err != nil {
		panic(fmt.Sprintf("stubtest: own block %d: %v", at.block, err))
	}
	p, err := parse(envelope)
	if err != nil {
		panic(fmt.Sprintf("stubtest: own block %d: %v", at.block, err))
	}
	modification := &queryresult.KeyModification{TxId: p.channel.GetTxId(), Timestamp: p.channel.GetTimestamp()}
	for _, ns := range p.results {
		if ns.name != key.namespace {
			continue
		}
		for _, write := range ns.public.GetWrites() {
			if write.GetKey() == key.key {
				modification.Value = write.GetValue()
				modification.IsDelete = isDelete(write)
			}
		}
	}
	return modification
}
