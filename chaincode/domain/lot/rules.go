package lot

import (
	"regexp"
	"slices"
	"sort"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// move is a step on its way: what the rules below share.
type move struct {
	doc  trade.Document
	step lifecycle.Step
	body Body
	cmd  trade.Command
	f    trade.Facts
}

// Apply moves the lot doc by cmd. It refuses what the table does not list, and
// steps that only a voucher or another lot takes.
func Apply(doc trade.Document, cmd trade.Command, f trade.Facts) (trade.Effects, error) {
	action := cmd.Action
	switch action {
	case PayPart, CloseCancelled, CloseWithLoss:
		return trade.Effects{}, fault.New(fault.TransitionForbidden, "%s is what another action comes to", action)
	case Close:
		action = closing(doc.Header, f)
	}
	step, err := Table.Next(doc.Header.State, action)
	if err != nil {
		return trade.Effects{}, err
	}
	m := move{doc: doc, step: step, cmd: cmd, f: f}
	switch step.Who {
	case voucher, predecessor, successor:
		return trade.Effects{}, fault.New(fault.TransitionForbidden, "%s is a step of %s", step.Action, step.Who)
	case authority:
		return m.byAuthority()
	case lifecycle.Anyone:
		return m.byAnyone()
	}
	if m.body, err = canon.Decode[Body](doc.Body); err != nil {
		return trade.Effects{}, err
	}
	if err := m.allow(); err != nil {
		return trade.Effects{}, err
	}
	switch step.Action {
	case Split:
		return m.split()
	case Transfer, Pledge, AskFinance:
		return m.offer()
	case Accept, TakeInPledge, Finance:
		return m.accept()
	case Reject:
		return m.withPredecessor(Return)
	case Recall:
		return m.recall()
	case Release:
		return m.release()
	case Pay:
		return m.pay()
	default:
		return m.atMaturity()
	}
}

// allow refuses a caller other than the one whose step it is.
func (m *move) allow() error {
	want := m.body.Owner
	switch m.step.Who {
	case party:
		if slices.Contains(m.body.Parties(), m.f.Caller.Party.ID) {
			want = m.f.Caller.Party.ID
		}
	case recipient, pledgee, financier, offeree, payee:
		want = m.body.Payee()
	case bank:
		want = m.body.Terms.Bank
	}
	if err := trade.RequireParty(m.f.Caller, want, m.step.Who); err != nil {
		return err
	}
	kind := map[string]string{recipient: "", pledgee: ClaimPledge, financier: ClaimFinance}
	if want, ok := kind[m.step.Who]; ok && m.body.Claim.Kind != want {
		return fault.New(fault.TransitionForbidden, "the lot was not offered for %s", m.step.Action)
	}
	return nil
}

// moved returns the effects of the step on the lot itself.
func (m *move) moved(others ...trade.Document) trade.Effects {
	m.doc.Header.State = m.step.To
	return trade.Effects{Doc: m.doc, Others: others}
}

// stepOf takes a step of another lot that belongs to this one.
func stepOf(h trade.Header, action string) (trade.Header, error) {
	step, err := Table.Next(h.State, action)
	if err != nil {
		return h, err
	}
	h.State = step.To
	return h, nil
}

// made is a lot that travelled along to be created.
type made struct {
	id   trade.DocID
	raw  []byte
	body Body
}

// newLots returns the lots that are to be created, by their first unit.
func (m *move) newLots() ([]made, error) { return newIn(m.f.Related) }

// newIn returns the lots among related that do not exist yet, decoded and
// valid, by their first unit.
func newIn(related map[trade.DocID]trade.Document) ([]made, error) {
	var out []made
	for id, d := range related {
		if d.Header.State != lifecycle.None || d.Body == nil {
			continue
		}
		b, err := canon.Decode[Body](d.Body)
		if err != nil {
			return nil, err
		}
		if err := b.Validate(); err != nil {
			return nil, err
		}
		out = append(out, made{id, d.Body, b})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].body.From != out[j].body.From {
			return out[i].body.From < out[j].body.From
		}
		return out[i].id < out[j].id
	})
	return out, nil
}

// create returns the new lot n as a document that action makes from the one with
// the header from. Its parties are looked up: an unknown or inactive one is
// refused.
func create(n made, action string, from trade.Header, f trade.Facts) (trade.Document, error) {
	parties, err := trade.Organisations(n.body.Parties(), f.Parties)
	if err != nil {
		return trade.Document{}, err
	}
	return n.document(action, from, trade.Header{Parties: parties}, f)
}

// document returns the new lot as action makes it from the one with the header
// from; h holds what else its header says.
func (n made) document(action string, from, h trade.Header, f trade.Facts) (trade.Document, error) {
	d := f.Digests[n.id]
	h.ID, h.Kind, h.Digest, h.DigestSM3 = n.id, Kind, d.SHA256, d.SM3
	h.Lineage = []trade.Reference{{ID: from.ID, Version: from.Version + 1, Digest: from.Digest}}
	h, err := stepOf(h, action)
	return trade.Document{Header: h, Body: n.raw}, err
}

// PartiesOfNew returns the parties of the lots among related that do not exist
// yet, each once.
func PartiesOfNew(related map[trade.DocID]trade.Document) ([]trade.PartyID, error) {
	news, err := newIn(related)
	if err != nil {
		return nil, err
	}
	var out []trade.PartyID
	for _, n := range news {
		out = append(out, n.body.Parties()...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Asks returns what the rule must know of the registry: the parties of lots that
// are to be created, and the limits where they bind.
func Asks(doc trade.Document, cmd trade.Command, related map[trade.DocID]trade.Document) (trade.Questions, error) {
	var q trade.Questions
	switch cmd.Action {
	case Transfer, Pledge, AskFinance, Release:
		var err error
		if q.Parties, err = PartiesOfNew(related); err != nil {
			return q, err
		}
	}
	switch cmd.Action {
	case Split, Transfer, Default:
		body, err := canon.Decode[Body](doc.Body)
		if err != nil {
			return q, err
		}
		q.Parameters = []trade.ParameterRef{body.Terms.Limits}
	}
	return q, nil
}

// First returns the lot with which a voucher comes into force. All units, owned
// by the payee; want is the body that it must have, salt aside. The voucher's
// law decides when.
func First(v trade.Header, want Body, f trade.Facts) (trade.Document, error) {
	news, err := newIn(f.Related)
	if err != nil {
		return trade.Document{}, err
	}
	if len(news) != 1 {
		return trade.Document{}, fault.New(fault.BodyMissing, "the body of the voucher's one lot must travel along")
	}
	b := news[0].body
	if !b.same(want) || b.From != want.From || b.To != want.To || b.Parts != want.Parts || b.Claim != want.Claim ||
		b.Offer != nil {
		return trade.Document{}, fault.New(fault.FieldInvalid, "the lot is not the whole voucher in the payee's hands").
			WithDoc(string(news[0].id))
	}
	return create(news[0], Issue, v, f)
}

// OrderArgs are the private arguments of Freeze and Unfreeze.
type OrderArgs struct {
	Salt trade.Salt `json:"salt"`
	// Office is the court or regulator, Reference the number of its order.
	Office    string `json:"office"`
	Reference string `json:"reference"`
}

// byAuthority suspends the lot or lets it go on where it was. The authority
// knows the lot's id and does not see its contents.
func (m *move) byAuthority() (trade.Effects, error) {
	c := m.f.Caller
	if c.Party.ID == "" {
		return trade.Effects{}, fault.New(fault.CallerUnknown, "no party is bound to the caller's certificate")
	}
	if !c.Party.Active {
		return trade.Effects{}, fault.New(fault.PartyInactive, "the caller's party is not active")
	}
	if !c.Party.Has(trade.RoleAuthority) {
		return trade.Effects{}, fault.New(fault.RoleMissing, "only a court or regulator may do this")
	}
	order, err := canon.Decode[OrderArgs](m.cmd.Args)
	if err != nil {
		return trade.Effects{}, err
	}
	if err := order.Salt.Validate(); err != nil {
		return trade.Effects{}, err
	}
	if !isText(order.Office) || !isText(order.Reference) {
		return trade.Effects{}, fault.New(fault.FieldRequired, "office and number of the order have 1 to %d bytes", maxText).
			WithField("reference")
	}
	h := &m.doc.Header
	if m.step.Action == Freeze {
		h.Resume = h.State
	} else {
		if h.UpdatedBy != c.MSP {
			return trade.Effects{}, fault.New(fault.NotParty, "the lot was frozen by an authority of %s", h.UpdatedBy)
		}
		m.step.To, h.Resume = h.Resume, ""
	}
	e := m.moved()
	e.Note = m.cmd.Args
	return e, nil
}

// closing returns the action that Close is: what the ends of the successors say.
// While one has not ended it stays Close, which byAnyone refuses.
func closing(h trade.Header, f trade.Facts) string {
	if end := EndOf(statesOf(h.Successors, f)); end != "" {
		return end
	}
	return Close
}

func statesOf(ids []trade.DocID, f trade.Facts) []string {
	var out []string
	for _, id := range ids {
		out = append(out, f.Related[id].Header.State)
	}
	return out
}

// byAnyone takes a step that time or other lots decide.
func (m *move) byAnyone() (trade.Effects, error) {
	if m.step.Action == Lapse {
		if m.f.Now <= m.doc.Header.Deadline {
			return trade.Effects{}, fault.New(fault.TransitionForbidden, "the deadline %s has not passed", m.doc.Header.Deadline)
		}
		return m.withPredecessor(Return)
	}
	if EndOf(statesOf(m.doc.Header.Successors, m.f)) == "" {
		return trade.Effects{}, fault.New(fault.ConditionUnmet, "not every successor has ended")
	}
	return m.moved(), nil
}

var (
	reasonCode  = regexp.MustCompile(`^AC(SC|CC)$`)
	uetrPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)
