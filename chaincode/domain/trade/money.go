package trade

import (
	"math"
	"regexp"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// Money is an amount in minor units of a currency: {123456, EUR} is EUR
// 1,234.56. The number of decimals is that of ISO 4217 and is applied at the
// edges only.
type Money struct {
	AmountMinor int64  `json:"amountMinor"`
	Currency    string `json:"currency"`
}

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

// Validate refuses a currency that is not three capital letters. Any amount is
// a valid amount; see ValidatePositive.
func (m Money) Validate() error {
	if !currencyPattern.MatchString(m.Currency) {
		return fault.New(fault.FieldInvalid, "a currency is three capital letters (ISO 4217)").WithField("currency")
	}
	return nil
}

// ValidatePositive refuses amounts of zero and below as well.
func (m Money) ValidatePositive() error {
	if err := m.Validate(); err != nil {
		return err
	}
	if m.AmountMinor <= 0 {
		return fault.New(fault.FieldInvalid, "the amount must be positive").WithField("amountMinor")
	}
	return nil
}

// Add returns m+n; it refuses another currency and overflow.
func (m Money) Add(n Money) (Money, error) {
	if m.Currency != n.Currency {
		return Money{}, fault.New(fault.FieldInvalid, "amounts in %s and %s do not add", m.Currency, n.Currency).
			WithField("currency")
	}
	if (n.AmountMinor > 0 && m.AmountMinor > math.MaxInt64-n.AmountMinor) ||
		(n.AmountMinor < 0 && m.AmountMinor < math.MinInt64-n.AmountMinor) {
		return Money{}, fault.New(fault.FieldInvalid, "the sum is over 64 bits").WithField("amountMinor")
	}
	return Money{m.AmountMinor + n.AmountMinor, m.Currency}, nil
}
