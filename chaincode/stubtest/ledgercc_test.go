package stubtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/statebased"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

const (
	alpha = "AlphaMSP"
	beta  = "BetaMSP"
	gamma = "GammaMSP"
)

// ledgerCC is a chaincode that does to the ledger what its arguments say.
type ledgerCC struct{ mspID string }

func (l *ledgerCC) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

type action func(l *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error)

var actions = map[string]action{
	"get": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return text(stub.GetState(args[0]))
	},
	"getMany": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		values, err := stub.GetMultipleStates(args...)
		return texts(values), err
	},
	"put": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return "", stub.PutState(args[0], []byte(args[1]))
	},
	"del": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return "", stub.DelState(args[0])
	},
	"putThenGet": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		if err := stub.PutState(args[0], []byte(args[1])); err != nil {
			return nil, err
		}
		return text(stub.GetState(args[0]))
	},
	"increment": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		raw, err := stub.GetState(args[0])
		if err != nil {
			return nil, err
		}
		count, _ := strconv.Atoi(string(raw)) // an absent counter is 0
		return count + 1, stub.PutState(args[0], []byte(strconv.Itoa(count+1)))
	},
	"batch": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		stub.StartWriteBatch()
		for _, key := range args {
			if err := stub.PutState(key, []byte("batched")); err != nil {
				return nil, err
			}
		}
		return "", stub.FinishWriteBatch()
	},
	// batchAll does one write of every kind in a batch; the private ones go to the peer's own collection.
	"batchAll": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		stub.StartWriteBatch()
		own := stubtest.ImplicitCollection(args[0])
		return "", errors.Join(
			stub.PutState("put", []byte("batched")),
			stub.SetStateValidationParameter("put", peerPolicy(args[0])),
			stub.DelState("del"),
			stub.PutPrivateData(own, "put", []byte("batched")),
			stub.DelPrivateData(own, "del"),
			stub.PurgePrivateData(own, "purge"),
			stub.FinishWriteBatch(),
		)
	},
	"fail": func(_ *ledgerCC, _ shim.ChaincodeStubInterface, args []string) (any, error) {
		return nil, errors.New(args[0])
	},
	"whoami": func(l *ledgerCC, _ shim.ChaincodeStubInterface, _ []string) (any, error) { return l.mspID, nil },
	"putOwn": func(l *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return "", stub.PutState(args[0], []byte(l.mspID))
	},
	"tx": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, _ []string) (any, error) {
		at, err := stub.GetTxTimestamp()
		if err != nil {
			return nil, err
		}
		return []string{stub.GetTxID(), stub.GetChannelID(), at.AsTime().Format("2006-01-02T15:04:05Z")}, nil
	},
	"transient": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		m, err := stub.GetTransient()
		return string(m[args[0]]), err
	},
	"event": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		for _, name := range args {
			if err := stub.SetEvent(name, []byte("payload of "+name)); err != nil {
				return nil, err
			}
		}
		return "", nil
	},
	"call": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		var callArgs [][]byte
		for _, arg := range args[2:] {
			callArgs = append(callArgs, []byte(arg))
		}
		if err := stub.SetEvent("outer", nil); err != nil {
			return nil, err
		}
		response := stub.InvokeChaincode(args[0], callArgs, args[1])
		return fmt.Sprintf("%d %s%s", response.GetStatus(), response.GetMessage(), response.GetPayload()), nil
	},
	"range": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return collect(stub.GetStateByRange(args[0], args[1]))
	},
	"page": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		size, err := strconv.ParseInt(args[2], 10, 32)
		if err != nil {
			return nil, err
		}
		iterator, meta, err := stub.GetStateByRangeWithPagination(args[0], args[1], int32(size), args[3])
		keys, err := collect(iterator, err)
		return append(keys, "bookmark "+meta.GetBookmark()), err
	},
	"pageThenPut": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		if _, _, err := stub.GetStateByRangeWithPagination("", "", 1, ""); err != nil {
			return nil, err
		}
		return "", stub.PutState(args[0], []byte("x"))
	},
	"putComposite": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		key, err := stub.CreateCompositeKey(args[0], args[1:])
		if err != nil {
			return nil, err
		}
		return "", stub.PutState(key, []byte("composite"))
	},
	"composite": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return collect(stub.GetStateByPartialCompositeKey(args[0], args[1:]))
	},
	"rangeThenPut": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		found, err := collect(stub.GetStateByRange(args[0], args[1]))
		if err != nil {
			return nil, err
		}
		return "", stub.PutState(args[2], []byte(strconv.Itoa(len(found))))
	},
	"history": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		iterator, err := stub.GetHistoryForKey(args[0])
		if err != nil {
			return nil, err
		}
		var lines []string
		for iterator.HasNext() {
			m, err := iterator.Next()
			if err != nil {
				return nil, err
			}
			lines = append(lines, fmt.Sprintf("%s %s deleted=%t %s", m.GetTxId(), m.GetValue(), m.GetIsDelete(),
				m.GetTimestamp().AsTime().Format("15:04:05")))
		}
		return lines, iterator.Close()
	},
	"rich": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return collect(stub.GetQueryResult(args[0]))
	},
	"setPolicy": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return "", stub.SetStateValidationParameter(args[0], peerPolicy(args[1:]...))
	},
	"setRawPolicy": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return "", stub.SetStateValidationParameter(args[0], []byte(args[1]))
	},
	"getPolicy": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		raw, err := stub.GetStateValidationParameter(args[0])
		if err != nil || raw == nil {
			return []string{}, err
		}
		policy, err := statebased.NewStateEP(raw)
		if err != nil {
			return nil, err
		}
		return policy.ListOrgs(), nil
	},
	"create": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		if err := stub.PutState(args[0], []byte(args[1])); err != nil {
			return nil, err
		}
		return "", stub.SetStateValidationParameter(args[0], peerPolicy(args[2:]...))
	},
}

// Invoke finds the action and answers with its result as JSON.
func (l *ledgerCC) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	name, args := stub.GetFunctionAndParameters()
	act := actions[name]
	if act == nil {
		act = privateActions[name]
	}
	if act == nil {
		return shim.Error("no action " + name)
	}
	result, err := act(l, stub, args)
	if err != nil {
		return shim.Error(err.Error())
	}
	raw, err := json.Marshal(result)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(raw)
}

func text(raw []byte, err error) (any, error) { return string(raw), err }

func texts(values [][]byte) []string {
	out := make([]string, 0, len(values))
	for _, value := range values {
		out = append(out, string(value))
	}
	return out
}

func collect(iterator shim.StateQueryIteratorInterface, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	found := []string{}
	for iterator.HasNext() {
		kv, err := iterator.Next()
		if err != nil {
			return nil, err
		}
		found = append(found, kv.GetKey()+"="+string(kv.GetValue()))
	}
	return found, iterator.Close()
}

// peerPolicy asks for the peers of every named organisation.
func peerPolicy(orgs ...string) []byte { return keyPolicy(statebased.RoleTypePeer, orgs...) }

func keyPolicy(role statebased.RoleType, orgs ...string) []byte {
	policy, err := statebased.NewStateEP(nil)
	if err != nil {
		panic(err)
	}
	if err := policy.AddOrgs(role, orgs...); err != nil {
		panic(err)
	}
	raw, err := policy.Policy()
	if err != nil {
		panic(err)
	}
	return raw
}

// newNetwork has three organisations, ledgerCC as "open" (any one endorses), "common" (majority).
func newNetwork(t testing.TB) *stubtest.Network {
	t.Helper()
	n := stubtest.NewNetwork(t, gamma, alpha, beta)
	n.Deploy("open", newLedgerCC, stubtest.AnyOrg())
	n.Deploy("common", newLedgerCC, stubtest.Majority())
	return n
}

// open is a call of the chaincode "open".
func open(function string, args ...string) stubtest.Call {
	return stubtest.Call{Chaincode: "open", Function: function, Args: args}
}

func majority(function string, args ...string) stubtest.Call {
	return stubtest.Call{Chaincode: "common", Function: function, Args: args}
}

// by names a call's endorsing organisations.
func by(call stubtest.Call, orgs ...string) stubtest.Call {
	call.EndorsingOrgs = orgs
	return call
}

func submit(t testing.TB, c *stubtest.Client, call stubtest.Call) stubtest.Result {
	t.Helper()
	result, err := c.Submit(call)
	if err != nil {
		t.Fatalf("submit %s %q: %v", call.Function, call.Args, err)
	}
	return result
}

func evaluate(t testing.TB, c *stubtest.Client, call stubtest.Call) string {
	t.Helper()
	raw, err := c.Evaluate(call)
	if err != nil {
		t.Fatalf("evaluate %s %q: %v", call.Function, call.Args, err)
	}
	return string(raw)
}

func endorsed(t testing.TB, c *stubtest.Client, call stubtest.Call) *stubtest.Transaction {
	t.Helper()
	p, err := c.Propose(call)
	if err != nil {
		t.Fatalf("propose: %v", err)
	}
	tx, err := c.Endorse(p)
	if err != nil {
		t.Fatalf("endorse %s %q: %v", call.Function, call.Args, err)
	}
	return tx
}

// commit commits transactions in one block and returns their codes by name.
func commit(t testing.TB, n *stubtest.Network, transactions ...*stubtest.Transaction) []string {
	t.Helper()
	block, err := n.Commit(transactions...)
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	var codes []string
	for _, tx := range block.Transactions {
		codes = append(codes, tx.Code.String())
	}
	return codes
}

func codeOf(t testing.TB, err error) string {
	t.Helper()
	var invalid *stubtest.CommitError
	if !errors.As(err, &invalid) {
		t.Fatalf("want a CommitError, got %v", err)
	}
	return invalid.Code.String()
}

func newLedgerCC(mspID string) shim.Chaincode { return &ledgerCC{mspID: mspID} }

func itoa(n int) string { return strconv.Itoa(n) }
