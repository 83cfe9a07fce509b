package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/server"
	"github.com/argosy-trade/argosy/internal/service"
)

// run executes the command line and returns what it printed.
func run(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := newCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(ctx)
	return out.String(), err
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "accelsvc.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSampleConfigurationIsValid(t *testing.T) {
	if out, err := run(t.Context(), "serve", "--check", "--config", "accelsvc.sample.yaml"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var c Config
	if err := service.LoadConfig("accelsvc.sample.yaml", &c); err != nil {
		t.Fatal(err)
	}
	want := server.DefaultLimits()
	want.MaxConcurrent = c.Limits.MaxConcurrent // the default depends on the machine
	if c.Limits != want {
		t.Errorf("the sample shows %+v, the defaults are %+v", c.Limits, want)
	}
}

func TestWrongConfigurationsAreExplained(t *testing.T) {
	const good = "listen: unix:s\noperations: 127.0.0.1:0\n"
	for want, text := range map[string]string{
		"line 3":            good + "lisen: x\n",
		"unix:FILE":         "listen: tcp:127.0.0.1:1\noperations: 127.0.0.1:0\n",
		"shorter folder":    "listen: unix:/" + strings.Repeat("d", 120) + "\noperations: 127.0.0.1:0\n",
		"HOST:PORT":         "listen: unix:s\n",
		"emmansun":          good + "kernel: fpga\n",
		"debug, info, warn": good + "logLevel: loud\n",
		"maxItems":          good + "limits: {maxItems: -1}\n",
		"sampleShare":       good + "chip: {sampleShare: 2}\n",
		"kernels claim":     good + "chip: {profile: fast}\n",
		"chip judge":        good + "chip: {judge: jury}\n",
	} {
		_, err := run(t.Context(), "serve", "--check", "--config", writeConfig(t, text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestKernelsPassTheirSelfTests(t *testing.T) {
	out, err := run(t.Context(), "kernels")
	if err != nil || strings.Count(out, "passed") != len(kernel.Names())+1 ||
		!strings.Contains(out, kernel.Default+" (default)") {
		t.Errorf("got %v\n%s", err, out)
	}
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestServeUntilTold(t *testing.T) {
	operations := freePort(t)
	socket := filepath.Join(t.TempDir(), "s")
	config := writeConfig(t, fmt.Sprintf("listen: unix:%s\noperations: %s\nkernel: tjfoc\n", socket, operations))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := run(ctx, "serve", "--config", config)
		ended <- err
	}()
	waitReady(t, "http://"+operations+"/readyz", ended)
	out, err := run(t.Context(), "stats", "--socket", socket)
	if err != nil || !strings.Contains(out, "kernel tjfoc") {
		t.Errorf("stats: got %v\n%s", err, out)
	}
	if _, err := run(t.Context(), "core", "list", "--socket", socket); !errors.Is(err, errNoChip) {
		t.Errorf("cores of a service without a chip: got %v", err)
	}
	if _, err := run(t.Context(), "serve", "--config", config); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second service on the socket: got %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v", err)
	}
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func waitReady(t *testing.T, url string, ended <-chan error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case err := <-ended:
			t.Fatalf("serve ended: %v", err)
		case <-deadline:
			t.Fatal("not ready within 20 s")
		}
	}
}
