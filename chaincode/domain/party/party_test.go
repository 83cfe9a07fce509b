package party

import (
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

const id trade.PartyID = "529900ARGOSYEXPRTR48"

func TestEveryStateAndAction(t *testing.T) {
	if err := Table.Check(); err != nil {
		t.Fatal(err)
	}
	callers := map[string]trade.Caller{
		applicant: {MSP: "A", CertID: "cert"},
		attester:  {MSP: "A", CertID: "other", Roles: []trade.Role{trade.RoleAttester}},
	}
	for _, state := range Table.States() {
		for _, action := range Table.Actions() {
			for who, caller := range callers {
				r := Record{ID: id, MSP: "A", Binding: "cert", State: state, Version: 3}
				got, err := r.Move(action, trade.Facts{Caller: caller, Now: 9})
				step, unlisted := Table.Next(state, action)
				switch {
				case unlisted != nil:
					if fault.CodeOf(err) != fault.TransitionForbidden {
						t.Errorf("%s in state %q: %v, want a refusal", action, state, err)
					}
				case step.Who != who:
					if c := fault.CodeOf(err); c != fault.NotParty && c != fault.RoleMissing {
						t.Errorf("%s by the %s: %v, want a refusal", action, who, err)
					}
				case err != nil || got.State != step.To || got.Version != 4 || got.UpdatedAt != 9:
					t.Errorf("%s in state %q: %+v %v", action, state, got, err)
				}
			}
		}
	}
}

func TestAttesterOfAnotherOrganisationMayNot(t *testing.T) {
	r := Record{ID: id, MSP: "A", State: Applied}
	stranger := trade.Caller{MSP: "B", Roles: []trade.Role{trade.RoleAttester}}
	if _, err := r.Move(Verify, trade.Facts{Caller: stranger}); fault.CodeOf(err) != fault.RoleMissing {
		t.Fatal(err)
	}
}

func TestRegister(t *testing.T) {
	good := Application{ID: id, Name: "Exporter", Roles: []trade.Role{trade.RoleTrader}}
	caller := trade.Caller{MSP: "A", CertID: "cert", Company: id}
	r, err := Register(good, trade.Facts{Caller: caller})
	if err != nil || r.State != Applied || r.MSP != "A" || r.Binding != "cert" || r.Version != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	for _, tc := range []struct {
		name   string
		change func(*Application, *trade.Caller)
		want   fault.Code
	}{
		{"wrong check digits", func(a *Application, _ *trade.Caller) { a.ID = "529900ARGOSYEXPRTR49" }, fault.FieldInvalid},
		{"no name", func(a *Application, _ *trade.Caller) { a.Name = "" }, fault.FieldRequired},
		{"no role", func(a *Application, _ *trade.Caller) { a.Roles = nil }, fault.FieldRequired},
		{"role twice", func(a *Application, _ *trade.Caller) { a.Roles = append(a.Roles, a.Roles[0]) }, fault.FieldRequired},
		{"certificate role", func(a *Application, _ *trade.Caller) { a.Roles[0] = trade.RoleGovernor }, fault.FieldInvalid},
		{"no bank attribute", func(a *Application, _ *trade.Caller) { a.Roles[0] = trade.RoleBank }, fault.RoleMissing},
		{"half a key", func(a *Application, _ *trade.Caller) { a.SM2PublicKey = "00" }, fault.FieldInvalid},
		{"another company's certificate", func(_ *Application, c *trade.Caller) { c.Company = "" }, fault.NotParty},
		{"bound already", func(_ *Application, c *trade.Caller) { c.Party.ID = "x" }, fault.BindingTaken},
	} {
		a, c := good, caller
		a.Roles = []trade.Role{trade.RoleTrader}
		tc.change(&a, &c)
		if _, err := Register(a, trade.Facts{Caller: c}); fault.CodeOf(err) != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}
}
