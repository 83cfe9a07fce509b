package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// maxLookup bounds the parties of one lookup; a document names a handful.
const maxLookup = 32

// Party is the contract of the party registry.
type Party struct{ record }

// PartyApplication is the argument of Apply.
type PartyApplication struct {
	RequestID string `json:"requestId"`
	party.Application
}

// PartyStep is the argument of every later step.
type PartyStep struct {
	RequestID string        `json:"requestId"`
	ID        trade.PartyID `json:"id"`
	Version   uint64        `json:"version"`
}

// binding is what a certificate stands for.
type binding struct {
	Party trade.PartyID `json:"party"`
}

// Apply registers the caller's company and binds the caller's certificate to it.
func (c *Party) Apply(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a PartyApplication) string { return a.RequestID },
		func(s *session, a PartyApplication) (change, error) {
			var taken party.Record
			if found, err := s.get(state.PartyKey(a.ID), &taken); err != nil {
				return change{}, err
			} else if found {
				return change{}, fault.New(fault.BindingTaken, "party %s is registered", a.ID)
			}
			r, err := party.Register(a.Application, trade.Facts{Caller: s.caller, Now: s.now})
			if err != nil {
				return change{}, err
			}
			ch := partyChange(party.Record{}, r, party.Apply)
			ch.puts[state.BindingKey(s.caller)] = binding{r.ID}
			return ch, nil
		})
}

// Verify records that an attester of the party's organisation knows it.
func (c *Party) Verify(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.step(ctx, party.Verify, in)
}

// Activate is the party's own entry into business.
func (c *Party) Activate(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.step(ctx, party.Activate, in)
}

// Suspend keeps the party from acting until it is reinstated.
func (c *Party) Suspend(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.step(ctx, party.Suspend, in)
}

// Reinstate ends a suspension.
func (c *Party) Reinstate(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.step(ctx, party.Reinstate, in)
}

// Revoke ends the party's registration for good.
func (c *Party) Revoke(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.step(ctx, party.Revoke, in)
}

func (c *Party) step(ctx contractapi.TransactionContextInterface, action, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a PartyStep) string { return a.RequestID },
		func(s *session, a PartyStep) (change, error) {
			before, err := s.party(a.ID)
			if err != nil {
				return change{}, err
			}
			if before.Version != a.Version {
				return change{}, fault.New(fault.VersionStale, "version %d was seen; the party is at version %d",
					a.Version, before.Version)
			}
			after, err := before.Move(action, trade.Facts{Caller: s.caller, Now: s.now})
			if err != nil {
				return change{}, err
			}
			return partyChange(before, after, action), nil
		})
}

func partyChange(before, after party.Record, action string) change {
	return change{
		puts: map[string]any{state.PartyKey(after.ID): after}, result: after,
		events: []trade.Event{{
			Kind: "party", ID: trade.DocID(after.ID), Action: action,
			From: before.State, To: after.State, Version: after.Version,
		}},
	}
}

// party returns the record of a registered party.
func (s *session) party(id trade.PartyID) (party.Record, error) {
	var r party.Record
	if err := id.Validate(); err != nil {
		return r, err
	}
	found, err := s.get(state.PartyKey(id), &r)
	if err == nil && !found {
		err = fault.New(fault.PartyNotFound, "party %s is not registered", id)
	}
	return r, err
}

// boundParty returns the party that the caller's certificate is bound to, or
// an empty one.
func (s *session) boundParty() (trade.Party, error) {
	var b binding
	found, err := s.get(state.BindingKey(s.caller), &b)
	if err != nil || !found {
		return trade.Party{}, err
	}
	r, err := s.party(b.Party)
	return r.Party(), err
}

// ByPartyID is the argument of Get.
type ByPartyID struct {
	ID trade.PartyID `json:"id"`
}

// Get returns a party's record.
func (c *Party) Get(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q ByPartyID) (party.Record, error) { return s.party(q.ID) })
}

// Mine returns the record of the party that the caller's certificate is bound to.
func (c *Party) Mine(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, _ Nothing) (party.Record, error) {
		p, err := s.boundParty()
		if err != nil {
			return party.Record{}, err
		}
		if p.ID == "" {
			return party.Record{}, fault.New(fault.PartyNotFound, "no party is bound to this certificate")
		}
		return s.party(p.ID)
	})
}

// Caller is Mine in the form that rules use.
func (c *Party) Caller(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, _ Nothing) (trade.Party, error) {
		p, err := s.boundParty()
		if err == nil && p.ID == "" {
			err = fault.New(fault.PartyNotFound, "no party is bound to this certificate")
		}
		return p, err
	})
}

// PartyIDs is the argument of Lookup.
type PartyIDs struct {
	IDs []trade.PartyID `json:"ids"`
}

// Lookup returns the registered parties among the ids, in the order asked.
func (c *Party) Lookup(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q PartyIDs) ([]trade.Party, error) {
		if len(q.IDs) > maxLookup {
			return nil, fault.New(fault.TooLarge, "%d parties; the limit is %d", len(q.IDs), maxLookup)
		}
		out := []trade.Party{}
		for _, id := range q.IDs {
			switch r, err := s.party(id); fault.CodeOf(err) {
			case "":
				if err != nil {
					return nil, err
				}
				out = append(out, r.Party())
			case fault.PartyNotFound:
			default:
				return nil, err
			}
		}
		return out, nil
	})
}

// GetEvaluateTransactions marks the queries in the contract's metadata.
func (c *Party) GetEvaluateTransactions() []string {
	return []string{"Get", "Mine", "Caller", "Lookup"}
}
