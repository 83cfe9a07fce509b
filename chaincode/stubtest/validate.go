package stubtest

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// candidate is a transaction of a block under validation.
type candidate struct {
	parsed    *parsed
	signers   []*identity
	code      peer.TxValidationCode
	validated map[string]bool // namespaces whose endorsement policy was satisfied
}

// keyAt names a key, or the hash of a private one.
type keyAt struct {
	at  space
	key string
}

// validation judges one block against the state before it, in two passes as the committing peer does: first every
// transaction by itself (form, creator, policies), then in their order against each other (read conflicts).
type validation struct {
	network    *Network
	number     uint64
	candidates []*candidate
	// policyChanges lists, by key, the transactions of the block that write its metadata.
	policyChanges map[keyAt][]int
	changes       changes
}

// validate returns the codes of a block's transactions and the changes of the valid ones. An error means that
// real peers would stop processing the channel.
func (n *Network) validate(number uint64, envelopes []*common.Envelope) (*validation, error) {
	v := &validation{network: n, number: number, policyChanges: map[keyAt][]int{}, changes: changes{}}
	for i, envelope := range envelopes {
		c := &candidate{code: peer.TxValidationCode_NOT_VALIDATED, validated: map[string]bool{}}
		v.candidates = append(v.candidates, c)
		c.code = v.wellFormed(c, envelope)
		if c.code == peer.TxValidationCode_NOT_VALIDATED {
			code, err := v.dispatch(i, c)
			if err != nil {
				return nil, fmt.Errorf("%w: block %d, transaction %d: %w", ErrHalted, number, i, err)
			}
			c.code = code
		}
		v.notePolicyChanges(i, c)
	}
	v.markDuplicates()
	for i, c := range v.candidates {
		if c.code == peer.TxValidationCode_VALID {
			c.code = v.checkReads(c)
		}
		if c.code == peer.TxValidationCode_VALID {
			v.applyWrites(c, &Version{Block: number, Tx: uint64(i)})
		}
	}
	return v, nil
}

// wellFormed checks what needs no policy; NOT_VALIDATED means "go on".
func (v *validation) wellFormed(c *candidate, envelope *common.Envelope) peer.TxValidationCode {
	if envelope == nil {
		return peer.TxValidationCode_NIL_ENVELOPE
	}
	p, err := parse(envelope)
	if err != nil {
		return peer.TxValidationCode_BAD_PAYLOAD
	}
	c.parsed = p
	creator := p.signature.GetCreator()
	if _, err := v.network.ids.verify(creator, envelope.GetSignature(), envelope.GetPayload()); err != nil {
		return peer.TxValidationCode_BAD_CREATOR_SIGNATURE
	}
	nonce := append([]byte(nil), p.signature.GetNonce()...)
	if p.channel.GetTxId() != hex.EncodeToString(digest(append(nonce, creator...))) {
		return peer.TxValidationCode_BAD_PROPOSAL_TXID
	}
	if !bytes.Equal(p.hash, p.response.GetProposalHash()) {
		return peer.TxValidationCode_INVALID_ENDORSER_TRANSACTION
	}
	if p.channel.GetChannelId() != ChannelID {
		return peer.TxValidationCode_TARGET_CHAIN_NOT_FOUND
	}
	if _, exists := v.network.byTxID[p.channel.GetTxId()]; exists {
		return peer.TxValidationCode_DUPLICATE_TXID
	}
	for _, endorsement := range p.endorsed.GetEndorsements() {
		id, err := v.network.ids.verify(endorsement.GetEndorser(), endorsement.GetSignature(),
			p.endorsed.GetProposalResponsePayload(), endorsement.GetEndorser())
		if err == nil { // signatures that don't verify count for nothing
			c.signers = append(c.signers, id)
		}
	}
	return peer.TxValidationCode_NOT_VALIDATED
}

// markDuplicates lets only the first of equal transaction ids in a block pass.
func (v *validation) markDuplicates() {
	seen := map[string]bool{}
	for _, c := range v.candidates {
		if c.code != peer.TxValidationCode_VALID {
			continue
		}
		txID := c.parsed.channel.GetTxId()
		if seen[txID] {
			c.code = peer.TxValidationCode_DUPLICATE_TXID
		}
		seen[txID] = true
	}
}

// checkReads compares what a transaction read with the state that the transactions before it leave.
func (v *validation) checkReads(c *candidate) peer.TxValidationCode {
	for _, ns := range c.parsed.results {
		public := space{namespace: ns.name}
		for _, read := range ns.public.GetReads() {
			if !v.unchanged(public, read.GetKey(), read.GetVersion()) {
				return peer.TxValidationCode_MVCC_READ_CONFLICT
			}
		}
		for _, query := range ns.public.GetRangeQueriesInfo() {
			if !v.sameRange(public, query) {
				return peer.TxValidationCode_PHANTOM_READ_CONFLICT
			}
		}
		for _, coll := range ns.collections {
			for _, read := range coll.hashed.GetHashedReads() {
				if !v.unchanged(space{ns.name, coll.name}, string(read.GetKeyHash()), read.GetVersion()) {
					return peer.TxValidationCode_MVCC_READ_CONFLICT
				}
			}
		}
	}
	return peer.TxValidationCode_VALID
}

// unchanged tells whether a key still has the version that was read. A write earlier in the block is a conflict
// whatever it wrote.
func (v *validation) unchanged(at space, key string, read *kvrwset.Version) bool {
	if _, written := v.changes[at][key]; written {
		return false
	}
	return sameVersion(versionOf(v.network.state.committed(at, key)), fromProtoVersion(read))
}

// sameRange repeats a range query and compares keys and versions.
func (v *validation) sameRange(at space, query *kvrwset.RangeQueryInfo) bool {
	t := v.network.state.public[at.namespace]
	end := query.GetEndKey()
	if !query.GetItrExhausted() {
		end += "\x00" // the last key that was seen belongs to the range
	}
	found := map[string]*Version{}
	for _, key := range t.keys(query.GetStartKey(), end) {
		found[key] = t.get(key).version
	}
	for key, ch := range v.changes[at] {
		switch {
		case key < query.GetStartKey() || (end != "" && key >= end):
		case ch.entry == nil:
			delete(found, key)
		default:
			found[key] = ch.entry.version
		}
	}
	reads := query.GetRawReads().GetKvReads()
	if len(reads) != len(found) {
		return false
	}
	for _, read := range reads {
		now, exists := found[read.GetKey()]
		if !exists || !sameVersion(now, fromProtoVersion(read.GetVersion())) {
			return false
		}
	}
	return true
}
