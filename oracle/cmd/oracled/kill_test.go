package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
	"github.com/argosy-trade/argosy/oracle/attestor"
	"github.com/argosy-trade/argosy/oracle/store"
)

// childConfig makes the test binary an oracled that serves the file it names, so
// that a test can kill a real process.
const childConfig = "ORACLED_TEST_CONFIG"

func TestMain(m *testing.M) {
	if path := os.Getenv(childConfig); path != "" {
		cmd := newCommand(environment{now: time.Now})
		cmd.SetArgs([]string{"serve", "--config", path})
		cmd.SetErr(io.Discard)
		if err := cmd.ExecuteContext(context.Background()); err != nil {
			os.Exit(exitStatus(err))
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const declarations = 60

func notification(n int) string {
	return fmt.Sprintf(`<MetaData><Response><FunctionCode>09</FunctionCode>
<FunctionalReferenceID>ref-%d</FunctionalReferenceID>
<IssueDateTime><DateTimeString formatCode="304">20261120063005Z</DateTimeString></IssueDateTime>
<Declaration><ID>%s</ID></Declaration></Response></MetaData>`, n, mrn(n))
}

func mrn(n int) string { return fmt.Sprintf("26GB7XK2M9QW4T%04d", n) }

// TestR27KillNine kills the process again and again while it takes files in and
// reports them to the real chaincode. In the end every notification is on the
// ledger, and in the database exactly once.
func TestR27KillNine(t *testing.T) {
	w := gatewaytest.NewWorld(t, "AuthorityMSP", "CarrierMSP")
	w.Stub.SetTime(time.Now().Add(time.Minute))
	config := example(t, func(s string) string {
		return strings.NewReplacer("127.0.0.1:24000", freeAddress(t), "127.0.0.1:24001", freeAddress(t)).Replace(s)
	})
	withProfile(t, config, w)
	reader := approve(t, w, filepath.Join(filepath.Dir(config), "keys", "authority-customs.sm2.pem"))
	drop := filepath.Join(filepath.Dir(config), "drop", "authority-customs")
	must(t, os.MkdirAll(drop, 0o700))
	for n := range declarations {
		write(t, filepath.Join(drop, fmt.Sprintf("%03d.xml", n)), []byte(notification(n)))
	}
	kills := 0
	for ; kills < 12; kills++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+rand.IntN(400))*time.Millisecond)
		err := child(ctx, config)
		killed := ctx.Err() != nil
		cancel()
		if !killed {
			t.Fatalf("the process ended by itself: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { _ = child(ctx, config); close(ended) }()
	await(t, "every fact is on the ledger", func() bool { return established(t, reader) == declarations })
	await(t, "every file is done", func() bool {
		files, err := os.ReadDir(filepath.Join(drop, "done"))
		return err == nil && len(files) == declarations
	})
	await(t, "the outbox is empty", func() bool {
		d := depth(t, config)
		return d.Open == 0 && d.Rows[store.Committed] == declarations
	})
	cancel()
	<-ended
	if d := depth(t, config); len(d.Rows) != 1 || d.Quarantined != 0 {
		t.Errorf("after %d kills: %+v, want %d committed and nothing else", kills, d, declarations)
	}
}

// child runs an oracled until ctx ends and then kills it as kill -9 does.
func child(ctx context.Context, config string) error {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childConfig+"="+config)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, out.String())
	}
	return errors.New("it stopped")
}

func depth(t *testing.T, config string) store.Depth {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(filepath.Dir(config), "oracle", "oracle.db"))
	must(t, err)
	defer func() { _ = db.Close() }()
	d, err := db.Depth(t.Context())
	must(t, err)
	return d
}

// approve makes the constitution, the customs source and its policy, and returns
// a client to read with.
func approve(t *testing.T, w *gatewaytest.World, key string) *client.Client {
	t.Helper()
	signer, err := attestor.Load(key)
	must(t, err)
	orgs := []trade.MSPID{"AuthorityMSP", "CarrierMSP"}
	var governors []*client.Client
	for _, org := range orgs {
		g := w.Connect(t, gatewaytest.Member{MSPID: org, Name: "governor", Roles: "governor"})
		_, err := g.Constitution.Approve(t.Context(), orgs)
		must(t, err)
		governors = append(governors, g)
	}
	now := trade.InstantOf(time.Now())
	_, err = governors[0].Sources.Propose(t.Context(), source.Proposal{
		ID: "authority-customs", Types: []string{attest.CustomsCleared}, SM2PublicKey: signer.PublicKey(),
		ValidFrom: now - 3_600_000, ValidTo: now + 86_400_000,
	})
	must(t, err)
	_, err = governors[1].Sources.Approve(t.Context(), "authority-customs")
	must(t, err)
	for _, g := range governors {
		_, err := g.Policies.Propose(t.Context(), attest.Policy{
			Type: attest.CustomsCleared, Sources: []attest.SourceID{"authority-customs"}, Threshold: 1,
		})
		must(t, err)
	}
	return governors[0]
}

// established counts the declarations whose clearance is a fact.
func established(t *testing.T, c *client.Client) (n int) {
	t.Helper()
	for i := range declarations {
		fact, err := c.Facts.Get(t.Context(), attest.SubjectOf(attest.SchemeMRN, mrn(i)), attest.CustomsCleared)
		if err == nil && fact.State == trade.FactEstablished && fact.Version == 1 {
			n++
		}
	}
	return n
}
