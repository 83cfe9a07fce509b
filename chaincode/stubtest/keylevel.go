package stubtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// errPolicy is an endorsement policy that isn't satisfied.
var errPolicy = errors.New("endorsement policy not satisfied")

// notePolicyChanges remembers which keys' metadata a transaction writes, for those after it in the block.
func (v *validation) notePolicyChanges(index int, c *candidate) {
	if c.parsed == nil {
		return
	}
	for _, ns := range c.parsed.results {
		for _, write := range ns.public.GetMetadataWrites() {
			at := keyAt{space{namespace: ns.name}, write.GetKey()}
			v.policyChanges[at] = append(v.policyChanges[at], index)
		}
		for _, coll := range ns.collections {
			for _, write := range coll.hashed.GetMetadataWrites() {
				at := keyAt{space{ns.name, coll.name}, string(write.GetKeyHash())}
				v.policyChanges[at] = append(v.policyChanges[at], index)
			}
		}
	}
}

// dispatch validates a transaction against the policies of the chaincode invoked and of every namespace written.
func (v *validation) dispatch(index int, c *candidate) (peer.TxValidationCode, error) {
	p := c.parsed
	if p.chaincode == "" || p.chaincode != p.action.GetChaincodeId().GetName() ||
		p.action.GetChaincodeId().GetVersion() == "" {
		return peer.TxValidationCode_INVALID_CHAINCODE, nil
	}
	if p.event != nil && p.event.GetChaincodeId() != p.chaincode {
		return peer.TxValidationCode_INVALID_OTHER_REASON, nil
	}
	written := map[string]*namespaceResults{p.chaincode: nil}
	seen := map[string]bool{}
	for _, ns := range p.results {
		if seen[ns.name] {
			return peer.TxValidationCode_ILLEGAL_WRITESET, nil
		}
		seen[ns.name] = true
		if ns.name == p.chaincode || ns.writes() {
			written[ns.name] = ns
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(written)) {
		policy := v.network.policies[namespace]
		if policy == nil {
			return peer.TxValidationCode_INVALID_CHAINCODE, nil
		}
		check := &policyCheck{
			validation: v, index: index, candidate: c, namespace: namespace, policy: policy,
			satisfied: map[string]bool{},
		}
		if err := check.run(written[namespace]); err != nil {
			if errors.Is(err, errPolicy) {
				return peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, nil
			}
			return peer.TxValidationCode_NOT_VALIDATED, err
		}
		c.validated[namespace] = true
	}
	return peer.TxValidationCode_VALID, nil
}

// writes tells whether a namespace is written in any way.
func (ns *namespaceResults) writes() bool {
	if len(ns.public.GetWrites())+len(ns.public.GetMetadataWrites()) > 0 {
		return true
	}
	return slices.ContainsFunc(ns.collections, func(coll *collectionResults) bool {
		return len(coll.hashed.GetHashedWrites())+len(coll.hashed.GetMetadataWrites()) > 0
	})
}

// policyCheck judges the endorsements of a transaction for one namespace.
type policyCheck struct {
	validation *validation
	index      int
	candidate  *candidate
	namespace  string
	policy     *signaturePolicy // of the chaincode
	satisfied  map[string]bool  // by collection, "" for the chaincode's policy
	checked    bool             // whether any policy was
}

// run checks every written key: its key-level policy or else its collection's or the chaincode's. At least one
// policy is checked even if nothing is written.
func (k *policyCheck) run(ns *namespaceResults) error {
	if ns != nil {
		for _, write := range ns.public.GetWrites() {
			if err := k.key("", write.GetKey()); err != nil {
				return err
			}
		}
		for _, write := range ns.public.GetMetadataWrites() {
			if err := k.key("", write.GetKey()); err != nil {
				return err
			}
		}
		for _, coll := range ns.collections {
			for _, write := range coll.hashed.GetHashedWrites() {
				if err := k.key(coll.name, string(write.GetKeyHash())); err != nil {
					return err
				}
			}
			for _, write := range coll.hashed.GetMetadataWrites() {
				if err := k.key(coll.name, string(write.GetKeyHash())); err != nil {
					return err
				}
			}
		}
	}
	if k.checked {
		return nil
	}
	return k.general("")
}

func (k *policyCheck) key(collection, key string) error {
	at := space{k.namespace, collection}
	for _, earlier := range k.validation.policyChanges[keyAt{at, key}] {
		if k.validation.candidates[earlier].validated[k.namespace] {
			return fmt.Errorf("%w: the key's policy was changed by transaction %d of this block", errPolicy, earlier)
		}
	}
	raw := metadataOf(k.validation.network.state.committed(at, key))[policyMetadata]
	if len(raw) == 0 {
		return k.general(collection)
	}
	policy, err := parsePolicy(raw)
	if err != nil {
		return fmt.Errorf("could not translate policy for %s:%q: %w", k.namespace, key, err)
	}
	if !policy.satisfiedBy(k.candidate.signers) {
		return fmt.Errorf("%w: key-level policy of %q", errPolicy, key)
	}
	k.checked = true
	return nil
}

// general checks the policy of a collection, or with "" of the chaincode, once.
func (k *policyCheck) general(collection string) error {
	if k.satisfied[collection] {
		return nil
	}
	policy := k.policy
	if collection != "" {
		org, implicit := strings.CutPrefix(collection, implicitPrefix)
		if !implicit || k.validation.network.nodes[org] == nil {
			return fmt.Errorf("%w: no such collection '%s'", errPolicy, collection)
		}
		policy = nOutOf(1, []string{org})
	}
	if !policy.satisfiedBy(k.candidate.signers) {
		return fmt.Errorf("%w: chaincode %s, collection %q", errPolicy, k.namespace, collection)
	}
	k.satisfied[collection] = true
	k.checked = true
	return nil
}
