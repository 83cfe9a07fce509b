package stubtest_test

import (
	"encoding/hex"
	"slices"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/statebased"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

// privateActions are ledgerCC's actions on implicit collections: the first argument names the organisation.
var privateActions = map[string]action{
	"getPrivate": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return text(stub.GetPrivateData(stubtest.ImplicitCollection(args[0]), args[1]))
	},
	"getCollection": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return text(stub.GetPrivateData(args[0], args[1]))
	},
	"getPrivateHash": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		hash, err := stub.GetPrivateDataHash(stubtest.ImplicitCollection(args[0]), args[1])
		return hex.EncodeToString(hash), err
	},
	"getManyPrivate": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		values, err := stub.GetMultiplePrivateData(stubtest.ImplicitCollection(args[0]), args[1:]...)
		return texts(values), err
	},
	// share writes the transient value "body" under a key into the collections of all named organisations.
	"share": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		transient, err := stub.GetTransient()
		if err != nil {
			return nil, err
		}
		for _, org := range args[1:] {
			if err := stub.PutPrivateData(stubtest.ImplicitCollection(org), args[0], transient["body"]); err != nil {
				return nil, err
			}
		}
		return "", nil
	},
	"delPrivate": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return "", stub.DelPrivateData(stubtest.ImplicitCollection(args[0]), args[1])
	},
	"purgePrivate": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return "", stub.PurgePrivateData(stubtest.ImplicitCollection(args[0]), args[1])
	},
	"rangePrivate": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return collect(stub.GetPrivateDataByRange(stubtest.ImplicitCollection(args[0]), args[1], args[2]))
	},
	"rangePrivateThenPut": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		if _, err := stub.GetPrivateDataByRange(stubtest.ImplicitCollection(args[0]), "", ""); err != nil {
			return nil, err
		}
		return "", stub.PutState("x", []byte("x"))
	},
	"hashThenPut": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		hash, err := stub.GetPrivateDataHash(stubtest.ImplicitCollection(args[0]), args[1])
		if err != nil {
			return nil, err
		}
		return "", stub.PutState(args[2], []byte(hex.EncodeToString(hash)))
	},
	"setPrivatePolicy": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		return "", stub.SetPrivateDataValidationParameter(
			stubtest.ImplicitCollection(args[0]), args[1], peerPolicy(args[2:]...))
	},
	"getPrivatePolicy": func(_ *ledgerCC, stub shim.ChaincodeStubInterface, args []string) (any, error) {
		raw, err := stub.GetPrivateDataValidationParameter(stubtest.ImplicitCollection(args[0]), args[1])
		if err != nil || raw == nil {
			return []string{}, err
		}
		policy, err := statebased.NewStateEP(raw)
		if err != nil {
			return nil, err
		}
		orgs := policy.ListOrgs()
		slices.Sort(orgs)
		return orgs, nil
	},
}
