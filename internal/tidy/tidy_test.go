package tidy

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// finding is one place where a tree breaks a rule.
type finding struct {
	name string // file, or directory when the whole package is meant
	line int    // from 1; 0 when the whole file is meant
	text string
}

// at is the place in the form that editors jump to.
func (f finding) at() string {
	if f.line == 0 {
		return f.name
	}
	return fmt.Sprintf("%s:%d", f.name, f.line)
}

// rule is one house rule over the files of a tree.
type rule struct {
	name string
	why  string
	find func(r *repo) []finding
}

var rules = []rule{
	{
		"top-level", "the root is the first page that a reader sees: only what the layout prescribes may be on it",
		topLevelNames,
	},
	{
		"internal", "internal/ is not a second product: a further package there needs a decision record",
		internalPackages,
	},
	{
		"package-name", "a package is a noun that says what is in it; these names say nothing",
		packageNames,
	},
	{
		"package-comment", "every package says what it is for, what it refuses and what always holds",
		packageComments,
	},
	{"file-length", "a file above 500 lines holds two subjects: give each its own", fileLength},
	{"line-length", "lines above 120 columns are not read to their end", lineLength},
	{"function-length", "a function above 70 lines no longer fits on a screen: name its parts", functionLength},
	{"parameters", "more than 4 parameters are mixed up by callers: use a struct", parameterCount},
	{"interface", "more than 4 methods are more than any one caller needs: let each declare its own", interfaceSize},
	{"no-init", "init runs behind the reader's back: register and construct where main can be seen to", noInit},
	{
		"pure-domain", "rules give every endorser the same answer: no clock, no floating point",
		pureDomain,
	},
	{"unowned-note", "a note about work left must name the issue that will do it", unownedNotes},
	{"adr-index", "a decision that the index does not list is not found", adrIndex},
	{"links", "a document that points nowhere has stopped being true", links},
	{"testdata", "test data that no test reads is not tested", testdataUsed},
	{
		"machine", "paths of one machine and hosts of one network's package registry work for nobody else",
		machineTraces,
	},
	{"scripts", "what needs 80 lines of shell needs Go, where it can be tested", shortScripts},
}

func TestHouseRules(t *testing.T) {
	r, err := project()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			report(t, rule.name, rule.why, rule.find(r))
		})
	}
}

// report fails the test for each finding that no exception excuses, and for
// each exception of the rule that excuses nothing.
func report(t *testing.T, name, why string, findings []finding) {
	t.Helper()
	used := make([]bool, len(exceptions))
	for _, f := range findings {
		i := slices.IndexFunc(exceptions, func(e exception) bool { return e.excuses(name, f) })
		if i >= 0 {
			used[i] = true
			continue
		}
		t.Errorf("%s: %s\n\twhy: %s", f.at(), f.text, why)
	}
	for i, e := range exceptions {
		if e.rule == name && !used[i] {
			t.Errorf("internal/tidy/exceptions_test.go: %s %s excuses nothing any more: delete it", e.rule, e.name)
		}
	}
}

func TestEveryRuleBites(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			r, want := sample(t, filepath.Join("testdata", rule.name+".txtar"))
			var got []string
			for _, f := range rule.find(r) {
				got = append(got, f.at())
			}
			slices.Sort(got)
			slices.Sort(want)
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("found %s\nwant %s", strings.Join(got, " "), strings.Join(want, " "))
			}
		})
	}
}

func TestExceptionsNameARule(t *testing.T) {
	for _, e := range exceptions {
		known := e.rule == importsRule || slices.ContainsFunc(rules, func(r rule) bool { return r.name == e.rule })
		if !known || e.name == "" || len(e.why) < len("a real reason") {
			t.Errorf("exception %+v: name a rule, a file and a reason", e)
		}
	}
}
