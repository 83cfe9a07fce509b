package trade

import "github.com/argosy-trade/argosy/chaincode/domain/fault"

// maxScale bounds the decimals of a Decimal: unit prices of electronic parts
// and exchange rates need up to eight.
const maxScale = 8

// Decimal is an exact decimal number: Unscaled × 10^-Scale.
type Decimal struct {
	Unscaled int64 `json:"unscaled"`
	Scale    int   `json:"scale"`
}

// Validate refuses scales outside 0 to 8.
func (d Decimal) Validate() error {
	if d.Scale < 0 || d.Scale > maxScale {
		return fault.New(fault.FieldInvalid, "a decimal has 0 to %d decimals", maxScale).WithField("scale")
	}
	return nil
}
