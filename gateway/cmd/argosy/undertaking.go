package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/money"
)

func (a *app) undertakingCommand() *cobra.Command {
	root := group("undertaking", "Payment undertakings (URDTT)")
	root.AddCommand(readCommands(a, kind[undertaking.Body]{
		documents: func(c *client.Client) *client.Documents[undertaking.Body] { return &c.Undertakings.Documents },
		describe:  describeUndertaking,
	})...)
	root.AddCommand(a.undertakingIssue(), a.undertakingAccept())
	type move = func(context.Context, trade.DocID, ...client.CallOption) (client.Receipt[trade.Header], error)
	for _, s := range []struct {
		use, short string
		move       func(*client.Client) move
	}{
		{"reject", "Refuse the undertaking (beneficiary)", func(c *client.Client) move { return c.Undertakings.Reject }},
		{
			"release", "Make it payable if every condition is a fact (anyone)",
			func(c *client.Client) move { return c.Undertakings.Release },
		},
		{
			"stop", "Hold it back if a condition is no longer a fact (anyone)",
			func(c *client.Client) move { return c.Undertakings.Stop },
		},
		{
			"discharge", "Mark it paid if its payment is settled (anyone)",
			func(c *client.Client) move { return c.Undertakings.Discharge },
		},
		{
			"expire", "End it if its deadline has passed (anyone)",
			func(c *client.Client) move { return c.Undertakings.Expire },
		},
	} {
		root.AddCommand(a.step(s.use, s.short,
			func(ctx context.Context, c *client.Client, id trade.DocID, o callOptions) (client.Receipt[trade.Header], error) {
				return s.move(c)(ctx, id, o...)
			}))
	}
	return root
}

func (a *app) undertakingAccept() *cobra.Command {
	return a.writing(&cobra.Command{
		Use: "accept ID", Short: "Accept the undertaking (beneficiary)", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Undertakings.Accept(ctx, trade.DocID(args[0]), a.callOptions()...)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return writeJSON(a.stdout, r)
			}
			release := row{"release", "PAYABLE: every condition was a fact already"}
			if r.Released == nil {
				release.value = "waits"
				if r.ReleaseFault != nil {
					release.value += ": " + r.ReleaseFault.Message
				}
			}
			return a.moved(r.Receipt, release)
		}),
	})
}

// issueFlags are the flags of undertaking issue.
type issueFlags struct {
	invoice, number, amount, expiry, obligor, creditor, remittance string
	when                                                           []string
}

func (a *app) undertakingIssue() *cobra.Command {
	var f issueFlags
	cmd := a.writing(&cobra.Command{
		Use:   "issue --invoice ID --obligor-account N@BIC --creditor-account N@BIC --expiry T --when TYPE:SCHEME:ID…",
		Short: "Undertake to pay an accepted invoice when facts are established (bank)", Args: exactly(0),
		Example: "  argosy undertaking issue --invoice ExportBankMSP.0f… --expiry 2027-01-31 \\\n" +
			"    --obligor-account NL91ABNA0417164300@ABNANL2A --creditor-account DE89370400440532013000@COBADEFF \\\n" +
			"    --when CUSTOMS_CLEARED:MRN:26NL0001234567 --when INSPECTION_PASSED:MRN:26NL0001234567",
	})
	cmd.RunE = a.connected(func(ctx context.Context, c *client.Client, _ []string) error {
		n, err := f.undertaking(ctx, c)
		if err != nil {
			return err
		}
		r, err := c.Undertakings.Issue(ctx, n, a.callOptions()...)
		if err != nil {
			return err
		}
		if a.output == "json" {
			return writeJSON(a.stdout, r)
		}
		return a.moved(r.Receipt, row{"payment", string(r.Payment)})
	})
	flags := cmd.Flags()
	flags.StringVar(&f.invoice, "invoice", "", "the accepted invoice")
	flags.StringVar(&f.number, "number", "", "the bank's own reference (default: made from the invoice's id)")
	flags.StringVar(&f.amount, "amount", "", "amount in the invoice's currency, like 1234.56 (default: the amount due)")
	flags.StringVar(&f.expiry, "expiry", "", "deadline: 2027-01-31 (end of that day, UTC) or 2027-01-31T12:00:00Z")
	flags.StringVar(&f.obligor, "obligor-account", "",
		"the account to charge: IBAN@BIC, or NUMBER@BIC where there is no IBAN")
	flags.StringVar(&f.creditor, "creditor-account", "", "the seller's account, likewise")
	flags.StringVar(&f.remittance, "remittance", "", "text for the seller (default: the invoice number)")
	flags.StringArrayVar(&f.when, "when", nil, "a fact that must be established; repeat for more")
	return cmd
}

func (f issueFlags) undertaking(ctx context.Context, c *client.Client) (client.NewUndertaking, error) {
	n := client.NewUndertaking{Invoice: trade.DocID(f.invoice), Number: f.number, Remittance: f.remittance}
	if err := n.Invoice.Validate(); err != nil {
		return n, err
	}
	var err error
	if n.Deadline, err = parseInstant(f.expiry); err != nil {
		return n, err
	}
	if n.Debtor, err = parseAccount("obligor-account", f.obligor); err != nil {
		return n, err
	}
	if n.Creditor, err = parseAccount("creditor-account", f.creditor); err != nil {
		return n, err
	}
	for _, w := range f.when {
		cond, err := parseCondition(w)
		if err != nil {
			return n, err
		}
		n.Conditions = append(n.Conditions, cond)
	}
	if n.Number == "" {
		_, random, _ := strings.Cut(f.invoice, ".")
		n.Number = "PU-" + random[:12]
	}
	if f.amount != "" {
		inv, err := c.Invoices.Get(ctx, n.Invoice)
		if err != nil {
			return n, err
		}
		n.Amount, err = money.Parse(f.amount, inv.Body.Currency)
		return n, err
	}
	return n, nil
}

// parseCondition reads TYPE:SCHEME:IDENTIFIER; the identifier may hold colons.
func parseCondition(text string) (undertaking.Condition, error) {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return undertaking.Condition{}, fault.New(fault.FieldInvalid,
			"a condition is written TYPE:SCHEME:IDENTIFIER, like CUSTOMS_CLEARED:MRN:26NL0001234567").WithField("when")
	}
	return undertaking.Condition{Type: parts[0], Scheme: parts[1], Identifier: parts[2]}, nil
}

var ibanStart = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}`)

// parseAccount reads NUMBER@BIC.
func parseAccount(flag, text string) (payment.Account, error) {
	number, bic, ok := strings.Cut(strings.ReplaceAll(text, " ", ""), "@")
	if !ok || number == "" || bic == "" {
		return payment.Account{}, fault.New(fault.FieldRequired,
			"--%s is written IBAN@BIC, like NL91ABNA0417164300@ABNANL2A", flag).WithField(flag)
	}
	if ibanStart.MatchString(number) {
		return payment.Account{IBAN: number, BIC: bic}, nil
	}
	return payment.Account{Other: number, BIC: bic}, nil
}

// parseInstant reads a day (its end) or a time.
func parseInstant(text string) (trade.Instant, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return trade.InstantOf(day.AddDate(0, 0, 1).Add(-time.Millisecond)), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fault.New(fault.FieldInvalid, "a time is written 2027-01-31 or 2027-01-31T12:00:00Z").WithField("expiry")
	}
	return trade.InstantOf(at), nil
}

func describeUndertaking(b undertaking.Body) []row {
	rows := []row{
		{"number", b.Number},
		{"form", b.Form},
		{"amount", amountText(b.Amount)},
		{"obligor", string(b.Obligor)},
		{"applicant", string(b.Applicant)},
		{"beneficiary", string(b.Beneficiary)},
		{"invoice", fmt.Sprintf("%s version %d", b.Invoice.ID, b.Invoice.Version)},
	}
	for _, c := range b.Conditions {
		rows = append(rows, row{"pays when", fmt.Sprintf("%s of %s %s (%.16s…)", c.Type, c.Scheme, c.Identifier,
			c.Public().Subject)})
	}
	return rows
}
