// Package source is the law of oracle sources and of the quorum policies that
// say how many of them make a fact. Both are proposed by one member and become
// active when a majority of the members' governors has approved them: no
// organisation alone can make itself believed.
package source

import (
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/constitution"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// maxTypes bounds the fact types of one source.
const maxTypes = 64

// The states of a source and of a policy.
const (
	Proposed = "PROPOSED"
	Active   = "ACTIVE"
	Revoked  = "REVOKED"
)

// The actions on a source.
const (
	Propose = "PROPOSE"
	Approve = "APPROVE"
	Revoke  = "REVOKE"
)

// Table is the lifecycle of a source.
var Table = lifecycle.Table{Kind: "source", Steps: []lifecycle.Step{
	{From: lifecycle.None, Action: Propose, To: Proposed, Who: "owner's governor"},
	{From: Proposed, Action: Approve, To: Active, Who: "members' governors", Guard: "more than half of the members"},
	{From: Proposed, Action: Revoke, To: Revoked, Who: "owner's governor"},
	{From: Active, Action: Revoke, To: Revoked, Who: "owner's governor", Guard: "with effect from a time"},
}}

// Record is an oracle source as the ledger holds it.
type Record struct {
	ID    attest.SourceID `json:"id"`
	Owner trade.MSPID     `json:"owner"`
	// Types are the fact types that it may claim, sorted.
	Types []string `json:"types"`
	// SM2PublicKey is x||y in hex.
	SM2PublicKey string        `json:"sm2PublicKey"`
	ValidFrom    trade.Instant `json:"validFrom"`
	ValidTo      trade.Instant `json:"validTo"`
	// RevokedFrom is from when its claims no longer count; 0 while it is not
	// revoked.
	RevokedFrom trade.Instant `json:"revokedFrom,omitempty"`
	State       string        `json:"state"`
	Approvals   []trade.MSPID `json:"approvals"`
}

// Proposal is what an owner proposes.
type Proposal struct {
	ID           attest.SourceID `json:"id"`
	Types        []string        `json:"types"`
	SM2PublicKey string          `json:"sm2PublicKey"`
	ValidFrom    trade.Instant   `json:"validFrom"`
	ValidTo      trade.Instant   `json:"validTo"`
}

// New returns the record of a proposed source; the proposal counts as its
// owner's approval.
func New(p Proposal, law constitution.Record, caller trade.Caller) (Record, error) {
	if err := p.ID.Validate(); err != nil {
		return Record{}, err
	}
	switch {
	case len(p.Types) == 0 || len(p.Types) > maxTypes || !slices.IsSorted(p.Types) ||
		len(slices.Compact(slices.Clone(p.Types))) != len(p.Types):
		return Record{}, fault.New(fault.FieldInvalid, "1 to %d fact types, sorted, each once", maxTypes).WithField("types")
	case !party.KeyPattern().MatchString(p.SM2PublicKey):
		return Record{}, fault.New(fault.FieldInvalid, "an SM2 public key is x||y in 128 lower-case hex digits").
			WithField("sm2PublicKey")
	case p.ValidTo <= p.ValidFrom:
		return Record{}, fault.New(fault.FieldInvalid, "the key's validity ends before it begins").WithField("validTo")
	}
	for _, t := range p.Types {
		if err := attest.ValidateType(t); err != nil {
			return Record{}, err
		}
	}
	r := Record{
		ID: p.ID, Owner: caller.MSP, Types: p.Types, SM2PublicKey: p.SM2PublicKey,
		ValidFrom: p.ValidFrom, ValidTo: p.ValidTo, State: Proposed,
	}
	return r.approve(law, caller)
}

// Approve returns the record with the approval of the caller's organisation.
// Approving twice changes nothing.
func (r Record) Approve(law constitution.Record, caller trade.Caller) (Record, error) {
	if r.State == Active && slices.Contains(r.Approvals, caller.MSP) {
		return r, nil
	}
	if r.State == Active {
		return r.approve(law, caller)
	}
	if _, err := Table.Next(r.State, Approve); err != nil {
		return r, err
	}
	return r.approve(law, caller)
}

func (r Record) approve(law constitution.Record, caller trade.Caller) (Record, error) {
	approvals, err := law.Decide(r.Approvals, caller)
	if err != nil {
		return r, err
	}
	r.Approvals = approvals
	if law.Carried(approvals) {
		r.State = Active
	}
	return r, nil
}

// Revoke ends the source with effect from a time, at its owner's word alone: a
// leaked key cannot wait for a majority.
func (r Record) Revoke(from trade.Instant, caller trade.Caller) (Record, error) {
	if _, err := Table.Next(r.State, Revoke); err != nil {
		return r, err
	}
	if !caller.HasRole(trade.RoleGovernor) || caller.MSP != r.Owner {
		return r, fault.New(fault.NotParty, "only a governor of %s may revoke the source", r.Owner)
	}
	if from <= 0 {
		return r, fault.New(fault.FieldRequired, "from when the revocation counts must be given").WithField("from")
	}
	r.State, r.RevokedFrom = Revoked, from
	return r, nil
}

// Admits refuses a claim that the source may not make: of another type, or
// observed when its key was not valid or already revoked, or while it is not
// approved.
func (r Record) Admits(c attest.Claim) error {
	switch {
	case r.State == Proposed:
		return fault.New(fault.SourceNotAllowed, "source %s is not approved yet", r.ID)
	case r.State == Revoked && c.ObservedAt >= r.RevokedFrom:
		return fault.New(fault.SourceNotAllowed, "source %s is revoked from %s", r.ID, r.RevokedFrom)
	case c.ObservedAt < r.ValidFrom || c.ObservedAt >= r.ValidTo:
		return fault.New(fault.SourceNotAllowed, "the key of source %s was not valid at %s", r.ID, c.ObservedAt)
	case !slices.Contains(r.Types, c.Type):
		return fault.New(fault.SourceNotAllowed, "source %s may not claim %s", r.ID, c.Type)
	}
	return nil
}

// PolicyRecord is a quorum policy as the ledger holds it. At most one policy of
// a type is active; a proposal beside it has not displaced it yet.
type PolicyRecord struct {
	Policy    attest.Policy `json:"policy"`
	Digest    trade.Digest  `json:"digest"`
	State     string        `json:"state"`
	Approvals []trade.MSPID `json:"approvals"`
}

// ApprovePolicy returns the record with the approval of the caller's
// organisation.
func (r PolicyRecord) ApprovePolicy(law constitution.Record, caller trade.Caller) (PolicyRecord, error) {
	if err := r.Policy.Validate(); err != nil {
		return r, err
	}
	approvals, err := law.Decide(r.Approvals, caller)
	if err != nil {
		return r, err
	}
	r.Approvals = approvals
	r.State = Proposed
	if law.Carried(approvals) {
		r.State = Active
	}
	return r, nil
}
