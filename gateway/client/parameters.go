package client

import (
	"context"
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/arrears"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/parameter"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Parameters proposes, approves and reads ledger parameters.
type Parameters struct{ c *Client }

// Propose proposes a version of a parameter, or approves it if it is proposed
// already; the caller must be a governor.
func (s *Parameters) Propose(ctx context.Context, p parameter.Proposal, options ...CallOption) (
	Receipt[parameter.Record], error,
) {
	return register[parameter.Record](ctx, s.c, "Parameter:Propose", func(o callOptions) any {
		return struct {
			RequestID string `json:"requestId"`
			parameter.Proposal
		}{o.requestID, p}
	}, options)
}

// Approve approves the proposed version with the digest; the caller must be a
// governor. More than half of the members' approvals put it in force.
func (s *Parameters) Approve(ctx context.Context, name string, digest trade.Digest, options ...CallOption) (
	Receipt[parameter.Record], error,
) {
	return register[parameter.Record](ctx, s.c, "Parameter:Approve", func(o callOptions) any {
		return struct {
			RequestID string       `json:"requestId"`
			Name      string       `json:"name"`
			Digest    trade.Digest `json:"digest"`
		}{o.requestID, name, digest}
	}, options)
}

// Get returns an approved version, or the one in force when the version is 0
// (PARAMETER_NOT_FOUND if there is none).
func (s *Parameters) Get(ctx context.Context, ref trade.ParameterRef) (parameter.Record, error) {
	return evaluate[parameter.Record](ctx, s.c, s.c.profile.Chaincodes.Registry, "Parameter:Get", ref)
}

// ProposeVoucherLimits proposes the limits for vouchers in the currency as the
// version that follows the one in force.
func (s *Parameters) ProposeVoucherLimits(ctx context.Context, version uint64, currency string, l lot.Limits,
	options ...CallOption,
) (Receipt[parameter.Record], error) {
	value, err := canon.Encode(l)
	if err != nil {
		return Receipt[parameter.Record]{}, refuse(PhasePrepare, err)
	}
	p := parameter.Proposal{Name: lot.ParameterName(currency), Version: version, Value: value}
	return s.Propose(ctx, p, options...)
}

// VoucherLimits returns the limits for vouchers in the currency; version 0 asks
// for those in force.
func (s *Parameters) VoucherLimits(ctx context.Context, currency string, version uint64) (
	lot.Limits, trade.ParameterRef, error,
) {
	r, err := s.Get(ctx, trade.ParameterRef{Name: lot.ParameterName(currency), Version: version})
	if err != nil {
		return lot.Limits{}, trade.ParameterRef{}, err
	}
	l, err := canon.Decode[lot.Limits](r.Value)
	if err != nil {
		return l, trade.ParameterRef{}, refuse(PhaseEvaluate, err)
	}
	return l, trade.ParameterRef{Name: r.Name, Version: r.Version}, nil
}

// Defaults reports to the default list and reads it.
type Defaults struct{ c *Client }

// Report brings the default list up to date with what the lots' headers say, and
// returns the records of the parties concerned. Anybody may, and saying the same
// again changes nothing; lots that never went into default are refused with
// CONDITION_UNMET.
func (s *Defaults) Report(ctx context.Context, lots []trade.DocID, options ...CallOption) (
	Receipt[[]arrears.Record], error,
) {
	lots = slices.Clone(lots)
	slices.Sort(lots)
	return register[[]arrears.Record](ctx, s.c, "Default:Report", func(o callOptions) any {
		return struct {
			RequestID string        `json:"requestId"`
			Lots      []trade.DocID `json:"lots"`
		}{o.requestID, slices.Compact(lots)}
	}, options)
}

// Get returns what the default list knows of a party; who was never reported is
// clear.
func (s *Defaults) Get(ctx context.Context, id trade.PartyID) (arrears.Record, error) {
	return evaluate[arrears.Record](ctx, s.c, s.c.profile.Chaincodes.Registry, "Default:Get", struct {
		ID trade.PartyID `json:"id"`
	}{id})
}
