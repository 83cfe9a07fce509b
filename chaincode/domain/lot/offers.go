package lot

import (
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// This file is about successors: a lot that is to change hands, be pledged or
// financed waits, and a lot with the new rights is offered to the other side.

// Rights are what a lot's successor gives to whom: another owner, or a claim
// beside the same owner.
type Rights struct {
	Owner trade.PartyID
	Claim Claim
}

// Succession returns the body of the lot that is offered with other rights than
// the one with the header h and body b. The salt is left to its maker.
func Succession(h trade.Header, b Body, r Rights, offer Offer) Body {
	next := b
	next.Salt, next.Offer, next.Claim = trade.Salt{}, &offer, r.Claim
	if r.Claim.Kind == "" {
		next.Owner = r.Owner
		next.Ancestry = append(slices.Clone(b.Ancestry), Ancestor{b.Owner, LinkTo(h), b.From, b.To})
	}
	return next
}

// Released returns the body of the lot that succeeds a pledged one.
func Released(b Body) Body {
	b.Salt, b.Claim, b.Offer = trade.Salt{}, Claim{}, nil
	return b
}

// offer lets the lot wait while its successor is offered.
func (m *move) offer() (trade.Effects, error) {
	news, err := m.newLots()
	if err != nil {
		return trade.Effects{}, err
	}
	if len(news) != 1 || news[0].body.Offer == nil {
		return trade.Effects{}, fault.New(fault.BodyMissing, "the body of the one lot that is offered must travel along")
	}
	next := news[0].body
	if err := m.checkOffer(next); err != nil {
		return trade.Effects{}, err
	}
	if m.step.Action == Transfer {
		if err := m.checkTransfer(next); err != nil {
			return trade.Effects{}, err
		}
	}
	if m.step.Action == AskFinance && !m.f.Parties[next.Claim.Holder].Has(trade.RoleBank) {
		return trade.Effects{}, fault.New(fault.RoleMissing, "only a bank may finance (notice 77, article 4)").
			WithField("claim.holder")
	}
	doc, err := create(news[0], Offering, m.doc.Header, m.f)
	if err != nil {
		return trade.Effects{}, err
	}
	doc.Header.Deadline = next.Offer.Deadline
	m.doc.Header.Successors = []trade.DocID{doc.Header.ID}
	return m.moved(doc), nil
}

// checkOffer holds the successor against its predecessor and the calendar.
func (m *move) checkOffer(next Body) error {
	kind := map[string]string{Transfer: "", Pledge: ClaimPledge, AskFinance: ClaimFinance}[m.step.Action]
	want := Succession(m.doc.Header, m.body, Rights{next.Owner, next.Claim}, *next.Offer)
	if next.Claim.Kind != kind || !next.same(want) || next.From != want.From || next.To != want.To ||
		next.Parts != want.Parts {
		return fault.New(fault.FieldInvalid, "the lot that is offered is not this one with its new rights").
			WithField("body")
	}
	due := m.body.Terms.DueBegins()
	switch {
	case m.f.Now >= due:
		return fault.New(fault.Expired, "the day of maturity has begun")
	case next.Offer.Deadline <= m.f.Now:
		return fault.New(fault.Expired, "the offer's deadline has passed").WithField("offer.deadline")
	case next.Offer.Deadline > due:
		return fault.New(fault.FieldInvalid, "the offer's deadline is not after maturity").WithField("offer.deadline")
	}
	return nil
}

func (m *move) checkTransfer(next Body) error {
	limits, _, err := m.body.Terms.LimitsIn(m.f)
	if err != nil {
		return err
	}
	home := next.Owner == m.body.Terms.Issuer // the way back is always open
	switch {
	case next.Owner == m.body.Owner:
		return fault.New(fault.FieldInvalid, "the recipient owns the lot already").WithField("owner")
	case !m.body.Terms.Transferable && !home:
		return fault.New(fault.TransitionForbidden, "the voucher is not transferable")
	case next.Depth() > limits.MaxDepth && !home:
		return fault.New(fault.LimitExceeded, "units change hands %d times at most", limits.MaxDepth).WithField("ancestry")
	}
	return nil
}

// accept brings the offered lot into force and ends its predecessor.
func (m *move) accept() (trade.Effects, error) {
	if m.f.Now > m.doc.Header.Deadline {
		return trade.Effects{}, fault.New(fault.Expired, "the offer ended at %s", m.doc.Header.Deadline)
	}
	if m.step.Action == Finance {
		if !m.f.Caller.Party.Has(trade.RoleBank) {
			return trade.Effects{}, fault.New(fault.RoleMissing, "only a bank may finance (notice 77, article 4)")
		}
		if err := checkFinanced(m.cmd.Args); err != nil {
			return trade.Effects{}, err
		}
	}
	e, err := m.withPredecessor(Succeed)
	if m.step.Action == Finance {
		e.Note = m.cmd.Args
	}
	return e, err
}

// FinancedArgs are the private arguments of Finance: what the financier reports
// of its payment. Price and amount are not among them: the issuer's organisation
// reads this, and they are none of its business.
type FinancedArgs struct {
	Salt trade.Salt `json:"salt"`
	// Status is ACSC or ACCC (ISO 20022), Reference the financier's own.
	Status    string `json:"status"`
	Reference string `json:"reference"`
	// RegistryNumber is under which the financing is registered at the
	// movable-asset registry (notice 77, article 13).
	RegistryNumber string `json:"registryNumber"`
}

func checkFinanced(args []byte) error {
	r, err := canon.Decode[FinancedArgs](args)
	if err != nil {
		return err
	}
	if err := r.Salt.Validate(); err != nil {
		return err
	}
	switch {
	case !reasonCode.MatchString(r.Status):
		return fault.New(fault.FieldInvalid, "a settlement is reported as ACSC or ACCC").WithField("status")
	case !isText(r.Reference):
		return fault.New(fault.FieldRequired, "the financier's reference has 1 to %d bytes", maxText).WithField("reference")
	case !isText(r.RegistryNumber):
		return fault.New(fault.FieldRequired, "the number at the movable-asset registry must be given "+
			"(notice 77, article 13)").WithField("registryNumber")
	}
	return nil
}

// withPredecessor takes the step and moves the waiting predecessor by action.
func (m *move) withPredecessor(action string) (trade.Effects, error) {
	var before trade.Document
	if len(m.doc.Header.Lineage) == 1 {
		before = m.f.Related[m.doc.Header.Lineage[0].ID]
	}
	if before.Header.State == lifecycle.None || !slices.Equal(before.Header.Successors, []trade.DocID{m.doc.Header.ID}) {
		return trade.Effects{}, fault.New(fault.DocInvalid, "the predecessor does not wait for this lot")
	}
	h, err := stepOf(before.Header, action)
	if err != nil {
		return trade.Effects{}, err
	}
	if action == Return {
		h.Successors = nil
	}
	before.Header = h
	m.doc.Header.Deadline = 0
	return m.moved(before), nil
}

// recall takes the offer back.
func (m *move) recall() (trade.Effects, error) {
	if len(m.doc.Header.Successors) != 1 {
		return trade.Effects{}, fault.New(fault.DocInvalid, "the lot waits for no one successor")
	}
	next := m.f.Related[m.doc.Header.Successors[0]]
	h, err := stepOf(next.Header, Retract)
	if err != nil {
		return trade.Effects{}, err
	}
	next.Header = h
	next.Header.Deadline = 0
	m.doc.Header.Successors = nil
	return m.moved(next), nil
}

// release frees the lot from its pledge: a lot without it succeeds.
func (m *move) release() (trade.Effects, error) {
	news, err := m.newLots()
	if err != nil {
		return trade.Effects{}, err
	}
	if len(news) != 1 {
		return trade.Effects{}, fault.New(fault.BodyMissing, "the body of the lot without the pledge must travel along")
	}
	next := news[0].body
	if !next.same(m.body) || next.From != m.body.From || next.To != m.body.To || next.Parts != m.body.Parts ||
		next.Claim != (Claim{}) || next.Offer != nil {
		return trade.Effects{}, fault.New(fault.FieldInvalid, "the successor is not this lot without the pledge").
			WithField("body")
	}
	doc, err := create(news[0], Part, m.doc.Header, m.f)
	if err != nil {
		return trade.Effects{}, err
	}
	m.doc.Header.Successors = []trade.DocID{doc.Header.ID}
	return m.moved(doc), nil
}
