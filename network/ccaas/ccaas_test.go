package ccaas

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var connection = Connection{Address: "127.0.0.1:17090", ClientKey: "k", ClientCert: "c", RootCert: "r"}

// unpack writes a .tar.gz below dir.
func unpack(t *testing.T, dir string, text []byte) {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	tr := tar.NewReader(gz)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.ModTime.Unix() != 0 {
			t.Errorf("%s carries the time %v", h.Name, h.ModTime)
		}
		content, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, h.Name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSameContentSameID(t *testing.T) {
	a, err := New("trade_1", connection)
	if err != nil {
		t.Fatal(err)
	}
	b, err := New("trade_1", connection)
	if err != nil {
		t.Fatal(err)
	}
	if a.ID != b.ID || !bytes.Equal(a.Bytes, b.Bytes) {
		t.Error("two packages of the same content differ")
	}
	other := connection
	other.Address = "127.0.0.1:17091"
	c, err := New("trade_1", other)
	if err != nil {
		t.Fatal(err)
	}
	if c.ID == a.ID || !strings.HasPrefix(a.ID, "trade_1:") {
		t.Errorf("ids %s and %s", a.ID, c.ID)
	}
}

func TestBuilderLeadsThePeerToTheConnection(t *testing.T) {
	p, err := New("trade_1", connection)
	if err != nil {
		t.Fatal(err)
	}
	meta, src, out, rel := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	unpack(t, meta, p.Bytes)
	code, err := os.ReadFile(filepath.Join(meta, "code.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	unpack(t, src, code)
	for _, args := range [][]string{
		{"/x/bin/detect", src, meta}, {"/x/bin/build", src, meta, out}, {"/x/bin/release", out, rel},
	} {
		var stderr strings.Builder
		if status, acted := Main(args, &stderr); status != 0 || !acted {
			t.Fatalf("%v: status %d, acted %v: %s", args, status, acted, &stderr)
		}
	}
	want, err := os.ReadFile(filepath.Join(src, "connection.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(rel, "chaincode", "server", "connection.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(string(got), `"client_auth_required":true`) {
		t.Errorf("TLS is not mutual: %s", got)
	}
}

func TestBuilderRefuses(t *testing.T) {
	write := func(name, text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for want, args := range map[string][]string{
		`type "golang"`: {"detect", "", write("metadata.json", `{"type":"golang"}`)},
		"no address":    {"build", write("connection.json", `{}`), "", t.TempDir()},
		"mutual TLS":    {"build", write("connection.json", `{"address":"a:1"}`), "", t.TempDir()},
		"arguments":     {"release"},
	} {
		var stderr strings.Builder
		status, acted := Main(args, &stderr)
		if status == 0 || !acted || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: status %d, %q, want %q", args, status, &stderr, want)
		}
	}
	if _, acted := Main([]string{"/usr/bin/argosy-net", "up"}, io.Discard); acted {
		t.Error("argosy-net took itself for a builder")
	}
}
