package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	gwproto "github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	lb "github.com/hyperledger/fabric-protos-go-apiv2/peer/lifecycle"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/argosy-trade/argosy/network/topology"
)

// policyReference is the endorsement policy of a chaincode as a reference to a
// channel policy: it follows the channel's members without a new definition.
func policyReference(c topology.Chaincode) ([]byte, error) {
	return proto.Marshal(&pb.ApplicationPolicy{Type: &pb.ApplicationPolicy_ChannelConfigPolicyReference{
		ChannelConfigPolicyReference: c.Endorsement,
	}})
}

// Approve approves a chaincode definition for the peer's organisation, with the
// package that its own chaincode process serves.
func (p *Peer) Approve(ctx context.Context, c topology.Chaincode, packageID string) error {
	policy, err := policyReference(c)
	if err != nil {
		return err
	}
	arg, err := proto.Marshal(&lb.ApproveChaincodeDefinitionForMyOrgArgs{
		Name: c.Name, Version: c.Version, Sequence: c.Sequence, ValidationParameter: policy,
		EndorsementPlugin: "escc", ValidationPlugin: "vscc",
		Source: &lb.ChaincodeSource{Type: &lb.ChaincodeSource_LocalPackage{
			LocalPackage: &lb.ChaincodeSource_Local{PackageId: packageID},
		}},
	})
	if err != nil {
		return err
	}
	err = submit(ctx, p.gateway.GetNetwork(p.channel).GetContract("_lifecycle"), call{
		name: "ApproveChaincodeDefinitionForMyOrg", options: []client.ProposalOption{
			client.WithBytesArguments(arg),
			// An approval goes into the organisation's private collection: nobody
			// else has to, or could, endorse it.
			client.WithEndorsingOrganizations(p.Node.Organisation.MSPID),
		},
		// Said when the very same definition is approved twice.
		done: "with unchanged content",
	})
	if err != nil {
		return fmt.Errorf("%s: approve %s: %w", p.Node.Name, c.Name, err)
	}
	return nil
}

// Commit commits a chaincode definition that a majority has approved; the
// gateway gathers the majority's endorsements.
func (p *Peer) Commit(ctx context.Context, c topology.Chaincode) error {
	policy, err := policyReference(c)
	if err != nil {
		return err
	}
	arg, err := proto.Marshal(&lb.CommitChaincodeDefinitionArgs{
		Name: c.Name, Version: c.Version, Sequence: c.Sequence, ValidationParameter: policy,
		EndorsementPlugin: "escc", ValidationPlugin: "vscc",
	})
	if err != nil {
		return err
	}
	err = submit(ctx, p.gateway.GetNetwork(p.channel).GetContract("_lifecycle"), call{
		name: "CommitChaincodeDefinition", options: []client.ProposalOption{client.WithBytesArguments(arg)},
		// Said when this sequence is committed already.
		done: fmt.Sprintf("requested sequence is %d, but new definition must be sequence %d", c.Sequence, c.Sequence+1),
	})
	if err != nil {
		return fmt.Errorf("%s: commit %s: %w", p.Node.Name, c.Name, err)
	}
	return nil
}

// call is a transaction to submit.
type call struct {
	name    string
	options []client.ProposalOption
	done    string // an endorser's refusal that contains this means: done before
}

// submit submits a transaction until it is committed or refused for good. What
// passes: nodes that are not ready or not yet known to each other, a lost
// envelope (sent again as it is), a read conflict (proposed anew).
func submit(ctx context.Context, contract *client.Contract, c call) error {
	for {
		err := attempt(ctx, contract, c)
		if err == nil || (c.done != "" && strings.Contains(detail(err), c.done)) {
			return nil
		}
		if !passing(err) {
			return fmt.Errorf("%s: %s", c.name, detail(err))
		}
		if serr := pause(ctx); serr != nil {
			return fmt.Errorf("%s: %w, last: %s", c.name, serr, detail(err))
		}
	}
}

// attempt endorses once and brings the envelope to its commit.
func attempt(ctx context.Context, contract *client.Contract, c call) error {
	proposal, err := contract.NewProposal(c.name, c.options...)
	if err != nil {
		return err
	}
	ectx, cancel := context.WithTimeout(ctx, endorseTimeout)
	defer cancel()
	tx, err := proposal.EndorseWithContext(ectx)
	if err != nil {
		return err
	}
	commit, err := send(ctx, tx)
	if err != nil {
		return err // proposing anew is safe: every call here is idempotent
	}
	for {
		outcome, err := await(ctx, commit)
		if err == nil {
			if !outcome.Successful {
				return &invalidError{outcome.Code}
			}
			return nil
		}
		if serr := pause(ctx); serr != nil {
			return errors.Join(serr, err)
		}
		// Outcome unknown: an orderer that died may have lost the envelope. The
		// ledger takes a transaction id once, so it may be sent again. SmartBFT
		// refuses with "request already processed" what it still has; either
		// way the status is asked again.
		_, _ = send(ctx, tx)
	}
}

func send(ctx context.Context, tx *client.Transaction) (*client.Commit, error) {
	ctx, cancel := context.WithTimeout(ctx, submitTimeout)
	defer cancel()
	return tx.SubmitWithContext(ctx)
}

func await(ctx context.Context, commit *client.Commit) (*client.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, commitStatusTimeout)
	defer cancel()
	return commit.StatusWithContext(ctx)
}

// invalidError is a transaction that was ordered and found invalid.
type invalidError struct{ code pb.TxValidationCode }

func (e *invalidError) Error() string { return "transaction is invalid: " + e.code.String() }

// passing tells errors that go away from those that stay.
func passing(err error) bool {
	var invalid *invalidError
	if errors.As(err, &invalid) {
		switch invalid.code { //nolint:exhaustive // all others are final
		case pb.TxValidationCode_MVCC_READ_CONFLICT, pb.TxValidationCode_PHANTOM_READ_CONFLICT,
			// A peer validated with a policy older than the endorsers': right
			// after a commit of a definition.
			pb.TxValidationCode_EXPIRED_CHAINCODE:
			return true
		}
		return false
	}
	switch status.Code(err) { //nolint:exhaustive // all others are final
	case codes.Unavailable, codes.DeadlineExceeded:
		return true
	case codes.FailedPrecondition: // gossip has not brought the peers together yet
		return true
	case codes.Aborted:
		return notYet(detail(err))
	}
	return false
}

// notYet tells an endorser that cannot answer yet from one that refuses.
func notYet(text string) bool {
	for _, s := range []string{
		"could not launch chaincode",    // its chaincode process is just starting
		"failed to execute transaction", // the link to it just broke
		"is not defined",                // the peer has not committed the definition yet
		"not been successfully defined",
		"not found",
		"ProposalResponsePayloads do not match", // peers at different heights
		"failed to collect enough",
	} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// detail is an error's text with what each endorser said.
func detail(err error) string {
	var b strings.Builder
	b.WriteString(err.Error())
	for _, d := range status.Convert(err).Details() {
		if e, ok := d.(*gwproto.ErrorDetail); ok {
			fmt.Fprintf(&b, "; %s (%s): %s", e.GetAddress(), e.GetMspId(), e.GetMessage())
		}
	}
	return b.String()
}
