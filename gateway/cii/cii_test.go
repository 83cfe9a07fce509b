package cii_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/cii"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/en16931/en16931test"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

var update = flag.Bool("update", false, "write golden files")

// TestWhatIsWrittenIsRead draws any invoice that CII can express.
func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := en16931test.Invoice().Draw(t, "invoice")
		en16931test.Dates(t, inv)
		express(inv)
		var b bytes.Buffer
		if err := cii.Write(&b, inv); err != nil {
			t.Fatal(err)
		}
		again, findings, err := cii.Parse(b.Bytes())
		if err != nil || len(findings) != 0 {
			t.Fatalf("%+v, %v\n%s", findings, err, b.String())
		}
		if d := cmp.Diff(inv, again); d != "" {
			t.Fatalf("-written +read\n%s\n%s", d, b.String())
		}
	})
}

// express takes from a drawn invoice what CII has no place for.
func express(inv *en16931.Invoice) {
	inv.TypeCode = lexical.Of(map[bool]string{false: "380", true: "381"}[inv.CreditNote])
	inv.Currency, inv.TaxCurrency = lexical.Of("EUR"), lexical.Of("SEK")
	if inv.TaxPointCode.Given {
		inv.TaxPointCode = lexical.Of("35")
	}
	if len(inv.Breakdown) == 0 { // the tax point stands in each
		inv.TaxPointDate, inv.TaxPointCode = lexical.Text{}, lexical.Text{}
	}
	for _, p := range []*en16931.Party{inv.Seller, inv.Buyer, inv.Payee, inv.Representative} {
		if p != nil {
			expressIDs(p)
		}
	}
	if d := inv.Delivery; d != nil { // an empty group is not told from none
		d.Name = lexical.Of("ship to")
	}
	for i := range inv.Payments {
		p := &inv.Payments[i]
		for j := range p.Transfers {
			p.Transfers[j].Account.Given = true
			if j > 0 {
				p.Transfers[j].Provider = lexical.Text{} // the institution stands once
			}
		}
	}
	for i := range inv.Lines {
		expressLine(&inv.Lines[i])
	}
	adjustments := append(inv.Allowances[:len(inv.Allowances):len(inv.Allowances)], inv.Charges...)
	for i := range adjustments {
		dropCurrencies(&adjustments[i].Amount, &adjustments[i].Base)
		if i < len(inv.Allowances) {
			inv.Allowances[i] = adjustments[i]
		} else {
			inv.Charges[i-len(inv.Allowances)] = adjustments[i]
		}
	}
	for i := range inv.Breakdown {
		dropCurrencies(&inv.Breakdown[i].Base, &inv.Breakdown[i].Tax)
	}
	if t := inv.Totals; t != nil {
		dropCurrencies(&t.Lines, &t.Allowances, &t.Charges, &t.Net, &t.Gross, &t.Paid, &t.Rounding, &t.Due)
	} else {
		inv.TotalVAT, inv.AccountingVAT = en16931.Amount{}, en16931.Amount{}
	}
	for amount, currency := range map[*en16931.Amount]string{&inv.TotalVAT: "EUR", &inv.AccountingVAT: "SEK"} {
		if amount.Given() {
			amount.Currency = lexical.Of(currency)
		}
	}
}

// expressIDs puts identifiers without a scheme before those with one.
func expressIDs(p *en16931.Party) {
	var plain, global []en16931.Identifier
	for _, id := range p.IDs {
		if id.Scheme.Given {
			global = append(global, id)
		} else {
			plain = append(plain, id)
		}
	}
	p.IDs = append(plain, global...)
}

func expressLine(l *en16931.Line) {
	dropCurrencies(&l.Net, &l.Price.Net, &l.Price.Gross, &l.Price.Discount)
	for i := range l.Allowances {
		dropCurrencies(&l.Allowances[i].Amount, &l.Allowances[i].Base)
		l.Allowances[i].VAT = nil
	}
	for i := range l.Charges {
		dropCurrencies(&l.Charges[i].Amount, &l.Charges[i].Base)
		l.Charges[i].VAT = nil
	}
}

func dropCurrencies(amounts ...*en16931.Amount) {
	for _, a := range amounts {
		a.Currency = lexical.Text{}
	}
}

// TestTheLedgersBodySurvivesEverySyntax writes and reads what the ledger
// keeps, and takes it from one syntax to the other.
func TestTheLedgersBodySurvivesEverySyntax(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := en16931test.Body().Draw(t, "body")
		inv, err := en16931.FromBody(want)
		if err != nil {
			t.Fatal(err)
		}
		var inUBL, inCII bytes.Buffer
		if err := ubl.Write(&inUBL, inv); err != nil {
			t.Fatal(err)
		}
		inv, _, err = ubl.Parse(inUBL.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := cii.Write(&inCII, inv); err != nil {
			t.Fatal(err)
		}
		inv, _, err = cii.Parse(inCII.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		got, findings := inv.Body(en16931.BodyOptions{})
		if en16931.AnyFatal(findings) {
			t.Fatalf("%+v", findings)
		}
		got.Salt = want.Salt
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("-want +got\n%s\n%s", d, inCII.String())
		}
	})
}

// TestGolden translates the UBL fixture; the result is valid too.
func TestGolden(t *testing.T) {
	raw, err := os.ReadFile("../ubl/testdata/invoice-export.xml")
	if err != nil {
		t.Fatal(err)
	}
	inv, _, err := ubl.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := cii.Write(&b, inv); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/invoice-export.xml"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	again, findings, err := cii.Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	if all := append(findings, en16931.Check(again)...); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestRefusals(t *testing.T) {
	for _, text := range []string{"", "<Invoice/>", "<CrossIndustryInvoice/>", "<CrossIndustryInvoice xmlns='urn:x'/>"} {
		if _, _, err := cii.Parse([]byte(text)); fault.CodeOf(err) != fault.ArgumentMalformed {
			t.Errorf("%q: %v", text, err)
		}
	}
	inv := &en16931.Invoice{TaxPointCode: lexical.Of("3")}
	if err := cii.Write(&bytes.Buffer{}, inv); fault.CodeOf(err) != fault.FieldInvalid {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNotHeldIsReported(t *testing.T) {
	raw, err := os.ReadFile("testdata/invoice-export.xml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "<ram:InvoiceCurrencyCode>",
		"<ram:InvoiceIssuerReference>x</ram:InvoiceIssuerReference><ram:InvoiceCurrencyCode>", 1)
	text = strings.Replace(text, `schemeID="VA"`, `schemeID="XX"`, 1)
	_, findings, err := cii.Parse([]byte(text))
	if err != nil || len(findings) != 2 {
		t.Fatalf("%+v, %v", findings, err)
	}
	for _, f := range findings {
		if f.Rule != "CII-SR" || f.Severity != en16931.Warning {
			t.Errorf("%+v", f)
		}
	}
}

func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile("testdata/invoice-export.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("<CrossIndustryInvoice xmlns='" + cii.Namespace + "'/>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		inv, _, err := cii.Parse(raw)
		if err != nil {
			if _, ok := fault.From(err); !ok {
				t.Errorf("an error without a code: %v", err)
			}
			return
		}
		en16931.Check(inv)
		inv.Body(en16931.BodyOptions{})
		wantStable(t, inv)
	})
}

// wantStable holds that what was read can be written, and is then read alike
// for good.
func wantStable(t *testing.T, inv *en16931.Invoice) {
	t.Helper()
	var first, second bytes.Buffer
	if err := cii.Write(&first, inv); err != nil {
		return // the form has no place for it, or XML has none
	}
	again, _, err := cii.Parse(first.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := cii.Write(&second, again); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first.String(), second.String()); d != "" {
		t.Errorf("-first +second\n%s", d)
	}
}
