package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// The numbers of the house; CONTRIBUTING.md repeats them for people.
const (
	maxFileLines     = 500
	maxLineColumns   = 120
	maxFunctionLines = 70
	maxParameters    = 4
	maxMethods       = 4
)

var bannedPackageNames = []string{
	"util", "utils", "common", "helper", "helpers", "base", "shared", "misc", "types", "manager",
}

func packageNames(r *repo) (found []finding) {
	for _, s := range r.code {
		name := strings.TrimSuffix(s.file.Name.Name, "_test")
		switch dir := path.Dir(s.name); {
		case slices.Contains(bannedPackageNames, name):
			found = append(found, finding{s.name, s.line(s.file.Name.Pos()), "package name " + name + " is banned"})
		case slices.Contains(strings.Split(dir, "/"), "pkg"):
			found = append(found, finding{s.name, 0, "a directory called pkg says nothing"})
		case name != strings.ToLower(name) || strings.Contains(name, "_"):
			found = append(found, finding{s.name, s.line(s.file.Name.Pos()), "package name " + name + ": one lower-case word"})
		}
	}
	return found
}

func packageComments(r *repo) (found []finding) {
	documented := map[string]bool{}
	for _, s := range r.code {
		if s.test() {
			continue
		}
		dir := path.Dir(s.name)
		documented[dir] = documented[dir] || s.generated || s.file.Doc.Text() != ""
	}
	for dir, ok := range documented {
		if !ok {
			found = append(found, finding{dir, 0, "no file of the package has a package comment"})
		}
	}
	return found
}

func fileLength(r *repo) (found []finding) {
	for _, s := range r.code {
		n := strings.Count(r.text[s.name], "\n")
		if !s.generated && n > maxFileLines {
			found = append(found, finding{s.name, 0, fmt.Sprintf("%d lines, at most %d", n, maxFileLines)})
		}
	}
	return found
}

// lineLength counts characters, a tab as one. A line that is one long word,
// such as an address in a comment, cannot be broken and is let through.
func lineLength(r *repo) (found []finding) {
	for _, s := range r.code {
		if s.generated {
			continue
		}
		for n, line := range lines(r.text[s.name]) {
			columns := utf8.RuneCountInString(line)
			oneWord := len(strings.Fields(strings.TrimLeft(line, "\t /"))) < 2
			if columns > maxLineColumns && !oneWord {
				found = append(found, finding{s.name, n, fmt.Sprintf("%d columns, at most %d", columns, maxLineColumns)})
			}
		}
	}
	return found
}

// functions calls visit for every function declaration that people wrote.
func functions(r *repo, visit func(s source, f *ast.FuncDecl)) {
	for _, s := range r.code {
		if s.generated {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				visit(s, f)
			}
		}
	}
}

func functionLength(r *repo) (found []finding) {
	functions(r, func(s source, f *ast.FuncDecl) {
		if n := s.line(f.End()) - s.line(f.Pos()) + 1; n > maxFunctionLines {
			text := fmt.Sprintf("func %s has %d lines, at most %d", f.Name.Name, n, maxFunctionLines)
			found = append(found, finding{s.name, s.line(f.Pos()), text})
		}
	})
	return found
}

// contexts are not counted as parameters: every function of their kind takes
// one first, be it Go's context, a test's or a transaction's.
var contexts = []string{
	"context.Context", "*testing.T", "*testing.B", "*testing.F", "testing.TB",
	"shim.ChaincodeStubInterface", "contractapi.TransactionContextInterface",
}

func parameterCount(r *repo) (found []finding) {
	functions(r, func(s source, f *ast.FuncDecl) {
		n := 0
		for _, p := range f.Type.Params.List {
			if !slices.Contains(contexts, typeName(p.Type)) {
				n += max(1, len(p.Names))
			}
		}
		if n > maxParameters {
			text := fmt.Sprintf("func %s has %d parameters, at most %d", f.Name.Name, n, maxParameters)
			found = append(found, finding{s.name, s.line(f.Pos()), text})
		}
	})
	return found
}

// typeName spells a qualified type, pointer or not; other types give "".
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeName(e.X)
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// interfaceSize counts the methods that an interface lists itself; what it
// embeds is counted where it is declared.
func interfaceSize(r *repo) (found []finding) {
	for _, s := range r.code {
		if s.generated {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			i, ok := n.(*ast.InterfaceType)
			if !ok {
				return true
			}
			methods := 0
			for _, m := range i.Methods.List {
				methods += len(m.Names)
			}
			if methods > maxMethods {
				text := fmt.Sprintf("an interface with %d methods, at most %d", methods, maxMethods)
				found = append(found, finding{s.name, s.line(i.Pos()), text})
			}
			return true
		})
	}
	return found
}

func noInit(r *repo) (found []finding) {
	functions(r, func(s source, f *ast.FuncDecl) {
		if f.Name.Name == "init" && f.Recv == nil {
			found = append(found, finding{s.name, s.line(f.Pos()), "func init"})
		}
	})
	return found
}

// domainDir is where the rules of the trade live.
const domainDir = "chaincode/domain/"

// impure are the names that make a rule's answer depend on more than its input
// or on how a machine rounds.
var impure = []string{
	"float32", "float64", "complex64", "complex128",
	"time.Now", "time.Since", "time.Until", "time.After", "time.Tick", "time.NewTimer", "time.Sleep", "time.Local",
	"strconv.ParseFloat", "strconv.FormatFloat",
}

func pureDomain(r *repo) (found []finding) {
	for _, s := range r.code {
		if s.test() || !strings.HasPrefix(s.name, domainDir) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			what := ""
			switch n := n.(type) {
			case *ast.SelectorExpr:
				what = typeName(n)
			case *ast.Ident:
				what = n.Name
			case *ast.BasicLit:
				if n.Kind == token.FLOAT || n.Kind == token.IMAG {
					found = append(found, finding{s.name, s.line(n.Pos()), n.Value + " is a floating-point number"})
				}
			case *ast.GoStmt:
				found = append(found, finding{s.name, s.line(n.Pos()), "a rule starts no goroutine"})
			}
			if slices.Contains(impure, what) {
				found = append(found, finding{s.name, s.line(n.Pos()), what})
			}
			return true
		})
	}
	return found
}
