package trade

import (
	"sort"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// Header is the public part of a document: what every member of the channel
// sees. Nothing commercial stands in it.
type Header struct {
	ID      DocID  `json:"id"`
	Kind    Kind   `json:"kind"`
	State   string `json:"state"`
	Version uint64 `json:"version"`
	// Digest is SHA-256 of the body's stored bytes, which is also what every
	// peer keeps of each organisation's private copy.
	Digest Digest `json:"digest"`
	// DigestSM3 is SM3 of the same bytes.
	DigestSM3 Digest `json:"digestSm3"`
	// Parties are the organisations of the parties named in the body, sorted,
	// each once. All of them endorse every step.
	Parties []MSPID `json:"parties"`
	// Release lists the facts that the document waits for.
	Release []Condition `json:"release,omitempty"`
	// Lineage lists the documents that this one was made from.
	Lineage []Reference `json:"lineage,omitempty"`
	// Successors are the documents that the last step made to take this one's
	// place, or offered to.
	Successors []DocID `json:"successors,omitempty"`
	// Resume is the state to which a suspended document returns.
	Resume string `json:"resume,omitempty"`
	// Defaulter is the party that has not paid what the document promises; it
	// is made public then and only then.
	Defaulter PartyID `json:"defaulter,omitempty"`
	// Deadline is the public time limit of the document; 0 when it has none.
	Deadline Instant `json:"deadline,omitempty"`
	// Note is SHA-256 of the private note that the last step left with the
	// parties (a reason, a bank's status report), or nil.
	Note *Digest `json:"note,omitempty"`
	// CreatedAt and UpdatedAt are transaction times, which clients claim and
	// endorsers check against a bounded skew.
	CreatedAt Instant `json:"createdAt"`
	UpdatedAt Instant `json:"updatedAt"`
	// UpdatedBy is the organisation whose client took the last step.
	UpdatedBy MSPID `json:"updatedBy"`
}

// Reference points to one version of a document by its digest.
type Reference struct {
	ID      DocID  `json:"id"`
	Version uint64 `json:"version"`
	Digest  Digest `json:"digest"`
}

// Reference returns a reference to the header's current version.
func (h Header) Reference() Reference { return Reference{h.ID, h.Version, h.Digest} }

// Condition is one fact that must be established: something of Type happened
// to Subject. Subject is opaque on the ledger; see attest.SubjectOf.
type Condition struct {
	Subject Digest `json:"subject"`
	Type    string `json:"type"`
}

// Document is a header and, where it is known, the body's canonical bytes.
type Document struct {
	Header Header
	Body   []byte
}

// Command is the public part of a request to create or move a document.
type Command struct {
	// RequestID is 128 random bits in hex, chosen by the client; the same id
	// with the same command has the same effect once.
	RequestID string `json:"requestId"`
	// ID is the document to create or move.
	ID DocID `json:"id"`
	// Version is the version that the caller has seen; 0 creates.
	Version uint64 `json:"version"`
	// Action is set by the contract, never by the client.
	Action string `json:"-"`
	// Args is private JSON: it travels as transient data and is part of the
	// command's digest. Its meaning depends on the action.
	Args []byte `json:"-"`
}

// Validate refuses malformed ids.
func (c Command) Validate() error {
	if err := ValidateRequestID(c.RequestID); err != nil {
		return err
	}
	return c.ID.Validate()
}

// FactState is what the ledger holds of one subject and fact type.
type FactState string

// The states of a fact. Only an established fact releases anything.
const (
	FactPending     FactState = "PENDING"
	FactEstablished FactState = "ESTABLISHED"
	FactConflicted  FactState = "CONFLICTED"
	FactRetracted   FactState = "RETRACTED"
)

// FactStatus is the ledger's word on one release condition.
type FactStatus struct {
	State FactState `json:"state"`
	// EstablishedAt is the transaction time at which the quorum was reached.
	EstablishedAt Instant `json:"establishedAt,omitempty"`
}

// Facts is everything a rule may know besides the document and the command.
type Facts struct {
	Caller Caller
	// Now is the transaction's time.
	Now Instant
	// Parties holds the registry's record of every party that is named.
	Parties map[PartyID]Party
	// Related holds the valid documents that the command refers to or moves
	// with, by id; Body is set for those whose body travelled along.
	Related map[DocID]Document
	// Release holds the status of each release condition.
	Release map[Condition]FactStatus
	// Digests holds the digests of every body that travelled along.
	Digests map[DocID]BodyDigests
	// Parameters holds the ledger parameters that the rule asked for and that
	// are approved.
	Parameters map[ParameterRef]Parameter
	// Defaulted holds those of the parties asked for that are on the default
	// list.
	Defaulted map[PartyID]bool
}

// Questions is what a rule must know of the registry before it can decide.
type Questions struct {
	// Parties asks for Facts.Parties.
	Parties []PartyID
	// Parameters asks for Facts.Parameters.
	Parameters []ParameterRef
	// Defaults asks for Facts.Defaulted.
	Defaults []PartyID
}

// ParameterRef names one version of a ledger parameter: a set of limits that
// the members' governors have approved.
type ParameterRef struct {
	Name    string `json:"name"`
	Version uint64 `json:"version"`
}

// Parameter is an approved version of a ledger parameter.
type Parameter struct {
	// Value is canonical JSON; its meaning depends on the name.
	Value []byte
	// Current reports whether no later version is approved.
	Current bool
}

// BodyDigests are the two digests of one body's stored bytes.
type BodyDigests struct {
	SHA256 Digest
	SM3    Digest
}

// Event tells one step of one document. It is public.
type Event struct {
	Kind    Kind   `json:"kind"`
	ID      DocID  `json:"id"`
	Action  string `json:"action"`
	From    string `json:"from"`
	To      string `json:"to"`
	Version uint64 `json:"version"`
}

// Effects is the outcome of a command.
type Effects struct {
	// Doc is the document after the step.
	Doc Document
	// Others are documents created or moved in the same step.
	Others []Document
	// Note is a private remark for the parties, or nil.
	Note []byte
}

// Established refuses unless every condition is an established fact, and was
// one by the deadline (0 means no deadline); it names the first that is not.
func Established(conditions []Condition, facts map[Condition]FactStatus, deadline Instant) error {
	for _, c := range conditions {
		switch f := facts[c]; {
		case f.State != FactEstablished:
			state := f.State
			if state == "" {
				state = FactPending
			}
			return fault.New(fault.ConditionUnmet, "%s of subject %s is %s", c.Type, c.Subject, state)
		case deadline != 0 && f.EstablishedAt > deadline:
			return fault.New(fault.Expired, "%s of subject %s was established at %s, after the deadline %s",
				c.Type, c.Subject, f.EstablishedAt, deadline)
		}
	}
	return nil
}

// Organisations returns the organisations of the named parties, sorted, each
// once. It refuses parties that are unknown or not active.
func Organisations(ids []PartyID, parties map[PartyID]Party) ([]MSPID, error) {
	seen := map[MSPID]bool{}
	var out []MSPID
	for _, id := range ids {
		p, ok := parties[id]
		if !ok {
			return nil, fault.New(fault.PartyNotFound, "party %s is not registered", id)
		}
		if !p.Active {
			return nil, fault.New(fault.PartyInactive, "party %s is not active", id)
		}
		if !seen[p.MSP] {
			seen[p.MSP] = true
			out = append(out, p.MSP)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out, nil
}

// RequireParty refuses a caller other than the party want, called by the name
// that the document kind gives it.
func RequireParty(c Caller, want PartyID, name string) error {
	if c.Party.ID == "" {
		return fault.New(fault.CallerUnknown, "no party is bound to the caller's certificate")
	}
	if !c.Party.Active {
		return fault.New(fault.PartyInactive, "the caller's party is not active")
	}
	if c.Party.ID != want {
		return fault.New(fault.NotParty, "only the %s may do this", name)
	}
	return nil
}
