package sourcetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Corpus returns the folder of the public samples called name. It is the folder
// that ARGOSY_CORPUS names, or shared/corpus beside the project or further up.
// Where there is none the test is skipped, with the reason; where ARGOSY_CORPUS
// is set but wrong it fails, so that CI cannot pass without the samples.
func Corpus(t testing.TB, name string) string {
	t.Helper()
	if root := os.Getenv("ARGOSY_CORPUS"); root != "" {
		dir := filepath.Join(root, name)
		if _, err := os.Stat(dir); err != nil {
			t.Fatalf("ARGOSY_CORPUS is set, but there are no samples: %v", err)
		}
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		candidate := filepath.Join(dir, "shared", "corpus", name)
		if _, err := os.Stat(candidate); err == nil {
			return candidate
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skipf("the public samples (shared/corpus/%s) are not beside the project and ARGOSY_CORPUS is not set", name)
		}
		dir = parent
	}
}
