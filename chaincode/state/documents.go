// Package state keeps documents on a ledger: a public header, and the body in
// the implicit private collection of every party's organisation.
//
// It knows the key layout and the validity rule and nothing of Fabric's
// interfaces, which the contract package adapts to the ports below.
//
// Invariants:
//   - A document is valid if and only if every organisation in its header's
//     Parties holds, in its own implicit collection, a body whose SHA-256 is the
//     header's Digest. Nothing is believed for merely existing.
//   - Every key of a document carries key-level endorsement of all parties'
//     peers from the moment it is created.
package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Public is the public state of one chaincode.
type Public interface {
	// Get returns the committed value, nil when there is none. It does not see
	// this transaction's own writes.
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
	Delete(key string) error
	// Protect makes every further write to the key need the endorsement of a
	// peer of each organisation.
	Protect(key string, orgs []trade.MSPID) error
}

// Private is the implicit private collections.
type Private interface {
	// Put writes into the collection of org; it needs no read access.
	Put(org trade.MSPID, key string, value []byte) error
	// Digest returns SHA-256 of the value in the collection of org, nil when
	// there is none. Every peer can answer.
	Digest(org trade.MSPID, key string) ([]byte, error)
	// Protect is Public.Protect for a key in the collection of org.
	Protect(org trade.MSPID, key string, orgs []trade.MSPID) error
}

// Documents is the repository of documents.
type Documents struct {
	Public  Public
	Private Private
}

// Find returns the header with the id, or false when there is none. It says
// nothing about validity.
func (d Documents) Find(id trade.DocID) (trade.Header, bool, error) {
	b, err := d.Public.Get(HeaderKey(id))
	if err != nil || b == nil {
		return trade.Header{}, false, err
	}
	var h trade.Header
	if err := json.Unmarshal(b, &h); err != nil || h.ID != id {
		// Someone wrote bytes of his own under a document's key.
		return trade.Header{}, true, fault.New(fault.DocInvalid, "the header is not one of ours").WithDoc(string(id))
	}
	return h, true, nil
}

// Load returns the valid document header with the id. It refuses absent
// documents and those that break the validity rule.
func (d Documents) Load(id trade.DocID) (trade.Header, error) {
	h, ok, err := d.Find(id)
	if err != nil {
		return h, err
	}
	if !ok {
		return h, fault.New(fault.DocNotFound, "no document with this id").WithDoc(string(id))
	}
	return h, d.Check(h)
}

// Check is the validity rule.
func (d Documents) Check(h trade.Header) error {
	if len(h.Parties) == 0 || h.Digest.IsZero() {
		return fault.New(fault.DocInvalid, "the header names no parties or no body").WithDoc(string(h.ID))
	}
	for _, org := range h.Parties {
		got, err := d.Private.Digest(org, BodyKey(h.Kind, h.ID))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, h.Digest[:]) {
			return fault.New(fault.DocInvalid, "%s does not hold the body that the header names", org).WithDoc(string(h.ID))
		}
	}
	return nil
}

// Create stores a new document: header, body with each party, hints for its
// release conditions, everything protected.
func (d Documents) Create(doc trade.Document) error {
	h := doc.Header
	if got := trade.Digest(sha256.Sum256(doc.Body)); got != h.Digest {
		return fmt.Errorf("the header of %s does not carry its body's digest", h.ID)
	}
	for _, org := range h.Parties {
		if err := d.putPrivate(org, BodyKey(h.Kind, h.ID), doc.Body, h.Parties); err != nil {
			return err
		}
	}
	if err := d.putHeader(h); err != nil {
		return err
	}
	if err := d.Public.Protect(HeaderKey(h.ID), h.Parties); err != nil {
		return err
	}
	for _, k := range waitKeys(h) {
		if err := d.Public.Put(k, []byte{1}); err != nil {
			return err
		}
		if err := d.Public.Protect(k, h.Parties); err != nil {
			return err
		}
	}
	return nil
}

// Update stores the header of an existing document after a step. A document
// that nothing leads on from loses its hints.
func (d Documents) Update(h trade.Header, final bool) error {
	if final {
		for _, k := range waitKeys(h) {
			if err := d.Public.Delete(k); err != nil {
				return err
			}
		}
	}
	return d.putHeader(h)
}

// Note stores the private remark of the step that led to the header's version
// with every party.
func (d Documents) Note(h trade.Header, note []byte) error {
	for _, org := range h.Parties {
		if err := d.putPrivate(org, noteKey(h.ID, h.Version), note, h.Parties); err != nil {
			return err
		}
	}
	return nil
}

// NoteKey is where the remark of the header's version stands.
func NoteKey(h trade.Header) string { return noteKey(h.ID, h.Version) }

// Seen reports whether the caller's organisation has recorded the request. It
// refuses a request id that stands for another command.
//
// The record lies in the implicit collection of the caller's organisation, so
// nobody can forge it without that organisation's endorsement, and it reads the
// same on every peer.
func (d Documents) Seen(c trade.Caller, requestID string, command trade.Digest) (bool, error) {
	got, err := d.Private.Digest(c.MSP, RequestKey(c, requestID))
	if err != nil || got == nil {
		return false, err
	}
	if want := sha256.Sum256([]byte(command.String())); !bytes.Equal(got, want[:]) {
		return false, fault.New(fault.RequestIDReused, "request id %s stands for another command", requestID)
	}
	return true, nil
}

// Record notes that the request was carried out.
func (d Documents) Record(c trade.Caller, requestID string, command trade.Digest) error {
	return d.Private.Put(c.MSP, RequestKey(c, requestID), []byte(command.String()))
}

func (d Documents) putPrivate(org trade.MSPID, k string, v []byte, parties []trade.MSPID) error {
	if err := d.Private.Put(org, k, v); err != nil {
		return err
	}
	return d.Private.Protect(org, k, parties)
}

func (d Documents) putHeader(h trade.Header) error {
	b, err := canon.Encode(h)
	if err != nil {
		return err
	}
	return d.Public.Put(HeaderKey(h.ID), b)
}

func waitKeys(h trade.Header) []string {
	var out []string
	seen := map[string]bool{}
	for _, c := range h.Release {
		if k := WaitKey(c.Subject, h.ID); !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}
