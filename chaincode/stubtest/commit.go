package stubtest

import (
	"bytes"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// Commit orders transactions into one block, in the order given, and has every peer validate and commit it. Codes
// are in the block; an error means that nothing was committed.
func (n *Network) Commit(transactions ...*Transaction) (Block, error) {
	envelopes := make([]*common.Envelope, 0, len(transactions))
	for _, tx := range transactions {
		envelopes = append(envelopes, tx.Envelope)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.halted != nil {
		return Block{}, n.halted
	}
	number := uint64(len(n.blocks))
	v, err := n.validate(number, envelopes)
	if err != nil {
		n.halted = err
		return Block{}, err
	}
	n.commitPrivate(v)
	n.state.apply(v.changes)
	block := n.appendBlock(v, envelopes)
	for i, c := range v.candidates {
		if c.parsed != nil {
			n.index(c, location{block: number, index: i})
		}
	}
	close(n.grown)
	n.grown = make(chan struct{})
	return block.clone(), nil
}

// index makes a committed transaction findable, and a valid one's writes part of their keys' histories.
func (n *Network) index(c *candidate, at location) {
	txID := c.parsed.channel.GetTxId()
	if _, exists := n.byTxID[txID]; !exists {
		n.byTxID[txID] = at
	}
	for _, nd := range n.nodes {
		nd.mu.Lock()
		delete(nd.transient, txID)
		nd.mu.Unlock()
	}
	if c.code != peer.TxValidationCode_VALID {
		return
	}
	for _, ns := range c.parsed.results {
		for _, write := range ns.public.GetWrites() {
			key := historyKey{ns.name, write.GetKey()}
			n.histories[key] = append(n.histories[key], at)
		}
	}
}

// operation is what one transaction does to one key.
type operation struct {
	upsert, remove, metadata bool
	value                    []byte
	entries                  []*kvrwset.KVMetadataEntry
}

// applyWrites adds a valid transaction's writes to the block's changes: a write keeps the key's metadata, a
// metadata write keeps its value and does nothing to an absent key, a delete drops both.
func (v *validation) applyWrites(c *candidate, version *Version) {
	operations := map[keyAt]*operation{}
	at := func(in space, key string) *operation {
		op := operations[keyAt{in, key}]
		if op == nil {
			op = &operation{}
			operations[keyAt{in, key}] = op
		}
		return op
	}
	for _, ns := range c.parsed.results {
		public := space{namespace: ns.name}
		for _, write := range ns.public.GetWrites() {
			at(public, write.GetKey()).write(isDelete(write), write.GetValue())
		}
		for _, write := range ns.public.GetMetadataWrites() {
			at(public, write.GetKey()).setMetadata(write.GetEntries())
		}
		for _, coll := range ns.collections {
			private := space{ns.name, coll.name}
			for _, write := range coll.hashed.GetHashedWrites() {
				at(private, string(write.GetKeyHash())).write(isHashDelete(write), write.GetValueHash())
			}
			for _, write := range coll.hashed.GetMetadataWrites() {
				at(private, string(write.GetKeyHash())).setMetadata(write.GetEntries())
			}
		}
	}
	for where, op := range operations {
		before := v.changes.latest(v.network.state, where.at, where.key)
		if after, noop := op.result(before, version); !noop {
			v.changes.set(where.at, where.key, change{entry: after, version: version})
		}
	}
}

func (op *operation) write(remove bool, value []byte) {
	if remove {
		op.remove = true
		return
	}
	op.upsert = true
	op.value = value
}

func (op *operation) setMetadata(entries []*kvrwset.KVMetadataEntry) {
	op.metadata = true
	op.entries = entries
}

// result is the key's new entry, nil if it is deleted; noop if nothing changes.
func (op *operation) result(before *entry, version *Version) (after *entry, noop bool) {
	if op.remove {
		return nil, false
	}
	after = &entry{version: version, value: op.value, metadata: metadataOf(before)}
	if op.metadata {
		after.metadata = nil
		for _, item := range op.entries {
			if after.metadata == nil {
				after.metadata = map[string][]byte{}
			}
			after.metadata[item.GetName()] = item.GetValue()
		}
	}
	if !op.upsert {
		if before == nil {
			return nil, true
		}
		after.value = before.value
	}
	return after, false
}

var hashOfNothing = digest(nil)

func isDelete(write *kvrwset.KVWrite) bool { return write.GetIsDelete() || len(write.GetValue()) == 0 }

func isHashDelete(write *kvrwset.KVWriteHash) bool {
	return write.GetIsDelete() || len(write.GetValueHash()) == 0 || bytes.Equal(write.GetValueHash(), hashOfNothing)
}

// commitPrivate gives each organisation's peer the plaintext of its implicit collection, from its own transient
// store: there is no other peer that may have it.
func (n *Network) commitPrivate(v *validation) {
	for i, c := range v.candidates {
		if c.code != peer.TxValidationCode_VALID {
			continue
		}
		version := &Version{Block: v.number, Tx: uint64(i)}
		for _, ns := range c.parsed.results {
			for _, coll := range ns.collections {
				for org, nd := range n.nodes {
					if coll.name == ImplicitCollection(org) {
						at := space{ns.name, coll.name}
						n.state.purgePrivate(org, at, coll.hashed)
						v.storePrivate(org, nd.plaintextOf(c.parsed.channel.GetTxId(), at, coll.privateHash), version)
					}
				}
			}
		}
	}
}

// plaintextOf finds the private write set with the given hash in a peer's transient store.
func (nd *node) plaintextOf(txID string, at space, hash []byte) *privateSet {
	nd.mu.Lock()
	defer nd.mu.Unlock()
	for _, set := range nd.transient[txID] {
		if set.at == at && bytes.Equal(set.hash, hash) {
			return &set
		}
	}
	return nil
}

// purgePrivate removes purged keys even where the transaction's own plaintext is missing.
func (s *state) purgePrivate(org string, at space, hashed *kvrwset.HashedRWSet) {
	for _, write := range hashed.GetHashedWrites() {
		if !write.GetIsPurge() {
			continue
		}
		t := s.private[org][at]
		for _, key := range t.keys("", "") {
			if bytes.Equal(digest([]byte(key)), write.GetKeyHash()) {
				t.remove(key)
			}
		}
	}
}

// storePrivate writes a transaction's private plaintext at one peer.
func (v *validation) storePrivate(org string, set *privateSet, version *Version) {
	if set == nil {
		return
	}
	writes := &kvrwset.KVRWSet{}
	if err := proto.Unmarshal(set.raw, writes); err != nil {
		panic(fmt.Sprintf("stubtest: own private write set: %v", err))
	}
	t := writable(v.network.state.private[org], set.at)
	for _, write := range writes.GetWrites() {
		if isDelete(write) {
			t.remove(write.GetKey())
		} else {
			t.put(write.GetKey(), &entry{value: write.GetValue(), version: version})
		}
	}
	// A metadata write moves the version of the public hash on; a plaintext that matches the hash follows.
	for _, write := range writes.GetMetadataWrites() {
		plain := t.get(write.GetKey())
		ch := v.changes[set.at][string(digest([]byte(write.GetKey())))]
		if plain != nil && ch.entry != nil && bytes.Equal(ch.entry.value, digest(plain.value)) {
			t.put(write.GetKey(), &entry{value: plain.value, version: ch.version})
		}
	}
}
