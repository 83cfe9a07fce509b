package main

import (
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// measured times every call of a chaincode. The labels are from closed sets: a
// function that does not exist is counted as "unknown".
type measured struct {
	inner   shim.Chaincode
	seconds *prometheus.HistogramVec
}

// Init implements shim.Chaincode.
func (m *measured) Init(stub shim.ChaincodeStubInterface) *peer.Response { return m.inner.Init(stub) }

// Invoke implements shim.Chaincode.
func (m *measured) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	start := time.Now()
	resp := m.inner.Invoke(stub)
	function, _ := stub.GetFunctionAndParameters()
	outcome := "ok"
	if resp.GetStatus() != shim.OK {
		outcome = "other"
		if f, ok := fault.Decode(resp.GetMessage()); ok {
			outcome = string(f.Code)
		} else {
			function = "unknown" // contract-api refused the name before any contract saw it
		}
	}
	m.seconds.WithLabelValues(function, outcome).Observe(time.Since(start).Seconds())
	return resp
}
