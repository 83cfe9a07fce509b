package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// call is one invocation of a chaincode function.
type call struct {
	chaincode string
	function  string
	args      []byte
	transient map[string][]byte
	// orgs must endorse; empty leaves the choice to the peer's gateway.
	orgs []trade.MSPID
	// version is the command's, for the failure's sake.
	version uint64
}

func (c call) options() []fabric.ProposalOption {
	out := []fabric.ProposalOption{fabric.WithBytesArguments(c.args)}
	if len(c.transient) > 0 {
		out = append(out, fabric.WithTransient(c.transient))
	}
	if len(c.orgs) > 0 {
		out = append(out, fabric.WithEndorsingOrganizations(mspNames(c.orgs)...))
	}
	return out
}

func mspNames(orgs []trade.MSPID) []string {
	out := make([]string, 0, len(orgs))
	for _, o := range orgs {
		out = append(out, string(o))
	}
	return out
}

// Pending is an endorsed transaction that may have been handed over.
type Pending struct {
	TransactionID string `json:"transactionId"`
	// Envelope is the signed transaction, ready to be sent again; without it
	// Resume can only ask.
	Envelope []byte `json:"envelope,omitempty"`
}

// Committed says where a transaction was committed.
type Committed struct {
	TransactionID string `json:"transactionId"`
	Block         uint64 `json:"block"`
}

// committed is a valid transaction with its result.
type committed struct {
	Committed
	payload  []byte
	attempts int
}

// transact endorses, submits and awaits what build returns, and repeats what
// is safe to repeat. build is called again after endorsers disagreed, so that
// it reads what they may have been ahead with.
func (c *Client) transact(ctx context.Context, build func(context.Context) (call, error), o callOptions) (
	committed, error,
) {
	conflicts := 0
	for attempt := 1; ; attempt++ {
		done, err := c.once(ctx, build, o)
		if err == nil {
			done.attempts = attempt
			c.log.LogAttrs(ctx, slog.LevelInfo, "committed", slog.String("tx", done.TransactionID),
				slog.Uint64("block", done.Block), slog.String("request", o.requestID), slog.Int("attempts", attempt))
			return done, nil
		}
		f := err.Failed()
		f.RequestID, f.Attempts = o.requestID, attempt
		var rejected *RejectedError
		if errors.As(err, &rejected) {
			if conflicts < newProposals(rejected.Validation) {
				if c.timing.pause(ctx, conflicts) == nil {
					conflicts++
					continue
				}
			}
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "failed", slog.String("tx", f.TransactionID),
			slog.String("code", string(f.Fault.Code)), slog.String("phase", string(f.Phase)),
			slog.String("request", o.requestID), slog.Int("attempts", attempt))
		return committed{}, err
	}
}

// outcomeError is one of the three error types.
type outcomeError interface {
	error
	failed
}

func (c *Client) once(ctx context.Context, build func(context.Context) (call, error), o callOptions) (
	committed, outcomeError,
) {
	tx, err := c.endorse(ctx, build)
	if err != nil {
		return committed{}, err
	}
	if o.beforeSubmit != nil {
		if err := o.beforeSubmit(ctx, tx.pending); err != nil {
			refused := refuse(PhaseSubmit, fmt.Errorf("before submit: %w", err))
			refused.TransactionID, refused.Version = tx.pending.TransactionID, tx.version
			return committed{}, refused
		}
	}
	st, err := c.settle(ctx, tx.pending)
	if err != nil {
		err.Failed().Version = tx.version
		return committed{}, err
	}
	return committed{
		Committed: Committed{TransactionID: st.TransactionID, Block: st.BlockNumber}, payload: tx.result,
	}, nil
}

// endorsed is a signed envelope and the result that the endorsers computed.
type endorsed struct {
	pending Pending
	result  []byte
	version uint64
}

// endorse collects endorsements, repeating within bounds. Nothing it does can
// change the ledger.
func (c *Client) endorse(ctx context.Context, build func(context.Context) (call, error)) (endorsed, outcomeError) {
	window, cancel := context.WithTimeout(ctx, c.timing.Unavailable)
	defer cancel()
	disagreements, tried := 0, 0
	for {
		cl, err := build(ctx)
		if err != nil {
			return endorsed{}, asPrepareFailure(err)
		}
		link, position := c.peers.at()
		tx, id, err := c.endorseAt(ctx, link, cl)
		if err == nil {
			return tx, nil
		}
		v := judge(err, cl.orgs)
		if v.again == never && len(cl.orgs) == 0 && refusedByOthers(err, c.profile.MSPID) {
			v.again = disagreed
		}
		failure := &NothingHappenedError{Failure{
			Fault: v.fault, Phase: PhaseEndorse, TransactionID: id, Version: cl.version, cause: err,
		}}
		switch v.again {
		case never:
			return endorsed{}, failure
		case disagreed:
			// One of them is usually a block behind; how long that lasts is a
			// matter of load, so time is the bound and not a number of tries.
			if disagreements++; c.timing.pause(window, disagreements+1) != nil {
				return endorsed{}, failure
			}
		case elsewhere, organisation:
			c.peers.fail(position)
			tried++
			if tried%len(c.peers.links) == 0 && c.timing.pause(window, tried/len(c.peers.links)) != nil {
				return endorsed{}, c.nameMissing(ctx, failure, v, cl)
			}
		}
	}
}

// asPrepareFailure keeps a failure of a query made on the way.
func asPrepareFailure(err error) outcomeError {
	var known *NothingHappenedError
	if errors.As(err, &known) {
		return known
	}
	return refuse(PhasePrepare, err)
}

func (c *Client) endorseAt(ctx context.Context, link *peerLink, cl call) (endorsed, string, error) {
	contract := link.gateway.GetNetwork(c.profile.Channel).GetContract(cl.chaincode)
	proposal, err := contract.NewProposal(cl.function, cl.options()...)
	if err != nil {
		return endorsed{}, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timing.Endorse)
	defer cancel()
	tx, err := proposal.EndorseWithContext(ctx)
	if err != nil {
		return endorsed{}, proposal.TransactionID(), err
	}
	unsigned, err := tx.Bytes()
	if err != nil {
		return endorsed{}, tx.TransactionID(), err
	}
	signature, err := c.creds.sign(tx.Digest())
	if err != nil {
		return endorsed{}, tx.TransactionID(), err
	}
	signed, err := link.gateway.NewSignedTransaction(unsigned, signature)
	if err != nil {
		return endorsed{}, tx.TransactionID(), err
	}
	envelope, err := signed.Bytes()
	if err != nil {
		return endorsed{}, tx.TransactionID(), err
	}
	return endorsed{
		pending: Pending{TransactionID: tx.TransactionID(), Envelope: envelope}, result: tx.Result(), version: cl.version,
	}, tx.TransactionID(), nil
}

// Resume finds out what became of a transaction whose outcome was unknown: it
// asks for the status and sends the same envelope again until a peer knows.
// The error is a RejectedError or again an UnknownError.
func (c *Client) Resume(ctx context.Context, p Pending) (Committed, error) {
	if p.TransactionID == "" {
		return Committed{}, refuse(PhasePrepare, fault.New(fault.FieldRequired, "a transaction id must be given").
			WithField("transactionId"))
	}
	link, _ := c.peers.at()
	if st, err := c.statusAt(ctx, link, p.TransactionID); err == nil && final(st) {
		return outcomeOf(st)
	}
	st, err := c.settle(ctx, p)
	if err != nil {
		return Committed{}, err
	}
	return Committed{TransactionID: st.TransactionID, Block: st.BlockNumber}, nil
}

func outcomeOf(st *fabric.Status) (Committed, error) {
	if err := rejection(st); err != nil {
		return Committed{}, err
	}
	return Committed{TransactionID: st.TransactionID, Block: st.BlockNumber}, nil
}

// settle hands the envelope over and waits for its block, again and again with
// the same envelope, until a peer knows the outcome or the bound is reached.
// Repeating is safe: one transaction id is valid at most once on a channel.
func (c *Client) settle(ctx context.Context, p Pending) (*fabric.Status, outcomeError) {
	bounded, cancel := context.WithTimeout(ctx, c.timing.Outcome)
	defer cancel()
	phase := PhaseSubmit
	var last error
	for attempt := 0; ; attempt++ {
		link, position := c.peers.at()
		if len(p.Envelope) > 0 {
			err := c.submitAt(bounded, link, p)
			if attempt == 0 && refusedForGood(err) {
				refused := refuse(PhaseSubmit, fault.Wrap(fault.EndorsementFailed, err,
					"the ordering service refused the transaction: %s", status.Convert(err).Message()))
				refused.TransactionID = p.TransactionID
				return nil, refused
			}
			if last = err; err == nil {
				phase = PhaseCommit
			}
		}
		st, err := c.statusAt(bounded, link, p.TransactionID)
		if err == nil && final(st) {
			if rejected := rejection(st); rejected != nil {
				return nil, rejected
			}
			return st, nil
		}
		if err != nil {
			last = err
			c.peers.fail(position)
		}
		if c.timing.pause(bounded, attempt) != nil {
			return nil, &UnknownError{Failure: Failure{
				Fault: fault.New(fault.OutcomeUnknown, "no peer told the transaction's status in time"),
				Phase: phase, TransactionID: p.TransactionID, cause: errors.Join(ctx.Err(), last),
			}, Pending: p}
		}
	}
}

// refusedForGood reports whether the first hand-over failed before or at the
// orderer in a way that cannot have put the envelope in the queue.
func refusedForGood(err error) bool {
	if err == nil {
		return false
	}
	switch status.Code(err) {
	case codes.InvalidArgument, codes.FailedPrecondition, codes.NotFound, codes.PermissionDenied,
		codes.Unauthenticated, codes.Aborted:
		return true
	default:
		return false
	}
}

func (c *Client) submitAt(ctx context.Context, link *peerLink, p Pending) error {
	tx, err := link.gateway.NewTransaction(p.Envelope)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timing.Submit)
	defer cancel()
	_, err = tx.SubmitWithContext(ctx)
	return err
}

func (c *Client) statusAt(ctx context.Context, link *peerLink, transactionID string) (*fabric.Status, error) {
	creator, err := c.creds.creator()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timing.CommitStatus)
	defer cancel()
	return link.status(ctx, statusQuery{c.profile.Channel, transactionID, creator})
}

// final reports whether the status is the transaction's own. A duplicate entry
// says only that the first one stands elsewhere: ask again.
func final(st *fabric.Status) bool { return st.Code != peer.TxValidationCode_DUPLICATE_TXID }

func rejection(st *fabric.Status) outcomeError {
	if st.Successful {
		return nil
	}
	f, _ := validationFault(st.Code)
	return &RejectedError{
		Failure:    Failure{Fault: f, Phase: PhaseCommit, TransactionID: st.TransactionID},
		Validation: st.Code, Block: st.BlockNumber,
	}
}
