package contract

import (
	"context"
	"crypto/sha256"
	"encoding/json"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/constitution"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// record is what every contract of the chaincode `registry` embeds. The
// registry is public and endorsed by a majority, so its state can be believed
// as it stands; there are no bodies, and requests are recorded with their
// results.
type record struct {
	contractapi.Contract
	options Options
}

func newRecord(o Options, name string) record {
	r := record{options: o.withDefaults()}
	r.Name = name
	return r
}

// request is the record of a command that was carried out.
type request struct {
	Command trade.Digest    `json:"command"`
	Result  json.RawMessage `json:"result"`
}

// change is what a registry command does: values to store by key, the result
// for the caller, and events.
type change struct {
	puts   map[string]any
	result any
	events []trade.Event
}

// transact carries out one registry command. T is its argument; requestID finds
// the request id in it.
func transact[T any](r *record, ctx contractapi.TransactionContextInterface, in string,
	requestID func(T) string, rule func(*session, T) (change, error),
) (string, error) {
	result, err := carryOut(r.options, ctx.GetStub(), in, requestID, rule)
	return r.options.answer(ctx.GetStub(), result, err)
}

func carryOut[T any](o Options, stub shim.ChaincodeStubInterface, in string,
	requestID func(T) string, rule func(*session, T) (change, error),
) (json.RawMessage, error) {
	arg, err := canon.DecodeLoose[T]([]byte(in))
	if err != nil {
		return nil, err
	}
	if err := trade.ValidateRequestID(requestID(arg)); err != nil {
		return nil, err
	}
	s, err := open(o, stub, true)
	if err != nil {
		return nil, err
	}
	function, _ := stub.GetFunctionAndParameters()
	canonical, err := canon.Encode(arg)
	if err != nil {
		return nil, err
	}
	command := trade.Digest(sha256.Sum256(append([]byte(function+"\x00"), canonical...)))
	reqKey := state.RequestKey(s.caller, requestID(arg))
	var done request
	switch found, err := s.get(reqKey, &done); {
	case err != nil:
		return nil, err
	case found && done.Command != command:
		return nil, fault.New(fault.RequestIDReused, "request id %s stands for another command", requestID(arg))
	case found:
		return done.Result, nil
	}
	if s.caller.Party, err = s.boundParty(); err != nil {
		return nil, err
	}
	ch, err := rule(s, arg)
	if err != nil {
		return nil, err
	}
	result, err := canon.Encode(ch.result)
	if err != nil {
		return nil, err
	}
	if ch.puts == nil {
		ch.puts = map[string]any{}
	}
	ch.puts[reqKey] = request{Command: command, Result: result}
	return result, s.commit(ch)
}

// commit stores a change and tells its events.
func (s *session) commit(ch change) error {
	for k, v := range ch.puts { // the write set is sorted by Fabric
		b, err := canon.Encode(v)
		if err != nil {
			return err
		}
		if err := s.stub.PutState(k, b); err != nil {
			return err
		}
	}
	return s.tell(ch.events)
}

// get reads a registry record; it reports whether there is one.
func (s *session) get(key string, v any) (bool, error) {
	b, err := s.stub.GetState(key)
	if err != nil || b == nil {
		return false, err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return true, fault.Wrap(fault.Internal, err, "the record %s cannot be read", key)
	}
	return true, nil
}

// law returns the constitution, empty when there is none.
func (s *session) law() (constitution.Record, error) {
	var c constitution.Record
	_, err := s.get(state.ConstitutionKey, &c)
	return c, err
}

// query answers a registry question.
func query[Q, A any](r *record, ctx contractapi.TransactionContextInterface, in string,
	ask func(*session, Q) (A, error),
) (string, error) {
	q, err := canon.DecodeLoose[Q]([]byte(in))
	if err != nil {
		return r.options.answer(ctx.GetStub(), nil, err)
	}
	s, err := open(r.options, ctx.GetStub(), false)
	if err != nil {
		return r.options.answer(ctx.GetStub(), nil, err)
	}
	a, err := ask(s, q)
	return r.options.answer(ctx.GetStub(), a, err)
}

// Constitution is the contract of the network's membership.
type Constitution struct{ record }

// Membership is the argument of Approve.
type Membership struct {
	RequestID string        `json:"requestId"`
	Members   []trade.MSPID `json:"members"`
}

// Approve records that the caller's organisation wants exactly these members.
func (c *Constitution) Approve(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return transact(&c.record, ctx, in, func(m Membership) string { return m.RequestID },
		func(s *session, m Membership) (change, error) {
			before, err := s.law()
			if err != nil {
				return change{}, err
			}
			after, err := before.Approve(m.Members, s.caller)
			if err != nil {
				return change{}, err
			}
			return change{
				puts: map[string]any{state.ConstitutionKey: after}, result: after,
				events: []trade.Event{{
					Kind: "constitution", ID: "constitution", Action: "APPROVE",
					From: before.State, To: after.State, Version: uint64(len(after.Approvals)),
				}},
			}, nil
		})
}

// Nothing is the argument of queries without one.
type Nothing struct{}

// Get returns the membership.
func (c *Constitution) Get(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, _ Nothing) (constitution.Record, error) { return s.law() })
}

// GetEvaluateTransactions marks the queries in the contract's metadata.
func (c *Constitution) GetEvaluateTransactions() []string { return []string{"Get"} }

// verify checks one SM2 signature on the accelerator.
func (s *session) verify(m SignedMessage) error {
	ctx, cancel := context.WithTimeout(context.Background(), verifyTimeout)
	defer cancel()
	verdicts, err := s.Accelerator.VerifySM2(ctx, []SignedMessage{m})
	if err != nil {
		return err
	}
	if len(verdicts) != 1 || !verdicts[0] {
		return fault.New(fault.SignatureInvalid, "the SM2 signature does not verify under the source's registered key").
			WithField("signature")
	}
	return nil
}

// NewRegistry returns the chaincode `registry`.
func NewRegistry(o Options) (*contractapi.ContractChaincode, error) {
	cc, err := contractapi.NewChaincode(
		&Constitution{newRecord(o, "Constitution")},
		&Party{newRecord(o, "Party")},
		&Source{newRecord(o, "Source")},
		&Policy{newRecord(o, "Policy")},
		&Fact{newRecord(o, "Fact")},
		&Parameter{newRecord(o, "Parameter")},
		&Default{newRecord(o, "Default")},
	)
	if err != nil {
		return nil, err
	}
	cc.Info.Title, cc.Info.Version = "Argosy registry", "1"
	return cc, nil
}
