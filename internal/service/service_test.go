package service

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadConfigRefusesUnknownFieldWithItsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("listen: a\nlisen: b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var c struct {
		Listen string `yaml:"listen"`
	}
	err := LoadConfig(path, &c)
	if err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "lisen") {
		t.Fatalf("got %v, want an error that names line 2 and the field", err)
	}
}

func TestReadyzNamesWhatIsMissing(t *testing.T) {
	broken := errors.New("database is locked")
	ops := NewOperations(NewRegistry(), map[string]Check{
		"database": func(context.Context) error { return broken },
	})
	rec := httptest.NewRecorder()
	ops.mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "database: database is locked") {
		t.Fatalf("got %d %q", rec.Code, rec.Body)
	}
	broken = nil
	rec = httptest.NewRecorder()
	ops.mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if rec.Code != http.StatusOK {
		t.Fatalf("got %d, want 200 once the check passes", rec.Code)
	}
}
