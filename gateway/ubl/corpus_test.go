package ubl

import (
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func findCorpus(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("ARGOSY_CORPUS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		candidate := filepath.Join(dir, "shared", "corpus")
		if _, err := os.Stat(candidate); err == nil {
			return candidate
		}
	}
	t.Skip("the corpus of official samples is not here; set ARGOSY_CORPUS to its folder")
	return ""
}

// TestOfficialExamples reads every complete example of EN 16931. They are
// valid, so nothing but Argosy's own limits may be found in them.
func TestOfficialExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(findCorpus(t), "en16931", "ubl", "examples", "*"))
	if err != nil || len(files) < 19 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	read, notes := 0, 0
	for _, path := range files {
		name := filepath.Base(path)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read(f, Options{Seller: "529900EXAMPLEEXP0105", Buyer: "529900EXAMPLEIMP0175"})
		_ = f.Close()
		if errors.Is(err, ErrCreditNote) {
			notes++
			continue
		}
		if info, statErr := os.Stat(path); err != nil && statErr == nil && info.Size() == 0 {
			continue // the corpus holds one empty file; it is refused like any other non-XML
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		read++
		for _, finding := range r.Findings {
			if finding.Severity == Fatal {
				t.Errorf("%s: %+v", name, finding)
			}
		}
	}
	if read < 17 || notes < 1 {
		t.Errorf("read %d invoices and %d credit notes", read, notes)
	}
}

// unitFile is a file of EN 16931's own tests: documents with the verdict that
// is expected of the rules that it names.
type unitFile struct {
	Tests []struct {
		Assert struct {
			Description string   `xml:"description"`
			Success     []string `xml:"success"`
			Error       []string `xml:"error"`
		} `xml:"assert"`
		Invoice struct {
			Raw []byte `xml:",innerxml"`
		} `xml:"Invoice"`
	} `xml:"test"`
}

// TestOfficialUnitFiles holds every rule that is written here against the
// verdicts that EN 16931 publishes for it.
func TestOfficialUnitFiles(t *testing.T) {
	dir := filepath.Join(findCorpus(t), "en16931", "test", "Invoice-unit-UBL")
	rules := map[string]bool{}
	for _, group := range [][]rule{headRules, partyRules, lineRules, adjustmentRules, taxRules, sumRules} {
		for _, r := range group {
			rules[r.id] = false
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	verdicts := 0
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var unit unitFile
		if err := xml.Unmarshal(raw, &unit); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		for i, test := range unit.Tests {
			found := findingsOf(t, test.Invoice.Raw)
			for _, want := range []struct {
				rules []string
				fails bool
			}{{test.Assert.Success, false}, {test.Assert.Error, true}} {
				for _, id := range want.rules {
					id = strings.TrimSpace(id)
					if _, ours := rules[id]; !ours {
						continue
					}
					rules[id] = true
					verdicts++
					if found[id] != want.fails {
						t.Errorf("%s test %d: rule %s fails: %v, expected: %v (%s)", filepath.Base(path), i+1, id,
							found[id], want.fails, strings.TrimSpace(test.Assert.Description))
					}
				}
			}
		}
	}
	proved := 0
	for id, seen := range rules {
		if seen {
			proved++
		} else {
			t.Logf("%s has no unit file", id)
		}
	}
	t.Logf("%d verdicts on %d rules", verdicts, proved)
	if proved < 40 {
		t.Errorf("only %d rules were proved", proved)
	}
}

// findingsOf wraps the inner XML of a unit document again; the prefixes in it
// stay undeclared, which local names do not mind.
func findingsOf(t *testing.T, inner []byte) map[string]bool {
	t.Helper()
	raw := "<Invoice xmlns:cac='a' xmlns:cbc='b' xmlns:xs='x' xmlns:xsi='i'>" + string(inner) + "</Invoice>"
	doc, err := decode([]byte(raw))
	if err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	found := map[string]bool{}
	for _, f := range check(doc) {
		found[f.Rule] = true
	}
	return found
}
