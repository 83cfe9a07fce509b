package stubtest

import (
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
)

// simulation is one peer's execution of one proposal: it reads committed state, collects the read/write set, and
// forbids what the peer's transaction simulator forbids.
type simulation struct {
	network *Network
	node    *node
	txID    string
	set     *RWSet

	written      map[space]map[string]map[string][]byte // committed metadata of every key written, for the gateway's plan
	privateReads map[space]bool
	scans        []*scan

	wrote          bool
	privateQueried bool
	paged          bool
}

func newSimulation(n *Network, nd *node, txID string) *simulation {
	return &simulation{
		network: n, node: nd, txID: txID, set: NewRWSet(),
		written: map[space]map[string]map[string][]byte{}, privateReads: map[space]bool{},
	}
}

// checkCollection refuses collections that don't exist: only the channel's organisations have implicit ones, and
// explicit ones are not modelled.
func (s *simulation) checkCollection(at space) error {
	org, implicit := strings.CutPrefix(at.collection, implicitPrefix)
	if !implicit {
		return fmt.Errorf("collection %s/%s/%s could not be found", ChannelID, at.namespace, at.collection)
	}
	if s.network.nodes[org] == nil {
		return fmt.Errorf("collection [%s] not defined in the collection config for chaincode [%s]",
			at.collection, at.namespace)
	}
	return nil
}

// get reads a public key, or the plaintext of a private one, which must be in step with the public hash.
func (s *simulation) get(at space, key string) ([]byte, error) {
	if at.collection == "" {
		e := s.network.state.committed(at, key)
		s.set.Read(at.namespace, key, versionOf(e))
		return valueOf(e), nil
	}
	if err := s.checkCollection(at); err != nil {
		return nil, err
	}
	plain := s.network.state.plaintext(s.node.mspID, at, key)
	hashed := s.network.state.committed(at, string(digest([]byte(key))))
	if !sameVersion(versionOf(plain), versionOf(hashed)) {
		return nil, fmt.Errorf("private data matching public hash version is not available. "+
			"Public hash version = %s, Private data version = %s", versionOf(hashed), versionOf(plain))
	}
	s.set.ReadPrivate(at.namespace, at.collection, key, versionOf(plain))
	s.privateReads[at] = true
	return valueOf(plain), nil
}

// getMany reads several keys. For private ones the peer does not compare versions here: it answers with what it has.
func (s *simulation) getMany(at space, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	if at.collection != "" {
		if err := s.checkCollection(at); err != nil {
			return nil, err
		}
	}
	for i, key := range keys {
		if at.collection == "" {
			e := s.network.state.committed(at, key)
			s.set.Read(at.namespace, key, versionOf(e))
			values[i] = valueOf(e)
			continue
		}
		plain := s.network.state.plaintext(s.node.mspID, at, key)
		s.set.ReadPrivate(at.namespace, at.collection, key, versionOf(plain))
		s.privateReads[at] = true
		values[i] = valueOf(plain)
	}
	return values, nil
}

// getHash reads the hash of a private value, which every peer has.
func (s *simulation) getHash(at space, key string) ([]byte, error) {
	if err := s.checkCollection(at); err != nil {
		return nil, err
	}
	e := s.network.state.committed(at, string(digest([]byte(key))))
	s.set.ReadPrivate(at.namespace, at.collection, key, versionOf(e))
	return valueOf(e), nil
}

// getMetadata reads a key's metadata, which counts as a read of the key.
func (s *simulation) getMetadata(at space, key string) (map[string][]byte, error) {
	if at.collection == "" {
		e := s.network.state.committed(at, key)
		s.set.Read(at.namespace, key, versionOf(e))
		return metadataOf(e), nil
	}
	if err := s.checkCollection(at); err != nil {
		return nil, err
	}
	e := s.network.state.committed(at, string(digest([]byte(key))))
	s.set.ReadPrivate(at.namespace, at.collection, key, versionOf(e))
	return metadataOf(e), nil
}

// put writes a key; a write with an empty value is a delete.
func (s *simulation) put(at space, key string, value []byte) error {
	if err := s.beforeWrite(at); err != nil {
		return err
	}
	if at.collection == "" {
		s.set.Put(at.namespace, key, value)
	} else {
		s.set.PutPrivate(at.namespace, at.collection, key, value)
	}
	s.noteWritten(at, key)
	return nil
}

func (s *simulation) purge(at space, key string) error {
	if err := s.beforeWrite(at); err != nil {
		return err
	}
	s.set.PurgePrivate(at.namespace, at.collection, key)
	s.noteWritten(at, key)
	return nil
}

func (s *simulation) putMetadata(at space, key string, metadata map[string][]byte) error {
	if err := s.beforeWrite(at); err != nil {
		return err
	}
	s.set.setMetadata(at, key, metadata)
	s.noteWritten(at, key)
	return nil
}

func (s *simulation) beforeWrite(at space) error {
	if at.collection != "" {
		if err := s.checkCollection(at); err != nil {
			return err
		}
	}
	// "unsuppored" is the peer's own spelling.
	if s.privateQueried {
		return fmt.Errorf("txid [%s]: unsuppored transaction. Transaction has already performed queries on pvt data. "+
			"Writes are not allowed", s.txID)
	}
	if s.paged {
		return fmt.Errorf("txid [%s]: unsuppored transaction. Transaction has already performed a paginated query. "+
			"Writes are not allowed", s.txID)
	}
	s.wrote = true
	return nil
}

func (s *simulation) noteWritten(at space, key string) {
	stored := key
	if at.collection != "" {
		stored = string(digest([]byte(key)))
	}
	if s.written[at] == nil {
		s.written[at] = map[string]map[string][]byte{}
	}
	s.written[at][key] = metadataOf(s.network.state.committed(at, stored))
}

// scan is an open range query.
type scan struct {
	table     *table
	namespace string
	keys      []string // what is left to deliver
	end       string   // the query's own end
	limit     int      // page size; 0 without paging
	delivered int
	info      *kvrwset.RangeQueryInfo // nil for private queries, which aren't checked at commit
	reads     []*kvrwset.KVRead
}

// span is the range of a query. A paged one may have page size 0 (no limit) when it continues from a bookmark.
type span struct {
	start, end string
	paged      bool
	pageSize   int
}

// openScan starts a range query over public keys, or over the plaintext that this peer holds of a collection.
func (s *simulation) openScan(at space, over span) (*scan, error) {
	if at.collection != "" {
		if s.wrote {
			return nil, fmt.Errorf("txid [%s]: unsuppored transaction. "+
				"Queries on pvt data is supported only in a read-only transaction", s.txID)
		}
		s.privateQueried = true
		if err := s.checkCollection(at); err != nil {
			return nil, err
		}
		t := s.network.state.private[s.node.mspID][at]
		return &scan{table: t, namespace: at.namespace, keys: t.keys(over.start, over.end), end: over.end}, nil
	}
	if over.paged {
		if s.wrote {
			return nil, fmt.Errorf("txid [%s]: unsuppored transaction. "+
				"Paginated queries are supported only in a read-only transaction", s.txID)
		}
		s.paged = true
	}
	t := s.network.state.public[at.namespace]
	q := &scan{
		table: t, namespace: at.namespace, keys: t.keys(over.start, over.end), end: over.end, limit: over.pageSize,
		info: &kvrwset.RangeQueryInfo{StartKey: over.start},
	}
	s.scans = append(s.scans, q)
	return q, nil
}

// next delivers the next key, and remembers how far the query has looked.
func (q *scan) next() (string, []byte, bool) {
	if len(q.keys) == 0 || (q.limit > 0 && q.delivered >= q.limit) {
		if q.info != nil {
			q.info.ItrExhausted = true
			q.info.EndKey = q.end
		}
		return "", nil, false
	}
	key := q.keys[0]
	q.keys = q.keys[1:]
	q.delivered++
	e := q.table.get(key)
	if q.info != nil {
		q.reads = append(q.reads, &kvrwset.KVRead{Key: key, Version: protoVersion(e.version)})
		q.info.EndKey = key
	}
	return key, e.value, true
}

// bookmark is where the next page begins: "" at the end.
func (q *scan) bookmark() string {
	if len(q.keys) == 0 {
		return ""
	}
	return q.keys[0]
}

// results closes the read/write set.
func (s *simulation) results() ([]byte, []privateSet) {
	for _, q := range s.scans {
		q.info.ReadsInfo = &kvrwset.RangeQueryInfo_RawReads{RawReads: &kvrwset.QueryReads{KvReads: q.reads}}
		s.set.addRange(q.namespace, q.info)
	}
	return s.set.encode()
}

func valueOf(e *entry) []byte {
	if e == nil {
		return nil
	}
	return e.value
}

func metadataOf(e *entry) map[string][]byte {
	if e == nil {
		return nil
	}
	return e.metadata
}
