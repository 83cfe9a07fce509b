package stubtest

import (
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// Forgery is a transaction whose results no chaincode computed: the peers of colluding organisations sign whatever
// read/write set they like. Validation judges it as it judges any other.
type Forgery struct {
	// Client signs the transaction; any client of the channel may.
	Client *Client
	// Chaincode is the one that the transaction claims to have invoked.
	Chaincode string
	// Function and Args are what it claims to have been called with.
	Function string
	Args     []string
	// Set is what it claims to have read and written. Private plaintext reaches the transient stores of the
	// organisations in EndorsedBy only.
	Set *RWSet
	// Event and Payload are what the chaincode claims to have answered.
	Event   *peer.ChaincodeEvent
	Payload []byte
	// EndorsedBy are the organisations whose peers sign.
	EndorsedBy []string
	// EndorsedByClients are clients that sign as endorsers: their certificates satisfy the principal MEMBER.
	EndorsedByClients []*Client
}

// Forge makes the transaction of a forgery; commit it to see what it does.
func (n *Network) Forge(f Forgery) (*Transaction, error) {
	if f.Client == nil || f.Set == nil {
		return nil, errors.New("stubtest: a forgery needs a client and a read/write set")
	}
	p, err := f.Client.Propose(Call{Chaincode: f.Chaincode, Function: f.Function, Args: f.Args})
	if err != nil {
		return nil, err
	}
	event := f.Event
	if event != nil {
		event = &peer.ChaincodeEvent{
			ChaincodeId: f.Chaincode, TxId: p.TxID, EventName: event.GetEventName(), Payload: event.GetPayload(),
		}
	}
	results, private := f.Set.encode()
	payload := actionPayload(p, &peer.Response{Status: shim.OK, Payload: f.Payload}, event, results)
	action := &peer.ChaincodeEndorsedAction{ProposalResponsePayload: payload}
	for _, org := range f.EndorsedBy {
		nd := n.nodes[org]
		if nd == nil {
			return nil, fmt.Errorf("stubtest: no organisation %s", org)
		}
		nd.keepPrivate(p.TxID, private)
		action.Endorsements = append(action.Endorsements, nd.identity.endorse(payload))
	}
	for _, client := range f.EndorsedByClients {
		action.Endorsements = append(action.Endorsements, client.identity.endorse(payload))
	}
	return f.Client.assemble(p, action)
}
