package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"go.yaml.in/yaml/v3"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
	"github.com/argosy-trade/argosy/oracle/intake"
	"github.com/argosy-trade/argosy/oracle/source"
	"github.com/argosy-trade/argosy/oracle/source/sourcetest"
	"github.com/argosy-trade/argosy/oracle/store"
)

// run runs a command as a user types it and returns its output and exit status.
func run(t *testing.T, stdin string, args ...string) (stdout string, status int) {
	t.Helper()
	var out bytes.Buffer
	cmd := newCommand(environment{now: time.Now})
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		return out.String() + err.Error(), exitStatus(err)
	}
	return out.String(), 0
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, content, 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sm2PEM(t *testing.T) []byte {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	must(t, err)
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

var secret = bytes.Repeat([]byte{5}, 32)

// example writes the documented example with everything that it points to, and
// returns its path. edit changes its text first.
func example(t *testing.T, edit func(string) string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "oracled.example.yaml"))
	must(t, err)
	dir := t.TempDir()
	for _, f := range regexp.MustCompile(`(keys|secrets)/[a-z.0-9-]+`).FindAllString(string(text), -1) {
		if strings.HasPrefix(f, "keys") {
			write(t, filepath.Join(dir, f), sm2PEM(t))
		} else {
			write(t, filepath.Join(dir, f), []byte(base64.StdEncoding.EncodeToString(secret)))
		}
	}
	config := string(text)
	if edit != nil {
		config = edit(config)
		if config == string(text) {
			t.Fatal("the edit changes nothing")
		}
	}
	path := filepath.Join(dir, "oracled.yaml")
	write(t, path, []byte(config))
	return path
}

// withProfile puts a profile of a member of a world beside the configuration.
func withProfile(t *testing.T, config string, w *gatewaytest.World) {
	t.Helper()
	p := w.Profile(t, gatewaytest.Member{MSPID: "AuthorityMSP", Name: "relay", Roles: "relay"})
	raw, err := yaml.Marshal(p)
	must(t, err)
	write(t, filepath.Join(filepath.Dir(config), "profiles", "authority-relay.yaml"), raw)
}

func TestCheckConfig(t *testing.T) {
	w := gatewaytest.NewWorld(t, "AuthorityMSP")
	config := example(t, nil)
	withProfile(t, config, w)
	out, status := run(t, "", "check-config", config)
	if status != 0 || !strings.Contains(out, "2 sources, 1 folders, 2 paths") {
		t.Errorf("the example: %d %s", status, out)
	}
	for name, tc := range map[string]struct{ old, new, want string }{
		"unknown field":      {"logLevel: info", "loglevel: info", "line"},
		"open to the world":  {"listen: 127.0.0.1:24001", "listen: 0.0.0.0:24001", "no loopback address"},
		"no secret":          {"hmacSecrets: [secrets/authority-customs.hmac]", "hmacSecrets: []", "secrets"},
		"unknown kind":       {"kind: wco-dms", "kind: edifact", "edifact"},
		"no types":           {"types: [INSPECTION_FAILED, INSPECTION_PASSED]", "types: []", "types is empty"},
		"bad type":           {"INSPECTION_FAILED,", "failed,", "not written like"},
		"bad id":             {"id: authority-customs", "id: Customs!", "lower-case"},
		"missing key":        {"key: keys/authority-inspection.sm2.pem", "key: none.pem", "none.pem"},
		"same path twice":    {"path: /dcsa/authority-inspection", "path: /wco/authority-customs", "used twice"},
		"no listener":        {"listen: 127.0.0.1:24001", "# none", "listen is missing"},
		"no way in":          {"      dropFolder: drop/authority-customs\n      http:", "      http:", ""},
		"too large a body":   {"maxBodyBytes: 1048576", "maxBodyBytes: 99999999", "maxBodyBytes"},
		"half a certificate": {"# tls: {certificate: tls/oracle.pem, key: tls/oracle.key}", "tls: {key: x}", "both"},
	} {
		config := example(t, func(s string) string { return strings.Replace(s, tc.old, tc.new, 1) })
		withProfile(t, config, w)
		out, status := run(t, "", "check-config", config)
		if tc.want == "" {
			if status != 0 {
				t.Errorf("%s: %d %s, want no complaint", name, status, out)
			}
			continue
		}
		if status != 2 || !strings.Contains(out, tc.want) {
			t.Errorf("%s: %d %s, want 2 and %q", name, status, out, tc.want)
		}
	}
}

func TestClassify(t *testing.T) {
	dir := t.TempDir()
	clearance, err := os.ReadFile(filepath.Join("..", "..", "source", "wcodms", "testdata", "clearance.xml"))
	must(t, err)
	events, err := os.ReadFile(filepath.Join("..", "..", "source", "dcsatnt", "testdata", "events.json"))
	must(t, err)
	good, poison, large := filepath.Join(dir, "good.xml"), filepath.Join(dir, "poison"), filepath.Join(dir, "large.xml")
	write(t, good, clearance)
	write(t, poison, []byte("\x1b[31m"))
	write(t, large, bytes.Repeat([]byte("<"), source.MaxBytes*2))
	out, status := run(t, "", "classify", good)
	if status != 0 || !strings.Contains(out, "MRN 26GB7XK2M9QW4TRAR5: CUSTOMS_CLEARED ACT at 2026-11-20T06:30:05.000Z") {
		t.Errorf("%d %s", status, out)
	}
	none := filepath.Join(dir, "none")
	out, status = run(t, string(events), "classify", "--output", "json", "-", poison, large, none, dir)
	if status != 2 {
		t.Errorf("status %d", status)
	}
	var got []classified
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var c classified
		if err := dec.Decode(&c); err != nil {
			break
		}
		got = append(got, c)
	}
	if len(got) != 5 {
		t.Fatalf("%d documents in %s", len(got), out)
	}
	if got[0].Kind != "dcsa-tnt" || len(got[0].Events) != 4 || got[0].failed() {
		t.Errorf("the events: %+v", got[0])
	}
	if got[1].Refusal == nil || got[2].Refusal.Reason != source.TooLarge || got[3].Error == "" || got[4].Error == "" {
		t.Errorf("poison %+v, large %+v, missing %+v, folder %+v", got[1], got[2], got[3], got[4])
	}
	if out, status := run(t, "", "classify", "--kind", "fax", good); status != 2 {
		t.Errorf("an unknown kind: %d %s", status, out)
	}
}

// TestClassifyTextIsSafeForATerminal: a message cannot send control characters.
func TestClassifyTextIsSafeForATerminal(t *testing.T) {
	raw := `[{"eventID":"\u001b[2J","eventType":"EQUIPMENT\u001b"}]`
	out, _ := run(t, raw, "classify", "-")
	if strings.ContainsRune(out, 0x1b) {
		t.Errorf("an escape got through: %q", out)
	}
}

func TestClassifyEveryPublicSample(t *testing.T) {
	dir := sourcetest.Corpus(t, "wco-dms")
	args := []string{"classify", "--output", "json"}
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".xml") {
			args = append(args, filepath.Join(dir, path))
		}
		return err
	}))
	out, status := run(t, "", args...)
	if status != 2 {
		t.Errorf("status %d; the samples hold declarations, which are refused", status)
	}
	if n := strings.Count(out, "\n"); n != len(args)-3 {
		t.Errorf("%d lines for %d files", n, len(args)-3)
	}
}

var update = flag.Bool("update", false, "write the mapping tables into docs/oracle.md")

// TestDocumentedMappings: the page shows the tables as they are.
func TestDocumentedMappings(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "oracle.md")
	page, err := os.ReadFile(path)
	must(t, err)
	tables, status := run(t, "", "mappings")
	if status != 0 {
		t.Fatalf("%d %s", status, tables)
	}
	before, rest, ok := strings.Cut(string(page), "<!-- mappings -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end -->")
	if !ok || !ok2 {
		t.Fatal("docs/oracle.md has lost the marks around its tables")
	}
	want := before + "<!-- mappings -->\n" + tables + "\n<!-- end -->" + after
	if *update {
		must(t, os.WriteFile(path, []byte(want), 0o644))
	} else if want != string(page) {
		t.Error("docs/oracle.md shows other tables than the code has; run this test with -update")
	}
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.pem")
	write(t, path, sm2PEM(t))
	if out, status := run(t, "", "keys", path); status != 0 || !regexp.MustCompile(`^[0-9a-f]{128}\n$`).MatchString(out) {
		t.Errorf("%d %q", status, out)
	}
	if _, status := run(t, "", "keys", "none"); status != 2 {
		t.Errorf("a missing file: %d", status)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"serve"},
		{"classify"},
		{"dead", "list"},
		{"dead", "list", "--what"},
		{"check-config"},
		{"dead", "replay", "--config", "x"},
		{"dead", "replay", "--config", "x", "--all", "3"},
		{"dead", "replay", "--config", "x", "three"},
		{"dead", "list", "--config", "x", "-o", "xml"},
		{"dead", "replay", "--config", "x", "--from", "4", "--to", "3"},
	} {
		if out, status := run(t, "", args...); status != 2 {
			t.Errorf("%v: %d %s, want 2", args, status, out)
		}
	}
}

// freeAddress returns a loopback address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// oracle is an oracled under test.
type oracle struct {
	config, operations, listen string
	stop                       func() error
}

// start serves the example against the world.
func start(t *testing.T, w *gatewaytest.World) *oracle {
	t.Helper()
	o := &oracle{operations: freeAddress(t), listen: freeAddress(t)}
	o.config = example(t, func(s string) string {
		return strings.NewReplacer("127.0.0.1:24000", o.operations, "127.0.0.1:24001", o.listen).Replace(s)
	})
	withProfile(t, o.config, w)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		cmd := newCommand(environment{now: time.Now})
		cmd.SetArgs([]string{"serve", "--config", o.config})
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		ended <- cmd.ExecuteContext(ctx)
	}()
	o.stop = func() error { cancel(); err := <-ended; ended <- nil; return err }
	t.Cleanup(func() { _ = o.stop() })
	return o
}

func get(t *testing.T, url string) (string, int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", 0
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return string(body), resp.StatusCode
}

func post(t *testing.T, url, media, body string, key []byte) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Content-Type", media)
	req.Header.Set(intake.SignatureHeader, intake.Sign(key, []byte(body)))
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		}
	}
}

// TestServe runs the whole service against the real chaincode: pushed and
// dropped messages are taken, what cannot be reported yet waits, the pages
// answer, and a second service is kept away from the database.
func TestServe(t *testing.T) {
	w := gatewaytest.NewWorld(t, "AuthorityMSP")
	o := start(t, w)
	await(t, "ready", func() bool { _, status := get(t, "http://"+o.operations+"/readyz"); return status == 200 })
	clearance, err := os.ReadFile(filepath.Join("..", "..", "source", "wcodms", "testdata", "clearance.xml"))
	must(t, err)
	url := "http://" + o.listen + "/wco/authority-customs"
	if status := post(t, url, "application/xml", string(clearance), secret); status != 202 {
		t.Errorf("a push: %d", status)
	}
	if status := post(t, url, "application/xml", string(clearance), bytes.Repeat([]byte{6}, 32)); status != 401 {
		t.Errorf("a forged push: %d", status)
	}
	events, err := os.ReadFile(filepath.Join("..", "..", "source", "dcsatnt", "testdata", "events.json"))
	must(t, err)
	inspection := "http://" + o.listen + "/dcsa/authority-inspection"
	if status := post(t, inspection, "application/json", string(events), secret); status != 204 {
		t.Errorf("events: %d", status)
	}
	drop := filepath.Join(filepath.Dir(o.config), "drop", "authority-customs")
	must(t, os.WriteFile(filepath.Join(drop, ".p"), []byte("<poison"), 0o600))
	must(t, os.Rename(filepath.Join(drop, ".p"), filepath.Join(drop, "poison.xml")))
	await(t, "the file is set apart", func() bool {
		_, err := os.Stat(filepath.Join(drop, "quarantine", "poison.xml"))
		return err == nil
	})
	page, _ := get(t, "http://"+o.operations+"/metrics")
	for _, want := range []string{
		`oracle_received_total{source="authority-customs",transport="http"} 1`,
		`oracle_verified_total{source="authority-customs"} 1`,
		`oracle_rejected_total{reason="SIGNATURE",source="authority-customs"} 1`,
		`oracle_rejected_total{reason="MALFORMED",source="authority-customs"} 1`,
		// clearance: 4 subjects; inspection: 1 container
		`oracle_queued_total{source="authority-customs"} 4`,
		`oracle_queued_total{source="authority-inspection"} 1`,
		`oracle_quarantined 1`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the metrics page lacks %s", want)
		}
	}
	if out, status := run(t, "", "serve", "--config", o.config); status != 1 || !strings.Contains(out, "in use") {
		t.Errorf("a second service: %d %s", status, out)
	}
	out, status := run(t, "", "quarantine", "list", "--config", o.config)
	if status != 0 || !strings.Contains(out, "poison.xml") || !strings.Contains(out, "MALFORMED") {
		t.Errorf("quarantine: %d %s", status, out)
	}
	if out, status := run(t, "", "quarantine", "show", "--config", o.config, "3"); status != 0 || out != "<poison" {
		t.Errorf("show: %d %q", status, out)
	}
	if err := o.stop(); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("stopped with %v", err)
	}
}

// TestDeadCommands lists a dead letter and replays it.
func TestDeadCommands(t *testing.T) {
	config := example(t, nil)
	path := filepath.Join(filepath.Dir(config), "oracle", "oracle.db")
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	db, err := store.Open(t.Context(), path)
	must(t, err)
	now := trade.InstantOf(time.Now())
	_, err = db.Receive(t.Context(), store.Delivery{
		Source: "authority-customs", Transport: "folder", Raw: []byte("x"),
		ReceivedAt: now, Mapping: "test/1", Reports: map[string]bool{attest.CustomsCleared: true},
		Events: []source.Event{{ID: "e", CreatedAt: now, Canonical: []byte("x"), Observations: []source.Observation{{
			Subject: source.Subject{Scheme: attest.SchemeMRN, Identifier: "M"}, Type: attest.CustomsCleared,
			Classifier: attest.Actual, OccurredAt: now,
		}}}},
	})
	must(t, err)
	rows, err := db.Lease(t.Context(), now, 1)
	must(t, err)
	must(t, db.Bury(t.Context(), rows[0].ID, store.Dead, store.Refusal{Code: "ROLE_MISSING", Detail: "no relay", At: now}))
	must(t, db.Close())
	for _, format := range []string{"text", "json"} {
		out, status := run(t, "", "dead", "list", "--config", config, "--output", format)
		if status != 0 || !strings.Contains(out, "ROLE_MISSING") || !strings.Contains(out, attest.CustomsCleared) {
			t.Errorf("list: %d %s", status, out)
		}
	}
	id := fmt.Sprint(rows[0].ID)
	if out, status := run(t, "", "dead", "replay", "--config", config, id); status != 0 || !strings.HasPrefix(out, "1 ") {
		t.Errorf("replay: %d %s", status, out)
	}
	out, status := run(t, "", "dead", "replay", "--config", config, "--all")
	if status != 0 || !strings.HasPrefix(out, "0 ") {
		t.Errorf("replay again: %d %s", status, out)
	}
}
