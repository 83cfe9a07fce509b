package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
	"github.com/argosy-trade/argosy/gateway/client"
)

// act is something that a person does.
type act struct {
	who    *client.Client
	p      phrase
	target paper // the document named first, for moves
	option []client.CallOption
}

// verb does it and returns the block that it caused, 0 if none.
type verb func(ctx context.Context, s *stage, a act) (block uint64, err error)

// openers are the words that open a clause behind any verb.
var openers = []string{
	"to", "for", "on", "within", "when", "because", "under", "having", "of", "in", "into", "becoming", "due", "backer",
}

// makers create documents or do not concern one.
var makers = map[string]verb{
	"issue": issue, "undertake": undertake, "list": list, "forge": forge,
	"suspend": standing((*client.Parties).Suspend), "reinstate": standing((*client.Parties).Reinstate),
}

// moves take one document a step on.
var moves = map[trade.Kind]map[string]verb{
	invoice.Kind: {
		"accept": move(invoices, (*client.Invoices).Accept), "withdraw": move(invoices, (*client.Invoices).Withdraw),
		"dispute": dispute, "read": readInvoice,
	},
	undertaking.Kind: {
		"accept": acceptUndertaking, "reject": move(undertakings, (*client.Undertakings).Reject),
		"release":   move(undertakings, (*client.Undertakings).Release),
		"stop":      move(undertakings, (*client.Undertakings).Stop),
		"discharge": move(undertakings, (*client.Undertakings).Discharge),
		"expire":    move(undertakings, (*client.Undertakings).Expire),
		"read":      readUndertaking,
	},
	payment.Kind: {
		"authorise": move(payments, (*client.Payments).Authorise), "send": move(payments, (*client.Payments).Send),
		"settle": report((*client.Payments).Settle), "reject": report((*client.Payments).Reject), "read": readPayment,
	},
	voucher.Kind: voucherMoves,
	lot.Kind:     lotMoves,
}

// as lets somebody act: as WHO VERB …
func as(ctx context.Context, s *stage, words []string) error {
	if len(words) < 3 {
		return errors.New("write: as WHO does WHAT")
	}
	p, err := parse(words[2:], openers...)
	if err != nil {
		return err
	}
	if len(p.object) == 0 {
		return fmt.Errorf("%s what?", words[1])
	}
	a := act{p: p}
	do, ok := makers[words[1]]
	if !ok {
		if a.target, err = s.paper(p.object[0]); err != nil {
			return err
		}
		if do, ok = moves[a.target.kind][words[1]]; !ok || len(p.object) > 1 {
			return fmt.Errorf("nobody knows how to %s %q", words[1], strings.Join(p.object, " "))
		}
	}
	if a.option, err = s.options(p); err != nil {
		return err
	}
	if a.who, err = s.person(ctx, words[0]); err != nil {
		return err
	}
	block, err := do(ctx, s, a)
	s.caused(block)
	return err
}

func invoices(c *client.Client) *client.Invoices         { return c.Invoices }
func undertakings(c *client.Client) *client.Undertakings { return c.Undertakings }
func payments(c *client.Client) *client.Payments         { return c.Payments }

// move makes a verb of one of the SDK's steps.
func move[S any](of func(*client.Client) S, step func(S, context.Context, trade.DocID, ...client.CallOption) (
	client.Receipt[trade.Header], error),
) verb {
	return func(ctx context.Context, _ *stage, a act) (uint64, error) {
		r, err := step(of(a.who), ctx, a.target.id, a.option...)
		return r.Block, err
	}
}

// acceptUndertaking accepts. The SDK tries a release at once; when a peer that
// has to endorse it has not even seen the acceptance, the remedy of the code is
// followed: once more, when everybody has it.
func acceptUndertaking(ctx context.Context, s *stage, a act) (uint64, error) {
	r, err := a.who.Undertakings.Accept(ctx, a.target.id, a.option...)
	if r.Released != nil || err != nil {
		return max(r.Block, released(r)), err
	}
	if r.ReleaseFault != nil && r.ReleaseFault.Code == fault.EndorsersDisagree {
		if err := Everywhere(ctx, s.ground, r.Block, s.shakenPeers()...); err != nil {
			return r.Block, err
		}
		again, err := a.who.Undertakings.Release(ctx, a.target.id)
		if err == nil {
			return again.Block, nil
		}
		r.ReleaseFault, _ = fault.From(err)
	}
	if r.ReleaseFault != nil && r.ReleaseFault.Code != fault.ConditionUnmet {
		return r.Block, r.ReleaseFault
	}
	return r.Block, nil
}

func released(r client.AcceptedUndertaking) uint64 {
	if r.Released == nil {
		return 0
	}
	return r.Released.Block
}

func dispute(ctx context.Context, _ *stage, a act) (uint64, error) {
	r, err := a.who.Invoices.Dispute(ctx, a.target.id, strings.Join(a.p.clauses["because"], " "), a.option...)
	return r.Block, err
}

// report makes a verb of what the bank's payment engine says: the reason code
// stands behind "because".
func report(step func(*client.Payments, context.Context, trade.DocID, client.Report, ...client.CallOption) (
	client.Receipt[trade.Header], error),
) verb {
	return func(ctx context.Context, s *stage, a act) (uint64, error) {
		engine := client.Report{Status: "ACSC", Reference: s.reference("BANK")}
		if reason := strings.Join(a.p.clauses["because"], " "); reason != "" {
			engine.Status, engine.Reason = "RJCT", reason
		}
		r, err := step(a.who.Payments, ctx, a.target.id, engine, a.option...)
		return r.Block, err
	}
}

// issue: issue invoice NAME to BUYER for AMOUNT CURRENCY, or issue voucher; see
// issueVoucher.
func issue(ctx context.Context, s *stage, a act) (uint64, error) {
	if len(a.p.object) == 2 && a.p.object[0] == "voucher" {
		return issueVoucher(ctx, s, a)
	}
	if len(a.p.object) != 2 || a.p.object[0] != "invoice" {
		return 0, errors.New("write: issue invoice NAME to BUYER for AMOUNT CURRENCY")
	}
	name := a.p.object[1]
	paper, known := s.papers[name]
	if !known {
		draft, err := s.draft(a, name)
		if err != nil {
			return 0, err
		}
		paper.kind, paper.id, paper.draft = invoice.Kind, a.who.NewDocID(), draft
	}
	r, err := a.who.Invoices.Issue(ctx, paper.draft, append(a.option, client.WithID(paper.id))...)
	if err == nil {
		s.papers[name] = paper
	}
	return r.Block, err
}

// draft writes an invoice of one line.
func (s *stage) draft(a act, name string) (invoice.Body, error) {
	buyer, err := a.p.one("to")
	if err != nil {
		return invoice.Body{}, err
	}
	cast := companies(s.ground.Topology)
	if _, ok := cast[buyer]; !ok {
		return invoice.Body{}, fmt.Errorf("%q is no company of this network", buyer)
	}
	sum, err := amount(a.p.clauses["for"])
	if err != nil {
		return invoice.Body{}, err
	}
	today, net := s.ground.Clock.Now(), sum.AmountMinor
	b := invoice.Body{
		Number: s.reference(name), TypeCode: "380", Currency: sum.Currency,
		IssueDate: trade.Date(today.Format(time.DateOnly)), DueDate: trade.Date(today.AddDate(0, 2, 0).Format(time.DateOnly)),
		Seller: invoice.Trader{Party: a.who.Profile().Company, Name: companyName(a.who.Profile().Name), Country: "CN"},
		Buyer:  invoice.Trader{Party: cast[buyer].id, Name: companyName(buyer), Country: "DE"},
		Lines: []invoice.Line{{
			ID: "1", Name: "goods of " + s.reference(name), Quantity: trade.Decimal{Unscaled: 1}, Unit: "H87",
			Price: trade.Decimal{Unscaled: net, Scale: 2}, NetMinor: net,
		}},
		Taxes:  []invoice.Tax{{Category: "G", BaseMinor: net}},
		Totals: invoice.Totals{LinesMinor: net, NetMinor: net, GrossMinor: net, DueMinor: net},
	}
	b.Salt, err = newSalt()
	return b, err
}

// Accounts of the stories; the IBANs are the examples of the registry.
var (
	debtor   = payment.Account{IBAN: "DE75512108001245126199", BIC: "ARGODEFF"}
	creditor = payment.Account{IBAN: "DE89370400440532013000", BIC: "ARGOCNSH"}
)

// usance is how long the conditions of an undertaking have, unless the story
// says otherwise.
const usance = 30 * 24 * time.Hour

// undertake: undertake NAME on INVOICE [for AMOUNT CURRENCY] [within SPAN] when FACT SCHEME ID [and …]
func undertake(ctx context.Context, s *stage, a act) (uint64, error) {
	inv, err := a.p.one("on")
	if err != nil {
		return 0, err
	}
	on, err := s.paper(inv)
	if err != nil {
		return 0, err
	}
	name := a.p.object[0]
	n := client.NewUndertaking{Invoice: on.id, Number: s.reference(name), Debtor: debtor, Creditor: creditor}
	if words, ok := a.p.clauses["for"]; ok {
		if n.Amount, err = amount(words); err != nil {
			return 0, err
		}
	}
	within := usance
	if words, ok := a.p.clauses["within"]; ok {
		if within, err = span(words); err != nil {
			return 0, err
		}
	}
	n.Deadline = trade.InstantOf(s.ground.Clock.Now().Add(within))
	if n.Conditions, err = s.conditions(a.p.clauses["when"]); err != nil {
		return 0, err
	}
	r, err := a.who.Undertakings.Issue(ctx, n, a.option...)
	if err == nil {
		s.papers[name] = paper{kind: undertaking.Kind, id: r.Value.ID}
		s.papers[name+".payment"] = paper{kind: payment.Kind, id: r.Payment}
	}
	return r.Block, err
}

// conditions reads "customs-cleared MRN 26DE and inspection-passed MRN 26DE".
func (s *stage) conditions(words []string) ([]undertaking.Condition, error) {
	var out []undertaking.Condition
	for one := range strings.SplitSeq(strings.Join(words, " "), " and ") {
		f := strings.Fields(one)
		if len(f) != 3 {
			return nil, fmt.Errorf("a condition is written like customs-cleared MRN 26DE587, not %q", one)
		}
		out = append(out, undertaking.Condition{Type: factType(f[0]), Scheme: f[1], Identifier: s.identifier(f[1], f[2])})
	}
	return out, nil
}

// standing: suspend NAME, reinstate NAME
func standing(step func(*client.Parties, context.Context, trade.PartyID, ...client.CallOption) (
	client.Receipt[partyRecord], error),
) verb {
	return func(ctx context.Context, s *stage, a act) (uint64, error) {
		company, ok := companies(s.ground.Topology)[a.p.object[0]]
		if !ok {
			return 0, fmt.Errorf("%q is no company of this network", a.p.object[0])
		}
		r, err := step(a.who.Parties, ctx, company.id, a.option...)
		return r.Block, err
	}
}
