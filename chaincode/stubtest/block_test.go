package stubtest_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

func TestBlocksCarryCodesEventsAndBytes(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	good := endorsed(t, a, open("event", "issued"))
	bad := endorsed(t, a, by(majority("event", "issued"), gamma))
	commit(t, n, good, bad)
	block := n.Blocks(0)[0]
	if len(block.Transactions) != 2 {
		t.Fatalf("block: %+v", block)
	}
	first, second := block.Transactions[0], block.Transactions[1]
	if first.Event.GetEventName() != "issued" || second.Event.GetEventName() != "issued" {
		t.Error("events are in blocks whether their transactions are valid or not")
	}
	if first.Creator != alpha || first.Chaincode != "open" || string(first.Args[1]) != "issued" ||
		!first.Timestamp.Equal(n.Now()) || cmp.Diff(second.Endorsers, []string{gamma}) != "" {
		t.Errorf("first: %+v, second: %+v", first, second)
	}
	codes := block.Raw.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	if diff := cmp.Diff([]byte{byte(first.Code), byte(second.Code)}, codes); diff != "" {
		t.Error(diff)
	}
	envelope := &common.Envelope{}
	if err := proto.Unmarshal(block.Raw.GetData().GetData()[0], envelope); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(envelope, good.Envelope) {
		t.Error("the block holds another envelope")
	}
	submit(t, a, open("put", "k", "v"))
	if len(n.Blocks(1)) != 1 || n.Height() != 2 || len(n.Blocks(1)[0].Raw.GetHeader().GetPreviousHash()) == 0 {
		t.Errorf("second block: %+v", n.Blocks(1))
	}
}

func TestListening(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	heard := make(chan uint64)
	go func() {
		defer close(heard)
		for number := range uint64(3) {
			block, err := n.WaitBlock(t.Context(), number)
			if err != nil {
				return
			}
			heard <- block.Number
		}
	}()
	for range 3 {
		submit(t, a, open("put", "k", "v"))
	}
	var got []uint64
	for number := range heard {
		got = append(got, number)
	}
	if diff := cmp.Diff([]uint64{0, 1, 2}, got); diff != "" {
		t.Error(diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.WaitBlock(ctx, 9); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestFindSeesWhatAPeerCanSee(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, open("put", "k", "planted in public"))
	for _, org := range n.Organisations() {
		if got := n.Find(org, []byte("planted in public")); len(got) < 2 { // block and state
			t.Errorf("%s: %v", org, got)
		}
	}
	p, err := a.Propose(share("doc", alpha))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.ProcessProposal(beta, p); err != nil {
		t.Fatal(err)
	}
	if got := n.Find(beta, []byte(secret)); len(got) != 2 { // transient store and proposal
		t.Errorf("beta was shown it: %v", got)
	}
	if got := n.Find(gamma, []byte(secret)); got != nil {
		t.Errorf("gamma was not: %v", got)
	}
	if got := n.Find(alpha, []byte("planted nowhere")); got != nil {
		t.Errorf("found at %v", got)
	}
}

func TestDump(t *testing.T) {
	n := newNetwork(t)
	a := n.Client(alpha, "ann", nil)
	submit(t, a, open("create", "doc", "v", alpha))
	submit(t, a, share("body", alpha))
	own, other := n.Dump(alpha), n.Dump(gamma)
	if len(own) != 3 || len(other) != 2 {
		t.Fatalf("own %+v, other %+v", own, other)
	}
	if own[0].Key != "doc" || len(own[0].Policy) == 0 || !own[1].Hashed || own[2].Hashed ||
		string(own[2].Value) != secret || own[2].Version != (stubtest.Version{Block: 1}) {
		t.Errorf("own: %+v", own)
	}
}

// Races between clients end in read conflicts, never in lost updates.
func TestConcurrentClients(t *testing.T) {
	n := newNetwork(t)
	const clients, each = 4, 25
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range clients {
		a := n.Client(alpha, "ann", nil)
		wg.Go(func() {
			for range each {
				_, err := a.Submit(by(majority("increment", "n"), alpha, beta))
				var invalid *stubtest.CommitError
				switch {
				case err == nil:
					mu.Lock()
					won++
					mu.Unlock()
				case errors.As(err, &invalid) && invalid.Code.String() == "MVCC_READ_CONFLICT":
				default:
					var refused *stubtest.GatewayError // the endorsers may stand at different blocks
					if !errors.As(err, &refused) {
						t.Errorf("unexpected: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	want, _ := n.Client(alpha, "ann", nil).Evaluate(majority("get", "n"))
	if got := []byte(`"` + itoa(won) + `"`); string(want) != string(got) {
		t.Errorf("%d increments succeeded, the counter says %s", won, want)
	}
}

func BenchmarkSubmit(b *testing.B) {
	n := newNetwork(b)
	a := n.Client(alpha, "ann", nil)
	for b.Loop() {
		submit(b, a, by(majority("increment", "n"), alpha, beta))
	}
}
