package contract

import (
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/catalog"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// Invoice is the contract of commercial invoices.
type Invoice struct{ document }

// Issue creates an invoice; the seller calls it.
func (c *Invoice) Issue(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, invoice.Issue, in)
}

// Accept is the buyer's acceptance of the whole invoice.
func (c *Invoice) Accept(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, invoice.Accept, in)
}

// Dispute is the buyer's refusal, with a reason.
func (c *Invoice) Dispute(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, invoice.Dispute, in)
}

// Withdraw takes back an invoice that is not accepted; the seller calls it.
func (c *Invoice) Withdraw(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, invoice.Withdraw, in)
}

// Undertaking is the contract of payment undertakings.
type Undertaking struct{ document }

// Issue creates an undertaking and the payment instruction that it holds.
func (c *Undertaking) Issue(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, undertaking.Issue, in)
}

// Accept is the beneficiary's acceptance.
func (c *Undertaking) Accept(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, undertaking.Accept, in)
}

// Reject is the beneficiary's rejection.
func (c *Undertaking) Reject(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, undertaking.Reject, in)
}

// Release makes the undertaking payable when its facts are established.
func (c *Undertaking) Release(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, undertaking.Release, in)
}

// Stop halts or disputes the undertaking when a fact has fallen away.
func (c *Undertaking) Stop(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, undertaking.Stop, in)
}

// Discharge closes the undertaking when its payment is settled.
func (c *Undertaking) Discharge(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, undertaking.Discharge, in)
}

// Expire ends the undertaking after its deadline.
func (c *Undertaking) Expire(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, undertaking.Expire, in)
}

// BySubject asks for the documents that wait for facts about a subject.
type BySubject struct {
	Subject trade.Digest `json:"subject"`
	After   string       `json:"after,omitempty"`
	Limit   int          `json:"limit,omitempty"`
}

// WaitingAnswer is one page of hints; Next is the After of the following one.
type WaitingAnswer struct {
	IDs  []trade.DocID `json:"ids"`
	Next string        `json:"next,omitempty"`
}

// Waiting returns the ids of documents whose release conditions name the
// subject. They are hints: a header must be read and be valid to be believed.
func (c *Undertaking) Waiting(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	a, err := c.waiting(ctx.GetStub(), in)
	return c.options.answer(ctx.GetStub(), a, err)
}

func (c *Undertaking) waiting(stub shim.ChaincodeStubInterface, in string) (WaitingAnswer, error) {
	q, err := canon.DecodeLoose[BySubject]([]byte(in))
	if err != nil {
		return WaitingAnswer{}, err
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return WaitingAnswer{}, err
	}
	from, to := state.WaitRange(q.Subject)
	it, meta, err := stub.GetStateByRangeWithPagination(from, to, int32(limit), q.After) //nolint:gosec // at most maxPage
	if err != nil {
		return WaitingAnswer{}, err
	}
	defer func() { _ = it.Close() }()
	out := WaitingAnswer{IDs: []trade.DocID{}}
	for it.HasNext() {
		kv, err := it.Next()
		if err != nil {
			return WaitingAnswer{}, err
		}
		id := trade.DocID(strings.TrimPrefix(kv.GetKey(), from))
		if id.Validate() == nil {
			out.IDs = append(out.IDs, id)
		}
	}
	if len(out.IDs) == limit {
		out.Next = meta.GetBookmark()
	}
	return out, nil
}

// Payment is the contract of payment instructions.
type Payment struct{ document }

// Authorise is the bank's decision to carry the instruction out.
func (c *Payment) Authorise(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, payment.Authorise, in)
}

// Send records that the bank has sent the payment.
func (c *Payment) Send(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, payment.Send, in)
}

// Settle records the bank's report of settlement.
func (c *Payment) Settle(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, payment.Settle, in)
}

// Reject records the bank's report of rejection.
func (c *Payment) Reject(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, payment.Reject, in)
}

// NewTrade returns the chaincode `trade`.
func NewTrade(o Options) (*contractapi.ContractChaincode, error) {
	cc, err := contractapi.NewChaincode(
		&Invoice{newDocument(o, "Invoice", catalog.Invoice())},
		&Undertaking{newDocument(o, "Undertaking", catalog.Undertaking())},
		&Payment{newDocument(o, "Payment", catalog.Payment())},
		&Voucher{newDocument(o, "Voucher", catalog.Voucher())},
		&Lot{newDocument(o, "Lot", catalog.Lot())},
	)
	if err != nil {
		return nil, err
	}
	cc.Info.Title, cc.Info.Version = "Argosy trade documents", "1"
	return cc, nil
}
