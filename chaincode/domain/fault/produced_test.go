package fault

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryCodeIsProducedByATest fails for a refusal that no test and no
// scenario of the whole repository names.
func TestEveryCodeIsProducedByATest(t *testing.T) {
	const root = "../../.."
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{} // Go name by code
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+Code = "([A-Z_]+)"$`).FindAllStringSubmatch(string(source), -1) {
		names[m[2]] = m[1]
	}
	if len(names) != len(Table) {
		t.Fatalf("%d codes and %d rows", len(names), len(Table))
	}
	missing := map[string]bool{}
	for code := range names {
		missing[code] = true
	}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if e != nil && e.IsDir() && (e.Name() == "build" || e.Name() == ".git") {
				return filepath.SkipDir
			}
			return err
		}
		if strings.HasSuffix(path, "fault_test.go") ||
			(!strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".txtar")) {
			return nil
		}
		text, err := os.ReadFile(path)
		for code := range missing {
			if strings.Contains(string(text), "fault."+names[code]) || strings.Contains(string(text), code) {
				delete(missing, code)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for code := range missing {
		t.Errorf("no test produces %s", code)
	}
}
