package client

import (
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// Phase says how far a call came.
type Phase string

// The phases of a call, in order.
const (
	PhasePrepare  Phase = "prepare"  // reading, encoding, looking up organisations
	PhaseEvaluate Phase = "evaluate" // a query at a peer
	PhaseEndorse  Phase = "endorse"  // collecting endorsements
	PhaseSubmit   Phase = "submit"   // handing the envelope to the ordering service
	PhaseCommit   Phase = "commit"   // waiting for the block
)

// Failure is what every failing call knows. It is embedded in the three error
// types, which say what happened on the ledger: NothingHappenedError,
// RejectedError and UnknownError.
type Failure struct {
	// Fault is the refusal; never nil.
	Fault *fault.Error
	// Phase is how far the call came.
	Phase Phase
	// TransactionID is empty when no proposal was made.
	TransactionID string
	// RequestID and Version are those of the command: a command that is
	// repeated with both is the same command.
	RequestID string
	Version   uint64
	// Attempts counts proposals.
	Attempts int

	cause error
}

// Code returns the stable code of the refusal.
func (f *Failure) Code() fault.Code { return f.Fault.Code }

// Next says in words what the caller may do: the code's remedy.
func (f *Failure) Next() string {
	if row, ok := fault.Lookup(f.Fault.Code); ok {
		return row.Remedy
	}
	return f.Fault.Class().Next()
}

// Failed returns f itself; with errors.As and the interface that holds it, a
// caller reaches the failure without asking which of the three it is.
func (f *Failure) Failed() *Failure { return f }

// Unwrap returns the refusal and, where there is one, the transport error.
func (f *Failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.Fault}
	}
	return []error{f.Fault, f.cause}
}

func (f *Failure) text(what string) string {
	s := fmt.Sprintf("%s: %s (%s): %s", f.Fault.Code, f.Fault.Message, f.Phase, what)
	if f.Fault.Field != "" {
		s += "; field " + f.Fault.Field
	}
	if f.TransactionID != "" {
		s += "; transaction " + f.TransactionID
	}
	return s
}

// NothingHappenedError says that the ledger is as it was: the call was refused
// before anything was handed to the ordering service.
type NothingHappenedError struct{ Failure }

// Error describes the refusal on one line.
func (e *NothingHappenedError) Error() string { return e.text("nothing happened") }

// RejectedError says that the transaction stands in a block, marked invalid:
// it changed nothing.
type RejectedError struct {
	Failure
	// Validation is Fabric's validation code.
	Validation peer.TxValidationCode
	// Block holds the invalid transaction.
	Block uint64
}

// Error describes the rejection on one line.
func (e *RejectedError) Error() string {
	return e.text(fmt.Sprintf("rejected in block %d (%s)", e.Block, e.Validation))
}

// UnknownError says that the envelope was handed over and that no peer told in
// time whether it was committed. Give Pending to Client.Resume, or repeat the
// command with the same request id and version.
type UnknownError struct {
	Failure
	Pending Pending
}

// Error describes the uncertainty on one line.
func (e *UnknownError) Error() string { return e.text("the outcome is unknown") }

// failed is implemented by the three error types.
type failed interface{ Failed() *Failure }

var (
	_ failed = (*NothingHappenedError)(nil)
	_ failed = (*RejectedError)(nil)
	_ failed = (*UnknownError)(nil)
)

// refuse returns a NothingHappenedError of phase for err, which may carry a
// refusal of its own; without one it is an internal defect.
func refuse(phase Phase, err error) *NothingHappenedError {
	f, ok := fault.From(err)
	if !ok {
		f = fault.Wrap(fault.Internal, err, "%v", err)
	}
	return &NothingHappenedError{Failure{Fault: f, Phase: phase, cause: err}}
}
