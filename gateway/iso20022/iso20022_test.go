package iso20022_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/iso20022"
)

var update = flag.Bool("update", false, "write golden files")

func instruction() iso20022.Instruction {
	return iso20022.Instruction{
		ID: "ImportBankMSP.00112233445566778899aabbccddeeff", DueAt: 1_795_000_000_123,
		Body: payment.Body{
			Salt: trade.Salt{1}, Cause: "ImportBankMSP.ffeeddccbbaa99887766554433221100", Bank: "529900EXAMPLEMBK0193",
			Debtor: payment.Account{
				Party: "529900EXAMPLEMBK0193", Name: "Import Bank N.V.", IBAN: "NL91ABNA0417164300", BIC: "ABNANL2A",
			},
			Creditor: payment.Account{
				Party: "91310000775785552L", Name: "Pumps & Valves <Shanghai>", Other: "4401-88213", BIC: "BKCHCNBJ",
			},
			Amount: trade.Money{AmountMinor: 18643000, Currency: "EUR"},
			UETR:   "97ed4827-7b6f-4491-a06f-b548d5a7512d", Remittance: "EXP-2026-0417",
		},
	}
}

func TestPain001Golden(t *testing.T) {
	got, err := iso20022.WritePain001(instruction())
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/pain.001.golden.xml"
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
	again, err := iso20022.WritePain001(instruction())
	if err != nil || !bytes.Equal(got, again) {
		t.Errorf("written twice it differs: %v", err)
	}
}

func TestPain001RefusesWhatTheLedgerWouldRefuse(t *testing.T) {
	for name, change := range map[string]func(*iso20022.Instruction){
		"id":       func(i *iso20022.Instruction) { i.ID = "x" },
		"iban":     func(i *iso20022.Instruction) { i.Body.Debtor.IBAN = "NL92ABNA0417164300" },
		"currency": func(i *iso20022.Instruction) { i.Body.Amount.Currency = "ZZZ" },
		"amount":   func(i *iso20022.Instruction) { i.Body.Amount.AmountMinor = 0 },
	} {
		in := instruction()
		change(&in)
		if _, err := iso20022.WritePain001(in); fault.CodeOf(err) != fault.FieldInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const pacs002 = `<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10"><FIToFIPmtStsRpt>
  <GrpHdr><MsgId>R-1</MsgId></GrpHdr>
  <OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId></OrgnlGrpInfAndSts>
  <TxInfAndSts><StsId>S-1</StsId><OrgnlEndToEndId> E-1 </OrgnlEndToEndId>
    <OrgnlUETR>97ED4827-7b6f-4491-a06f-b548d5a7512d</OrgnlUETR><TxSts>ACSC</TxSts><AcctSvcrRef>B-7</AcctSvcrRef></TxInfAndSts>
  <TxInfAndSts><OrgnlEndToEndId>E-2</OrgnlEndToEndId><TxSts>RJCT</TxSts>
    <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>
</FIToFIPmtStsRpt></Document>`

const pain002 = `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
  <GrpHdr><MsgId>R-2</MsgId></GrpHdr>
  <OrgnlGrpInfAndSts><OrgnlMsgId>M-2</OrgnlMsgId></OrgnlGrpInfAndSts>
  <OrgnlPmtInfAndSts><OrgnlPmtInfId>P-2</OrgnlPmtInfId><PmtInfSts>ACCC</PmtInfSts></OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>`

func TestStatusReports(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []iso20022.Report
	}{
		{pacs002, []iso20022.Report{
			{
				MessageID: "M-1", EndToEndID: "E-1", UETR: "97ed4827-7b6f-4491-a06f-b548d5a7512d", Status: iso20022.Settled,
				Reference: "B-7",
			},
			{MessageID: "M-1", EndToEndID: "E-2", Status: iso20022.Rejected, Reason: "AC04", Reference: "R-1"},
		}},
		{pain002, []iso20022.Report{{MessageID: "P-2", Status: iso20022.Credited, Reference: "R-2"}}},
	} {
		got, err := iso20022.ReadStatusReport(strings.NewReader(tc.text))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	}
	for name, text := range map[string]string{
		"other version": strings.Replace(pacs002, "pacs.002.", "pacs.008.", 1),
		"no status":     strings.ReplaceAll(strings.ReplaceAll(pacs002, "ACSC", ""), "RJCT", ""),
		"no message":    "<Document/>",
		"entities":      "<!DOCTYPE x>" + pain002,
	} {
		if got, err := iso20022.ReadStatusReport(strings.NewReader(text)); fault.CodeOf(err) != fault.ArgumentMalformed {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestOfficialStatusReport(t *testing.T) {
	f, err := os.Open(filepath.Join(corpus(t), "iso20022", "pacs.002-CDATA-with-header.xml"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	got, err := iso20022.ReadStatusReport(f)
	want := []iso20022.Report{{
		MessageID: "UNKNOWN", Status: iso20022.Rejected, Reason: "118", Reference: "0c070cd114934bf398e6a16d81b2d129",
	}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

func FuzzReadStatusReport(f *testing.F) {
	f.Add(pacs002)
	f.Add(pain002)
	f.Fuzz(func(t *testing.T, text string) {
		reports, err := iso20022.ReadStatusReport(strings.NewReader(text))
		if _, ok := fault.From(err); err != nil && !ok {
			t.Errorf("an error without a code: %v", err)
		}
		for _, r := range reports {
			if r.Status == "" {
				t.Error("a report without a status")
			}
		}
	})
}

func corpus(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("ARGOSY_CORPUS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		candidate := filepath.Join(dir, "shared", "corpus")
		if _, err := os.Stat(candidate); err == nil {
			return candidate
		}
	}
	t.Skip("the corpus of official samples is not here; set ARGOSY_CORPUS to its folder")
	return ""
}
