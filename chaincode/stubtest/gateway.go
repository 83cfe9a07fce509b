package stubtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Result is a transaction that was committed as valid.
type Result struct {
	TxID    string
	Payload []byte
	Block   uint64
	Code    peer.TxValidationCode
	Event   *peer.ChaincodeEvent // nil if the chaincode set none
}

// Evaluate asks one peer and changes nothing. The peer is the gateway's own if it is among the target organisations.
func (c *Client) Evaluate(call Call) ([]byte, error) {
	p, err := c.Propose(call)
	if err != nil {
		return nil, err
	}
	result, st := c.network.evaluate(p)
	if st != nil {
		return nil, &GatewayError{TxID: p.TxID, Op: "evaluate", status: st}
	}
	return result, nil
}

// Submit endorses a call and commits it in a block of its own. An invalid transaction is a *CommitError, and its
// place is in the Result beside it.
func (c *Client) Submit(call Call) (Result, error) {
	p, err := c.Propose(call)
	if err != nil {
		return Result{}, err
	}
	tx, err := c.Endorse(p)
	if err != nil {
		return Result{TxID: p.TxID}, err
	}
	block, err := c.network.Commit(tx)
	if err != nil {
		return Result{TxID: p.TxID}, err
	}
	result := Result{
		TxID: p.TxID, Payload: tx.Payload, Block: block.Number,
		Code: block.Transactions[0].Code, Event: block.Transactions[0].Event,
	}
	if result.Code != peer.TxValidationCode_VALID {
		return result, &CommitError{TxID: p.TxID, Block: block.Number, Code: result.Code}
	}
	return result, nil
}

// Endorse has the gateway collect endorsements for a proposal and assemble the transaction.
func (c *Client) Endorse(p *Proposal) (*Transaction, error) {
	action, st := c.network.collect(p)
	if st != nil {
		return nil, &GatewayError{TxID: p.TxID, Op: "endorse", status: st}
	}
	return c.assemble(p, action)
}

// gatewayOf is the peer through which a proposal's client works.
func (n *Network) gatewayOf(p *Proposal) (*node, *status.Status) {
	mspID := p.call.Gateway
	if mspID == "" {
		mspID = p.client.identity.mspID
	}
	if !n.alive(mspID) {
		return nil, refusal(codes.Unavailable,
			fmt.Sprintf("connection error: the gateway peer of %s is not running", mspID), nil)
	}
	return n.nodes[mspID], nil
}

// outcome reads a peer's response as the gateway does: OK with "" is success; retry tells whether another peer
// might answer otherwise.
func outcome(response *peer.ProposalResponse, err error) (code codes.Code, message string, retry bool) {
	switch {
	case err != nil && response == nil:
		return codes.Unavailable, err.Error(), true
	case err != nil:
		return codes.FailedPrecondition, err.Error(), false
	}
	answer := response.GetResponse()
	if answer.GetStatus() >= 200 && answer.GetStatus() < shim.ERRORTHRESHOLD {
		return codes.OK, "", false
	}
	if response.GetPayload() == nil && answer.GetStatus() == shim.ERROR {
		return codes.Aborted, answer.GetMessage(), true
	}
	return codes.Unknown, fmt.Sprintf("chaincode response %d, %s", answer.GetStatus(), answer.GetMessage()), false
}

func (n *Network) evaluate(p *Proposal) ([]byte, *status.Status) {
	local, st := n.gatewayOf(p)
	if st != nil {
		return nil, st
	}
	targets := p.call.EndorsingOrgs
	if len(targets) == 0 {
		targets = n.orgs
		if len(p.call.Transient) > 0 {
			targets = []string{local.mspID}
		}
	}
	if i := slices.Index(targets, local.mspID); i > 0 {
		targets = append([]string{local.mspID}, slices.Delete(slices.Clone(targets), i, i+1)...)
	}
	targets = slices.DeleteFunc(slices.Clone(targets), func(org string) bool { return !n.alive(org) })
	if len(targets) == 0 {
		return nil, refusal(codes.FailedPrecondition, fmt.Sprintf(
			"no peers available to evaluate chaincode %s in channel %s", p.call.Chaincode, ChannelID), nil)
	}
	var details []*gateway.ErrorDetail
	var last codes.Code
	for _, org := range targets {
		response, err := n.ProcessProposal(org, p)
		code, message, retry := outcome(response, err)
		if code == codes.OK {
			return response.GetResponse().GetPayload(), nil
		}
		last = code
		details = append(details, n.nodes[org].detail(message))
		if !retry {
			return nil, refusal(code, "evaluate call to endorser returned error: "+message, details)
		}
	}
	return nil, refusal(last, "failed to evaluate transaction, see attached details for more info", details)
}

// collection gathers endorsements that agree.
type collection struct {
	network      *Network
	proposal     *Proposal
	payload      []byte
	endorsements map[string]*peer.Endorsement // by organisation
	details      []*gateway.ErrorDetail
	failed       map[string]bool
}

// collect returns the endorsed action.
func (n *Network) collect(p *Proposal) (*peer.ChaincodeEndorsedAction, *status.Status) {
	local, st := n.gatewayOf(p)
	if st != nil {
		return nil, st
	}
	col := &collection{
		network: n, proposal: p, endorsements: map[string]*peer.Endorsement{}, failed: map[string]bool{},
	}
	layouts := [][]string{p.call.EndorsingOrgs}
	if len(p.call.EndorsingOrgs) > 0 {
		if missing := n.missing(p.call.EndorsingOrgs); len(missing) > 0 {
			return nil, refusal(codes.Unavailable,
				"failed to find any endorsing peers for org(s): "+strings.Join(missing, ", "), nil)
		}
	} else if layouts, st = n.planFromFirst(local, col); st != nil {
		return nil, st
	}
	for _, layout := range layouts {
		if endorsements := col.complete(layout); endorsements != nil {
			return &peer.ChaincodeEndorsedAction{ProposalResponsePayload: col.payload, Endorsements: endorsements}, nil
		}
	}
	return nil, refusal(codes.Aborted,
		"failed to collect enough transaction endorsements, see attached details for more info", col.details)
}

func (n *Network) missing(orgs []string) []string {
	var missing []string
	for _, org := range orgs {
		if !n.alive(org) {
			missing = append(missing, org)
		}
	}
	return missing
}

// complete asks those of a layout's organisations that weren't asked before, and returns the layout's endorsements
// if all agree.
func (col *collection) complete(layout []string) []*peer.Endorsement {
	for _, org := range layout {
		if col.failed[org] {
			return nil
		}
	}
	ok := true
	for _, org := range layout {
		if col.endorsements[org] != nil {
			continue
		}
		response, err := col.network.ProcessProposal(org, col.proposal)
		ok = col.add(org, response, err) && ok
	}
	if !ok {
		return nil
	}
	var endorsements []*peer.Endorsement
	for _, org := range layout {
		if !slices.Contains(endorsements, col.endorsements[org]) {
			endorsements = append(endorsements, col.endorsements[org])
		}
	}
	return endorsements
}

// add takes a peer's response into account, and refuses one that differs from the first.
func (col *collection) add(org string, response *peer.ProposalResponse, err error) bool {
	nd := col.network.nodes[org]
	if code, message, _ := outcome(response, err); code != codes.OK {
		col.failed[org] = true
		col.details = append(col.details, nd.detail(message))
		return false
	}
	if col.payload == nil {
		col.payload = response.GetPayload()
	} else if !bytes.Equal(col.payload, response.GetPayload()) {
		col.failed[org] = true
		col.details = append(col.details, nd.detail("ProposalResponsePayloads do not match"))
		return false
	}
	col.endorsements[org] = response.GetEndorsement()
	return true
}
