package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSampleConfigIsRead(t *testing.T) {
	c, err := loadConfig("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Limits["EUR"] != 25_000_000 || c.poll() != time.Second || c.Profile != "profiles/importbank.yaml" {
		t.Errorf("%+v", c)
	}
}

func TestConfigIsStrict(t *testing.T) {
	raw, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"unknown field":    {"logLevel: info", "logLevel: info\ncolour: red"},
		"no profile":       {"profile: profiles/importbank.yaml", ""},
		"no operations":    {"operations: 127.0.0.1:17170", ""},
		"no such currency": {"EUR: 25000000", "EUX: 25000000"},
		"negative poll":    {"pollMilliseconds: 1000", "pollMilliseconds: -1"},
	} {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if !strings.Contains(string(raw), change[0]) {
			t.Fatalf("%s: the sample has no %q", name, change[0])
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(raw), change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadConfig(path); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}
