package stubtest_test

import (
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/statebased"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

func TestForgeries(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	eve := n.Client(gamma, "eve", nil)
	submit(t, a, by(open("create", "doc", "v", alpha, beta), alpha))
	submit(t, a, by(majority("put", "fact", "v"), alpha, beta))
	submit(t, a, share("body", alpha, beta))
	own := stubtest.ImplicitCollection(gamma)
	theirs := stubtest.ImplicitCollection(alpha)
	const failure = "ENDORSEMENT_POLICY_FAILURE"
	for _, tc := range []struct {
		name      string
		chaincode string
		set       *stubtest.RWSet
		by        []string
		want      string
	}{
		{"a new key commits", "open", stubtest.NewRWSet().Put("open", "forged", []byte("x")), []string{gamma}, "VALID"},
		{"overwriting a protected one", "open", stubtest.NewRWSet().Put("open", "doc", []byte("x")), []string{gamma}, failure},
		{"deleting it", "open", stubtest.NewRWSet().Delete("open", "doc"), []string{gamma}, failure},
		{"taking its policy", "open", stubtest.NewRWSet().SetPolicy("open", "doc", peerPolicy(gamma)), []string{gamma}, failure},
		{"another's collection", "open", stubtest.NewRWSet().PutPrivate("open", theirs, "body", []byte("x")),
			[]string{gamma}, failure},
		{"deleting there", "open", stubtest.NewRWSet().DeletePrivate("open", theirs, "body"), []string{gamma}, failure},
		{"its policy", "open", stubtest.NewRWSet().SetPrivatePolicy("open", theirs, "body", peerPolicy(gamma)),
			[]string{gamma}, failure},
		{"its own collection", "open", stubtest.NewRWSet().PutPrivate("open", own, "body", []byte("x")),
			[]string{gamma}, "VALID"},
		{"a majority chaincode", "common", stubtest.NewRWSet().Put("common", "fact", []byte("x")), []string{gamma}, failure},
		{"the same by way of another", "open", stubtest.NewRWSet().Put("common", "fact", []byte("x")),
			[]string{gamma}, failure},
		{"in collusion", "common", stubtest.NewRWSet().Put("common", "fact", []byte("x")), []string{gamma, beta}, "VALID"},
		{"an unknown chaincode", "open", stubtest.NewRWSet().Put("nowhere", "k", []byte("x")),
			[]string{alpha, beta, gamma}, "INVALID_CHAINCODE"},
		{"a read that never was", "open", stubtest.NewRWSet().Read("open", "doc", nil).Put("open", "k", []byte("x")),
			[]string{gamma}, "MVCC_READ_CONFLICT"},
		{"a private read that never was", "open", stubtest.NewRWSet().
			ReadPrivate("open", theirs, "body", &stubtest.Version{Block: 9}), []string{gamma}, "MVCC_READ_CONFLICT"},
		{"an honest read", "open", stubtest.NewRWSet().Read("open", "doc", n.Committed("open", "doc")).
			Put("open", "k", []byte("x")), []string{gamma}, "VALID"},
	} {
		tx, err := n.Forge(stubtest.Forgery{
			Client: eve, Chaincode: tc.chaincode, Set: tc.set, EndorsedBy: tc.by,
			Payload: []byte("lie"), Event: &peer.ChaincodeEvent{EventName: "lie"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := commit(t, n, tx)[0]; got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	if got := evaluate(t, a, open("get", "doc")); got != `"v"` {
		t.Errorf("the protected document became %s", got)
	}
}

// A key-level policy of role MEMBER is no protection from an organisation's clients, one of role PEER is.
func TestClientsAsEndorsers(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	for _, tc := range []struct {
		role statebased.RoleType
		want string
	}{
		{statebased.RoleTypeMember, "VALID"},
		{statebased.RoleTypePeer, "ENDORSEMENT_POLICY_FAILURE"},
	} {
		key := string(tc.role)
		set := stubtest.NewRWSet().Put("open", key, []byte("v")).SetPolicy("open", key, keyPolicy(tc.role, alpha))
		tx, err := n.Forge(stubtest.Forgery{Client: a, Chaincode: "open", Set: set, EndorsedBy: []string{alpha}})
		if err != nil {
			t.Fatal(err)
		}
		if got := commit(t, n, tx)[0]; got != "VALID" {
			t.Fatalf("create: %s", got)
		}
		tx, err = n.Forge(stubtest.Forgery{
			Client: a, Chaincode: "open", Set: stubtest.NewRWSet().Put("open", key, []byte("w")),
			EndorsedByClients: []*stubtest.Client{a},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := commit(t, n, tx)[0]; got != tc.want {
			t.Errorf("a client endorses under role %s: %s, want %s", tc.role, got, tc.want)
		}
	}
}

// Honest endorsements of one result don't count for another.
func TestMixedEndorsements(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	p, err := a.Propose(majority("putOwn", "k"))
	if err != nil {
		t.Fatal(err)
	}
	var responses []*peer.ProposalResponse
	for _, org := range []string{alpha, beta} {
		response, err := n.ProcessProposal(org, p)
		if err != nil {
			t.Fatal(err)
		}
		responses = append(responses, response)
	}
	tx, err := a.Assemble(p, responses...)
	if err != nil {
		t.Fatal(err)
	}
	if got := commit(t, n, tx)[0]; got != "ENDORSEMENT_POLICY_FAILURE" {
		t.Errorf("two results under one envelope: %s", got)
	}
}
