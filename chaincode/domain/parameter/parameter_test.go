package parameter

import (
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/constitution"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

var law = constitution.Record{State: constitution.Active, Members: []trade.MSPID{"A", "B", "C"}}

func governor(msp trade.MSPID) trade.Caller {
	return trade.Caller{MSP: msp, Roles: []trade.Role{trade.RoleGovernor}}
}

func TestMoreThanHalfApproveAVersion(t *testing.T) {
	r, err := New(Proposal{Name: "voucher.CNY", Version: 3, Value: []byte(`{}`)})
	if err != nil || r.State != Proposed || len(r.Approvals) != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	if _, err := r.Approve(1, law, governor("A")); fault.CodeOf(err) != fault.VersionStale {
		t.Errorf("a version was left out: %v", err)
	}
	if _, err := r.Approve(3, law, governor("A")); fault.CodeOf(err) != fault.VersionStale {
		t.Errorf("the version is in force with another value: %v", err)
	}
	if _, err := r.Approve(2, law, trade.Caller{MSP: "A"}); fault.CodeOf(err) != fault.RoleMissing {
		t.Errorf("no governor: %v", err)
	}
	if _, err := r.Approve(2, law, governor("D")); fault.CodeOf(err) != fault.NotParty {
		t.Errorf("no member: %v", err)
	}
	for i, msp := range []trade.MSPID{"A", "A", "B"} {
		if r, err = r.Approve(2, law, governor(msp)); err != nil || (r.State == Active) != (i == 2) {
			t.Fatalf("after %s: %+v %v", msp, r, err)
		}
	}
	// The one who comes late, and the one who repeats himself, change nothing for the worse.
	if again, err := r.Approve(3, law, governor("B")); err != nil || len(again.Approvals) != 2 {
		t.Errorf("%+v %v", again, err)
	}
	if late, err := r.Approve(3, law, governor("C")); err != nil || late.State != Active || len(late.Approvals) != 3 {
		t.Errorf("%+v %v", late, err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, p := range []Proposal{
		{Name: "", Value: []byte(`{}`)},
		{Name: "Voucher", Value: []byte(`{}`)},
		{Name: "voucher.cny", Value: []byte(`{}`)},
		{Name: "voucher~CNY", Value: []byte(`{}`)},
		{Name: "voucher.CNY"},
		{Name: "voucher.CNY", Value: make([]byte, maxValue+1)},
	} {
		if r, err := New(p); fault.CodeOf(err) != fault.FieldInvalid {
			t.Errorf("%s: %+v %v", p.Name, r, err)
		}
	}
}
