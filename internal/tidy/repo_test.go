package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// repo is a tree of files to judge: the project's own, or a sample of one.
type repo struct {
	text map[string]string // contents of text files by slash-separated name
	root string            // absolute path of the tree; empty for a sample
	code []source
}

// source is one Go file of a repo, parsed.
type source struct {
	name      string
	fset      *token.FileSet
	file      *ast.File
	generated bool
}

// test says whether only `go test` compiles the file.
func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

// line returns the line of pos in the file.
func (s source) line(pos token.Pos) int { return s.fset.Position(pos).Line }

// names returns the file names of r in order.
func (r *repo) names() []string {
	names := make([]string, 0, len(r.text))
	for name := range r.text {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// lines yields every line of a text with its number, from 1.
func lines(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.Lines(text) {
			n++
			if !yield(n, strings.TrimRight(line, "\r\n")) {
				return
			}
		}
	}
}

// maxText is the size up to which a file is read as text. Recorded corpora are
// larger, and no rule looks into them.
const maxText = 1 << 20

// newRepo reads the named files of fsys.
func newRepo(fsys fs.FS, names []string) (*repo, error) {
	r := &repo{text: make(map[string]string, len(names))}
	for _, name := range names {
		info, err := fs.Stat(fsys, name)
		if err != nil || info.IsDir() {
			continue // deleted but not yet committed, or a nested repository
		}
		if r.text[name] = ""; info.Size() > maxText {
			continue
		}
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if bytes.IndexByte(content, 0) < 0 {
			r.text[name] = string(content)
		}
		if path.Ext(name) == ".go" && !inTestdata(name) {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, content, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			r.code = append(r.code, source{name: name, fset: fset, file: file, generated: ast.IsGenerated(file)})
		}
	}
	return r, nil
}

func inTestdata(name string) bool {
	return strings.HasPrefix(name, "testdata/") || strings.Contains(name, "/testdata/")
}

// project reads the project's own tree: what git tracks or would track. It
// asks git rather than walk the disk, so that build output is never judged.
var project = sync.OnceValues(func() (*repo, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return nil, err
	}
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	out, err := git.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files in %s: %w (the house rules judge a git work tree)", root, err)
	}
	names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	slices.Sort(names)
	r, err := newRepo(os.DirFS(root), slices.Compact(names))
	if err == nil {
		r.root = root
	}
	return r, err
})

// repeated is how a sample writes a line many times: "repeat 500: the line".
var repeated = regexp.MustCompile(`(?m)^repeat ([0-9]+): (.*\n)`)

func repeat(line []byte) []byte {
	m := repeated.FindSubmatch(line)
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return line
	}
	return bytes.Repeat(m[2], n)
}

// sample reads a txtar archive as a tree and its comment as the findings that
// the tree must give, one a line.
func sample(t *testing.T, file string) (r *repo, want []string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fsys, names := fstest.MapFS{}, []string{}
	for _, f := range archive.Files {
		fsys[f.Name] = &fstest.MapFile{Data: repeated.ReplaceAllFunc(f.Data, repeat)}
		names = append(names, f.Name)
	}
	if r, err = newRepo(fsys, names); err != nil {
		t.Fatal(err)
	}
	return r, strings.Fields(string(archive.Comment))
}
