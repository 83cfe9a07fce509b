package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestCoreCommands drives a running chip as an operator does.
func TestCoreCommands(t *testing.T) {
	operations, socket := freePort(t), filepath.Join(t.TempDir(), "s")
	config := writeConfig(t, fmt.Sprintf(
		"listen: unix:%s\noperations: %s\nchip: {cores: 8, profile: claim}\n", socket, operations))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := run(ctx, "serve", "--config", config)
		ended <- err
	}()
	waitReady(t, "http://"+operations+"/readyz", ended)
	core := func(args ...string) string {
		t.Helper()
		out, err := run(t.Context(), append([]string{"core", "--socket", socket}, args...)...)
		if err != nil {
			return err.Error()
		}
		return strings.Join(strings.Fields(out), " ")
	}
	for _, tc := range []struct{ args, want string }{
		{"list", "all 8 8 in use"},
		{"fence 1-2 5", ""},
		{"throttle --slowdown 3 4", ""},
		{"fault --mode wrong --every 7 6", ""},
		{"list", "1 operator 1 none"},
		{"list", "4 none 3 none"},
		{"list", "6 none 1 wrong"},
		{"list", "all 8 5 in use"},
		{"list --all", " 7 none 1 none"},
		{"release 1 2 4-6", ""},
		{"list", "all 8 8 in use"},
		{"fence 8", "use 0 to 7"},
		{"fence x", "ranges such as 3-7"},
		{"fence 5-3", "ranges such as 3-7"},
		{"throttle --slowdown 0 1", "use 1 to 1000"},
		{"fault --mode odd 1", "stall, dead or none"},
	} {
		if got := core(strings.Fields(tc.args)...); !strings.Contains(got, tc.want) || tc.want == "" && got != "" {
			t.Errorf("core %s: got %q, want %q in it", tc.args, got, tc.want)
		}
	}
	out, err := run(t.Context(), "stats", "--socket", socket)
	if err != nil || !strings.Contains(out, "8 of 8 cores") || !strings.Contains(out, "NOT MEASURED") {
		t.Errorf("stats: got %v\n%s", err, out)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v", err)
	}
}
