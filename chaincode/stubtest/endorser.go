package stubtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// errPeerDown is what dialling a stopped peer comes to.
var errPeerDown = errors.New("connection refused: the peer is not running")

// ProcessProposal has one organisation's peer simulate and endorse a proposal. As in Fabric, a refusal of the
// chaincode is a response with a status from 400 and no endorsement; an error means that the peer is down or that
// the proposal itself is bad, and then the response is nil or tells the same.
func (n *Network) ProcessProposal(mspID string, p *Proposal) (*peer.ProposalResponse, error) {
	nd := n.nodes[mspID]
	if nd == nil {
		return nil, fmt.Errorf("stubtest: no organisation %s", mspID)
	}
	if !nd.running() {
		return nil, fmt.Errorf("peer of %s at %s: %w", mspID, nd.address(), errPeerDown)
	}
	nd.mu.Lock()
	nd.seen = append(nd.seen, p)
	nd.mu.Unlock()
	n.mu.RLock()
	defer n.mu.RUnlock()
	if err := n.preProcess(p); err != nil {
		return failure(err), err
	}
	response, err := n.endorse(nd, p)
	if err != nil {
		return failure(err), nil //nolint:nilerr // as in Fabric: the client looks at the response's status
	}
	return response, nil
}

func failure(err error) *peer.ProposalResponse {
	return &peer.ProposalResponse{Response: &peer.Response{Status: shim.ERROR, Message: err.Error()}}
}

// preProcess refuses proposals of strangers and of transactions that are on the ledger.
func (n *Network) preProcess(p *Proposal) error {
	id := p.client.identity
	if _, err := n.ids.verify(id.serialized, p.signed.GetSignature(), p.signed.GetProposalBytes()); err != nil {
		return fmt.Errorf("error validating proposal: access denied: %w", err)
	}
	if _, exists := n.byTxID[p.TxID]; exists {
		return fmt.Errorf("duplicate transaction found [%s]. Creator [%x]", p.TxID, id.serialized)
	}
	return nil
}

// endorse simulates and signs.
func (n *Network) endorse(nd *node, p *Proposal) (*peer.ProposalResponse, error) {
	h := nd.handlers[p.call.Chaincode]
	if h == nil {
		return nil, fmt.Errorf("make sure the chaincode %s has been successfully defined on channel %s and try again: "+
			"chaincode %s not found", p.call.Chaincode, ChannelID, p.call.Chaincode)
	}
	sim := newSimulation(n, nd, p.TxID)
	response, event, err := h.run(sim, p)
	if err != nil {
		return nil, fmt.Errorf("error in simulation: %w", err)
	}
	if response.GetStatus() >= shim.ERRORTHRESHOLD {
		event = nil
	}
	results, private := sim.results()
	payload := actionPayload(p, response, event, results)
	interest, err := sim.interest()
	if err != nil {
		return nil, fmt.Errorf("error in simulation: %w", err)
	}
	switch {
	case response.GetStatus() >= shim.ERROR:
		return &peer.ProposalResponse{Response: response, Payload: payload, Interest: interest}, nil
	case response.GetStatus() >= shim.ERRORTHRESHOLD:
		return &peer.ProposalResponse{Response: response}, nil
	}
	nd.keepPrivate(p.TxID, private)
	return &peer.ProposalResponse{
		Version: 1, Response: response, Payload: payload, Interest: interest,
		Endorsement: nd.identity.endorse(payload),
	}, nil
}

// endorse signs a proposal response payload.
func (i *identity) endorse(payload []byte) *peer.Endorsement {
	return &peer.Endorsement{Endorser: i.serialized, Signature: i.sign(payload, i.serialized)}
}

// keepPrivate puts private write sets into the transient store.
func (nd *node) keepPrivate(txID string, private []privateSet) {
	if len(private) == 0 {
		return
	}
	nd.mu.Lock()
	defer nd.mu.Unlock()
	nd.transient[txID] = append(nd.transient[txID], private...)
}

// actionPayload is what endorsers sign.
func actionPayload(
	p *Proposal, response *peer.Response, event *peer.ChaincodeEvent, results []byte,
) []byte {
	action := &peer.ChaincodeAction{
		Results: results, Response: response,
		ChaincodeId: &peer.ChaincodeID{Name: p.call.Chaincode, Version: chaincodeVersion},
	}
	if event != nil {
		action.Events = mustMarshal(event)
	}
	return mustMarshal(&peer.ProposalResponsePayload{ProposalHash: p.hash, Extension: mustMarshal(action)})
}

// interest lists the policies that the results concern, from which the gateway plans. It follows the endorser:
// a written key asks for its committed key-level policy or else for the policy of its chaincode or collection; a
// namespace that was only read asks for its chaincode's policy all the same.
func (s *simulation) interest() (*peer.ChaincodeInterest, error) {
	required := map[string]map[string]bool{} // namespace -> collection -> whether its policy is needed
	keyPolicies := map[string][]*common.SignaturePolicyEnvelope{}
	for at, keys := range s.written {
		if required[at.namespace] == nil {
			required[at.namespace] = map[string]bool{"": false}
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			raw, exists := keys[key][policyMetadata]
			if !exists {
				required[at.namespace][at.collection] = true
				continue
			}
			policy, err := parsePolicy(raw)
			if err != nil {
				return nil, err
			}
			keyPolicies[at.namespace] = append(keyPolicies[at.namespace], policy.envelope)
		}
	}
	for namespace := range s.set.namespaces {
		if required[namespace] == nil {
			required[namespace] = map[string]bool{"": true}
		}
	}
	for at := range s.privateReads {
		required[at.namespace][at.collection] = true
	}
	interest := &peer.ChaincodeInterest{}
	for _, namespace := range slices.Sorted(maps.Keys(required)) {
		for _, collection := range slices.Sorted(maps.Keys(required[namespace])) {
			call := &peer.ChaincodeCall{Name: namespace}
			if collection != "" {
				call.CollectionNames = []string{collection}
				call.NoPrivateReads = !s.privateReads[space{namespace, collection}]
			} else {
				call.KeyPolicies = keyPolicies[namespace]
				call.DisregardNamespacePolicy = !required[namespace][""]
				if call.GetDisregardNamespacePolicy() && len(call.GetKeyPolicies()) == 0 {
					continue
				}
			}
			interest.Chaincodes = append(interest.Chaincodes, call)
		}
	}
	return interest, nil
}
