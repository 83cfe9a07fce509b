package tidy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module      = "github.com/argosy-trade/argosy"
	importsRule = "imports"
)

// importRule says what packages may not import. Patterns that begin with "./"
// name packages of this module, "/..." at the end means also those below; "std"
// is the whole standard library.
type importRule struct {
	of      []string // whom it binds
	except  []string // whom it does not, though named above
	only    []string // when set: all that may be imported
	never   []string // may not be imported
	noDeep  []string // may not be reached, over however many steps
	because string
}

// domainWords are the packages that every document's rules share.
var domainWords = []string{
	"./chaincode/domain/trade", "./chaincode/domain/fault", "./chaincode/domain/canon",
	"./chaincode/domain/lifecycle", "./chaincode/domain/attest",
}

// impureImports make an answer depend on more than the question.
var impureImports = []string{
	"crypto/rand", "log/...", "math/rand/...", "net/...", "os/...", "sync/...", "unsafe",
}

// arrows are the document kinds whose law reads another kind's: an undertaking
// reads the invoice it pays and drives the payment it makes; a voucher binds the
// invoices that back it and makes the lots that it falls into. They point one
// way, and a new one is a decision to be seen in review.
var arrows = map[string][]string{
	"parameter":   {"constitution"},
	"source":      {"constitution", "party"},
	"undertaking": {"invoice", "payment"},
	"voucher":     {"invoice", "lot"},
}

// domainRules returns one rule for the kinds that know only the shared words,
// and one for each kind with arrows.
func domainRules() []importRule {
	words := append([]string{"std"}, domainWords...)
	plain := importRule{
		of: []string{"./chaincode/domain/..."}, except: []string{"./chaincode/domain/catalog"},
		only: words, never: impureImports,
		because: "rules are pure, and one document's law does not reach into another's: what they share has a name",
	}
	var rules []importRule
	for kind, others := range arrows {
		of := "./chaincode/domain/" + kind
		plain.except = append(plain.except, of)
		rule := importRule{of: []string{of}, only: slices.Clone(words), never: impureImports, because: plain.because}
		for _, other := range others {
			rule.only = append(rule.only, "./chaincode/domain/"+other)
		}
		rules = append(rules, rule)
	}
	return append(rules, plain)
}

// unusedArrows returns the arrows that no import follows.
func unusedArrows(pkgs []pkg) (found []string) {
	for kind, others := range arrows {
		for _, other := range others {
			follows := func(p pkg) bool {
				return matches("./chaincode/domain/"+kind, p.ImportPath) &&
					slices.Contains(p.Imports, module+"/chaincode/domain/"+other)
			}
			if !slices.ContainsFunc(pkgs, follows) {
				found = append(found, "the arrow from "+kind+" to "+other+" is not used: delete it")
			}
		}
	}
	return found
}

// importRules is the map of the packages as rules.
var importRules = append(domainRules(), []importRule{
	{
		of: []string{"./chaincode/domain/catalog"}, only: []string{"std", "./chaincode/domain/..."},
		because: "the catalog only lists the documents",
	},
	{
		of:      []string{"./chaincode/state"},
		never:   []string{"github.com/hyperledger/..."},
		noDeep:  []string{"google.golang.org/grpc/...", "net/http"},
		because: "state defines its port and chaincode/contract implements it, so that state is tested without Fabric",
	},
	{
		of: []string{"./chaincode/..."},
		noDeep: []string{
			"./gateway/...", "./oracle/...", "./network/...", "./accelsvc/server", "github.com/hyperledger/fabric-gateway/...",
		},
		because: "the ledger's law depends on none of its clients, and kernels are reached through accelsvc/client",
	},
	{
		of:      []string{"./gateway/..."},
		except:  []string{"./gateway/gatewaytest"},
		noDeep:  []string{"./chaincode/contract", "./chaincode/state", "./chaincode/stubtest", "./network/..."},
		because: "clients share the domain with the ledger, never its adapters or key layout, and know no topology",
	},
	{
		of: []string{"./oracle/..."}, except: []string{"./oracle/cmd/..."},
		never:   []string{"github.com/hyperledger/..."},
		noDeep:  []string{"./chaincode/contract", "./chaincode/state", "./network/..."},
		because: "the oracle reaches Fabric through the SDK alone",
	},
	{
		of: []string{"./oracle/source/..."}, noDeep: []string{"./gateway/...", "github.com/hyperledger/..."},
		because: "a source only fetches and normalises; the relay submits",
	},
	{
		of: []string{"./accelsvc/..."},
		noDeep: []string{
			"./chaincode/...", "./gateway/...", "./oracle/...", "./network/...", "github.com/hyperledger/...",
		},
		because: "the accelerator knows bytes: no trade, no ledger",
	},
	{
		of: []string{"./internal/service"}, noDeep: []string{"./..."},
		because: "every program stands on service, so it stands on nothing of theirs",
	},
	{
		of: []string{"./..."}, noDeep: []string{"github.com/hyperledger/fabric/..."},
		because: "Fabric's own dependencies stay in the tools module network/fabric",
	},
}...)

// planned are the packages that rules name but nobody has written yet. Take a
// line out when the package comes: the test insists.
var planned []string

// pkg is what the rules ask of a package; `go list` spells the fields.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// listPackages asks the go command once for all packages of the module.
func listPackages(dir string) ([]pkg, error) {
	list := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	list.Dir = dir
	out, err := list.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, fmt.Errorf("go list: %s", exit.Stderr)
	} else if err != nil {
		return nil, err
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
}

// matches says whether an import path fits a pattern.
func matches(pattern, importPath string) bool {
	if pattern == "std" {
		first, _, _ := strings.Cut(importPath, "/")
		return !strings.Contains(first, ".")
	}
	if rest, ok := strings.CutPrefix(pattern, "./"); ok {
		pattern = module + "/" + rest
	}
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return importPath == above || strings.HasPrefix(importPath, above+"/")
	}
	return importPath == pattern
}

func matchesAny(patterns []string, importPath string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, importPath) })
}

// breaches returns what the packages do against the rules.
func breaches(rules []importRule, pkgs []pkg) (found []finding) {
	for _, rule := range rules {
		for _, p := range pkgs {
			if !matchesAny(rule.of, p.ImportPath) || matchesAny(rule.except, p.ImportPath) {
				continue
			}
			name := strings.TrimPrefix(p.ImportPath, module+"/")
			for _, imp := range p.Imports {
				if matchesAny(rule.never, imp) || rule.only != nil && !matchesAny(rule.only, imp) {
					found = append(found, finding{name, 0, "imports " + imp + ": " + rule.because})
				}
			}
			for _, dep := range p.Deps {
				if matchesAny(rule.noDeep, dep) {
					found = append(found, finding{name, 0, "depends on " + dep + ": " + rule.because})
				}
			}
		}
	}
	return append(found, testPackagesImported(pkgs)...)
}

// testPackagesImported finds product code that imports a package made for
// tests: those are named for it and live beside what they stand in for.
func testPackagesImported(pkgs []pkg) (found []finding) {
	forTests := func(importPath string) bool {
		name := path.Base(importPath)
		return strings.HasSuffix(name, "test") && name != "attest" || matches("./e2e/...", importPath)
	}
	for _, p := range pkgs {
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, module) && forTests(imp) && !forTests(p.ImportPath) {
				name := strings.TrimPrefix(p.ImportPath, module+"/")
				found = append(found, finding{name, 0, "imports " + imp + ": that package is for tests"})
			}
		}
	}
	return found
}

// located gives findings about a package the place of its import, where the
// import is direct.
func located(r *repo, findings []finding) []finding {
	for i, f := range findings {
		text, _ := strings.CutPrefix(f.text, "imports ")
		imported, _, _ := strings.Cut(text, ":")
		for _, s := range r.code {
			if path.Dir(s.name) != f.name || s.test() {
				continue
			}
			for _, spec := range s.file.Imports {
				if spec.Path.Value == strconv.Quote(imported) {
					findings[i].name, findings[i].line = s.name, s.line(spec.Pos())
				}
			}
		}
	}
	return findings
}

// stale returns what the rules name that is not there, planned names aside,
// and planned names that have come true.
func stale(rules []importRule, planned []string, pkgs []pkg) (found []string) {
	exists := func(pattern string) bool {
		return slices.ContainsFunc(pkgs, func(p pkg) bool { return matches(pattern, p.ImportPath) })
	}
	for _, rule := range rules {
		for _, pattern := range slices.Concat(rule.of, rule.except, rule.only, rule.never, rule.noDeep) {
			ours := strings.HasPrefix(pattern, "./")
			if ours && !exists(pattern) && !slices.Contains(planned, pattern) {
				found = append(found, pattern+" is gone: rename it in the rules, or drop it")
			}
		}
	}
	for _, pattern := range planned {
		if exists(pattern) {
			found = append(found, pattern+" exists now: take it out of planned")
		}
	}
	return found
}

func TestImports(t *testing.T) {
	pkgs, err := listPackages(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	r, err := project()
	if err != nil {
		t.Fatal(err)
	}
	why := "the map of packages in ARCHITECTURE.md holds only while every import follows it"
	report(t, importsRule, why, located(r, breaches(importRules, pkgs)))
	for _, s := range append(stale(importRules, planned, pkgs), unusedArrows(pkgs)...) {
		t.Error("internal/tidy/imports_test.go: " + s)
	}
}

func TestImportRulesBite(t *testing.T) {
	in := func(name string, imports ...string) pkg {
		return pkg{ImportPath: module + "/" + name, Imports: imports, Deps: imports}
	}
	bad := []pkg{
		in("chaincode/domain/invoice", "os"),
		in("chaincode/domain/lading", module+"/chaincode/domain/invoice"),
		in("chaincode/domain/undertaking", module+"/chaincode/domain/lading"),
		in("chaincode/domain/trade", "golang.org/x/text"),
		in("chaincode/domain/catalog", "github.com/google/uuid"),
		in("chaincode/state", "github.com/hyperledger/fabric-chaincode-go/v2/shim"),
		in("chaincode/contract", module+"/gateway/client"),
		in("gateway/client", module+"/chaincode/state"),
		in("gateway/rest", module+"/chaincode/stubtest"),
		in("oracle/relay", "github.com/hyperledger/fabric-gateway/pkg/client"),
		in("oracle/source/dcsa", module+"/gateway/client"),
		in("accelsvc/server", module+"/chaincode/domain/trade"),
		in("internal/service", module+"/gateway/client"),
		in("network/native", "github.com/hyperledger/fabric/protoutil"),
	}
	for _, p := range bad {
		if len(breaches(importRules, []pkg{p})) == 0 {
			t.Errorf("%s imports %v and no rule minds", p.ImportPath, p.Imports)
		}
	}
	good := []pkg{
		in("chaincode/domain/invoice", "time", "encoding/json", module+"/chaincode/domain/trade"),
		in("chaincode/contract", "github.com/hyperledger/fabric-contract-api-go/v2/contractapi"),
		in("gateway/gatewaytest", module+"/chaincode/stubtest"),
		in("oracle/source/dcsa", "net/http", module+"/chaincode/domain/attest"),
	}
	for _, f := range breaches(importRules, good) {
		t.Errorf("%s: %s", f.name, f.text)
	}
}

func TestStaleNamesAreReported(t *testing.T) {
	rules := []importRule{{of: []string{"./gone", "./here", "./soon"}}}
	got := stale(rules, []string{"./soon", "./here"}, []pkg{{ImportPath: module + "/here"}})
	want := []string{
		"./gone is gone: rename it in the rules, or drop it",
		"./here exists now: take it out of planned",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
