package e2e_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/client"
)

// desk takes a deal step by step in Fabric's own language: it has each party's
// peer endorse, compares what they signed, and hands in both.
type desk struct {
	people
	t       *testing.T
	who     map[string]*person
	bodies  map[trade.DocID][]byte
	headers map[trade.DocID]trade.Header
}

// parties' organisations; all of them endorse every step.
var partyOrganisations = []string{"exportbank", "importbank"}

// step is one command and the documents whose bodies travel along.
type step struct {
	who, function string
	id            trade.DocID
	along         []trade.DocID
	args          any
}

// take takes the step and returns the state after it.
func (d *desk) take(s step) string {
	d.t.Helper()
	who, transient := d.who[s.who], map[string][]byte{}
	for _, id := range s.along {
		transient["body/"+string(id)] = d.bodies[id]
	}
	if s.args != nil {
		transient["args"] = canonical(d.t, s.args)
	}
	what := who.propose(d.t, call{chaincode: "trade", function: s.function, transient: transient, arg: trade.Command{
		RequestID: client.NewRequestID(), ID: s.id, Version: d.headers[s.id].Version,
	}})
	var results []byte
	var endorsements []*peer.Endorsement
	for _, org := range partyOrganisations {
		r := who.ask(d.t, org, what)
		if r.GetEndorsement() == nil {
			d.t.Fatalf("%s at %s: %s", s.function, org, r.GetResponse().GetMessage())
		}
		if results != nil && string(results) != string(r.GetPayload()) {
			d.t.Fatalf("%s: the two organisations computed different results", s.function)
		}
		results, endorsements = r.GetPayload(), append(endorsements, r.GetEndorsement())
		var h trade.Header
		if err := json.Unmarshal(r.GetResponse().GetPayload(), &h); err != nil {
			d.t.Fatalf("%s: %v", s.function, err)
		}
		d.headers[s.id] = h
	}
	if code := who.submit(d.t, what, results, endorsements...); code != valid {
		d.t.Fatalf("%s: %s", s.function, code)
	}
	return d.headers[s.id].State
}

// TestEndorsersAgreeByteForByte takes a deal through all its steps. What two
// organisations sign is the same to the last bit, although each runs its own
// chaincode process with its own accelerator and sees its own private data.
func TestEndorsersAgreeByteForByte(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	d := &desk{
		people: p, t: t, who: map[string]*person{}, bodies: map[trade.DocID][]byte{},
		headers: map[trade.DocID]trade.Header{},
	}
	for _, name := range []string{"exporter", "importer", "importbank", "rival"} {
		d.who[name] = p.net.person(t, name)
	}
	inv, und := p.exporter.NewDocID(), p.bank.NewDocID()
	pay := payment.IDFor(und, 1)
	d.bodies[inv] = canonical(t, s.invoice(p.exporter, p.importer))
	d.take(step{who: "exporter", function: "Invoice:Issue", id: inv, along: []trade.DocID{inv}})
	d.take(step{who: "importer", function: "Invoice:Accept", id: inv, along: []trade.DocID{inv}})
	d.undertake(s, inv, und)
	d.take(step{who: "importbank", function: "Undertaking:Issue", id: und, along: []trade.DocID{und, pay, inv}})
	d.take(step{who: "exporter", function: "Undertaking:Accept", id: und, along: []trade.DocID{und}})
	p.establish(t, s)
	d.headers[und] = trade.Header{} // steps by anyone name no version
	if got := d.take(step{who: "rival", function: "Undertaking:Release", id: und}); got != undertaking.Payable {
		t.Fatalf("released: %s", got)
	}
	state, err := p.bank.Payments.Header(t.Context(), pay)
	if err != nil {
		t.Fatal(err)
	}
	d.headers[pay] = state.Header
	d.take(step{who: "importbank", function: "Payment:Authorise", id: pay, along: []trade.DocID{pay}})
	d.take(step{who: "importbank", function: "Payment:Send", id: pay, along: []trade.DocID{pay}})
	report := payment.ReportArgs{Salt: newSalt(), Status: "ACSC", Reference: s.reference}
	d.take(step{who: "importbank", function: "Payment:Settle", id: pay, along: []trade.DocID{pay}, args: report})
	d.headers[und] = trade.Header{}
	if got := d.take(step{who: "rival", function: "Undertaking:Discharge", id: und}); got != undertaking.Paid {
		t.Fatalf("discharged: %s", got)
	}
}

// undertake writes the undertaking on the invoice and its payment instruction.
func (d *desk) undertake(s secrets, inv, und trade.DocID) {
	amount := trade.Money{AmountMinor: s.amountMinor, Currency: "EUR"}
	d.bodies[und] = canonical(d.t, undertaking.Body{
		Salt: newSalt(), Number: s.number, Form: "URDTT", Obligor: d.bank.Profile().Company,
		Applicant: d.importer.Profile().Company, Beneficiary: d.exporter.Profile().Company, Amount: amount,
		Deadline: trade.InstantOf(time.Now().Add(time.Hour)), Invoice: d.headers[inv].Reference(), Conditions: s.conditions(),
	})
	d.bodies[payment.IDFor(und, 1)] = canonical(d.t, payment.Body{
		Salt: newSalt(), Cause: und, Bank: d.bank.Profile().Company, Amount: amount,
		Debtor: s.debtor(d.bank), Creditor: s.creditor(d.exporter),
		UETR: "8a562c67-ca16-48ba-b074-65581be6f001", Remittance: s.number,
	})
}
