package contract_test

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/argosy-trade/argosy/accelsvc/client"
	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

const (
	exportBank = "ExportBankMSP"
	importBank = "ImportBankMSP"
	carrier    = "CarrierMSP"
	authority  = "AuthorityMSP"
)

var orgs = []string{authority, carrier, exportBank, importBank}

// Company ids with right check digits, of no company there is.
const (
	exporterID = trade.PartyID("529900ARGOSYEXPRTR48")
	importerID = trade.PartyID("529900ARGOSYIMPRTR96")
	bankID     = trade.PartyID("529900ARGOSYIMBANK18")
	rivalID    = trade.PartyID("529900ARGOSYRIVAL085")
	supplierID = trade.PartyID("529900ARGOSYSUPPL039")
)

// software is the accelerator without a sidecar.
func software(t *testing.T) contract.Accelerator {
	t.Helper()
	c, err := client.New(client.Options{Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return contract.NewAccelerator(c)
}

// world is a network with both chaincodes, its constitution and its companies.
type world struct {
	*stubtest.Network
	t        *testing.T
	requests uint64
	clients  map[string]*stubtest.Client
	keys     map[attest.SourceID]*sm2.PrivateKey
	policies map[string]trade.Digest
	sequence uint64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := bareWorld(t)
	for _, org := range orgs {
		w.must(w.clients["governor/"+org], "Constitution:Approve",
			contract.Membership{RequestID: w.request(), Members: msps(orgs...)})
	}
	for _, p := range []struct {
		name string
		id   trade.PartyID
		role trade.Role
	}{
		{"exporter", exporterID, trade.RoleTrader},
		{"importer", importerID, trade.RoleTrader},
		{"bank", bankID, trade.RoleBank},
		{"rival", rivalID, trade.RoleTrader},
	} {
		w.enrol(p.name, p.id, p.role)
	}
	w.addSource("authority-customs", authority, attest.CustomsCleared, attest.CustomsReleased)
	w.addSource("carrier-track", carrier, attest.InspectionPassed)
	w.addPolicy(attest.Policy{Type: attest.CustomsCleared, Sources: []attest.SourceID{"authority-customs"}, Threshold: 1})
	w.addPolicy(attest.Policy{Type: attest.InspectionPassed, Sources: []attest.SourceID{"carrier-track"}, Threshold: 1})
	return w
}

// bareWorld has chaincodes and clients but an empty ledger.
func bareWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		Network: stubtest.NewNetwork(t, orgs...), t: t, clients: map[string]*stubtest.Client{},
		keys: map[attest.SourceID]*sm2.PrivateKey{}, policies: map[string]trade.Digest{},
	}
	accelerator := software(t)
	options := func(msp string) contract.Options {
		return contract.Options{
			MSPID: trade.MSPID(msp), Accelerator: accelerator, Now: w.Now,
			Registry: "registry", Trade: "trade",
		}
	}
	w.Deploy("registry", func(msp string) shim.Chaincode { return must(contract.NewRegistry(options(msp))) },
		stubtest.Majority())
	w.Deploy("trade", func(msp string) shim.Chaincode { return must(contract.NewTrade(options(msp))) },
		stubtest.AnyOrg())
	for _, org := range orgs {
		w.client("governor/"+org, org, map[string]string{"argosy.role": "governor"})
		w.client("attester/"+org, org, map[string]string{"argosy.role": "attester"})
		w.client("relay/"+org, org, map[string]string{"argosy.role": "relay"})
	}
	company := func(name, org string, id trade.PartyID, role string) {
		w.client(name, org, map[string]string{"argosy.role": role, "argosy.company": string(id)})
	}
	company("exporter", exportBank, exporterID, "trader")
	company("importer", importBank, importerID, "trader")
	company("bank", importBank, bankID, "bank")
	company("rival", carrier, rivalID, "trader")
	return w
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func msps(names ...string) []trade.MSPID {
	var out []trade.MSPID
	for _, n := range names {
		out = append(out, trade.MSPID(n))
	}
	return out
}

func (w *world) client(name, org string, attrs map[string]string) {
	w.clients[name] = w.Client(org, name, attrs)
}

// request returns a request id that was not used before.
func (w *world) request() string {
	w.requests++
	var b [16]byte
	binary.BigEndian.PutUint64(b[8:], w.requests)
	return hex.EncodeToString(b[:])
}

func (w *world) submit(c *stubtest.Client, function string, arg any) ([]byte, error) {
	res, err := c.Submit(stubtest.Call{
		Chaincode: chaincodeOf(function), Function: function,
		Args: []string{string(must(canon.Encode(arg)))},
	})
	return res.Payload, err
}

func (w *world) must(c *stubtest.Client, function string, arg any) []byte {
	w.t.Helper()
	b, err := w.submit(c, function, arg)
	if err != nil {
		w.t.Fatalf("%s: %v", function, err)
	}
	return b
}

func (w *world) ask(c *stubtest.Client, function string, arg, result any) error {
	b, err := c.Evaluate(stubtest.Call{
		Chaincode: chaincodeOf(function), Function: function,
		Args: []string{string(must(canon.Encode(arg)))},
	})
	if err != nil {
		return err
	}
	return json.Unmarshal(b, result)
}

func chaincodeOf(function string) string {
	switch function[:4] {
	case "Invo", "Unde", "Paym", "Vouc", "Lot:":
		return "trade"
	}
	return "registry"
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != code {
		t.Fatalf("got code %q (%v), want %s", got, err, code)
	}
}

func (w *world) enrol(name string, id trade.PartyID, role trade.Role) {
	w.t.Helper()
	c := w.clients[name]
	application := contract.PartyApplication{RequestID: w.request()}
	application.ID, application.Name, application.Roles = id, name+" Ltd", []trade.Role{role}
	w.must(c, "Party:Apply", application)
	w.must(w.clients["attester/"+c.MSPID()], "Party:Verify",
		contract.PartyStep{RequestID: w.request(), ID: id, Version: 1})
	w.must(c, "Party:Activate", contract.PartyStep{RequestID: w.request(), ID: id, Version: 2})
}

func (w *world) addSource(id attest.SourceID, owner string, types ...string) {
	w.t.Helper()
	key := must(sm2.GenerateKey(rand.Reader))
	w.keys[id] = key
	p := contract.SourceProposal{RequestID: w.request()}
	p.ID, p.Types, p.SM2PublicKey = id, types, publicHex(key)
	p.ValidFrom, p.ValidTo = w.now(-time.Hour), w.now(365*24*time.Hour)
	w.must(w.clients["governor/"+owner], "Source:Propose", p)
	for _, org := range orgs {
		if org != owner {
			w.must(w.clients["governor/"+org], "Source:Approve", contract.SourceStep{RequestID: w.request(), ID: id})
		}
	}
}

func publicHex(key *sm2.PrivateKey) string {
	return hex.EncodeToString(elliptic.Marshal(key.Curve, key.X, key.Y)[1:]) //nolint:staticcheck // no other way for SM2
}

func (w *world) addPolicy(p attest.Policy) {
	w.t.Helper()
	d := trade.Digest(sha256.Sum256(must(canon.Encode(p))))
	w.policies[p.Type] = d
	w.must(w.clients["governor/"+authority], "Policy:Propose", contract.PolicyProposal{RequestID: w.request(), Policy: p})
	for _, org := range []string{carrier, exportBank} {
		var r source.PolicyRecord
		b := w.must(w.clients["governor/"+org], "Policy:Approve",
			contract.PolicyApproval{RequestID: w.request(), Type: p.Type, Digest: d})
		if err := json.Unmarshal(b, &r); err != nil || (org == exportBank) != (r.State == source.Active) {
			w.t.Fatalf("policy after the approval of %s: %+v %v", org, r, err)
		}
	}
}

func (w *world) now(d time.Duration) trade.Instant { return trade.InstantOf(w.Now().Add(d)) }

// claim is a claim of a source about a subject, right in every respect.
func (w *world) claim(src attest.SourceID, subject trade.Digest, factType string) attest.Claim {
	w.sequence++
	return attest.Claim{
		Channel: stubtest.ChannelID, Policy: w.policies[factType], Source: src, Subject: subject,
		Type: factType, Classifier: attest.Actual, OccurredAt: w.now(-time.Minute), ObservedAt: w.now(0),
		Evidence: sha256.Sum256([]byte("salt and message")), Sequence: w.sequence,
	}
}

func (w *world) sign(c attest.Claim) attest.SignedClaim {
	key := w.keys[c.Source]
	e := must(sm2.CalculateSM2Hash(&key.PublicKey, c.SignedBytes(), nil))
	r, s, err := sm2.Sign(rand.Reader, &key.PrivateKey, e)
	if err != nil {
		w.t.Fatal(err)
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return attest.SignedClaim{Claim: c, Signature: sig[:]}
}

func (w *world) report(signed attest.SignedClaim) (contract.Receipt, error) {
	var r contract.Receipt
	b, err := w.submit(w.clients["relay/"+authority], "Fact:Report", signed)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	return r, err
}

func (w *world) establish(src attest.SourceID, subject trade.Digest, factType string) {
	w.t.Helper()
	r, err := w.report(w.sign(w.claim(src, subject, factType)))
	if err != nil || r.Fact.State != trade.FactEstablished {
		w.t.Fatalf("%s: %+v %v", factType, r, err)
	}
}

func testKey(w *world) *sm2.PrivateKey {
	w.t.Helper()
	return must(sm2.GenerateKey(rand.Reader))
}
