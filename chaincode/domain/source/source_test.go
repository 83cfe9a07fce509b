package source

import (
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/constitution"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

var law = constitution.Record{State: constitution.Active, Members: []trade.MSPID{"A", "B", "C", "D"}}

func governor(msp trade.MSPID) trade.Caller {
	return trade.Caller{MSP: msp, Roles: []trade.Role{trade.RoleGovernor}}
}

func proposal() Proposal {
	return Proposal{
		ID: "src", Types: []string{attest.Loaded}, SM2PublicKey: strings.Repeat("0a", 64),
		ValidFrom: 10, ValidTo: 20,
	}
}

func TestEveryStateAndAction(t *testing.T) {
	if err := Table.Check(); err != nil {
		t.Fatal(err)
	}
	for _, state := range Table.States() {
		r := Record{ID: "src", Owner: "A", State: state, Approvals: []trade.MSPID{"A", "B"}}
		for action, do := range map[string]func() (Record, error){
			Approve: func() (Record, error) { return r.Approve(law, governor("C")) },
			Revoke:  func() (Record, error) { return r.Revoke(15, governor("A")) },
		} {
			got, err := do()
			step, unlisted := Table.Next(state, action)
			again := state == Active && action == Approve // a further approval changes no state
			switch {
			case again && (err != nil || got.State != Active || len(got.Approvals) != 3):
				t.Errorf("%s in state %s: %+v %v", action, state, got, err)
			case again:
			case unlisted != nil && fault.CodeOf(err) != fault.TransitionForbidden:
				t.Errorf("%s in state %q: %v, want a refusal", action, state, err)
			case unlisted == nil && (err != nil || got.State != step.To):
				t.Errorf("%s in state %q: %+v %v", action, state, got, err)
			}
		}
	}
}

func TestMajorityMakesASource(t *testing.T) {
	r, err := New(proposal(), law, governor("A"))
	if err != nil || r.State != Proposed {
		t.Fatalf("%+v %v", r, err)
	}
	for _, msp := range []trade.MSPID{"A", "B", "B"} {
		if r, err = r.Approve(law, governor(msp)); err != nil || r.State != Proposed {
			t.Fatalf("after %s: %+v %v", msp, r, err)
		}
	}
	if r, err = r.Approve(law, governor("C")); err != nil || r.State != Active {
		t.Fatalf("%+v %v", r, err)
	}
	for _, c := range []struct {
		caller trade.Caller
		want   fault.Code
	}{{governor("X"), fault.NotParty}, {trade.Caller{MSP: "D"}, fault.RoleMissing}} {
		if _, err := r.Approve(law, c.caller); fault.CodeOf(err) != c.want {
			t.Errorf("%+v: %v", c.caller, err)
		}
	}
}

func TestAdmits(t *testing.T) {
	active := Record{ID: "src", State: Active, Types: []string{attest.Loaded}, ValidFrom: 10, ValidTo: 20}
	revoked := active
	revoked.State, revoked.RevokedFrom = Revoked, 15
	proposed := active
	proposed.State = Proposed
	for _, tc := range []struct {
		name string
		r    Record
		at   trade.Instant
		typ  string
		ok   bool
	}{
		{"valid", active, 10, attest.Loaded, true},
		{"before", active, 9, attest.Loaded, false},
		{"at the end", active, 20, attest.Loaded, false},
		{"other type", active, 10, attest.Departed, false},
		{"before revocation", revoked, 14, attest.Loaded, true},
		{"from revocation", revoked, 15, attest.Loaded, false},
		{"not approved", proposed, 12, attest.Loaded, false},
	} {
		err := tc.r.Admits(attest.Claim{ObservedAt: tc.at, Type: tc.typ})
		if (err == nil) != tc.ok || (!tc.ok && fault.CodeOf(err) != fault.SourceNotAllowed) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestProposalsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Proposal){
		"no types":       func(p *Proposal) { p.Types = nil },
		"types unsorted": func(p *Proposal) { p.Types = []string{"LOADED", "ARRIVED"} },
		"bad type":       func(p *Proposal) { p.Types = []string{"loaded"} },
		"short key":      func(p *Proposal) { p.SM2PublicKey = "00" },
		"ends too soon":  func(p *Proposal) { p.ValidTo = p.ValidFrom },
		"bad id":         func(p *Proposal) { p.ID = "A B" },
	} {
		p := proposal()
		change(&p)
		if _, err := New(p, law, governor("A")); fault.CodeOf(err) != fault.FieldInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
