package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/money"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

type callOptions = []client.CallOption

func (a *app) invoiceCommand() *cobra.Command {
	root := group("invoice", "Commercial invoices")
	root.AddCommand(readCommands(a, kind[invoice.Body]{
		documents: func(c *client.Client) *client.Documents[invoice.Body] { return &c.Invoices.Documents },
		describe:  describeInvoice,
	})...)
	root.AddCommand(a.invoiceIssue(), a.invoiceCheck(),
		a.step("accept", "Accept the whole invoice (buyer)",
			func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
				return c.Invoices.Accept(ctx, id, o...)
			}),
		a.step("withdraw", "Take an invoice back that is not accepted (seller)",
			func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
				return c.Invoices.Withdraw(ctx, id, o...)
			}))
	var reason string
	dispute := a.step("dispute", "Refuse the invoice for a reason that only the parties see (buyer)",
		func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
			return c.Invoices.Dispute(ctx, id, reason, o...)
		})
	dispute.Flags().StringVar(&reason, "reason", "", "why")
	root.AddCommand(dispute)
	return root
}

func (a *app) invoiceIssue() *cobra.Command {
	var o ubl.Options
	cmd := a.writing(&cobra.Command{
		Use: "issue FILE.xml", Short: "Issue an invoice from a UBL 2.1 file (seller)", Args: exactly(1),
		Long: "Issue an invoice from a UBL 2.1 file. The parties are those that the file names by LEI or USCC;\n" +
			"--seller and --buyer take their place. Without either, the seller is the profile's company.",
	})
	cmd.RunE = a.connected(func(ctx context.Context, c *client.Client, args []string) error {
		r, err := readInvoice(args[0], o)
		if err != nil {
			return err
		}
		if r.Body.Seller.Party == "" && c.Profile().Company != "" {
			o.Seller = c.Profile().Company
			if r, err = readInvoice(args[0], o); err != nil {
				return err
			}
		}
		if r.Fatal() {
			_ = a.printFindings([]checked{{args[0], r.Findings}}) // the refusal below is what counts
			return fault.New(fault.FieldInvalid, "the invoice has findings that keep it from being issued").
				WithField(r.Findings[0].Path)
		}
		receipt, err := c.Invoices.Issue(ctx, r.Body, a.callOptions()...)
		if err != nil {
			return err
		}
		return a.moved(receipt, row{"number", r.Body.Number}, row{"amount due", amountText(r.Body.Due())})
	})
	cmd.Flags().StringVar((*string)(&o.Seller), "seller", "", "the seller's party id")
	cmd.Flags().StringVar((*string)(&o.Buyer), "buyer", "", "the buyer's party id")
	return cmd
}

func readInvoice(path string, o ubl.Options) (ubl.Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return ubl.Result{}, fault.Wrap(fault.ArgumentMalformed, err, "%v", err)
	}
	defer func() { _ = f.Close() }()
	return ubl.Read(f, o)
}

// checked is one file with what was found in it.
type checked struct {
	File     string        `json:"file"`
	Findings []ubl.Finding `json:"findings"`
}

func (a *app) invoiceCheck() *cobra.Command {
	var o ubl.Options
	cmd := &cobra.Command{
		Use: "check FILE…", Short: "Check UBL 2.1 files against the rules of EN 16931, without a network",
		Args: counted(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			var all []checked
			fatal := 0
			for _, path := range args {
				r, err := readInvoice(path, o)
				if err != nil {
					f, _ := fault.From(err)
					r.Findings = []ubl.Finding{{Rule: string(f.Code), Severity: ubl.Fatal, Path: f.Field, Message: f.Message}}
				}
				if r.Fatal() {
					fatal++
				}
				all = append(all, checked{path, r.Findings})
			}
			if err := a.printFindings(all); err != nil {
				return err
			}
			if fatal > 0 {
				return fault.New(fault.FieldInvalid, "%d of %d files cannot be issued", fatal, len(args))
			}
			return nil
		},
	}
	cmd.Flags().StringVar((*string)(&o.Seller), "seller", "", "the seller's party id")
	cmd.Flags().StringVar((*string)(&o.Buyer), "buyer", "", "the buyer's party id")
	return cmd
}

func (a *app) printFindings(all []checked) error {
	var lines [][]string
	for _, c := range all {
		if len(c.Findings) == 0 {
			lines = append(lines, []string{c.File, "ok", "", "", ""})
		}
		for _, f := range c.Findings {
			lines = append(lines, []string{c.File, string(f.Severity), f.Rule, f.Path, f.Message})
		}
	}
	return a.table(all, []string{"FILE", "VERDICT", "RULE", "PATH", "MESSAGE"}, lines)
}

func describeInvoice(b invoice.Body) []row {
	rows := []row{
		{"number", b.Number},
		{"issued on", string(b.IssueDate)},
		{"due on", string(b.DueDate)},
		{"seller", fmt.Sprintf("%s (%s), %s", b.Seller.Name, b.Seller.Party, b.Seller.Country)},
		{"buyer", fmt.Sprintf("%s (%s), %s", b.Buyer.Name, b.Buyer.Party, b.Buyer.Country)},
	}
	for _, l := range b.Lines {
		rows = append(rows, row{"line " + l.ID, fmt.Sprintf("%s %s %s at %s = %s", money.FormatDecimal(l.Quantity), l.Unit,
			l.Name, money.FormatDecimal(l.Price), amountText(trade.Money{AmountMinor: l.NetMinor, Currency: b.Currency}))})
	}
	return append(rows, row{"tax", amountText(trade.Money{AmountMinor: b.Totals.TaxMinor, Currency: b.Currency})},
		row{"amount due", amountText(b.Due())})
}
