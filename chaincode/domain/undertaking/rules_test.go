package undertaking

import (
	"crypto/sha256"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

const (
	bank     trade.PartyID = "529900ARGOSYIMBANK18"
	buyer    trade.PartyID = "529900ARGOSYIMPRTR96"
	seller   trade.PartyID = "529900ARGOSYEXPRTR48"
	id       trade.DocID   = "BankMSP.00112233445566778899aabbccddeeff"
	invID    trade.DocID   = "SellerMSP.00112233445566778899aabbccddeeff"
	now                    = trade.Instant(1_800_000_000_000)
	deadline               = now + 1000
)

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := canon.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// scene is an undertaking in some state with all that its rules may ask for.
type scene struct {
	doc   trade.Document
	facts trade.Facts
}

func newScene(t *testing.T, state string) scene {
	t.Helper()
	amount := trade.Money{AmountMinor: 1000, Currency: "EUR"}
	inv := invoice.Body{
		Salt: trade.Salt{1}, Currency: "EUR", Seller: invoice.Trader{Party: seller},
		Buyer: invoice.Trader{Party: buyer}, Totals: invoice.Totals{DueMinor: 1000},
	}
	parties := []trade.MSPID{"BankMSP", "SellerMSP"}
	invoiceDoc := trade.Document{Header: trade.Header{
		ID: invID, Kind: invoice.Kind, State: invoice.Accepted, Version: 2,
		Digest: trade.Digest{7}, Parties: parties,
	}, Body: encode(t, inv)}
	body := Body{
		Salt: trade.Salt{2}, Number: "U-1", Form: "URDTT", Obligor: bank, Applicant: buyer, Beneficiary: seller,
		Amount: amount, Deadline: deadline, Invoice: invoiceDoc.Header.Reference(),
		Conditions: []Condition{{Type: attest.CustomsCleared, Scheme: attest.SchemeMRN, Identifier: "M"}},
	}
	payID := payment.IDFor(id, 1)
	pay := payment.Body{
		Salt: trade.Salt{3}, Cause: id, Bank: bank, Amount: amount, Remittance: "I-1",
		UETR:     "8a562c67-ca16-48ba-b074-65581be6f001",
		Debtor:   payment.Account{Party: bank, Name: "Bank", Other: "1", BIC: "ARGODEFF"},
		Creditor: payment.Account{Party: seller, Name: "Seller", Other: "2", BIC: "ARGOCNSH"},
	}
	payDoc := trade.Document{Header: trade.Header{ID: payID, Kind: payment.Kind}, Body: encode(t, pay)}
	s := scene{doc: trade.Document{
		Header: trade.Header{ID: id, Kind: Kind, State: state, Parties: parties},
		Body:   encode(t, body),
	}}
	if state != "" {
		s.doc.Header.Version, s.doc.Header.Deadline, s.doc.Header.Release = 1, deadline, body.release()
		payDoc.Header.State = map[string]string{
			Payable: payment.Created, Stopped: payment.Stopped,
			Paid: payment.Settled, Disputed: payment.Sent, Rejected: payment.Cancelled, Expired: payment.Cancelled,
			Issued: payment.Held, Accepted: payment.Held,
		}[state]
	}
	s.facts = trade.Facts{
		Now:     now,
		Related: map[trade.DocID]trade.Document{invID: invoiceDoc, payID: payDoc},
		Release: map[trade.Condition]trade.FactStatus{},
		Digests: map[trade.DocID]trade.BodyDigests{payID: {SHA256: sha256.Sum256(payDoc.Body)}},
	}
	return s
}

// suit gives the scene the caller, facts and time that the action asks for.
func (s *scene) suit(action string) {
	as := func(p trade.PartyID, roles ...trade.Role) {
		s.facts.Caller.Party = trade.Party{ID: p, Active: true, Roles: roles}
	}
	switch action {
	case Issue:
		as(bank, trade.RoleBank)
	case Accept, Reject:
		as(seller)
	case Release:
		for _, c := range s.doc.Header.Release {
			s.facts.Release[c] = trade.FactStatus{State: trade.FactEstablished, EstablishedAt: now}
		}
	case Contest, Discharge:
		p := s.facts.Related[payment.IDFor(id, 1)]
		p.Header.State = map[string]string{Contest: payment.Sent, Discharge: payment.Settled}[action]
		s.facts.Related[p.Header.ID] = p
	case Expire:
		s.facts.Now = deadline + 1
	}
}

func TestEveryStateAndAction(t *testing.T) {
	if err := Table.Check(); err != nil {
		t.Fatal(err)
	}
	for _, state := range Table.States() {
		for _, action := range Table.Actions() {
			s := newScene(t, state)
			s.suit(action)
			effects, err := Apply(s.doc, trade.Command{ID: id, Action: action}, s.facts)
			step, listed := Table.Next(state, action)
			if action == Stop && state == Paid { // a stop that comes too late is a dispute
				step, listed = Table.Next(state, Contest)
			}
			switch {
			case listed != nil:
				if fault.CodeOf(err) != fault.TransitionForbidden {
					t.Errorf("%q in state %q: %v, want a refusal", action, state, err)
				}
			case err != nil:
				t.Errorf("%q in state %q: %v", action, state, err)
			case effects.Doc.Header.State != step.To:
				t.Errorf("%q in state %q leads to %q, want %q", action, state, effects.Doc.Header.State, step.To)
			}
		}
	}
}

func TestPaymentMovesWithItsCause(t *testing.T) {
	for _, tc := range []struct{ state, action, want string }{
		{"", Issue, payment.Held},
		{Accepted, Release, payment.Created},
		{Stopped, Release, payment.Created},
		{Payable, Stop, payment.Stopped},
		{Issued, Reject, payment.Cancelled},
		{Accepted, Expire, payment.Cancelled},
		{Stopped, Expire, payment.Cancelled},
	} {
		s := newScene(t, tc.state)
		s.suit(tc.action)
		e, err := Apply(s.doc, trade.Command{ID: id, Action: tc.action}, s.facts)
		if err != nil || len(e.Others) != 1 || e.Others[0].Header.State != tc.want {
			t.Errorf("%s in state %q: %+v %v, want the payment %s", tc.action, tc.state, e.Others, err, tc.want)
		}
	}
}

func TestOnlyWhoIsNamedMayAct(t *testing.T) {
	for _, tc := range []struct {
		state, action string
		party         trade.Party
		want          fault.Code
	}{
		{"", Issue, trade.Party{ID: seller, Active: true}, fault.NotParty},
		{"", Issue, trade.Party{ID: bank, Active: true}, fault.RoleMissing},
		{"", Issue, trade.Party{ID: bank}, fault.PartyInactive},
		{Issued, Accept, trade.Party{}, fault.CallerUnknown},
		{Issued, Accept, trade.Party{ID: buyer, Active: true}, fault.NotParty},
	} {
		s := newScene(t, tc.state)
		s.facts.Caller.Party = tc.party
		_, err := Apply(s.doc, trade.Command{ID: id, Action: tc.action}, s.facts)
		if got := fault.CodeOf(err); got != tc.want {
			t.Errorf("%s by %+v: %q, want %s", tc.action, tc.party, got, tc.want)
		}
	}
}

func TestInvoiceOfAnotherCircleIsNotShown(t *testing.T) {
	s := newScene(t, "")
	s.suit(Issue)
	s.doc.Header.Parties = append(s.doc.Header.Parties, "ThirdMSP")
	_, err := Apply(s.doc, trade.Command{ID: id, Action: Issue}, s.facts)
	if got := fault.CodeOf(err); got != fault.NotParty {
		t.Fatalf("got %q (%v)", got, err)
	}
}

func TestLateFactsDoNotRelease(t *testing.T) {
	s := newScene(t, Accepted)
	for _, c := range s.doc.Header.Release {
		s.facts.Release[c] = trade.FactStatus{State: trade.FactEstablished, EstablishedAt: deadline + 1}
	}
	_, err := Apply(s.doc, trade.Command{ID: id, Action: Release}, s.facts)
	if got := fault.CodeOf(err); got != fault.Expired {
		t.Fatalf("got %q (%v)", got, err)
	}
}
