package gatewaytest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/client"
)

// Organisations are those of a Town.
var Organisations = []trade.MSPID{"AuthorityMSP", "CarrierMSP", "ExportBankMSP", "ImportBankMSP"}

// Town is a world with a constitution, companies and a customs source in it.
type Town struct {
	*World
	// Exporter, Importer and Rival are traders, ImportBank is the importer's
	// bank, Relay may report claims.
	Exporter, Importer, ImportBank, Rival, Relay *client.Client
	// Governors are governor and attester of each organisation.
	Governors []*client.Client

	key    *sm2.PrivateKey
	policy trade.Digest
}

// timing waits long for what must come and shortly for what must not.
var timing = client.Timing{
	Evaluate: 10 * time.Second, Endorse: 20 * time.Second, Submit: 10 * time.Second, CommitStatus: 5 * time.Second,
	Outcome: 20 * time.Second, Unavailable: 500 * time.Millisecond, Backoff: time.Millisecond,
	BackoffCap: 20 * time.Millisecond,
}

// NewTown founds a town.
func NewTown(tb testing.TB) *Town {
	tb.Helper()
	w := &Town{World: NewWorld(tb, Organisations...)}
	join := func(org trade.MSPID, name, roles string, company trade.PartyID) *client.Client {
		return w.Connect(tb, Member{MSPID: org, Name: name, Roles: roles, Company: company}, client.WithTiming(timing))
	}
	for _, org := range Organisations {
		g := join(org, "governor-"+string(org), "governor,attester", "")
		if _, err := g.Constitution.Approve(tb.Context(), Organisations); err != nil {
			tb.Fatal(err)
		}
		w.Governors = append(w.Governors, g)
	}
	w.Exporter = join("ExportBankMSP", "exporter", "trader", "529900EXAMPLEEXP0105")
	w.Importer = join("ImportBankMSP", "importer", "trader", "529900EXAMPLEIMP0175")
	w.ImportBank = join("ImportBankMSP", "importbank", "bank", "529900EXAMPLEMBK0193")
	w.Rival = join("CarrierMSP", "rival", "trader", "529900EXAMPLERIV0179")
	w.Relay = join("AuthorityMSP", "relay", "relay", "")
	for _, c := range []*client.Client{w.Exporter, w.Importer, w.ImportBank, w.Rival} {
		w.register(tb, c)
	}
	w.customs(tb)
	return w
}

func (w *Town) register(tb testing.TB, c *client.Client) {
	tb.Helper()
	id := c.Profile().Company
	roles := []trade.Role{trade.RoleTrader}
	if c == w.ImportBank {
		roles = []trade.Role{trade.RoleBank}
	}
	attester := w.Governors[slices.Index(Organisations, c.MSPID())]
	application := party.Application{ID: id, Name: "The " + c.Profile().Name, Roles: roles}
	if _, err := c.Parties.Apply(tb.Context(), application); err != nil {
		tb.Fatal(err)
	}
	if _, err := attester.Parties.Verify(tb.Context(), id); err != nil {
		tb.Fatal(err)
	}
	r, err := c.Parties.Activate(tb.Context(), id)
	if err != nil || r.Value.State != party.Active {
		tb.Fatalf("%+v, %v", r, err)
	}
}

func (w *Town) customs(tb testing.TB) {
	tb.Helper()
	var err error
	if w.key, err = sm2.GenerateKey(rand.Reader); err != nil {
		tb.Fatal(err)
	}
	public := fmt.Sprintf("%064x%064x", w.key.X, w.key.Y)
	now := trade.InstantOf(w.Stub.Now())
	p := attest.Policy{Type: attest.CustomsCleared, Sources: []attest.SourceID{"customs"}, Threshold: 1}
	for i, g := range w.Governors[:3] {
		if i == 0 {
			_, err = g.Sources.Propose(tb.Context(), source.Proposal{
				ID: "customs", Types: []string{attest.CustomsCleared}, SM2PublicKey: public,
				ValidFrom: now - 1000, ValidTo: now + 86_400_000,
			})
		} else {
			_, err = g.Sources.Approve(tb.Context(), "customs")
		}
		if err != nil {
			tb.Fatal(err)
		}
		r, err := g.Policies.Propose(tb.Context(), p)
		if err != nil {
			tb.Fatal(err)
		}
		w.policy = r.Value.Digest
	}
	if active, err := w.Relay.Policies.Get(tb.Context(), p.Type); err != nil || active.Digest != w.policy {
		tb.Fatalf("policy %+v, %v", active, err)
	}
}

// Claim returns a claim of customs that the declaration mrn is cleared, or no
// longer.
func (w *Town) Claim(tb testing.TB, mrn string, sequence uint64, retracted bool) attest.SignedClaim {
	tb.Helper()
	now := trade.InstantOf(w.Stub.Now())
	c := attest.Claim{
		Channel: Channel, Policy: w.policy, Source: "customs", Subject: attest.SubjectOf(attest.SchemeMRN, mrn),
		Type: attest.CustomsCleared, Classifier: attest.Actual, OccurredAt: now, ObservedAt: now,
		Evidence: trade.Digest{1}, Sequence: sequence, Retracted: retracted,
	}
	digest, err := sm2.CalculateSM2Hash(&w.key.PublicKey, c.SignedBytes(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	r, s, err := sm2.Sign(rand.Reader, &w.key.PrivateKey, digest)
	if err != nil {
		tb.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return attest.SignedClaim{Claim: c, Signature: signature}
}

// Sell issues and accepts an invoice and has the bank undertake to pay it.
func (w *Town) Sell(tb testing.TB, mrn string) (trade.DocID, client.IssuedUndertaking) {
	tb.Helper()
	ctx := tb.Context()
	inv, err := w.Exporter.Invoices.Issue(ctx, invoice.Body{
		Number: "EX-1", IssueDate: "2026-11-02", TypeCode: "380", Currency: "EUR", DueDate: "2026-12-02",
		Seller: invoice.Trader{Party: w.Exporter.Profile().Company, Name: "Exporter", Country: "DE"},
		Buyer:  invoice.Trader{Party: w.Importer.Profile().Company, Name: "Importer", Country: "NL"},
		Lines: []invoice.Line{{
			ID: "1", Name: "Valve", Quantity: trade.Decimal{Unscaled: 10}, Unit: "C62",
			Price: trade.Decimal{Unscaled: 1000, Scale: 2}, NetMinor: 10000,
		}},
		Taxes:  []invoice.Tax{{Category: "G", BaseMinor: 10000}},
		Totals: invoice.Totals{LinesMinor: 10000, NetMinor: 10000, GrossMinor: 10000, DueMinor: 10000},
	})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Importer.Invoices.Accept(ctx, inv.Value.ID); err != nil {
		tb.Fatal(err)
	}
	u, err := w.ImportBank.Undertakings.Issue(ctx, client.NewUndertaking{
		Invoice: inv.Value.ID, Number: "U-1", Deadline: trade.InstantOf(w.Stub.Now()) + 86_400_000,
		Conditions: []undertaking.Condition{{Type: attest.CustomsCleared, Scheme: attest.SchemeMRN, Identifier: mrn}},
		Debtor:     payment.Account{IBAN: "NL91ABNA0417164300", BIC: "ABNANL2A"},
		Creditor:   payment.Account{IBAN: "DE89370400440532013000", BIC: "COBADEFF"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return inv.Value.ID, u
}
