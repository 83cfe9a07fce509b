package e2e_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/e2e/scenario"
	"github.com/argosy-trade/argosy/gateway/client"
)

// secrets are words of one deal that nobody but its parties may ever hold.
// They are random, so that nothing else contains them by chance.
type secrets struct {
	goods, number, buyer, reason, mrn, iban, reference string
	amountMinor                                        int64
}

func newSecrets(t *testing.T) secrets {
	t.Helper()
	word := func() string {
		var b [6]byte
		_, _ = rand.Read(b[:])
		return hex.EncodeToString(b[:])
	}
	s := secrets{
		goods: "presses-" + word(), number: "INV-" + word(), buyer: "Buyer-" + word(), reason: "reason-" + word(),
		mrn: "26DE" + word(), reference: "BANK-" + word(),
	}
	account, err := rand.Int(rand.Reader, big.NewInt(1e18))
	if err != nil {
		t.Fatal(err)
	}
	bban := fmt.Sprintf("%018d", account)
	number, _ := new(big.Int).SetString(bban+"131400", 10) // DE00 behind the account, letters as numbers
	s.iban = fmt.Sprintf("DE%02d%s", 98-new(big.Int).Mod(number, big.NewInt(97)).Int64(), bban)
	amount, err := rand.Int(rand.Reader, big.NewInt(8e11))
	if err != nil {
		t.Fatal(err)
	}
	s.amountMinor = 1e11 + amount.Int64()
	return s
}

// words are the secrets as they would stand in a document.
func (s secrets) words() []string {
	return []string{s.goods, s.number, s.buyer, s.reason, s.mrn, s.iban, s.reference, fmt.Sprint(s.amountMinor)}
}

// invoice is an invoice over the secrets.
func (s secrets) invoice(seller, buyer *client.Client) invoice.Body {
	body := invoice.Body{
		Salt: newSalt(), Number: s.number, IssueDate: "2026-01-05", TypeCode: "380", Currency: "EUR", DueDate: "2026-03-05",
		Seller: invoice.Trader{Party: seller.Profile().Company, Name: "Seller of " + s.goods, Country: "CN"},
		Buyer:  invoice.Trader{Party: buyer.Profile().Company, Name: s.buyer, Country: "DE"},
		Lines: []invoice.Line{{
			ID: "1", Name: s.goods, Quantity: trade.Decimal{Unscaled: 1}, Unit: "H87",
			Price: trade.Decimal{Unscaled: s.amountMinor, Scale: 2}, NetMinor: s.amountMinor,
		}},
		Taxes: []invoice.Tax{{Category: "G", BaseMinor: s.amountMinor}},
	}
	n := s.amountMinor
	body.Totals = invoice.Totals{LinesMinor: n, NetMinor: n, GrossMinor: n, DueMinor: n}
	return body
}

// debtor and creditor are the accounts of a deal.
func (s secrets) debtor(bank *client.Client) payment.Account {
	return payment.Account{
		Party: bank.Profile().Company, Name: "The bank of " + s.buyer, IBAN: "DE75512108001245126199", BIC: "ARGODEFF",
	}
}

func (s secrets) creditor(seller *client.Client) payment.Account {
	return payment.Account{
		Party: seller.Profile().Company, Name: "Seller of " + s.goods, IBAN: s.iban, BIC: "ARGOCNSH",
	}
}

func newSalt() (s trade.Salt) {
	_, _ = rand.Read(s[:])
	return s
}

// people are the parties of a deal, and an outsider.
type people struct {
	net                             *nativeNetwork
	exporter, importer, bank, rival *client.Client
}

func newPeople(t *testing.T) people {
	t.Helper()
	n := onNative(t)
	return people{n, n.client(t, "exporter"), n.client(t, "importer"), n.client(t, "importbank"), n.client(t, "rival")}
}

func (n *nativeNetwork) client(t *testing.T, name string) *client.Client {
	t.Helper()
	c, err := n.Client(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// seen waits until every peer has the block.
func (n *nativeNetwork) seen(t *testing.T, block uint64) {
	t.Helper()
	if err := scenario.Everywhere(t.Context(), n.ground, block); err != nil {
		t.Fatalf("block %d: %v", block, err)
	}
}

// done waits until every peer has what the step has caused.
func done[T any](t *testing.T, n *nativeNetwork, r client.Receipt[T], err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	n.seen(t, r.Block)
	return r.Value
}

// establish makes both facts of a deal true.
func (p people) establish(t *testing.T, s secrets) {
	t.Helper()
	for _, m := range []scenario.Message{
		{Source: scenario.Customs, Type: attest.CustomsCleared, Scheme: attest.SchemeMRN, Identifier: s.mrn},
		{Source: scenario.Carrier, Type: attest.InspectionPassed, Scheme: attest.SchemeMRN, Identifier: s.mrn},
	} {
		r, err := p.net.ground.Oracle.Report(t.Context(), m)
		if v := done(t, p.net, r, err); v.Fact.State != trade.FactEstablished {
			t.Fatalf("%s is %s", m.Type, v.Fact.State)
		}
	}
}

func (s secrets) conditions() []undertaking.Condition {
	return []undertaking.Condition{
		{Type: attest.CustomsCleared, Scheme: attest.SchemeMRN, Identifier: s.mrn},
		{Type: attest.InspectionPassed, Scheme: attest.SchemeMRN, Identifier: s.mrn},
	}
}

// deal is the ids of one deal's documents.
type deal struct{ invoice, undertaking, payment trade.DocID }

// trade takes a deal through every step that there is, up to settlement, and
// returns the last block.
func (p people) trade(t *testing.T, s secrets) (d deal, last uint64) {
	t.Helper()
	ctx, n := t.Context(), p.net
	inv, err := p.exporter.Invoices.Issue(ctx, s.invoice(p.exporter, p.importer))
	d.invoice = done(t, n, inv, err).ID
	disputed, err := p.importer.Invoices.Dispute(ctx, d.invoice, s.reason)
	done(t, n, disputed, err)
	accepted, err := p.importer.Invoices.Accept(ctx, d.invoice)
	done(t, n, accepted, err)
	issued, err := p.bank.Undertakings.Issue(ctx, client.NewUndertaking{
		Invoice: d.invoice, Number: s.number, Deadline: trade.InstantOf(time.Now().Add(time.Hour)),
		Conditions: s.conditions(), Debtor: s.debtor(p.bank), Creditor: s.creditor(p.exporter),
	})
	d.undertaking, d.payment = done(t, n, issued.Receipt, err).ID, issued.Payment
	agreed, err := p.exporter.Undertakings.Accept(ctx, d.undertaking)
	done(t, n, agreed.Receipt, err)
	p.establish(t, s)
	released, err := p.rival.Undertakings.Release(ctx, d.undertaking)
	done(t, n, released, err)
	authorised, err := p.bank.Payments.Authorise(ctx, d.payment)
	done(t, n, authorised, err)
	sent, err := p.bank.Payments.Send(ctx, d.payment)
	done(t, n, sent, err)
	settled, err := p.bank.Payments.Settle(ctx, d.payment, client.Report{Status: "ACSC", Reference: s.reference})
	done(t, n, settled, err)
	paid, err := p.rival.Undertakings.Discharge(ctx, d.undertaking)
	if v := done(t, n, paid, err); v.State != undertaking.Paid {
		t.Fatalf("the deal ended %s", v.State)
	}
	return d, paid.Block
}

// contains reports whether the listing holds the document.
func contains(documents []trade.Header, id trade.DocID) bool {
	return slices.ContainsFunc(documents, func(h trade.Header) bool { return h.ID == id })
}
