package voucher

import (
	"fmt"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

func TestIssueIsRefused(t *testing.T) {
	for i, tc := range []struct {
		spoil func(*desk, *Body)
		want  fault.Code
	}{
		{func(_ *desk, b *Body) { b.Units = 1001 }, fault.AmountExceeded},
		{func(_ *desk, b *Body) { b.Units = 0 }, fault.FieldInvalid},
		{func(d *desk, _ *Body) { d.limits.MinLot = 1001 }, fault.LimitExceeded},
		{func(_ *desk, b *Body) { b.Terms.Due = "2027-01-11" }, fault.LimitExceeded},
		{func(_ *desk, b *Body) { b.Terms.Due = "2026-01-10" }, fault.FieldInvalid},
		{func(_ *desk, b *Body) { b.Terms.IssueDate = "2026-01-08" }, fault.FieldInvalid},
		{func(_ *desk, b *Body) { b.Terms.IssueDate = "2026-01-12" }, fault.FieldInvalid},
		{func(_ *desk, b *Body) { b.Terms.Limits.Name = "voucher.EUR" }, fault.FieldInvalid},
		{func(d *desk, _ *Body) { d.current = false }, fault.VersionStale},
		{func(d *desk, _ *Body) { d.defaulted[coreID] = true }, fault.InDefault},
		{func(_ *desk, b *Body) { b.Consent = "" }, fault.FieldRequired},
		{func(_ *desk, b *Body) { b.Contract = "" }, fault.FieldRequired},
		{func(_ *desk, b *Body) { b.Deadline = issued }, fault.Expired},
		{func(_ *desk, b *Body) { b.Deadline = b.Terms.DueBegins() + 1 }, fault.FieldRequired},
		{func(_ *desk, b *Body) { b.Terms.Bank = tierTwoID }, fault.RoleMissing},
		{func(_ *desk, b *Body) { b.Payee = coreID }, fault.FieldInvalid},
		{func(_ *desk, b *Body) { b.Payee = tierTwoID }, fault.FieldInvalid},
		{func(_ *desk, b *Body) { b.Terms.Guarantor = coreID }, fault.FieldInvalid},
		{func(_ *desk, b *Body) { b.Invoices = nil }, fault.FieldRequired},
		{func(_ *desk, b *Body) { b.Invoices[0], b.Invoices[1] = b.Invoices[1], b.Invoices[0] }, fault.FieldInvalid},
		{func(_ *desk, b *Body) { b.Invoices[1] = b.Invoices[0] }, fault.FieldInvalid},
		{func(_ *desk, b *Body) { b.Invoices[0].Version = 1 }, fault.VersionStale},
		{func(_ *desk, b *Body) { b.Terms.Issuer = parentID }, fault.NotParty},
		{func(d *desk, _ *Body) { d.set(invoiceA, invoice.Issued) }, fault.TransitionForbidden},
		{func(d *desk, _ *Body) { d.set(invoiceA, invoice.Backing) }, fault.TransitionForbidden},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			d := newDesk(t)
			b := d.sample()
			tc.spoil(d, &b)
			d.refuse(d.issue(b), tc.want)
		})
	}
	d := newDesk(t)
	d.must(d.issue(d.sample()))
}

func (d *desk) set(id trade.DocID, state string) {
	doc := d.docs[id]
	doc.Header.State = state
	d.docs[id] = doc
}

// An organisation that is no party of the invoice must not be shown it.
func TestInvoiceOfAnotherCircleIsNotShown(t *testing.T) {
	d := newDesk(t)
	for _, id := range []trade.DocID{invoiceA, invoiceB} {
		doc := d.docs[id]
		doc.Header.Parties = []trade.MSPID{"SupplierMSP"}
		d.docs[id] = doc
	}
	d.refuse(d.issue(d.sample()), fault.NotParty)
}

func TestInvoicesMoveWithTheirVoucher(t *testing.T) {
	both := func(d *desk, state string) {
		t.Helper()
		d.want(invoiceA, state)
		d.want(invoiceB, state)
	}
	end := func(by trade.PartyID, action string) {
		t.Helper()
		d := newDesk(t)
		d.must(d.issue(d.sample()))
		both(d, invoice.Backing)
		second := d.sample()
		d.refuse(d.issue(second), fault.TransitionForbidden) // the voucher exists, and its invoices are not free
		if action == Expire {
			d.refuse(d.run(order{by: by, kind: Kind, action: action, id: voucherID}), fault.TransitionForbidden)
			d.now = d.sample().Deadline + 1
		}
		d.must(d.run(order{by: by, kind: Kind, action: action, id: voucherID}))
		both(d, invoice.Accepted)
	}
	end(supplierID, Reject)
	end(coreID, Withdraw)
	end(tierTwoID, Expire)

	for _, tc := range []struct{ lot, voucher, invoices string }{
		{lot.Paid, Settled, invoice.Discharged},
		{lot.Closed, Settled, invoice.Discharged},
		{lot.Cancelled, Cancelled, invoice.Accepted},
		{lot.ClosedWithLoss, WithLoss, invoice.Backing},
	} {
		d, first := inForce(t)
		both(d, invoice.Backing)
		closeIt := order{by: tierTwoID, kind: Kind, action: Close, id: voucherID}
		d.refuse(d.run(closeIt), fault.ConditionUnmet)
		d.set(first, tc.lot)
		d.must(d.run(closeIt))
		d.want(voucherID, tc.voucher)
		both(d, tc.invoices)
	}
}

func TestAcceptance(t *testing.T) {
	t.Run("the guarantor that is named agrees first", func(t *testing.T) {
		d := newDesk(t)
		b := d.sample()
		b.Terms.Guarantor = parentID
		d.must(d.issue(b))
		d.refuse(d.accept(), fault.ConditionUnmet)
		d.must(d.run(order{by: parentID, kind: Kind, action: Guarantee, id: voucherID}))
		d.must(d.accept())
	})
	t.Run("not after the deadline", func(t *testing.T) {
		d := newDesk(t)
		d.must(d.issue(d.sample()))
		d.now = d.sample().Deadline + 1
		d.refuse(d.accept(), fault.Expired)
	})
	t.Run("not of an issuer that has come into default since", func(t *testing.T) {
		d := newDesk(t)
		d.must(d.issue(d.sample()))
		d.defaulted[coreID] = true
		d.refuse(d.accept(), fault.InDefault)
	})
	t.Run("the lot is the whole voucher in the payee's hands", func(t *testing.T) {
		for i, spoil := range []func(*lot.Body){
			func(b *lot.Body) { b.To++ }, func(b *lot.Body) { b.From++ }, func(b *lot.Body) { b.Owner = tierTwoID },
			func(b *lot.Body) { b.Terms.Due = "2026-05-10" }, func(b *lot.Body) { b.Parts-- },
			func(b *lot.Body) { b.Claim = lot.Claim{Kind: lot.ClaimPledge, Holder: bankID} },
			func(b *lot.Body) { b.Ancestry = append(b.Ancestry, lot.Ancestor{Owner: coreID}) },
		} {
			d := newDesk(t)
			d.must(d.issue(d.sample()))
			whole := Whole(d.docs[voucherID].Header, d.sample(), d.limits)
			whole.Salt = trade.Salt{3}
			spoil(&whole)
			err := d.run(order{by: supplierID, kind: Kind, action: Accept, id: voucherID, along: map[trade.DocID]any{
				d.newID("SupplierMSP"): whole,
			}})
			if fault.CodeOf(err) != fault.FieldInvalid {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

func TestRemarksAreLeftWithTheParties(t *testing.T) {
	d := newDesk(t)
	b := d.sample()
	b.Terms.Due, b.SmallPayee = "2026-12-10", true
	got, err := withinLimits(b, "2025-12-20", trade.Facts{Parameters: map[trade.ParameterRef]trade.Parameter{
		b.Terms.Limits: {Value: encode(t, d.limits), Current: true},
	}})
	if err != nil || fmt.Sprint(got) != fmt.Sprint([]string{lot.RemarkLongTerm, lot.RemarkSmallPayee}) {
		t.Fatalf("%v %v", got, err)
	}
}

// Whatever bytes come, a body that is taken for good has one form.
func FuzzBody(f *testing.F) {
	f.Add(encode(f, newDesk(f).sample()))
	f.Add([]byte(`{"units":-1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := canon.Decode[Body](b)
		if err != nil || body.Validate() != nil {
			return
		}
		if again := encode(t, body); string(again) != string(b) {
			t.Fatalf("two forms of one body:\n%s\n%s", b, again)
		}
		if body.Units < 1 || len(body.Parties()) < 3 {
			t.Fatalf("%d units between %v", body.Units, body.Parties())
		}
	})
}
