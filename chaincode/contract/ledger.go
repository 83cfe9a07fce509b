package contract

import (
	"fmt"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/statebased"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// public adapts a stub to the public state of its own chaincode.
type public struct{ stub shim.ChaincodeStubInterface }

func (p public) Get(key string) ([]byte, error)     { return p.stub.GetState(key) }
func (p public) Put(key string, value []byte) error { return p.stub.PutState(key, value) }
func (p public) Delete(key string) error            { return p.stub.DelState(key) }

func (p public) Protect(key string, orgs []trade.MSPID) error {
	policy, err := everyPeerOf(orgs)
	if err != nil {
		return err
	}
	return p.stub.SetStateValidationParameter(key, policy)
}

// private adapts a stub to the implicit collections.
type private struct{ stub shim.ChaincodeStubInterface }

// implicit is the name that Fabric gives to the collection of one organisation.
func implicit(org trade.MSPID) string { return "_implicit_org_" + string(org) }

func (p private) Put(org trade.MSPID, key string, value []byte) error {
	return p.stub.PutPrivateData(implicit(org), key, value)
}

func (p private) Digest(org trade.MSPID, key string) ([]byte, error) {
	b, err := p.stub.GetPrivateDataHash(implicit(org), key)
	if len(b) == 0 {
		return nil, err
	}
	return b, err
}

func (p private) Protect(org trade.MSPID, key string, orgs []trade.MSPID) error {
	policy, err := everyPeerOf(orgs)
	if err != nil {
		return err
	}
	return p.stub.SetPrivateDataValidationParameter(implicit(org), key, policy)
}

// everyPeerOf is a policy that a peer of each organisation satisfies together.
// The role is peer, not member: a member role would be satisfied by a client
// certificate, and a company must not speak for its organisation's checks.
func everyPeerOf(orgs []trade.MSPID) ([]byte, error) {
	ep, err := statebased.NewStateEP(nil)
	if err != nil {
		return nil, fmt.Errorf("key-level endorsement policy: %w", err)
	}
	names := make([]string, len(orgs))
	for i, o := range orgs {
		names[i] = string(o)
	}
	if err := ep.AddOrgs(statebased.RoleTypePeer, names...); err != nil {
		return nil, fmt.Errorf("key-level endorsement policy: %w", err)
	}
	return ep.Policy()
}

func documents(stub shim.ChaincodeStubInterface) state.Documents {
	return state.Documents{Public: public{stub}, Private: private{stub}}
}
