package en16931_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/en16931/en16931test"
	"github.com/argosy-trade/argosy/gateway/lexical"
)

func TestTheLedgersBodySurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := en16931test.Body().Draw(t, "body")
		if err := want.Validate(); err != nil {
			t.Fatal(err)
		}
		inv, err := en16931.FromBody(want)
		if err != nil {
			t.Fatal(err)
		}
		got, findings := inv.Body(en16931.BodyOptions{})
		if en16931.AnyFatal(findings) {
			t.Fatalf("%+v", findings)
		}
		got.Salt = want.Salt
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("-want +got\n%s", d)
		}
	})
}

// TestAnInvoiceOfOneCategoryIsValid holds that what the ledger keeps suffices
// for a valid invoice where there is one VAT category, as in export.
func TestAnInvoiceOfOneCategoryIsValid(t *testing.T) {
	inv, err := en16931.FromBody(sample())
	if err != nil {
		t.Fatal(err)
	}
	if findings := en16931.Check(inv); len(findings) != 0 {
		t.Errorf("%+v", findings)
	}
}

func sample() invoice.Body {
	return invoice.Body{
		Salt: trade.Salt{1}, Number: "EXP-1", IssueDate: "2026-11-02", TypeCode: "380", Currency: "EUR",
		DueDate: "2027-01-31",
		Seller:  invoice.Trader{Party: "529900EXAMPLEEXP0105", Name: "Hansa Pumps GmbH", Country: "DE", TaxID: "DE999999999"},
		Buyer:   invoice.Trader{Party: "91350100M000100Y43", Name: "Buyer", Country: "CN"},
		Lines: []invoice.Line{{
			ID: "1", Name: "Pump", Unit: "C62", HSCode: "841370", NetMinor: 20050,
			Quantity: trade.Decimal{Unscaled: 2}, Price: trade.Decimal{Unscaled: 10025, Scale: 2},
		}},
		Taxes:  []invoice.Tax{{Category: "G", BaseMinor: 21050}},
		Totals: invoice.Totals{LinesMinor: 20050, ChargesMinor: 1000, NetMinor: 21050, GrossMinor: 21050, DueMinor: 21050},
	}
}

func TestBodyOfAnotherCurrencyIsRefused(t *testing.T) {
	b := sample()
	b.Currency = "XXZ"
	if _, err := en16931.FromBody(b); fault.CodeOf(err) != fault.FieldInvalid {
		t.Errorf("got %v", err)
	}
}

func TestRelax(t *testing.T) {
	for currency, want := range map[string]en16931.Severity{
		"KWD": en16931.Warning, "EUR": en16931.Fatal, "JPY": en16931.Fatal, "": en16931.Fatal,
	} {
		findings := en16931.Relax([]en16931.Finding{{Rule: "BR-DEC-18", Severity: en16931.Fatal}}, currency)
		if findings[0].Severity != want {
			t.Errorf("%q: %s", currency, findings[0].Severity)
		}
	}
}

// TestRulesArePure holds that Check leaves what it is given alone, whatever
// that is, and answers the same again.
func TestRulesArePure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := en16931test.Invoice().Draw(t, "invoice")
		first := en16931.Check(inv)
		if d := cmp.Diff(first, en16931.Check(inv)); d != "" {
			t.Fatalf("the second answer differs\n%s", d)
		}
	})
}

// TestReportsAreBounded holds that the report of a large, bad invoice is
// bounded.
func TestReportsAreBounded(t *testing.T) {
	inv := &en16931.Invoice{}
	const many = 5000
	for range many {
		inv.Lines = append(inv.Lines, en16931.Line{Net: en16931.Amount{Number: lexical.ParseNumber("1.234")}})
		inv.Breakdown = append(inv.Breakdown, en16931.VATBreakdown{})
	}
	perRule := map[string]int{}
	for _, f := range en16931.Check(inv) {
		perRule[f.Rule]++
	}
	const most = 101 // a hundred, and the count of the others
	for rule, n := range perRule {
		if n > most {
			t.Errorf("%s: %d findings", rule, n)
		}
	}
	if perRule["BR-21"] != most {
		t.Errorf("BR-21: %d findings", perRule["BR-21"])
	}
}

func TestRuleIDsAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range en16931.Rules() {
		if seen[r.ID] || r.ID == "" || r.Text == "" || (r.Severity != en16931.Fatal && r.Severity != en16931.Warning) {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
	const least = 200
	if len(seen) < least {
		t.Errorf("%d rules", len(seen))
	}
}
