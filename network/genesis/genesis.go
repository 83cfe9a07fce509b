// Package genesis builds the first block of the channel from protobufs: who the
// members are, what they must agree on, how blocks are ordered.
//
// Both consensus types come from the same code. It refuses nothing that
// network/topology lets through; it reads certificates from the plan's key
// store and writes nothing.
//
// Invariants: capabilities are V3_0 (channel), V2_0 (orderer), V2_5
// (application); orderer endpoints are given per organisation (V3_0 forbids
// global ones); every peer organisation's peers are anchor peers from block 0,
// so no configuration update follows.
package genesis

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"time"

	cb "github.com/hyperledger/fabric-protos-go-apiv2/common"
	mspproto "github.com/hyperledger/fabric-protos-go-apiv2/msp"
	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

// adminsPolicy is the policy that governs changes of what it is attached to.
const adminsPolicy = "Admins"

// ordererAdmins governs the list of orderer addresses.
const ordererAdmins = "/Channel/Orderer/Admins"

// Block returns the genesis block of the plan's channel, marshalled; now is its
// timestamp.
func Block(p *plan.Plan, now time.Time) ([]byte, error) {
	b := &builder{plan: p, msps: map[string]*mspproto.MSPConfig{}}
	group := b.channel()
	if b.err != nil {
		return nil, fmt.Errorf("genesis: %w", b.err)
	}
	block, err := wrap(p.Topology.Channel, group, now)
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return block, nil
}

// builder collects the first error, so that the tree can be written as a tree.
type builder struct {
	plan *plan.Plan
	msps map[string]*mspproto.MSPConfig
	err  error
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) bytes(m proto.Message) []byte {
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		b.fail(err)
	}
	return text
}

func (b *builder) file(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		b.fail(err)
	}
	return text
}

func newGroup() *cb.ConfigGroup {
	return &cb.ConfigGroup{
		Groups: map[string]*cb.ConfigGroup{}, Values: map[string]*cb.ConfigValue{},
		Policies: map[string]*cb.ConfigPolicy{}, ModPolicy: adminsPolicy,
	}
}

func (b *builder) value(g *cb.ConfigGroup, key string, m proto.Message) {
	g.Values[key] = &cb.ConfigValue{Value: b.bytes(m), ModPolicy: adminsPolicy}
}

func (b *builder) implicit(g *cb.ConfigGroup, name, sub string, rule cb.ImplicitMetaPolicy_Rule) {
	g.Policies[name] = &cb.ConfigPolicy{ModPolicy: adminsPolicy, Policy: &cb.Policy{
		Type:  int32(cb.Policy_IMPLICIT_META),
		Value: b.bytes(&cb.ImplicitMetaPolicy{SubPolicy: sub, Rule: rule}),
	}}
}

func (b *builder) signature(g *cb.ConfigGroup, name string, s *cb.SignaturePolicyEnvelope) {
	g.Policies[name] = &cb.ConfigPolicy{ModPolicy: adminsPolicy, Policy: &cb.Policy{
		Type: int32(cb.Policy_SIGNATURE), Value: b.bytes(s),
	}}
}

// standardPolicies are those that every level of the tree needs.
func (b *builder) standardPolicies(g *cb.ConfigGroup) {
	b.implicit(g, "Readers", "Readers", cb.ImplicitMetaPolicy_ANY)
	b.implicit(g, "Writers", "Writers", cb.ImplicitMetaPolicy_ANY)
	b.implicit(g, adminsPolicy, adminsPolicy, cb.ImplicitMetaPolicy_MAJORITY)
}

func capabilities(names ...string) *cb.Capabilities {
	c := &cb.Capabilities{Capabilities: map[string]*cb.Capability{}}
	for _, n := range names {
		c.Capabilities[n] = &cb.Capability{}
	}
	return c
}

func (b *builder) channel() *cb.ConfigGroup {
	g := newGroup()
	b.standardPolicies(g)
	b.value(g, "HashingAlgorithm", &cb.HashingAlgorithm{Name: "SHA256"})
	// The whole block data is hashed as one: width is the maximum by definition.
	b.value(g, "BlockDataHashingStructure", &cb.BlockDataHashingStructure{Width: math.MaxUint32})
	b.value(g, "Capabilities", capabilities("V3_0"))
	g.Groups["Orderer"] = b.orderer()
	g.Groups["Application"] = b.application()
	return g
}

func (b *builder) application() *cb.ConfigGroup {
	g := newGroup()
	b.standardPolicies(g)
	b.value(g, "Capabilities", capabilities("V2_5"))
	// A peer that delivers whole blocks delivers the private data of its implicit
	// collections with them, to any client of any organisation that may read
	// blocks, past every check of the chaincode. So nobody may: the policy that
	// is named here asks for a majority of administrators, which one signature
	// never is. Clients follow filtered blocks and chaincode events.
	b.value(g, "ACLs", &pb.ACLs{Acls: map[string]*pb.APIResource{
		"event/Block": {PolicyRef: "/Channel/Application/Admins"},
	}})
	b.implicit(g, "Endorsement", "Endorsement", cb.ImplicitMetaPolicy_MAJORITY)
	// A chaincode whose keys carry their own policies needs no more than one
	// organisation to create a key.
	b.implicit(g, "AnyEndorsement", "Endorsement", cb.ImplicitMetaPolicy_ANY)
	b.implicit(g, "LifecycleEndorsement", "Endorsement", cb.ImplicitMetaPolicy_MAJORITY)
	for _, o := range b.plan.Topology.PeerOrganisations() {
		og := b.organisation(o)
		anchors := &pb.AnchorPeers{}
		for _, n := range b.plan.PeersOf(o) {
			port := int32(n.Ports.GRPC) //nolint:gosec // a port fits
			anchors.AnchorPeers = append(anchors.AnchorPeers, &pb.AnchorPeer{Host: n.Host, Port: port})
		}
		b.value(og, "AnchorPeers", anchors)
		g.Groups[o.Name] = og
	}
	return g
}

// organisation is the group of a member: its MSP and its own policies.
func (b *builder) organisation(o *topology.Organisation) *cb.ConfigGroup {
	g := newGroup()
	b.value(g, "MSP", b.msp(o))
	b.signature(g, "Readers", anyOf(o.MSPID, mspproto.MSPRole_MEMBER))
	b.signature(g, "Writers", anyOf(o.MSPID, mspproto.MSPRole_MEMBER))
	b.signature(g, adminsPolicy, anyOf(o.MSPID, mspproto.MSPRole_ADMIN))
	b.signature(g, "Endorsement", anyOf(o.MSPID, mspproto.MSPRole_PEER))
	return g
}

func anyOf(mspID string, role mspproto.MSPRole_MSPRoleType) *cb.SignaturePolicyEnvelope {
	// MSPRole has two scalar fields; marshalling it cannot fail.
	principal, _ := proto.Marshal(&mspproto.MSPRole{MspIdentifier: mspID, Role: role})
	return &cb.SignaturePolicyEnvelope{
		Rule: outOf(1, 1),
		Identities: []*mspproto.MSPPrincipal{
			{PrincipalClassification: mspproto.MSPPrincipal_ROLE, Principal: principal},
		},
	}
}

// outOf is the rule "n of the first total identities".
func outOf(n, total int) *cb.SignaturePolicy {
	rules := make([]*cb.SignaturePolicy, total)
	for i := range rules {
		rules[i] = &cb.SignaturePolicy{Type: &cb.SignaturePolicy_SignedBy{SignedBy: int32(i)}}
	}
	return &cb.SignaturePolicy{Type: &cb.SignaturePolicy_NOutOf_{
		NOutOf: &cb.SignaturePolicy_NOutOf{N: int32(n), Rules: rules}, //nolint:gosec // small
	}}
}

// msp is the verifying MSP of an organisation.
func (b *builder) msp(o *topology.Organisation) *mspproto.MSPConfig {
	if m := b.msps[o.Name]; m != nil {
		return m
	}
	ca := b.file(b.plan.Keys.CA(o))
	ou := func(name string) *mspproto.FabricOUIdentifier {
		return &mspproto.FabricOUIdentifier{Certificate: ca, OrganizationalUnitIdentifier: name}
	}
	conf := &mspproto.FabricMSPConfig{
		Name: o.MSPID, RootCerts: [][]byte{ca}, TlsRootCerts: [][]byte{b.file(b.plan.Keys.TLSCA(o))},
		CryptoConfig: &mspproto.FabricCryptoConfig{
			SignatureHashFamily: "SHA2", IdentityIdentifierHashFunction: "SHA256",
		},
		FabricNodeOus: &mspproto.FabricNodeOUs{
			Enable: true, ClientOuIdentifier: ou("client"), PeerOuIdentifier: ou("peer"),
			AdminOuIdentifier: ou("admin"), OrdererOuIdentifier: ou("orderer"),
		},
	}
	m := &mspproto.MSPConfig{Type: 0, Config: b.bytes(conf)} // type 0: the X.509 MSP
	b.msps[o.Name] = m
	return m
}

// nonceBytes is the length of a nonce, as everywhere in Fabric.
const nonceBytes = 24

func wrap(channel string, group *cb.ConfigGroup, now time.Time) ([]byte, error) {
	opts := proto.MarshalOptions{Deterministic: true}
	nonce := make([]byte, nonceBytes)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	id := sha256.Sum256(nonce) // there is no creator: the id covers the nonce alone
	header, err := opts.Marshal(&cb.ChannelHeader{
		Type: int32(cb.HeaderType_CONFIG), Version: 1, ChannelId: channel, TxId: hex.EncodeToString(id[:]),
		Timestamp: timestamppb.New(now),
	})
	if err != nil {
		return nil, err
	}
	signer, err := opts.Marshal(&cb.SignatureHeader{Nonce: nonce})
	if err != nil {
		return nil, err
	}
	data, err := opts.Marshal(&cb.ConfigEnvelope{Config: &cb.Config{ChannelGroup: group}})
	if err != nil {
		return nil, err
	}
	payload, err := opts.Marshal(&cb.Payload{
		Header: &cb.Header{ChannelHeader: header, SignatureHeader: signer}, Data: data,
	})
	if err != nil {
		return nil, err
	}
	envelope, err := opts.Marshal(&cb.Envelope{Payload: payload})
	if err != nil {
		return nil, err
	}
	return seal(envelope)
}

// lastConfigIndex is where the number of the last configuration block stands.
// The protobufs call it deprecated; Fabric 3.1 still writes and reads it.
const lastConfigIndex = 1

// seal makes block 0 of one envelope.
func seal(envelope []byte) ([]byte, error) {
	opts := proto.MarshalOptions{Deterministic: true}
	last := &cb.LastConfig{Index: 0}
	lastBytes, err := opts.Marshal(last)
	if err != nil {
		return nil, err
	}
	lastMeta, err := opts.Marshal(&cb.Metadata{Value: lastBytes})
	if err != nil {
		return nil, err
	}
	ordererMeta, err := opts.Marshal(&cb.OrdererBlockMetadata{LastConfig: last})
	if err != nil {
		return nil, err
	}
	signatures, err := opts.Marshal(&cb.Metadata{Value: ordererMeta})
	if err != nil {
		return nil, err
	}
	metadata := make([][]byte, len(cb.BlockMetadataIndex_name))
	metadata[lastConfigIndex] = lastMeta
	metadata[cb.BlockMetadataIndex_SIGNATURES] = signatures
	hash := sha256.Sum256(envelope)
	return opts.Marshal(&cb.Block{
		Header:   &cb.BlockHeader{Number: 0, DataHash: hash[:]},
		Data:     &cb.BlockData{Data: [][]byte{envelope}},
		Metadata: &cb.BlockMetadata{Metadata: metadata},
	})
}
