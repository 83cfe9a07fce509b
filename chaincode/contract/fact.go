package contract

import (
	"encoding/hex"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// maxConditions bounds one Statuses query; a document has at most 16.
const maxConditions = 64

// Fact is the contract of oracle claims and of the facts that they make.
type Fact struct{ record }

// FactRecord is a fact as the ledger holds it.
type FactRecord struct {
	Subject trade.Digest    `json:"subject"`
	Type    string          `json:"type"`
	State   trade.FactState `json:"state"`
	// OccurredAt is when it happened, as the agreeing sources say.
	OccurredAt trade.Instant `json:"occurredAt,omitempty"`
	// EstablishedAt is the transaction time at which the quorum was reached.
	EstablishedAt trade.Instant     `json:"establishedAt,omitempty"`
	Sources       []attest.SourceID `json:"sources,omitempty"`
	Version       uint64            `json:"version"`
}

// Receipt is the answer to a report.
type Receipt struct {
	Fact FactRecord `json:"fact"`
	// Already is true when exactly this claim was on the ledger.
	Already bool `json:"already"`
}

// Report records a signed claim of an oracle source and judges the fact anew.
// Reporting the same claim again changes nothing.
func (c *Fact) Report(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	a, err := c.report(ctx.GetStub(), in)
	return c.options.answer(ctx.GetStub(), a, err)
}

func (c *Fact) report(stub shim.ChaincodeStubInterface, in string) (Receipt, error) {
	signed, err := canon.DecodeLoose[attest.SignedClaim]([]byte(in))
	if err != nil {
		return Receipt{}, err
	}
	s, err := open(c.options, stub, true)
	if err != nil {
		return Receipt{}, err
	}
	if !s.caller.HasRole(trade.RoleRelay) {
		return Receipt{}, fault.New(fault.RoleMissing, "only a relay may report claims")
	}
	claim := signed.Claim
	if err := claim.Validate(); err != nil {
		return Receipt{}, err
	}
	key := state.ClaimKey(claim.Subject, claim.Type, claim.Source)
	var previous attest.SignedClaim
	if _, err := s.get(key, &previous); err != nil {
		return Receipt{}, err
	}
	before, err := s.fact(claim.Subject, claim.Type)
	if err != nil {
		return Receipt{}, err
	}
	if previous.Claim == claim {
		return Receipt{Fact: before, Already: true}, nil
	}
	policy, err := s.admit(signed, before)
	if err != nil {
		return Receipt{}, err
	}
	if claim.Sequence <= previous.Claim.Sequence {
		return Receipt{}, fault.New(fault.ClaimStale, "sequence %d is recorded; this claim has %d",
			previous.Claim.Sequence, claim.Sequence)
	}
	after, err := s.judge(policy.Policy, before, claim)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Fact: after}, s.commit(change{
		puts: map[string]any{key: signed, state.FactKey(claim.Subject, claim.Type): after},
		events: []trade.Event{{
			Kind: "fact", ID: trade.DocID(claim.Subject.String()), Action: claim.Type,
			From: string(before.State), To: string(after.State), Version: after.Version,
		}},
	})
}

// admit refuses claims that must not be recorded: of another channel or policy,
// of a source that may not, dated ahead, stale, or badly signed. It returns the
// policy in force; fact is what is recorded so far.
func (s *session) admit(signed attest.SignedClaim, fact FactRecord) (source.PolicyRecord, error) {
	claim := signed.Claim
	policy, err := s.activePolicy(claim.Type)
	if err != nil {
		return policy, err
	}
	src, err := s.source(claim.Source)
	if err != nil {
		return policy, err
	}
	switch {
	case claim.Classifier != attest.Actual:
		return policy, fault.New(fault.FieldInvalid, "only actual events are recorded").WithField("classifier")
	case claim.Channel != s.stub.GetChannelID():
		return policy, fault.New(fault.FieldInvalid, "the claim was signed for channel %s", claim.Channel).
			WithField("channel")
	case claim.Policy != policy.Digest:
		return policy, fault.New(fault.VersionStale, "the claim was signed under another policy").WithField("policy")
	case !policy.Policy.Allows(claim.Source):
		return policy, fault.New(fault.SourceNotAllowed, "the policy of %s does not count source %s",
			claim.Type, claim.Source)
	case max(claim.OccurredAt, claim.ObservedAt) > s.now+trade.Instant(maxSkew.Milliseconds()):
		return policy, fault.New(fault.FieldInvalid, "an actual event lies in the future").WithField("occurredAt")
	}
	if f := policy.Policy.FreshnessSeconds; f > 0 && fact.Version == 0 && int64(s.now-claim.OccurredAt) > f*1000 {
		return policy, fault.New(fault.ClaimStale, "the event is older than %d seconds", f)
	}
	if err := src.Admits(claim); err != nil {
		return policy, err
	}
	return policy, s.verifyClaim(signed, src)
}

func (s *session) verifyClaim(signed attest.SignedClaim, src source.Record) error {
	m := SignedMessage{Message: signed.Claim.SignedBytes()}
	if len(signed.Signature) != len(m.Signature) {
		return fault.New(fault.SignatureInvalid, "an SM2 signature is r||s, %d bytes", len(m.Signature)).
			WithField("signature")
	}
	copy(m.Signature[:], signed.Signature)
	if _, err := hex.Decode(m.PublicKey[:], []byte(src.SM2PublicKey)); err != nil {
		return fault.Wrap(fault.Internal, err, "the key of source %s cannot be read", src.ID)
	}
	return s.verify(m)
}

// judge applies the policy to the latest claim of each source, the new one
// included.
func (s *session) judge(policy attest.Policy, before FactRecord, claim attest.Claim) (FactRecord, error) {
	latest := []attest.Claim{claim}
	for _, id := range policy.Sources {
		if id == claim.Source {
			continue
		}
		var other attest.SignedClaim
		found, err := s.get(state.ClaimKey(claim.Subject, claim.Type, id), &other)
		if err != nil {
			return FactRecord{}, err
		}
		if found {
			latest = append(latest, other.Claim)
		}
	}
	v := policy.Judge(latest, before.State)
	after := FactRecord{
		Subject: claim.Subject, Type: claim.Type, State: v.State, OccurredAt: v.OccurredAt,
		Sources: v.Sources, Version: before.Version + 1,
	}
	if v.State == trade.FactEstablished {
		after.EstablishedAt = s.now
		if before.State == trade.FactEstablished {
			after.EstablishedAt = before.EstablishedAt
		}
	}
	return after, nil
}

// fact returns what is recorded of a subject and type; nothing is PENDING.
func (s *session) fact(subject trade.Digest, factType string) (FactRecord, error) {
	r := FactRecord{Subject: subject, Type: factType, State: trade.FactPending}
	if err := attest.ValidateType(factType); err != nil {
		return r, err
	}
	_, err := s.get(state.FactKey(subject, factType), &r)
	return r, err
}

// Get returns the fact of a subject and type.
func (c *Fact) Get(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q trade.Condition) (FactRecord, error) {
		r, err := s.fact(q.Subject, q.Type)
		if err == nil && r.Version == 0 {
			err = fault.New(fault.FactNotFound, "nothing is reported of %s and %s", q.Subject, q.Type)
		}
		return r, err
	})
}

// BySource is the argument of Claim.
type BySource struct {
	Subject trade.Digest    `json:"subject"`
	Type    string          `json:"type"`
	Source  attest.SourceID `json:"source"`
}

// Claim returns the latest signed claim of one source, for anyone to verify.
func (c *Fact) Claim(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q BySource) (attest.SignedClaim, error) {
		var signed attest.SignedClaim
		found, err := s.get(state.ClaimKey(q.Subject, q.Type, q.Source), &signed)
		if err == nil && !found {
			err = fault.New(fault.FactNotFound, "source %s has claimed nothing of this", q.Source)
		}
		return signed, err
	})
}

// Conditions is the argument of Statuses.
type Conditions struct {
	Conditions []trade.Condition `json:"conditions"`
}

// Statuses returns the status of each condition, in the order asked.
func (c *Fact) Statuses(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q Conditions) ([]trade.FactStatus, error) {
		if len(q.Conditions) > maxConditions {
			return nil, fault.New(fault.TooLarge, "%d conditions; the limit is %d", len(q.Conditions), maxConditions)
		}
		out := make([]trade.FactStatus, len(q.Conditions))
		for i, cond := range q.Conditions {
			f, err := s.fact(cond.Subject, cond.Type)
			if err != nil {
				return nil, err
			}
			out[i] = trade.FactStatus{State: f.State, EstablishedAt: f.EstablishedAt}
		}
		return out, nil
	})
}

// GetEvaluateTransactions marks the queries in the contract's metadata.
func (c *Fact) GetEvaluateTransactions() []string { return []string{"Get", "Claim", "Statuses"} }
