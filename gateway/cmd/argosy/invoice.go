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
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/invoicing"
	"github.com/argosy-trade/argosy/gateway/money"
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
	var o en16931.BodyOptions
	cmd := a.writing(&cobra.Command{
		Use: "issue FILE.xml", Short: "Issue an invoice from a file (seller)", Args: exactly(1),
		Long: "Issue an invoice from a file in UBL 2.1, CII D16B or the XML form of e-fapiao. The parties are those\n" +
			"that the file names by LEI or USCC; --seller and --buyer take their place. Without either, the seller\n" +
			"is the profile's company. --due is for files that give no due date.",
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
			_ = a.printFindings([]checked{{File: args[0], Findings: r.Findings}}) // the refusal below is what counts
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
	cmd.Flags().StringVar((*string)(&o.Due), "due", "", "the due date, YYYY-MM-DD, where the file gives none")
	return cmd
}

func readInvoice(path string, o en16931.BodyOptions) (en16931.Draft, error) {
	f, err := os.Open(path)
	if err != nil {
		return en16931.Draft{}, fault.Wrap(fault.ArgumentMalformed, err, "%v", err)
	}
	defer func() { _ = f.Close() }()
	return invoicing.Read(f, o)
}

// checkInvoice reports on one file; one that cannot be read has that as its
// finding, so that the others are still checked.
func checkInvoice(path string) checked {
	c := checked{File: path, Findings: []en16931.Finding{}} // in JSON a list, though it be empty
	f, err := os.Open(path)
	if err == nil {
		var r invoicing.Report
		r, err = invoicing.Check(f)
		_ = f.Close()
		c.Format, c.CreditNote, c.Number, c.Findings = r.Format, r.CreditNote, r.Number, append(c.Findings, r.Findings...)
	} else {
		err = fault.Wrap(fault.ArgumentMalformed, err, "%v", err)
	}
	if err != nil {
		refusal, _ := fault.From(err)
		c.Findings = []en16931.Finding{{
			Rule: string(refusal.Code), Severity: en16931.Fatal, Path: refusal.Field, Message: refusal.Message,
		}}
	}
	return c
}

// checked is one file with what was found in it.
type checked struct {
	File       string            `json:"file"`
	Format     string            `json:"format,omitempty"`
	CreditNote bool              `json:"creditNote,omitempty"`
	Number     string            `json:"number,omitempty"`
	Findings   []en16931.Finding `json:"findings"`
}

func (a *app) invoiceCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE…", Short: "Check invoice files against the rules of their format, without a network",
		Long: "Check invoices and credit notes in UBL 2.1 and CII D16B against the rules of EN 16931, and e-fapiao\n" +
			"against those of their own. The rules are listed in docs/en16931-rules.md. The status is 0 when no\n" +
			"finding in any file is fatal; warnings name what is not read or unusual.",
		Args: counted(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			var all []checked
			fatal := 0
			for _, path := range args {
				c := checkInvoice(path)
				if en16931.AnyFatal(c.Findings) {
					fatal++
				}
				all = append(all, c)
			}
			if err := a.printFindings(all); err != nil {
				return err
			}
			if fatal > 0 {
				return fault.New(fault.FieldInvalid, "%d of %d files break a rule that makes them invalid", fatal, len(args))
			}
			return nil
		},
	}
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
