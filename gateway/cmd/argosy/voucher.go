package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/arrears"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/money"
)

// move is a step of the SDK that needs nothing but the document.
type move = func(context.Context, trade.DocID, ...client.CallOption) (client.Receipt[trade.Header], error)

// plainStep is a command for such a step.
type plainStep struct {
	use, short string
	move       func(*client.Client) move
}

func (a *app) plainSteps(steps []plainStep) []*cobra.Command {
	var out []*cobra.Command
	for _, s := range steps {
		out = append(out, a.step(s.use, s.short,
			func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
				return s.move(c)(ctx, id, o...)
			}))
	}
	return out
}

func (a *app) voucherCommand() *cobra.Command {
	root := group("voucher", "Receivable vouchers: promises of a core enterprise on accepted invoices")
	root.AddCommand(readCommands(a, kind[voucher.Body]{
		documents: func(c *client.Client) *client.Documents[voucher.Body] { return &c.Vouchers.Documents },
		describe:  describeVoucher,
	})...)
	root.AddCommand(a.voucherIssue(), a.voucherAccept())
	root.AddCommand(a.plainSteps([]plainStep{
		{"guarantee", "Agree to guarantee it (guarantor)", func(c *client.Client) move { return c.Vouchers.Guarantee }},
		{"decline", "Refuse to guarantee it (guarantor)", func(c *client.Client) move { return c.Vouchers.Decline }},
		{"reject", "Refuse it (payee)", func(c *client.Client) move { return c.Vouchers.Reject }},
		{"withdraw", "Take it back before acceptance (issuer)", func(c *client.Client) move { return c.Vouchers.Withdraw }},
		{"expire", "End it after its deadline (anyone)", func(c *client.Client) move { return c.Vouchers.Expire }},
		{"close", "End it when no unit is owed any more (anyone)", func(c *client.Client) move { return c.Vouchers.Close }},
	})...)
	return root
}

// voucherFlags are the flags of voucher issue.
type voucherFlags struct {
	client.NewVoucher
	invoices         []string
	amount, deadline string
}

func (a *app) voucherIssue() *cobra.Command {
	var f voucherFlags
	cmd := a.writing(&cobra.Command{
		Use: "issue --invoice ID… --number N --bank PARTY --due DATE --contract C --deadline T", Args: exactly(0),
		Short: "Offer a voucher on accepted invoices to their seller (buyer)",
	})
	cmd.RunE = a.connected(func(ctx context.Context, c *client.Client, _ []string) error {
		n, err := f.voucher(ctx, c)
		if err != nil {
			return err
		}
		r, err := c.Vouchers.Issue(ctx, n, a.callOptions()...)
		if err != nil {
			return err
		}
		if a.output == "json" {
			return writeJSON(a.stdout, r)
		}
		return a.moved(r.Receipt, row{"remarks", strings.Join(r.Remarks, ", ")})
	})
	flags := cmd.Flags()
	flags.StringArrayVar(&f.invoices, "invoice", nil, "an accepted invoice that backs it; repeat for more")
	flags.StringVar(&f.Number, "number", "", "the issuer's own number")
	flags.StringVar(&f.amount, "amount", "", "amount in the invoices' currency (default: all that is due)")
	flags.StringVar((*string)(&f.Bank), "bank", "", "the issuer's bank, through which it pays")
	flags.StringVar((*string)(&f.Guarantor), "guarantor", "", "who guarantees, if anybody does")
	flags.StringVar((*string)(&f.IssueDate), "issue-date", "", "today's date where the issuer is (default: in UTC)")
	flags.StringVar((*string)(&f.Due), "due", "", "day of maturity, like 2027-01-31")
	flags.BoolVar(&f.Recourse, "recourse", false, "a holder who is not paid may turn to former owners")
	flags.BoolVar(&f.Transferable, "transferable", true, "it can be handed on")
	flags.StringVar(&f.Contract, "contract", "", "the contract of supply")
	flags.StringVar(&f.Consent, "consent", "", "the agreement in which the payee accepts vouchers")
	flags.BoolVar(&f.SmallPayee, "small-payee", false, "the payee is a small or medium-sized enterprise")
	flags.StringVar(&f.ReportReference, "report-reference", "", "under which the issue was reported")
	flags.StringVar(&f.deadline, "deadline", "", "until when the payee can accept")
	return cmd
}

func (f voucherFlags) voucher(ctx context.Context, c *client.Client) (client.NewVoucher, error) {
	n := f.NewVoucher
	for _, id := range f.invoices {
		n.Invoices = append(n.Invoices, trade.DocID(id))
	}
	var err error
	if n.Deadline, err = parseInstant(f.deadline); err != nil {
		return n, err
	}
	if n.IssueDate == "" {
		n.IssueDate = trade.Date(time.Now().UTC().Format(time.DateOnly))
	}
	if f.amount == "" || len(n.Invoices) == 0 {
		return n, nil
	}
	inv, err := c.Invoices.Get(ctx, n.Invoices[0])
	if err != nil {
		return n, err
	}
	sum, err := money.Parse(f.amount, inv.Body.Currency)
	n.Units = sum.AmountMinor
	return n, err
}

func (a *app) voucherAccept() *cobra.Command {
	return a.writing(&cobra.Command{
		Use: "accept ID", Short: "Accept it; its first lot comes into being (payee)", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Vouchers.Accept(ctx, trade.DocID(args[0]), a.callOptions()...)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return writeJSON(a.stdout, r)
			}
			return a.moved(r.Receipt, row{"lot", string(r.Lot)})
		}),
	})
}

func describeVoucher(b voucher.Body) []row {
	rows := append([]row{{"amount", amountText(b.Amount())}, {"payee", string(b.Payee)}}, termRows(b.Terms)...)
	rows = append(rows, row{"contract", b.Contract}, row{"consent", b.Consent})
	for _, r := range b.Invoices {
		rows = append(rows, row{"invoice", string(r.ID)})
	}
	return rows
}

func termRows(t lot.Terms) []row {
	return []row{
		{"number", t.Number},
		{"issuer", string(t.Issuer)},
		{"bank", string(t.Bank)},
		{"guarantor", string(t.Guarantor)},
		{"issued on", string(t.IssueDate)},
		{"due on", string(t.Due)},
		{"recourse", fmt.Sprint(t.Recourse)},
		{"transferable", fmt.Sprint(t.Transferable)},
		{"limits", fmt.Sprintf("%s version %d", t.Limits.Name, t.Limits.Version)},
	}
}

func (a *app) defaultCommand() *cobra.Command {
	root := group("default", "The list of issuers that have not paid")
	show := func(v any, records []arrears.Record) error {
		var lines [][]string
		for _, r := range records {
			lines = append(lines, []string{string(r.Party), fmt.Sprint(r.InDefault()), fmt.Sprint(r.Open)})
		}
		return a.table(v, []string{"PARTY", "IN DEFAULT", "LOTS UNPAID"}, lines)
	}
	root.AddCommand(&cobra.Command{
		Use: "show PARTY", Short: "Show whether a party is in default", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Defaults.Get(ctx, trade.PartyID(args[0]))
			if err != nil {
				return err
			}
			return show(r, []arrears.Record{r})
		}),
	}, a.writing(&cobra.Command{
		Use: "report LOT…", Short: "Bring the list up to date with what lots say (anyone)",
		Args: counted(cobra.MinimumNArgs(1)),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			var lots []trade.DocID
			for _, id := range args {
				lots = append(lots, trade.DocID(id))
			}
			r, err := c.Defaults.Report(ctx, lots, a.callOptions()...)
			if err != nil {
				return err
			}
			return show(r, r.Value)
		}),
	}))
	return root
}
