package ubl_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

var update = flag.Bool("update", false, "write golden files")

const (
	seller trade.PartyID = "529900EXAMPLEEXP0105"
	buyer  trade.PartyID = "529900EXAMPLEIMP0175"
)

func readFile(t *testing.T, path string, o ubl.Options) (ubl.Result, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	return ubl.Read(f, o)
}

// wantNotHeld holds that nothing is wrong with the fixture: five groups of it
// are not kept on the ledger.
func wantNotHeld(t *testing.T, findings []ubl.Finding) {
	t.Helper()
	const groups = 5
	for _, f := range findings {
		if f.Rule != "ARGOSY-NOT-HELD" || f.Severity != ubl.Warning {
			t.Errorf("%+v", f)
		}
	}
	if len(findings) != groups {
		t.Errorf("%d findings, want %d", len(findings), groups)
	}
}

func TestGolden(t *testing.T) {
	r, err := readFile(t, "testdata/invoice-export.xml", ubl.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantNotHeld(t, r.Findings)
	got, err := json.MarshalIndent(r.Body, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const golden = "testdata/invoice-export.golden.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// fixture returns the synthetic invoice with a text replaced.
func fixture(t *testing.T, old, replacement string) *strings.Reader {
	t.Helper()
	raw, err := os.ReadFile("testdata/invoice-export.xml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), old) {
		t.Fatalf("the fixture has no %q", old)
	}
	return strings.NewReader(strings.ReplaceAll(string(raw), old, replacement))
}

func TestFindings(t *testing.T) {
	for _, tc := range []struct{ name, old, replacement, want string }{
		{"no number", "<cbc:ID>EXP-2026-0417</cbc:ID>", "", "BR-02"},
		{
			"wrong sum", `<cbc:PayableAmount currencyID="EUR">186430.00`,
			`<cbc:PayableAmount currencyID="EUR">186430.01`, "BR-CO-16",
		},
		{"too many decimals", ">610.00<", ">610.123456789<", "ARGOSY-ROUNDED"},
		{"half a cent", ">29280.00<", ">29280.005<", "BR-DEC-23"},
		{"another currency", `currencyID="EUR">29280.00`, `currencyID="USD">29280.00`, "ARGOSY-CURRENCY"},
		{"no such currency", ">EUR</cbc:DocumentCurrencyCode>", ">EUX</cbc:DocumentCurrencyCode>", "BR-CL-04"},
		{"no LEI", "529900EXAMPLEIMP0175", "10202", "ARGOSY-PARTY"},
		{"self-billed", ">380<", ">389<", "ARGOSY-TYPE"},
		{"no number at all", ">6300.00<", ">six thousand<", "ARGOSY-NUMBER"},
		{"wrong date", ">2026-11-02<", ">2026-02-30<", "ARGOSY-DATE"},
		{"no item name", "<cbc:Name>Butterfly valve DN 200</cbc:Name>", "", "BR-25"},
		{"a part that EN 16931 does not use", "</cac:Item>", "<cbc:PackQuantity>1</cbc:PackQuantity></cac:Item>", "UBL-CR"},
		{
			"a repeated element", "<cbc:BuyerReference>",
			"<cbc:BuyerReference>A</cbc:BuyerReference><cbc:BuyerReference>", "UBL-SR",
		},
	} {
		r, err := ubl.Read(fixture(t, tc.old, tc.replacement), ubl.Options{})
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		found := false
		for _, f := range r.Findings {
			found = found || f.Rule == tc.want
		}
		if !found || (tc.want != "ARGOSY-ROUNDED" && tc.want != "UBL-CR" && !r.Fatal()) {
			t.Errorf("%s: want %s, got %+v", tc.name, tc.want, r.Findings)
		}
	}
}

func TestOptionsNameTheParties(t *testing.T) {
	r, err := ubl.Read(fixture(t, "529900EXAMPLEIMP0175", "10202"), ubl.Options{Buyer: buyer})
	wantNotHeld(t, r.Findings)
	if err != nil || r.Body.Buyer.Party != buyer || r.Body.Seller.Party != seller {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRefusals(t *testing.T) {
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Invoice><ID>&b;</ID></Invoice>`
	for name, tc := range map[string]struct {
		text string
		want fault.Code
	}{
		"entities":    {bomb, fault.ArgumentMalformed},
		"undeclared":  {"<Invoice><ID>&b;</ID></Invoice>", fault.ArgumentMalformed},
		"deep":        {"<Invoice>" + strings.Repeat("<a>", 50), fault.TooLarge},
		"large":       {"<Invoice>" + strings.Repeat(" ", 9<<20), fault.TooLarge},
		"unclosed":    {"<Invoice><ID>1</Invoice>", fault.ArgumentMalformed},
		"other":       {"<Order/>", fault.ArgumentMalformed},
		"empty":       {"", fault.ArgumentMalformed},
		"encoding":    {`<?xml version="1.0" encoding="klingon"?><Invoice/>`, fault.ArgumentMalformed},
		"credit note": {"<CreditNote/>", fault.FieldInvalid},
	} {
		if _, err := ubl.Read(strings.NewReader(tc.text), ubl.Options{}); fault.CodeOf(err) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := ubl.Read(strings.NewReader("<CreditNote/>"), ubl.Options{})
	if !errors.Is(err, ubl.ErrCreditNote) {
		t.Errorf("got %v", err)
	}
}

func TestOtherEncodingsAreRead(t *testing.T) {
	raw := `<?xml version="1.0" encoding="ISO-8859-1"?><Invoice><ID>` + "M\xfcnchen" + `</ID></Invoice>`
	r, err := ubl.Read(strings.NewReader(raw), ubl.Options{})
	if err != nil || r.Body.Number != "München" {
		t.Errorf("%q, %v", r.Body.Number, err)
	}
}

func FuzzRead(f *testing.F) {
	raw, err := os.ReadFile("testdata/invoice-export.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add("<Invoice/>")
	f.Add(`<Invoice><InvoiceLine><Price><PriceAmount>1</PriceAmount><BaseQuantity>0</BaseQuantity></Price></InvoiceLine></Invoice>`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ubl.Read(strings.NewReader(text), ubl.Options{Seller: seller, Buyer: buyer})
		if err != nil {
			if _, ok := fault.From(err); !ok {
				t.Errorf("an error without a code: %v", err)
			}
			return
		}
		r.Body.Salt = trade.Salt{1}
		if invalid := r.Body.Validate(); (invalid == nil) == r.Fatal() && invalid != nil {
			t.Errorf("a body that is not valid has no fatal finding: %v", invalid)
		}
	})
}
