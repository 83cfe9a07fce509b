package contract_test

import (
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

// secrets are bytes that nobody but the parties may ever hold.
var secrets = []string{
	secretGoods, secretNumber, secretIBAN, "12345678", mrn, "Importer GmbH",
	"disputed for secret reasons",
}

func TestOutsidersPeersNeverHoldWhatIsPrivate(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.issueInvoice()
	reason := invoice.DisputeArgs{Salt: salt(), Reason: "disputed for secret reasons"}
	if _, err := d.send("importer Invoice:Dispute", d.invID, reason, d.invID); err != nil {
		t.Fatal(err)
	}
	d.acceptInvoice()
	d.issueUndertaking()
	d.step("exporter Undertaking:Accept", d.undID, "ACCEPTED")
	d.establish("authority-customs", subject(), attest.CustomsCleared)
	d.establish("carrier-track", subject(), attest.InspectionPassed)
	if _, err := d.byFacts("Undertaking:Release"); err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		for _, outsider := range []string{carrier, authority} {
			if places := d.Find(outsider, []byte(secret)); places != nil {
				t.Errorf("the peer of %s holds %q in %v", outsider, secret, places)
			}
		}
		if d.Find(importBank, []byte(secret)) == nil {
			t.Errorf("the peer of a party does not hold %q: the search finds nothing at all", secret)
		}
	}
}

func TestPrivateReadsAreForOwnClientsOfPartiesOnly(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.issueInvoice()
	arg := string(must(canon.Encode(contract.ByID{ID: d.invID})))
	for _, tc := range []struct {
		name, client, function, peer string
		want                         fault.Code
	}{
		{"a rival at its own peer", "rival", "Invoice:Body", carrier, fault.DocNotFound},
		{"a rival at a party's peer", "rival", "Invoice:Body", exportBank, fault.PrivateRead},
		{"a party's client at the other party's peer", "exporter", "Invoice:Body", importBank, fault.PrivateRead},
		{"a rival lists at a party's peer", "rival", "Invoice:List", exportBank, fault.PrivateRead},
	} {
		in := arg
		if strings.HasSuffix(tc.function, "List") {
			in = "{}"
		}
		out, err := d.clients[tc.client].Evaluate(stubtest.Call{
			Chaincode: "trade", Function: tc.function,
			Args: []string{in}, EndorsingOrgs: []string{tc.peer}, Gateway: tc.peer,
		})
		if got := fault.CodeOf(err); got != tc.want {
			t.Errorf("%s: got %q and %d bytes, want %s", tc.name, got, len(out), tc.want)
		}
	}
	var own contract.Listing
	if err := d.ask(d.clients["rival"], "Invoice:List", contract.Page{}, &own); err != nil || len(own.Documents) != 0 {
		t.Fatalf("a rival lists %d documents: %v", len(own.Documents), err)
	}
}

func TestCompaniesOfOneOrganisationDoNotReadEachOther(t *testing.T) {
	w := newWorld(t)
	w.client("supplier", exportBank, map[string]string{"argosy.role": "trader", "argosy.company": string(supplierID)})
	w.enrol("supplier", supplierID, trade.RoleTrader)
	d := newDeal(w)
	d.issueInvoice()
	for _, tc := range []struct {
		client string
		want   fault.Code
	}{
		{"exporter", ""},
		{"importer", ""},
		{"bank", ""},
		{"supplier", fault.NotParty},
		{"relay/" + exportBank, fault.NotParty},
	} {
		var body contract.BodyAnswer
		err := w.ask(w.clients[tc.client], "Invoice:Body", contract.ByID{ID: d.invID}, &body)
		if got := fault.CodeOf(err); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.client, got, tc.want)
		}
		var list contract.Listing
		err = w.ask(w.clients[tc.client], "Invoice:List", contract.Page{}, &list)
		if err != nil || (len(list.Documents) == 1) != (tc.want == "") {
			t.Errorf("%s lists %d documents: %v", tc.client, len(list.Documents), err)
		}
	}
}

func TestListingPagesThroughOwnDocuments(t *testing.T) {
	w := newWorld(t)
	want := map[string]bool{}
	for range 5 {
		d := newDeal(w)
		d.issueInvoice()
		want[string(d.invID)] = true
	}
	page := contract.Page{State: invoice.Issued, Limit: 2}
	for pages := 0; ; pages++ {
		var l contract.Listing
		if err := w.ask(w.clients["importer"], "Invoice:List", page, &l); err != nil {
			t.Fatal(err)
		}
		for _, h := range l.Documents {
			if !want[string(h.ID)] {
				t.Fatalf("%s is listed twice or is not ours", h.ID)
			}
			delete(want, string(h.ID))
		}
		if l.Next == "" {
			break
		}
		if page.After = l.Next; pages > 5 {
			t.Fatal("the pages do not end")
		}
	}
	if len(want) != 0 {
		t.Fatalf("not listed: %v", want)
	}
}

func TestEndorsersAgreeByteForByte(t *testing.T) {
	w := newWorld(t)
	d := newDeal(w)
	d.issueInvoice()
	d.acceptInvoice()
	d.undertake()
	cmd := commandFor(d)
	p, err := d.clients["bank"].Propose(d.call("Undertaking:Issue", cmd, nil, d.undID, d.payID, d.invID))
	if err != nil {
		t.Fatal(err)
	}
	a, errA := d.ProcessProposal(exportBank, p)
	b, errB := d.ProcessProposal(importBank, p)
	if errA != nil || errB != nil || a.GetResponse().GetStatus() != 200 {
		t.Fatalf("%v %v %s", errA, errB, a.GetResponse().GetMessage())
	}
	if string(a.GetPayload()) != string(b.GetPayload()) {
		t.Fatal("two organisations endorsed different results")
	}
}
