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
	arg, err := canon.Encode(argument)
	if err != nil {
		return err
	}
	resp := s.stub.InvokeChaincode(s.Registry, [][]byte{[]byte(function), arg}, "")
	if resp.GetStatus() != 200 {
		if f, ok := fault.Decode(resp.GetMessage()); ok {
			return f
		}
		return fault.New(fault.Internal, "the registry did not answer %s: %s", function, resp.GetMessage())
	}
	if err := json.Unmarshal(resp.GetPayload(), result); err != nil {
		return fault.Wrap(fault.Internal, err, "the registry's answer to %s cannot be read", function)
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
