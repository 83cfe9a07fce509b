package client_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
)

const (
	sellerID  trade.PartyID = "529900EXAMPLEEXP0105"
	buyerID   trade.PartyID = "529900EXAMPLEIMP0175"
	sellerMSP trade.MSPID   = "ExportBankMSP"
	buyerMSP  trade.MSPID   = "ImportBankMSP"
)

// quick keeps tests of bounds short; no test waits for one of them to succeed.
var quick = client.Timing{
	Evaluate: 5 * time.Second, Endorse: 5 * time.Second, Submit: 5 * time.Second,
	CommitStatus: 150 * time.Millisecond, Outcome: 20 * time.Second, Unavailable: 20 * time.Second,
	Backoff: time.Millisecond, BackoffCap: 20 * time.Millisecond,
}

// desk is a fake network with one ledger, and answers the queries that the SDK
// makes on its way.
type desk struct {
	ledger  *gatewaytest.Ledger
	network *gatewaytest.Network
	parties map[trade.PartyID]trade.MSPID
	body    []byte
	header  trade.Header
	// down are organisations without a peer.
	down map[string]bool
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	body, err := canon.Encode(sampleInvoice())
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{
		ledger: &gatewaytest.Ledger{}, network: gatewaytest.NewNetwork(t), body: body,
		parties: map[trade.PartyID]trade.MSPID{sellerID: sellerMSP, buyerID: buyerMSP},
		header: trade.Header{
			ID: "ExportBankMSP.00112233445566778899aabbccddeeff", Kind: invoice.Kind, State: invoice.Issued, Version: 7,
			Parties: []trade.MSPID{sellerMSP, buyerMSP},
		},
		down: map[string]bool{},
	}
	d.ledger.OnEvaluate = d.evaluate
	return d
}

func (d *desk) connect(t *testing.T, timing client.Timing, peers ...*gatewaytest.Peer) *client.Client {
	t.Helper()
	if len(peers) == 0 {
		peers = []*gatewaytest.Peer{d.network.StartPeer(t, d.ledger)}
	}
	profile := d.network.Profile(t, gatewaytest.Member{
		MSPID: sellerMSP, Name: "exporter", Roles: "trader", Company: sellerID,
	}, peers...)
	return gatewaytest.Connect(t, profile, client.WithTiming(timing))
}

func (d *desk) evaluate(in gatewaytest.Invocation) ([]byte, error) {
	for _, org := range in.Organisations {
		if d.down[org] {
			return nil, gatewaytest.Refusal(9, "no peers available to evaluate chaincode registry in channel trade")
		}
	}
	switch in.Function {
	case "Party:Get":
		var q struct{ ID trade.PartyID }
		if err := json.Unmarshal([]byte(in.Args[0]), &q); err != nil {
			return nil, err
		}
		msp, ok := d.parties[q.ID]
		if !ok {
			return nil, gatewaytest.Refused(fault.New(fault.PartyNotFound, "no party %s", q.ID), string(sellerMSP))
		}
		return json.Marshal(party.Record{
			ID: q.ID, MSP: msp, Name: "Company " + string(q.ID), State: party.Active, Version: 3,
		})
	case "Invoice:Body":
		return json.Marshal(map[string]any{"header": d.header, "body": d.body})
	case "Invoice:Header", "Undertaking:Header":
		return json.Marshal(client.State{Header: d.header, Valid: true})
	case "Constitution:Get":
		return []byte(`{"state":"ACTIVE","members":["ExportBankMSP","ImportBankMSP"],"approvals":[]}`), nil
	}
	return []byte("{}"), nil
}

// issued answers an endorsement with a header.
func issued(in gatewaytest.Invocation) ([]byte, error) {
	var cmd trade.Command
	if err := json.Unmarshal([]byte(in.Args[0]), &cmd); err != nil {
		return nil, err
	}
	return json.Marshal(trade.Header{ID: cmd.ID, Kind: invoice.Kind, State: invoice.Issued, Version: cmd.Version + 1})
}

func sampleInvoice() invoice.Body {
	return invoice.Body{
		Salt: trade.Salt{1}, Number: "EX-1", IssueDate: "2026-11-02", TypeCode: "380", Currency: "EUR", DueDate: "2026-12-02",
		Seller: invoice.Trader{Party: sellerID, Name: "Exporter", Country: "DE", TaxID: "DE1"},
		Buyer:  invoice.Trader{Party: buyerID, Name: "Importer", Country: "NL", TaxID: "NL1"},
		Lines: []invoice.Line{{
			ID: "1", Name: "Valve", Quantity: trade.Decimal{Unscaled: 10}, Unit: "C62",
			Price: trade.Decimal{Unscaled: 1000, Scale: 2}, NetMinor: 10000,
		}},
		Taxes: []invoice.Tax{{Category: "G", BaseMinor: 10000}},
		Totals: invoice.Totals{
			LinesMinor: 10000, NetMinor: 10000, GrossMinor: 10000, DueMinor: 10000,
		},
	}
}

func requestID(t *testing.T, in gatewaytest.Invocation) string {
	t.Helper()
	var cmd struct{ RequestID string }
	if err := json.Unmarshal([]byte(in.Args[0]), &cmd); err != nil {
		t.Fatal(err)
	}
	return cmd.RequestID
}
