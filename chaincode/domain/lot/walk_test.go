package lot

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

const (
	coreID     trade.PartyID = "529900ARGOSYIMPRTR96"
	bankID     trade.PartyID = "529900ARGOSYIMBANK18"
	supplierID trade.PartyID = "529900ARGOSYEXPRTR48"
	tierTwoID  trade.PartyID = "529900ARGOSYRIVAL085"

	lotID   trade.DocID = "SupplierMSP.00000000000000000000000000000001"
	otherID trade.DocID = "SupplierMSP.00000000000000000000000000000002"
	restID  trade.DocID = "SupplierMSP.00000000000000000000000000000003"

	uetr = "8a562c67-ca16-48ba-b074-65581be6f001"
)

var (
	issued   = at("2026-01-10")
	maturity = at("2026-06-10")
	orgs     = map[trade.PartyID]trade.MSPID{
		coreID: "CoreMSP", bankID: "CoreMSP", supplierID: "SupplierMSP", tierTwoID: "TierTwoMSP",
	}
)

func at(date string) trade.Instant { return trade.InstantOf(day(trade.Date(date))) }

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := canon.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sampleTerms() Terms {
	return Terms{
		Number: "V-1", Issuer: coreID, Bank: bankID, Currency: "CNY", IssueDate: "2026-01-10", Due: "2026-06-10",
		Recourse: true, Transferable: true, Limits: trade.ParameterRef{Name: "voucher.CNY", Version: 1},
	}
}

func sampleBody() Body {
	return Body{
		Salt: trade.Salt{1}, Voucher: Link{ID: "CoreMSP.00000000000000000000000000000009", Digest: trade.Digest{9}},
		Terms: sampleTerms(), From: 1001, To: 2000, Parts: 10, Owner: supplierID, Ancestry: []Ancestor{},
	}
}

// scene is a lot in some state with all that its rules may ask for.
type scene struct {
	t     *testing.T
	body  Body
	doc   trade.Document
	cmd   trade.Command
	facts trade.Facts
}

// newScene has a lot of the supplier in the state. What was offered is offered
// by another lot, what waits or lives on has a successor.
func newScene(t *testing.T, state string) *scene {
	t.Helper()
	s := &scene{t: t, body: sampleBody(), facts: trade.Facts{
		Now: issued, Related: map[trade.DocID]trade.Document{}, Digests: map[trade.DocID]trade.BodyDigests{},
		Parties: map[trade.PartyID]trade.Party{},
		Parameters: map[trade.ParameterRef]trade.Parameter{
			sampleTerms().Limits: {Value: encode(t, DefaultLimits()), Current: true},
		},
	}}
	for id, msp := range orgs {
		p := trade.Party{ID: id, MSP: msp, Active: true}
		if id == bankID {
			p.Roles = []trade.Role{trade.RoleBank}
		}
		s.facts.Parties[id] = p
	}
	s.doc.Header = trade.Header{
		ID: lotID, Kind: Kind, State: state, Version: 3, Parties: []trade.MSPID{"CoreMSP", "SupplierMSP"},
	}
	switch {
	case state == lifecycle.None:
		s.doc.Header.Version = 0
	case state == Offered:
		s.doc.Header.Deadline = issued + 1000
		s.doc.Header.Lineage = []trade.Reference{{ID: otherID, Version: 2}}
	case slices.Contains(pending, state) || state == Divided || state == Superseded || state == ClosedWithLoss:
		s.doc.Header.Successors = []trade.DocID{otherID}
	case state == Frozen:
		s.doc.Header.Resume, s.doc.Header.UpdatedBy = Pledged, "CourtMSP"
	case state == Pledged:
		s.body.Claim = Claim{ClaimPledge, bankID}
	case state == Financed:
		s.body.Claim = Claim{ClaimFinance, bankID}
	}
	return s
}

func (s *scene) as(id trade.PartyID) {
	s.facts.Caller = trade.Caller{MSP: orgs[id], Party: s.facts.Parties[id]}
}

// along adds a lot that is to be created.
func (s *scene) along(id trade.DocID, b Body) {
	b.Salt = trade.Salt{7}
	raw := encode(s.t, b)
	s.facts.Related[id] = trade.Document{Header: trade.Header{ID: id}, Body: raw}
	s.facts.Digests[id] = trade.BodyDigests{SHA256: sha256.Sum256(raw)}
}

func (s *scene) beside(state string) {
	h := trade.Header{ID: otherID, Kind: Kind, State: state, Version: 2, Successors: []trade.DocID{lotID}}
	s.facts.Related[otherID] = trade.Document{Header: h}
}

// seal makes the lot's header name its body.
func (s *scene) seal() {
	s.doc.Body = encode(s.t, s.body)
	s.doc.Header.Digest = sha256.Sum256(s.doc.Body)
}

func (s *scene) offerTo(r Rights) {
	s.seal()
	s.as(supplierID)
	s.along(otherID, Succession(s.doc.Header, s.body, r, Offer{Reference: "SUPPLY-1", Deadline: issued + 1000}))
}

// suit gives the scene the caller, companions, arguments and time that the
// action asks for.
func (s *scene) suit(action string) {
	s.cmd = trade.Command{ID: lotID, Action: action, Version: 3}
	switch action {
	case Split:
		s.as(s.body.Owner)
		parts, err := Divide(s.body, []int64{400, 600})
		if err != nil {
			s.t.Fatal(err)
		}
		s.along(otherID, parts[0])
		s.along(restID, parts[1])
	case Transfer:
		s.offerTo(Rights{Owner: tierTwoID})
	case Pledge:
		s.offerTo(Rights{supplierID, Claim{ClaimPledge, tierTwoID}})
	case AskFinance:
		s.offerTo(Rights{supplierID, Claim{ClaimFinance, bankID}})
	case Accept, Reject:
		s.as(supplierID)
		s.body.Offer = &Offer{Reference: "SUPPLY-1", Deadline: issued + 1000}
		s.beside(TransferPending)
	case TakeInPledge, Finance:
		s.as(bankID)
		s.body.Claim = Claim{map[string]string{TakeInPledge: ClaimPledge, Finance: ClaimFinance}[action], bankID}
		s.beside(map[string]string{TakeInPledge: PledgePending, Finance: FinancePending}[action])
		s.cmd.Args = encode(s.t, FinancedArgs{
			Salt: trade.Salt{1}, Status: "ACSC", Reference: "L-1", RegistryNumber: "01234567",
		})
	case Lapse:
		s.beside(PledgePending)
		s.facts.Now = issued + 1001
	case Recall:
		s.as(supplierID)
		s.beside(Offered)
	case Release:
		s.as(bankID)
		s.along(otherID, Released(s.body))
	default:
		s.suitLater(action)
	}
}

func (s *scene) suitLater(action string) {
	s.facts.Now = maturity
	switch action {
	case Freeze, Unfreeze:
		s.facts.Caller = trade.Caller{MSP: "CourtMSP", Party: trade.Party{
			ID: "529900ARGOSYCOURT012", Active: true, Roles: []trade.Role{trade.RoleAuthority},
		}}
		s.cmd.Args = encode(s.t, OrderArgs{Salt: trade.Salt{1}, Office: "Shanghai Financial Court", Reference: "2026-1"})
	case Mature:
		s.as(coreID)
	case Default:
		s.as(supplierID)
		s.facts.Now = at("2026-06-14")
	case Recourse, WriteOff:
		s.as(supplierID)
	case Pay:
		s.as(bankID)
		s.pays(1000)
	case BuyBack:
		s.body.Owner = coreID
		s.as(coreID)
	case Close:
		s.beside(Paid)
	}
}

func (s *scene) pays(amount int64) {
	s.cmd.Args = encode(s.t, PaidArgs{
		Salt: trade.Salt{1}, AmountMinor: amount, Status: "ACSC", Reference: "P-1", UETR: uetr,
	})
}

func (s *scene) apply() (trade.Effects, error) {
	s.seal()
	return Apply(s.doc, s.cmd, s.facts)
}

func TestEveryStateAndAction(t *testing.T) {
	if err := Table.Check(); err != nil {
		t.Fatal(err)
	}
	for _, state := range Table.States() {
		for _, action := range Table.Actions() {
			s := newScene(t, state)
			s.suit(action)
			e, err := s.apply()
			step, unlisted := Table.Next(state, action)
			inner := slices.Contains([]string{voucher, predecessor, successor}, step.Who) ||
				slices.Contains([]string{PayPart, CloseCancelled, CloseWithLoss}, action)
			want := step.To
			if want == lifecycle.Previous {
				want = Pledged
			}
			switch {
			case unlisted != nil || inner:
				if fault.CodeOf(err) != fault.TransitionForbidden {
					t.Errorf("%s in state %q: %v, want a refusal", action, state, err)
				}
			case err != nil:
				t.Errorf("%s in state %q: %v", action, state, err)
			case e.Doc.Header.State != want:
				t.Errorf("%s in state %q leads to %q, want %q", action, state, e.Doc.Header.State, want)
			}
		}
	}
}

func TestWhatMovesWithALot(t *testing.T) {
	for _, tc := range []struct {
		state, action string
		want          map[trade.DocID]string
	}{
		{Active, Split, map[trade.DocID]string{otherID: Active, restID: Active}},
		{Active, Transfer, map[trade.DocID]string{otherID: Offered}},
		{Offered, Accept, map[trade.DocID]string{otherID: Superseded}},
		{Offered, Finance, map[trade.DocID]string{otherID: Superseded}},
		{Offered, Reject, map[trade.DocID]string{otherID: Active}},
		{Offered, Lapse, map[trade.DocID]string{otherID: Active}},
		{FinancePending, Recall, map[trade.DocID]string{otherID: Retracted}},
		{Pledged, Release, map[trade.DocID]string{otherID: Active}},
		{Superseded, Close, map[trade.DocID]string{}},
	} {
		s := newScene(t, tc.state)
		s.suit(tc.action)
		e, err := s.apply()
		if err != nil {
			t.Errorf("%s: %v", tc.action, err)
			continue
		}
		got := map[trade.DocID]string{}
		for _, o := range e.Others {
			got[o.Header.ID] = o.Header.State
		}
		for id, state := range tc.want {
			if got[id] != state || len(got) != len(tc.want) {
				t.Errorf("%s moves %v, want %v", tc.action, got, tc.want)
			}
		}
	}
}

func TestEndsOfSuccessors(t *testing.T) {
	for _, tc := range []struct {
		states []string
		want   string
	}{
		{nil, ""},
		{[]string{Paid, Active}, ""},
		{[]string{Paid, Frozen}, ""},
		{[]string{Paid, Cancelled}, Close},
		{[]string{Cancelled, ClosedCancelled}, CloseCancelled},
		{[]string{Paid, WrittenOff, Cancelled}, CloseWithLoss},
		{[]string{Closed, ClosedWithLoss}, CloseWithLoss},
		{[]string{Rejected}, ""},
	} {
		if got := EndOf(tc.states); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.states, got, tc.want)
		}
	}
}

func TestMonthsEndWithTheMonth(t *testing.T) {
	for _, tc := range []struct {
		from trade.Date
		n    int
		want trade.Date
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2027-08-31", 6, "2028-02-29"},
		{"2026-01-10", 12, "2027-01-10"},
		{"2026-12-31", 2, "2027-02-28"},
	} {
		if got := addMonths(tc.from, tc.n); got != tc.want {
			t.Errorf("%s and %d months: %s, want %s", tc.from, tc.n, got, tc.want)
		}
	}
	if begins("2026-06-10", maturity-1) || !begins("2026-06-10", maturity) ||
		maturity != trade.InstantOf(time.Date(2026, 6, 10, 0, 0, 0, 0, time.UTC)) {
		t.Error("a day begins at midnight UTC")
	}
}
