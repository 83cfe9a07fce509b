package e2e_test

import (
	"crypto/sha256"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// writes is a write set that no chaincode has computed. It claims to have read
// nothing, which is what a forger claims.
type writes struct {
	namespace string
	public    map[string][]byte // nil deletes
	private   map[string]map[string][]byte
}

// results encodes the set as a peer's simulation does.
func (w writes) results(t *testing.T) []byte {
	t.Helper()
	set := &kvrwset.KVRWSet{}
	for key, value := range w.public {
		set.Writes = append(set.Writes, &kvrwset.KVWrite{Key: key, Value: value, IsDelete: value == nil})
	}
	ns := &rwset.NsReadWriteSet{Namespace: w.namespace, Rwset: encode(t, set)}
	for collection, entries := range w.private {
		hashed, plain := &kvrwset.HashedRWSet{}, &kvrwset.KVRWSet{}
		for key, value := range entries {
			k, v := sha256.Sum256([]byte(key)), sha256.Sum256(value)
			hashed.HashedWrites = append(hashed.HashedWrites, &kvrwset.KVWriteHash{KeyHash: k[:], ValueHash: v[:]})
			plain.Writes = append(plain.Writes, &kvrwset.KVWrite{Key: key, Value: value})
		}
		sum := sha256.Sum256(encode(t, plain))
		ns.CollectionHashedRwset = append(ns.CollectionHashedRwset, &rwset.CollectionHashedReadWriteSet{
			CollectionName: collection, HashedRwset: encode(t, hashed), PvtRwsetHash: sum[:],
		})
	}
	return encode(t, &rwset.TxReadWriteSet{DataModel: rwset.TxReadWriteSet_KV, NsRwset: []*rwset.NsReadWriteSet{ns}})
}

func implicit(mspID string) string { return "_implicit_org_" + mspID }

// forge commits the writes as the outcome of a call of the chaincode, signed
// with the peer keys of the organisations that collude, and returns how the
// network judged them.
func (p *person) forge(t *testing.T, chaincode string, w writes, by ...string) peer.TxValidationCode {
	t.Helper()
	what := p.propose(t, call{chaincode: chaincode, function: "Invoice:Issue", arg: struct{}{}})
	version := ""
	for _, c := range p.net.topology.Chaincodes {
		if c.Name == chaincode {
			version = c.Version
		}
	}
	results := encode(t, &peer.ProposalResponsePayload{
		ProposalHash: proposalHash(what),
		Extension: encode(t, &peer.ChaincodeAction{
			Results: w.results(t), Response: &peer.Response{Status: int32(common.Status_SUCCESS)},
			ChaincodeId: &peer.ChaincodeID{Name: chaincode, Version: version},
		}),
	})
	var endorsements []*peer.Endorsement
	for _, org := range by {
		endorsements = append(endorsements, p.net.peerKey(t, org).endorse(t, results))
	}
	return p.submit(t, what, results, endorsements...)
}

// proposalHash is what endorsers sign to have been asked.
func proposalHash(p proposal) []byte {
	h := sha256.New()
	h.Write(p.header.GetChannelHeader())
	h.Write(p.header.GetSignatureHeader())
	h.Write(p.payload)
	return h.Sum(nil)
}
