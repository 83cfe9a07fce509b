// Package money turns the decimal amounts that people and messages write into
// the minor units that the ledger counts in, and back.
//
// It is exact: an amount with more decimals than its currency has is refused,
// never rounded. The number of decimals is that of CLDR's standard, as package
// golang.org/x/text/currency has it.
package money

import (
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/text/currency"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// maxDigits bounds what is parsed: 64 bits of minor units are 19 digits, and
// quantities carry up to 8 decimals more.
const maxDigits = 40

// maxDecimals is the largest scale of a trade.Decimal.
const maxDecimals = 8

// Scale returns how many decimals amounts of the currency (ISO 4217) have.
func Scale(code string) (int, error) {
	unit, err := currency.ParseISO(code)
	if err != nil || unit.String() != code {
		return 0, fault.New(fault.FieldInvalid, "%q is not a currency of ISO 4217", code).WithField("currency")
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale, nil
}

// ParseRat reads a decimal number as XML Schema writes it (sign, digits, one
// point), exactly.
func ParseRat(text string) (*big.Rat, error) {
	text = strings.TrimSpace(text)
	digits := 0
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case (c == '-' || c == '+') && i == 0:
		case c == '.' && !strings.Contains(text[:i], "."):
		default:
			return nil, fault.New(fault.FieldInvalid, "not a decimal number")
		}
	}
	if digits == 0 || digits > maxDigits {
		return nil, fault.New(fault.FieldInvalid, "a decimal number has 1 to %d digits", maxDigits)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fault.New(fault.FieldInvalid, "not a decimal number")
	}
	return r, nil
}

// Minor returns r in minor units of the currency; it refuses what is not a
// whole number of them or is over 64 bits.
func Minor(r *big.Rat, code string) (int64, error) {
	scale, err := Scale(code)
	if err != nil {
		return 0, err
	}
	n := new(big.Rat).Mul(r, new(big.Rat).SetInt(power(scale)))
	if !n.IsInt() {
		return 0, fault.New(fault.FieldInvalid, "an amount in %s has at most %d decimals", code, scale)
	}
	if !n.Num().IsInt64() {
		return 0, fault.New(fault.FieldInvalid, "the amount is over 64 bits of minor units")
	}
	return n.Num().Int64(), nil
}

// Parse reads an amount like 1234.56 of the currency.
func Parse(text, code string) (trade.Money, error) {
	r, err := ParseRat(text)
	if err != nil {
		return trade.Money{}, err
	}
	minor, err := Minor(r, code)
	return trade.Money{AmountMinor: minor, Currency: code}, err
}

// Format writes the amount with all decimals of its currency, like 1234.56.
func Format(m trade.Money) (string, error) {
	scale, err := Scale(m.Currency)
	if err != nil {
		return "", err
	}
	return new(big.Rat).SetFrac(big.NewInt(m.AmountMinor), power(scale)).FloatString(scale), nil
}

// Decimal returns r as a trade.Decimal with as few decimals as it needs. exact
// is false when more than eight would be needed: the value is then rounded half
// away from zero.
func Decimal(r *big.Rat) (d trade.Decimal, exact bool, err error) {
	for d.Scale = 0; ; d.Scale++ {
		n := new(big.Rat).Mul(r, new(big.Rat).SetInt(power(d.Scale)))
		exact = n.IsInt()
		if !exact && d.Scale < maxDecimals {
			continue
		}
		whole, ok := new(big.Int).SetString(n.FloatString(0), 10)
		if !ok || !whole.IsInt64() {
			return trade.Decimal{}, false, fault.New(fault.FieldInvalid, "the number is over 64 bits")
		}
		d.Unscaled = whole.Int64()
		return d, exact, nil
	}
}

// FormatDecimal writes d with its decimals, like 12.50.
func FormatDecimal(d trade.Decimal) string {
	if d.Validate() != nil {
		return fmt.Sprintf("%d×10^%d", d.Unscaled, -d.Scale)
	}
	return new(big.Rat).SetFrac(big.NewInt(d.Unscaled), power(d.Scale)).FloatString(d.Scale)
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
