package contract

import (
	"encoding/json"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/catalog"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/parameter"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// Parameter is the contract of ledger parameters.
type Parameter struct{ record }

// ParameterProposal is the argument of Propose.
type ParameterProposal struct {
	RequestID string `json:"requestId"`
	parameter.Proposal
}

// ParameterApproval is the argument of Approve.
type ParameterApproval struct {
	RequestID string       `json:"requestId"`
	Name      string       `json:"name"`
	Digest    trade.Digest `json:"digest"`
}

// Propose puts a version up for approval; it counts as the approval of the
// caller's organisation, as does proposing the same again.
func (c *Parameter) Propose(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a ParameterProposal) string { return a.RequestID },
		func(s *session, a ParameterProposal) (change, error) {
			validate, ok := catalog.Parameter(a.Name)
			if !ok {
				return change{}, fault.New(fault.FieldInvalid, "there is no parameter %q", a.Name).WithField("name")
			}
			if err := validate(a.Value); err != nil {
				return change{}, err
			}
			r, err := parameter.New(a.Proposal)
			if err != nil {
				return change{}, err
			}
			if _, err := s.get(state.ParameterProposalKey(r.Name, r.Digest), &r); err != nil {
				return change{}, err
			}
			return s.approveParameter(r)
		})
}

// Approve adds the approval of the caller's organisation to a proposed version.
func (c *Parameter) Approve(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a ParameterApproval) string { return a.RequestID },
		func(s *session, a ParameterApproval) (change, error) {
			if err := parameter.ValidateName(a.Name); err != nil {
				return change{}, err
			}
			var r parameter.Record
			if found, err := s.get(state.ParameterProposalKey(a.Name, a.Digest), &r); err != nil {
				return change{}, err
			} else if !found {
				return change{}, fault.New(fault.ParameterNotFound, "no such version of %s is proposed", a.Name)
			}
			return s.approveParameter(r)
		})
}

func (s *session) approveParameter(before parameter.Record) (change, error) {
	law, err := s.law()
	if err != nil {
		return change{}, err
	}
	current, err := s.currentParameter(before.Name)
	if err != nil {
		return change{}, err
	}
	after, err := before.Approve(current, law, s.caller)
	if err != nil {
		return change{}, err
	}
	ch := change{
		puts: map[string]any{state.ParameterProposalKey(after.Name, after.Digest): after}, result: after,
		events: []trade.Event{{
			Kind: "parameter", ID: trade.DocID(after.Name), Action: parameter.Approve,
			From: before.State, To: after.State, Version: after.Version,
		}},
	}
	if after.State == parameter.Active && before.State != parameter.Active {
		ch.puts[state.ParameterKey(trade.ParameterRef{Name: after.Name, Version: after.Version})] = after
		ch.puts[state.CurrentParameterKey(after.Name)] = after.Version
	}
	return ch, nil
}

// currentParameter returns the version in force, 0 when there is none.
func (s *session) currentParameter(name string) (uint64, error) {
	var version uint64
	_, err := s.get(state.CurrentParameterKey(name), &version)
	return version, err
}

// Get returns an approved version; version 0 asks for the one in force.
func (c *Parameter) Get(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q trade.ParameterRef) (parameter.Record, error) {
		var r parameter.Record
		err := parameter.ValidateName(q.Name)
		if err == nil && q.Version == 0 {
			q.Version, err = s.currentParameter(q.Name)
		}
		if err != nil {
			return r, err
		}
		found, err := s.get(state.ParameterKey(q), &r)
		if err == nil && !found {
			err = fault.New(fault.ParameterNotFound, "version %d of %s is not approved", q.Version, q.Name)
		}
		return r, err
	})
}

// ParameterRefs is the argument of Values.
type ParameterRefs struct {
	Refs []trade.ParameterRef `json:"refs"`
}

// ParameterValue is one approved version.
type ParameterValue struct {
	Ref     trade.ParameterRef `json:"ref"`
	Value   json.RawMessage    `json:"value"`
	Current bool               `json:"current"`
}

// Values returns those of the versions that are approved, in the order asked.
func (c *Parameter) Values(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q ParameterRefs) ([]ParameterValue, error) {
		if len(q.Refs) > maxLookup {
			return nil, fault.New(fault.TooLarge, "%d parameters; the limit is %d", len(q.Refs), maxLookup)
		}
		out := []ParameterValue{}
		for _, ref := range q.Refs {
			var r parameter.Record
			found, err := s.get(state.ParameterKey(ref), &r)
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
			current, err := s.currentParameter(ref.Name)
			if err != nil {
				return nil, err
			}
			out = append(out, ParameterValue{Ref: ref, Value: r.Value, Current: current == ref.Version})
		}
		return out, nil
	})
}

// GetEvaluateTransactions marks the queries in the contract's metadata.
func (c *Parameter) GetEvaluateTransactions() []string { return []string{"Get", "Values"} }
