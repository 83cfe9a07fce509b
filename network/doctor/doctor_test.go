package doctor

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/topology"
)

func find(t *testing.T, findings []Finding, name string) Finding {
	t.Helper()
	i := slices.IndexFunc(findings, func(f Finding) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("nothing about %s", name)
	}
	return findings[i]
}

func TestWhatIsMissingComesWithItsRemedy(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	findings := Examine(context.Background(), Options{
		Dir: dir, Topology: top, Base: l.Addr().(*net.TCPAddr).Port - 10, // the first peer's port is taken
		Programs: native.Programs{Argosy: empty, Fabric: empty},
	})
	for name, word := range map[string]string{
		"ports": "peer0.exportbank", "programs": "argosycc", "fabric": "peer", "directory": "other files",
	} {
		f := find(t, findings, name)
		if f.Level != Problem || f.Remedy == "" || !strings.Contains(f.Detail, word) {
			t.Errorf("%s: %+v, want a problem with a remedy that names %s", name, f, word)
		}
	}
}

func TestRunningNetworkHoldsItsPortsRightly(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	f := ports(Options{Topology: top, Base: 1, Running: true})
	if f.Level != OK {
		t.Errorf("%+v", f)
	}
}
