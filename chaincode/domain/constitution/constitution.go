// Package constitution is the law of the network's membership and of decisions
// that several organisations take together.
//
// Fabric's endorsement makes sure that a majority of peers computed the same
// result; it does not say whose wish it was. What changes trust for everybody
// (who is a member, which oracle source counts, how many must agree) is
// therefore approved by the members' governors one by one.
package constitution

import (
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// maxMembers bounds the membership: each decision reads the whole record.
const maxMembers = 200

// The states of the constitution.
const (
	Proposed = "PROPOSED"
	Active   = "ACTIVE"
)

// Record is the network's membership as the ledger holds it.
type Record struct {
	State string `json:"state"`
	// Members are the organisations, sorted.
	Members []trade.MSPID `json:"members"`
	// Approvals are those that have approved exactly this membership, sorted.
	Approvals []trade.MSPID `json:"approvals"`
}

// Approve records that the caller's organisation wants members to be the
// network's membership. The first membership becomes active when every one of
// its members has approved it.
func (r Record) Approve(members []trade.MSPID, caller trade.Caller) (Record, error) {
	if !caller.HasRole(trade.RoleGovernor) {
		return r, fault.New(fault.RoleMissing, "only a governor may approve the constitution")
	}
	if len(members) == 0 || len(members) > maxMembers || !slices.IsSorted(members) || slices.Contains(members, "") ||
		len(slices.Compact(slices.Clone(members))) != len(members) {
		return r, fault.New(fault.FieldInvalid, "members are 1 to %d MSP ids, sorted, each once", maxMembers).
			WithField("members")
	}
	if !slices.Contains(members, caller.MSP) {
		return r, fault.New(fault.NotParty, "%s is not among the members that it approves", caller.MSP)
	}
	if r.State == Active {
		if slices.Equal(r.Members, members) {
			return r, nil
		}
		return r, fault.New(fault.TransitionForbidden, "the constitution is active; this version cannot change it")
	}
	if !slices.Equal(r.Members, members) {
		r = Record{State: Proposed, Members: members}
	}
	r.Approvals = With(r.Approvals, caller.MSP)
	if len(r.Approvals) == len(r.Members) {
		r.State = Active
	}
	return r, nil
}

// Decide checks that the caller may take part in a decision of the members and
// returns the approvals with its own.
func (r Record) Decide(approvals []trade.MSPID, caller trade.Caller) ([]trade.MSPID, error) {
	switch {
	case !caller.HasRole(trade.RoleGovernor):
		return nil, fault.New(fault.RoleMissing, "only a governor may decide for its organisation")
	case r.State != Active:
		return nil, fault.New(fault.TransitionForbidden, "the constitution is not active yet")
	case !slices.Contains(r.Members, caller.MSP):
		return nil, fault.New(fault.NotParty, "%s is not a member of the network", caller.MSP)
	}
	return With(approvals, caller.MSP), nil
}

// Carried reports whether the approvals are more than half of the members.
func (r Record) Carried(approvals []trade.MSPID) bool { return len(approvals)*2 > len(r.Members) }

// With returns the sorted set with msp in it; the set given is left alone.
func With(set []trade.MSPID, msp trade.MSPID) []trade.MSPID {
	if slices.Contains(set, msp) {
		return set
	}
	out := append(slices.Clone(set), msp)
	slices.Sort(out)
	return out
}
