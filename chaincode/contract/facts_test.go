package contract_test

import (
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
)

func TestReportRefusesClaimsThatMustNotCount(t *testing.T) {
	w := newWorld(t)
	good := func() attest.Claim { return w.claim("authority-customs", subject(), attest.CustomsCleared) }
	change := func(f func(*attest.Claim)) attest.SignedClaim {
		c := good()
		f(&c)
		return w.sign(c)
	}
	forged := w.sign(good())
	forged.Claim.Subject = attest.SubjectOf(attest.SchemeMRN, "another")
	stranger := w.sign(good())
	stranger.Signature = w.sign(w.claim("carrier-track", subject(), attest.CustomsCleared)).Signature
	short := w.sign(good())
	short.Signature = short.Signature[:63]
	for _, tc := range []struct {
		name   string
		signed attest.SignedClaim
		want   fault.Code
	}{
		{"signature over another claim", forged, fault.SignatureInvalid},
		{"signature of another source", stranger, fault.SignatureInvalid},
		{"truncated signature", short, fault.SignatureInvalid},
		{"signature of zeros", attest.SignedClaim{Claim: good(), Signature: make([]byte, 64)}, fault.SignatureInvalid},
		{"estimate", change(func(c *attest.Claim) { c.Classifier = attest.Estimated }), fault.FieldInvalid},
		{"another channel", change(func(c *attest.Claim) { c.Channel = "other" }), fault.FieldInvalid},
		{"another policy", change(func(c *attest.Claim) { c.Policy[0]++ }), fault.VersionStale},
		{"event in the future", change(func(c *attest.Claim) { c.OccurredAt = w.now(time.Hour) }), fault.FieldInvalid},
		{"key not valid yet", change(func(c *attest.Claim) { c.ObservedAt = w.now(-2 * time.Hour) }), fault.SourceNotAllowed},
		{"type without a policy", change(func(c *attest.Claim) { c.Type = attest.Departed }), fault.PolicyNotFound},
		{"source that the policy does not count", w.sign(func() attest.Claim {
			c := w.claim("carrier-track", subject(), attest.CustomsCleared)
			return c
		}()), fault.SourceNotAllowed},
		{"no evidence", change(func(c *attest.Claim) { c.Evidence = trade.Digest{} }), fault.FieldRequired},
	} {
		_, err := w.report(tc.signed)
		if got := fault.CodeOf(err); got != tc.want {
			t.Errorf("%s: got %q (%v), want %s", tc.name, got, err, tc.want)
		}
	}
	if _, err := w.submit(w.clients["exporter"], "Fact:Report", w.sign(good())); fault.CodeOf(err) != fault.RoleMissing {
		t.Errorf("a trader reported a claim: %v", err)
	}
	var f contract.FactRecord
	err := w.ask(w.clients["rival"], "Fact:Get", trade.Condition{Subject: subject(), Type: attest.CustomsCleared}, &f)
	wantCode(t, err, fault.FactNotFound)
}

func TestSameClaimTwiceIsOneFact(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(w.claim("authority-customs", subject(), attest.CustomsCleared))
	first, err := w.report(signed)
	if err != nil || first.Already {
		t.Fatalf("%+v %v", first, err)
	}
	second, err := w.report(signed)
	if err != nil || !second.Already || second.Fact.Version != first.Fact.Version {
		t.Fatalf("%+v %v", second, err)
	}
	old := signed.Claim
	old.OccurredAt--
	_, err = w.report(w.sign(old))
	wantCode(t, err, fault.ClaimStale)
}

func TestQuorumNeedsAgreement(t *testing.T) {
	w := newWorld(t)
	sources := []attest.SourceID{"terminal-a", "terminal-b", "terminal-c"}
	for i, id := range sources {
		w.addSource(id, orgs[i], attest.Discharged)
	}
	w.addPolicy(attest.Policy{Type: attest.Discharged, Sources: sources, Threshold: 2, ToleranceSeconds: 60})
	at := w.now(-time.Hour)
	say := func(id attest.SourceID, occurred trade.Instant, retracted bool) trade.FactState {
		c := w.claim(id, subject(), attest.Discharged)
		c.OccurredAt, c.Retracted = occurred, retracted
		r, err := w.report(w.sign(c))
		if err != nil {
			t.Fatal(err)
		}
		return r.Fact.State
	}
	for _, step := range []struct {
		source    attest.SourceID
		at        trade.Instant
		retracted bool
		want      trade.FactState
	}{
		{"terminal-a", at, false, trade.FactPending},
		{"terminal-b", at + 3_600_000, false, trade.FactConflicted},
		{"terminal-c", at + 30_000, false, trade.FactEstablished},
		{"terminal-c", at + 30_000, true, trade.FactConflicted},
		{"terminal-b", at, false, trade.FactEstablished},
		{"terminal-a", at, true, trade.FactRetracted},
		{"terminal-a", at, false, trade.FactEstablished},
	} {
		if got := say(step.source, step.at, step.retracted); got != step.want {
			t.Fatalf("after %s: %s, want %s", step.source, got, step.want)
		}
	}
}

func TestRevokedSourceIsNotBelievedFromItsRevocation(t *testing.T) {
	w := newWorld(t)
	signed := w.sign(w.claim("authority-customs", subject(), attest.CustomsCleared))
	_, err := w.submit(w.clients["governor/"+carrier], "Source:Revoke",
		contract.SourceStep{RequestID: w.request(), ID: "authority-customs", From: w.now(0)})
	wantCode(t, err, fault.NotParty)
	w.must(w.clients["governor/"+authority], "Source:Revoke",
		contract.SourceStep{RequestID: w.request(), ID: "authority-customs", From: w.now(0)})
	_, err = w.report(signed)
	wantCode(t, err, fault.SourceNotAllowed)
	before := w.claim("authority-customs", subject(), attest.CustomsCleared)
	before.ObservedAt--
	if _, err := w.report(w.sign(before)); err != nil {
		t.Fatalf("observed before the revocation: %v", err)
	}
}

func (d *deal) retract(src attest.SourceID, factType string) {
	d.t.Helper()
	c := d.claim(src, subject(), factType)
	c.Retracted = true
	if r, err := d.report(d.sign(c)); err != nil || r.Fact.State != trade.FactRetracted {
		d.t.Fatalf("%+v %v", r, err)
	}
}

// payable is a deal whose facts are established and released.
func payable(w *world) *deal {
	d := ready(w)
	d.establish("authority-customs", subject(), attest.CustomsCleared)
	d.establish("carrier-track", subject(), attest.InspectionPassed)
	if _, err := d.byFacts("Undertaking:Release"); err != nil {
		w.t.Fatal(err)
	}
	d.wantState("Payment", d.payID, payment.Created)
	return d
}

func TestRetractionBeforePaymentStopsAndMayResume(t *testing.T) {
	w := newWorld(t)
	d := payable(w)
	_, err := d.byFacts("Undertaking:Stop")
	wantCode(t, err, fault.TransitionForbidden)
	d.step("bank Payment:Authorise", d.payID, payment.Authorised)
	d.retract("authority-customs", attest.CustomsCleared)
	for range 2 { // the second time does nothing and is no error
		if h, err := d.byFacts("Undertaking:Stop"); err != nil || h.State != undertaking.Stopped {
			t.Fatalf("%+v %v", h, err)
		}
	}
	d.wantState("Payment", d.payID, payment.Stopped)
	_, err = d.send("bank Payment:Send", d.payID, nil, d.payID)
	wantCode(t, err, fault.TransitionForbidden)
	_, err = d.byFacts("Undertaking:Release")
	wantCode(t, err, fault.ConditionUnmet)
	d.establish("authority-customs", subject(), attest.CustomsCleared)
	if h, err := d.byFacts("Undertaking:Release"); err != nil || h.State != undertaking.Payable {
		t.Fatalf("%+v %v", h, err)
	}
	d.wantState("Payment", d.payID, payment.Created)
}

func TestRetractionAfterSendingOpensADisputeAndUndoesNothing(t *testing.T) {
	w := newWorld(t)
	d := payable(w)
	d.step("bank Payment:Authorise", d.payID, payment.Authorised)
	d.step("bank Payment:Send", d.payID, payment.Sent)
	d.retract("authority-customs", attest.CustomsCleared)
	if h, err := d.byFacts("Undertaking:Stop"); err != nil || h.State != undertaking.Disputed {
		t.Fatalf("%+v %v", h, err)
	}
	d.wantState("Payment", d.payID, payment.Sent)
}

func TestReleaseBeforeAcceptanceIsRefusedAndThenWorks(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.establish("authority-customs", subject(), attest.CustomsCleared)
	d.establish("carrier-track", subject(), attest.InspectionPassed)
	d.issueInvoice()
	d.acceptInvoice()
	d.issueUndertaking()
	_, err := d.byFacts("Undertaking:Release")
	wantCode(t, err, fault.TransitionForbidden)
	d.step("exporter Undertaking:Accept", d.undID, undertaking.Accepted)
	if h, err := d.byFacts("Undertaking:Release"); err != nil || h.State != undertaking.Payable {
		t.Fatalf("%+v %v", h, err)
	}
}

func TestDeadline(t *testing.T) {
	w := newWorld(t)
	d := ready(w)
	_, err := d.byFacts("Undertaking:Expire")
	wantCode(t, err, fault.TransitionForbidden)
	d.establish("authority-customs", subject(), attest.CustomsCleared)
	inTime := ready(w)
	inTime.establish("carrier-track", subject(), attest.InspectionPassed)

	w.Advance(31 * 24 * time.Hour)
	if h, err := inTime.byFacts("Undertaking:Release"); err != nil || h.State != undertaking.Payable {
		t.Fatalf("established in time, released late: %+v %v", h, err)
	}
	// The same facts hold for the first deal: expiry is refused there as well.
	_, err = d.byFacts("Undertaking:Expire")
	wantCode(t, err, fault.TransitionForbidden)
	inTime.retract("carrier-track", attest.InspectionPassed)
	if h, err := d.byFacts("Undertaking:Expire"); err != nil || h.State != undertaking.Expired {
		t.Fatalf("%+v %v", h, err)
	}
	d.wantState("Payment", d.payID, payment.Cancelled)
}
