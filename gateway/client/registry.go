package client

import (
	"context"
	"encoding/json"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/constitution"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// register runs a transaction of the registry, whose endorsers the peer's
// gateway chooses. args makes the argument from the request id.
func register[T any](
	ctx context.Context, c *Client, function string, args func(callOptions) any, options []CallOption,
) (Receipt[T], error) {
	o := newCallOptions(options)
	encoded, err := json.Marshal(args(o))
	if err != nil {
		return Receipt[T]{}, refuse(PhasePrepare, err)
	}
	build := func(context.Context) (call, error) {
		return call{chaincode: c.profile.Chaincodes.Registry, function: function, args: encoded}, nil
	}
	return receive[T](ctx, c, build, o)
}

// Parties registers companies and authorities.
type Parties struct{ c *Client }

// Apply applies for registration of the party that the client's certificate
// names, and binds the certificate to it.
func (s *Parties) Apply(ctx context.Context, a party.Application, options ...CallOption) (
	Receipt[party.Record], error,
) {
	return register[party.Record](ctx, s.c, "Party:Apply", func(o callOptions) any {
		return struct {
			RequestID string `json:"requestId"`
			party.Application
		}{o.requestID, a}
	}, options)
}

// Verify confirms the party's identity; the caller must be an attester of the
// party's organisation.
func (s *Parties) Verify(ctx context.Context, id trade.PartyID, options ...CallOption) (Receipt[party.Record], error) {
	return s.move(ctx, "Verify", id, options)
}

// Activate makes the verified party active; the caller must be the party.
func (s *Parties) Activate(ctx context.Context, id trade.PartyID, options ...CallOption) (
	Receipt[party.Record], error,
) {
	return s.move(ctx, "Activate", id, options)
}

// Suspend holds the party back; the caller must be an attester of the party's
// organisation.
func (s *Parties) Suspend(ctx context.Context, id trade.PartyID, options ...CallOption) (Receipt[party.Record], error) {
	return s.move(ctx, "Suspend", id, options)
}

// Reinstate lifts a suspension; the caller must be an attester of the party's
// organisation.
func (s *Parties) Reinstate(ctx context.Context, id trade.PartyID, options ...CallOption) (
	Receipt[party.Record], error,
) {
	return s.move(ctx, "Reinstate", id, options)
}

// Revoke ends the party for good; the caller must be an attester of the party's
// organisation.
func (s *Parties) Revoke(ctx context.Context, id trade.PartyID, options ...CallOption) (Receipt[party.Record], error) {
	return s.move(ctx, "Revoke", id, options)
}

func (s *Parties) move(ctx context.Context, action string, id trade.PartyID, options []CallOption) (
	Receipt[party.Record], error,
) {
	o := newCallOptions(options)
	build := func(ctx context.Context) (call, error) {
		var version uint64
		if o.version != nil {
			version = *o.version
		} else {
			record, err := s.Get(ctx, id)
			if err != nil {
				return call{}, err
			}
			version = record.Version
		}
		args, err := json.Marshal(struct {
			RequestID string        `json:"requestId"`
			ID        trade.PartyID `json:"id"`
			Version   uint64        `json:"version"`
		}{o.requestID, id, version})
		return call{
			chaincode: s.c.profile.Chaincodes.Registry, function: "Party:" + action, args: args, version: version,
		}, err
	}
	return receive[party.Record](ctx, s.c, build, o)
}

// Get returns the party's record (PARTY_NOT_FOUND if there is none).
func (s *Parties) Get(ctx context.Context, id trade.PartyID) (party.Record, error) {
	return evaluate[party.Record](ctx, s.c, s.c.profile.Chaincodes.Registry, "Party:Get", struct {
		ID trade.PartyID `json:"id"`
	}{id})
}

// Mine returns the record bound to the client's certificate (PARTY_NOT_FOUND
// if there is none).
func (s *Parties) Mine(ctx context.Context) (party.Record, error) {
	return evaluate[party.Record](ctx, s.c, s.c.profile.Chaincodes.Registry, "Party:Mine", struct{}{})
}

// Sources registers oracle sources.
type Sources struct{ c *Client }

type sourceByID struct {
	ID attest.SourceID `json:"id"`
}

// Propose proposes a source of the caller's organisation; the caller must be
// its governor, and it counts as the organisation's approval.
func (s *Sources) Propose(ctx context.Context, p source.Proposal, options ...CallOption) (
	Receipt[source.Record], error,
) {
	return register[source.Record](ctx, s.c, "Source:Propose", func(o callOptions) any {
		return struct {
			RequestID string `json:"requestId"`
			source.Proposal
		}{o.requestID, p}
	}, options)
}

// Approve approves a source for the caller's organisation.
func (s *Sources) Approve(ctx context.Context, id attest.SourceID, options ...CallOption) (
	Receipt[source.Record], error,
) {
	return register[source.Record](ctx, s.c, "Source:Approve", func(o callOptions) any {
		return struct {
			RequestID string          `json:"requestId"`
			ID        attest.SourceID `json:"id"`
		}{o.requestID, id}
	}, options)
}

// Revoke ends a source of the caller's organisation with effect from a time.
func (s *Sources) Revoke(ctx context.Context, id attest.SourceID, from trade.Instant, options ...CallOption) (
	Receipt[source.Record], error,
) {
	return register[source.Record](ctx, s.c, "Source:Revoke", func(o callOptions) any {
		return struct {
			RequestID string          `json:"requestId"`
			ID        attest.SourceID `json:"id"`
			From      trade.Instant   `json:"from"`
		}{o.requestID, id, from}
	}, options)
}

// Get returns the source's record (SOURCE_NOT_FOUND if there is none).
func (s *Sources) Get(ctx context.Context, id attest.SourceID) (source.Record, error) {
	return evaluate[source.Record](ctx, s.c, s.c.profile.Chaincodes.Registry, "Source:Get", sourceByID{id})
}

// Policies sets the quorum policies of fact types.
type Policies struct{ c *Client }

// Propose proposes a policy and approves it for the caller's organisation.
func (s *Policies) Propose(ctx context.Context, p attest.Policy, options ...CallOption) (
	Receipt[source.PolicyRecord], error,
) {
	if err := p.Validate(); err != nil {
		return Receipt[source.PolicyRecord]{}, refuse(PhasePrepare, err)
	}
	return register[source.PolicyRecord](ctx, s.c, "Policy:Propose", func(o callOptions) any {
		return struct {
			RequestID string        `json:"requestId"`
			Policy    attest.Policy `json:"policy"`
		}{o.requestID, p}
	}, options)
}

// Approve approves exactly the policy with the digest for the caller's
// organisation.
func (s *Policies) Approve(ctx context.Context, factType string, digest trade.Digest, options ...CallOption) (
	Receipt[source.PolicyRecord], error,
) {
	return register[source.PolicyRecord](ctx, s.c, "Policy:Approve", func(o callOptions) any {
		return struct {
			RequestID string       `json:"requestId"`
			Type      string       `json:"type"`
			Digest    trade.Digest `json:"digest"`
		}{o.requestID, factType, digest}
	}, options)
}

// Get returns the active policy of the fact type (POLICY_NOT_FOUND if there is
// none).
func (s *Policies) Get(ctx context.Context, factType string) (source.PolicyRecord, error) {
	return evaluate[source.PolicyRecord](ctx, s.c, s.c.profile.Chaincodes.Registry, "Policy:Get", struct {
		Type string `json:"type"`
	}{factType})
}

// Facts reports and reads facts.
type Facts struct{ c *Client }

// Fact is what the ledger holds of one subject and type.
type Fact struct {
	Subject    trade.Digest      `json:"subject"`
	Type       string            `json:"type"`
	State      trade.FactState   `json:"state"`
	OccurredAt trade.Instant     `json:"occurredAt"`
	Sources    []attest.SourceID `json:"sources"`
	Version    uint64            `json:"version"`
	// EstablishedAt is the transaction time at which the quorum was reached.
	EstablishedAt trade.Instant `json:"establishedAt,omitempty"`
}

// Reported is the fact after a report.
type Reported struct {
	Fact Fact `json:"fact"`
	// Already is true when exactly this claim was recorded before.
	Already bool `json:"already"`
}

// Report records a signed claim; the caller's certificate needs the role relay.
// The same claim twice is no error.
func (s *Facts) Report(ctx context.Context, claim attest.SignedClaim, options ...CallOption) (
	Receipt[Reported], error,
) {
	if err := claim.Claim.Validate(); err != nil {
		return Receipt[Reported]{}, refuse(PhasePrepare, err)
	}
	return register[Reported](ctx, s.c, "Fact:Report", func(callOptions) any { return claim }, options)
}

// Get returns the fact (FACT_NOT_FOUND while nothing was reported).
func (s *Facts) Get(ctx context.Context, subject trade.Digest, factType string) (Fact, error) {
	return evaluate[Fact](ctx, s.c, s.c.profile.Chaincodes.Registry, "Fact:Get", struct {
		Subject trade.Digest `json:"subject"`
		Type    string       `json:"type"`
	}{subject, factType})
}

// Claim returns the latest signed claim of one source (FACT_NOT_FOUND while it
// has made none).
func (s *Facts) Claim(ctx context.Context, subject trade.Digest, factType string, from attest.SourceID) (
	attest.SignedClaim, error,
) {
	return evaluate[attest.SignedClaim](ctx, s.c, s.c.profile.Chaincodes.Registry, "Fact:Claim", struct {
		Subject trade.Digest    `json:"subject"`
		Type    string          `json:"type"`
		Source  attest.SourceID `json:"source"`
	}{subject, factType, from})
}

// Constitution is the network's membership.
type Constitution struct{ c *Client }

// Approve approves exactly these members for the caller's organisation; the
// caller must be its governor.
func (s *Constitution) Approve(ctx context.Context, members []trade.MSPID, options ...CallOption) (
	Receipt[constitution.Record], error,
) {
	return register[constitution.Record](ctx, s.c, "Constitution:Approve", func(o callOptions) any {
		return struct {
			RequestID string        `json:"requestId"`
			Members   []trade.MSPID `json:"members"`
		}{o.requestID, members}
	}, options)
}

// Get returns the membership.
func (s *Constitution) Get(ctx context.Context) (constitution.Record, error) {
	return evaluate[constitution.Record](ctx, s.c, s.c.profile.Chaincodes.Registry, "Constitution:Get", struct{}{})
}
