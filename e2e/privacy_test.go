package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
)

// shapes are the forms in which a secret could lie about: as it is, in hex, and
// in base64 wherever it begins in what was encoded.
func shapes(secret string) [][]byte {
	out := [][]byte{[]byte(secret), []byte(hex.EncodeToString([]byte(secret)))}
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), secret...))
		// The first and the last letters depend on what stands around.
		from, to := (shift*8+5)/6, len(text)
		if (shift+len(secret))%3 != 0 {
			to--
		}
		out = append(out, []byte(text[from:to]))
	}
	return out
}

// leaks names the secrets that b holds in any shape.
func (s secrets) leaks(b []byte) (found []string) {
	for _, word := range s.words() {
		for _, shape := range shapes(word) {
			if bytes.Contains(b, shape) {
				found = append(found, word)
				break
			}
		}
	}
	return found
}

func TestShapesFindSecrets(t *testing.T) {
	s := newSecrets(t)
	for _, word := range s.words() {
		for pad := range 4 {
			around := strings.Repeat("x", pad) + word + strings.Repeat("y", pad)
			for _, text := range []string{
				around, hex.EncodeToString([]byte(around)), base64.StdEncoding.EncodeToString([]byte(around)),
			} {
				if got := s.leaks([]byte("before " + text + " after")); len(got) != 1 || got[0] != word {
					t.Errorf("%q in %q: found %q", word, text, got)
				}
			}
		}
	}
	if got := s.leaks([]byte("nothing of the kind")); got != nil {
		t.Errorf("found %q in nothing", got)
	}
}

// TestOutsidersLearnNothing takes a deal through all its steps and then looks
// for its words with everything that an organisation has which is no party:
// queries, events, blocks, its peer's and orderer's files, its programs' logs.
func TestOutsidersLearnNothing(t *testing.T) {
	p, s := newPeople(t), newSecrets(t)
	d, last := p.trade(t, s)
	t.Run("by queries of its own", func(t *testing.T) { p.ownQueries(t, d) })
	t.Run("by asking the parties' peers", func(t *testing.T) { p.foreignQueries(t, s, d) })
	t.Run("by events", func(t *testing.T) { p.events(t, s, d, last) })
	t.Run("by streams of blocks", func(t *testing.T) { p.streams(t, s) })
	t.Run("by blocks", func(t *testing.T) { p.blocks(t, s, d, last) })
	t.Run("by the files of its own machines", func(t *testing.T) { p.files(t, s) })
}

func (p people) ownQueries(t *testing.T, d deal) {
	t.Helper()
	ctx := t.Context()
	wantCode := func(what string, err error) {
		t.Helper()
		if fault.CodeOf(err) != fault.DocNotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, name := range []string{"rival", "customs"} {
		c := p.net.client(t, name)
		_, err := c.Invoices.Get(ctx, d.invoice)
		wantCode(name+" reads the invoice", err)
		_, err = c.Undertakings.Get(ctx, d.undertaking)
		wantCode(name+" reads the undertaking", err)
		_, err = c.Payments.Get(ctx, d.payment)
		wantCode(name+" reads the payment", err)
		page, err := c.Invoices.List(ctx, client.Query{Limit: 200})
		if err != nil || contains(page.Documents, d.invoice) {
			t.Errorf("%s lists the invoice: %v", name, err)
		}
	}
	// What everybody may know is there.
	state, err := p.rival.Invoices.Header(ctx, d.invoice)
	if err != nil || !state.Valid {
		t.Errorf("the public header: %+v, %v", state, err)
	}
}

// foreignQueries asks the parties' peers directly, without a gateway that
// could hold anybody back.
func (p people) foreignQueries(t *testing.T, s secrets, d deal) {
	t.Helper()
	rival, exporter, supplier := p.net.person(t, "rival"), p.net.person(t, "exporter"), p.net.person(t, "supplier")
	byID, payment := map[string]trade.DocID{"id": d.invoice}, map[string]trade.DocID{"id": d.payment}
	for _, tc := range []struct {
		name     string
		who      *person
		peer     string
		function string
		arg      any
		want     fault.Code
	}{
		{"body at the exporter's", rival, "exportbank", "Invoice:Body", byID, fault.PrivateRead},
		{"body at the importer's", rival, "importbank", "Invoice:Body", byID, fault.PrivateRead},
		{"payment at the importer's", rival, "importbank", "Payment:Body", payment, fault.PrivateRead},
		{"list at the exporter's", rival, "exportbank", "Invoice:List", map[string]int{"limit": 200}, fault.PrivateRead},
		{"a party at the other party's", exporter, "importbank", "Invoice:Body", byID, fault.PrivateRead},
		{"a fellow company at the exporter's", supplier, "exportbank", "Invoice:Body", byID, fault.NotParty},
		{"body at its own", rival, "carrier", "Invoice:Body", byID, fault.DocNotFound},
		{"body at a third's", rival, "authority", "Invoice:Body", byID, fault.PrivateRead},
		{"header", rival, "exportbank", "Invoice:Header", byID, ""},
		{"history", rival, "exportbank", "Invoice:History", byID, ""},
		{"payment's history", rival, "importbank", "Payment:History", payment, ""},
	} {
		r := tc.who.ask(t, tc.peer, tc.who.propose(t, call{chaincode: "trade", function: tc.function, arg: tc.arg}))
		f, refused := fault.Decode(r.GetResponse().GetMessage())
		if refused != (tc.want != "") || (refused && f.Code != tc.want) {
			t.Errorf("%s: status %d, %s; want %s", tc.name, r.GetResponse().GetStatus(), r.GetResponse().GetMessage(), tc.want)
		}
		raw, err := proto.Marshal(r)
		if found := s.leaks(raw); err != nil || found != nil {
			t.Errorf("%s: the answer holds %q (%v)", tc.name, found, err)
		}
	}
	// The parties themselves get it this way: the question is right.
	r := exporter.ask(t, "exportbank", exporter.propose(t, call{chaincode: "trade", function: "Invoice:Body", arg: byID}))
	if found := s.leaks(r.GetResponse().GetPayload()); len(found) == 0 {
		t.Errorf("a party reads nothing: %s", r.GetResponse().GetMessage())
	}
}

func (p people) events(t *testing.T, s secrets, d deal, last uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	steps := 0
	for e, err := range p.rival.ChaincodeEvents(ctx, p.rival.Profile().Chaincodes.Trade, client.Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		if found := s.leaks(e.Payload); found != nil {
			t.Errorf("the event of %s holds %q", e.TransactionID, found)
		}
		for _, id := range []trade.DocID{d.invoice, d.undertaking, d.payment} {
			if bytes.Contains(e.Payload, []byte(id)) {
				steps++
			}
		}
		if e.Block >= last {
			break
		}
	}
	if steps < 10 {
		t.Errorf("%d events tell of the deal: the test looked in the wrong place", steps)
	}
}

// streams asks every peer for its blocks, with and without private data. Fabric
// gives the private data of implicit collections to whoever may read blocks, so
// nobody may read them as a stream: the channel's access list says so.
func (p people) streams(t *testing.T, s secrets) {
	t.Helper()
	for _, tc := range []struct{ name, at string }{
		{"rival", "carrier"},
		{"rival", "authority"},
		{"rival", "exportbank"},
		{"rival", "importbank"},
		{"supplier", "exportbank"},
		{"carrier-governor", "importbank"},
	} {
		who, at := p.net.person(t, tc.name), tc.at
		gateway, err := fabric.Connect(who.x509, fabric.WithSign(who.digestSign), fabric.WithHash(hash.SHA256),
			fabric.WithClientConnection(p.net.dial(t, at)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), streamPatience)
		defer cancel()
		channel := gateway.GetNetwork(who.channel)
		private, err := channel.BlockAndPrivateDataEvents(ctx, fabric.WithStartBlock(0))
		if err != nil {
			t.Fatal(err)
		}
		for b := range private {
			raw, err := proto.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			t.Errorf("the peer of %s gave block %d with private data to %s; it holds %q",
				at, b.GetBlock().GetHeader().GetNumber(), tc.name, s.leaks(raw))
		}
		if ctx.Err() != nil {
			t.Errorf("the peer of %s did not end the stream", at)
		}
	}
}

// streamPatience is how long a stream that is refused may take to say so.
const streamPatience = 20 * time.Second

// blocks reads every block of the channel from the outsider's own peer, which
// is what the outsider legitimately has, and from the others'.
func (p people) blocks(t *testing.T, s secrets, d deal, last uint64) {
	t.Helper()
	rival := p.net.person(t, "rival")
	for _, at := range []string{"carrier", "exportbank"} {
		named := 0
		for number := range last + 1 {
			r := rival.ask(t, at, rival.propose(t, call{
				chaincode: "qscc", function: "GetBlockByNumber", words: []string{rival.channel, strconv.FormatUint(number, 10)},
			}))
			block := r.GetResponse().GetPayload()
			if r.GetResponse().GetStatus() != int32(common.Status_SUCCESS) || len(block) == 0 {
				t.Fatalf("block %d from the peer of %s: %s", number, at, r.GetResponse().GetMessage())
			}
			if found := s.leaks(block); found != nil {
				t.Errorf("block %d holds %q", number, found)
			}
			if bytes.Contains(block, []byte(d.payment)) {
				named++
			}
		}
		if named < 6 { // held, released, authorised, sent, settled, discharged
			t.Errorf("%d blocks name the payment: the test looked in the wrong place", named)
		}
	}
}

// files searches the machines of an organisation: all that its processes have
// written. The same search has to succeed with a party, or it proves nothing.
func (p people) files(t *testing.T, s secrets) {
	t.Helper()
	for _, outsider := range []string{"carrier", "authority"} {
		for path, found := range p.net.search(t, outsider, s) {
			t.Errorf("%s holds %q", path, found)
		}
	}
	missing := map[string]bool{}
	for _, word := range s.words() {
		missing[word] = true
	}
	for _, found := range p.net.search(t, "importbank", s) {
		for _, word := range found {
			delete(missing, word)
		}
	}
	if len(missing) > 0 {
		t.Errorf("the files of a party do not show %v: the search sees too little", missing)
	}
}

// search returns the secrets that the files of an organisation's processes
// hold, by path.
func (n *nativeNetwork) search(t *testing.T, organisation string, s secrets) map[string][]string {
	t.Helper()
	out, files := map[string][]string{}, 0
	err := filepath.WalkDir(n.Dir(), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) { // a database has tidied up in between
				return nil
			}
			return err
		}
		relative := strings.TrimPrefix(path, n.Dir())
		if !e.Type().IsRegular() || !strings.Contains(relative, "."+organisation) {
			return nil
		}
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		files++
		if found := s.leaks(text); found != nil {
			out[relative] = found
		}
		return err
	})
	if err != nil || files < 10 {
		t.Fatalf("%d files of %s: %v", files, organisation, err)
	}
	return out
}
