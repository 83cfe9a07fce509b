package nativetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/argosy-trade/argosy/network/process"
)

// dumpLines of each log are printed when a test fails.
const dumpLines = 15

func dumpLogs(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "logs"))
	if err != nil {
		t.Logf("no logs: %v", err)
		return
	}
	for _, e := range entries {
		t.Logf("--- %s\n%s", e.Name(), process.Tail(filepath.Join(dir, "logs", e.Name()), dumpLines))
	}
}
