package stubtest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

// endorsersOf lists who endorsed a committed transaction.
func endorsersOf(t *testing.T, n *stubtest.Network, txID string) string {
	t.Helper()
	tx, ok := n.Transaction(txID)
	if !ok {
		t.Fatalf("no transaction %s", txID)
	}
	slices.Sort(tx.Endorsers)
	return strings.Join(tx.Endorsers, " ")
}

func TestGatewayPlansByPolicies(t *testing.T) {
	n := newNetwork(t)
	b := n.Client(beta, "bob", nil)
	submit(t, b, by(open("create", "doc", "v", alpha, gamma), beta)) // a new key needs no one else
	for _, tc := range []struct {
		name string
		call stubtest.Call
		want string
	}{
		{"the chaincode's policy, any", open("put", "k", "v"), "BetaMSP"},
		{"the chaincode's policy, majority", majority("put", "k", "v"), "AlphaMSP BetaMSP"},
		{"a key's policy in its place", open("put", "doc", "w"), "AlphaMSP GammaMSP"},
		{"a callee's policy", open("call", "common", "", "put", "k", "v"), "AlphaMSP BetaMSP"},
		{"a callee's policy though it was only read", open("call", "common", "", "get", "k"), "AlphaMSP BetaMSP"},
		{"a collection's policy", open("delPrivate", gamma, "absent"), "GammaMSP"},
		{"named organisations", by(open("put", "k", "v"), gamma), "GammaMSP"},
	} {
		if got := endorsersOf(t, n, submit(t, b, tc.call).TxID); got != tc.want {
			t.Errorf("%s: endorsed by %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestGatewayProtectsTransientData(t *testing.T) {
	n := newNetwork(t)
	call := by(share("doc", alpha, beta))
	_, err := n.Client(alpha, "ann", nil).Submit(call)
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(),
		"retry specifying trusted endorsing organizations to protect transient data") {
		t.Errorf("two collections with transient data: %v", err)
	}
	submit(t, n.Client(alpha, "ann", nil), by(share("doc", alpha)))
}

func TestChaincodeRefusal(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	_, err := a.Submit(by(open("fail", "not today"), alpha, beta))
	var refused *stubtest.GatewayError
	if !errors.As(err, &refused) || status.Code(err) != codes.Aborted {
		t.Fatalf("want a GatewayError with code Aborted, got %v", err)
	}
	details := refused.Details()
	if len(details) != 2 || details[0].GetMspId() != alpha || details[1].GetMspId() != beta {
		t.Fatalf("details: %v", details)
	}
	for _, detail := range details {
		if detail.GetMessage() != "chaincode response 500, not today" {
			t.Errorf("detail: %s", detail.GetMessage())
		}
	}
	if n.Height() != 0 {
		t.Error("a refusal reached a block")
	}
	if _, err = a.Evaluate(open("fail", "not today")); status.Code(err) != codes.Unknown ||
		!strings.Contains(err.Error(), "chaincode response 500, not today") {
		t.Errorf("evaluate: %v", err)
	}
}

func TestEndorsersMustAgree(t *testing.T) {
	n := newNetwork(t)
	_, err := n.Client(alpha, "ann", nil).Submit(by(open("putOwn", "k"), alpha, beta))
	if status.Code(err) != codes.Aborted || !strings.Contains(err.Error(), "ProposalResponsePayloads do not match") {
		t.Errorf("got %v", err)
	}
}

func TestReplacedChaincodeDisagrees(t *testing.T) {
	n := newNetwork(t)
	n.Replace("common", beta, &ledgerCC{mspID: gamma})
	a := n.Client(alpha, "ann", nil)
	if got := evaluate(t, a, by(majority("whoami"), beta)); got != `"GammaMSP"` {
		t.Errorf("the replaced chaincode answers %s", got)
	}
}

func TestStoppedPeer(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, majority("put", "k", "1"))
	n.StopPeer(beta)
	_, err := a.Submit(by(majority("put", "k", "2"), alpha, beta))
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), beta) {
		t.Errorf("naming a stopped peer: %v", err)
	}
	p, err := a.Propose(majority("put", "k", "2"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = n.ProcessProposal(beta, p); err == nil || !strings.Contains(err.Error(), beta) {
		t.Errorf("asking a stopped peer: %v", err)
	}
	if got := endorsersOf(t, n, submit(t, a, majority("put", "k", "2")).TxID); got != "AlphaMSP GammaMSP" {
		t.Errorf("the gateway plans around it: %s", got)
	}
	if _, err = n.Client(beta, "bob", nil).Evaluate(majority("get", "k")); status.Code(err) != codes.Unavailable {
		t.Errorf("a client of the stopped peer: %v", err)
	}
	n.StopPeer(gamma)
	if _, err = a.Submit(majority("put", "k", "3")); status.Code(err) != codes.FailedPrecondition ||
		!strings.Contains(err.Error(), "no combination of peers can be derived") {
		t.Errorf("no majority left: %v", err)
	}
	n.StartPeer(beta)
	if got := evaluate(t, n.Client(beta, "bob", nil), majority("get", "k")); got != `"2"` {
		t.Errorf("after its start the peer has %s", got)
	}
}

func TestEvaluateElsewhere(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	call := open("whoami")
	call.Gateway = gamma
	if got := evaluate(t, a, call); got != `"GammaMSP"` {
		t.Errorf("through gamma's gateway: %s", got)
	}
	n.StopPeer(beta)
	if _, err := a.Evaluate(by(open("whoami"), beta)); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("a stopped target: %v", err)
	}
	if got := evaluate(t, a, by(open("whoami"), beta, gamma)); got != `"GammaMSP"` {
		t.Errorf("the other target: %s", got)
	}
}
