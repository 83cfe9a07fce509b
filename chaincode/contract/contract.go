// Package contract puts the law of the domain packages on Fabric.
//
// A contract is a list of actions; everything else is the shared path: who
// calls, is the request new, is the document valid, what do the facts say,
// apply the rule, store, tell. Access checks, idempotency, hashing, events and
// error encoding exist once.
//
// The package refuses to fetch anything from outside: facts arrive as signed
// claims inside transactions. The accelerator is the one call out, and its
// answer is a function of its input alone.
//
// Invariants: every endorser computes the same read/write set (no map order, no
// clock and no private read goes into it); nothing commercial stands in public
// state, events, arguments or error texts.
package contract

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// SignedMessage is one SM2 signature to check.
type SignedMessage struct {
	PublicKey [64]byte // x||y
	Message   []byte
	Signature [64]byte // r||s
}

// Accelerator is the crypto accelerator as the contracts see it. Its results
// depend on its arguments alone; a sidecar that is down is its own business.
type Accelerator interface {
	// VerifySM2 returns one verdict per message, under the default user id of
	// GM/T 0009.
	VerifySM2(ctx context.Context, batch []SignedMessage) ([]bool, error)
	// SM3 returns one digest per message.
	SM3(ctx context.Context, messages [][]byte) ([][32]byte, error)
}

// Options are what both chaincodes need.
type Options struct {
	// MSPID is the organisation whose peer this chaincode serves. Private data
	// is given to its clients only.
	MSPID trade.MSPID
	// Accelerator checks signatures and hashes bodies.
	Accelerator Accelerator
	// Now is the endorser's clock. It only ever refuses transactions whose own
	// time is too far off; it never goes into a result.
	Now func() time.Time
	// Registry is the name of the chaincode that holds parties and facts, Trade
	// that of the one that holds documents.
	Registry string
	Trade    string
	// Logger is told of failures that are not refusals; nil discards them.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Limits of one transaction.
const (
	// maxSkew is how far a transaction's time may be from an endorser's clock:
	// wide enough for clocks without a time server, narrow beside any deadline
	// that is counted in days.
	maxSkew = 5 * time.Minute
	// maxBodies is how many bodies may travel with one command.
	maxBodies = 32
	// verifyTimeout bounds the accelerator's work in one transaction; Fabric
	// gives up on a chaincode after 30 seconds.
	verifyTimeout = 10 * time.Second
)

// eventName is the name of the one chaincode event of a transaction.
const eventName = "argosy"

// Envelope is the payload of the event: what the transaction did, in order.
type Envelope struct {
	Events []trade.Event `json:"events"`
}

// session is what the shared path knows of one transaction.
type session struct {
	Options
	stub   shim.ChaincodeStubInterface
	caller trade.Caller
	now    trade.Instant
}

// open reads caller and time. Writing transactions must carry a time that the
// endorser can believe.
func open(o Options, stub shim.ChaincodeStubInterface, writes bool) (*session, error) {
	ts, err := stub.GetTxTimestamp()
	if err != nil {
		return nil, fmt.Errorf("transaction time: %w", err)
	}
	s := &session{Options: o, stub: stub, now: trade.InstantOf(ts.AsTime())}
	if writes {
		if skew := o.Now().Sub(ts.AsTime()).Abs(); skew > maxSkew {
			return nil, fault.New(fault.ClockSkew, "the transaction says %s, which is %s from this endorser's clock; "+
				"the limit is %s", s.now, skew.Round(time.Second), maxSkew)
		}
	}
	s.caller, err = caller(stub)
	return s, err
}

func caller(stub shim.ChaincodeStubInterface) (trade.Caller, error) {
	id, err := cid.New(stub)
	if err != nil {
		return trade.Caller{}, fault.Wrap(fault.CallerUnknown, err, "the caller's certificate cannot be read")
	}
	msp, err := id.GetMSPID()
	if err != nil {
		return trade.Caller{}, fault.Wrap(fault.CallerUnknown, err, "the caller's organisation cannot be read")
	}
	certID, err := id.GetID()
	if err != nil {
		return trade.Caller{}, fault.Wrap(fault.CallerUnknown, err, "the caller's certificate has no subject")
	}
	c := trade.Caller{MSP: trade.MSPID(msp), CertID: certID}
	roles, _, err := id.GetAttributeValue("argosy.role")
	if err != nil {
		return c, fault.Wrap(fault.CallerUnknown, err, "the certificate's attributes cannot be read")
	}
	for _, r := range strings.Split(roles, ",") {
		if r = strings.TrimSpace(r); r != "" {
			c.Roles = append(c.Roles, trade.Role(r))
		}
	}
	company, _, err := id.GetAttributeValue("argosy.company")
	if err != nil {
		return c, fault.Wrap(fault.CallerUnknown, err, "the certificate's attributes cannot be read")
	}
	c.Company = trade.PartyID(company)
	return c, nil
}

// tell sets the transaction's one event.
func (s *session) tell(events []trade.Event) error {
	b, err := canon.Encode(Envelope{Events: events})
	if err != nil {
		return err
	}
	return s.stub.SetEvent(eventName, b)
}

// answer turns the outcome of a transaction into what contract-api sends: JSON
// or the encoded fault. A refusal without a code is a defect of ours or of the
// peer's. Its text, which could hold document contents, goes to the log of this
// organisation and to nobody else.
func (o Options) answer(stub shim.ChaincodeStubInterface, result any, err error) (string, error) {
	if err == nil {
		var b []byte
		if b, err = canon.Encode(result); err == nil {
			return string(b), nil
		}
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return "", f
	}
	function, _ := stub.GetFunctionAndParameters()
	o.Logger.Error("transaction failed", "transaction", stub.GetTxID(), "function", function, "error", err)
	return "", fault.Wrap(fault.Internal, err, "the endorser failed; the log of its chaincode tells more")
}
