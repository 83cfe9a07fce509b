package invoicing_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/invoicing"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

const (
	inUBL    = "../ubl/testdata/invoice-export.xml"
	inCII    = "../cii/testdata/invoice-export.xml"
	inFapiao = "../fapiao/testdata/blue.xml"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestEveryFormatIsTold(t *testing.T) {
	for path, want := range map[string]invoicing.Report{
		inUBL:    {Format: "UBL-2.1", Number: "EXP-2026-0417"},
		inCII:    {Format: "CII-D16B", Number: "EXP-2026-0417"},
		inFapiao: {Format: "E-FAPIAO", Number: "26352000000000000017"},
	} {
		got, err := invoicing.Check(bytes.NewReader(readFile(t, path)))
		if err != nil || got.Format != want.Format || got.Number != want.Number || len(got.Findings) != 0 || got.Fatal() {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	note := `<CreditNote xmlns="` + ubl.NamespaceCreditNote + `"><ID>1</ID></CreditNote>`
	got, err := invoicing.Check(strings.NewReader(note))
	if err != nil || !got.CreditNote || got.Format != "UBL-2.1" || !got.Fatal() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTheSameInvoiceOfTwoFormatsIsTheSameOnTheLedger(t *testing.T) {
	first, err := invoicing.Read(bytes.NewReader(readFile(t, inUBL)), en16931.BodyOptions{})
	if err != nil || first.Fatal() {
		t.Fatalf("%+v, %v", first.Findings, err)
	}
	second, err := invoicing.Read(bytes.NewReader(readFile(t, inCII)), en16931.BodyOptions{})
	if err != nil || second.Fatal() {
		t.Fatalf("%+v, %v", second.Findings, err)
	}
	if first.Body.Original.SHA256 == second.Body.Original.SHA256 || second.Body.Original.Format != "CII-D16B" {
		t.Errorf("%+v", second.Body.Original)
	}
	if first.Body.Due() != second.Body.Due() || len(first.Body.Lines) != len(second.Body.Lines) {
		t.Errorf("%+v\n%+v", first.Body, second.Body)
	}
}

func TestAnEFapiaoCanBeIssued(t *testing.T) {
	raw := readFile(t, inFapiao)
	d, err := invoicing.Read(bytes.NewReader(raw), en16931.BodyOptions{Due: "2027-01-31"})
	if err != nil || d.Fatal() {
		t.Fatalf("%+v, %v", d.Findings, err)
	}
	d.Body.Salt = trade.Salt{1}
	if err := d.Body.Validate(); err != nil || d.Body.Totals.DueMinor != 11298307 {
		t.Errorf("%+v, %v", d.Body, err)
	}
	if d, err := invoicing.Read(bytes.NewReader(raw), en16931.BodyOptions{}); err != nil || !d.Fatal() {
		t.Errorf("without a due date: %+v, %v", d.Findings, err)
	}
	red := bytes.ReplaceAll(raw, []byte("<LabelCode>Y<"), []byte("<LabelCode>N<"))
	if _, err := invoicing.Read(bytes.NewReader(red), en16931.BodyOptions{}); !errors.Is(err, ubl.ErrCreditNote) {
		t.Errorf("got %v", err)
	}
}

func TestUnknownFormatsAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"another invoice": `<Invoice xmlns="http://www.ebinterface.at/schema/6p1/"/>`,
		"an order":        `<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>`,
		"a bare fapiao":   "<EInvoice/>",
		"a PDF":           "%PDF-1.7", "an archive": "PK\x03\x04", "EDIFACT": "UNA:+.? 'UNB+", "JSON": "{}",
	} {
		_, err := invoicing.Check(strings.NewReader(text))
		if !errors.Is(err, invoicing.ErrUnknownFormat) || fault.CodeOf(err) != fault.ArgumentMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, tc := range map[string]struct {
		text string
		want fault.Code
	}{
		"empty": {"", fault.ArgumentMalformed}, "text": {"invoice", fault.ArgumentMalformed},
		"large":   {strings.Repeat(" ", 9<<20), fault.TooLarge},
		"not CII": {"<x xmlns='urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100'/>", fault.ArgumentMalformed},
	} {
		if _, err := invoicing.Check(strings.NewReader(tc.text)); fault.CodeOf(err) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestABadFileEndsSoon checks files made to cost time: as many lines, VAT
// breakdowns and allowances as fit in, each bad, each of another rate.
func TestABadFileEndsSoon(t *testing.T) {
	line := func(i int) string {
		rate := strings.Repeat("9", 30) + "." + strings.Repeat("1", i%9+1)
		return "<InvoiceLine><LineExtensionAmount>1.001</LineExtensionAmount><Item><ClassifiedTaxCategory><ID>S</ID>" +
			"<Percent>" + rate + "</Percent></ClassifiedTaxCategory></Item></InvoiceLine>" +
			"<TaxTotal><TaxSubtotal><TaxableAmount>1</TaxableAmount><TaxCategory>" +
			"<ID>S</ID><Percent>" + rate + "</Percent></TaxCategory></TaxSubtotal></TaxTotal>"
	}
	var b strings.Builder
	b.WriteString("<Invoice>")
	const lines = 9_900 // with a tax total each, nearly all that one element may hold
	for i := range lines {
		b.WriteString(line(i))
	}
	b.WriteString("</Invoice>")
	begun := time.Now()
	r, err := invoicing.Check(strings.NewReader(b.String()))
	if err != nil || !r.Fatal() {
		t.Fatalf("%v", err)
	}
	const mostFindings, most = 5000, time.Minute // it takes seconds; a minute is for a busy machine
	if len(r.Findings) > mostFindings {
		t.Errorf("%d findings", len(r.Findings))
	}
	if took := time.Since(begun); took > most {
		t.Errorf("it took %s", took)
	}
	t.Logf("%d bytes, %d findings, %s", b.Len(), len(r.Findings), time.Since(begun))
}

func FuzzCheck(f *testing.F) {
	for _, path := range []string{inUBL, inCII, inFapiao} {
		f.Add(readFile(f, path))
	}
	f.Add([]byte("<CreditNote/>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := invoicing.Check(bytes.NewReader(raw)); err != nil {
			if _, ok := fault.From(err); !ok {
				t.Errorf("an error without a code: %v", err)
			}
		}
		d, err := invoicing.Read(bytes.NewReader(raw), en16931.BodyOptions{})
		if err != nil {
			return
		}
		d.Body.Salt = trade.Salt{1}
		if invalid := d.Body.Validate(); invalid != nil && !d.Fatal() {
			t.Errorf("a body that is not valid has no fatal finding: %v", invalid)
		}
	})
}
