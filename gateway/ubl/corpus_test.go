package ubl_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/safexml"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

// findCorpus returns the folder of EN 16931's official samples. CI has them
// always; elsewhere a test that needs them is skipped where they are absent.
func findCorpus(t *testing.T) string {
	t.Helper()
	roots := []string{os.Getenv("ARGOSY_CORPUS")}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		roots = append(roots, filepath.Join(dir, "shared", "corpus"))
	}
	for _, root := range roots {
		if _, err := os.Stat(filepath.Join(root, "en16931")); root != "" && err == nil {
			return filepath.Join(root, "en16931")
		}
	}
	const absent = "the corpus of official samples is not here; set ARGOSY_CORPUS to its folder"
	if os.Getenv("CI") == "true" || roots[0] != "" {
		t.Fatal(absent)
	}
	t.Skip(absent)
	return ""
}

// verdict is what a unit file expects of one rule on one document.
type verdict struct {
	rule  string
	fails bool
	count int // how often, or 0 for any number
}

// passes holds the verdict against what was found.
func (v verdict) passes(found map[string]int) bool {
	n := found[v.rule]
	return (n > 0) == v.fails && (v.count == 0 || n == v.count)
}

// unitFile is what was made of one unit file.
type unitFile struct {
	name     string
	rules    []string // those with a verdict, sorted
	verdicts int
	failures []string
}

// runUnitFile holds every document of the file against its verdicts.
func runUnitFile(t *testing.T, dir, name string) unitFile {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	root, err := safexml.Tree(raw)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	u := unitFile{name: strings.TrimSuffix(name, ".xml")}
	for i, test := range childrenOf(root, "test") {
		var verdicts []verdict
		found := map[string]int{}
		for _, child := range test.Children {
			if child.Name.Local == "assert" {
				verdicts = append(verdicts, readVerdicts(t, child)...)
				continue
			}
			found = findingsOf(t, child)
		}
		for _, v := range verdicts {
			u.verdicts++
			u.rules = append(u.rules, v.rule)
			if !v.passes(found) {
				u.failures = append(u.failures, u.name+" test "+strconv.Itoa(i+1)+": rule "+v.rule+" was found "+
					strconv.Itoa(found[v.rule])+" times, expected: "+strconv.FormatBool(v.fails)+" "+strconv.Itoa(v.count))
			}
		}
	}
	slices.Sort(u.rules)
	u.rules = slices.Compact(u.rules)
	return u
}

func childrenOf(n *safexml.Node, name string) []*safexml.Node {
	var all []*safexml.Node
	for _, c := range n.Children {
		if c.Name.Local == name {
			all = append(all, c)
		}
	}
	return all
}

func readVerdicts(t *testing.T, assert *safexml.Node) []verdict {
	t.Helper()
	var all []verdict
	for _, c := range assert.Children {
		v := verdict{rule: strings.TrimSpace(c.Text)}
		switch c.Name.Local {
		case "description":
			continue
		case "success":
		case "error", "warning":
			v.fails = true
		default:
			t.Fatalf("a verdict %q", c.Name.Local)
		}
		for _, a := range c.Attrs {
			if a.Name.Local == "number" {
				n, err := strconv.Atoi(a.Value)
				if err != nil {
					t.Fatal(err)
				}
				v.count = n
			}
		}
		all = append(all, v)
	}
	return all
}

func findingsOf(t *testing.T, doc *safexml.Node) map[string]int {
	t.Helper()
	inv, findings, err := ubl.FromTree(doc)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, f := range append(findings, en16931.Check(inv)...) {
		found[f.Rule]++
	}
	return found
}

// TestOfficialUnitFiles holds every rule against the verdicts that EN 16931
// publishes for it.
func TestOfficialUnitFiles(t *testing.T) {
	corpus := findCorpus(t)
	files, verdicts := 0, 0
	for _, kind := range []string{"Invoice-unit-UBL", "CreditNote-unit-UBL"} {
		entries, err := os.ReadDir(filepath.Join(corpus, "test", kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			u := runUnitFile(t, filepath.Join(corpus, "test", kind), e.Name())
			files++
			verdicts += u.verdicts
			for _, f := range u.failures {
				t.Error(kind, f)
			}
		}
	}
	t.Logf("%d files, %d verdicts", files, verdicts)
}
