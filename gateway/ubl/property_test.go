package ubl_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/en16931/en16931test"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

// TestWhatIsWrittenIsRead draws any invoice that UBL can express.
func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := en16931test.Invoice().Draw(t, "invoice")
		express(inv)
		var b bytes.Buffer
		if err := ubl.Write(&b, inv); err != nil {
			t.Fatal(err)
		}
		again, findings, err := ubl.Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Rule == "UBL-CR" || f.Rule == "UBL-SR" {
				t.Fatalf("%+v\n%s", f, b.String())
			}
		}
		if d := cmp.Diff(inv, again); d != "" {
			t.Fatalf("-written +read\n%s\n%s", d, b.String())
		}
	})
}

// express takes from a drawn invoice what UBL has no place for.
func express(inv *en16931.Invoice) {
	for i := range inv.Notes { // a subject is a code of three letters, before a text
		if n := &inv.Notes[i]; n.Subject.Given {
			n.Subject, n.Text.Given = lexical.Of("AAI"), true
		}
	}
	// Only the seller has a second registration; a payee and a representative
	// have few fields, and nobody's empty names are written.
	for _, p := range []*en16931.Party{inv.Buyer, inv.Payee, inv.Representative} {
		if p != nil {
			p.TaxRegistration = lexical.Text{}
		}
	}
	if p := inv.Payee; p != nil {
		inv.Payee = &en16931.Party{Name: p.Name, IDs: p.IDs, LegalID: p.LegalID}
	}
	if p := inv.Representative; p != nil {
		inv.Representative = &en16931.Party{Name: p.Name, IDs: p.IDs, VATID: p.VATID, Address: p.Address}
	}
	if inv.Seller == nil && inv.Payee == nil {
		inv.Creditor = lexical.Text{}
	}
	if p := inv.Period; p != nil && !p.Start.Given && !p.End.Given {
		inv.Period = nil // an empty period is not told from none
	}
	if len(inv.Payments) == 0 { // these have their place in payment instructions
		inv.Remittance, inv.Mandate = lexical.Text{}, lexical.Text{}
		if inv.CreditNote {
			inv.DueDate = lexical.Text{}
		}
	}
	// The totals of VAT are told apart by their currencies.
	inv.Currency, inv.TaxCurrency = lexical.Of("EUR"), lexical.Of("SEK")
	inv.TotalVAT.Currency, inv.AccountingVAT.Currency = lexical.Of("EUR"), lexical.Of("SEK")
	for _, a := range []*en16931.Amount{&inv.TotalVAT, &inv.AccountingVAT} {
		if !a.Given() {
			*a = en16931.Amount{}
		}
	}
}

func TestCreditNoteWithoutPlaceForItsDueDate(t *testing.T) {
	inv := &en16931.Invoice{CreditNote: true, DueDate: lexical.Of("2026-01-01")}
	if err := ubl.Write(&bytes.Buffer{}, inv); fault.CodeOf(err) != fault.FieldInvalid {
		t.Errorf("got %v", err)
	}
}

// TestGoldenWriter holds the bytes that are written for a body of the ledger.
func TestGoldenWriter(t *testing.T) {
	r, err := readFile(t, "testdata/invoice-export.xml", ubl.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := en16931.FromBody(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if findings := en16931.Check(inv); len(findings) != 0 {
		t.Errorf("%+v", findings)
	}
	var b bytes.Buffer
	if err := ubl.Write(&b, inv); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/invoice-export.written.xml"
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
	again, err := ubl.Read(bytes.NewReader(want), ubl.Options{})
	if err != nil || again.Fatal() {
		t.Fatalf("%+v, %v", again.Findings, err)
	}
	again.Body.Original = r.Body.Original
	if d := cmp.Diff(r.Body, again.Body); d != "" {
		t.Errorf("-issued +written and read\n%s", d)
	}
}

// FuzzParse holds that what was read can be written, and is then read alike for
// good.
func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile("testdata/invoice-export.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("<CreditNote><Note>#AAI#x</Note><TaxTotal/><TaxTotal/><AdditionalDocumentReference/></CreditNote>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		inv, _, err := ubl.Parse(raw)
		if err != nil {
			if _, ok := fault.From(err); !ok {
				t.Errorf("an error without a code: %v", err)
			}
			return
		}
		en16931.Check(inv)
		var first, second bytes.Buffer
		if err := ubl.Write(&first, inv); err != nil {
			return // XML or UBL has no place for it
		}
		again, _, err := ubl.Parse(first.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := ubl.Write(&second, again); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(first.String(), second.String()); d != "" {
			t.Errorf("-first +second\n%s", d)
		}
	})
}
