package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
)

func (a *app) paymentCommand() *cobra.Command {
	root := group("payment", "Payment instructions")
	root.AddCommand(readCommands(a, kind[payment.Body]{
		documents: func(c *client.Client) *client.Documents[payment.Body] { return &c.Payments.Documents },
		describe:  describePayment,
	})...)
	root.AddCommand(
		a.step("authorise", "Authorise the instruction (the debtor's bank)",
			func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
				return c.Payments.Authorise(ctx, id, o...)
			}),
		a.step("send", "Record that the instruction has left the bank by other means than its agent",
			func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
				return c.Payments.Send(ctx, id, o...)
			}))
	var settled, rejected client.Report
	settle := a.step("settle", "Record the bank's report of settlement",
		func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
			return c.Payments.Settle(ctx, id, settled, o...)
		})
	settle.Flags().StringVar(&settled.Status, "status", "ACSC", "ACSC or ACCC")
	settle.Flags().StringVar(&settled.Reference, "reference", "", "the bank's own reference")
	reject := a.step("reject", "Record the bank's report of rejection",
		func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
			rejected.Status = "RJCT"
			return c.Payments.Reject(ctx, id, rejected, o...)
		})
	reject.Flags().StringVar(&rejected.Reason, "reason", "", "ISO 20022 reason code, like AC04")
	reject.Flags().StringVar(&rejected.Reference, "reference", "", "the bank's own reference")
	root.AddCommand(settle, reject)
	return root
}

func describePayment(b payment.Body) []row {
	return []row{
		{"cause", string(b.Cause)},
		{"bank", string(b.Bank)},
		{"amount", amountText(b.Amount)},
		{"debtor", accountText(b.Debtor)},
		{"creditor", accountText(b.Creditor)},
		{"UETR", b.UETR},
		{"remittance", b.Remittance},
	}
}

func accountText(a payment.Account) string {
	return a.Name + ", " + a.IBAN + a.Other + " at " + a.BIC + " (" + string(a.Party) + ")"
}
