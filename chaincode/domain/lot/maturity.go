package lot

import (
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// atMaturity takes the steps that need nothing but the lot, its terms and the
// day: falling due, default, recourse, writing off, and buying back.
func (m *move) atMaturity() (trade.Effects, error) {
	terms := m.body.Terms
	home := m.body.Owner == terms.Issuer
	switch m.step.Action {
	case Mature:
		if !begins(terms.Due, m.f.Now) {
			return trade.Effects{}, fault.New(fault.TransitionForbidden, "the day of maturity has not begun (UTC)")
		}
		if home {
			return trade.Effects{}, fault.New(fault.TransitionForbidden, "the issuer owes itself nothing: it buys the lot back")
		}
	case Default:
		limits, _, err := terms.LimitsIn(m.f)
		if err != nil {
			return trade.Effects{}, err
		}
		if !begins(addDays(terms.Due, limits.GraceDays+1), m.f.Now) {
			return trade.Effects{}, fault.New(fault.TransitionForbidden, "the %d days of grace are not over (UTC)",
				limits.GraceDays)
		}
		m.doc.Header.Defaulter = terms.Issuer
	case Recourse:
		if !terms.Recourse {
			return trade.Effects{}, fault.New(fault.TransitionForbidden, "the voucher is without recourse")
		}
	case BuyBack:
		if !home {
			return trade.Effects{}, fault.New(fault.NotParty, "only a lot that came home to its issuer is cancelled")
		}
	}
	return m.moved(), nil
}
