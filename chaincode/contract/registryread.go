package contract

import (
	"encoding/json"
	"errors"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// This file is what the chaincode `trade` asks of the chaincode `registry`, on
// the same peer and inside the same transaction.

// ask calls an evaluating function of the registry and reads its JSON answer.
func (s *session) ask(function string, argument, result any) error {
	return s.askOf(s.Registry, function, argument, result)
}

// askOf is ask for any chaincode of ours.
func (s *session) askOf(chaincode, function string, argument, result any) error {
	arg, err := canon.Encode(argument)
	if err != nil {
		return err
	}
	resp := s.stub.InvokeChaincode(chaincode, [][]byte{[]byte(function), arg}, "")
	if resp.GetStatus() != 200 {
		if f, ok := fault.Decode(resp.GetMessage()); ok {
			return f
		}
		return fault.New(fault.Internal, "%s did not answer %s: %s", chaincode, function, resp.GetMessage())
	}
	if err := json.Unmarshal(resp.GetPayload(), result); err != nil {
		return fault.Wrap(fault.Internal, err, "the answer of %s to %s cannot be read", chaincode, function)
	}
	return nil
}

// identify fills in the party that the caller's certificate is bound to; a
// caller without one stays without.
func (s *session) identify() error {
	var p trade.Party
	err := s.ask("Party:Caller", struct{}{}, &p)
	if errors.Is(err, fault.New(fault.PartyNotFound, "")) {
		return nil
	}
	s.caller.Party = p
	return err
}

// parties returns the registry's records of the ids.
func (s *session) parties(ids []trade.PartyID) (map[trade.PartyID]trade.Party, error) {
	var found []trade.Party
	if err := s.ask("Party:Lookup", PartyIDs{IDs: ids}, &found); err != nil {
		return nil, err
	}
	out := make(map[trade.PartyID]trade.Party, len(found))
	for _, p := range found {
		out[p.ID] = p
	}
	return out, nil
}

// release returns the status of each condition.
func (s *session) release(conditions []trade.Condition) (map[trade.Condition]trade.FactStatus, error) {
	if len(conditions) == 0 {
		return nil, nil
	}
	var statuses []trade.FactStatus
	if err := s.ask("Fact:Statuses", Conditions{Conditions: conditions}, &statuses); err != nil {
		return nil, err
	}
	if len(statuses) != len(conditions) {
		return nil, fault.New(fault.Internal, "the registry answered for %d of %d conditions", len(statuses), len(conditions))
	}
	out := make(map[trade.Condition]trade.FactStatus, len(conditions))
	for i, c := range conditions {
		out[c] = statuses[i]
	}
	return out, nil
}

// find answers a rule's questions.
func (s *session) find(q trade.Questions, f *trade.Facts) error {
	var err error
	if len(q.Parties) > 0 {
		if f.Parties, err = s.parties(q.Parties); err != nil {
			return err
		}
	}
	if len(q.Parameters) > 0 {
		if f.Parameters, err = s.parameters(q.Parameters); err != nil {
			return err
		}
	}
	if len(q.Defaults) > 0 {
		f.Defaulted, err = s.defaulted(q.Defaults)
	}
	return err
}

// parameters returns those of the versions that are approved.
func (s *session) parameters(refs []trade.ParameterRef) (map[trade.ParameterRef]trade.Parameter, error) {
	var found []ParameterValue
	if err := s.ask("Parameter:Values", ParameterRefs{Refs: refs}, &found); err != nil {
		return nil, err
	}
	out := make(map[trade.ParameterRef]trade.Parameter, len(found))
	for _, v := range found {
		out[v.Ref] = trade.Parameter{Value: v.Value, Current: v.Current}
	}
	return out, nil
}

// defaulted returns those of the parties that are on the default list.
func (s *session) defaulted(ids []trade.PartyID) (map[trade.PartyID]bool, error) {
	var found []trade.PartyID
	if err := s.ask("Default:Among", PartyIDs{IDs: ids}, &found); err != nil {
		return nil, err
	}
	out := make(map[trade.PartyID]bool, len(found))
	for _, id := range found {
		out[id] = true
	}
	return out, nil
}
