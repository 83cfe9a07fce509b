// Package parameter is the law of ledger parameters: limits that regulation and
// the members set and change, such as the longest term of a voucher. They are
// data, not constants, because the rules behind them change faster than code.
//
// A parameter has a name and versions. A version is proposed by one governor
// and counts when more than half of the members have approved exactly its
// value; it never changes afterwards, so that a document which refers to it
// keeps the limits under which it was made. Versions follow each other without
// gaps; what a value means is the business of the documents that use it.
package parameter

import (
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/constitution"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// maxValue bounds a value: every document that uses it reads it at each step.
const maxValue = 4096

// The states of a version.
const (
	Proposed = "PROPOSED"
	Active   = "ACTIVE"
)

// The actions on a version.
const (
	Propose = "PROPOSE"
	Approve = "APPROVE"
)

// Table is the lifecycle of one version of a parameter.
var Table = lifecycle.Table{Kind: "parameter", Steps: []lifecycle.Step{
	{
		From: lifecycle.None, Action: Propose, To: Proposed, Who: "a governor",
		Guard: "it is the version that follows the current one",
	},
	{From: Proposed, Action: Approve, To: Active, Who: "members' governors", Guard: "more than half of the members"},
}}

// Proposal is a version that a governor proposes.
type Proposal struct {
	Name    string `json:"name"`
	Version uint64 `json:"version"`
	// Value is canonical JSON.
	Value json.RawMessage `json:"value"`
}

// Record is a version as the ledger holds it.
type Record struct {
	Proposal
	// Digest is SHA-256 of the canonical proposal: what governors approve.
	Digest    trade.Digest  `json:"digest"`
	State     string        `json:"state"`
	Approvals []trade.MSPID `json:"approvals"`
}

var namePattern = regexp.MustCompile(`^[a-z]{1,32}(\.[A-Z]{3})?$`)

// ValidateName refuses a name that is not one lower-case word, with a currency
// behind a dot where the parameter is about one.
func ValidateName(name string) error {
	if !namePattern.MatchString(name) {
		return fault.New(fault.FieldInvalid, "a parameter's name is a word, or a word, a dot and a currency").
			WithField("name")
	}
	return nil
}

// New returns the record of a proposal that nobody has approved yet. What the
// value means must have been checked before.
func New(p Proposal) (Record, error) {
	if err := ValidateName(p.Name); err != nil {
		return Record{}, err
	}
	if len(p.Value) == 0 || len(p.Value) > maxValue {
		return Record{}, fault.New(fault.FieldInvalid, "a value has 1 to %d bytes", maxValue).WithField("value")
	}
	b, err := canon.Encode(p)
	return Record{Proposal: p, Digest: sha256.Sum256(b), State: Proposed}, err
}

// Approve returns the record with the approval of the caller's organisation.
// current is the version in force, 0 when there is none. Approving again changes
// nothing.
func (r Record) Approve(current uint64, law constitution.Record, caller trade.Caller) (Record, error) {
	if r.State == Active && slices.Contains(r.Approvals, caller.MSP) {
		return r, nil
	}
	if r.State == Proposed && r.Version != current+1 {
		return r, fault.New(fault.VersionStale, "version %d of %s follows; %d was given", current+1, r.Name, r.Version).
			WithField("version")
	}
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
