package catalog

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

//go:generate go test . -run TestPages -update

var update = flag.Bool("update", false, "write the generated pages instead of comparing them")

const docs = "../../../docs"

// TestPages holds docs/errors.md and docs/lifecycles against the tables that
// they are made from.
func TestPages(t *testing.T) {
	pages := map[string]string{"errors.md": errorsPage()}
	for _, table := range Tables() {
		var b strings.Builder
		fmt.Fprintf(&b, "# Lifecycle of: %s\n\n", table.Kind)
		b.WriteString("Generated from the transition table (`make gen`). What the table does not list is refused.\n\n")
		b.WriteString("```mermaid\n" + table.Mermaid() + "```\n\n")
		b.WriteString("| from | action | to | who | provided that |\n|---|---|---|---|---|\n")
		for _, s := range table.Steps {
			from := s.From
			if from == "" {
				from = "(none)"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", from, s.Action, s.To, s.Who, s.Guard)
		}
		pages["lifecycles/"+table.Kind+".md"] = b.String()
	}
	for name, want := range pages {
		path := filepath.Join(docs, name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, []byte(want)) {
			t.Errorf("%s is not what the tables say: run make gen (%v)", name, err)
		}
	}
}

func errorsPage() string {
	var b strings.Builder
	b.WriteString("# Refusals\n\nGenerated from the fault table (`make gen`), in order of precedence. ")
	b.WriteString("`argosy explain CODE` prints a row.\n\n")
	b.WriteString("| code | class | HTTP | exit | meaning | remedy |\n|---|---|---|---|---|---|\n")
	for _, r := range fault.Table {
		fmt.Fprintf(&b, "| `%s` | %s | %d | %d | %s | %s |\n",
			r.Code, r.Class, r.Class.HTTPStatus(), r.Class.ExitStatus(), r.Meaning, r.Remedy)
	}
	return b.String()
}

func TestKindsAreFoundByName(t *testing.T) {
	for _, k := range Kinds() {
		got, ok := Find(k.Name)
		if !ok || got.Name != k.Name || k.Table.Kind != string(k.Name) || k.Table.Check() != nil {
			t.Errorf("%s is not listed as itself", k.Name)
		}
	}
	if _, ok := Find("letter-of-marque"); ok {
		t.Error("found a kind that is not listed")
	}
}
