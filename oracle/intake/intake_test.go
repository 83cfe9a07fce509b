package intake

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/oracle/source"
	"github.com/argosy-trade/argosy/oracle/source/dcsatnt"
	"github.com/argosy-trade/argosy/oracle/source/wcodms"
	"github.com/argosy-trade/argosy/oracle/store"
)

func event(id string) string {
	return `{"eventID":"` + id + `","eventType":"EQUIPMENT","eventCreatedDateTime":"2026-11-18T09:05:00Z",` +
		`"eventClassifierCode":"ACT","eventDateTime":"2026-11-18T17:01:30+08:00",` +
		`"equipmentEventTypeCode":"GTOT","equipmentReference":"MSKU1234565"}`
}

func notification(n int) string {
	return fmt.Sprintf(`<MetaData><Response><FunctionCode>09</FunctionCode>
<FunctionalReferenceID>ref-%d</FunctionalReferenceID>
<IssueDateTime><DateTimeString formatCode="304">20261120063005Z</DateTimeString></IssueDateTime>
<Declaration><ID>26GB7XK2M9QW4TRA%02d</ID></Declaration></Response></MetaData>`, n, n)
}

var (
	secret = bytes.Repeat([]byte{1}, minSecret)
	next   = bytes.Repeat([]byte{2}, minSecret)
	// carrier and customs are the feeds of the tests.
	carrier = Feed{ID: "carrier-events", Decoder: dcsatnt.Decoder{}, Reports: map[string]bool{attest.GatedOut: true}}
	customs = Feed{
		ID: "authority-customs", Decoder: wcodms.Decoder{},
		Reports: map[string]bool{attest.CustomsCleared: true},
	}
)

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "o.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func intake(inbox Inbox) (*Intake, *prometheus.Registry) {
	reg := prometheus.NewRegistry()
	return New(Config{Inbox: inbox, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Metrics: reg}), reg
}

func secrets(t *testing.T, keys ...[]byte) Secrets {
	t.Helper()
	var paths []string
	for i, key := range keys {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("secret%d", i))
		if err := os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	s, err := LoadSecrets(paths)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// send posts body to a handler of the carrier's feed.
type request struct {
	method, media, signature, body string
}

func send(h http.Handler, r request) *httptest.ResponseRecorder {
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.media == "" {
		r.media = "application/json"
	}
	req := httptest.NewRequest(r.method, "/dcsa/carrier", strings.NewReader(r.body))
	req.Header.Set("Content-Type", r.media)
	req.Header.Set("Authorization", "Bearer not-to-be-kept")
	req.Header.Set("Subscription-ID", "sub-1")
	if r.signature != "" {
		req.Header.Set(SignatureHeader, r.signature)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func handler(t *testing.T, in *Intake, s Secrets) http.Handler {
	t.Helper()
	h, err := in.Handler([]Push{{Feed: carrier, Path: "/dcsa/carrier", Secrets: s, MaxBytes: 4096, Status: 204}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestR1SignatureOverTheRawBody: two live secrets, any other refused, one
// changed byte refused, and nothing unproven is parsed or stored.
func TestR1SignatureOverTheRawBody(t *testing.T) {
	s := open(t)
	in, reg := intake(s)
	h := handler(t, in, secrets(t, secret, next))
	body := event("e1")
	other := bytes.Repeat([]byte{3}, minSecret)
	for name, tc := range map[string]struct {
		r    request
		want int
	}{
		"none":          {request{body: body}, 401},
		"other secret":  {request{body: body, signature: Sign(other, []byte(body))}, 401},
		"changed body":  {request{body: body + " ", signature: Sign(secret, []byte(body))}, 401},
		"no algorithm":  {request{body: body, signature: strings.TrimPrefix(Sign(secret, []byte(body)), "sha256=")}, 401},
		"another one":   {request{body: body, signature: "md5" + Sign(secret, []byte(body))[6:]}, 401},
		"truncated":     {request{body: body, signature: Sign(secret, []byte(body))[:40]}, 401},
		"no hex":        {request{body: body, signature: "sha256=" + strings.Repeat("zz", 32)}, 401},
		"poison unread": {request{body: strings.Repeat("[", 2000)}, 401},
	} {
		w := send(h, tc.r)
		if w.Code != tc.want || w.Header().Get("Content-Type") != "application/problem+json" ||
			w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %v, want %d and a problem", name, w.Code, w.Header(), tc.want)
		}
	}
	if n := testutil.ToFloat64(in.met.rejected.WithLabelValues("carrier-events", "SIGNATURE")); n != 8 {
		t.Errorf("%v rejected for their signature, want 8", n)
	}
	if d, err := s.Depth(t.Context()); err != nil || d.Open != 0 || d.Quarantined != 0 {
		t.Fatalf("something unproven was stored: %+v %v", d, err)
	}
	for i, key := range [][]byte{secret, next} {
		body := event(fmt.Sprintf("good-%d", i))
		if w := send(h, request{body: body, signature: strings.ToUpper(Sign(key, []byte(body))[7:])}); w.Code != 401 {
			t.Errorf("secret %d without the algorithm: %d", i, w.Code)
		}
		if w := send(h, request{body: body, signature: Sign(key, []byte(body))}); w.Code != 204 {
			t.Errorf("secret %d: %d %s", i, w.Code, w.Body)
		}
	}
	if n, err := testutil.GatherAndCount(reg, "oracle_verified_total"); n != 1 || err != nil {
		t.Errorf("verified metric: %d %v", n, err)
	}
}

// TestR2Limits: method, media type, size; each with its status.
func TestR2Limits(t *testing.T) {
	in, _ := intake(open(t))
	h := handler(t, in, secrets(t, secret))
	big := "[" + event("big") + strings.Repeat(" ", 4096) + "]"
	for name, tc := range map[string]struct {
		r    request
		want int
	}{
		"GET":        {request{method: http.MethodGet}, 405},
		"media type": {request{media: "text/plain", body: "{}"}, 415},
		"no type":    {request{media: ";", body: "{}"}, 415},
		"too large":  {request{body: big, signature: Sign(secret, []byte(big))}, 413},
	} {
		if w := send(h, tc.r); w.Code != tc.want {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, tc.want)
		}
	}
	body := event("charset")
	if w := send(h, request{
		media: "application/json; charset=utf-8", body: body,
		signature: Sign(secret, []byte(body)),
	}); w.Code != 204 {
		t.Errorf("a media type with a parameter: %d", w.Code)
	}
}

// fakeInbox refuses to store, or is full.
type fakeInbox struct {
	err  error
	open int
	got  []store.Delivery
}

func (f *fakeInbox) Receive(_ context.Context, d store.Delivery) (store.Receipt, error) {
	if f.err != nil {
		return store.Receipt{}, f.err
	}
	f.got = append(f.got, d)
	return store.Receipt{}, nil
}

func (f *fakeInbox) Backlog(context.Context) (int, error) { return f.open, nil }

// TestR3SuccessOnlyWhenStored: a message that could not be stored is not
// answered with success; what is stored carries no credential.
func TestR3SuccessOnlyWhenStored(t *testing.T) {
	body := event("e1")
	failing := &fakeInbox{err: errors.New("disk full")}
	in, _ := intake(failing)
	good := request{body: body, signature: Sign(secret, []byte(body))}
	if w := send(handler(t, in, secrets(t, secret)), good); w.Code != 503 {
		t.Errorf("%d, want 503", w.Code)
	}
	storing := &fakeInbox{}
	in, _ = intake(storing)
	if w := send(handler(t, in, secrets(t, secret)), good); w.Code != 204 {
		t.Fatalf("%d, want 204", w.Code)
	}
	h := storing.got[0].Headers
	if h["Subscription-Id"] != "sub-1" || h[SignatureHeader] == "" || len(h) != 3 {
		t.Errorf("headers %v, want media type, subscription and signature alone", h)
	}
	if string(storing.got[0].Raw) != body || storing.got[0].Salt.Validate() != nil {
		t.Errorf("stored %q", storing.got[0].Raw)
	}
}

// TestR21BackPressure: over the high-water mark senders are told to wait.
func TestR21BackPressure(t *testing.T) {
	body := event("e1")
	in, _ := intake(&fakeInbox{open: highWater})
	w := send(handler(t, in, secrets(t, secret)), request{body: body, signature: Sign(secret, []byte(body))})
	if w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v, want 429 with Retry-After", w.Code, w.Header())
	}
}

func TestNeverOpenByDefault(t *testing.T) {
	in, _ := intake(&fakeInbox{})
	if _, err := in.Handler([]Push{{Feed: customs, Path: "/wco", Status: 202}}); err == nil {
		t.Error("a path without a secret was opened")
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte(base64.StdEncoding.EncodeToString([]byte("short"))), 0o600); err != nil {
		t.Fatal(err)
	}
	world := filepath.Join(t.TempDir(), "world")
	if err := os.WriteFile(world, []byte(base64.StdEncoding.EncodeToString(secret)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, paths := range [][]string{nil, {short}, {world}, {"none"}, {short, short, short}} {
		if _, err := LoadSecrets(paths); err == nil {
			t.Errorf("secrets %v were accepted", paths)
		}
	}
}

// TestR23PoisonDoesNotBlock: an authentic message that cannot be read is set
// apart and answered; the next one is taken.
func TestR23PoisonDoesNotBlock(t *testing.T) {
	s := open(t)
	in, _ := intake(s)
	h := handler(t, in, secrets(t, secret))
	for _, body := range []string{"{", strings.Repeat("[", 2000), `[null,` + event("e2") + `]`, event("e3")} {
		if w := send(h, request{body: body, signature: Sign(secret, []byte(body))}); w.Code != 204 {
			t.Errorf("%.20s: %d %s", body, w.Code, w.Body)
		}
	}
	apart, err := s.Quarantine(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, a := range apart {
		reasons = append(reasons, a.Reason)
	}
	want := []string{string(source.Malformed), string(source.TooDeep), string(source.MessageUnsupported)}
	if !slices.Equal(reasons, want) {
		t.Errorf("set apart for %v, want %v", reasons, want)
	}
	if d, err := s.Depth(t.Context()); err != nil || d.Open != 1 {
		// e2 and e3 say the same of the same container: one claim.
		t.Errorf("depth %+v %v, want 1 claim", d, err)
	}
}

func drop(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

// folder returns a drop folder with its directories.
func folder(t *testing.T) Folder {
	t.Helper()
	f := Folder{Feed: customs, Dir: t.TempDir()}
	for _, d := range []string{doneDir, badDir} {
		if err := os.Mkdir(filepath.Join(f.Dir, d), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestDropFolder(t *testing.T) {
	s := open(t)
	in, _ := intake(s)
	f := folder(t)
	drop(t, f.Dir, "1.xml", notification(1))
	drop(t, f.Dir, "2.xml", "<poison")
	drop(t, f.Dir, "3.xml", notification(3))
	drop(t, f.Dir, "4-large.xml", strings.Repeat(" ", source.MaxBytes+1))
	drop(t, f.Dir, ".5.xml", notification(5))
	drop(t, f.Dir, "6.xml.tmp", notification(6))
	if err := os.Symlink("1.xml", filepath.Join(f.Dir, "7.xml")); err != nil {
		t.Fatal(err)
	}
	if n, err := in.Sweep(t.Context(), f); n != 4 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	for dir, want := range map[string][]string{
		"": {".5.xml", "6.xml.tmp", "7.xml"}, doneDir: {"1.xml", "3.xml"}, badDir: {"2.xml", "4-large.xml"},
	} {
		if got := names(t, filepath.Join(f.Dir, dir)); !slices.Equal(got, want) {
			t.Errorf("%q holds %v, want %v", dir, got, want)
		}
	}
	if d, err := s.Depth(t.Context()); err != nil || d.Open != 2 || d.Quarantined != 1 {
		t.Errorf("depth %+v %v", d, err)
	}
	// The same name with other content does not overwrite what is done.
	drop(t, f.Dir, "1.xml", notification(8))
	if _, err := in.Sweep(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(f.Dir, doneDir)); len(got) != 3 {
		t.Errorf("done holds %v, want three files", got)
	}
}

// crashing stores a message and then fails, as a process does that is killed
// before it learns of the commit.
type crashing struct{ *store.Store }

func (c crashing) Receive(ctx context.Context, d store.Delivery) (store.Receipt, error) {
	if _, err := c.Store.Receive(ctx, d); err != nil {
		return store.Receipt{}, err
	}
	return store.Receipt{}, errors.New("killed")
}

// TestDropFolderSurvivesACrash between the commit and the move: the file is
// found again, moved where it belongs, and counted once.
func TestDropFolderSurvivesACrash(t *testing.T) {
	s := open(t)
	f := folder(t)
	drop(t, f.Dir, "1.xml", notification(1))
	drop(t, f.Dir, "2.xml", "<poison")
	dying, _ := intake(crashing{s})
	if n, err := dying.Sweep(t.Context(), f); n != 0 || err == nil {
		t.Fatalf("took %d, %v", n, err)
	}
	if got := names(t, f.Dir); len(got) != 2 {
		t.Fatalf("left %v, want both files", got)
	}
	in, _ := intake(s)
	if n, err := in.Sweep(t.Context(), f); n != 2 || err != nil {
		t.Fatalf("took %d, %v", n, err)
	}
	done, bad := names(t, filepath.Join(f.Dir, doneDir)), names(t, filepath.Join(f.Dir, badDir))
	if len(done) != 1 || len(bad) != 1 {
		t.Errorf("done %v, quarantine %v", done, bad)
	}
	if d, err := s.Depth(t.Context()); err != nil || d.Open != 1 || d.Quarantined != 1 {
		t.Errorf("depth %+v %v, want one claim and one set apart", d, err)
	}
}

// TestWatchTakesFilesThatComeLater runs the loop on a folder that is not there
// yet.
func TestWatchTakesFilesThatComeLater(t *testing.T) {
	s := open(t)
	in, _ := intake(s)
	f := Folder{Feed: customs, Dir: filepath.Join(t.TempDir(), "drop"), Every: time.Millisecond}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- in.Watch(ctx, f) }()
	await(t, func() bool { _, err := os.Stat(filepath.Join(f.Dir, badDir)); return err == nil })
	drop(t, f.Dir, ".1.xml", notification(1))
	if err := os.Rename(filepath.Join(f.Dir, ".1.xml"), filepath.Join(f.Dir, "1.xml")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Fresh():
	case <-t.Context().Done():
		t.Fatal("nothing was queued")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// await polls until the condition holds; the test's own deadline ends it.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the condition never held")
		}
	}
}
