package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
)

// Voucher is the contract of receivable vouchers.
type Voucher struct{ document }

// Issue offers a voucher on accepted invoices; the core enterprise calls it.
func (c *Voucher) Issue(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, voucher.Issue, in)
}

// Guarantee is the agreement of the guarantor that the voucher names.
func (c *Voucher) Guarantee(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, voucher.Guarantee, in)
}

// Decline is the refusal of the guarantor that the voucher names.
func (c *Voucher) Decline(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, voucher.Decline, in)
}

// Accept is the payee's acceptance; its first lot comes into being.
func (c *Voucher) Accept(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, voucher.Accept, in)
}

// Reject is the payee's refusal.
func (c *Voucher) Reject(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, voucher.Reject, in)
}

// Withdraw takes back a voucher that is not accepted; the issuer calls it.
func (c *Voucher) Withdraw(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, voucher.Withdraw, in)
}

// Expire ends an offer after its deadline.
func (c *Voucher) Expire(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, voucher.Expire, in)
}

// Close ends a voucher of which no unit is owed any more.
func (c *Voucher) Close(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, voucher.Close, in)
}

// Lot is the contract of the lots of vouchers.
type Lot struct{ document }

// Split divides a lot among parts; its owner calls it.
func (c *Lot) Split(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Split, in)
}

// Transfer offers a lot to a new owner.
func (c *Lot) Transfer(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Transfer, in)
}

// Pledge offers a lot to a creditor as security.
func (c *Lot) Pledge(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Pledge, in)
}

// AskFinance offers a lot to one bank.
func (c *Lot) AskFinance(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.AskFinance, in)
}

// Accept is the new owner's acceptance.
func (c *Lot) Accept(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Accept, in)
}

// TakeInPledge is the pledgee's acceptance.
func (c *Lot) TakeInPledge(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.TakeInPledge, in)
}

// Finance is the bank's report that it has paid for the lot.
func (c *Lot) Finance(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Finance, in)
}

// Reject refuses a lot that is offered.
func (c *Lot) Reject(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Reject, in)
}

// Recall takes an offer back; the owner of the lot that waits calls it.
func (c *Lot) Recall(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Recall, in)
}

// Lapse ends an offer after its deadline.
func (c *Lot) Lapse(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Lapse, in)
}

// Release frees a lot from its pledge; the pledgee calls it.
func (c *Lot) Release(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Release, in)
}

// Freeze suspends a lot by order of a court or regulator.
func (c *Lot) Freeze(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Freeze, in)
}

// Unfreeze lifts a suspension.
func (c *Lot) Unfreeze(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Unfreeze, in)
}

// Mature records that a lot is due.
func (c *Lot) Mature(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Mature, in)
}

// Pay records the issuer's bank's report of settlement, whole or in part.
func (c *Lot) Pay(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Pay, in)
}

// Default records that a lot is unpaid after the days of grace.
func (c *Lot) Default(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Default, in)
}

// Recourse records that the payee turns to former owners.
func (c *Lot) Recourse(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Recourse, in)
}

// WriteOff records that the payee expects nothing more.
func (c *Lot) WriteOff(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.WriteOff, in)
}

// BuyBack cancels a lot that came home to its issuer.
func (c *Lot) BuyBack(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.BuyBack, in)
}

// Close ends a lot whose successors have all ended.
func (c *Lot) Close(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return c.move(ctx, lot.Close, in)
}
