package lot

import (
	"fmt"
	"slices"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// refusal takes what would be allowed and spoils one thing.
type refusal struct {
	state, action string
	spoil         func(*scene)
	want          fault.Code
}

// limits spoils the limits.
func limits(change func(*Limits)) func(*scene) {
	return func(s *scene) {
		l := DefaultLimits()
		change(&l)
		s.facts.Parameters[s.body.Terms.Limits] = trade.Parameter{Value: encode(s.t, l)}
	}
}

// part spoils one of the two parts of a split.
func part(id trade.DocID, change func(*Body)) func(*scene) {
	return func(s *scene) {
		i := map[trade.DocID]int{otherID: 0, restID: 1}[id]
		parts, _ := Divide(s.body, []int64{400, 600})
		change(&parts[i])
		s.along(id, parts[i])
	}
}

// next spoils the lot that a transfer offers.
func next(change func(*Body)) func(*scene) {
	return func(s *scene) {
		b := Succession(s.doc.Header, s.body, Rights{Owner: tierTwoID},
			Offer{Reference: "SUPPLY-1", Deadline: issued + 1000})
		change(&b)
		s.along(otherID, b)
	}
}

var (
	splits = []refusal{
		{Active, Split, func(s *scene) { s.as(coreID) }, fault.NotParty},
		{Active, Split, func(s *scene) { s.facts.Caller.Party.Active = false }, fault.PartyInactive},
		{Active, Split, part(otherID, func(b *Body) { b.To-- }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.To++ }), fault.FieldInvalid},
		{Active, Split, part(restID, func(b *Body) { b.To++ }), fault.FieldInvalid},
		{Active, Split, part(restID, func(b *Body) { b.To-- }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.From-- }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.Owner = tierTwoID }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.Terms.Due = "2026-03-10" }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.Terms.Recourse = false }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.Voucher.Digest = trade.Digest{8} }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.Claim = Claim{ClaimPledge, tierTwoID} }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.Ancestry = []Ancestor{{Owner: coreID}} }), fault.FieldInvalid},
		{Active, Split, part(otherID, func(b *Body) { b.Parts = 6 }), fault.LimitExceeded},
		{Active, Split, part(otherID, func(b *Body) { b.Parts = 0 }), fault.FieldInvalid},
		{Active, Split, func(s *scene) { delete(s.facts.Related, restID) }, fault.FieldInvalid},
		{Active, Split, limits(func(l *Limits) { l.MinLot = 401 }), fault.LimitExceeded},
		{Active, Split, func(s *scene) { s.facts.Parameters = nil }, fault.ParameterNotFound},
	}
	offers = []refusal{
		{Active, Transfer, next(func(b *Body) { b.To++ }), fault.FieldInvalid},
		{Active, Transfer, next(func(b *Body) { b.Offer.Reference = "" }), fault.FieldRequired},
		{Active, Transfer, next(func(b *Body) { b.Offer.Deadline = issued }), fault.Expired},
		{Active, Transfer, next(func(b *Body) { b.Offer.Deadline = maturity + 1 }), fault.FieldInvalid},
		{Active, Transfer, next(func(b *Body) { b.Ancestry = []Ancestor{} }), fault.FieldInvalid},
		{Active, Transfer, next(func(b *Body) { b.Ancestry[0].Owner = coreID }), fault.FieldInvalid},
		{Active, Transfer, next(func(b *Body) { b.Claim = Claim{ClaimFinance, bankID} }), fault.FieldInvalid},
		{Active, Transfer, func(s *scene) { s.offerTo(Rights{Owner: supplierID}) }, fault.FieldInvalid},
		{Active, Transfer, func(s *scene) { s.facts.Now = maturity }, fault.Expired},
		{Active, Transfer, func(s *scene) { delete(s.facts.Parties, tierTwoID) }, fault.PartyNotFound},
		{Active, Transfer, func(s *scene) { s.facts.Parties[tierTwoID] = trade.Party{} }, fault.PartyInactive},
		{Active, Transfer, func(s *scene) {
			s.body.Terms.Transferable = false
			s.offerTo(Rights{Owner: tierTwoID})
		}, fault.TransitionForbidden},
		{Active, Transfer, func(s *scene) {
			limits(func(l *Limits) { l.MaxDepth = 1 })(s)
			s.body.Ancestry = []Ancestor{{Owner: tierTwoID}}
			s.offerTo(Rights{Owner: tierTwoID})
		}, fault.LimitExceeded},
		{Active, AskFinance, func(s *scene) {
			s.offerTo(Rights{supplierID, Claim{ClaimFinance, tierTwoID}})
		}, fault.RoleMissing},
		{Active, Pledge, func(s *scene) { s.offerTo(Rights{supplierID, Claim{ClaimPledge, coreID}}) }, fault.FieldInvalid},
	}
	acceptances = []refusal{
		{Offered, Accept, func(s *scene) { s.as(tierTwoID) }, fault.NotParty},
		{Offered, Accept, func(s *scene) { s.facts.Now = issued + 1001 }, fault.Expired},
		{Offered, Accept, func(s *scene) { s.beside(Frozen) }, fault.TransitionForbidden},
		{Offered, Accept, func(s *scene) { s.beside(Active) }, fault.TransitionForbidden},
		{Offered, Accept, func(s *scene) {
			d := s.facts.Related[otherID]
			d.Header.Successors = []trade.DocID{restID} // it was offered again to somebody else
			s.facts.Related[otherID] = d
		}, fault.DocInvalid},
		{Offered, Accept, func(s *scene) { delete(s.facts.Related, otherID) }, fault.DocInvalid},
		{Offered, TakeInPledge, func(s *scene) { s.body.Claim.Kind = ClaimFinance }, fault.TransitionForbidden},
		{Offered, Finance, func(s *scene) { s.cmd.Args = nil }, fault.ArgumentMalformed},
		{Offered, Finance, func(s *scene) { s.body.Claim.Kind = ClaimPledge }, fault.TransitionForbidden},
		{Offered, Lapse, func(s *scene) { s.facts.Now = issued + 1000 }, fault.TransitionForbidden},
		{TransferPending, Recall, func(s *scene) { s.as(tierTwoID) }, fault.NotParty},
	}
	orders = []refusal{
		{Active, Freeze, func(s *scene) { s.facts.Caller.Party.Roles = nil }, fault.RoleMissing},
		{Active, Freeze, func(s *scene) { s.facts.Caller.Party.Active = false }, fault.PartyInactive},
		{Active, Freeze, func(s *scene) { s.facts.Caller.Party = trade.Party{} }, fault.CallerUnknown},
		{Active, Freeze, func(s *scene) { s.cmd.Args = nil }, fault.ArgumentMalformed},
		{Frozen, Unfreeze, func(s *scene) { s.doc.Header.UpdatedBy = "TaxMSP" }, fault.NotParty},
	}
	maturities = []refusal{
		{Active, Mature, func(s *scene) { s.facts.Now = maturity - 1 }, fault.TransitionForbidden},
		{Active, Mature, func(s *scene) { s.body.Owner = coreID }, fault.TransitionForbidden},
		{Active, Mature, func(s *scene) { s.as(tierTwoID) }, fault.NotParty},
		{Due, Default, func(s *scene) { s.facts.Now = at("2026-06-14") - 1 }, fault.TransitionForbidden},
		{Overdue, Recourse, func(s *scene) { s.body.Terms.Recourse = false }, fault.TransitionForbidden},
		{Financed, Mature, func(s *scene) { s.facts.Now = issued }, fault.TransitionForbidden},
		{Overdue, WriteOff, func(s *scene) { s.body.Claim = Claim{ClaimFinance, bankID} }, fault.NotParty},
		{Due, Pay, func(s *scene) { s.as(supplierID) }, fault.NotParty},
		{Due, Pay, func(s *scene) { s.pays(1001) }, fault.AmountExceeded},
		{Due, Pay, func(s *scene) { s.pays(0) }, fault.FieldInvalid},
		{Due, Pay, func(s *scene) { s.pays(400) }, fault.FieldInvalid}, // the parts are missing
		{Active, BuyBack, func(s *scene) { s.body.Owner = supplierID; s.as(supplierID) }, fault.NotParty},
		{Superseded, Close, func(s *scene) { s.beside(Frozen) }, fault.ConditionUnmet},
		{ClosedWithLoss, Close, func(s *scene) { s.beside(WrittenOff) }, fault.TransitionForbidden},
	}
)

func TestRefusals(t *testing.T) {
	for i, tc := range slices.Concat(splits, offers, acceptances, orders, maturities) {
		t.Run(fmt.Sprintf("%d %s", i, tc.action), func(t *testing.T) {
			s := newScene(t, tc.state)
			s.suit(tc.action)
			if _, err := s.apply(); err != nil {
				t.Fatalf("unspoilt: %v", err)
			}
			tc.spoil(s)
			if _, err := s.apply(); fault.CodeOf(err) != tc.want {
				t.Errorf("%s in %s: %v, want %s", tc.action, tc.state, err, tc.want)
			}
		})
	}
}

func TestComingHomeIsAlwaysOpen(t *testing.T) {
	s := newScene(t, Active)
	s.suit(Transfer)
	s.body.Terms.Transferable = false
	for range DefaultLimits().MaxDepth {
		s.body.Ancestry = append(s.body.Ancestry, Ancestor{Owner: tierTwoID})
	}
	s.offerTo(Rights{Owner: coreID})
	if _, err := s.apply(); err != nil {
		t.Fatal(err)
	}
}

func TestTermLimits(t *testing.T) {
	l := DefaultLimits()
	terms := sampleTerms()
	for _, tc := range []struct {
		due, invoiced trade.Date
		want          fault.Code
		remarks       string
	}{
		{"2026-07-10", "", "", "[]"},
		{"2026-07-11", "", "", "[" + RemarkLongTerm + "]"},
		{"2027-01-10", "", "", "[" + RemarkLongTerm + "]"},
		{"2027-01-11", "", fault.LimitExceeded, "[]"},
		{"2026-03-01", "2025-12-31", "", "[]"},
		{"2026-03-02", "2025-12-31", "", "[" + RemarkSmallPayee + "]"},
	} {
		terms.Due = tc.due
		got, err := l.CheckTerm(terms, tc.invoiced)
		if fault.CodeOf(err) != tc.want || fmt.Sprint(got) != tc.remarks {
			t.Errorf("due %s: %v %v, want %q %s", tc.due, got, err, tc.want, tc.remarks)
		}
	}
}

func TestLimitsMustBeMeant(t *testing.T) {
	if err := DefaultLimits().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Limits){
		"maxTermMonths": func(l *Limits) { l.MaxTermMonths = 0 }, "warnTermMonths": func(l *Limits) { l.WarnTermMonths = 13 },
		"maxDepth": func(l *Limits) { l.MaxDepth = 64 }, "minLot": func(l *Limits) { l.MinLot = 0 },
		"maxLots": func(l *Limits) { l.MaxLots = 0 }, "graceDays": func(l *Limits) { l.GraceDays = -1 },
		"smallPayeeDays": func(l *Limits) { l.SmallPayeeDays = 400 },
	} {
		l := DefaultLimits()
		change(&l)
		if f, _ := fault.From(l.Validate()); f == nil || f.Field != name {
			t.Errorf("%s: %v", name, f)
		}
	}
	if err := ValidateLimits([]byte(`{"maxDepth":3, "more":1}`)); fault.CodeOf(err) != fault.ArgumentMalformed {
		t.Errorf("unknown fields: %v", err)
	}
}

// Whatever bytes come, a body that is taken for good has one form, and its units
// can be handed out.
func FuzzBody(f *testing.F) {
	good, err := canon.Encode(sampleBody())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"from":1,"to":9223372036854775807}`))
	f.Add([]byte(`{"ancestry":null,"offer":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := canon.Decode[Body](b)
		if err != nil || body.Validate() != nil {
			return
		}
		if again := encode(t, body); string(again) != string(b) {
			t.Fatalf("two forms of one body:\n%s\n%s", b, again)
		}
		if body.Units() < 1 {
			t.Fatalf("a lot of %d units", body.Units())
		}
		if n := body.Units(); n > 1 && body.Parts > 1 {
			parts, err := Divide(body, []int64{1, n - 1})
			if err != nil || parts[0].Units()+parts[1].Units() != n || parts[1].To != body.To {
				t.Fatalf("%+v %v", parts, err)
			}
		}
	})
}
