package contract_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

// Words that only the parties of a deal may ever see.
const (
	secretGoods  = "hydraulic presses, secret model"
	secretNumber = "INV-SECRET-4711"
	secretIBAN   = "DE89370400440532013000"
	mrn          = "26DE5870123456789A"
)

var dealOrgs = []string{exportBank, importBank}

// deal is one trade under way: an invoice, an undertaking on it, its payment.
type deal struct {
	*world
	inv     invoice.Body
	und     undertaking.Body
	pay     payment.Body
	invID   trade.DocID
	undID   trade.DocID
	payID   trade.DocID
	bodies  map[trade.DocID][]byte
	headers map[trade.DocID]trade.Header
}

func salt() trade.Salt {
	var s trade.Salt
	_, _ = rand.Read(s[:])
	return s
}

func newID(msp string) trade.DocID {
	var r [16]byte
	_, _ = rand.Read(r[:])
	return trade.NewDocID(trade.MSPID(msp), r)
}

func newDeal(w *world) *deal {
	d := &deal{
		world: w, invID: newID(exportBank), undID: newID(importBank),
		bodies: map[trade.DocID][]byte{}, headers: map[trade.DocID]trade.Header{},
	}
	d.payID = payment.IDFor(d.undID, 1)
	d.inv = invoice.Body{
		Salt: salt(), Number: secretNumber, IssueDate: "2026-01-05", TypeCode: "380", Currency: "EUR",
		DueDate: "2026-03-05",
		Seller:  invoice.Trader{Party: exporterID, Name: "Exporter Ltd", Country: "CN", TaxID: "CN1"},
		Buyer:   invoice.Trader{Party: importerID, Name: "Importer GmbH", Country: "DE", TaxID: "DE1"},
		Lines: []invoice.Line{{
			ID: "1", Name: secretGoods, Quantity: trade.Decimal{Unscaled: 2}, Unit: "H87",
			Price: trade.Decimal{Unscaled: 6172839, Scale: 2}, NetMinor: 12345678,
		}},
		Taxes:  []invoice.Tax{{Category: "G", BaseMinor: 12345678}},
		Totals: invoice.Totals{LinesMinor: 12345678, NetMinor: 12345678, GrossMinor: 12345678, DueMinor: 12345678},
	}
	return d
}

func (d *deal) encode(id trade.DocID, body any) {
	d.bodies[id] = must(canon.Encode(body))
}

// send submits a command, written "client Contract:Action", with the bodies
// that travel along.
func (d *deal) send(what string, id trade.DocID, args any, along ...trade.DocID) (trade.Header, error) {
	cmd := trade.Command{RequestID: d.request(), ID: id, Version: d.headers[id].Version}
	return d.sendCommand(what, cmd, args, along...)
}

func (d *deal) sendCommand(what string, cmd trade.Command, args any, along ...trade.DocID) (trade.Header, error) {
	client, function, _ := strings.Cut(what, " ")
	res, err := d.clients[client].Submit(d.call(function, cmd, args, along...))
	if err != nil {
		return trade.Header{}, err
	}
	var h trade.Header
	if err := json.Unmarshal(res.Payload, &h); err != nil {
		return h, err
	}
	d.headers[cmd.ID] = h
	return h, nil
}

func (d *deal) call(function string, cmd trade.Command, args any, along ...trade.DocID) stubtest.Call {
	transient := map[string][]byte{}
	for _, id := range along {
		transient["body/"+string(id)] = d.bodies[id]
	}
	if args != nil {
		transient["args"] = must(canon.Encode(args))
	}
	return stubtest.Call{
		Chaincode: "trade", Function: function, Args: []string{string(must(canon.Encode(cmd)))},
		Transient: transient, EndorsingOrgs: dealOrgs,
	}
}

func (d *deal) issueInvoice() {
	d.t.Helper()
	d.encode(d.invID, d.inv)
	d.step("exporter Invoice:Issue", d.invID, invoice.Issued)
}

func (d *deal) acceptInvoice() {
	d.t.Helper()
	d.step("importer Invoice:Accept", d.invID, invoice.Accepted)
}

// undertake fills in undertaking and payment for the accepted invoice.
func (d *deal) undertake() {
	d.und = undertaking.Body{
		Salt: salt(), Number: "U-1", Form: "URDTT", Obligor: bankID, Applicant: importerID,
		Beneficiary: exporterID, Amount: d.inv.Due(), Deadline: d.now(30 * 24 * time.Hour),
		Invoice: d.headers[d.invID].Reference(),
		Conditions: []undertaking.Condition{
			{Type: attest.CustomsCleared, Scheme: attest.SchemeMRN, Identifier: mrn},
			{Type: attest.InspectionPassed, Scheme: attest.SchemeMRN, Identifier: mrn},
		},
	}
	d.pay = payment.Body{
		Salt: salt(), Cause: d.undID, Bank: bankID, Amount: d.inv.Due(),
		Debtor:   payment.Account{Party: bankID, Name: "Import Bank AG", IBAN: "DE75512108001245126199", BIC: "ARGODEFF"},
		Creditor: payment.Account{Party: exporterID, Name: "Exporter Ltd", IBAN: secretIBAN, BIC: "ARGOCNSH"},
		UETR:     "8a562c67-ca16-48ba-b074-65581be6f001", Remittance: secretNumber,
	}
	d.encode(d.undID, d.und)
	d.encode(d.payID, d.pay)
}

func (d *deal) issueUndertaking() {
	d.t.Helper()
	d.undertake()
	d.step("bank Undertaking:Issue", d.undID, undertaking.Issued, d.payID, d.invID)
}

func (d *deal) step(what string, id trade.DocID, want string, along ...trade.DocID) {
	d.t.Helper()
	h, err := d.send(what, id, nil, append(along, id)...)
	if err != nil || h.State != want {
		d.t.Fatalf("%s: state %q, want %s: %v", what, h.State, want, err)
	}
}

// byFacts takes a step that needs no body.
func (d *deal) byFacts(function string) (trade.Header, error) {
	return d.sendCommand("relay/"+authority+" "+function, trade.Command{RequestID: d.request(), ID: d.undID}, nil)
}

func (d *deal) header(kind string, id trade.DocID) contract.HeaderAnswer {
	d.t.Helper()
	var a contract.HeaderAnswer
	if err := d.ask(d.clients["rival"], kind+":Header", contract.ByID{ID: id}, &a); err != nil {
		d.t.Fatal(err)
	}
	d.headers[id] = a.Header
	return a
}

func (d *deal) wantState(kind string, id trade.DocID, state string) {
	d.t.Helper()
	if a := d.header(kind, id); a.Header.State != state || !a.Valid {
		d.t.Fatalf("%s is %s (valid %t), want %s", kind, a.Header.State, a.Valid, state)
	}
}

func subject() trade.Digest { return attest.SubjectOf(attest.SchemeMRN, mrn) }

// ready is a deal whose undertaking is accepted and waits for its facts.
func ready(w *world) *deal {
	w.t.Helper()
	d := newDeal(w)
	d.issueInvoice()
	d.acceptInvoice()
	d.issueUndertaking()
	d.step("exporter Undertaking:Accept", d.undID, undertaking.Accepted)
	return d
}

func TestTradeFromInvoiceToSettlement(t *testing.T) {
	w := newWorld(t)
	d := ready(w)
	d.wantState("Payment", d.payID, payment.Held)
	d.establish("authority-customs", subject(), attest.CustomsCleared)
	if _, err := d.byFacts("Undertaking:Release"); err == nil {
		t.Fatal("released with one of two facts")
	}
	d.establish("carrier-track", subject(), attest.InspectionPassed)
	if h, err := d.byFacts("Undertaking:Release"); err != nil || h.State != undertaking.Payable {
		t.Fatalf("%+v %v", h, err)
	}
	d.wantState("Payment", d.payID, payment.Created)
	d.step("bank Payment:Authorise", d.payID, payment.Authorised)
	d.step("bank Payment:Send", d.payID, payment.Sent)
	report := payment.ReportArgs{Salt: salt(), Status: "ACSC", Reference: "BANK-1"}
	if h, err := d.send("bank Payment:Settle", d.payID, report, d.payID); err != nil || h.State != payment.Settled {
		t.Fatalf("%+v %v", h, err)
	}
	if h, err := d.byFacts("Undertaking:Discharge"); err != nil || h.State != undertaking.Paid {
		t.Fatalf("%+v %v", h, err)
	}
	var body contract.BodyAnswer
	if err := d.ask(d.clients["exporter"], "Payment:Body", contract.ByID{ID: d.payID}, &body); err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(body.Body) != body.Header.Digest || sha256.Sum256(body.Note) != *body.Header.Note {
		t.Fatal("body or note is not what the header names")
	}
	var history []contract.Version
	if err := d.ask(d.clients["rival"], "Payment:History", contract.ByID{ID: d.payID}, &history); err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, v := range history {
		states = append(states, v.Header.State)
	}
	if got := fmt.Sprint(states); got != "[HELD CREATED AUTHORISED SENT SETTLED]" {
		t.Fatalf("history %s", got)
	}
}
