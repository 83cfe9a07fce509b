package stubtest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

const secret = "a body nobody else may see"

// share writes the secret into the collections of the organisations, endorsed by the same ones.
func share(key string, orgs ...string) stubtest.Call {
	call := by(open("share", append([]string{key}, orgs...)...), orgs...)
	call.Transient = map[string][]byte{"body": []byte(secret)}
	return call
}

// at directs a query to one organisation's peer.
func at(org string, call stubtest.Call) stubtest.Call { return by(call, org) }

func TestImplicitCollectionsAreHeldByTheirPeerOnly(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, share("doc", alpha, beta))
	for _, org := range []string{alpha, beta} {
		if got := evaluate(t, a, at(org, open("getPrivate", org, "doc"))); got != fmt.Sprintf("%q", secret) {
			t.Errorf("%s reads %s", org, got)
		}
		if got := evaluate(t, a, at(org, open("getManyPrivate", org, "doc"))); got != fmt.Sprintf("[%q]", secret) {
			t.Errorf("%s reads many: %s", org, got)
		}
	}
	hash := sha256.Sum256([]byte(secret))
	for _, org := range n.Organisations() {
		for _, of := range []string{alpha, beta} {
			got := evaluate(t, a, at(org, open("getPrivateHash", of, "doc")))
			if got != fmt.Sprintf("%q", hex.EncodeToString(hash[:])) {
				t.Errorf("%s has the hash %s of %s", org, got, of)
			}
		}
	}
	_, err := a.Evaluate(at(gamma, open("getPrivate", alpha, "doc")))
	want := "GET_STATE failed: transaction ID: "
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(),
		"private data matching public hash version is not available. "+
			"Public hash version = {BlockNum: 0, TxNum: 0}, Private data version = <nil>") {
		t.Errorf("a peer that is no member: %v", err)
	}
	if got := evaluate(t, a, at(gamma, open("getPrivate", alpha, "absent"))); got != `""` {
		t.Errorf("an absent key at a peer that is no member: %s", got)
	}
	if got := n.Find(gamma, []byte(secret)); got != nil {
		t.Errorf("gamma has seen the secret: %v", got)
	}
	if got := n.Find(beta, []byte(secret)); len(got) != 2 { // its collection and the proposal
		t.Errorf("beta holds the secret at %v", got)
	}
}

func TestPrivateWriteNeedsItsOrganisation(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	_, err := a.Submit(by(share("doc", alpha, beta), alpha))
	if got := codeOf(t, err); got != "ENDORSEMENT_POLICY_FAILURE" {
		t.Errorf("a creation that names beta without beta: %s", got)
	}
	if got := evaluate(t, a, open("getPrivateHash", beta, "doc")); got != `""` {
		t.Errorf("hash after an invalid transaction: %s", got)
	}
	for _, name := range []string{"explicit", stubtest.ImplicitCollection("NobodyMSP")} {
		tx, err := n.Forge(stubtest.Forgery{
			Client: a, Chaincode: "open", EndorsedBy: n.Organisations(),
			Set: stubtest.NewRWSet().PutPrivate("open", name, "k", []byte("v")),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := commit(t, n, tx)[0]; got != "ENDORSEMENT_POLICY_FAILURE" {
			t.Errorf("a write to the collection %s: %s", name, got)
		}
	}
}

func TestPrivateDeleteAndPurge(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	for _, action := range []string{"delPrivate", "purgePrivate"} {
		submit(t, a, share("doc", alpha))
		submit(t, a, open(action, alpha, "doc"))
		if got := evaluate(t, a, open("getPrivate", alpha, "doc")); got != `""` {
			t.Errorf("%s leaves %s", action, got)
		}
		if got := evaluate(t, a, open("getPrivateHash", alpha, "doc")); got != `""` {
			t.Errorf("%s leaves the hash %s", action, got)
		}
	}
	// A purge takes the plaintext even if the transaction's own plaintext never reached the peer.
	submit(t, a, share("doc", alpha))
	submit(t, a, open("setPrivatePolicy", alpha, "doc", beta))
	tx, err := n.Forge(stubtest.Forgery{
		Client: a, Chaincode: "open", EndorsedBy: []string{beta},
		Set: stubtest.NewRWSet().PurgePrivate("open", stubtest.ImplicitCollection(alpha), "doc"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := commit(t, n, tx)[0]; got != "VALID" {
		t.Fatalf("purge: %s", got)
	}
	for _, record := range n.Dump(alpha) {
		t.Errorf("after the purge: %+v", record)
	}
}

func TestPrivateRange(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, share("doc1", alpha, beta))
	submit(t, a, share("doc2", alpha, beta))
	want := fmt.Sprintf(`["doc1=%s","doc2=%s"]`, secret, secret)
	if got := evaluate(t, a, open("rangePrivate", alpha, "", "")); got != want {
		t.Errorf("own range: %s", got)
	}
	if got := evaluate(t, a, at(gamma, open("rangePrivate", alpha, "", ""))); got != "[]" {
		t.Errorf("range at a peer that is no member: %s", got)
	}
	_, err := a.Evaluate(open("rangePrivateThenPut", alpha))
	if err == nil || !strings.Contains(err.Error(), "already performed queries on pvt data. Writes are not allowed") {
		t.Errorf("write after a private query: %v", err)
	}
}

func TestHashedReadConflict(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, share("doc", alpha))
	reader := endorsed(t, a, by(open("hashThenPut", alpha, "doc", "seen"), gamma))
	later := endorsed(t, a, by(open("hashThenPut", alpha, "doc", "seen"), beta))
	writer := endorsed(t, a, share("doc", alpha))
	if got := commit(t, n, writer, reader); got[0] != "VALID" || got[1] != "MVCC_READ_CONFLICT" {
		t.Errorf("in one block: %v", got)
	}
	if got := commit(t, n, later)[0]; got != "MVCC_READ_CONFLICT" {
		t.Errorf("in a later block: %v", got)
	}
}

func TestPrivateKeyPolicy(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, share("doc", alpha))
	submit(t, a, open("setPrivatePolicy", alpha, "doc", alpha, beta))
	if got := evaluate(t, a, open("getPrivatePolicy", alpha, "doc")); got != `["AlphaMSP","BetaMSP"]` {
		t.Errorf("policy: %s", got)
	}
	// The metadata write moved the hash's version; the plaintext has followed.
	if got := evaluate(t, a, open("getPrivate", alpha, "doc")); got != fmt.Sprintf("%q", secret) {
		t.Errorf("after the policy was set: %s", got)
	}
	if _, err := a.Submit(share("doc", alpha)); codeOf(t, err) != "ENDORSEMENT_POLICY_FAILURE" {
		t.Errorf("write with its own organisation only: %v", err)
	}
	submit(t, a, by(share("doc", alpha), alpha, beta))
}

// A key-level policy may let others write a collection whose peer has not endorsed: then it holds a hash alone.
func TestMissingPlaintext(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, share("doc", alpha))
	submit(t, a, open("setPrivatePolicy", alpha, "doc", beta))
	overwritten, err := n.Forge(stubtest.Forgery{
		Client: a, Chaincode: "open", EndorsedBy: []string{beta},
		Set: stubtest.NewRWSet().PutPrivate("open", stubtest.ImplicitCollection(alpha), "doc", []byte("other")),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := commit(t, n, overwritten)[0]; got != "VALID" {
		t.Fatalf("overwrite: %s", got)
	}
	_, err = a.Evaluate(open("getPrivate", alpha, "doc"))
	if err == nil || !strings.Contains(err.Error(), "Public hash version = {BlockNum: 2, TxNum: 0}, "+
		"Private data version = {BlockNum: 1, TxNum: 0}") {
		t.Errorf("alpha's stale plaintext: %v", err)
	}
}

// A client may send each endorser other transient data under one transaction id; the hashes tell.
func TestTwoTransientMaps(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	p, err := a.Propose(share("doc", alpha, beta))
	if err != nil {
		t.Fatal(err)
	}
	other, err := p.WithTransient(map[string][]byte{"body": []byte("another body")})
	if err != nil {
		t.Fatal(err)
	}
	if p.TxID != other.TxID {
		t.Error("the transaction id depends on the transient data")
	}
	var responses []*peer.ProposalResponse
	for org, proposal := range map[string]*stubtest.Proposal{alpha: p, beta: other} {
		response, err := n.ProcessProposal(org, proposal)
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
		t.Errorf("two bodies: %s", got)
	}
}
