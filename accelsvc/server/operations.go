package server

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/wire"
)

// Verify implements the gRPC service.
func (s *Server) Verify(ctx context.Context, req *accelpb.VerifyRequest) (*accelpb.VerifyReply, error) {
	c := s.metrics.begin("verify")
	reply, err := s.verify(ctx, req, c)
	return reply, c.end(toStatus(err))
}

func (s *Server) verify(ctx context.Context, req *accelpb.VerifyRequest, c *call) (*accelpb.VerifyReply, error) {
	b, err := wire.DecodeVerify(req, s.limits.MaxItems, s.keys.table)
	if err != nil {
		return nil, err
	}
	c.algorithm, c.items = b.Algorithm.String(), len(b.Records)
	verdicts, err := s.engine.Verify(ctx, b)
	if err != nil {
		return nil, err
	}
	for _, v := range verdicts {
		if !v {
			c.verdictsFalse++
		}
	}
	count := uint32(len(verdicts)) //nolint:gosec // G115: bounded by MaxItems
	return &accelpb.VerifyReply{Verdicts: wire.EncodeVerdicts(verdicts), Count: count}, nil
}

// Hash implements the gRPC service.
func (s *Server) Hash(ctx context.Context, req *accelpb.HashRequest) (*accelpb.HashReply, error) {
	c := s.metrics.begin("hash")
	reply, err := s.hash(ctx, req, c)
	return reply, c.end(toStatus(err))
}

func (s *Server) hash(ctx context.Context, req *accelpb.HashRequest, c *call) (*accelpb.HashReply, error) {
	a, err := wire.DecodeHash(req.GetAlgorithm())
	if err != nil {
		return nil, err
	}
	c.algorithm = a.String()
	messages, err := wire.Unpack(req.GetMessages(), req.GetLengths(), s.limits.MaxItems)
	if err != nil {
		return nil, err
	}
	c.items = len(messages)
	digests, err := s.engine.Hash(ctx, a, messages)
	if err != nil {
		return nil, err
	}
	return &accelpb.HashReply{Digests: wire.EncodeDigests(digests)}, nil
}

// MerkleRoot implements the gRPC service.
func (s *Server) MerkleRoot(ctx context.Context, req *accelpb.MerkleRootRequest) (*accelpb.MerkleRootReply, error) {
	c := s.metrics.begin("merkle_root")
	reply, err := s.merkleRoot(ctx, req, c)
	return reply, c.end(toStatus(err))
}

func (s *Server) merkleRoot(
	ctx context.Context, req *accelpb.MerkleRootRequest, c *call,
) (*accelpb.MerkleRootReply, error) {
	a, err := wire.DecodeHash(req.GetAlgorithm())
	if err != nil {
		return nil, err
	}
	c.algorithm = a.String()
	leaves, err := wire.Unpack(req.GetLeaves(), req.GetLengths(), s.limits.MaxItems)
	if err != nil {
		return nil, err
	}
	c.items = len(leaves)
	root, err := s.engine.MerkleRoot(ctx, a, leaves)
	if err != nil {
		return nil, err
	}
	return &accelpb.MerkleRootReply{Root: root[:]}, nil
}

// RegisterKeys implements the gRPC service.
func (s *Server) RegisterKeys(
	_ context.Context, req *accelpb.RegisterKeysRequest,
) (*accelpb.RegisterKeysReply, error) {
	c := s.metrics.begin("register_keys")
	reply, err := s.registerKeys(req, c)
	return reply, c.end(toStatus(err))
}

func (s *Server) registerKeys(req *accelpb.RegisterKeysRequest, c *call) (*accelpb.RegisterKeysReply, error) {
	a, err := wire.DecodeAlgorithm(req.GetAlgorithm())
	if err != nil {
		return nil, err
	}
	c.algorithm = a.String()
	keys, err := wire.DecodeKeys(req.GetPublicKeys(), s.limits.MaxItems)
	if err != nil {
		return nil, err
	}
	c.items = len(keys)
	ids, err := s.keys.register(a, keys)
	if err != nil {
		return nil, err
	}
	if p, ok := s.kernel.(preparer); ok {
		p.Prepare(a, keys)
	}
	return &accelpb.RegisterKeysReply{Epoch: s.keys.epoch, Ids: ids}, nil
}

// preparer is a kernel that can do something in advance for keys that will be
// used. It returns soon and refuses nothing.
type preparer interface {
	Prepare(a kernel.Algorithm, keys []kernel.PublicKey)
}

// Stats implements the gRPC service.
func (s *Server) Stats(context.Context, *accelpb.StatsRequest) (*accelpb.StatsReply, error) {
	return &accelpb.StatsReply{
		Kernel:         s.kernel.Name(),
		UptimeSeconds:  s.now().Sub(s.readiness.Load().since).Seconds(),
		RegisteredKeys: s.keys.count(),
		CallsInFlight:  uint32(len(s.gate.places)), //nolint:gosec // G115: bounded by MaxConcurrent
		Operations:     s.metrics.operations(),
		Chip:           s.chipStats(),
	}, nil
}

// toStatus gives an error its gRPC code. The text is kept: it says what to change
// and holds nothing but lengths and numbers.
func toStatus(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, wire.ErrMalformed), errors.Is(err, engine.ErrInvalid):
		return status.Error(codes.InvalidArgument, err.Error())
	case errors.Is(err, wire.ErrTooLarge):
		return status.Error(codes.ResourceExhausted, err.Error())
	case errors.Is(err, wire.ErrEpoch):
		return status.Error(codes.FailedPrecondition, err.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	default:
		return status.Error(codes.Internal, err.Error())
	}
}
