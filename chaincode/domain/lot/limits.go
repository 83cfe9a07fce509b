package lot

import (
	"slices"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Limits are what regulation and the members allow for vouchers in one currency.
// They are a ledger parameter: versioned, approved by the members' governors,
// and fixed for a voucher by the version that it was issued under.
type Limits struct {
	// MaxTermMonths is the longest term from issue to maturity; a longer one is
	// refused. WarnTermMonths is the longest that needs no remark. Notice 77,
	// article 11: six months in principle, never over a year.
	MaxTermMonths  int `json:"maxTermMonths"`
	WarnTermMonths int `json:"warnTermMonths"`
	// SmallPayeeDays is within how many days of its invoice a small payee is
	// paid; a later maturity gets a remark (State Council regulation 802, from
	// 1 June 2025: 60 days from delivery, which a ledger of invoices can only
	// approach by the invoice's date).
	SmallPayeeDays int `json:"smallPayeeDays"`
	// RequireConsent asks the issuer to name the agreement in which the payee
	// accepts payment by voucher (regulation 802: it may not be forced on it).
	RequireConsent bool `json:"requireConsent"`
	// MaxDepth is how often units may change hands.
	MaxDepth int `json:"maxDepth"`
	// MinLot is the smallest lot that a split may make, in minor units.
	MinLot int64 `json:"minLot"`
	// MaxLots is how many lots a voucher may at most become.
	MaxLots int64 `json:"maxLots"`
	// GraceDays is how many days after maturity a lot may be unpaid before its
	// issuer is in default.
	GraceDays int `json:"graceDays"`
}

// DefaultLimits are the limits to start from. Term, consent and the small
// payee's days come from the law as far as it could be read; the others are
// ours: they bound fraud by scattering and chains that nobody can follow.
func DefaultLimits() Limits {
	return Limits{
		MaxTermMonths: 12, WarnTermMonths: 6, SmallPayeeDays: 60, RequireConsent: true,
		MaxDepth: 16, MinLot: 100, MaxLots: 100_000, GraceDays: 3,
	}
}

// ParameterKind is the first part of the parameter's name.
const ParameterKind = "voucher"

// ParameterName is the name of the ledger parameter with the limits for
// vouchers in the currency.
func ParameterName(currency string) string { return ParameterKind + "." + currency }

// Bounds of limits: beyond them a value is a slip of the hand.
const (
	mostMonths = 120
	mostDays   = 366
	mostLots   = 10_000_000
)

// Validate refuses limits that contradict themselves or that no voucher meets.
func (l Limits) Validate() error {
	for _, f := range []struct {
		name        string
		value       int64
		least, most int64
	}{
		{"maxTermMonths", int64(l.MaxTermMonths), 1, mostMonths},
		{"warnTermMonths", int64(l.WarnTermMonths), 1, int64(l.MaxTermMonths)},
		{"smallPayeeDays", int64(l.SmallPayeeDays), 1, mostDays},
		{"maxDepth", int64(l.MaxDepth), 1, maxAncestry - 1}, // the way home to the issuer is one more
		{"minLot", l.MinLot, 1, 1 << 62},
		{"maxLots", l.MaxLots, 1, mostLots},
		{"graceDays", int64(l.GraceDays), 0, mostDays},
	} {
		if f.value < f.least || f.value > f.most {
			return fault.New(fault.FieldInvalid, "%s is between %d and %d", f.name, f.least, f.most).WithField(f.name)
		}
	}
	return nil
}

// ValidateLimits refuses bytes that are not the canonical form of valid limits.
func ValidateLimits(b []byte) error {
	l, err := canon.Decode[Limits](b)
	if err != nil {
		return err
	}
	return l.Validate()
}

// LimitsIn returns the limits that the terms refer to, and whether they are the
// current ones.
func (t Terms) LimitsIn(f trade.Facts) (Limits, bool, error) {
	p, ok := f.Parameters[t.Limits]
	if !ok {
		return Limits{}, false, fault.New(fault.ParameterNotFound, "version %d of %s is not approved",
			t.Limits.Version, t.Limits.Name).WithField("limits")
	}
	l, err := canon.Decode[Limits](p.Value)
	return l, p.Current, err
}

// day returns midnight UTC at the beginning of d, which must be valid.
func day(d trade.Date) time.Time {
	t, _ := time.Parse(time.DateOnly, string(d)) // a Date was validated where it came in
	return t
}

// addMonths returns the same day n months later, or the last of that month when
// it has no such day.
func addMonths(d trade.Date, n int) trade.Date {
	from := day(d)
	to := from.AddDate(0, n, 0)
	if to.Day() != from.Day() {
		to = to.AddDate(0, 0, -to.Day())
	}
	return trade.Date(to.Format(time.DateOnly))
}

func addDays(d trade.Date, n int) trade.Date {
	return trade.Date(day(d).AddDate(0, 0, n).Format(time.DateOnly))
}

// begins reports whether the day d has begun at time now, in UTC.
func begins(d trade.Date, now trade.Instant) bool { return now >= trade.InstantOf(day(d)) }

// Remarks are what a payee should know of terms that are allowed.
const (
	RemarkLongTerm   = "TERM_OVER_RULE"
	RemarkSmallPayee = "SMALL_PAYEE_PAID_LATE"
)

// CheckTerm refuses terms over the longest term and returns the remarks that
// they deserve. For a small payee, invoiced is the date of its earliest invoice;
// else it is empty.
func (l Limits) CheckTerm(t Terms, invoiced trade.Date) ([]string, error) {
	if t.Due > addMonths(t.IssueDate, l.MaxTermMonths) {
		return nil, fault.New(fault.LimitExceeded, "the term is over %d months (notice 77, article 11)", l.MaxTermMonths).
			WithField("due")
	}
	var remarks []string
	if t.Due > addMonths(t.IssueDate, l.WarnTermMonths) {
		remarks = append(remarks, RemarkLongTerm)
	}
	if invoiced != "" && t.Due > addDays(invoiced, l.SmallPayeeDays) {
		remarks = append(remarks, RemarkSmallPayee)
	}
	return slices.Clip(remarks), nil
}

// IssuedToday reports whether the issue date is the day of now, give or take the
// one day by which calendars around the earth differ.
func (t Terms) IssuedToday(now trade.Instant) bool {
	return begins(addDays(t.IssueDate, -1), now) && !begins(addDays(t.IssueDate, 2), now)
}

// DueBegins is when the day of maturity begins.
func (t Terms) DueBegins() trade.Instant { return trade.InstantOf(day(t.Due)) }
