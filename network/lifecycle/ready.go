package lifecycle

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/discovery"
	"github.com/hyperledger/fabric-protos-go-apiv2/gossip"
	"google.golang.org/protobuf/proto"
)

// AwaitMembers waits until this peer's gateway knows a peer of every member
// that has all chaincodes: before that it cannot plan an endorsement across
// organisations, and says "no combination of peers can be derived".
func (p *Peer) AwaitMembers(ctx context.Context, members, chaincodes []string) error {
	for {
		missing, err := p.missing(ctx, members, chaincodes)
		if err == nil && len(missing) == 0 {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("not known with all chaincodes yet: %v", missing)
		}
		if serr := pause(ctx); serr != nil {
			return fmt.Errorf("%s: %w", p.Node.Name, errors.Join(serr, err))
		}
	}
}

// missing returns the members of whom no peer is known with all chaincodes.
func (p *Peer) missing(ctx context.Context, members, chaincodes []string) ([]string, error) {
	known, err := p.known(ctx)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, m := range members {
		if !slices.ContainsFunc(known[m], func(has []string) bool { return containsAll(has, chaincodes) }) {
			missing = append(missing, m)
		}
	}
	return missing, nil
}

func containsAll(has, want []string) bool {
	for _, w := range want {
		if !slices.Contains(has, w) {
			return false
		}
	}
	return true
}

// known asks discovery which peers of the channel this peer knows: by MSP id,
// the chaincodes of each.
func (p *Peer) known(ctx context.Context) (map[string][][]string, error) {
	text, err := proto.Marshal(&discovery.Request{
		Authentication: &discovery.AuthInfo{ClientIdentity: p.admin.serialized, ClientTlsCertHash: p.certHash},
		Queries: []*discovery.Query{{
			Channel: p.channel, Query: &discovery.Query_PeerQuery{PeerQuery: &discovery.PeerMembershipQuery{}},
		}},
	})
	if err != nil {
		return nil, err
	}
	signature, err := p.admin.signMessage(text)
	if err != nil {
		return nil, err
	}
	resp, err := discovery.NewDiscoveryClient(p.conn).Discover(ctx,
		&discovery.SignedRequest{Payload: text, Signature: signature})
	if err != nil {
		return nil, err
	}
	if len(resp.GetResults()) != 1 {
		return nil, fmt.Errorf("discovery gives %d results for one query", len(resp.GetResults()))
	}
	result := resp.GetResults()[0]
	if e := result.GetError(); e != nil {
		return nil, errors.New("discovery: " + e.GetContent())
	}
	known := map[string][][]string{}
	for org, peers := range result.GetMembers().GetPeersByOrg() {
		for _, peer := range peers.GetPeers() {
			names, err := chaincodesOf(peer)
			if err != nil {
				return nil, err
			}
			known[org] = append(known[org], names)
		}
	}
	return known, nil
}

func chaincodesOf(peer *discovery.Peer) ([]string, error) {
	var msg gossip.GossipMessage
	if err := proto.Unmarshal(peer.GetStateInfo().GetPayload(), &msg); err != nil {
		return nil, err
	}
	var names []string
	for _, c := range msg.GetStateInfo().GetProperties().GetChaincodes() {
		names = append(names, c.GetName())
	}
	return names, nil
}

// Evaluate asks the chaincode for its metadata through this peer: proof that
// peer, chaincode process and the link between them work.
func (p *Peer) Evaluate(ctx context.Context, chaincode string) error {
	contract := p.gateway.GetNetwork(p.channel).GetContractWithName(chaincode, "org.hyperledger.fabric")
	for {
		_, err := contract.EvaluateWithContext(ctx, "GetMetadata")
		if err == nil {
			return nil
		}
		if !passing(err) {
			return fmt.Errorf("%s: query %s: %s", p.Node.Name, chaincode, detail(err))
		}
		if serr := pause(ctx); serr != nil {
			return fmt.Errorf("%s: query %s: %w, last: %s", p.Node.Name, chaincode, serr, detail(err))
		}
	}
}

// Constitution is the contract of the registry in which each organisation
// agrees who the members are; its Approve is the first transaction.
const (
	registryChaincode    = "registry"
	constitutionContract = "Constitution"
	approveTransaction   = "Approve"
	requestIDBytes       = 16
)

// approval is the argument of Constitution:Approve.
type approval struct {
	RequestID string   `json:"requestId"`
	Members   []string `json:"members"`
}

// ApproveConstitution submits the organisation's agreement to the list of
// members, as its governor, through this peer. Members are MSP ids.
func (p *Peer) ApproveConstitution(ctx context.Context, members []string) error {
	gw, err := p.governor()
	if err != nil {
		return err
	}
	defer func() { _ = gw.Close() }()
	id := make([]byte, requestIDBytes)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	sorted := slices.Clone(members)
	slices.Sort(sorted)
	arg, err := json.Marshal(approval{hex.EncodeToString(id), sorted})
	if err != nil {
		return err
	}
	contract := gw.GetNetwork(p.channel).GetContractWithName(registryChaincode, constitutionContract)
	// The request id stays the same over all attempts: only one can take effect.
	err = submit(ctx, contract, call{
		name: approveTransaction, options: []client.ProposalOption{client.WithArguments(string(arg))},
	})
	if err != nil {
		return fmt.Errorf("%s: first transaction: %w", p.Node.Organisation.Name, err)
	}
	return nil
}
