package client

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Keys of the transient map.
const (
	transientBody = "body/"
	transientArgs = "args"
)

// Documents is what the client can do with every document kind; B is the type
// of the kind's private body.
type Documents[B any] struct {
	c        *Client
	kind     trade.Kind
	contract string
}

func documents[B any](c *Client, kind trade.Kind, contract string) Documents[B] {
	return Documents[B]{c: c, kind: kind, contract: contract}
}

// State is the public part of a document.
type State struct {
	Header trade.Header `json:"header"`
	// Valid says whether every party's organisation holds the body that the
	// header claims. Nothing may be believed of a document that is not valid.
	Valid bool `json:"valid"`
}

// Document is a document with its private body.
type Document[B any] struct {
	Header trade.Header `json:"header"`
	Body   B            `json:"body"`
	// Bytes are the body's canonical bytes, of which the header holds the
	// digests.
	Bytes []byte `json:"-"`
	// Note is the private remark that the last step left (JSON), if any.
	Note json.RawMessage `json:"note,omitempty"`
}

// Query selects documents of the client's own organisation.
type Query struct {
	// State limits the list to one state; empty lists all.
	State string
	// After is the Next of the page before; empty starts at the beginning.
	After string
	// Limit is how many documents a page holds, at most 200; 0 means 50.
	Limit int
}

// Limits of a page.
const (
	defaultPage = 50
	maxPage     = 200
)

// Page is one page of documents, ordered by id.
type Page struct {
	Documents []trade.Header `json:"documents"`
	// Next is empty on the last page.
	Next string `json:"next,omitempty"`
}

// Change is one version in a document's history.
type Change struct {
	TransactionID string        `json:"txId"`
	At            trade.Instant `json:"at"`
	// Header is nil when the version is a deletion.
	Header  *trade.Header `json:"header,omitempty"`
	Deleted bool          `json:"deleted,omitempty"`
}

type byID struct {
	ID trade.DocID `json:"id"`
}

// Kind returns the document kind.
func (d *Documents[B]) Kind() trade.Kind { return d.kind }

// Header returns the document's public part, which every member may read.
func (d *Documents[B]) Header(ctx context.Context, id trade.DocID) (State, error) {
	return evaluate[State](ctx, d.c, d.c.profile.Chaincodes.Trade, d.contract+":Header", byID{id})
}

// Get returns the document with its private body from a peer of the client's
// own organisation. It fails with PRIVATE_READ_FOREIGN or DOC_NOT_FOUND when
// the organisation is not a party.
func (d *Documents[B]) Get(ctx context.Context, id trade.DocID) (Document[B], error) {
	raw, err := evaluate[struct {
		Header trade.Header `json:"header"`
		Body   []byte       `json:"body"`
		Note   []byte       `json:"note"`
	}](ctx, d.c, d.c.profile.Chaincodes.Trade, d.contract+":Body", byID{id})
	if err != nil {
		return Document[B]{}, err
	}
	body, err := canon.Decode[B](raw.Body)
	if err != nil {
		return Document[B]{}, refuse(PhaseEvaluate, err)
	}
	return Document[B]{Header: raw.Header, Body: body, Bytes: raw.Body, Note: raw.Note}, nil
}

// List returns one page of the documents of the client's own organisation.
func (d *Documents[B]) List(ctx context.Context, q Query) (Page, error) {
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	if q.Limit < 0 || q.Limit > maxPage {
		return Page{}, refuse(PhasePrepare, fault.New(fault.FieldInvalid, "a page holds 1 to %d documents", maxPage).
			WithField("limit"))
	}
	return evaluate[Page](ctx, d.c, d.c.profile.Chaincodes.Trade, d.contract+":List", struct {
		State string `json:"state,omitempty"`
		After string `json:"after,omitempty"`
		Limit int    `json:"limit"`
	}{q.State, q.After, q.Limit})
}

// History returns every version of the document's header, oldest first.
func (d *Documents[B]) History(ctx context.Context, id trade.DocID) ([]Change, error) {
	return evaluate[[]Change](ctx, d.c, d.c.profile.Chaincodes.Trade, d.contract+":History", byID{id})
}

// move takes a step that needs the document's body, and whatever else the step
// has. All organisations of the header endorse it.
func (d *Documents[B]) move(ctx context.Context, action string, id trade.DocID, step step) (
	Receipt[trade.Header], error,
) {
	o := newCallOptions(step.options)
	build := func(ctx context.Context) (call, error) {
		doc, err := d.Get(ctx, id)
		if err != nil {
			return call{}, err
		}
		p, err := d.pack(ctx, doc.Header, step)
		if err != nil {
			return call{}, err
		}
		p.transient[transientBody+string(id)] = doc.Bytes
		return d.call(action, commandOn(doc.Header, o), p)
	}
	return d.send(ctx, build, o)
}

// moveBlind takes a step of an office that is no party of the document and does
// not see its body. The office's own organisation endorses it too, because it
// keeps the record of the request.
func (d *Documents[B]) moveBlind(ctx context.Context, action string, id trade.DocID, step step) (
	Receipt[trade.Header], error,
) {
	o := newCallOptions(step.options)
	step.orgs = append(step.orgs, d.c.MSPID())
	build := func(ctx context.Context) (call, error) {
		state, err := d.Header(ctx, id)
		if err != nil {
			return call{}, err
		}
		p, err := d.pack(ctx, state.Header, step)
		if err != nil {
			return call{}, err
		}
		return d.call(action, commandOn(state.Header, o), p)
	}
	return d.send(ctx, build, o)
}

// step is what a move needs besides its document.
type step struct {
	// args are private arguments.
	args    any
	options []CallOption
	// bodies are those of documents that the step makes, orgs the organisations
	// of their parties.
	bodies map[trade.DocID][]byte
	orgs   []trade.MSPID
	// moves returns the documents of the same kind that move along; their
	// organisations endorse the step as well.
	moves func(h trade.Header) []trade.DocID
}

// pack collects what travels with a step and who must endorse it: the
// organisations of every document that it makes or moves.
func (d *Documents[B]) pack(ctx context.Context, h trade.Header, s step) (parcel, error) {
	p := parcel{transient: map[string][]byte{}, orgs: slices.Concat(h.Parties, s.orgs)}
	for id, body := range s.bodies {
		p.transient[transientBody+string(id)] = body
	}
	if s.args != nil {
		var err error
		if p.transient[transientArgs], err = canon.Encode(s.args); err != nil {
			return p, err
		}
	}
	if s.moves != nil {
		for _, other := range s.moves(h) {
			state, err := d.Header(ctx, other)
			if err != nil {
				return p, err
			}
			p.orgs = append(p.orgs, state.Header.Parties...)
		}
	}
	slices.Sort(p.orgs)
	p.orgs = slices.Compact(p.orgs)
	return p, nil
}

// commandOn is a command on the document as it is now, or as the caller has seen
// it.
func commandOn(h trade.Header, o callOptions) trade.Command {
	version := h.Version
	if o.version != nil {
		version = *o.version
	}
	return trade.Command{RequestID: o.requestID, ID: h.ID, Version: version}
}

// flip takes a step that facts or time decide: nothing private travels. The
// header's organisations endorse it, with those of documents that move along,
// and nobody else has to be up.
func (d *Documents[B]) flip(ctx context.Context, action string, id trade.DocID, s step) (
	Receipt[trade.Header], error,
) {
	o := newCallOptions(s.options)
	build := func(ctx context.Context) (call, error) {
		state, err := d.Header(ctx, id)
		if err != nil {
			return call{}, err
		}
		var version uint64 // 0: whatever the version is, the facts decide
		if o.version != nil {
			version = *o.version
		}
		p, err := d.pack(ctx, state.Header, s)
		if err != nil {
			return call{}, err
		}
		p.transient = nil
		return d.call(action, trade.Command{RequestID: o.requestID, ID: id, Version: version}, p)
	}
	return d.send(ctx, build, o)
}

// parcel is the private part of a call and who gets it.
type parcel struct {
	transient map[string][]byte
	orgs      []trade.MSPID
}

func (d *Documents[B]) call(action string, cmd trade.Command, p parcel) (call, error) {
	args, err := json.Marshal(cmd)
	if err != nil {
		return call{}, err
	}
	return call{
		chaincode: d.c.profile.Chaincodes.Trade, function: d.contract + ":" + action, args: args,
		transient: p.transient, orgs: p.orgs, version: cmd.Version,
	}, nil
}

func (d *Documents[B]) send(ctx context.Context, build func(context.Context) (call, error), o callOptions) (
	Receipt[trade.Header], error,
) {
	return receive[trade.Header](ctx, d.c, build, o)
}

// receive runs a transaction and decodes its result into a T.
func receive[T any](ctx context.Context, c *Client, build func(context.Context) (call, error), o callOptions) (
	Receipt[T], error,
) {
	done, err := c.transact(ctx, build, o)
	if err != nil {
		return Receipt[T]{}, err
	}
	r := Receipt[T]{
		TransactionID: done.TransactionID, Block: done.Block, RequestID: o.requestID, Attempts: done.attempts,
	}
	if err := json.Unmarshal(done.payload, &r.Value); err != nil {
		// The transaction stands; only its answer is not understood.
		return r, &RejectedError{Block: done.Block, Failure: Failure{
			Fault: fault.Wrap(fault.Internal, err, "committed, but the result is unexpected JSON"),
			Phase: PhaseCommit, TransactionID: done.TransactionID, RequestID: o.requestID,
		}}
	}
	return r, nil
}

// organisations returns the organisations of the parties, which must all be
// registered and active.
func (c *Client) organisations(ctx context.Context, ids []trade.PartyID) ([]trade.MSPID, error) {
	parties := make(map[trade.PartyID]trade.Party, len(ids))
	for _, id := range ids {
		if _, ok := parties[id]; ok {
			continue
		}
		record, err := c.Parties.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		parties[id] = record.Party()
	}
	return trade.Organisations(ids, parties)
}
