package stubtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

func TestStateIsReplicatedAndReadsSeeOnlyCommittedState(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	if got := string(submit(t, a, open("putThenGet", "k", "v")).Payload); got != `""` {
		t.Errorf("a transaction read its own write: %s", got)
	}
	for _, org := range n.Organisations() {
		call := by(open("get", "k"), org)
		call.Gateway = org
		if got := evaluate(t, a, call); got != `"v"` {
			t.Errorf("%s reads %s", org, got)
		}
		if got := evaluate(t, a, by(open("whoami"), org)); got != `"`+org+`"` {
			t.Errorf("asked %s, answered %s", org, got)
		}
	}
	submit(t, a, open("del", "k"))
	if got := evaluate(t, a, open("getMany", "k", "other")); got != `["",""]` {
		t.Errorf("after delete: %s", got)
	}
	submit(t, a, open("put", "k", "v"))
	submit(t, a, open("put", "k", "")) // an empty value deletes
	if got := n.Dump(alpha); len(got) != 0 {
		t.Errorf("state should be empty: %v", got)
	}
}

func TestEvaluateChangesNothing(t *testing.T) {
	n := newNetwork(t)
	evaluate(t, n.Client(alpha, "ann", nil), open("put", "k", "v"))
	if n.Height() != 0 || len(n.Dump(alpha)) != 0 {
		t.Errorf("height %d, state %v", n.Height(), n.Dump(alpha))
	}
}

func TestProposalReachesChaincode(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	n.SetTime(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	n.Advance(90 * time.Second)
	p, err := a.Propose(open("tx"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := n.ProcessProposal(beta, p)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`[%q,"trade","2026-03-01T12:01:30Z"]`, p.TxID)
	if got := string(response.GetResponse().GetPayload()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	early := open("tx")
	early.Time = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := evaluate(t, a, early); !strings.Contains(got, "2020-01-01T00:00:00Z") {
		t.Errorf("the client's own time is lost: %s", got)
	}
	call := open("transient", "body")
	call.Transient = map[string][]byte{"body": []byte("hidden")}
	if got := evaluate(t, a, call); got != `"hidden"` {
		t.Errorf("transient data: %s", got)
	}
}

// registry is a contract as the product's are.
type registry struct{ contractapi.Contract }

type card struct {
	Name string `json:"name"`
	Size int    `json:"size"`
}

func (r *registry) Who(ctx contractapi.TransactionContextInterface) ([]string, error) {
	id := ctx.GetClientIdentity()
	mspID, err := id.GetMSPID()
	if err != nil {
		return nil, err
	}
	role, _, err := id.GetAttributeValue("argosy.role")
	if err != nil {
		return nil, err
	}
	certificate, err := id.GetX509Certificate()
	if err != nil {
		return nil, err
	}
	return append([]string{mspID, role, certificate.Subject.CommonName},
		certificate.Subject.OrganizationalUnit...), nil
}

func (r *registry) Check(_ contractapi.TransactionContextInterface, c card) (*card, error) {
	if c.Size < 0 {
		return nil, fmt.Errorf("TRADEFAULT1 {\"code\":\"NEGATIVE\"}")
	}
	return &c, nil
}

func TestContractAPI(t *testing.T) {
	n := stubtest.NewNetwork(t, alpha, beta)
	n.Deploy("registry", func(string) shim.Chaincode {
		cc, err := contractapi.NewChaincode(&registry{})
		if err != nil {
			t.Fatal(err)
		}
		return cc
	}, stubtest.Majority())
	a := n.Client(alpha, "ann", map[string]string{"argosy.role": "trader"})
	call := func(function string, args ...string) stubtest.Call {
		return stubtest.Call{Chaincode: "registry", Function: function, Args: args}
	}
	if got := evaluate(t, a, call("Who")); got != `["AlphaMSP","trader","ann","client"]` {
		t.Errorf("identity: %s", got)
	}
	admin := n.Admin(beta, "bob", nil)
	if got := evaluate(t, admin, call("Who")); got != `["BetaMSP","","bob","admin"]` {
		t.Errorf("identity: %s", got)
	}
	if got := evaluate(t, a, call("registry:Check", `{"name":"x","size":2}`)); got != `{"name":"x","size":2}` {
		t.Errorf("argument: %s", got)
	}
	if got := evaluate(t, a, call("org.hyperledger.fabric:GetMetadata")); !strings.Contains(got, `"Check"`) {
		t.Errorf("metadata: %s", got)
	}
	_, err := a.Evaluate(call("Check", `{"name":"x","size":-1}`))
	if err == nil || !strings.Contains(err.Error(), `chaincode response 500, TRADEFAULT1 {"code":"NEGATIVE"}`) {
		t.Errorf("fault text: %v", err)
	}
	if _, err = a.Evaluate(call("Check", `{"name":7}`)); err == nil || !strings.Contains(err.Error(), "param0") {
		t.Errorf("a bad argument should be refused by the contract API: %v", err)
	}
}

func TestRanges(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, open("batch", "c", "a", "d", "b"))
	submit(t, a, open("putComposite", "doc", "x", "1"))
	submit(t, a, open("putComposite", "doc", "x", "2"))
	submit(t, a, open("putComposite", "doc", "y", "1"))
	submit(t, a, open("del", "d"))
	for _, tc := range []struct {
		call stubtest.Call
		want string
	}{
		{open("range", "", ""), `["a=batched","b=batched","c=batched"]`},
		{open("range", "b", "c"), `["b=batched"]`},
		{open("page", "", "", "2", ""), `["a=batched","b=batched","bookmark c"]`},
		{open("page", "", "", "2", "c"), `["c=batched","bookmark "]`},
		{open("composite", "doc", "x"), `["\u0000doc\u0000x\u00001\u0000=composite",` +
			`"\u0000doc\u0000x\u00002\u0000=composite"]`},
		{open("composite", "doc", "z"), `[]`},
	} {
		if got := evaluate(t, a, tc.call); got != tc.want {
			t.Errorf("%s %q: got %s, want %s", tc.call.Function, tc.call.Args, got, tc.want)
		}
	}
	_, err := a.Evaluate(open("pageThenPut", "k"))
	if err == nil || !strings.Contains(err.Error(), "already performed a paginated query. Writes are not allowed") {
		t.Errorf("write after a paginated query: %v", err)
	}
}

func TestRangeLongerThanABatch(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	var keys, want []string
	for i := range 250 {
		keys = append(keys, fmt.Sprintf("k%03d", i))
		want = append(want, fmt.Sprintf("%q", fmt.Sprintf("k%03d=batched", i)))
	}
	submit(t, a, open("batch", keys...))
	if diff := cmp.Diff("["+strings.Join(want, ",")+"]", evaluate(t, a, open("range", "", ""))); diff != "" {
		t.Error(diff)
	}
}

func TestWriteBatch(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, open("put", "del", "x"))
	submit(t, a, share("del", alpha))
	submit(t, a, share("purge", alpha))
	submit(t, a, open("batchAll", alpha))
	var got []string
	for _, record := range n.Dump(alpha) {
		if !record.Hashed {
			got = append(got, fmt.Sprintf("%s/%s=%s policy=%t", record.Collection, record.Key, record.Value,
				len(record.Policy) > 0))
		}
	}
	want := []string{"/put=batched policy=true", "_implicit_org_AlphaMSP/put=batched policy=false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHistory(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	first := submit(t, a, open("put", "k", "1"))
	n.Advance(time.Minute)
	second := submit(t, a, open("put", "k", "2"))
	n.Advance(time.Minute)
	third := submit(t, a, open("del", "k"))
	if _, err := a.Submit(by(majority("put", "k", "3"), alpha)); codeOf(t, err) != "ENDORSEMENT_POLICY_FAILURE" {
		t.Error("history needs an invalid transaction")
	}
	want := fmt.Sprintf(`["%s  deleted=true 08:02:00","%s 2 deleted=false 08:01:00","%s 1 deleted=false 08:00:00"]`,
		third.TxID, second.TxID, first.TxID)
	if got := evaluate(t, a, open("history", "k")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := n.History("common", "k"); len(got) != 0 {
		t.Errorf("an invalid transaction is in the history: %v", got)
	}
	if got := n.History("open", "k"); len(got) != 3 || got[0].GetTxId() != third.TxID {
		t.Errorf("History: %v", got)
	}
}

func TestChaincodeToChaincode(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	result := submit(t, a, by(open("call", "common", "", "put", "k", "v"), alpha, beta))
	if got := string(result.Payload); got != `"200 \"\""` {
		t.Errorf("answer of the callee: %s", got)
	}
	if result.Event.GetEventName() != "outer" || result.Event.GetChaincodeId() != "open" {
		t.Errorf("event: %v", result.Event)
	}
	if got := evaluate(t, a, majority("get", "k")); got != `"v"` {
		t.Errorf("the callee's write went elsewhere: %s", got)
	}
	// Its write needs the callee's policy.
	_, err := a.Submit(by(open("call", "common", "", "put", "k", "w"), alpha))
	if got := codeOf(t, err); got != "ENDORSEMENT_POLICY_FAILURE" {
		t.Errorf("write of the callee with one endorser: %s", got)
	}
	// Reading does not.
	submit(t, a, by(open("call", "common", "", "get", "k"), alpha))
	for _, tc := range []struct{ name, channel, want string }{
		{"common", "", `500 no such`},
		{"nowhere", "", "chaincode nowhere not found"},
		{"common", "other", "failed to find ledger for channel: other"},
		{"open", "", "exists"},
	} {
		got := evaluate(t, a, open("call", tc.name, tc.channel, "fail", "no such"))
		if !strings.Contains(got, tc.want) {
			t.Errorf("call %s on %q: got %s, want %s", tc.name, tc.channel, got, tc.want)
		}
	}
}

func TestEventIsTheLastOne(t *testing.T) {
	n := newNetwork(t)
	result := submit(t, n.Client(alpha, "ann", nil), open("event", "first", "second"))
	if result.Event.GetEventName() != "second" || string(result.Event.GetPayload()) != "payload of second" ||
		result.Event.GetTxId() != result.TxID {
		t.Errorf("event: %v", result.Event)
	}
}

func TestUnsupportedIsRefused(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	for _, tc := range []struct {
		call stubtest.Call
		want string
	}{
		{open("rich", `{"selector":{}}`), "ExecuteQuery not supported for leveldb"},
		{open("getCollection", "explicit", "k"), "collection trade/open/explicit could not be found"},
		{
			open("getPrivate", "NobodyMSP", "k"),
			"collection [_implicit_org_NobodyMSP] not defined in the collection config for chaincode [open]",
		},
		{stubtest.Call{Chaincode: "nowhere", Function: "x"}, "chaincode nowhere not found"},
	} {
		if _, err := a.Evaluate(tc.call); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %q: got %v, want %s", tc.call.Function, tc.call.Args, err, tc.want)
		}
	}
}
