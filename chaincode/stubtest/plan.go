package stubtest

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// planFromFirst has the gateway's own peer endorse first and plans the rest from the policies that its results
// concern, as the peer's gateway does with service discovery. It returns the sets of organisations to try, those
// with the gateway's own organisation first. Where the real gateway shuffles, this one prefers few and sorts.
func (n *Network) planFromFirst(local *node, col *collection) ([][]string, *status.Status) {
	response, err := n.ProcessProposal(local.mspID, col.proposal)
	if code, message, _ := outcome(response, err); code != codes.OK {
		return nil, refusal(codes.Aborted, "failed to endorse transaction, see attached details for more info",
			[]*gateway.ErrorDetail{local.detail(message)})
	}
	interest := response.GetInterest()
	if len(interest.GetChaincodes()) == 0 {
		interest = &peer.ChaincodeInterest{Chaincodes: []*peer.ChaincodeCall{{Name: col.proposal.call.Chaincode}}}
	}
	transient := len(col.proposal.call.Transient) > 0
	layouts, err := n.layouts(interest, transient)
	if err != nil {
		if protected := protectedCollections(interest); transient && len(protected) > 0 {
			if _, openErr := n.layouts(interest, false); openErr == nil {
				return nil, refusal(codes.FailedPrecondition, fmt.Sprintf("requires endorsement from organisation(s) that "+
					"are not in the distribution policy of the private data collection(s): %v; retry specifying trusted "+
					"endorsing organizations to protect transient data", protected), nil)
			}
		}
		return nil, refusal(codes.FailedPrecondition, err.Error(), nil)
	}
	col.add(local.mspID, response, nil)
	slices.SortStableFunc(layouts, func(a, b []string) int {
		return cmp.Or(
			cmp.Compare(outsider(a, local.mspID), outsider(b, local.mspID)),
			cmp.Compare(len(a), len(b)),
			slices.Compare(a, b),
		)
	})
	return layouts, nil
}

// outsider is 1 for a layout without the organisation.
func outsider(layout []string, mspID string) int {
	if slices.Contains(layout, mspID) {
		return 0
	}
	return 1
}

func protectedCollections(interest *peer.ChaincodeInterest) []string {
	var names []string
	for _, call := range interest.GetChaincodes() {
		if call.GetNoPrivateReads() {
			names = append(names, call.GetCollectionNames()...)
		}
	}
	return names
}

// layouts returns the minimal sets of running organisations that satisfy every policy of an interest. Private data
// that was read, and with protect every collection that was written, restricts the endorsers to its members.
func (n *Network) layouts(interest *peer.ChaincodeInterest, protect bool) ([][]string, error) {
	policies, err := n.policiesOf(interest)
	if err != nil {
		return nil, err
	}
	var candidates []string
	for _, org := range n.orgs {
		if n.alive(org) && mayEndorse(org, interest, protect) {
			candidates = append(candidates, org)
		}
	}
	masks := make([]uint, 0, 1<<len(candidates))
	for mask := uint(1); mask < 1<<len(candidates); mask++ {
		masks = append(masks, mask)
	}
	slices.SortStableFunc(masks, func(a, b uint) int { return cmp.Compare(bits.OnesCount(a), bits.OnesCount(b)) })
	var minimal []uint
	var layouts [][]string
	for _, mask := range masks {
		if slices.ContainsFunc(minimal, func(smaller uint) bool { return smaller&mask == smaller }) {
			continue
		}
		var layout []string
		var signers []*identity
		for i, org := range candidates {
			if mask&(1<<i) != 0 {
				layout = append(layout, org)
				signers = append(signers, n.nodes[org].identity)
			}
		}
		if !slices.ContainsFunc(policies, func(p *signaturePolicy) bool { return !p.satisfiedBy(signers) }) {
			minimal = append(minimal, mask)
			layouts = append(layouts, layout)
		}
	}
	if len(layouts) == 0 {
		return nil, errors.New("no combination of peers can be derived which satisfy the endorsement policy: " +
			"no peer combination can satisfy the endorsement policy")
	}
	return layouts, nil
}

// policiesOf lists what the layouts of an interest must satisfy.
func (n *Network) policiesOf(interest *peer.ChaincodeInterest) ([]*signaturePolicy, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var policies []*signaturePolicy
	for _, call := range interest.GetChaincodes() {
		if n.policies[call.GetName()] == nil {
			return nil, errors.New("no combination of peers can be derived which satisfy the endorsement policy: " +
				"policy not found")
		}
		for _, envelope := range call.GetKeyPolicies() {
			policy, err := fromEnvelope(envelope)
			if err != nil {
				return nil, err
			}
			policies = append(policies, policy)
		}
		switch {
		case len(call.GetCollectionNames()) > 0:
			for _, name := range call.GetCollectionNames() {
				policies = append(policies, nOutOf(1, []string{strings.TrimPrefix(name, implicitPrefix)}))
			}
		case !call.GetDisregardNamespacePolicy():
			policies = append(policies, n.policies[call.GetName()])
		}
	}
	return policies, nil
}

func mayEndorse(org string, interest *peer.ChaincodeInterest, protect bool) bool {
	for _, call := range interest.GetChaincodes() {
		if call.GetNoPrivateReads() && !protect {
			continue
		}
		for _, name := range call.GetCollectionNames() {
			if name != ImplicitCollection(org) {
				return false
			}
		}
	}
	return true
}
