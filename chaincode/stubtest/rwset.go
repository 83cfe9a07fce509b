package stubtest

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// policyMetadata is the metadata entry that holds a key-level endorsement policy.
var policyMetadata = peer.MetaDataKeys_VALIDATION_PARAMETER.String()

// RWSet is what a transaction read and wrote. A peer fills one while it simulates; an adversary fills one by hand
// (see Forge). Methods return the set, so that calls chain. It is not safe for concurrent use.
type RWSet struct {
	namespaces map[string]*namespaceSet
}

type namespaceSet struct {
	reads       map[string]*kvrwset.KVRead
	writes      map[string]*kvrwset.KVWrite
	metadata    map[string]*kvrwset.KVMetadataWrite
	ranges      []*kvrwset.RangeQueryInfo
	collections map[string]*collectionSet
}

// collectionSet is keyed by plain keys; key hashes are made when the set is encoded.
type collectionSet struct {
	reads           map[string]*kvrwset.KVReadHash
	writes          map[string]*kvrwset.KVWriteHash
	metadata        map[string]*kvrwset.KVMetadataWriteHash
	privateWrites   map[string]*kvrwset.KVWrite
	privateMetadata map[string]*kvrwset.KVMetadataWrite
}

// privateSet is the plaintext of one collection's writes, as endorsers keep it until the commit.
type privateSet struct {
	at   space
	raw  []byte // marshalled kvrwset.KVRWSet
	hash []byte
}

// NewRWSet returns an empty set.
func NewRWSet() *RWSet { return &RWSet{namespaces: map[string]*namespaceSet{}} }

func (s *RWSet) namespace(name string) *namespaceSet {
	ns := s.namespaces[name]
	if ns == nil {
		ns = &namespaceSet{
			reads:       map[string]*kvrwset.KVRead{},
			writes:      map[string]*kvrwset.KVWrite{},
			metadata:    map[string]*kvrwset.KVMetadataWrite{},
			collections: map[string]*collectionSet{},
		}
		s.namespaces[name] = ns
	}
	return ns
}

func (s *RWSet) collection(at space) *collectionSet {
	ns := s.namespace(at.namespace)
	coll := ns.collections[at.collection]
	if coll == nil {
		coll = &collectionSet{
			reads:           map[string]*kvrwset.KVReadHash{},
			writes:          map[string]*kvrwset.KVWriteHash{},
			metadata:        map[string]*kvrwset.KVMetadataWriteHash{},
			privateWrites:   map[string]*kvrwset.KVWrite{},
			privateMetadata: map[string]*kvrwset.KVMetadataWrite{},
		}
		ns.collections[at.collection] = coll
	}
	return coll
}

// Read claims that a public key was read at a version; nil claims that it was absent.
func (s *RWSet) Read(namespace, key string, at *Version) *RWSet {
	s.namespace(namespace).reads[key] = &kvrwset.KVRead{Key: key, Version: protoVersion(at)}
	return s
}

// ReadPrivate claims that a private key, or its hash, was read at a version; nil claims that it was absent.
func (s *RWSet) ReadPrivate(namespace, collection, key string, at *Version) *RWSet {
	coll := s.collection(space{namespace, collection})
	coll.reads[key] = &kvrwset.KVReadHash{KeyHash: digest([]byte(key)), Version: protoVersion(at)}
	return s
}

// Put writes a public key. An empty value deletes it, as in Fabric.
func (s *RWSet) Put(namespace, key string, value []byte) *RWSet {
	s.namespace(namespace).writes[key] = keyWrite(key, value)
	return s
}

// Delete deletes a public key.
func (s *RWSet) Delete(namespace, key string) *RWSet { return s.Put(namespace, key, nil) }

// SetPolicy sets the key-level policy of a public key to a marshalled SignaturePolicyEnvelope; nil is an empty one.
func (s *RWSet) SetPolicy(namespace, key string, policy []byte) *RWSet {
	return s.setMetadata(space{namespace: namespace}, key, map[string][]byte{policyMetadata: policy})
}

// PutPrivate writes a private key.
func (s *RWSet) PutPrivate(namespace, collection, key string, value []byte) *RWSet {
	s.writePrivate(space{namespace, collection}, keyWrite(key, value), false)
	return s
}

// DeletePrivate deletes a private key.
func (s *RWSet) DeletePrivate(namespace, collection, key string) *RWSet {
	return s.PutPrivate(namespace, collection, key, nil)
}

// PurgePrivate deletes a private key and its plaintext everywhere.
func (s *RWSet) PurgePrivate(namespace, collection, key string) *RWSet {
	s.writePrivate(space{namespace, collection}, keyWrite(key, nil), true)
	return s
}

// SetPrivatePolicy sets the key-level policy of a private key.
func (s *RWSet) SetPrivatePolicy(namespace, collection, key string, policy []byte) *RWSet {
	return s.setMetadata(space{namespace, collection}, key, map[string][]byte{policyMetadata: policy})
}

func (s *RWSet) writePrivate(at space, write *kvrwset.KVWrite, purge bool) {
	coll := s.collection(at)
	hashed := &kvrwset.KVWriteHash{
		KeyHash: digest([]byte(write.GetKey())), IsDelete: write.GetIsDelete(), IsPurge: purge,
	}
	if !write.GetIsDelete() {
		hashed.ValueHash = digest(write.GetValue())
	}
	coll.privateWrites[write.GetKey()] = write
	coll.writes[write.GetKey()] = hashed
}

func (s *RWSet) setMetadata(at space, key string, metadata map[string][]byte) *RWSet {
	var entries []*kvrwset.KVMetadataEntry
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		entries = append(entries, &kvrwset.KVMetadataEntry{Name: name, Value: metadata[name]})
	}
	if at.collection == "" {
		s.namespace(at.namespace).metadata[key] = &kvrwset.KVMetadataWrite{Key: key, Entries: entries}
		return s
	}
	coll := s.collection(at)
	coll.metadata[key] = &kvrwset.KVMetadataWriteHash{KeyHash: digest([]byte(key)), Entries: entries}
	coll.privateMetadata[key] = &kvrwset.KVMetadataWrite{Key: key}
	return s
}

// addRange records the outcome of a range query once, as the peer does for repeated ones.
func (s *RWSet) addRange(namespace string, info *kvrwset.RangeQueryInfo) {
	ns := s.namespace(namespace)
	for _, known := range ns.ranges {
		if known.GetStartKey() == info.GetStartKey() && known.GetEndKey() == info.GetEndKey() &&
			known.GetItrExhausted() == info.GetItrExhausted() {
			return
		}
	}
	ns.ranges = append(ns.ranges, info)
}

// encode returns the public results (with the hashes of the private ones) and the private plaintext.
func (s *RWSet) encode() ([]byte, []privateSet) {
	out := &rwset.TxReadWriteSet{DataModel: rwset.TxReadWriteSet_KV}
	var private []privateSet
	for _, name := range slices.Sorted(maps.Keys(s.namespaces)) {
		ns := s.namespaces[name]
		public := &rwset.NsReadWriteSet{Namespace: name, Rwset: mustMarshal(&kvrwset.KVRWSet{
			Reads:            ordered(ns.reads),
			Writes:           ordered(ns.writes),
			MetadataWrites:   ordered(ns.metadata),
			RangeQueriesInfo: ns.ranges,
		})}
		for _, collection := range slices.Sorted(maps.Keys(ns.collections)) {
			coll := ns.collections[collection]
			hashed := &rwset.CollectionHashedReadWriteSet{
				CollectionName: collection,
				HashedRwset: mustMarshal(&kvrwset.HashedRWSet{
					HashedReads:    ordered(coll.reads),
					HashedWrites:   ordered(coll.writes),
					MetadataWrites: ordered(coll.metadata),
				}),
			}
			if len(coll.privateWrites)+len(coll.privateMetadata) > 0 {
				raw := mustMarshal(&kvrwset.KVRWSet{
					Writes: ordered(coll.privateWrites), MetadataWrites: ordered(coll.privateMetadata),
				})
				hashed.PvtRwsetHash = digest(raw)
				private = append(private, privateSet{space{name, collection}, raw, hashed.GetPvtRwsetHash()})
			}
			public.CollectionHashedRwset = append(public.CollectionHashedRwset, hashed)
		}
		out.NsRwset = append(out.NsRwset, public)
	}
	return mustMarshal(out), private
}

func ordered[V any](set map[string]V) []V {
	values := make([]V, 0, len(set))
	for _, key := range slices.Sorted(maps.Keys(set)) {
		values = append(values, set[key])
	}
	return values
}

func keyWrite(key string, value []byte) *kvrwset.KVWrite {
	return &kvrwset.KVWrite{Key: key, IsDelete: len(value) == 0, Value: value}
}

func protoVersion(v *Version) *kvrwset.Version {
	if v == nil {
		return nil
	}
	return &kvrwset.Version{BlockNum: v.Block, TxNum: v.Tx}
}

func fromProtoVersion(v *kvrwset.Version) *Version {
	if v == nil {
		return nil
	}
	return &Version{Block: v.GetBlockNum(), Tx: v.GetTxNum()}
}

func digest(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}
