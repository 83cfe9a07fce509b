package payment

import (
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

const (
	obligor trade.PartyID = "529900ARGOSYIMBANK18"
	seller  trade.PartyID = "529900ARGOSYEXPRTR48"
)

func valid() Body {
	return Body{
		Salt: trade.Salt{1}, Cause: "BankMSP.00112233445566778899aabbccddeeff", Bank: obligor,
		Debtor:   Account{Party: obligor, Name: "Bank", IBAN: "DE75512108001245126199", BIC: "ARGODEFF"},
		Creditor: Account{Party: seller, Name: "Seller", IBAN: "DE89370400440532013000", BIC: "ARGODEFFXXX"},
		Amount:   trade.Money{AmountMinor: 1, Currency: "EUR"}, UETR: "8a562c67-ca16-48ba-b074-65581be6f001", Remittance: "I",
	}
}

func TestEveryStateAndAction(t *testing.T) {
	if err := Table.Check(); err != nil {
		t.Fatal(err)
	}
	body, err := canon.Encode(valid())
	if err != nil {
		t.Fatal(err)
	}
	args := map[string]ReportArgs{
		Settle: {Salt: trade.Salt{1}, Status: "ACSC", Reference: "R"},
		Reject: {Salt: trade.Salt{1}, Status: "RJCT", Reason: "AC04", Reference: "R"},
	}
	for _, state := range Table.States() {
		for _, action := range Table.Actions() {
			cmd := trade.Command{Action: action}
			if a, ok := args[action]; ok {
				if cmd.Args, err = canon.Encode(a); err != nil {
					t.Fatal(err)
				}
			}
			doc := trade.Document{Header: trade.Header{State: state}, Body: body}
			e, err := Apply(doc, cmd, trade.Facts{Caller: trade.Caller{Party: trade.Party{ID: obligor, Active: true}}})
			step, unlisted := Table.Next(state, action)
			switch {
			case unlisted != nil || step.Who == cause:
				if fault.CodeOf(err) != fault.TransitionForbidden {
					t.Errorf("%s in state %q: %v, want a refusal", action, state, err)
				}
			case err != nil || e.Doc.Header.State != step.To:
				t.Errorf("%s in state %q: %q %v, want %q", action, state, e.Doc.Header.State, err, step.To)
			}
			h, err := ByCause(trade.Header{State: state}, action)
			if ok := unlisted == nil && step.Who == cause; ok != (err == nil) || (ok && h.State != step.To) {
				t.Errorf("by its cause: %s in state %q: %q %v", action, state, h.State, err)
			}
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*Body)
		field  string
	}{
		"wrong IBAN check":      {func(b *Body) { b.Creditor.IBAN = "DE88370400440532013000" }, "iban"},
		"two account numbers":   {func(b *Body) { b.Creditor.Other = "1" }, "iban"},
		"no account number":     {func(b *Body) { b.Debtor.IBAN = "" }, "iban"},
		"BIC of nine":           {func(b *Body) { b.Debtor.BIC = "ARGODEFFX" }, "bic"},
		"UETR of version 1":     {func(b *Body) { b.UETR = "8a562c67-ca16-18ba-b074-65581be6f001" }, "uetr"},
		"no amount":             {func(b *Body) { b.Amount.AmountMinor = 0 }, "amountMinor"},
		"control character":     {func(b *Body) { b.Remittance = "a\nb" }, "remittance"},
		"salt left empty":       {func(b *Body) { b.Salt = trade.Salt{} }, "salt"},
		"currency in lowercase": {func(b *Body) { b.Amount.Currency = "eur" }, "currency"},
	} {
		b := valid()
		tc.change(&b)
		f, ok := fault.From(b.Validate())
		if !ok || f.Field != tc.field {
			t.Errorf("%s: got %v, want a refusal of %s", name, f, tc.field)
		}
	}
}

func TestReportsMustSayWhatTheyAre(t *testing.T) {
	for _, tc := range []struct {
		action string
		args   ReportArgs
		want   fault.Code
	}{
		{Settle, ReportArgs{Salt: trade.Salt{1}, Status: "RJCT", Reference: "R"}, fault.FieldInvalid},
		{Settle, ReportArgs{Salt: trade.Salt{1}, Status: "ACSP", Reference: "R"}, fault.FieldInvalid},
		{Settle, ReportArgs{Salt: trade.Salt{1}, Status: "ACSC"}, fault.FieldRequired},
		{Settle, ReportArgs{Status: "ACSC", Reference: "R"}, fault.FieldRequired},
		{Reject, ReportArgs{Salt: trade.Salt{1}, Status: "RJCT", Reference: "R"}, fault.FieldInvalid},
	} {
		b, err := canon.Encode(tc.args)
		if err != nil {
			t.Fatal(err)
		}
		if got := fault.CodeOf(checkReport(tc.action, b)); got != tc.want {
			t.Errorf("%s %+v: %q, want %s", tc.action, tc.args, got, tc.want)
		}
	}
}

func TestOneInstructionPerCauseAndAttempt(t *testing.T) {
	seen := map[trade.DocID]bool{}
	for _, c := range []trade.DocID{"A.00112233445566778899aabbccddeeff", "A.00112233445566778899aabbccddeefe"} {
		for n := uint32(1); n < 4; n++ {
			id := IDFor(c, n)
			if err := id.Validate(); err != nil || seen[id] || id != IDFor(c, n) || id.MSP() != "A" {
				t.Fatalf("%s: %v", id, err)
			}
			seen[id] = true
		}
	}
}
