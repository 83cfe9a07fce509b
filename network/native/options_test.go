package native

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

// withService is the default topology with a service of a program.
func withService(t *testing.T, program string) *topology.Topology {
	t.Helper()
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	for i := range top.Organisations {
		top.Organisations[i].Services = nil
	}
	s := topology.Service{Name: "oracle", Program: program, Ports: []string{topology.PortOperations}}
	top.Organisations[0].Services = []topology.Service{s}
	return top
}

// programs makes a directory with empty programs of these names.
func programs(t *testing.T, names ...string) Programs {
	t.Helper()
	dir := t.TempDir()
	for _, n := range names {
		if err := os.WriteFile(filepath.Join(dir, n), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return Programs{Argosy: dir, Fabric: dir}
}

func TestMissingProgramIsNamedUnlessLeftOut(t *testing.T) {
	top := withService(t, "oracled")
	p := programs(t, "peer", "orderer", "argosycc", "accelsvc", "argosy-net")
	_, err := p.Resolve(top, nil)
	var missing *MissingProgramError
	if !errors.As(err, &missing) || len(missing.Problems) != 1 || !strings.Contains(missing.Problems[0], "oracled") {
		t.Errorf("got %v, want one problem that names oracled", err)
	}
	for _, without := range []string{"oracle", "oracle.exportbank"} {
		if _, err := p.Resolve(top, []string{without}); err != nil {
			t.Errorf("without %s: %v", without, err)
		}
	}
}

func TestOnlyKnownAndDispensableProcessesCanBeLeftOut(t *testing.T) {
	top := withService(t, "oracled")
	for _, good := range []string{"oracle", "oracle.exportbank", "accelsvc", "accelsvc.carrier"} {
		if err := checkWithout(top, []string{good}); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"oracel", "oracle.carrier", "peer0.carrier", "argosycc"} {
		if err := checkWithout(top, []string{bad}); !errors.Is(err, ErrCannotLeave) {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}

func TestRelativeProgramDirectoriesBecomeAbsolute(t *testing.T) {
	top := withService(t, "oracled")
	p := programs(t, "peer", "orderer", "argosycc", "accelsvc", "argosy-net", "oracled")
	t.Chdir(filepath.Dir(p.Argosy))
	rel := filepath.Base(p.Argosy)
	got, err := Programs{Argosy: rel, Fabric: rel}.Resolve(top, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{got.Argosy, got.Fabric, got.Builder} {
		if !filepath.IsAbs(path) {
			t.Errorf("%s is relative: processes work elsewhere", path)
		}
	}
}

func TestLedgerDigestCoversWhatTheLedgerFixes(t *testing.T) {
	digest := func(change func(*topology.Topology)) string {
		top := withService(t, "oracled")
		change(top)
		d, err := ledgerDigest(top)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	base := digest(func(*topology.Topology) {})
	for name, change := range map[string]func(*topology.Topology){
		"services": func(top *topology.Topology) { top.Organisations[0].Services = nil },
		"clients":  func(top *topology.Topology) { top.Organisations[0].Clients = nil },
		"log":      func(top *topology.Topology) { top.LogLevel = "debug" },
	} {
		if digest(change) != base {
			t.Errorf("a change of %s would need a new network", name)
		}
	}
	for name, change := range map[string]func(*topology.Topology){
		"peers":     func(top *topology.Topology) { top.Organisations[0].Peers = 2 },
		"consensus": func(top *topology.Topology) { top.Ordering.Consensus = topology.EtcdRaft },
		"chaincode": func(top *topology.Topology) { top.Chaincodes[0].Endorsement = topology.AnyEndorsement },
	} {
		if digest(change) == base {
			t.Errorf("a change of %s would pass unnoticed", name)
		}
	}
}

func TestSocketPathsStayShort(t *testing.T) {
	longest := &topology.Organisation{Name: strings.Repeat("x", 31)}
	for _, dir := range []string{"/n", "/" + strings.Repeat("deep/", 40) + "net"} {
		p := plan.Native(&topology.Topology{}, dir, SocketDir(dir), 17000)
		for _, path := range []string{ControlSocket(dir), p.AcceleratorSocket(longest)} {
			if len(path) > maxSocketPath && strings.HasPrefix(path, dir) {
				t.Errorf("%s has %d bytes", path, len(path))
			}
		}
	}
	if !strings.HasPrefix(SocketDir("/n"), "/n/") {
		t.Error("a short directory does not keep its sockets")
	}
	if SocketDir("/"+strings.Repeat("a/", 60)) == SocketDir("/"+strings.Repeat("b/", 60)) {
		t.Error("two networks share a socket directory")
	}
}

func TestDirectoryOfSomebodyElseIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		file string
		ours bool
	}{{"", true}, {"thesis.txt", false}, {lockFile, true}} {
		if tc.file != "" {
			if err := os.WriteFile(filepath.Join(dir, tc.file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := Ours(dir); err != nil || got != tc.ours {
			t.Errorf("with %q: %v, %v", tc.file, got, err)
		}
	}
}
