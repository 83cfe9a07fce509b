package genesis

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	cb "github.com/hyperledger/fabric-protos-go-apiv2/common"
	ab "github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/smartbft"
	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

func decode[T proto.Message](t *testing.T, text []byte, m T) T {
	t.Helper()
	if err := proto.Unmarshal(text, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// block builds the genesis block of the default topology with a consensus and
// returns its plan, the block and the channel group.
func block(t *testing.T, consensus string) (*plan.Plan, *cb.Block, *cb.ConfigGroup) {
	t.Helper()
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	top.Ordering.Consensus = consensus
	p := plan.Native(top, filepath.Join(t.TempDir(), "net"), "", 17000)
	if err := p.Keys.Generate(top, time.Now()); err != nil {
		t.Fatal(err)
	}
	text, err := Block(p, time.Unix(1_700_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	b := decode(t, text, &cb.Block{})
	env := decode(t, b.GetData().GetData()[0], &cb.Envelope{})
	payload := decode(t, env.GetPayload(), &cb.Payload{})
	conf := decode(t, payload.GetData(), &cb.ConfigEnvelope{})
	return p, b, conf.GetConfig().GetChannelGroup()
}

func TestBlockHashesItsData(t *testing.T) {
	_, b, _ := block(t, topology.SmartBFT)
	hash := sha256.Sum256(b.GetData().GetData()[0])
	if diff := cmp.Diff(hash[:], b.GetHeader().GetDataHash()); diff != "" {
		t.Error(diff)
	}
	if b.GetHeader().GetNumber() != 0 || len(b.GetMetadata().GetMetadata()) != len(cb.BlockMetadataIndex_name) {
		t.Error("not a complete block 0")
	}
}

func TestApplicationPoliciesAndAnchors(t *testing.T) {
	p, _, channel := block(t, topology.SmartBFT)
	app := channel.GetGroups()["Application"]
	for name, rule := range map[string]cb.ImplicitMetaPolicy_Rule{
		"Endorsement":          cb.ImplicitMetaPolicy_MAJORITY,
		"AnyEndorsement":       cb.ImplicitMetaPolicy_ANY,
		"LifecycleEndorsement": cb.ImplicitMetaPolicy_MAJORITY,
	} {
		policy := decode(t, app.GetPolicies()[name].GetPolicy().GetValue(), &cb.ImplicitMetaPolicy{})
		if policy.GetRule() != rule || policy.GetSubPolicy() != "Endorsement" {
			t.Errorf("%s is %v", name, policy)
		}
	}
	for _, o := range p.Topology.PeerOrganisations() {
		anchors := decode(t, app.GetGroups()[o.Name].GetValues()["AnchorPeers"].GetValue(), &pb.AnchorPeers{})
		if len(anchors.GetAnchorPeers()) != 1 ||
			int(anchors.GetAnchorPeers()[0].GetPort()) != p.Ports(o).Peers[0].GRPC {
			t.Errorf("%s has anchors %v", o.Name, anchors)
		}
	}
}

func TestBFTOrderersSignAsAQuorumOfIdentities(t *testing.T) {
	p, _, channel := block(t, topology.SmartBFT)
	g := channel.GetGroups()["Orderer"]
	kind := decode(t, g.GetValues()["ConsensusType"].GetValue(), &ab.ConsensusType{})
	if kind.GetType() != "BFT" {
		t.Errorf("consensus %s", kind.GetType())
	}
	opts := decode(t, kind.GetMetadata(), &smartbft.Options{})
	if opts.GetRequestBatchMaxInterval() != "50ms" || opts.GetLeaderRotation() != smartbft.Options_ROTATION_OFF {
		t.Errorf("options %v", opts)
	}
	list := decode(t, g.GetValues()["Orderers"].GetValue(), &cb.Orderers{})
	policy := decode(t, g.GetPolicies()["BlockValidation"].GetPolicy().GetValue(), &cb.SignaturePolicyEnvelope{})
	if n := policy.GetRule().GetNOutOf(); n.GetN() != 3 || len(n.GetRules()) != 4 || len(policy.GetIdentities()) != 4 {
		t.Errorf("block validation is %v", policy.GetRule())
	}
	for i, n := range p.Orderers() {
		want, err := os.ReadFile(p.Keys.NodeIdentity(n.Organisation, n.Short))
		if err != nil {
			t.Fatal(err)
		}
		got := list.GetConsenterMapping()[i]
		if string(got.GetIdentity()) != string(want) || int(got.GetPort()) != n.Ports.GRPC || got.GetId() != uint32(i+1) {
			t.Errorf("consenter %d is %s:%d", got.GetId(), got.GetHost(), got.GetPort())
		}
	}
	endpoints := decode(t, g.GetGroups()["Carrier"].GetValues()["Endpoints"].GetValue(), &cb.OrdererAddresses{})
	if diff := cmp.Diff([]string{"127.0.0.1:17240"}, endpoints.GetAddresses()); diff != "" {
		t.Error(diff)
	}
}

func TestRaftNamesItsConsenters(t *testing.T) {
	p, _, channel := block(t, topology.EtcdRaft)
	g := channel.GetGroups()["Orderer"]
	kind := decode(t, g.GetValues()["ConsensusType"].GetValue(), &ab.ConsensusType{})
	meta := decode(t, kind.GetMetadata(), &etcdraft.ConfigMetadata{})
	if kind.GetType() != "etcdraft" || len(meta.GetConsenters()) != len(p.Orderers()) {
		t.Errorf("%s with %d consenters", kind.GetType(), len(meta.GetConsenters()))
	}
	if meta.GetOptions().GetTickInterval() != "100ms" {
		t.Errorf("tick %s", meta.GetOptions().GetTickInterval())
	}
	if g.GetValues()["Orderers"] != nil {
		t.Error("Raft must not list BFT orderers")
	}
}

func TestQuorum(t *testing.T) {
	for n, want := range map[int]int{1: 1, 4: 3, 5: 4, 6: 4, 7: 5, 10: 7} {
		if got := Quorum(n); got != want {
			t.Errorf("Quorum(%d) = %d, want %d", n, got, want)
		}
	}
}
