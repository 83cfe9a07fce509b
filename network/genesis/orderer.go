package genesis

import (
	"fmt"
	"math"

	cb "github.com/hyperledger/fabric-protos-go-apiv2/common"
	mspproto "github.com/hyperledger/fabric-protos-go-apiv2/msp"
	ab "github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/smartbft"
	"google.golang.org/protobuf/proto"

	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

func (b *builder) orderer() *cb.ConfigGroup {
	g := newGroup()
	o := b.plan.Topology.Ordering
	b.standardPolicies(g)
	b.implicit(g, "BlockValidation", "Writers", cb.ImplicitMetaPolicy_ANY)
	b.value(g, "BatchSize", &ab.BatchSize{
		MaxMessageCount: o.BatchMessages, AbsoluteMaxBytes: o.BatchMaxBytes, PreferredMaxBytes: o.BatchPreferredBytes,
	})
	b.value(g, "BatchTimeout", &ab.BatchTimeout{Timeout: o.BatchTimeout.String()})
	b.value(g, "ChannelRestrictions", &ab.ChannelRestrictions{})
	b.value(g, "Capabilities", capabilities("V2_0"))

	var kind string
	var metadata proto.Message
	if o.Consensus == topology.SmartBFT {
		kind, metadata = "BFT", bftOptions(o)
		b.bftOrderers(g)
	} else {
		kind, metadata = "etcdraft", b.raftMetadata()
	}
	b.value(g, "ConsensusType", &ab.ConsensusType{Type: kind, Metadata: b.bytes(metadata)})

	for _, org := range b.plan.Topology.OrdererOrganisations() {
		og := b.organisation(org)
		addresses := &cb.OrdererAddresses{}
		for _, n := range b.plan.OrderersOf(org) {
			addresses.Addresses = append(addresses.Addresses, n.Endpoint())
		}
		og.Values["Endpoints"] = &cb.ConfigValue{Value: b.bytes(addresses), ModPolicy: ordererAdmins}
		g.Groups[org.Name] = og
	}
	return g
}

// bftOptions are SmartBFT's settings. Its defaults are made for orderers on
// several continents and leave a network silent for 14 s when the leader dies;
// with these another one leads after 2 to 3 s.
func bftOptions(o topology.Ordering) *smartbft.Options {
	return &smartbft.Options{
		RequestBatchMaxCount: uint64(o.BatchMessages),
		RequestBatchMaxBytes: uint64(o.BatchPreferredBytes),
		// SmartBFT ignores BatchTimeout; this is what cuts a block.
		RequestBatchMaxInterval:   o.BatchTimeout.String(),
		IncomingMessageBufferSize: 200,
		RequestPoolSize:           100_000,
		RequestMaxBytes:           uint64(o.BatchMaxBytes),
		// A follower hands a waiting request to the leader after the first,
		// complains of the leader after the second.
		RequestForwardTimeout:  "500ms",
		RequestComplainTimeout: "2s",
		// Longer than any outage worth surviving, else requests are dropped.
		RequestAutoRemoveTimeout: "3m0s",
		ViewChangeResendInterval: "1s",
		ViewChangeTimeout:        "5s",
		// A dead leader without waiting requests is noticed after this.
		LeaderHeartbeatTimeout: "4s",
		LeaderHeartbeatCount:   10,
		CollectTimeout:         "1s",
		SyncOnStart:            false,
		SpeedUpViewChange:      false,
		// Fabric does not support leader rotation.
		LeaderRotation: smartbft.Options_ROTATION_OFF,
	}
}

func (b *builder) bftOrderers(g *cb.ConfigGroup) {
	list := &cb.Orderers{}
	policy := &cb.SignaturePolicyEnvelope{}
	for i, n := range b.plan.Orderers() {
		identity := b.file(b.plan.Keys.NodeIdentity(n.Organisation, n.Short))
		tlsCert := b.file(b.plan.Keys.NodeTLS(n.Organisation, n.Short).Certificate)
		list.ConsenterMapping = append(list.ConsenterMapping, &cb.Consenter{
			Id: uint32(i + 1), Host: n.Host, Port: uint32(n.Ports.GRPC), MspId: n.Organisation.MSPID, //nolint:gosec // small
			Identity: identity, ClientTlsCert: tlsCert, ServerTlsCert: tlsCert,
		})
		policy.Identities = append(policy.Identities, &mspproto.MSPPrincipal{
			PrincipalClassification: mspproto.MSPPrincipal_IDENTITY,
			Principal: b.bytes(&mspproto.SerializedIdentity{
				Mspid: n.Organisation.MSPID, IdBytes: identity,
			}),
		})
	}
	b.value(g, "Orderers", list)
	n := len(list.ConsenterMapping)
	policy.Rule = outOf(Quorum(n), n)
	// A block is believed for the signatures of a quorum of these very
	// identities, not for being signed by some orderer of some organisation.
	b.signature(g, "BlockValidation", policy)
}

// Quorum is the number of signatures of n SmartBFT orderers under a block:
// ceil((n+f+1)/2) with f = (n-1)/3 liars.
func Quorum(n int) int {
	f := (n - 1) / 3
	return int(math.Ceil(float64(n+f+1) / 2))
}

func (b *builder) raftMetadata() *etcdraft.ConfigMetadata {
	m := &etcdraft.ConfigMetadata{Options: &etcdraft.Options{
		// With the usual 500 ms the first leader, and so the start of the whole
		// network, takes 5 s longer.
		TickInterval:         "100ms",
		ElectionTick:         10,
		HeartbeatTick:        1,
		MaxInflightBlocks:    5,
		SnapshotIntervalSize: 16 << 20,
	}}
	for _, n := range b.plan.Orderers() {
		m.Consenters = append(m.Consenters, b.raftConsenter(n))
	}
	return m
}

func (b *builder) raftConsenter(n plan.Node) *etcdraft.Consenter {
	tlsCert := b.file(b.plan.Keys.NodeTLS(n.Organisation, n.Short).Certificate)
	if n.Ports.GRPC <= 0 {
		b.fail(fmt.Errorf("orderer %s has no port", n.Name))
	}
	port := uint32(n.Ports.GRPC) //nolint:gosec // checked above
	return &etcdraft.Consenter{Host: n.Host, Port: port, ClientTlsCert: tlsCert, ServerTlsCert: tlsCert}
}
