package invoicing_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/fapiao"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

//go:generate go test . -run TestRulesPage -update

var update = flag.Bool("update", false, "write docs/en16931-rules.md")

// record counts the official unit files that pass, by rule, as the tests of
// package ubl committed them.
type record struct {
	files, verdicts int
	byRule          map[string]int
}

func readRecord(t *testing.T) record {
	t.Helper()
	r := record{byRule: map[string]int{}}
	for line := range strings.Lines(string(readFile(t, "../ubl/testdata/unit-files.txt"))) {
		fields := strings.Fields(line)
		const columns = 4 // kind, file, verdicts, rules
		if len(fields) != columns {
			t.Fatalf("a line %q", line)
		}
		n, err := strconv.Atoi(fields[2])
		if err != nil {
			t.Fatal(err)
		}
		r.files++
		r.verdicts += n
		for _, rule := range strings.Split(fields[3], ",") {
			r.byRule[rule]++
		}
	}
	return r
}

// TestRulesPage holds docs/en16931-rules.md against the tables of rules.
func TestRulesPage(t *testing.T) {
	r := readRecord(t)
	known := map[string]bool{}
	var b strings.Builder
	fmt.Fprintf(&b, "# Rules on invoices\n\nGenerated from the tables of rules (`make gen`). `argosy invoice check` "+
		"prints findings by these ids.\n\nOf EN 16931's official unit files %d pass whole, with %d verdicts on %d rules; "+
		"the last\ncolumn says how many files hold verdicts on a rule. The texts are Argosy's own words.\n",
		r.files, r.verdicts, len(r.byRule))
	table := func(title string, rules []en16931.Rule) {
		fmt.Fprintf(&b, "\n## %s\n\n| rule | severity | what must hold | unit files |\n|---|---|---|---|\n", title)
		for _, rule := range rules {
			files := ""
			if n := r.byRule[rule.ID]; n > 0 {
				files = strconv.Itoa(n)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", rule.ID, rule.Severity, rule.Text, files)
			known[rule.ID] = true
		}
	}
	table("EN 16931", en16931.Rules())
	table("The form of UBL", ubl.Rules())
	table("Issuing on the ledger", en16931.LedgerRules())
	var forms []en16931.Rule
	for _, rule := range fapiao.Rules() {
		forms = append(forms, en16931.Rule{ID: rule.ID, Severity: rule.Severity, Text: rule.Text})
	}
	table("Fully digital e-fapiao", forms)
	b.WriteString("\n## Published rules without a row\n\n| rules | why |\n|---|---|\n")
	for _, o := range en16931.Omissions() {
		fmt.Fprintf(&b, "| %s | %s |\n", o.IDs, o.Reason)
	}
	for rule := range r.byRule {
		if !known[rule] {
			t.Errorf("%s has unit files, but no row", rule)
		}
	}
	const page = "../../docs/en16931-rules.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(readFile(t, page)), b.String()); d != "" {
		t.Errorf("make gen has not run (-page +tables)\n%s", d)
	}
}
