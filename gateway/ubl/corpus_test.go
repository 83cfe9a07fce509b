package ubl_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
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

// expectation is the committed record of the unit files that pass, one a line:
// kind, file, number of verdicts, rules.
const expectation = "testdata/unit-files.txt"

// TestOfficialUnitFiles holds every rule against the verdicts that EN 16931
// publishes for it: each of its unit files must pass whole, as the committed
// record says.
func TestOfficialUnitFiles(t *testing.T) {
	corpus := findCorpus(t)
	var record strings.Builder
	files, verdicts, rules := 0, 0, map[string]int{}
	for _, kind := range []string{"Invoice-unit-UBL", "CreditNote-unit-UBL"} {
		entries, err := os.ReadDir(filepath.Join(corpus, "test", kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			u := runUnitFile(t, filepath.Join(corpus, "test", kind), e.Name())
			for _, f := range u.failures {
				t.Error(kind, f)
			}
			if len(u.failures) > 0 {
				continue
			}
			files++
			verdicts += u.verdicts
			for _, r := range u.rules {
				rules[r]++
			}
			fmt.Fprintf(&record, "%s %s %d %s\n", kind, u.name, u.verdicts, strings.Join(u.rules, ","))
		}
	}
	for _, r := range slices.Sorted(maps.Keys(rules)) {
		t.Logf("%s: %d unit files", r, rules[r])
	}
	t.Logf("%d unit files with %d verdicts on %d rules pass", files, verdicts, len(rules))
	if *update {
		if err := os.WriteFile(expectation, []byte(record.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(expectation)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), record.String()); d != "" {
		t.Errorf("not the unit files that passed before (-want +got)\n%s", d)
	}
}

// TestOfficialExamples reads every complete example of EN 16931. They are
// valid but for the ones that are named here.
func TestOfficialExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(findCorpus(t), "ubl", "examples", "*"))
	if err != nil || len(files) < 19 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	invoices, notes := 0, 0
	for _, path := range files {
		name := filepath.Base(path)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		inv, findings, err := ubl.Parse(raw)
		if len(raw) == 0 {
			if fault.CodeOf(err) != fault.ArgumentMalformed {
				t.Errorf("%s is empty: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, f := range append(findings, en16931.Check(inv)...) {
			if f.Severity == en16931.Fatal {
				t.Errorf("%s: %+v", name, f)
			}
		}
		wantRoundTrip(t, name, inv)
		if inv.CreditNote {
			notes++
		} else {
			invoices++
		}
	}
	if invoices < 17 || notes < 1 {
		t.Errorf("read %d invoices and %d credit notes", invoices, notes)
	}
}

// wantRoundTrip holds that an invoice is read as it was written.
func wantRoundTrip(t *testing.T, name string, inv *en16931.Invoice) {
	t.Helper()
	var b bytes.Buffer
	if err := ubl.Write(&b, inv); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	again, findings, err := ubl.Parse(b.Bytes())
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, f := range findings {
		if f.Rule == "UBL-CR" || f.Rule == "UBL-SR" || f.Rule == "ARGOSY-NAMESPACE" {
			t.Errorf("%s: what was written is not read: %+v", name, f)
		}
	}
	if d := cmp.Diff(inv, again); d != "" {
		t.Errorf("%s: -written +read\n%s", name, d)
	}
}
