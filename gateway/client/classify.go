package client

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Texts by which the peer's gateway says what no code tells (Fabric 3.1:
// internal/pkg/gateway, registry.go, endorsement.go, submit.go; core/chaincode
// and core/endorser for the rest). The fake peer in gatewaytest uses them too.
const (
	textNoOrganisation = "failed to find any endorsing peers for org(s): "
	textNoCombination  = "no combination of peers"
	textNoSelection    = "failed to select a set of endorsers"
	textNoEvaluator    = "no peers available to evaluate"
	textNoLocal        = "no endorsers found in the gateway's organization"
	textMismatch       = "ProposalResponsePayloads do not match"
)

// transportTexts mark a peer or a chaincode that did not answer, as opposed to
// one that refused.
var transportTexts = []string{
	"code = Unavailable", "code = DeadlineExceeded", "code = Canceled", "could not launch chaincode",
	"chaincode stream terminated", "context deadline exceeded", "connection refused",
	"connection error", "timeout expired while executing transaction",
}

// again says whether and how a failed call may be repeated.
type again int

const (
	never        again = iota
	elsewhere          // nobody answered: another peer, or later
	disagreed          // endorsers answered differently: one may be a block behind
	organisation       // an organisation has no peer up: later
)

// verdict is what a failed evaluation or endorsement amounts to.
type verdict struct {
	fault *fault.Error
	again again
	// missing are the organisations that are known to be down.
	missing []trade.MSPID
}

// judge classifies the error of an evaluation or endorsement that named orgs.
func judge(err error, orgs []trade.MSPID) verdict {
	st := status.Convert(unwrapStatus(err))
	if details := errorDetails(st); len(details) > 0 {
		return judgeDetails(st, details, orgs)
	}
	if f, ok := fault.Decode(st.Message()); ok {
		return said(f)
	}
	message := st.Message()
	_, named, isNamed := strings.Cut(message, textNoOrganisation)
	switch {
	case isNamed:
		return absent(splitOrganisations(named), message)
	case strings.Contains(message, textNoCombination), strings.Contains(message, textNoSelection):
		return absent(nil, message)
	case strings.Contains(message, textNoEvaluator), strings.Contains(message, textNoLocal):
		return verdict{fault: fault.Wrap(fault.PeerUnavailable, err, "%s", message), again: elsewhere}
	}
	switch st.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled:
		return verdict{fault: fault.Wrap(fault.PeerUnavailable, err, "%s", message), again: elsewhere}
	case codes.PermissionDenied, codes.Unauthenticated, codes.FailedPrecondition:
		return verdict{fault: fault.Wrap(fault.EndorsementFailed, err, "the peer refused: %s", message)}
	default:
		return verdict{fault: fault.Wrap(fault.Internal, err, "%s", message)}
	}
}

// judgeDetails classifies answers of single endorsers.
func judgeDetails(st *status.Status, details []*gateway.ErrorDetail, orgs []trade.MSPID) verdict {
	faults, refused, missing := sortDetails(details)
	switch {
	case len(faults) == 0 && len(missing) > 0 && refused == "":
		return absent(missing, st.Message()+": "+details[0].GetMessage())
	case len(faults) == 0 && strings.Contains(refused, textMismatch):
		return verdict{fault: fault.New(fault.EndorsersDisagree, "endorsers computed different results"), again: disagreed}
	case len(faults) == 0:
		return verdict{fault: fault.New(codeOfRefusal(refused), "%s", refused)}
	}
	first := faults[0]
	for _, f := range faults[1:] {
		if f.Code != first.Code {
			return verdict{again: disagreed, fault: fault.New(fault.EndorsersDisagree,
				"endorsers refused for different reasons: %s and %s", first.Code, f.Code)}
		}
	}
	// An organisation that was asked and is not among those that refused has
	// endorsed: the refusing ones may lag behind, or it may.
	if distinct := organisationsOf(details); len(orgs) > len(distinct) {
		return verdict{fault: first, again: disagreed}
	}
	return said(first)
}

// refusedByOthers reports whether only organisations other than the caller's
// refused. The gateway asks a peer of its own organisation first and goes on to
// others only after it has endorsed, so those may be a block behind it.
func refusedByOthers(err error, own trade.MSPID) bool {
	details := errorDetails(status.Convert(unwrapStatus(err)))
	return len(details) > 0 && !organisationsOf(details)[string(own)]
}

// said is the verdict on a refusal that a rule has written. A peer that has not
// received a body yet says so with a code of its own, and soon has it.
func said(f *fault.Error) verdict {
	if f.Class() == fault.ClassUnavailable {
		return verdict{fault: f, again: elsewhere}
	}
	return verdict{fault: f}
}

func sortDetails(details []*gateway.ErrorDetail) (faults []*fault.Error, refused string, missing []trade.MSPID) {
	for _, d := range details {
		message := d.GetMessage()
		if f, ok := fault.Decode(message); ok {
			faults = append(faults, f)
			continue
		}
		if slices.ContainsFunc(transportTexts, func(t string) bool { return strings.Contains(message, t) }) {
			missing = append(missing, trade.MSPID(d.GetMspId()))
			continue
		}
		refused = message
	}
	return faults, refused, missing
}

// codeOfRefusal finds the code for a refusal that no Argosy rule has written.
func codeOfRefusal(message string) fault.Code {
	for _, text := range []string{"access denied", "creator", "is not authorized", "Failed to authenticate"} {
		if strings.Contains(message, text) {
			return fault.EndorsementFailed
		}
	}
	return fault.Internal
}

func absent(missing []trade.MSPID, message string) verdict {
	slices.Sort(missing)
	missing = slices.Compact(missing)
	f := fault.New(fault.OrganisationMissing, "an organisation has no peer up (%s)", message)
	if len(missing) > 0 {
		f = fault.New(fault.OrganisationMissing, "no peer of %s is up", joinOrganisations(missing))
	}
	return verdict{fault: f, again: organisation, missing: missing}
}

func organisationsOf(details []*gateway.ErrorDetail) map[string]bool {
	out := map[string]bool{}
	for _, d := range details {
		out[d.GetMspId()] = true
	}
	return out
}

func splitOrganisations(list string) []trade.MSPID {
	var out []trade.MSPID
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, trade.MSPID(name))
		}
	}
	return out
}

func joinOrganisations(orgs []trade.MSPID) string {
	names := make([]string, 0, len(orgs))
	for _, o := range orgs {
		names = append(names, string(o))
	}
	return strings.Join(names, ", ")
}

func errorDetails(st *status.Status) []*gateway.ErrorDetail {
	var out []*gateway.ErrorDetail
	for _, d := range st.Details() {
		if e, ok := d.(*gateway.ErrorDetail); ok {
			out = append(out, e)
		}
	}
	return out
}

// unwrapStatus finds the error that carries a gRPC status; status.Convert
// alone turns a wrapped context error into Unknown.
func unwrapStatus(err error) error {
	if _, ok := status.FromError(err); ok {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return status.FromContextError(err).Err()
	}
	return err
}

// newProposals says how many new proposals may follow a transaction that was
// committed as invalid. Fabric looks at endorsement before versions: when two
// transactions of one block create the same document, the first one protects
// its keys and the second fails for lack of endorsement, not for its reads. One
// more proposal tells the one case from the other.
func newProposals(code peer.TxValidationCode) int {
	if code == peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		return 1
	}
	if _, conflict := validationFault(code); conflict {
		return maxConflicts
	}
	return 0
}

// validationFault says what an invalid transaction means. conflict marks codes
// that a new proposal cures.
func validationFault(code peer.TxValidationCode) (f *fault.Error, conflict bool) {
	switch code {
	case peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT:
		return fault.New(fault.ReadConflict, "another transaction changed the same data first"), true
	case peer.TxValidationCode_EXPIRED_CHAINCODE, peer.TxValidationCode_CHAINCODE_VERSION_CONFLICT:
		return fault.New(fault.ReadConflict, "the chaincode was upgraded in between"), true
	case peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE:
		return fault.New(fault.EndorsementFailed, "an organisation that had to endorse the transaction did not"), false
	case peer.TxValidationCode_BAD_CREATOR_SIGNATURE, peer.TxValidationCode_TARGET_CHAIN_NOT_FOUND:
		return fault.New(fault.EndorsementFailed, "the network did not accept the sender (%s)", code), false
	default:
		return fault.New(fault.Internal, "the transaction was marked %s", code), false
	}
}
