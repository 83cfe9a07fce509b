package stubtest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
)

// ErrHalted is returned by every commit after the peers met a state in which real ones stop processing the channel.
var ErrHalted = errors.New("stubtest: the peers halted the channel")

// GatewayError is a refusal of the gateway to evaluate or endorse. Nothing has happened on the ledger.
type GatewayError struct {
	TxID   string
	Op     string // "evaluate" or "endorse"
	status *status.Status
}

// Error has the gateway's message and then what each peer said.
func (e *GatewayError) Error() string {
	parts := []string{fmt.Sprintf("%s: %s: %s", e.Op, e.status.Code(), e.status.Message())}
	for _, detail := range e.Details() {
		parts = append(parts, fmt.Sprintf("%s: %s", detail.GetMspId(), detail.GetMessage()))
	}
	return strings.Join(parts, "; ")
}

// GRPCStatus is the status that the peer's gateway would answer with.
func (e *GatewayError) GRPCStatus() *status.Status { return e.status }

// Details lists what each peer said, in the form of the gateway's error details.
func (e *GatewayError) Details() []*gateway.ErrorDetail {
	var details []*gateway.ErrorDetail
	for _, item := range e.status.Details() {
		if detail, ok := item.(*gateway.ErrorDetail); ok {
			details = append(details, detail)
		}
	}
	return details
}

// CommitError is a transaction that reached a block and was found invalid.
type CommitError struct {
	TxID  string
	Block uint64
	Code  peer.TxValidationCode
}

// Error is worded as by the Fabric gateway's client.
func (e *CommitError) Error() string {
	return fmt.Sprintf("transaction %s failed to commit with status code %d (%s)", e.TxID, int32(e.Code), e.Code)
}

// refusal makes the gateway's status error.
func refusal(code codes.Code, message string, details []*gateway.ErrorDetail) *status.Status {
	st := status.New(code, message)
	if len(details) == 0 {
		return st
	}
	list := make([]protoadapt.MessageV1, 0, len(details))
	for _, detail := range details {
		list = append(list, protoadapt.MessageV1Of(detail))
	}
	detailed, err := st.WithDetails(list...)
	if err != nil {
		return st // as the gateway does
	}
	return detailed
}

func (nd *node) detail(message string) *gateway.ErrorDetail {
	return &gateway.ErrorDetail{Address: nd.address(), MspId: nd.mspID, Message: message}
}
