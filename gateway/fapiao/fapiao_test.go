package fapiao_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/en16931/en16931test"
	"github.com/argosy-trade/argosy/gateway/fapiao"
	"github.com/argosy-trade/argosy/gateway/lexical"
)

var update = flag.Bool("update", false, "write golden files")

func fixture(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/blue.xml")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// findings returns the rules that a file does not hold.
func findings(t *testing.T, text string) map[string]string {
	t.Helper()
	inv, all, err := fapiao.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range append(all, fapiao.Check(inv)...) {
		found[f.Rule] = f.Path + " " + f.Message
	}
	return found
}

func TestTheFixtureIsRight(t *testing.T) {
	if found := findings(t, fixture(t)); len(found) != 0 {
		t.Errorf("%v", found)
	}
}

func TestRules(t *testing.T) {
	for _, tc := range []struct{ name, old, replacement, want string }{
		{"19 digits", "<InvoiceNumber>26", "<InvoiceNumber>6", "FAPIAO-01"},
		{"another id", "<EIid>26", "<EIid>27", "FAPIAO-02"},
		{"no date", "<IssueTime>2026-11-02", "<IssueTime>02.11.2026", "FAPIAO-03"},
		{"another year", "<IssueTime>2026", "<IssueTime>2025", "FAPIAO-04"},
		{"no seller", "<SellerName>示例泵业有限公司</SellerName>", "", "FAPIAO-05"},
		{"no buyer", "<BuyerName>示例水务有限公司</BuyerName>", "<BuyerName> </BuyerName>", "FAPIAO-06"},
		{"a wrong check character", "Y43</SellerIdNum>", "Y44</SellerIdNum>", "FAPIAO-07"},
		{"neither blue nor red", "<LabelCode>Y<", "<LabelCode>X<", "FAPIAO-08"},
		{"red without the blue one", "<LabelCode>Y<", "<LabelCode>N<", "FAPIAO-09"},
		{"red and positive", "<LabelCode>Y<", "<LabelCode>N<", "FAPIAO-10"},
		{"an item without a name", "<ItemName>*泵*离心泵</ItemName>", "", "FAPIAO-11"},
		{"a short class", "1090104010000000000", "10901", "FAPIAO-12"},
		{"words as figures", ">100250.50<", ">100,250.50<", "FAPIAO-20"},
		{"half a fen", ">12732.57<", ">12732.570<", "FAPIAO-20"},
		{"a quantity of many", "<Quantity>2<", "<Quantity>two<", "FAPIAO-20"},
		{"a wrong total", ">112983.07<", ">112983.08<", "FAPIAO-21"},
		{"a wrong net total", ">100250.50<", ">100250.51<", "FAPIAO-22"},
		{"a wrong tax", ">12732.57<", ">12732.58<", "FAPIAO-23"},
		{"other words", "贰仟玖佰", "贰仟捌佰", "FAPIAO-24"},
		{"no words", "壹拾壹万贰仟玖佰捌拾叁圆零柒分", "", "FAPIAO-24"},
		{"a tax of its own", ">220.00<", ">221.00<", "FAPIAO-25"},
		{"a price of its own", ">48125.25<", ">48125.20<", "FAPIAO-26"},
		{"a wrong gross amount", ">108763.07<", ">108763.00<", "FAPIAO-27"},
		{"a rate in words", ">5.5%<", ">five<", "FAPIAO-28"},
		{"an element of its own", "</SellerInformation>", "<SellerFax>1</SellerFax></SellerInformation>", "FAPIAO-NOT-HELD"},
	} {
		text := fixture(t)
		if !strings.Contains(text, tc.old) {
			t.Fatalf("the fixture has no %q", tc.old)
		}
		if found := findings(t, strings.ReplaceAll(text, tc.old, tc.replacement)); found[tc.want] == "" {
			t.Errorf("%s: want %s, got %v", tc.name, tc.want, found)
		}
	}
}

// redInvoice turns the fixture into the red invoice that takes it back.
func redInvoice(t *testing.T) string {
	t.Helper()
	return strings.NewReplacer(
		"<LabelCode>Y<", "<LabelCode>N<",
		"26352000000000000017", "26352000000000000018",
		">100250.50<", ">-100250.50<", ">12732.57<", ">-12732.57<", ">112983.07<", ">-112983.07<",
		">壹拾壹万", ">（负数）壹拾壹万", "<Quantity>2<", "<Quantity>-2<", ">96250.50<", ">-96250.50<",
		">12512.57<", ">-12512.57<", ">108763.07<", ">-108763.07<", ">4000.00<", ">-4000.00<", ">220.00<", ">-220.00<",
		"<AdditionalInformation>", "<SpecificInformation><RedEInvoice><OriginalInvoiceCode>26352000000000000017"+
			"</OriginalInvoiceCode><CreditNoteNumber>35010026110000000001</CreditNoteNumber></RedEInvoice>"+
			"</SpecificInformation><AdditionalInformation>",
	).Replace(fixture(t))
}

func TestRedInvoices(t *testing.T) {
	text := strings.Replace(redInvoice(t), "<OriginalInvoiceCode>26352000000000000018",
		"<OriginalInvoiceCode>26352000000000000017", 1)
	if found := findings(t, text); len(found) != 0 {
		t.Errorf("%v", found)
	}
	inv, _, err := fapiao.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := inv.Model()
	if !m.CreditNote || m.TypeCode.Value != "381" || len(m.Preceding) != 1 {
		t.Errorf("%+v", m)
	}
}

// TestGolden holds what is written, and that it is read alike.
func TestGolden(t *testing.T) {
	inv, _, err := fapiao.Parse([]byte(fixture(t)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := fapiao.Write(&b, inv); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/blue.golden.xml"
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
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	text := func(t *rapid.T) lexical.Text { return lexical.Optional(en16931test.Text().Draw(t, "text")) }
	num := func(t *rapid.T) lexical.Number {
		return lexical.ParseNumber(rapid.StringMatching(`-?[0-9]{1,9}\.[0-9]{2}`).Draw(t, "number"))
	}
	rapid.Check(t, func(t *rapid.T) {
		inv := &fapiao.Invoice{
			ID: text(t), Number: text(t), Issued: text(t), Bureau: text(t), Remark: text(t), Words: text(t),
			Blue: fapiao.Label{Code: text(t)}, Seller: fapiao.Party{Name: text(t), Bank: text(t)},
			Buyer: fapiao.Party{TaxID: text(t)},
			Net:   num(t), Tax: num(t), Gross: num(t),
		}
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			inv.Lines = append(inv.Lines, fapiao.Line{Name: text(t), Amount: num(t), Rate: text(t), Quantity: num(t)})
		}
		if rapid.Bool().Draw(t, "red") {
			inv.Red = &fapiao.Red{Original: text(t)}
		}
		var b bytes.Buffer
		if err := fapiao.Write(&b, inv); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "<EInvoiceData>") {
			t.Fatal(b.String())
		}
		again, found, err := fapiao.Parse(b.Bytes())
		if err != nil || len(found) != 0 {
			t.Fatalf("%v, %v", found, err)
		}
		if d := cmp.Diff(inv, again); d != "" {
			t.Fatalf("-written +read\n%s", d)
		}
	})
}

func TestModel(t *testing.T) {
	inv, _, err := fapiao.Parse([]byte(fixture(t)))
	if err != nil {
		t.Fatal(err)
	}
	m, found := inv.Model()
	if len(found) != 0 || len(m.Breakdown) != 2 || m.Breakdown[0].Base.String() != "96250.50" ||
		m.Breakdown[1].Rate.String() != "5.5" {
		t.Errorf("%+v, %+v", found, m.Breakdown)
	}
	body, _ := m.Body(en16931.BodyOptions{})
	if body.Number != "26352000000000000017" || body.Totals.DueMinor != 11298307 ||
		body.Seller.Party != "91350100M000100Y43" ||
		body.Buyer.Party != "91350100EXAMPLE01M" || body.Lines[1].NetMinor != 400000 {
		t.Errorf("%+v", body)
	}
	if _, found := (&fapiao.Invoice{Lines: []fapiao.Line{{
		Unit: lexical.Of("坨"), Quantity: lexical.ParseNumber("1"),
	}}}).Model(); len(found) != 1 {
		t.Errorf("%+v", found)
	}
}

func TestRefusals(t *testing.T) {
	for _, text := range []string{"", "<Invoice/>", "<EInvoice/>", "<EInvoice><Header/></EInvoice>"} {
		if _, _, err := fapiao.Parse([]byte(text)); fault.CodeOf(err) != fault.ArgumentMalformed {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fixture(f)))
	f.Add([]byte("<EInvoice><EInvoiceData><IssuItemInformation><TaxRate>%</TaxRate></IssuItemInformation></EInvoiceData></EInvoice>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		inv, _, err := fapiao.Parse(raw)
		if err != nil {
			if _, ok := fault.From(err); !ok {
				t.Errorf("an error without a code: %v", err)
			}
			return
		}
		fapiao.Check(inv)
		m, _ := inv.Model()
		en16931.Check(m)
		m.Body(en16931.BodyOptions{})
		var b bytes.Buffer
		if err := fapiao.Write(&b, inv); err != nil {
			return // XML cannot carry it
		}
		again, _, err := fapiao.Parse(b.Bytes())
		if err != nil {
			return // nothing of the invoice was given
		}
		if d := cmp.Diff(inv, again); d != "" {
			t.Errorf("-written +read\n%s", d)
		}
	})
}
