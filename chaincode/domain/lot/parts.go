package lot

import (
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// This file is about parts: a lot that is split by its owner, or paid in part by
// the issuer's bank, ends, and its units live on in the parts.

// Divide returns the bodies of the parts into which b falls when its units are
// handed out in the given sizes, in order. The number of lots that b may become
// is shared out evenly, each part getting at least 1 and at most its units. It
// refuses sizes that do not add up to the lot. Salts are left to their maker.
func Divide(b Body, sizes []int64) ([]Body, error) {
	var sum int64
	for _, n := range sizes {
		if n < 1 || n > b.Units()-sum {
			return nil, fault.New(fault.FieldInvalid, "parts are positive and add up to the lot").WithField("parts")
		}
		sum += n
	}
	if sum != b.Units() || int64(len(sizes)) > b.Parts {
		return nil, fault.New(fault.FieldInvalid, "parts add up to the lot, which may become %d lots", b.Parts).
			WithField("parts")
	}
	parts, left, from := make([]Body, len(sizes)), b.Parts, b.From
	for i, n := range sizes {
		p := b
		p.Salt, p.Offer = trade.Salt{}, nil
		p.From, p.To = from, from+n-1
		p.Parts = min(left/int64(len(sizes)-i), n)
		left, from = left-p.Parts, from+n
		parts[i] = p
	}
	return parts, nil
}

// partition refuses parts that do not inherit everything from the lot, or do not
// cover its units exactly once.
func (m *move) partition(parts []made) error {
	next := m.body.From
	for _, p := range parts {
		b := p.body
		if !b.same(m.body) || b.Claim != m.body.Claim || b.Offer != nil {
			return fault.New(fault.FieldInvalid, "a part inherits owner, claim, ancestry and every term").
				WithDoc(string(p.id))
		}
		if b.From != next || b.To > m.body.To {
			return fault.New(fault.FieldInvalid, "the parts must partition the units %d to %d", m.body.From, m.body.To).
				WithDoc(string(p.id))
		}
		next = b.To + 1
	}
	if len(parts) < 2 || next != m.body.To+1 {
		return fault.New(fault.FieldInvalid, "two or more parts partition the units %d to %d", m.body.From, m.body.To).
			WithField("parts")
	}
	return nil
}

// split divides the lot among parts that its owner chose.
func (m *move) split() (trade.Effects, error) {
	parts, err := m.newLots()
	if err != nil {
		return trade.Effects{}, err
	}
	if len(parts) > MaxParts {
		return trade.Effects{}, fault.New(fault.TooLarge, "%d parts; the limit is %d", len(parts), MaxParts)
	}
	if err := m.partition(parts); err != nil {
		return trade.Effects{}, err
	}
	limits, _, err := m.body.Terms.LimitsIn(m.f)
	if err != nil {
		return trade.Effects{}, err
	}
	left := m.body.Parts
	for _, p := range parts {
		if p.body.Units() < limits.MinLot {
			return trade.Effects{}, fault.New(fault.LimitExceeded, "the smallest lot has %d units", limits.MinLot).
				WithDoc(string(p.id))
		}
		if p.body.Parts > left {
			return trade.Effects{}, fault.New(fault.LimitExceeded, "the lot may become %d lots", m.body.Parts).
				WithField("parts")
		}
		left -= p.body.Parts
	}
	return m.divided(parts, func(int) string { return Part })
}

// divided ends the lot in favour of its parts; action says by which step the
// part with an index comes to be. They have the lot's parties, so nobody is
// looked up: a payee that is suspended can still be paid in part.
func (m *move) divided(parts []made, action func(i int) string) (trade.Effects, error) {
	var others []trade.Document
	m.doc.Header.Successors = nil
	for i, p := range parts {
		d, err := p.document(action(i), m.doc.Header, trade.Header{
			Parties: m.doc.Header.Parties, Defaulter: m.doc.Header.Defaulter,
		}, m.f)
		if err != nil {
			return trade.Effects{}, err
		}
		others = append(others, d)
		m.doc.Header.Successors = append(m.doc.Header.Successors, p.id)
	}
	return m.moved(others...), nil
}

// PaidArgs are the private arguments of Pay: what the issuer's bank reports of
// its payment to the payee of this lot.
type PaidArgs struct {
	Salt trade.Salt `json:"salt"`
	// AmountMinor is what was paid; less than the lot splits it.
	AmountMinor int64 `json:"amountMinor"`
	// Status is ACSC or ACCC (ISO 20022), Reference the bank's own.
	Status    string `json:"status"`
	Reference string `json:"reference"`
	// UETR follows the payment end to end (a version 4 UUID, RFC 9562).
	UETR string `json:"uetr"`
}

func (a PaidArgs) validate() error {
	if err := a.Salt.Validate(); err != nil {
		return err
	}
	switch {
	case !reasonCode.MatchString(a.Status):
		return fault.New(fault.FieldInvalid, "a settlement is reported as ACSC or ACCC").WithField("status")
	case !isText(a.Reference):
		return fault.New(fault.FieldRequired, "the bank's reference has 1 to %d bytes", maxText).WithField("reference")
	case !uetrPattern.MatchString(a.UETR):
		return fault.New(fault.FieldInvalid, "the UETR is a version 4 UUID in lower case").WithField("uetr")
	case a.AmountMinor < 1:
		return fault.New(fault.FieldInvalid, "the amount must be positive").WithField("amountMinor")
	}
	return nil
}

// PaidInPart returns the two parts of a lot of which amount was paid: the first
// units are paid. Neither can become more lots.
func PaidInPart(b Body, amount int64) ([]Body, error) {
	b.Parts = 2
	return Divide(b, []int64{amount, b.Units() - amount})
}

// pay ends the lot that its issuer's bank has paid, or divides it when the bank
// has paid a part. Limits on splitting do not bind the debtor's payment.
func (m *move) pay() (trade.Effects, error) {
	a, err := canon.Decode[PaidArgs](m.cmd.Args)
	if err != nil {
		return trade.Effects{}, err
	}
	if err := a.validate(); err != nil {
		return trade.Effects{}, err
	}
	units := m.body.Units()
	if a.AmountMinor > units {
		return trade.Effects{}, fault.New(fault.AmountExceeded, "the payment is over the lot").WithField("amountMinor")
	}
	if a.AmountMinor == units {
		e := m.moved()
		e.Note = m.cmd.Args
		return e, nil
	}
	rest := map[string]string{
		Due: RestDue, Overdue: RestOverdue, InRecourse: RestRecourse, WrittenOff: RestWrittenOff,
	}[m.doc.Header.State]
	if m.step, err = Table.Next(m.doc.Header.State, PayPart); err != nil {
		return trade.Effects{}, err
	}
	parts, err := m.newLots()
	if err != nil {
		return trade.Effects{}, err
	}
	if err := m.partition(parts); err != nil {
		return trade.Effects{}, err
	}
	if len(parts) != 2 || parts[0].body.Units() != a.AmountMinor || parts[0].body.Parts != 1 || parts[1].body.Parts != 1 {
		return trade.Effects{}, fault.New(fault.FieldInvalid, "the parts are what was paid and the rest").
			WithField("parts")
	}
	e, err := m.divided(parts, func(i int) string { return []string{PartPaid, rest}[i] })
	e.Note = m.cmd.Args
	return e, err
}
