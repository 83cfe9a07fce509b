package stubtest

import (
	"errors"
	"strconv"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/queryresult"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

const (
	// totalQueryLimit is the most results of one query, as in Fabric's sample core.yaml.
	totalQueryLimit = 100000
	// resultBatch is how many results the peer sends to the chaincode at once.
	resultBatch = 100
)

// query is an open iterator of the chaincode. It runs ahead of the chaincode by up to a batch, as the peer's does:
// what it has looked at is what commit checks.
type query struct {
	id       string
	next     func() (proto.Message, bool)
	pending  []*peer.QueryResultBytes
	returned int
	limit    int
	paged    *scan // set for paged queries, whose answer carries a bookmark
}

func (tx *txContext) open(next func() (proto.Message, bool)) *query {
	tx.opened++
	q := &query{id: strconv.Itoa(tx.opened), next: next, limit: totalQueryLimit}
	tx.queries[q.id] = q
	return q
}

func (tx *txContext) rangeQuery(msg *peer.ChaincodeMessage) ([]byte, error) {
	request := &peer.GetStateByRange{}
	if err := unmarshal(msg, request); err != nil {
		return nil, err
	}
	paging := &peer.QueryMetadata{}
	if err := proto.Unmarshal(request.GetMetadata(), paging); err != nil {
		return nil, err
	}
	over := span{start: request.GetStartKey(), end: request.GetEndKey()}
	if request.GetCollection() == "" && (paging.GetPageSize() != 0 || paging.GetBookmark() != "") {
		over.paged = true
		over.pageSize = int(paging.GetPageSize())
		if paging.GetBookmark() != "" {
			over.start = paging.GetBookmark()
		}
	}
	found, err := tx.sim.openScan(tx.in(request.GetCollection()), over)
	if err != nil {
		return nil, err
	}
	q := tx.open(func() (proto.Message, bool) {
		key, value, ok := found.next()
		return &queryresult.KV{Namespace: found.namespace, Key: key, Value: value}, ok
	})
	if over.paged {
		q.paged = found
		if over.pageSize > 0 {
			q.limit = min(over.pageSize, totalQueryLimit)
		}
	}
	return tx.respond(q), nil
}

func (tx *txContext) historyQuery(msg *peer.ChaincodeMessage) ([]byte, error) {
	request := &peer.GetHistoryForKey{}
	if err := unmarshal(msg, request); err != nil {
		return nil, err
	}
	modifications := tx.sim.network.history(historyKey{tx.namespace, request.GetKey()})
	return tx.respond(tx.open(func() (proto.Message, bool) {
		if len(modifications) == 0 {
			return nil, false
		}
		first := modifications[0]
		modifications = modifications[1:]
		return first, true
	})), nil
}

func (tx *txContext) queryNext(msg *peer.ChaincodeMessage) ([]byte, error) {
	request := &peer.QueryStateNext{}
	if err := unmarshal(msg, request); err != nil {
		return nil, err
	}
	q := tx.queries[request.GetId()]
	if q == nil {
		return nil, errors.New("query iterator not found")
	}
	return tx.respond(q), nil
}

func (tx *txContext) queryClose(msg *peer.ChaincodeMessage) ([]byte, error) {
	request := &peer.QueryStateClose{}
	if err := unmarshal(msg, request); err != nil {
		return nil, err
	}
	delete(tx.queries, request.GetId())
	return mustMarshal(&peer.QueryResponse{Id: request.GetId()}), nil
}

// respond collects the next batch of a query's results. When a batch is full it has already fetched one result
// more, which waits for the next batch.
func (tx *txContext) respond(q *query) []byte {
	for q.returned < q.limit {
		result, ok := q.next()
		if !ok {
			break
		}
		full := q.paged == nil && len(q.pending) == resultBatch
		var batch []*peer.QueryResultBytes
		if full {
			batch, q.pending = q.pending, nil
		}
		q.pending = append(q.pending, &peer.QueryResultBytes{ResultBytes: mustMarshal(result)})
		q.returned++
		if full {
			return mustMarshal(&peer.QueryResponse{Results: batch, HasMore: true, Id: q.id})
		}
	}
	delete(tx.queries, q.id)
	response := &peer.QueryResponse{Results: q.pending, Id: q.id}
	if q.paged != nil {
		response.Metadata = mustMarshal(&peer.QueryResponseMetadata{
			FetchedRecordsCount: int32(q.returned), //nolint:gosec // at most totalQueryLimit
			Bookmark:            q.paged.bookmark(),
		})
	}
	return mustMarshal(response)
}
