package codelist_test

import (
	"testing"

	"github.com/argosy-trade/argosy/gateway/en16931/codelist"
)

func TestLists(t *testing.T) {
	for _, tc := range []struct {
		list     codelist.List
		size     int
		has, not string
	}{
		{codelist.Currency, 178, "CNY", "DEM"},
		{codelist.Country, 251, "CN", "UK"},
		{codelist.InvoiceType, 50, "380", "381"},
		{codelist.CreditNoteType, 13, "381", "380"},
		{codelist.Reference, 818, "AAA", "130"},
		{codelist.TextSubject, 401, "AAI", "AA"},
		{codelist.PaymentMeans, 84, "30", "0"},
		{codelist.AllowanceReason, 19, "95", "AA"},
		{codelist.ChargeReason, 182, "FC", "95"},
		{codelist.ItemClassification, 185, "HS", "XX"},
		{codelist.VATCategory, 10, "AE", "IC"},
		{codelist.VATExemption, 104, "VATEX-EU-AE", "VATEX"},
		{codelist.Identifier, 243, "0199", "0092"},
		{codelist.ElectronicAddress, 104, "EM", "0001"},
		{codelist.Unit, 1756, "C62", "05"},
		{codelist.Package, 406, "XCT", "CT"},
		{codelist.Media, 6, "application/pdf", "text/plain"},
	} {
		if n := codelist.Size(tc.list); n != tc.size {
			t.Errorf("%s has %d codes, want %d", tc.list, n, tc.size)
		}
		if !codelist.Has(tc.list, tc.has) || codelist.Has(tc.list, tc.not) || codelist.Has(tc.list, "") {
			t.Errorf("%s: %q must be in it, %q and nothing must not", tc.list, tc.has, tc.not)
		}
	}
	if codelist.Has("no such list", "1") {
		t.Error("a list that does not exist has codes")
	}
}
