package lexical_test

import (
	"testing"

	"github.com/argosy-trade/argosy/gateway/lexical"
)

func TestTextTellsEmptyFromAbsent(t *testing.T) {
	var absent, empty lexical.Text
	empty.SetLexical(" \n ")
	if absent.Given || !empty.Given || !absent.Blank() || !empty.Blank() || empty == absent {
		t.Errorf("%+v, %+v", absent, empty)
	}
	if _, given := lexical.Optional("").Lexical(); given {
		t.Error("an empty optional text is given")
	}
}

func TestNumbers(t *testing.T) {
	for _, tc := range []struct {
		text             string
		valid, malformed bool
		decimals, sign   int
	}{
		{"12.50", true, false, 2, 1},
		{" -0.000 ", true, false, 3, 0},
		{"+7", true, false, 0, 1},
		{"", false, false, 0, 0},
		{"1e3", false, true, 0, 0},
		{"1,5", false, true, 0, 0},
		{"NaN", false, true, 0, 0},
	} {
		n := lexical.ParseNumber(tc.text)
		if n.Valid() != tc.valid || n.Malformed() != tc.malformed || n.Decimals() != tc.decimals || n.Sign() != tc.sign {
			t.Errorf("%q: valid %v, malformed %v, %d decimals, sign %d", tc.text, n.Valid(), n.Malformed(),
				n.Decimals(), n.Sign())
		}
	}
	a, b := lexical.ParseNumber("1.5"), lexical.ParseNumber("1.50")
	x, _ := a.Rat()
	y, _ := b.Rat()
	if x.Cmp(y) != 0 || a.Equal(b) {
		t.Error("1.5 and 1.50 are the same number, written differently")
	}
	x.SetInt64(9)
	if again, _ := a.Rat(); again.Cmp(y) != 0 {
		t.Error("a caller changed the number")
	}
}
