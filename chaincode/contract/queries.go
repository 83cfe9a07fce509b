package contract

import (
	"encoding/json"
	"slices"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/catalog"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// Limits of one query.
const (
	maxPage    = 200  // documents in one answer
	maxScanned = 2000 // keys read for one answer when a filter passes few
	maxHistory = 1000 // versions in one answer; a document takes some ten steps
)

// document is what every contract of the chaincode `trade` embeds: the shared
// path and the queries, bound to one kind.
type document struct {
	contractapi.Contract
	options Options
	kind    catalog.Kind
}

func newDocument(o Options, name string, kind catalog.Kind) document {
	d := document{options: o.withDefaults(), kind: kind}
	d.Name = name
	return d
}

func (d *document) move(ctx contractapi.TransactionContextInterface, action, in string) (string, error) {
	h, err := run(d.options, ctx.GetStub(), d.kind, action, in)
	return d.options.answer(ctx.GetStub(), h, err)
}

// GetEvaluateTransactions marks the queries in the contract's metadata.
func (d *document) GetEvaluateTransactions() []string {
	return []string{"Header", "Body", "List", "History", "Waiting"}
}

// ByID is the argument of queries about one document.
type ByID struct {
	ID trade.DocID `json:"id"`
}

// HeaderAnswer is a header with the verdict of the validity rule.
type HeaderAnswer struct {
	Header trade.Header `json:"header"`
	Valid  bool         `json:"valid"`
}

// Header returns the public header of a document, and whether it is valid.
// Anyone on the channel may ask.
func (d *document) Header(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	a, err := d.header(ctx.GetStub(), in)
	return d.options.answer(ctx.GetStub(), a, err)
}

func (d *document) header(stub shim.ChaincodeStubInterface, in string) (HeaderAnswer, error) {
	q, err := canon.DecodeLoose[ByID]([]byte(in))
	if err != nil {
		return HeaderAnswer{}, err
	}
	h, err := d.find(stub, q.ID)
	if err != nil {
		return HeaderAnswer{}, err
	}
	switch err := documents(stub).Check(h); fault.CodeOf(err) {
	case "":
		return HeaderAnswer{Header: h, Valid: err == nil}, err
	case fault.DocInvalid:
		return HeaderAnswer{Header: h}, nil
	default:
		return HeaderAnswer{}, err
	}
}

func (d *document) find(stub shim.ChaincodeStubInterface, id trade.DocID) (trade.Header, error) {
	if err := id.Validate(); err != nil {
		return trade.Header{}, err
	}
	h, ok, err := documents(stub).Find(id)
	if err != nil {
		return h, err
	}
	if !ok || h.Kind != d.kind.Name {
		return h, fault.New(fault.DocNotFound, "no %s with this id", d.kind.Name).WithDoc(string(id))
	}
	return h, nil
}

// BodyAnswer is a document with its private part.
type BodyAnswer struct {
	Header trade.Header `json:"header"`
	Body   []byte       `json:"body"`
	Note   []byte       `json:"note,omitempty"`
}

// Body returns the private body of a document to a client of this peer's own
// organisation, if that organisation is a party and the client acts for a party
// that the body names, or for the bank that hosts it.
func (d *document) Body(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	a, err := d.body(ctx.GetStub(), in)
	return d.options.answer(ctx.GetStub(), a, err)
}

func (d *document) body(stub shim.ChaincodeStubInterface, in string) (BodyAnswer, error) {
	q, err := canon.DecodeLoose[ByID]([]byte(in))
	if err != nil {
		return BodyAnswer{}, err
	}
	reader, err := d.reader(stub)
	if err != nil {
		return BodyAnswer{}, err
	}
	h, err := d.find(stub, q.ID)
	if err != nil {
		return BodyAnswer{}, err
	}
	if !slices.Contains(h.Parties, d.options.MSPID) {
		return BodyAnswer{}, fault.New(fault.DocNotFound, "%s is not a party of this document", d.options.MSPID).
			WithDoc(string(q.ID))
	}
	if err := documents(stub).Check(h); err != nil {
		return BodyAnswer{}, err
	}
	own := implicit(d.options.MSPID)
	a := BodyAnswer{Header: h}
	if a.Body, err = stub.GetPrivateData(own, state.BodyKey(h.Kind, h.ID)); err != nil {
		return BodyAnswer{}, err
	}
	if a.Body == nil {
		return BodyAnswer{}, fault.New(fault.PeerUnavailable, "this peer has not received the body yet").WithDoc(string(q.ID))
	}
	if err := d.mayRead(reader, a.Body); err != nil {
		return BodyAnswer{}, err
	}
	if h.Note != nil {
		a.Note, err = stub.GetPrivateData(own, state.NoteKey(h))
	}
	return a, err
}

// reader identifies who asks for private data. It refuses clients of other
// organisations: Fabric lets any member's client ask any peer, and would hand
// out this organisation's data.
func (d *document) reader(stub shim.ChaincodeStubInterface) (trade.Caller, error) {
	s, err := open(d.options, stub, false)
	if err != nil {
		return trade.Caller{}, err
	}
	if s.caller.MSP != d.options.MSPID {
		return trade.Caller{}, fault.New(fault.PrivateRead, "a peer of %s gives private data to clients of %s only",
			d.options.MSPID, d.options.MSPID)
	}
	return s.caller, s.identify()
}

// mayRead refuses readers whom the body does not name: companies of one
// organisation compete too. A bank reads what the companies that it hosts deal
// in; it runs the peer, and undertakes and finances on what it reads.
func (d *document) mayRead(c trade.Caller, body []byte) error {
	if c.Party.Has(trade.RoleBank) && c.Party.Active {
		return nil
	}
	named, err := d.kind.Parties(body)
	if err != nil {
		return err
	}
	if c.Party.ID == "" || !slices.Contains(named, c.Party.ID) {
		return fault.New(fault.NotParty, "only parties that the document names, and the bank that hosts them, read it")
	}
	return nil
}

// Page asks for some documents of the caller's organisation, in order of id.
type Page struct {
	State string      `json:"state,omitempty"`
	After trade.DocID `json:"after,omitempty"`
	Limit int         `json:"limit,omitempty"`
}

// Listing is one page; Next is the After of the following one, empty at the end.
type Listing struct {
	Documents []trade.Header `json:"documents"`
	Next      trade.DocID    `json:"next,omitempty"`
}

// List returns the headers of the valid documents that the caller may read.
func (d *document) List(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	a, err := d.list(ctx.GetStub(), in)
	return d.options.answer(ctx.GetStub(), a, err)
}

func (d *document) list(stub shim.ChaincodeStubInterface, in string) (Listing, error) {
	q, err := canon.DecodeLoose[Page]([]byte(in))
	if err != nil {
		return Listing{}, err
	}
	reader, err := d.reader(stub)
	if err != nil {
		return Listing{}, err
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Listing{}, err
	}
	from, to := state.BodyRange(d.kind.Name, q.After)
	it, err := stub.GetPrivateDataByRange(implicit(d.options.MSPID), from, to)
	if err != nil {
		return Listing{}, err
	}
	defer func() { _ = it.Close() }()
	docs := documents(stub)
	out := Listing{Documents: []trade.Header{}}
	for scanned := 0; it.HasNext(); scanned++ {
		kv, err := it.Next()
		if err != nil {
			return Listing{}, err
		}
		id := state.IDOfBody(kv.GetKey())
		h, ok, err := docs.Find(id)
		asked := h.Kind == d.kind.Name && (q.State == "" || q.State == h.State)
		if err == nil && ok && asked && d.mayRead(reader, kv.GetValue()) == nil && docs.Check(h) == nil {
			out.Documents = append(out.Documents, h)
		}
		if len(out.Documents) == limit || scanned == maxScanned {
			out.Next = id
			break
		}
	}
	return out, nil
}

// Version is one step in a document's history.
type Version struct {
	TxID    string        `json:"txId"`
	At      trade.Instant `json:"at"`
	Header  *trade.Header `json:"header,omitempty"`
	Deleted bool          `json:"deleted,omitempty"`
}

// History returns every version of a document's header, oldest first.
func (d *document) History(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	a, err := d.history(ctx.GetStub(), in)
	return d.options.answer(ctx.GetStub(), a, err)
}

func (d *document) history(stub shim.ChaincodeStubInterface, in string) ([]Version, error) {
	q, err := canon.DecodeLoose[ByID]([]byte(in))
	if err != nil {
		return nil, err
	}
	if _, err := d.find(stub, q.ID); err != nil {
		return nil, err
	}
	it, err := stub.GetHistoryForKey(state.HeaderKey(q.ID))
	if err != nil {
		return nil, err
	}
	defer func() { _ = it.Close() }()
	var out []Version
	for it.HasNext() && len(out) < maxHistory {
		m, err := it.Next()
		if err != nil {
			return nil, err
		}
		v := Version{TxID: m.GetTxId(), At: trade.InstantOf(m.GetTimestamp().AsTime()), Deleted: m.GetIsDelete()}
		if !v.Deleted {
			v.Header = new(trade.Header)
			if err := json.Unmarshal(m.GetValue(), v.Header); err != nil {
				return nil, fault.New(fault.DocInvalid, "a version of the header is not one of ours").WithDoc(string(q.ID))
			}
		}
		out = append(out, v)
	}
	slices.Reverse(out) // Fabric tells the newest first
	return out, nil
}

func pageSize(asked int) (int, error) {
	if asked < 0 || asked > maxPage {
		return 0, fault.New(fault.TooLarge, "a page has at most %d documents", maxPage).WithField("limit")
	}
	if asked == 0 {
		return maxPage, nil
	}
	return asked, nil
}
