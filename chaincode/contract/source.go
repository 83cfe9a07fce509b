package contract

import (
	"crypto/sha256"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// Source is the contract of oracle sources.
type Source struct{ record }

// SourceProposal is the argument of Propose.
type SourceProposal struct {
	RequestID string `json:"requestId"`
	source.Proposal
}

// SourceStep is the argument of Approve and Revoke.
type SourceStep struct {
	RequestID string          `json:"requestId"`
	ID        attest.SourceID `json:"id"`
	// From is from when a revocation counts.
	From trade.Instant `json:"from,omitempty"`
}

// Propose registers a source of the caller's organisation for approval.
func (c *Source) Propose(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a SourceProposal) string { return a.RequestID },
		func(s *session, a SourceProposal) (change, error) {
			law, err := s.law()
			if err != nil {
				return change{}, err
			}
			var taken source.Record
			if found, err := s.get(state.SourceKey(a.ID), &taken); err != nil {
				return change{}, err
			} else if found {
				return change{}, fault.New(fault.DocExists, "source %s exists", a.ID)
			}
			r, err := source.New(a.Proposal, law, s.caller)
			return sourceChange(source.Record{}, r, source.Propose), err
		})
}

// Approve adds the approval of the caller's organisation.
func (c *Source) Approve(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.step(ctx, source.Approve, in)
}

// Revoke ends a source with effect from a time.
func (c *Source) Revoke(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.step(ctx, source.Revoke, in)
}

func (c *Source) step(ctx contractapi.TransactionContextInterface, action, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a SourceStep) string { return a.RequestID },
		func(s *session, a SourceStep) (change, error) {
			before, err := s.source(a.ID)
			if err != nil {
				return change{}, err
			}
			law, err := s.law()
			if err != nil {
				return change{}, err
			}
			var after source.Record
			if action == source.Revoke {
				after, err = before.Revoke(a.From, s.caller)
			} else {
				after, err = before.Approve(law, s.caller)
			}
			return sourceChange(before, after, action), err
		})
}

func sourceChange(before, after source.Record, action string) change {
	return change{
		puts: map[string]any{state.SourceKey(after.ID): after}, result: after,
		events: []trade.Event{{
			Kind: "source", ID: trade.DocID(after.ID), Action: action,
			From: before.State, To: after.State, Version: uint64(len(after.Approvals)),
		}},
	}
}

func (s *session) source(id attest.SourceID) (source.Record, error) {
	var r source.Record
	if err := id.Validate(); err != nil {
		return r, err
	}
	found, err := s.get(state.SourceKey(id), &r)
	if err == nil && !found {
		err = fault.New(fault.SourceNotFound, "source %s is not registered", id)
	}
	return r, err
}

// BySourceID is the argument of Get.
type BySourceID struct {
	ID attest.SourceID `json:"id"`
}

// Get returns a source's record.
func (c *Source) Get(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q BySourceID) (source.Record, error) { return s.source(q.ID) })
}

// GetEvaluateTransactions marks the queries in the contract's metadata.
func (c *Source) GetEvaluateTransactions() []string { return []string{"Get"} }

// Policy is the contract of quorum policies.
type Policy struct{ record }

// PolicyProposal is the argument of Propose.
type PolicyProposal struct {
	RequestID string        `json:"requestId"`
	Policy    attest.Policy `json:"policy"`
}

// PolicyApproval is the argument of Approve.
type PolicyApproval struct {
	RequestID string       `json:"requestId"`
	Type      string       `json:"type"`
	Digest    trade.Digest `json:"digest"`
}

// Propose puts a policy up for approval; it counts as the approval of the
// caller's organisation.
func (c *Policy) Propose(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a PolicyProposal) string { return a.RequestID },
		func(s *session, a PolicyProposal) (change, error) {
			b, err := canon.Encode(a.Policy)
			if err != nil {
				return change{}, err
			}
			r := source.PolicyRecord{Policy: a.Policy, Digest: sha256.Sum256(b)}
			if _, err := s.get(state.ProposalKey(a.Policy.Type, r.Digest), &r); err != nil {
				return change{}, err
			}
			return s.approvePolicy(r)
		})
}

// Approve adds the approval of the caller's organisation to a proposed policy.
func (c *Policy) Approve(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a PolicyApproval) string { return a.RequestID },
		func(s *session, a PolicyApproval) (change, error) {
			var r source.PolicyRecord
			if found, err := s.get(state.ProposalKey(a.Type, a.Digest), &r); err != nil {
				return change{}, err
			} else if !found {
				return change{}, fault.New(fault.PolicyNotFound, "no such policy is proposed for %s", a.Type)
			}
			return s.approvePolicy(r)
		})
}

func (s *session) approvePolicy(before source.PolicyRecord) (change, error) {
	law, err := s.law()
	if err != nil {
		return change{}, err
	}
	after, err := before.ApprovePolicy(law, s.caller)
	if err != nil {
		return change{}, err
	}
	t := after.Policy.Type
	ch := change{
		puts: map[string]any{state.ProposalKey(t, after.Digest): after}, result: after,
		events: []trade.Event{{
			Kind: "policy", ID: trade.DocID(t), Action: source.Approve,
			From: before.State, To: after.State, Version: uint64(len(after.Approvals)),
		}},
	}
	if after.State == source.Active && before.State != source.Active {
		ch.puts[state.PolicyKey(t)] = after
	}
	return ch, nil
}

// activePolicy returns the policy in force for the fact type.
func (s *session) activePolicy(factType string) (source.PolicyRecord, error) {
	var r source.PolicyRecord
	if err := attest.ValidateType(factType); err != nil {
		return r, err
	}
	found, err := s.get(state.PolicyKey(factType), &r)
	if err == nil && !found {
		err = fault.New(fault.PolicyNotFound, "no policy is active for %s", factType)
	}
	return r, err
}

// ByType is the argument of Get.
type ByType struct {
	Type string `json:"type"`
}

// Get returns the policy in force for a fact type.
func (c *Policy) Get(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q ByType) (source.PolicyRecord, error) {
		return s.activePolicy(q.Type)
	})
}

// GetEvaluateTransactions marks the queries in the contract's metadata.
func (c *Policy) GetEvaluateTransactions() []string { return []string{"Get"} }
