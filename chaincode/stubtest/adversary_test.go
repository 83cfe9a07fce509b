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
	const failure, conflict = "ENDORSEMENT_POLICY_FAILURE", "MVCC_READ_CONFLICT"
	set := stubtest.NewRWSet
	x := []byte("x")
	only := []string{gamma}
	for _, tc := range []struct {
		name      string
		chaincode string
		set       *stubtest.RWSet
		by        []string
		want      string
	}{
		{"a new key commits", "open", set().Put("open", "forged", x), only, "VALID"},
		{"overwriting a protected one", "open", set().Put("open", "doc", x), only, failure},
		{"deleting it", "open", set().Delete("open", "doc"), only, failure},
		{"taking its policy", "open", set().SetPolicy("open", "doc", peerPolicy(gamma)), only, failure},
		{"another's collection", "open", set().PutPrivate("open", theirs, "body", x), only, failure},
		{"deleting there", "open", set().DeletePrivate("open", theirs, "body"), only, failure},
		{"purging there", "open", set().PurgePrivate("open", theirs, "body"), only, failure},
		{"its policy", "open", set().SetPrivatePolicy("open", theirs, "body", peerPolicy(gamma)), only, failure},
		{"its own collection", "open", set().PutPrivate("open", own, "body", x), only, "VALID"},
		{"a majority chaincode", "common", set().Put("common", "fact", x), only, failure},
		{"the same by way of another", "open", set().Put("common", "fact", x), only, failure},
		{"in collusion", "common", set().Put("common", "fact", x), []string{gamma, beta}, "VALID"},
		{"an unknown chaincode", "open", set().Put("nowhere", "k", x), n.Organisations(), "INVALID_CHAINCODE"},
		{"a read that never was", "open", set().Read("open", "doc", nil).Put("open", "k", x), only, conflict},
		{
			"a private read that never was", "open",
			set().ReadPrivate("open", theirs, "body", &stubtest.Version{Block: 9}), only, conflict,
		},
		{"an honest read", "open", set().Read("open", "doc", n.Committed("open", "doc")).Put("open", "k", x), only, "VALID"},
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
