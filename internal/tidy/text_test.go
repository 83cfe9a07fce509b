package tidy

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// topLevel is everything that may lie at the root. A new name here is a
// decision about the layout.
var topLevel = []string{
	// The prescribed parts.
	"chaincode", "gateway", "oracle", "accelsvc", "network", "e2e", "scripts",
	"docker-compose.yaml", "go.mod", "README.md",
	// What keeps the house.
	"docs", "internal", "Makefile", "LICENSE", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
	"go.sum", ".ci", ".github", ".gitignore", ".gitattributes", ".dockerignore", ".editorconfig", ".golangci.yml",
}

// internalDirs is the charter of internal/.
var internalDirs = []string{"service", "tidy", "tools"}

func topLevelNames(r *repo) []finding {
	return strayNames(r, "", topLevel)
}

func internalPackages(r *repo) []finding {
	return strayNames(r, "internal/", internalDirs)
}

// strayNames finds the names right below dir that are not allowed there.
func strayNames(r *repo, dir string, allowed []string) (found []finding) {
	seen := map[string]bool{}
	for _, name := range r.names() {
		rest, ok := strings.CutPrefix(name, dir)
		first, _, _ := strings.Cut(rest, "/")
		if !ok || seen[first] || slices.Contains(allowed, first) {
			continue
		}
		seen[first] = true
		found = append(found, finding{dir + first, 0, "not one of the names that belong here"})
	}
	return found
}

// note matches the marks of work left undone; owned matches the same mark with
// the issue that will do it. The words are in pieces so that this file does
// not find itself.
var (
	note  = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX)\b`)
	owned = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX)\(#[0-9]+\)`)
)

func unownedNotes(r *repo) (found []finding) {
	for _, name := range r.names() {
		if inTestdata(name) || generatedText(r.text[name]) {
			continue
		}
		for n, line := range lines(r.text[name]) {
			if len(note.FindAllString(line, -1)) > len(owned.FindAllString(line, -1)) {
				found = append(found, finding{name, n, "write the issue behind the word, in the form (#12)"})
			}
		}
	}
	return found
}

// generatedText says whether Go's mark of generated code stands before the
// package clause, which may follow a long comment taken from the source.
func generatedText(text string) bool {
	head, _, isGo := strings.Cut(text, "\npackage ")
	return isGo && strings.Contains(head, "// Code generated ")
}

// adrName is the form of a decision record's file name.
var adrName = regexp.MustCompile(`^[0-9]{4}-[a-z0-9-]+\.md$`)

func adrIndex(r *repo) (found []finding) {
	const dir, index = "docs/adr/", "docs/adr/README.md"
	numbers := map[string]bool{}
	for _, name := range r.names() {
		base, ok := strings.CutPrefix(name, dir)
		switch {
		case !ok || base == "README.md" || base == "template.md":
		case !adrName.MatchString(base):
			found = append(found, finding{name, 0, "name it NNNN-title.md"})
		case numbers[base[:4]]:
			found = append(found, finding{name, 0, "number " + base[:4] + " is taken"})
		case !strings.Contains(r.text[index], "("+base+")"):
			found = append(found, finding{name, 0, "not linked from " + index})
		default:
			for _, part := range []string{"## Context", "## Decision", "## Alternatives", "## Consequences"} {
				if !strings.Contains(r.text[name], "\n"+part+"\n") {
					found = append(found, finding{name, 0, "no part headed " + part})
				}
			}
			numbers[base[:4]] = true
		}
	}
	return found
}

// link matches an inline Markdown link or picture; its first group is the target.
var link = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)`)

func links(r *repo) (found []finding) {
	dirs := map[string]bool{".": true}
	for _, name := range r.names() {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	for _, name := range r.names() {
		if path.Ext(name) != ".md" || inTestdata(name) {
			continue
		}
		for n, line := range lines(prose(r.text[name])) {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				if why := broken(r, dirs, name, m[1]); why != "" {
					found = append(found, finding{name, n, m[1] + ": " + why})
				}
			}
		}
	}
	return found
}

// broken says what is wrong with a link target in the named document, or "".
func broken(r *repo, dirs map[string]bool, from, target string) string {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(target, "#")
	to := path.Join(path.Dir(from), file)
	if file == "" {
		to = from
	}
	text, ok := r.text[to]
	switch {
	case strings.HasPrefix(file, "/"):
		return "use a relative link"
	case !ok && !dirs[to]:
		return "no such file"
	case anchor != "" && ok && path.Ext(to) == ".md" && !slices.Contains(headings(text), anchor):
		return "no such heading in " + to
	}
	return ""
}

// code matches what a Markdown document shows but does not say.
var code = regexp.MustCompile("`[^`]*`")

// prose blanks fenced and inline code, keeping the line numbers.
func prose(text string) string {
	var b strings.Builder
	fenced := false
	for _, line := range lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			line = ""
		}
		if !fenced {
			b.WriteString(code.ReplaceAllString(line, ""))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// headings returns the anchors of a Markdown document's headings, as GitHub
// and most other renderers make them.
func headings(text string) (anchors []string) {
	fenced := false
	for _, line := range lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		title := strings.TrimLeft(line, "#")
		if fenced || title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		anchors = append(anchors, strings.Map(func(c rune) rune {
			switch {
			case c == ' ':
				return '-'
			case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
				return unicode.ToLower(c)
			}
			return -1
		}, strings.TrimSpace(title)))
	}
	return anchors
}

// testdataUsed wants each testdata directory named by Go code: by a test of
// the package that it belongs to, or by its path anywhere else.
func testdataUsed(r *repo) (found []finding) {
	seen := map[string]bool{}
	for _, name := range r.names() {
		owner, _, ok := strings.Cut("/"+name, "/testdata/")
		owner = strings.TrimPrefix(owner, "/")
		if !ok || seen[owner] {
			continue
		}
		seen[owner] = true
		whole := path.Join(path.Base(owner), "testdata")
		used := slices.ContainsFunc(r.code, func(s source) bool {
			here := path.Dir(s.name) == path.Clean("./"+owner) && s.test() && strings.Contains(r.text[s.name], "testdata")
			return here || strings.Contains(r.text[s.name], whole)
		})
		if !used {
			found = append(found, finding{path.Join(owner, "testdata"), 0, "no test names this directory"})
		}
	}
	return found
}

// traces match what only one machine or one network has.
var traces = []*regexp.Regexp{
	regexp.MustCompile(`(^|[^\w.$}/-])/(home|Users)/[a-z]\w*`),
	regexp.MustCompile(`(^|[^\w.$}/-])/(root|work)/\w`),
	regexp.MustCompile(`(^|[^\w.$}/-])/tmp/[\w.]`),
	regexp.MustCompile(`(?i)\bC:\\+Users\\`),
	regexp.MustCompile(`(^|[^\w.])(goproxy|proxy|sum|registry|mirrors?|artifactory|nexus|pypi|deb)\.` +
		`([a-z0-9-]+\.)*(org|com|net|io|dev|cn)\b`),
}

// machineTraces also asks this machine for its own traces: where the tree
// lies, the home directory, and where Go gets its modules.
func machineTraces(r *repo) (found []finding) {
	patterns := slices.Clone(traces)
	if r.root != "" {
		home, _ := os.UserHomeDir()
		for _, dir := range []string{r.root, home} {
			if strings.Count(dir, "/") > 1 { // a shorter one is too common a word
				patterns = append(patterns, regexp.MustCompile(`(^|[^\w.$}/-])`+regexp.QuoteMeta(dir)+`\b`))
			}
		}
		for _, host := range moduleProxies() {
			patterns = append(patterns, regexp.MustCompile(regexp.QuoteMeta(host)))
		}
	}
	for _, name := range r.names() {
		if strings.HasPrefix(name, "internal/tidy/testdata/") {
			continue // the sample that shows this rule at work
		}
		for n, line := range lines(r.text[name]) {
			for _, p := range patterns {
				if m := p.FindString(line); m != "" {
					found = append(found, finding{name, n, fmt.Sprintf("%q", strings.TrimSpace(m))})
					break
				}
			}
		}
	}
	return found
}

// moduleProxies returns the hosts that this machine's Go fetches modules from.
func moduleProxies() (hosts []string) {
	out, err := exec.Command("go", "env", "GOPROXY", "GOSUMDB").Output()
	if err != nil {
		return nil
	}
	host := regexp.MustCompile(`[a-z0-9-]+(\.[a-z0-9-]+)+`)
	return host.FindAllString(string(out), -1)
}

// maxScriptLines bounds shell: beyond it nobody can say what happens on error.
const maxScriptLines = 80

func shortScripts(r *repo) (found []finding) {
	for _, name := range r.names() {
		text := r.text[name]
		head, _, _ := strings.Cut(text, "\n")
		shell := strings.HasPrefix(head, "#!") && strings.HasSuffix(head, "sh")
		if path.Ext(name) != ".sh" && !shell {
			continue
		}
		switch n := strings.Count(text, "\n"); {
		case n >= maxScriptLines:
			found = append(found, finding{name, 0, fmt.Sprintf("%d lines, fewer than %d wanted", n, maxScriptLines)})
		case !shell:
			found = append(found, finding{name, 1, "no #! line"})
		case !strings.Contains(text, "\nset -eu"):
			found = append(found, finding{name, 0, "no `set -eu` (bash: -euo pipefail): it would go on after an error"})
		}
	}
	return found
}
