package money_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/money"
)

func TestParseAndFormat(t *testing.T) {
	for _, tc := range []struct {
		text, currency string
		minor          int64
		written        string
	}{
		{"1234.56", "EUR", 123456, "1234.56"},
		{"-0.5", "USD", -50, "-0.50"},
		{".00", "EUR", 0, "0.00"},
		{"7", "JPY", 7, "7"},
		{"7.000", "JPY", 7, "7"},
		{"1.234", "KWD", 1234, "1.234"},
		{"+92233720368547758.07", "EUR", math.MaxInt64, "92233720368547758.07"},
	} {
		m, err := money.Parse(tc.text, tc.currency)
		if err != nil || m.AmountMinor != tc.minor {
			t.Errorf("%s %s: %+v, %v", tc.text, tc.currency, m, err)
		}
		if s, err := money.Format(m); err != nil || s != tc.written {
			t.Errorf("%s %s written %q, %v", tc.text, tc.currency, s, err)
		}
	}
	for _, tc := range [][2]string{
		{"1.005", "EUR"},
		{"0.5", "JPY"},
		{"92233720368547758.08", "EUR"},
		{"1e3", "EUR"},
		{"1,5", "EUR"},
		{"", "EUR"},
		{"1.2.3", "EUR"},
		{"0x10", "EUR"},
		{"1/2", "EUR"},
		{"1", "eur"},
		{"1", "ZZZ"},
		{".", "EUR"},
		{"1-", "EUR"},
	} {
		if m, err := money.Parse(tc[0], tc[1]); fault.CodeOf(err) != fault.FieldInvalid {
			t.Errorf("%q %s: %+v, %v", tc[0], tc[1], m, err)
		}
	}
	if _, err := money.Format(trade.Money{Currency: "???"}); err == nil {
		t.Error("an unknown currency was written")
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]trade.Decimal{
		"10": {Unscaled: 10}, "1000.00": {Unscaled: 1000}, "-0.125": {Unscaled: -125, Scale: 3},
		"0.123456785": {Unscaled: 12345679, Scale: 8},
	} {
		r, err := money.ParseRat(text)
		if err != nil {
			t.Fatal(err)
		}
		d, exact, err := money.Decimal(r)
		if err != nil || d != want || exact != (text != "0.123456785") {
			t.Errorf("%s: %+v, %v, %v", text, d, exact, err)
		}
	}
	if s := money.FormatDecimal(trade.Decimal{Unscaled: 1250, Scale: 2}); s != "12.50" {
		t.Error(s)
	}
	huge := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 70))
	if _, _, err := money.Decimal(huge); err == nil {
		t.Error("70 bits fit into 64")
	}
}
