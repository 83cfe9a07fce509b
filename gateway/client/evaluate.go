package client

import (
	"context"
	"encoding/json"
	"time"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// probeTimeout bounds the question whether one organisation has a peer up.
const probeTimeout = time.Second

// evaluate asks a peer of the client's own organisation and decodes its answer
// into a T, trying the organisation's other peers and repeating within bounds.
func evaluate[T any](ctx context.Context, c *Client, chaincode, function string, args any) (T, error) {
	var out T
	payload, err := c.query(ctx, chaincode, function, args)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(payload, &out); err != nil {
		return out, refuse(PhaseEvaluate, fault.Wrap(fault.Internal, err, "%s answered with unexpected JSON", function))
	}
	return out, nil
}

func (c *Client) query(ctx context.Context, chaincode, function string, args any) ([]byte, error) {
	encoded, err := json.Marshal(args)
	if err != nil {
		return nil, refuse(PhasePrepare, err)
	}
	window, cancel := context.WithTimeout(ctx, c.timing.Unavailable)
	defer cancel()
	for tried := 1; ; tried++ {
		link, position := c.peers.at()
		cl := call{chaincode: chaincode, function: function, args: encoded, orgs: []trade.MSPID{c.profile.MSPID}}
		payload, err := c.queryAt(ctx, link, cl, c.timing.Evaluate)
		if err == nil {
			return payload, nil
		}
		v := judge(err, cl.orgs)
		failure := &NothingHappenedError{Failure{Fault: v.fault, Phase: PhaseEvaluate, Attempts: tried, cause: err}}
		if v.again == never || v.again == disagreed {
			return nil, failure
		}
		c.peers.fail(position)
		if tried%len(c.peers.links) == 0 && c.timing.pause(window, tried/len(c.peers.links)) != nil {
			failure.Fault = fault.Wrap(fault.PeerUnavailable, err, "no peer of %s answered: %s",
				c.profile.MSPID, v.fault.Message)
			return nil, failure
		}
	}
}

func (c *Client) queryAt(ctx context.Context, link *peerLink, cl call, limit time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	contract := link.gateway.GetNetwork(c.profile.Channel).GetContract(cl.chaincode)
	return contract.EvaluateWithContext(ctx, cl.function,
		fabric.WithBytesArguments(cl.args), fabric.WithEndorsingOrganizations(mspNames(cl.orgs)...))
}

// nameMissing finds out which organisation has no peer up, where the peer's
// gateway did not say, by asking each one a public question.
func (c *Client) nameMissing(ctx context.Context, failure *NothingHappenedError, v verdict, cl call) outcomeError {
	if v.again != organisation || len(v.missing) > 0 {
		return failure
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timing.Evaluate)
	defer cancel()
	members := cl.orgs
	if len(members) == 0 {
		law, err := c.Constitution.Get(ctx)
		if err != nil {
			return failure
		}
		members = law.Members
	}
	link, _ := c.peers.at()
	var missing []trade.MSPID
	for _, org := range members {
		ask := call{
			chaincode: c.profile.Chaincodes.Registry, function: "Constitution:Get", args: []byte("{}"),
			orgs: []trade.MSPID{org},
		}
		if _, err := c.queryAt(ctx, link, ask, probeTimeout); err != nil && judge(err, ask.orgs).again == elsewhere {
			missing = append(missing, org)
		}
	}
	if len(missing) > 0 {
		failure.Fault = absent(missing, "").fault
	}
	return failure
}
