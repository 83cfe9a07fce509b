package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
	"github.com/argosy-trade/argosy/gateway/client"
)

// voucherMoves and lotMoves are what people do with vouchers and their lots.
var (
	voucherMoves = map[string]verb{
		"accept": acceptVoucher, "reject": move(vouchers, (*client.Vouchers).Reject),
		"withdraw":  move(vouchers, (*client.Vouchers).Withdraw),
		"guarantee": move(vouchers, (*client.Vouchers).Guarantee),
		"decline":   move(vouchers, (*client.Vouchers).Decline),
		"expire":    move(vouchers, (*client.Vouchers).Expire),
		"close":     move(vouchers, (*client.Vouchers).Close), "read": readVoucher,
	}
	lotMoves = map[string]verb{
		"split": split, "transfer": offer((*client.Lots).Transfer), "pledge": offer((*client.Lots).Pledge),
		"ask-finance": offer((*client.Lots).AskFinance), "accept": move(lots, (*client.Lots).Accept),
		"take-in-pledge": move(lots, (*client.Lots).TakeInPledge), "finance": finance,
		"reject": move(lots, (*client.Lots).Reject), "recall": move(lots, (*client.Lots).Recall),
		"lapse": move(lots, (*client.Lots).Lapse), "release": release,
		"freeze": order((*client.Lots).Freeze), "unfreeze": order((*client.Lots).Unfreeze),
		"mature": move(lots, (*client.Lots).Mature), "pay": pay, "default": defaulted,
		"recourse": move(lots, (*client.Lots).Recourse), "write-off": move(lots, (*client.Lots).WriteOff),
		"buy-back": move(lots, (*client.Lots).BuyBack), "close": move(lots, (*client.Lots).Close),
		"cured": cured, "read": readLot,
	}
)

func vouchers(c *client.Client) *client.Vouchers { return c.Vouchers }
func lots(c *client.Client) *client.Lots         { return c.Lots }

// offerTime is how long an offer stands and term how long a voucher runs, unless
// the story says otherwise.
const (
	offerTime = time.Hour
	term      = 90 * 24 * time.Hour
)

// issueVoucher: issue voucher NAME on INVOICE [and …] [for AMOUNT CURRENCY] [due SPAN] [within SPAN] [backer NAME]
func issueVoucher(ctx context.Context, s *stage, a act) (uint64, error) {
	name := a.p.object[1]
	bank, err := s.bankOf(a.who)
	if err != nil {
		return 0, err
	}
	n := client.NewVoucher{
		Number: s.reference(name), Bank: bank, Recourse: true, Transferable: true,
		Contract: s.reference("CONTRACT"), Consent: s.reference("CONSENT"),
	}
	for _, inv := range a.p.clauses["on"] {
		if inv == "and" {
			continue
		}
		p, err := s.paper(inv)
		if err != nil {
			return 0, err
		}
		n.Invoices = append(n.Invoices, p.id)
	}
	if words, ok := a.p.clauses["for"]; ok {
		sum, err := amount(words)
		if err != nil {
			return 0, err
		}
		n.Units = sum.AmountMinor
	}
	runs, err := a.span("due", term)
	if err != nil {
		return 0, err
	}
	stands, err := a.span("within", offerTime)
	if err != nil {
		return 0, err
	}
	now := s.ground.Clock.Now().UTC()
	n.IssueDate, n.Due = trade.Date(now.Format(time.DateOnly)), trade.Date(now.Add(runs).Format(time.DateOnly))
	n.Deadline = trade.InstantOf(now.Add(stands))
	if n.Guarantor, err = s.companyIn(a, "backer"); err != nil {
		return 0, err
	}
	r, err := a.who.Vouchers.Issue(ctx, n, a.option...)
	if err == nil {
		s.papers[name] = paper{kind: voucher.Kind, id: r.Value.ID}
	}
	return r.Block, err
}

// span reads the clause's time, or returns what goes without saying.
func (a act) span(opener string, unsaid time.Duration) (time.Duration, error) {
	if words, ok := a.p.clauses[opener]; ok {
		return span(words)
	}
	return unsaid, nil
}

// companyIn returns the company that the clause names, "" without a clause.
func (s *stage) companyIn(a act, opener string) (trade.PartyID, error) {
	name, err := a.p.one(opener)
	if err != nil || name == "" {
		return "", err
	}
	company, ok := companies(s.ground.Topology)[name]
	if !ok {
		return "", fmt.Errorf("%q is no company of this network", name)
	}
	return company.id, nil
}

// bankOf returns the bank of the person's organisation.
func (s *stage) bankOf(who *client.Client) (trade.PartyID, error) {
	for _, e := range companies(s.ground.Topology) {
		if trade.MSPID(e.organisation.MSPID) == who.MSPID() && slices.Contains(e.roles, trade.RoleBank) {
			return e.id, nil
		}
	}
	return "", fmt.Errorf("%s has no bank", who.MSPID())
}

// becoming names the lots that a line makes.
func (s *stage) becoming(a act, ids ...trade.DocID) error {
	var names []string
	for _, w := range a.p.clauses["becoming"] {
		if w != "and" {
			names = append(names, w)
		}
	}
	if len(names) != len(ids) {
		return fmt.Errorf("say what the %d lots are called: becoming NAME and …", len(ids))
	}
	for i, id := range ids {
		s.papers[names[i]] = paper{kind: lot.Kind, id: id}
	}
	return nil
}

// acceptVoucher: accept VOUCHER becoming LOT
func acceptVoucher(ctx context.Context, s *stage, a act) (uint64, error) {
	r, err := a.who.Vouchers.Accept(ctx, a.target.id, a.option...)
	if err != nil {
		return r.Block, err
	}
	return r.Block, s.becoming(a, r.Lot)
}

// split: split LOT into AMOUNT CURRENCY and … becoming NAME and …
func split(ctx context.Context, s *stage, a act) (uint64, error) {
	var sizes []int64
	for one := range strings.SplitSeq(strings.Join(a.p.clauses["into"], " "), " and ") {
		sum, err := amount(strings.Fields(one))
		if err != nil {
			return 0, err
		}
		sizes = append(sizes, sum.AmountMinor)
	}
	r, err := a.who.Lots.Split(ctx, a.target.id, sizes, a.option...)
	if err != nil {
		return r.Block, err
	}
	return r.Block, s.becoming(a, r.Parts...)
}

// offer makes a verb: transfer LOT to NAME becoming LOT because REASON [within SPAN]
func offer(step func(*client.Lots, context.Context, trade.DocID, client.LotOffer, ...client.CallOption) (
	client.OfferedLot, error),
) verb {
	return func(ctx context.Context, s *stage, a act) (uint64, error) {
		stands, err := a.span("within", offerTime)
		if err != nil {
			return 0, err
		}
		o := client.LotOffer{
			Reference: s.reference(strings.Join(a.p.clauses["because"], " ")),
			Deadline:  trade.InstantOf(s.ground.Clock.Now().Add(stands)),
		}
		if o.To, err = s.companyIn(a, "to"); err != nil {
			return 0, err
		}
		r, err := step(a.who.Lots, ctx, a.target.id, o, a.option...)
		if err != nil {
			return r.Block, err
		}
		return r.Block, s.becoming(a, r.Successor)
	}
}

func finance(ctx context.Context, s *stage, a act) (uint64, error) {
	r, err := a.who.Lots.Finance(ctx, a.target.id, client.Financed{
		Status: "ACSC", Reference: s.reference("LOAN"), RegistryNumber: s.reference("REGISTRY"),
	}, a.option...)
	return r.Block, err
}

// release: release LOT becoming LOT
func release(ctx context.Context, s *stage, a act) (uint64, error) {
	r, err := a.who.Lots.Release(ctx, a.target.id, a.option...)
	if err != nil {
		return r.Block, err
	}
	return r.Block, s.becoming(a, r.Successor)
}

// order makes a verb: freeze LOT because ORDER
func order(step func(*client.Lots, context.Context, trade.DocID, client.Order, ...client.CallOption) (
	client.Receipt[trade.Header], error),
) verb {
	return func(ctx context.Context, s *stage, a act) (uint64, error) {
		r, err := step(a.who.Lots, ctx, a.target.id, client.Order{
			Office: "Court", Reference: strings.Join(a.p.clauses["because"], " "),
		}, a.option...)
		return r.Block, err
	}
}

// pay: pay LOT [for AMOUNT CURRENCY becoming NAME and NAME]
func pay(ctx context.Context, s *stage, a act) (uint64, error) {
	p := client.PaidLot{Status: "ACSC", Reference: s.reference("PAYMENT")}
	if words, ok := a.p.clauses["for"]; ok {
		sum, err := amount(words)
		if err != nil {
			return 0, err
		}
		p.AmountMinor = sum.AmountMinor
	}
	r, err := a.who.Lots.Pay(ctx, a.target.id, p, a.option...)
	if err != nil || len(r.Parts) == 0 {
		return r.Block, err
	}
	return r.Block, s.becoming(a, r.Parts...)
}

// defaulted: default LOT; its issuer comes onto the default list.
func defaulted(ctx context.Context, _ *stage, a act) (uint64, error) {
	r, err := a.who.Lots.Default(ctx, a.target.id, a.option...)
	if err == nil && r.ListFault != nil {
		return r.Block, r.ListFault
	}
	if r.Listed != nil {
		return r.Listed.Block, err
	}
	return r.Block, err
}

// cured: cured LOT tells the default list of it again.
func cured(ctx context.Context, _ *stage, a act) (uint64, error) {
	r, err := a.who.Defaults.Report(ctx, []trade.DocID{a.target.id}, a.option...)
	return r.Block, err
}

func readVoucher(ctx context.Context, _ *stage, a act) (uint64, error) {
	d, err := a.who.Vouchers.Get(ctx, a.target.id)
	if err != nil {
		return 0, err
	}
	return 0, genuine(d.Header, d.Bytes)
}

func readLot(ctx context.Context, _ *stage, a act) (uint64, error) {
	d, err := a.who.Lots.Get(ctx, a.target.id)
	if err != nil {
		return 0, err
	}
	return 0, genuine(d.Header, d.Bytes)
}

// inDefault: in-default COMPANY
func inDefault(ctx context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 1 {
		return false, "", errors.New("write: in-default COMPANY")
	}
	company, ok := companies(s.ground.Topology)[words[0]]
	if !ok {
		return false, "", fmt.Errorf("%q is no company of this network", words[0])
	}
	c, err := s.person(ctx, observer)
	if err != nil {
		return false, "", err
	}
	r, err := c.Defaults.Get(ctx, company.id)
	return r.InDefault(), fmt.Sprintf("%d lots unpaid", r.Open), err
}

// owned: owned LOT by COMPANY for AMOUNT CURRENCY; COMPANY itself looks.
func owned(ctx context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 6 || words[1] != "by" || words[3] != "for" {
		return false, "", errors.New("write: owned LOT by COMPANY for AMOUNT CURRENCY")
	}
	p, err := s.paper(words[0])
	if err != nil {
		return false, "", err
	}
	sum, err := amount(words[4:])
	if err != nil {
		return false, "", err
	}
	c, err := s.person(ctx, words[2])
	if err != nil {
		return false, "", err
	}
	d, err := c.Lots.Get(ctx, p.id)
	if err != nil {
		return false, "", err
	}
	holds := d.Body.Owner == companies(s.ground.Topology)[words[2]].id && d.Body.Units() == sum.AmountMinor &&
		d.Body.Terms.Currency == sum.Currency
	return holds, fmt.Sprintf("%d minor units of %s", d.Body.Units(), d.Body.Owner), nil
}
