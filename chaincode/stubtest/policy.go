package stubtest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// Policy is a chaincode-level endorsement policy; make one with Majority, AnyOrg, AllOf or OutOf. Its principals
// are the organisations' peers.
type Policy struct {
	build func(orgs []string) *signaturePolicy
}

// Majority is the channel's default: more than half of the organisations.
func Majority() Policy {
	return Policy{func(orgs []string) *signaturePolicy { return nOutOf(len(orgs)/2+1, orgs) }}
}

// AnyOrg is any one organisation of the channel.
func AnyOrg() Policy {
	return Policy{func(orgs []string) *signaturePolicy { return nOutOf(1, orgs) }}
}

// AllOf is every one of the named organisations.
func AllOf(mspIDs ...string) Policy {
	return Policy{func([]string) *signaturePolicy { return nOutOf(len(mspIDs), mspIDs) }}
}

// OutOf is at least k of the named organisations.
func OutOf(k int, mspIDs ...string) Policy {
	return Policy{func([]string) *signaturePolicy { return nOutOf(k, mspIDs) }}
}

// signaturePolicy is a policy in the form in which peers judge it.
type signaturePolicy struct {
	rule       *common.SignaturePolicy
	principals []*msp.MSPRole // nil entries are principals of a kind that nobody here satisfies
	envelope   *common.SignaturePolicyEnvelope
}

// nOutOf asks for k of the organisations' peers.
func nOutOf(k int, mspIDs []string) *signaturePolicy {
	policy := &signaturePolicy{}
	rules := make([]*common.SignaturePolicy, 0, len(mspIDs))
	identities := make([]*msp.MSPPrincipal, 0, len(mspIDs))
	for i, mspID := range mspIDs {
		role := &msp.MSPRole{MspIdentifier: mspID, Role: msp.MSPRole_PEER}
		policy.principals = append(policy.principals, role)
		identities = append(identities, &msp.MSPPrincipal{
			PrincipalClassification: msp.MSPPrincipal_ROLE, Principal: mustMarshal(role),
		})
		rules = append(rules, &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{
			SignedBy: int32(i),
		}})
	}
	policy.rule = &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{
		NOutOf: &common.SignaturePolicy_NOutOf{N: int32(k), Rules: rules}, //nolint:gosec // counts of organisations
	}}
	policy.envelope = &common.SignaturePolicyEnvelope{Rule: policy.rule, Identities: identities}
	return policy
}

// parsePolicy reads a marshalled SignaturePolicyEnvelope, the form of key-level policies.
func parsePolicy(raw []byte) (*signaturePolicy, error) {
	envelope := &common.SignaturePolicyEnvelope{}
	if err := proto.Unmarshal(raw, envelope); err != nil {
		return nil, fmt.Errorf("read signature policy: %w", err)
	}
	return fromEnvelope(envelope)
}

func fromEnvelope(envelope *common.SignaturePolicyEnvelope) (*signaturePolicy, error) {
	policy := &signaturePolicy{rule: envelope.GetRule(), envelope: envelope}
	for _, principal := range envelope.GetIdentities() {
		var role *msp.MSPRole
		if principal.GetPrincipalClassification() == msp.MSPPrincipal_ROLE {
			role = &msp.MSPRole{}
			if err := proto.Unmarshal(principal.GetPrincipal(), role); err != nil {
				return nil, fmt.Errorf("read principal: %w", err)
			}
		}
		policy.principals = append(policy.principals, role)
	}
	if err := checkRule(policy.rule, len(policy.principals)); err != nil {
		return nil, err
	}
	return policy, nil
}

// checkRule refuses the rules that a peer can't compile.
func checkRule(rule *common.SignaturePolicy, principals int) error {
	switch kind := rule.GetType().(type) {
	case *common.SignaturePolicy_SignedBy:
		if kind.SignedBy < 0 || int(kind.SignedBy) >= principals {
			return fmt.Errorf("identity index %d out of range, there are %d identities", kind.SignedBy, principals)
		}
		return nil
	case *common.SignaturePolicy_NOutOf_:
		for _, inner := range kind.NOutOf.GetRules() {
			if err := checkRule(inner, principals); err != nil {
				return err
			}
		}
		return nil
	default:
		return errors.New("empty policy element")
	}
}

// satisfiedBy tells whether the signers satisfy the policy. Each signer counts once, in the order and with the
// greed of Fabric's own evaluation.
func (p *signaturePolicy) satisfiedBy(signers []*identity) bool {
	distinct := make([]*identity, 0, len(signers))
	for _, signer := range signers {
		if !slices.Contains(distinct, signer) {
			distinct = append(distinct, signer)
		}
	}
	return p.evaluate(p.rule, distinct, make([]bool, len(distinct)))
}

func (p *signaturePolicy) evaluate(rule *common.SignaturePolicy, signers []*identity, used []bool) bool {
	switch kind := rule.GetType().(type) {
	case *common.SignaturePolicy_SignedBy:
		role := p.principals[kind.SignedBy]
		for i, signer := range signers {
			if !used[i] && role != nil && signer.satisfies(role) {
				used[i] = true
				return true
			}
		}
		return false
	case *common.SignaturePolicy_NOutOf_:
		verified := int32(0)
		trial := make([]bool, len(used))
		for _, inner := range kind.NOutOf.GetRules() {
			copy(trial, used)
			if p.evaluate(inner, signers, trial) {
				verified++
				copy(used, trial)
			}
		}
		return verified >= kind.NOutOf.GetN()
	default:
		return false
	}
}

// mustMarshal encodes a message that this package built itself; only invalid UTF-8 in a string field can fail.
func mustMarshal(message proto.Message) []byte {
	raw, err := proto.Marshal(message)
	if err != nil {
		panic(fmt.Sprintf("stubtest: marshal %T: %v", message, err))
	}
	return raw
}
