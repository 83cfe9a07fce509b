package contract

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/catalog"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// move is the one path of every command on every document.
type move struct {
	*session
	kind    catalog.Kind
	docs    state.Documents
	cmd     trade.Command
	bodies  map[trade.DocID][]byte
	digests map[trade.DocID]trade.BodyDigests
}

// run carries out one command and returns the header after it.
func run(o Options, stub shim.ChaincodeStubInterface, kind catalog.Kind, action, in string) (trade.Header, error) {
	cmd, err := canon.DecodeLoose[trade.Command]([]byte(in))
	if err != nil {
		return trade.Header{}, err
	}
	if err := cmd.Validate(); err != nil {
		return trade.Header{}, err
	}
	cmd.Action = action
	s, err := open(o, stub, true)
	if err != nil {
		return trade.Header{}, err
	}
	m := &move{session: s, kind: kind, docs: documents(stub), cmd: cmd}
	if err := m.readTransient(); err != nil {
		return trade.Header{}, err
	}
	if kind.Table.AnyoneMay(action) {
		return m.byAnyone()
	}
	return m.byParty()
}

// byAnyone takes a step that facts decide. It needs no party, no body and no
// request record: taking it twice does nothing the second time.
func (m *move) byAnyone() (trade.Header, error) {
	h, err := m.docs.Load(m.cmd.ID)
	if err != nil {
		return h, err
	}
	if h.Kind != m.kind.Name {
		return h, fault.New(fault.DocNotFound, "no %s with this id", m.kind.Name).WithDoc(string(h.ID))
	}
	if m.kind.Already(h.State, m.cmd.Action) {
		return h, nil
	}
	if m.cmd.Version != 0 && m.cmd.Version != h.Version {
		return h, stale(h, m.cmd.Version)
	}
	return m.apply(trade.Document{Header: h})
}

// byParty takes a step that belongs to a party of the document.
func (m *move) byParty() (trade.Header, error) {
	if err := m.identify(); err != nil {
		return trade.Header{}, err
	}
	digest, err := m.commandDigest()
	if err != nil {
		return trade.Header{}, err
	}
	switch seen, err := m.docs.Seen(m.caller, m.cmd.RequestID, digest); {
	case err != nil:
		return trade.Header{}, err
	case seen:
		return m.docs.Load(m.cmd.ID)
	}
	doc, err := m.document()
	if err != nil {
		return trade.Header{}, err
	}
	h, err := m.apply(doc)
	if err != nil {
		return h, err
	}
	return h, m.docs.Record(m.caller, m.cmd.RequestID, digest)
}

// commandDigest names the whole command: action, public part, private
// arguments and the digests of the bodies that travelled.
func (m *move) commandDigest() (trade.Digest, error) {
	type body struct {
		ID     trade.DocID  `json:"id"`
		Digest trade.Digest `json:"digest"`
	}
	all := struct {
		Kind    trade.Kind    `json:"kind"`
		Action  string        `json:"action"`
		Command trade.Command `json:"command"`
		Args    trade.Digest  `json:"args"`
		Bodies  []body        `json:"bodies"`
	}{Kind: m.kind.Name, Action: m.cmd.Action, Command: m.cmd, Args: sha256.Sum256(m.cmd.Args)}
	for id, d := range m.digests {
		all.Bodies = append(all.Bodies, body{id, d.SHA256})
	}
	sort.Slice(all.Bodies, func(i, j int) bool { return all.Bodies[i].ID < all.Bodies[j].ID })
	b, err := canon.Encode(all)
	return sha256.Sum256(b), err
}

// readTransient collects the private part of the command and hashes every body
// in one batch.
func (m *move) readTransient() error {
	t, err := m.stub.GetTransient()
	if err != nil {
		return err
	}
	m.bodies = map[trade.DocID][]byte{}
	var ids []trade.DocID
	for k, v := range t {
		switch id, isBody := strings.CutPrefix(k, "body/"); {
		case k == "args":
			m.cmd.Args = v
		case !isBody:
			return fault.New(fault.ArgumentMalformed, "transient data has a key other than args and body/<id>")
		default:
			m.bodies[trade.DocID(id)] = v
			ids = append(ids, trade.DocID(id))
		}
		if len(v) > canon.MaxBytes {
			return fault.New(fault.TooLarge, "a body is over %d bytes", canon.MaxBytes)
		}
	}
	if len(ids) > maxBodies {
		return fault.New(fault.TooLarge, "%d bodies; the limit is %d", len(ids), maxBodies)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	batch := make([][]byte, len(ids))
	for i, id := range ids {
		if err := id.Validate(); err != nil {
			return err
		}
		batch[i] = m.bodies[id]
	}
	ctx, cancel := context.WithTimeout(context.Background(), verifyTimeout)
	defer cancel()
	sm3, err := m.Accelerator.SM3(ctx, batch)
	if err != nil {
		return err
	}
	m.digests = make(map[trade.DocID]trade.BodyDigests, len(ids))
	for i, id := range ids {
		m.digests[id] = trade.BodyDigests{SHA256: sha256.Sum256(batch[i]), SM3: sm3[i]}
	}
	return nil
}

// document returns the document that the command is about: a new one with its
// parties looked up, or the valid existing one with its body checked.
func (m *move) document() (trade.Document, error) {
	id := m.cmd.ID
	body, travelled := m.bodies[id]
	if m.cmd.Version == 0 {
		if !m.kind.Table.Creates(m.cmd.Action) {
			return trade.Document{}, fault.New(fault.VersionStale, "the version that was seen must be given").WithDoc(string(id))
		}
		return m.created(id, body, travelled)
	}
	h, err := m.docs.Load(id)
	if err != nil {
		return trade.Document{}, err
	}
	if h.Kind != m.kind.Name {
		return trade.Document{}, fault.New(fault.DocNotFound, "no %s with this id", m.kind.Name).WithDoc(string(id))
	}
	if m.kind.Blind == nil || !m.kind.Blind(m.cmd.Action) {
		if !travelled {
			return trade.Document{}, fault.New(fault.BodyMissing, "transient data body/%s is missing", id).WithDoc(string(id))
		}
		if err := m.sameBody(h); err != nil {
			return trade.Document{}, err
		}
	}
	if travelled {
		if err := m.complete(h, body); err != nil {
			return trade.Document{}, err
		}
	}
	// The version is checked after the body: a caller with an old body is told
	// to fetch it, and one with an old version learns nothing of the body.
	if m.cmd.Version != h.Version {
		return trade.Document{}, stale(h, m.cmd.Version)
	}
	return trade.Document{Header: h, Body: body}, nil
}

func (m *move) created(id trade.DocID, body []byte, travelled bool) (trade.Document, error) {
	if id.MSP() != m.caller.MSP {
		return trade.Document{}, foreign(id, m.caller.MSP)
	}
	if _, exists, err := m.docs.Find(id); exists {
		return trade.Document{}, fault.New(fault.DocExists, "the id is taken").WithDoc(string(id))
	} else if err != nil {
		return trade.Document{}, err
	}
	if !travelled {
		return trade.Document{}, fault.New(fault.BodyMissing, "transient data body/%s is missing", id).WithDoc(string(id))
	}
	ids, err := m.kind.Parties(body)
	if err != nil {
		return trade.Document{}, err
	}
	parties, err := m.parties(ids)
	if err != nil {
		return trade.Document{}, err
	}
	orgs, err := trade.Organisations(ids, parties)
	if err != nil {
		return trade.Document{}, err
	}
	d := m.digests[id]
	return trade.Document{Body: body, Header: trade.Header{
		ID: id, Kind: m.kind.Name, Digest: d.SHA256, DigestSM3: d.SM3, Parties: orgs,
	}}, nil
}

// related returns the documents that travelled along and those that move with
// doc. Documents that exist are valid and their bodies are theirs; one that
// does not exist yet has an empty state.
func (m *move) related(doc trade.Document) (map[trade.DocID]trade.Document, error) {
	ids := slices.Collect(maps.Keys(m.bodies))
	if m.kind.Moves != nil {
		ids = append(ids, m.kind.Moves(doc.Header, m.cmd.Action)...)
	}
	slices.Sort(ids) // endorsers must meet the same error first
	out := make(map[trade.DocID]trade.Document, len(ids))
	for _, id := range slices.Compact(ids) {
		if id == doc.Header.ID {
			continue
		}
		h, exists, err := m.docs.Find(id)
		if err != nil {
			return nil, err
		}
		if !exists {
			out[id] = trade.Document{Header: trade.Header{ID: id, State: lifecycle.None}, Body: m.bodies[id]}
			continue
		}
		if err := m.docs.Check(h); err != nil {
			return nil, err
		}
		if _, travelled := m.bodies[id]; travelled {
			if err := m.sameBody(h); err != nil {
				return nil, err
			}
			if err := m.complete(h, m.bodies[id]); err != nil {
				return nil, err
			}
		}
		out[id] = trade.Document{Header: h, Body: m.bodies[id]}
	}
	return out, nil
}

// apply gathers the facts, lets the rule decide and stores its effects.
func (m *move) apply(doc trade.Document) (trade.Header, error) {
	f := trade.Facts{Caller: m.caller, Now: m.now, Digests: m.digests}
	var err error
	if f.Related, err = m.related(doc); err != nil {
		return trade.Header{}, err
	}
	if f.Release, err = m.release(doc.Header.Release); err != nil {
		return trade.Header{}, err
	}
	if m.kind.Asks != nil {
		q, err := m.kind.Asks(doc, m.cmd, f.Related)
		if err != nil {
			return trade.Header{}, err
		}
		if err := m.find(q, &f); err != nil {
			return trade.Header{}, err
		}
	}
	before := doc.Header
	effects, err := m.kind.Apply(doc, m.cmd, f)
	if err != nil {
		return trade.Header{}, err
	}
	h, event, err := m.store(m.kind, before, effects.Doc, effects.Note)
	if err != nil {
		return trade.Header{}, err
	}
	events := []trade.Event{event}
	for _, other := range effects.Others {
		event, err := m.storeOther(f.Related, other)
		if err != nil {
			return trade.Header{}, err
		}
		events = append(events, event)
	}
	return h, m.tell(events)
}

// storeOther writes a document that moves, or is made, together with the main
// one. It must be among those that were looked up, and what is new carries an id
// of the caller's organisation, like every new document.
func (m *move) storeOther(related map[trade.DocID]trade.Document, other trade.Document) (trade.Event, error) {
	kind, ok := catalog.Find(other.Header.Kind)
	if !ok {
		return trade.Event{}, fault.New(fault.Internal, "no document kind %q", other.Header.Kind)
	}
	before, ok := related[other.Header.ID]
	if !ok {
		return trade.Event{}, fault.New(fault.Internal, "a rule moves a document that was not looked up").
			WithDoc(string(other.Header.ID))
	}
	if before.Header.Version == 0 && other.Header.ID.MSP() != m.caller.MSP {
		return trade.Event{}, foreign(other.Header.ID, m.caller.MSP)
	}
	_, event, err := m.store(kind, before.Header, other, nil)
	return event, err
}

// store writes one document after a step and returns its header and event.
func (m *move) store(kind catalog.Kind, before trade.Header, doc trade.Document, note []byte,
) (trade.Header, trade.Event, error) {
	h := doc.Header
	h.Version = before.Version + 1
	h.UpdatedAt, h.UpdatedBy = m.now, m.caller.MSP
	h.Note = nil
	if note != nil {
		d := trade.Digest(sha256.Sum256(note))
		h.Note = &d
	}
	event := trade.Event{
		Kind: kind.Name, ID: h.ID, Action: m.cmd.Action,
		From: before.State, To: h.State, Version: h.Version,
	}
	var err error
	if before.Version == 0 {
		h.CreatedAt = m.now
		err = m.docs.Create(trade.Document{Header: h, Body: doc.Body})
	} else {
		err = m.docs.Update(h, kind.Table.Final(h.State))
	}
	if err == nil && note != nil {
		err = m.docs.Note(h, note)
	}
	return h, event, err
}

func (m *move) sameBody(h trade.Header) error {
	if m.digests[h.ID].SHA256 != h.Digest {
		return fault.New(fault.BodyStale, "the body that travelled is not the one that the header names").
			WithDoc(string(h.ID))
	}
	return nil
}

// complete refuses a document whose header leaves out an organisation of a party
// that the body names. The validity rule asks those in the header only, so one
// organisation alone could otherwise make up a document that binds another, and
// have a rule build on it.
func (m *move) complete(h trade.Header, body []byte) error {
	kind, ok := catalog.Find(h.Kind)
	if !ok {
		return fault.New(fault.DocInvalid, "no document kind %q", h.Kind).WithDoc(string(h.ID))
	}
	ids, err := kind.Parties(body)
	if err != nil {
		return err
	}
	known, err := m.parties(ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if p, ok := known[id]; !ok || !slices.Contains(h.Parties, p.MSP) {
			return fault.New(fault.DocInvalid, "the header leaves out a party's organisation").WithDoc(string(h.ID))
		}
	}
	return nil
}

func stale(h trade.Header, seen uint64) error {
	return fault.New(fault.VersionStale, "version %d was seen; the document is at version %d", seen, h.Version).
		WithDoc(string(h.ID))
}

func foreign(id trade.DocID, msp trade.MSPID) error {
	return fault.New(fault.IDForeign, "the id of a new document begins with %s", msp).WithDoc(string(id))
}
