// Package nativetest starts networks of real Fabric nodes for tests: on free
// ports, in temporary folders, stopped with the test.
//
// A test that cannot have one is skipped with the reason: only when Fabric is
// not built. The product's own programs are built here, so a test never runs
// yesterday's.
package nativetest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/network/fabricbuild"
	"github.com/argosy-trade/argosy/network/native"
)

// startTimeout bounds a start; on a busy machine with two cores it takes 10 s.
const startTimeout = 2 * time.Minute

// built are the programs of this test process, built once.
var built struct {
	sync.Once
	dir string
	err error
}

// Programs returns the places of all programs; extra names further main
// packages to build beside them.
func Programs(t testing.TB, extra ...string) native.Programs {
	t.Helper()
	root, err := fabricbuild.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := fabricbuild.Find(filepath.Join(root, "build", "bin"))
	if errors.Is(err, fabricbuild.ErrNotBuilt) {
		t.Skip("needs Fabric's peer and orderer, which are not built here: make fabric")
	}
	if err != nil {
		t.Fatal(err)
	}
	built.Do(func() { built.dir, built.err = build(root, productPrograms) })
	if built.err != nil {
		t.Fatal(built.err)
	}
	if len(extra) > 0 {
		if _, err := build(root, extra); err != nil {
			t.Fatal(err)
		}
	}
	return native.Programs{Argosy: built.dir, Fabric: fabric}
}

// productPrograms are those that the default topology runs.
var productPrograms = []string{
	"./chaincode/cmd/argosycc", "./accelsvc/cmd/accelsvc", "./network/cmd/argosy-net",
	"./oracle/cmd/oracled", "./gateway/cmd/settled",
}

// build builds main packages into a directory of the repository that only
// tests use; Go's build cache makes that quick.
func build(root string, packages []string) (string, error) {
	dir := filepath.Join(root, "build", "nativetest")
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // programs, no secrets
		return "", err
	}
	args := append([]string{"build", "-trimpath", "-o", dir + string(filepath.Separator)}, packages...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return dir, nil
}

// Start starts a network; what opts leave out is filled in: programs, a
// temporary directory, free ports. When the test fails, the ends of all logs
// are printed.
func Start(t testing.TB, opts native.Options) *native.Network {
	t.Helper()
	if opts.Programs.Fabric == "" {
		opts.Programs = Programs(t)
	}
	if opts.Dir == "" {
		opts.Dir = filepath.Join(t.TempDir(), "net")
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	n, err := native.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			dumpLogs(t, n.Dir())
		}
		if err := n.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// FreePorts is the value for [native.Options.BasePort] that takes free ports.
func FreePorts() *int { return new(int) }
