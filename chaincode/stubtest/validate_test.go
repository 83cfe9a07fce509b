package stubtest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

func TestReadConflicts(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	first := endorsed(t, a, open("increment", "n"))
	second := endorsed(t, a, open("increment", "n"))
	blind := endorsed(t, a, open("put", "other", "x"))
	third := endorsed(t, a, open("increment", "n"))
	_, err := a.Submit(by(majority("put", "k", "v"), alpha))
	want := "failed to commit with status code 10 (ENDORSEMENT_POLICY_FAILURE)"
	if codeOf(t, err); !strings.Contains(err.Error(), want) {
		t.Errorf("error text: %v", err)
	}
	got := commit(t, n, first, second, blind)
	if diff := cmp.Diff([]string{"VALID", "MVCC_READ_CONFLICT", "VALID"}, got); diff != "" {
		t.Errorf("one block: %s", diff)
	}
	if got := commit(t, n, third)[0]; got != "MVCC_READ_CONFLICT" {
		t.Errorf("a later block: %s", got)
	}
	submit(t, a, open("increment", "n"))
	if got := evaluate(t, a, open("get", "n")); got != `"2"` {
		t.Errorf("counter: %s", got)
	}
}

func TestPhantoms(t *testing.T) {
	for _, tc := range []struct {
		name  string
		write stubtest.Call
		want  string
	}{
		{"insert", open("put", "b2", "x"), "PHANTOM_READ_CONFLICT"},
		{"change", open("put", "b", "x"), "PHANTOM_READ_CONFLICT"},
		{"delete", open("del", "b"), "PHANTOM_READ_CONFLICT"},
		{"outside", open("put", "d", "x"), "VALID"},
		{"before", open("put", "A", "x"), "VALID"},
		{"read", open("get", "b"), "VALID"},
	} {
		for _, sameBlock := range []bool{true, false} {
			n := newNetwork(t)
			a := n.Client(alpha, "ann", nil)
			submit(t, a, open("batch", "a", "b", "c"))
			query := endorsed(t, a, open("rangeThenPut", "a", "d", "count"))
			write := endorsed(t, a, tc.write)
			var got string
			if sameBlock {
				got = commit(t, n, write, query)[1]
			} else {
				commit(t, n, write)
				got = commit(t, n, query)[0]
			}
			if got != tc.want {
				t.Errorf("%s, same block %t: %s, want %s", tc.name, sameBlock, got, tc.want)
			}
		}
	}
}

func TestChaincodePolicies(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	for _, tc := range []struct {
		call stubtest.Call
		want string
	}{
		{by(majority("put", "k", "v"), alpha), "ENDORSEMENT_POLICY_FAILURE"},
		{by(majority("put", "k", "v"), alpha, alpha), "ENDORSEMENT_POLICY_FAILURE"},
		{by(majority("get", "k"), gamma), "ENDORSEMENT_POLICY_FAILURE"}, // the policy of the chaincode invoked, always
		{by(majority("put", "k", "v"), beta, gamma), "VALID"},
		{by(open("put", "k", "v"), gamma), "VALID"},
	} {
		if got := commit(t, n, endorsed(t, a, tc.call))[0]; got != tc.want {
			t.Errorf("%s by %v: %s, want %s", tc.call.Chaincode, tc.call.EndorsingOrgs, got, tc.want)
		}
	}
}

func TestPolicyConstructors(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	forge := func(name string, orgs ...string) string {
		t.Helper()
		tx, err := n.Forge(stubtest.Forgery{
			Client: a, Chaincode: name, Set: stubtest.NewRWSet().Put(name, "k", []byte("v")), EndorsedBy: orgs,
		})
		if err != nil {
			t.Fatal(err)
		}
		return commit(t, n, tx)[0]
	}
	n.Deploy("both", newLedgerCC, stubtest.AllOf(alpha, beta))
	n.Deploy("two", newLedgerCC, stubtest.OutOf(2, alpha, beta, gamma))
	for _, tc := range []struct {
		name string
		orgs []string
		want string
	}{
		{"both", []string{alpha, gamma}, "ENDORSEMENT_POLICY_FAILURE"},
		{"both", []string{beta, alpha}, "VALID"},
		{"two", []string{beta}, "ENDORSEMENT_POLICY_FAILURE"},
		{"two", []string{beta, gamma}, "VALID"},
		{"two", nil, "ENDORSEMENT_POLICY_FAILURE"},
	} {
		if got := forge(tc.name, tc.orgs...); got != tc.want {
			t.Errorf("%s by %v: %s, want %s", tc.name, tc.orgs, got, tc.want)
		}
	}
}

func TestKeyPolicies(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, by(open("create", "doc", "v", alpha, beta), alpha))
	if got := evaluate(t, a, open("getPolicy", "doc")); !strings.Contains(got, alpha) || !strings.Contains(got, beta) {
		t.Errorf("policy: %s", got)
	}
	if got := evaluate(t, a, open("getPolicy", "none")); got != "[]" {
		t.Errorf("policy of a key without: %s", got)
	}
	const failure = "ENDORSEMENT_POLICY_FAILURE"
	for _, tc := range []struct {
		name string
		call stubtest.Call
		want string
	}{
		{"overwrite by an outsider", by(open("put", "doc", "x"), gamma), failure},
		{"overwrite by one party", by(open("put", "doc", "x"), alpha), failure},
		{"delete by one party", by(open("del", "doc"), beta), failure},
		{"policy changed by one party", by(open("setPolicy", "doc", alpha), alpha), failure},
		{"overwrite by both", by(open("put", "doc", "x"), alpha, beta), "VALID"},
		{"still protected", by(open("put", "doc", "x"), alpha), failure},
		{"policy changed by both", by(open("setPolicy", "doc", gamma), alpha, beta), "VALID"},
		{"the old parties", by(open("put", "doc", "x"), alpha, beta), failure},
		{"the new party", by(open("put", "doc", "x"), gamma), "VALID"},
		{"delete by the new party", by(open("del", "doc"), gamma), "VALID"},
		{"a deleted key is anyone's", by(open("put", "doc", "x"), alpha), "VALID"},
		{"a policy on an absent key is dropped", by(open("setPolicy", "absent", beta), alpha), "VALID"},
		{"so anyone may create it", by(open("put", "absent", "x"), alpha), "VALID"},
	} {
		if got := commit(t, n, endorsed(t, a, tc.call))[0]; got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestKeyPolicyReplacesTheChaincodesPolicy(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, by(majority("create", "mine", "v", gamma), alpha, beta))
	if got := commit(t, n, endorsed(t, a, by(majority("put", "mine", "x"), gamma)))[0]; got != "VALID" {
		t.Errorf("one organisation by the key's own policy: %s", got)
	}
	if _, err := a.Submit(by(majority("put", "mine", "x"), alpha, beta)); codeOf(t, err) != "ENDORSEMENT_POLICY_FAILURE" {
		t.Errorf("a majority without the key's owner: %v", err)
	}
}

func TestKeyPolicyChangedWithinTheBlock(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, open("create", "doc", "v", alpha))
	change := endorsed(t, a, by(open("setPolicy", "doc", beta), alpha))
	old := endorsed(t, a, by(open("put", "doc", "x"), alpha))
	fresh := endorsed(t, a, by(open("put", "doc", "x"), beta))
	again := endorsed(t, a, by(open("put", "doc", "x"), beta))
	got := commit(t, n, change, old, fresh)
	want := []string{"VALID", "ENDORSEMENT_POLICY_FAILURE", "ENDORSEMENT_POLICY_FAILURE"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := commit(t, n, again)[0]; got != "VALID" {
		t.Errorf("in the next block: %s", got)
	}
	// A change that failed binds nobody.
	refused := endorsed(t, a, by(open("setPolicy", "doc", gamma), alpha))
	good := endorsed(t, a, by(open("put", "doc", "y"), beta))
	got = commit(t, n, refused, good)
	if diff := cmp.Diff([]string{"ENDORSEMENT_POLICY_FAILURE", "VALID"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenKeyPolicyHaltsTheChannel(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, open("put", "k", "v"))
	submit(t, a, open("setRawPolicy", "k", "this is no policy"))
	if _, err := a.Submit(open("put", "k", "w")); err == nil || !strings.Contains(err.Error(), "read signature policy") {
		t.Errorf("an honest peer can't tell the gateway whom to ask: %v", err)
	}
	tx, err := n.Forge(stubtest.Forgery{
		Client: a, Chaincode: "open", EndorsedBy: []string{alpha}, Set: stubtest.NewRWSet().Put("open", "k", []byte("w")),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Commit(tx); !errors.Is(err, stubtest.ErrHalted) {
		t.Fatalf("want ErrHalted, got %v", err)
	}
	if _, err := a.Submit(by(open("put", "other", "w"), alpha)); !errors.Is(err, stubtest.ErrHalted) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestDuplicates(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	p, err := a.Propose(open("put", "k", "v"))
	if err != nil {
		t.Fatal(err)
	}
	tx, err := a.Endorse(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"VALID", "DUPLICATE_TXID"}, commit(t, n, tx, tx)); diff != "" {
		t.Error(diff)
	}
	if got := commit(t, n, tx)[0]; got != "DUPLICATE_TXID" {
		t.Errorf("in a later block: %s", got)
	}
	if found, ok := n.Transaction(tx.TxID); !ok || found.Code.String() != "VALID" || found.Block != 0 {
		t.Errorf("status by id: %+v", found)
	}
	if _, err = a.Endorse(p); err == nil || !strings.Contains(err.Error(), "duplicate transaction found") {
		t.Errorf("endorsing a committed proposal: %v", err)
	}
}

func TestTamperedEnvelopes(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	evil := n.Client(gamma, "eve", nil)
	good := endorsed(t, a, open("put", "k", "v"))
	payload := append([]byte(nil), good.Envelope.GetPayload()...)
	payload[len(payload)-1] ^= 1
	tampered := &stubtest.Transaction{Envelope: &common.Envelope{
		Payload: payload, Signature: good.Envelope.GetSignature(),
	}}
	empty := &stubtest.Transaction{Envelope: &common.Envelope{}}
	if got := commit(t, n, tampered, empty); got[0] == "VALID" || got[1] == "VALID" {
		t.Errorf("codes %v", got)
	}
	// A response to one proposal can't be passed off as the answer to another.
	p, err := a.Propose(open("put", "k", "v"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := n.ProcessProposal(alpha, p)
	if err != nil {
		t.Fatal(err)
	}
	other, err := evil.Propose(open("put", "k", "v"))
	if err != nil {
		t.Fatal(err)
	}
	stolen, err := evil.Assemble(other, response)
	if err != nil {
		t.Fatal(err)
	}
	if got := commit(t, n, stolen)[0]; got != "INVALID_ENDORSER_TRANSACTION" {
		t.Errorf("a stolen endorsement: %s", got)
	}
	// Nor can a stranger submit somebody else's proposal.
	foreign, err := evil.Assemble(p, response)
	if err != nil {
		t.Fatal(err)
	}
	if got := commit(t, n, foreign)[0]; got != "BAD_CREATOR_SIGNATURE" {
		t.Errorf("somebody else's proposal: %s", got)
	}
}
