package stubtest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Record is a key in one peer's state.
type Record struct {
	Namespace  string
	Collection string // "" for public state
	Key        string // the key's hash, in raw bytes, if Hashed
	Value      []byte // the value's hash if Hashed
	Hashed     bool
	Policy     []byte // key-level policy; nil if there is none
	Version    Version
}

// Dump returns everything in the state of an organisation's peer: public keys, the hashes of all private ones, and
// the plaintext of its own collection, in that order and sorted.
func (n *Network) Dump(mspID string) []Record {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var records []Record
	for _, namespace := range slices.Sorted(maps.Keys(n.state.public)) {
		records = append(records, dump(space{namespace: namespace}, n.state.public[namespace], false)...)
	}
	records = append(records, dumpSpaces(n.state.hashed, true)...)
	return append(records, dumpSpaces(n.state.private[mspID], false)...)
}

func dumpSpaces(tables map[space]*table, hashed bool) []Record {
	spaces := slices.SortedFunc(maps.Keys(tables), func(a, b space) int {
		return strings.Compare(a.namespace+"\x00"+a.collection, b.namespace+"\x00"+b.collection)
	})
	var records []Record
	for _, at := range spaces {
		records = append(records, dump(at, tables[at], hashed)...)
	}
	return records
}

func dump(at space, t *table, hashed bool) []Record {
	var records []Record
	for _, key := range t.keys("", "") {
		e := t.get(key)
		records = append(records, Record{
			Namespace: at.namespace, Collection: at.collection, Key: key, Value: slices.Clone(e.value), Hashed: hashed,
			Policy: slices.Clone(e.metadata[policyMetadata]), Version: *e.version,
		})
	}
	return records
}

// Committed returns the version of a public key, nil if it is absent: what an honest read set would hold.
func (n *Network) Committed(namespace, key string) *Version {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if v := versionOf(n.state.committed(space{namespace: namespace}, key)); v != nil {
		return &Version{Block: v.Block, Tx: v.Tx}
	}
	return nil
}

// Find lists the places where an organisation's peer holds the given bytes: blocks, state, its private data, its
// transient store, and the proposals (with transient data) that it was asked to endorse. Nil means that whoever
// runs this peer has never seen them.
func (n *Network) Find(mspID string, secret []byte) []string {
	var places []string
	for _, block := range n.Blocks(0) {
		for i, raw := range block.Raw.GetData().GetData() {
			if bytes.Contains(raw, secret) {
				places = append(places, fmt.Sprintf("block %d transaction %d", block.Number, i))
			}
		}
	}
	for _, record := range n.Dump(mspID) {
		if bytes.Contains(record.Value, secret) || strings.Contains(record.Key, string(secret)) {
			places = append(places, fmt.Sprintf("state %s/%s key %q", record.Namespace, record.Collection, record.Key))
		}
	}
	nd := n.nodes[mspID]
	if nd == nil {
		return places
	}
	nd.mu.Lock()
	defer nd.mu.Unlock()
	for _, txID := range slices.Sorted(maps.Keys(nd.transient)) {
		for _, set := range nd.transient[txID] {
			if bytes.Contains(set.raw, secret) {
				places = append(places, "transient store "+txID)
			}
		}
	}
	for _, p := range nd.seen {
		if bytes.Contains(p.signed.GetProposalBytes(), secret) {
			places = append(places, "proposal "+p.TxID)
		}
	}
	return places
}
