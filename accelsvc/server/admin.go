package server

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/chip"
)

// admin answers the chip's administration.
type admin struct {
	accelpb.UnimplementedChipAdminServer
	chip *chip.Chip
}

// The numbers of the modes are the same on both sides; TestAdminNumbers holds it.

// ListCores implements the gRPC service.
func (a *admin) ListCores(context.Context, *accelpb.ListCoresRequest) (*accelpb.ListCoresReply, error) {
	reply := &accelpb.ListCoresReply{}
	for _, k := range a.chip.Cores() {
		reply.Cores = append(reply.Cores, &accelpb.Core{
			Id: uint32(k.ID), Fence: k.Fence.String(), //nolint:gosec // G115: at most MaxCores
			Slowdown: uint32(k.Slowdown), Queued: uint32(k.Queued), //nolint:gosec // G115: both are bounded
			Fault: accelpb.FaultMode(k.Fault.Mode), Jobs: k.Counts.Jobs, Items: k.Counts.Items,
			Judged: k.Counts.Judged, Lies: k.Counts.Lies, Timeouts: k.Counts.Timeouts, Fences: k.Counts.Fences,
		})
	}
	return reply, nil
}

// SetCores implements the gRPC service.
func (a *admin) SetCores(_ context.Context, req *accelpb.SetCoresRequest) (*accelpb.SetCoresReply, error) {
	ids := make([]int, 0, len(req.GetIds()))
	for _, id := range req.GetIds() {
		ids = append(ids, int(id))
	}
	if len(ids) == 0 {
		return nil, status.Error(codes.InvalidArgument, "no core is named; give ids")
	}
	var err error
	switch change := req.GetChange().(type) {
	case *accelpb.SetCoresRequest_Fence:
		err = a.chip.Fence(ids)
	case *accelpb.SetCoresRequest_Release:
		err = a.chip.Release(ids)
	case *accelpb.SetCoresRequest_Slowdown:
		err = a.chip.Throttle(ids, int(change.Slowdown))
	case *accelpb.SetCoresRequest_Fault:
		mode := change.Fault.GetMode()
		if mode < 0 || mode > accelpb.FaultMode_FAULT_MODE_DEAD {
			return nil, status.Errorf(codes.InvalidArgument, "unknown fault mode %d", mode)
		}
		err = a.chip.Inject(ids, chip.Fault{Mode: chip.Mode(mode), Every: int(change.Fault.GetEvery())})
	default:
		return nil, status.Error(codes.InvalidArgument, "no change; set fence, release, slowdown or fault")
	}
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &accelpb.SetCoresReply{}, nil
}

// chipStats returns the chip's part of Stats, or nil without a chip.
func (s *Server) chipStats() *accelpb.ChipStats {
	if s.chip == nil {
		return nil
	}
	profile := s.chip.Profile()
	out := &accelpb.ChipStats{
		Profile: profile.Name, Claim: profile.Claim, SampleShare: s.chip.Config().SampleShare,
	}
	for _, k := range s.chip.Cores() {
		out.Cores++
		if k.Fence == chip.NotFenced {
			out.CoresInUse++
		}
	}
	for _, t := range s.chip.Totals() {
		out.Operations = append(out.Operations, &accelpb.ModelledOperation{
			Operation: string(t.Op), Batches: t.Batches, Items: t.Items,
			ModelSeconds: t.Model.Seconds(), ModelCoreSeconds: t.ModelBusy.Seconds(), HostSeconds: t.Host.Seconds(),
		})
	}
	return out
}
