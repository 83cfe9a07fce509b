package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const ourVectors = "../../conform/testdata/sm2_sm2p256v1_der.json"

func TestCheckAgainstTheRunningService(t *testing.T) {
	operations, socket := freePort(t), filepath.Join(t.TempDir(), "s")
	config := writeConfig(t, fmt.Sprintf("listen: unix:%s\noperations: %s\nchip: {cores: 8}\n", socket, operations))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := run(ctx, "serve", "--config", config)
		ended <- err
	}()
	waitReady(t, "http://"+operations+"/readyz", ended)
	out, err := run(t.Context(), "check", "--socket", socket, "--kernel", "emmansun", ourVectors)
	if err != nil || strings.Count(out, "\n") != 1+3*3 || !strings.Contains(out, "service") {
		t.Errorf("got %v\n%s", err, out)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v", err)
	}
}

// TestCheckReportsADifference spoils one case of a file of ours.
func TestCheckReportsADifference(t *testing.T) {
	b, err := os.ReadFile(ourVectors)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := filepath.Join(t.TempDir(), "spoilt.json")
	text := strings.Replace(string(b), `"result": "valid"`, `"result": "invalid"`, 1)
	if err := os.WriteFile(spoilt, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := run(t.Context(), "check", "--kernel", "emmansun", spoilt)
	want := "tcId 1: kernel:emmansun, single: got valid, want invalid: message of 0 bytes [Normal]"
	if !errors.Is(err, errDiffer) || strings.Count(out, "tcId 1:") != 6 || !strings.Contains(out, want) {
		t.Errorf("got %v\n%s", err, out)
	}
	out, err = run(t.Context(), "check", "--kernel", "emmansun", "--output", "json", spoilt)
	var doc struct{ Reports []reportJSON }
	if bad := json.Unmarshal([]byte(out), &doc); bad != nil || !errors.Is(err, errDiffer) {
		t.Fatalf("got %v, %v\n%s", err, bad, out)
	}
	if len(doc.Reports) != 6 || len(doc.Reports[0].Differ) != 1 || doc.Reports[0].Differ[0].TcID != 1 {
		t.Errorf("got %+v", doc.Reports)
	}
}

func TestCheckRefusals(t *testing.T) {
	broken := writeConfig(t, "{\n\"algorithm\": 1}")
	for want, args := range map[string][]string{
		":2:":            {broken},
		"no such file":   {broken + ".none"},
		"text or json":   {"--output", "xml", ourVectors},
		"unknown name":   {"--kernel", "fpga", ourVectors},
		"at least 1 arg": {},
	} {
		if _, err := run(t.Context(), append([]string{"check"}, args...)...); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
}
