package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/money"
)

func (a *app) lotCommand() *cobra.Command {
	root := group("lot", "Lots of receivable vouchers: what is split, handed on, pledged, financed and paid")
	root.AddCommand(readCommands(a, kind[lot.Body]{
		documents: func(c *client.Client) *client.Documents[lot.Body] { return &c.Lots.Documents },
		describe:  describeLot,
	})...)
	type offering = func(context.Context, trade.DocID, client.LotOffer, ...client.CallOption) (client.OfferedLot, error)
	for _, s := range []struct {
		use, short string
		move       func(*client.Client) offering
	}{
		{"transfer", "Offer it to a new owner (owner)", func(c *client.Client) offering { return c.Lots.Transfer }},
		{"pledge", "Offer it to a creditor as security (owner)", func(c *client.Client) offering { return c.Lots.Pledge }},
		{"ask-finance", "Offer it to one bank (owner)", func(c *client.Client) offering { return c.Lots.AskFinance }},
	} {
		root.AddCommand(a.lotOffer(s.use, s.short,
			func(ctx context.Context, c *client.Client, id trade.DocID, o client.LotOffer) (client.OfferedLot, error) {
				return s.move(c)(ctx, id, o, a.callOptions()...)
			}))
	}
	root.AddCommand(a.lotSplit(), a.lotRelease(), a.lotFinance(), a.lotPay(), a.lotDefault())
	root.AddCommand(a.lotOrders()...)
	root.AddCommand(a.plainSteps([]plainStep{
		{"accept", "Take over a transferred lot (new owner)", func(c *client.Client) move { return c.Lots.Accept }},
		{"take-in-pledge", "Accept it as security (pledgee)", func(c *client.Client) move { return c.Lots.TakeInPledge }},
		{"reject", "Refuse a lot that is offered", func(c *client.Client) move { return c.Lots.Reject }},
		{"recall", "Take the offer of a lot that waits back (owner)", func(c *client.Client) move { return c.Lots.Recall }},
		{"lapse", "End an offer whose deadline has passed (anyone)", func(c *client.Client) move { return c.Lots.Lapse }},
		{"mature", "Record that it is due (a party)", func(c *client.Client) move { return c.Lots.Mature }},
		{"recourse", "Turn to former owners (payee)", func(c *client.Client) move { return c.Lots.Recourse }},
		{"write-off", "Expect nothing more (payee)", func(c *client.Client) move { return c.Lots.WriteOff }},
		{"buy-back", "Cancel a lot that came home (issuer)", func(c *client.Client) move { return c.Lots.BuyBack }},
		{"close", "End a lot whose successors have ended (anyone)", func(c *client.Client) move { return c.Lots.Close }},
	})...)
	return root
}

func (a *app) lotOffer(use, short string,
	move func(context.Context, *client.Client, trade.DocID, client.LotOffer) (client.OfferedLot, error),
) *cobra.Command {
	var o client.LotOffer
	var deadline string
	cmd := a.writing(&cobra.Command{
		Use: use + " ID --to PARTY --reference TEXT --deadline T", Short: short, Args: exactly(1),
	})
	cmd.RunE = a.connected(func(ctx context.Context, c *client.Client, args []string) error {
		var err error
		if o.Deadline, err = parseInstant(deadline); err != nil {
			return err
		}
		r, err := move(ctx, c, trade.DocID(args[0]), o)
		if err != nil {
			return err
		}
		return a.succeeded(r)
	})
	cmd.Flags().StringVar((*string)(&o.To), "to", "", "party to whom it is offered")
	cmd.Flags().StringVar(&o.Reference, "reference", "", "the supply or credit agreement that it is for")
	cmd.Flags().StringVar(&deadline, "deadline", "", "until when it can be accepted")
	return cmd
}

// succeeded prints a step that made one lot.
func (a *app) succeeded(r client.OfferedLot) error {
	if a.output == "json" {
		return writeJSON(a.stdout, r)
	}
	return a.moved(r.Receipt, row{"successor", string(r.Successor)})
}

// divided prints a step that made parts.
func (a *app) divided(r client.DividedLot) error {
	if a.output == "json" {
		return writeJSON(a.stdout, r)
	}
	var rows []row
	for i, id := range r.Parts {
		rows = append(rows, row{fmt.Sprintf("part %d", i+1), string(id)})
	}
	return a.moved(r.Receipt, rows...)
}

// units reads amounts in the lot's currency.
func units(ctx context.Context, c *client.Client, id trade.DocID, amounts []string) ([]int64, error) {
	doc, err := c.Lots.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, text := range amounts {
		m, err := money.Parse(text, doc.Body.Terms.Currency)
		if err != nil {
			return nil, err
		}
		out = append(out, m.AmountMinor)
	}
	return out, nil
}

func (a *app) lotSplit() *cobra.Command {
	return a.writing(&cobra.Command{
		Use: "split ID AMOUNT AMOUNT…", Short: "Divide it among parts that add up to it (owner)",
		Args: counted(cobra.MinimumNArgs(3)),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			sizes, err := units(ctx, c, trade.DocID(args[0]), args[1:])
			if err != nil {
				return err
			}
			r, err := c.Lots.Split(ctx, trade.DocID(args[0]), sizes, a.callOptions()...)
			if err != nil {
				return err
			}
			return a.divided(r)
		}),
	})
}

func (a *app) lotRelease() *cobra.Command {
	return a.writing(&cobra.Command{
		Use: "release ID", Short: "Free it from its pledge (pledgee)", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Lots.Release(ctx, trade.DocID(args[0]), a.callOptions()...)
			if err != nil {
				return err
			}
			return a.succeeded(r)
		}),
	})
}

func (a *app) lotFinance() *cobra.Command {
	f := client.Financed{Status: "ACSC"}
	cmd := a.step("finance", "Report that you have paid for it (bank)",
		func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
			return c.Lots.Finance(ctx, id, f, o...)
		})
	cmd.Flags().StringVar(&f.Status, "status", f.Status, "ACSC or ACCC, as the payment engine reports")
	cmd.Flags().StringVar(&f.Reference, "reference", "", "the bank's own reference")
	cmd.Flags().StringVar(&f.RegistryNumber, "registry-number", "", "number at the movable-asset registry")
	return cmd
}

func (a *app) lotPay() *cobra.Command {
	p := client.PaidLot{Status: "ACSC"}
	var amount string
	cmd := a.writing(&cobra.Command{
		Use: "pay ID --reference R", Short: "Report that the payee is paid, whole or in part (issuer's bank)",
		Args: exactly(1),
	})
	cmd.RunE = a.connected(func(ctx context.Context, c *client.Client, args []string) error {
		if amount != "" {
			paid, err := units(ctx, c, trade.DocID(args[0]), []string{amount})
			if err != nil {
				return err
			}
			p.AmountMinor = paid[0]
		}
		r, err := c.Lots.Pay(ctx, trade.DocID(args[0]), p, a.callOptions()...)
		if err != nil {
			return err
		}
		return a.divided(r)
	})
	cmd.Flags().StringVar(&amount, "amount", "", "what was paid (default: the whole lot)")
	cmd.Flags().StringVar(&p.Status, "status", p.Status, "ACSC or ACCC, as the payment engine reports")
	cmd.Flags().StringVar(&p.Reference, "reference", "", "the bank's own reference")
	cmd.Flags().StringVar(&p.UETR, "uetr", "", "end-to-end reference (default: a new one)")
	return cmd
}

func (a *app) lotDefault() *cobra.Command {
	return a.writing(&cobra.Command{
		Use: "default ID", Short: "Record that it is unpaid after the days of grace, and tell the default list (a party)",
		Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Lots.Default(ctx, trade.DocID(args[0]), a.callOptions()...)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return writeJSON(a.stdout, r)
			}
			listed := row{"default list", "told"}
			if r.ListFault != nil {
				listed.value = "not told: " + r.ListFault.Message + "; repeat: argosy default report " + args[0]
			}
			return a.moved(r.Receipt, row{"defaulter", string(r.Value.Defaulter)}, listed)
		}),
	})
}

func (a *app) lotOrders() []*cobra.Command {
	var o client.Order
	freeze := a.step("freeze", "Suspend it by order of a court or regulator (authority)",
		func(ctx context.Context, c *client.Client, id trade.DocID, opts callOptions) (client.Receipt[trade.Header], error) {
			return c.Lots.Freeze(ctx, id, o, opts...)
		})
	unfreeze := a.step("unfreeze", "Let it go on where it was (the organisation that froze it)",
		func(ctx context.Context, c *client.Client, id trade.DocID, opts callOptions) (client.Receipt[trade.Header], error) {
			return c.Lots.Unfreeze(ctx, id, o, opts...)
		})
	for _, cmd := range []*cobra.Command{freeze, unfreeze} {
		cmd.Flags().StringVar(&o.Office, "office", "", "the court or regulator")
		cmd.Flags().StringVar(&o.Reference, "order", "", "number of the order")
	}
	return []*cobra.Command{freeze, unfreeze}
}

func describeLot(b lot.Body) []row {
	rows := []row{
		{"amount", amountText(trade.Money{AmountMinor: b.Units(), Currency: b.Terms.Currency})},
		{"units", fmt.Sprintf("%d to %d", b.From, b.To)},
		{"owner", string(b.Owner)},
		{"voucher", string(b.Voucher.ID)},
	}
	if b.Claim.Kind != "" {
		rows = append(rows, row{"claim", b.Claim.Kind + " of " + string(b.Claim.Holder)})
	}
	for _, r := range b.Ancestry {
		rows = append(rows, row{"came from", string(r.Owner)})
	}
	return append(rows, termRows(b.Terms)...)
}

func (a *app) limitsCommand() *cobra.Command {
	root := group("limits", "Limits for vouchers, which governors approve per currency")
	var version uint64
	show := &cobra.Command{
		Use: "show CURRENCY", Short: "Show the limits in force, or another version", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			l, ref, err := c.Parameters.VoucherLimits(ctx, args[0], version)
			if err != nil {
				return err
			}
			text, err := json.Marshal(l)
			if err != nil {
				return err
			}
			return a.print(l, row{ref.Name, fmt.Sprintf("version %d", ref.Version)}, row{"limits", string(text)})
		}),
	}
	show.Flags().Uint64Var(&version, "version", 0, "version (default: the one in force)")
	l := lot.DefaultLimits()
	var next uint64
	propose := a.writing(&cobra.Command{
		Use: "propose CURRENCY --version N", Short: "Propose or approve the next version (governor)", Args: exactly(1),
	})
	propose.RunE = a.connected(func(ctx context.Context, c *client.Client, args []string) error {
		r, err := c.Parameters.ProposeVoucherLimits(ctx, next, args[0], l, a.callOptions()...)
		if err != nil {
			return err
		}
		return a.print(r, row{r.Value.Name, fmt.Sprintf("version %d", r.Value.Version)}, row{"state", r.Value.State},
			row{"approved by", join(r.Value.Approvals)})
	})
	flags := propose.Flags()
	flags.Uint64Var(&next, "version", 1, "the version that follows the one in force")
	flags.IntVar(&l.MaxTermMonths, "max-term-months", l.MaxTermMonths, "longest term")
	flags.IntVar(&l.WarnTermMonths, "warn-term-months", l.WarnTermMonths, "longest term without a remark")
	flags.IntVar(&l.SmallPayeeDays, "small-payee-days", l.SmallPayeeDays, "days from invoice to maturity for small payees")
	flags.BoolVar(&l.RequireConsent, "require-consent", l.RequireConsent, "the payee's agreement must be named")
	flags.IntVar(&l.MaxDepth, "max-depth", l.MaxDepth, "how often units may change hands")
	flags.Int64Var(&l.MinLot, "min-lot", l.MinLot, "smallest lot in minor units")
	flags.Int64Var(&l.MaxLots, "max-lots", l.MaxLots, "how many lots a voucher may become")
	flags.IntVar(&l.GraceDays, "grace-days", l.GraceDays, "days after maturity before default")
	root.AddCommand(show, propose)
	return root
}
