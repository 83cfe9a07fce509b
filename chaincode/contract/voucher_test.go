package contract_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/arrears"
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
	"github.com/argosy-trade/argosy/chaincode/state"
	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

// TestVoucherFromInvoiceToSettlement splits a voucher in three: one lot is
// financed, one handed to another organisation, one pledged, released and bought
// back; the rest is paid, one lot in two parts.
func TestVoucherFromInvoiceToSettlement(t *testing.T) {
	v := inForce(t)
	v.wantInvoice(invoice.Backing)
	lots := v.split("exporter", v.first, 2_000_000, 3_000_000, 7_345_678)
	v.wantLot(v.first, lot.Divided)

	financed := v.offer("exporter Lot:AskFinance", lots[0],
		lot.Rights{Owner: exporterID, Claim: lot.Claim{Kind: lot.ClaimFinance, Holder: bankID}}, "LOAN-1")
	v.wantLot(lots[0], lot.FinancePending)
	v.mustAct("bank Lot:Finance", financed, lot.FinancedArgs{
		Salt: salt(), Status: "ACSC", Reference: "L-1", RegistryNumber: "04711",
	}, financed)
	v.wantLot(lots[0], lot.Superseded)

	second := v.transfer("exporter rival", lots[1], rivalID, secretSupply)
	if h := v.look(second); h.State != lot.Active || len(h.Parties) != 2 || h.Parties[0] != carrier {
		t.Fatalf("%+v", h)
	}

	pledged := v.offer("exporter Lot:Pledge", lots[2],
		lot.Rights{Owner: exporterID, Claim: lot.Claim{Kind: lot.ClaimPledge, Holder: rivalID}}, "CREDIT-1")
	v.mustAct("rival Lot:TakeInPledge", pledged, nil, pledged)
	parts := v.parts("exporter", pledged, 1_000_000, 6_345_678)
	_, err := v.act("exporter Lot:Split", pledged, nil, append(parts, pledged)...)
	wantCode(t, err, fault.TransitionForbidden)
	free := newID(carrier)
	v.lodge(free, lot.Released(v.body(pledged)))
	v.mustAct("rival Lot:Release", pledged, nil, pledged, free)
	if h := v.look(free); h.State != lot.Active || len(h.Parties) != 2 || h.Parties[0] != exportBank {
		t.Fatalf("released from its pledge: %+v", h)
	}
	home := v.transfer("exporter importer", free, importerID, "SETTLED-IN-CASH")
	v.mustAct("importer Lot:BuyBack", home, nil, home)

	v.reach(v.vou.Terms.Due, 0)
	v.mustAct("bank Lot:Mature", financed, nil, financed)
	v.mustAct("rival Lot:Mature", second, nil, second)
	v.pay(financed, 2_000_000)
	var halves []trade.DocID
	for _, b := range must(lot.PaidInPart(v.body(second), 1_000_000)) {
		halves = append(halves, newID(importBank))
		v.lodge(halves[len(halves)-1], b)
	}
	if h := v.pay(second, 1_000_000, halves...); h.State != lot.Divided {
		t.Fatalf("paid in part: %+v", h)
	}
	v.look(halves[1])
	v.wantLot(halves[0], lot.Paid)
	v.pay(halves[1], 2_000_000)
	v.closeAll(second, lots[1], lots[0], free, pledged, lots[2], v.first)
	v.wantLot(lots[2], lot.ClosedCancelled)
	v.wantLot(v.first, lot.Closed)
	v.mustAct("sibling Voucher:Close", v.vouID, nil)
	v.wantState("Voucher", v.vouID, voucher.Settled)
	v.wantInvoice(invoice.Discharged)
}

// closeAll closes lots whose successors have ended, by somebody who is no party.
func (v *venture) closeAll(ids ...trade.DocID) {
	v.t.Helper()
	for _, id := range ids {
		v.mustAct("sibling Lot:Close", id, nil)
	}
}

// Who holds a lot learns its way to him and nothing of its siblings; who holds
// none learns nothing at all.
func TestSiblingsAndOutsidersLearnNothing(t *testing.T) {
	v := inForce(t)
	lots := v.split("exporter", v.first, 2_000_000, 3_000_000, 7_345_678)
	mine := v.transfer("exporter rival", lots[0], rivalID, secretSupply)
	hers := v.transfer("exporter sibling", lots[1], siblingID, secretSibling)
	v.mustAct("court Lot:Freeze", lots[2], lot.OrderArgs{Salt: salt(), Office: "Court", Reference: secretOrder})
	saltOf := func(id trade.DocID) string { return string(must(v.body(id).Salt.MarshalText())) }

	for _, secret := range []string{ // of the one lot, and the promise that it comes from
		secretSupply, secretVoucher, saltOf(mine), saltOf(lots[0]), string(importerID), `"from":1,"to":2000000`,
	} {
		if v.Find(carrier, []byte(secret)) == nil {
			t.Errorf("the holder's peer does not hold %q: the search finds nothing at all", secret)
		}
	}
	for _, secret := range []string{ // of the others, of the voucher's making, and of the order
		secretSibling, saltOf(hers), saltOf(lots[1]), saltOf(lots[2]), saltOf(v.first), secretContract, secretNumber,
		secretGoods, secretOrder, string(siblingID) + `","claim`, `"to":5000000`, `"to":12345678`, "clause 7",
	} {
		if places := v.Find(carrier, []byte(secret)); places != nil {
			t.Errorf("the peer of %s holds %q in %v", carrier, secret, places)
		}
		if v.Find(importBank, []byte(secret)) == nil {
			t.Errorf("the issuer's peer does not hold %q: the search finds nothing at all", secret)
		}
	}
	for _, secret := range []string{secretSupply, saltOf(mine), saltOf(lots[2]), secretContract, secretNumber} {
		if places := v.Find(authority, []byte(secret)); places != nil {
			t.Errorf("the peer of %s holds %q in %v", authority, secret, places)
		}
	}
}

// A voucher whose lots are all at two organisations stays with them.
func TestOutsidersPeersNeverHoldAVoucher(t *testing.T) {
	v := inForce(t)
	lots := v.split("exporter", v.first, 2_000_000, 10_345_678)
	v.offer("exporter Lot:AskFinance", lots[0],
		lot.Rights{Owner: exporterID, Claim: lot.Claim{Kind: lot.ClaimFinance, Holder: bankID}}, secretSupply)
	v.mustAct("exporter Lot:Recall", lots[0], nil, lots[0])
	for _, secret := range []string{
		secretSupply, secretVoucher, secretContract, secretNumber, `"from":2000001`, string(must(v.vou.Salt.MarshalText())),
	} {
		for _, outsider := range []string{carrier, authority} {
			if places := v.Find(outsider, []byte(secret)); places != nil {
				t.Errorf("the peer of %s holds %q in %v", outsider, secret, places)
			}
		}
		if v.Find(exportBank, []byte(secret)) == nil {
			t.Errorf("the peer of a party does not hold %q: the search finds nothing at all", secret)
		}
	}
}

func TestTwoSplitsOfOneLotAreOne(t *testing.T) {
	v := inForce(t)
	var txs []*stubtest.Transaction
	var calls []stubtest.Call
	for _, sizes := range [][]int64{{6_000_000, 6_345_678}, {1_000_000, 11_345_678}} {
		parts := v.parts("exporter", v.first, sizes...)
		call := v.call("Lot:Split", trade.Command{RequestID: v.request(), ID: v.first, Version: 1}, nil,
			append(parts, v.first)...)
		calls = append(calls, call)
		txs = append(txs, must(v.clients["exporter"].Endorse(must(v.clients["exporter"].Propose(call)))))
	}
	block := must(v.Commit(txs...))
	if a, b := block.Transactions[0].Code, block.Transactions[1].Code; a != peer.TxValidationCode_VALID ||
		b != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Fatalf("got %s and %s", a, b)
	}
	if _, err := v.clients["exporter"].Submit(calls[0]); err != nil {
		t.Fatalf("the same request once more is harmless: %v", err)
	}
	_, err := v.clients["exporter"].Submit(calls[1])
	wantCode(t, err, fault.VersionStale)
	if h := v.look(v.first); h.Version != 2 || h.State != lot.Divided || len(h.Successors) != 2 {
		t.Fatalf("%+v", h)
	}
}

// Splits of different lots of one voucher all go into one block, and no two of
// them read or write a common key of the documents.
func TestSplitsShareNoKey(t *testing.T) {
	v := inForce(t)
	sizes := make([]int64, lot.MaxParts)
	for i := range sizes {
		sizes[i] = 400_000
	}
	sizes[0] += 12_345_678 - lot.MaxParts*400_000
	lots := v.split("exporter", v.first, sizes...)
	seen := map[string]trade.DocID{}
	var txs []*stubtest.Transaction
	for i, id := range lots {
		parts := v.parts("exporter", id, sizes[i]-100_000, 100_000)
		p := must(v.clients["exporter"].Propose(v.call("Lot:Split",
			trade.Command{RequestID: v.request(), ID: id, Version: 1}, nil, append(parts, id)...)))
		for _, key := range tradeKeys(t, must(v.ProcessProposal(exportBank, p))) {
			if other, taken := seen[key]; taken {
				t.Errorf("%s and %s both touch %q", id, other, key)
			}
			seen[key] = id
		}
		txs = append(txs, must(v.clients["exporter"].Endorse(p)))
	}
	for i, tx := range must(v.Commit(txs...)).Transactions {
		if tx.Code != peer.TxValidationCode_VALID {
			t.Errorf("split %d: %s", i, tx.Code)
		}
	}
	if len(seen) < 3*len(lots) {
		t.Fatalf("only %d keys seen", len(seen))
	}
}

// tradeKeys returns the public keys of `trade` that a result reads or writes,
// and the hashed ones of every collection.
func tradeKeys(t *testing.T, r *peer.ProposalResponse) []string {
	t.Helper()
	var payload peer.ProposalResponsePayload
	var action peer.ChaincodeAction
	var set rwset.TxReadWriteSet
	for _, err := range []error{
		proto.Unmarshal(r.GetPayload(), &payload), proto.Unmarshal(payload.GetExtension(), &action),
		proto.Unmarshal(action.GetResults(), &set),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	keys := map[string]bool{}
	for _, ns := range set.GetNsRwset() {
		if ns.GetNamespace() != "trade" {
			continue
		}
		var kv kvrwset.KVRWSet
		if err := proto.Unmarshal(ns.GetRwset(), &kv); err != nil {
			t.Fatal(err)
		}
		if len(kv.GetRangeQueriesInfo()) > 0 {
			t.Error("a split reads a range of keys")
		}
		for _, read := range kv.GetReads() {
			keys[read.GetKey()] = true
		}
		for _, write := range kv.GetWrites() {
			keys[write.GetKey()] = true
		}
		for _, c := range ns.GetCollectionHashedRwset() {
			var hashed kvrwset.HashedRWSet
			if err := proto.Unmarshal(c.GetHashedRwset(), &hashed); err != nil {
				t.Fatal(err)
			}
			for _, read := range hashed.GetHashedReads() {
				keys[c.GetCollectionName()+string(read.GetKeyHash())] = true
			}
			for _, write := range hashed.GetHashedWrites() {
				keys[c.GetCollectionName()+string(write.GetKeyHash())] = true
			}
		}
	}
	var out []string
	for k := range keys {
		out = append(out, k)
	}
	return out
}

// One organisation alone can write a header and its own copy of a body. No rule
// may build on them what binds another.
func TestALotOfOnesOwnMakingBindsNobody(t *testing.T) {
	v := inForce(t)
	id := newID(carrier)
	fake := v.body(v.first)
	fake.Owner = rivalID
	v.lodge(id, fake)
	h := trade.Header{
		ID: id, Kind: lot.Kind, State: lot.Active, Version: 1, Digest: digest(v.bodies[id]), Parties: msps(carrier),
	}
	set := stubtest.NewRWSet().Put("trade", state.HeaderKey(id), headerBytes(h)).
		PutPrivate("trade", stubtest.ImplicitCollection(carrier), state.BodyKey(lot.Kind, id), v.bodies[id])
	if code := v.forge(set, "trade", carrier); code != peer.TxValidationCode_VALID {
		t.Fatalf("Fabric refused what this test is about: %s", code)
	}
	if a := v.header("Lot", id); !a.Valid {
		t.Fatal("all organisations that the header names hold the body: this test is about something else")
	}
	next := newID(carrier)
	v.lodge(next, lot.Succession(h, v.body(id), lot.Rights{Owner: siblingID},
		lot.Offer{Reference: "S", Deadline: v.now(time.Hour)}))
	_, err := v.act("rival Lot:Transfer", id, nil, id, next)
	wantCode(t, err, fault.DocInvalid)

	// Nor may it call a company a defaulter.
	h.State, h.Defaulter, h.ID = lot.Overdue, importerID, newID(carrier)
	set = stubtest.NewRWSet().Put("trade", state.HeaderKey(h.ID), headerBytes(h)).
		PutPrivate("trade", stubtest.ImplicitCollection(carrier), state.BodyKey(lot.Kind, h.ID), v.bodies[id])
	if code := v.forge(set, "trade", carrier); code != peer.TxValidationCode_VALID {
		t.Fatalf("Fabric refused what this test is about: %s", code)
	}
	wantCode(t, v.report(h.ID), fault.DocInvalid)
}

func TestDefaultBlocksNewVouchersUntilItIsPaid(t *testing.T) {
	v := inForce(t)
	wantCode(t, v.report(v.first), fault.ConditionUnmet)
	v.reach(v.vou.Terms.Due, 0)
	v.mustAct("exporter Lot:Mature", v.first, nil, v.first)
	v.reach(v.vou.Terms.Due, v.limits.GraceDays+1)
	if h := v.mustAct("exporter Lot:Default", v.first, nil, v.first); h.Defaulter != importerID {
		t.Fatalf("%+v", h)
	}
	for range 2 { // the second says nothing new
		if err := v.report(v.first); err != nil {
			t.Fatal(err)
		}
	}
	list := func() arrears.Record {
		var r arrears.Record
		if err := v.ask(v.clients["rival"], "Default:Get", contract.ByPartyID{ID: importerID}, &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := list(); !r.InDefault() || r.Open != 1 || r.Since == 0 {
		t.Fatalf("%+v", r)
	}
	next := &venture{deal: newDeal(v.world), limits: v.limits}
	next.issueInvoice()
	next.acceptInvoice()
	next.draft()
	next.encode(next.vouID, next.vou)
	next.headers[next.vouID] = trade.Header{Parties: msps(dealOrgs...)}
	_, err := next.act("importer Voucher:Issue", next.vouID, nil, next.vouID, next.invID)
	wantCode(t, err, fault.InDefault)

	v.pay(v.first, 12_345_678)
	if err := v.report(v.first); err != nil {
		t.Fatal(err)
	}
	if r := list(); r.InDefault() || r.Since != 0 {
		t.Fatalf("%+v", r)
	}
	next.issue()
}

func TestFreezeNeedsAnOrderAndStopsEverything(t *testing.T) {
	v := inForce(t)
	next := v.offer("exporter Lot:Transfer", v.first, lot.Rights{Owner: rivalID}, secretSupply)
	order := lot.OrderArgs{Salt: salt(), Office: "Court", Reference: secretOrder}
	_, err := v.act("rival Lot:Freeze", v.first, order)
	wantCode(t, err, fault.RoleMissing)
	h := v.mustAct("court Lot:Freeze", v.first, order)
	if h.State != lot.Frozen || h.Resume != lot.TransferPending || h.Note == nil {
		t.Fatalf("%+v", h)
	}
	var body contract.BodyAnswer
	if err := v.ask(v.clients["exporter"], "Lot:Body", contract.ByID{ID: v.first}, &body); err != nil ||
		!strings.Contains(string(body.Note), secretOrder) {
		t.Fatalf("the owner cannot read the order: %s %v", body.Note, err)
	}
	_, err = v.act("rival Lot:Accept", next, nil, next)
	wantCode(t, err, fault.TransitionForbidden)
	_, err = v.act("exporter Lot:Recall", v.first, nil, v.first)
	wantCode(t, err, fault.TransitionForbidden)
	if h = v.mustAct("court Lot:Unfreeze", v.first, order); h.State != lot.TransferPending || h.Resume != "" {
		t.Fatalf("%+v", h)
	}
	v.mustAct("rival Lot:Accept", next, nil, next)
	v.wantLot(v.first, lot.Superseded)
}

func TestOffersThatComeToNothing(t *testing.T) {
	v := inForce(t)
	offer := func() trade.DocID {
		t.Helper()
		return v.offer("exporter Lot:Transfer", v.first, lot.Rights{Owner: rivalID}, secretSupply)
	}
	one := offer()
	v.mustAct("rival Lot:Reject", one, nil, one)
	v.look(v.first)
	v.wantLot(v.first, lot.Active)
	two := offer()
	v.headers[v.first] = v.look(v.first)
	call := v.call("Lot:Recall", trade.Command{RequestID: v.request(), ID: v.first, Version: v.headers[v.first].Version},
		nil, v.first)
	call.EndorsingOrgs = []string{carrier, exportBank, importBank}
	if _, err := v.clients["exporter"].Submit(call); err != nil {
		t.Fatal(err)
	}
	v.wantLot(two, lot.Retracted)
	v.look(v.first)
	three := offer()
	v.Advance(2 * time.Hour)
	_, err := v.act("rival Lot:Accept", three, nil, three)
	wantCode(t, err, fault.Expired)
	lapse := v.call("Lot:Lapse", trade.Command{RequestID: v.request(), ID: three}, nil)
	lapse.EndorsingOrgs = []string{carrier, exportBank, importBank}
	for range 2 {
		if _, err := v.clients["sibling"].Submit(lapse); err != nil {
			t.Fatal(err)
		}
	}
	v.wantLot(three, lot.Lapsed)
	v.wantLot(v.first, lot.Active)
}

func TestParametersNeedAMajority(t *testing.T) {
	v := newVenture(t)
	propose := func(version uint64, value string) error {
		p := contract.ParameterProposal{RequestID: v.request()}
		p.Name, p.Version, p.Value = lot.ParameterName("EUR"), version, []byte(value)
		_, err := v.submit(v.clients["governor/"+carrier], "Parameter:Propose", p)
		return err
	}
	good := string(must(canon.Encode(v.limits)))
	wantCode(t, propose(3, good), fault.VersionStale)
	wantCode(t, propose(2, `{"maxTermMonths":12}`), fault.ArgumentMalformed)
	var current struct {
		Version uint64 `json:"version"`
	}
	get := func(version uint64) error {
		return v.ask(v.clients["rival"], "Parameter:Get", trade.ParameterRef{Name: "voucher.EUR", Version: version}, &current)
	}
	if err := propose(2, good); err != nil || get(0) != nil || current.Version != 1 {
		t.Fatalf("%v, version %d after one of four", err, current.Version)
	}
	wantCode(t, get(2), fault.ParameterNotFound)
	v.limits.MaxTermMonths, v.limits.WarnTermMonths = 2, 2
	v.setLimits(2)
	if err := get(0); err != nil || current.Version != 2 {
		t.Fatalf("%v, version %d", err, current.Version)
	}
	v.draft() // under version 1, which is no longer in force
	v.encode(v.vouID, v.vou)
	v.headers[v.vouID] = trade.Header{Parties: msps(dealOrgs...)}
	_, err := v.act("importer Voucher:Issue", v.vouID, nil, v.vouID, v.invID)
	wantCode(t, err, fault.VersionStale)
	v.vou.Terms.Limits.Version = 2
	v.encode(v.vouID, v.vou)
	_, err = v.act("importer Voucher:Issue", v.vouID, nil, v.vouID, v.invID)
	wantCode(t, err, fault.LimitExceeded)
}
