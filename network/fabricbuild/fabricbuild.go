// Package fabricbuild builds Fabric's peer and orderer from their Go module,
// once for each version, and finds what was built.
//
// The nested module network/fabric pins the source; nothing but Go modules is
// downloaded. It refuses to call a directory built whose stamp does not match
// the pinned source, the flags and the Go version.
package fabricbuild

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// The version that network/fabric/go.mod pins; the programs report it.
const (
	Version = "3.1.1"
	Commit  = "435a7f1a"
	module  = "github.com/hyperledger/fabric"
)

// ldflags strip the programs (32 and 27 MB instead of 46 and 39) and make
// `peer version` tell the truth: without the two settings it says
// "latest, development build".
const ldflags = "-s -w -X " + module + "/common/metadata.Version=" + Version +
	" -X " + module + "/common/metadata.CommitSHA=" + Commit

// programs that the tool lines of the nested module build.
var programs = []string{"peer", "orderer"}

const (
	stampFile = "stamp"
	dirMode   = 0o755
	fileMode  = 0o644
	// EnvironmentDir names the environment variable that points to ready-made
	// peer and orderer programs.
	EnvironmentDir = "ARGOSY_FABRIC_BIN"
)

// ErrNotBuilt says that there are no Fabric programs.
var ErrNotBuilt = errors.New("the Fabric programs are not built; run: argosy-net fabric build (or make fabric)")

// Find returns the directory with peer and orderer: that of the environment
// variable ARGOSY_FABRIC_BIN, ../fabric/VERSION beside a directory of programs,
// or that directory itself.
func Find(binDir string) (string, error) {
	if dir := os.Getenv(EnvironmentDir); dir != "" {
		if !complete(dir) {
			return "", fmt.Errorf("%w; %s names %s, where they are not", ErrNotBuilt, EnvironmentDir, dir)
		}
		return filepath.Abs(dir)
	}
	candidates := []string{filepath.Join(filepath.Dir(binDir), "fabric", Version), binDir}
	if root, err := Root("."); err == nil {
		candidates = append(candidates, filepath.Join(root, "build", "fabric", Version))
	}
	for _, dir := range candidates {
		if complete(dir) {
			return filepath.Abs(dir)
		}
	}
	return "", ErrNotBuilt
}

func complete(dir string) bool {
	for _, p := range programs {
		info, err := os.Stat(filepath.Join(dir, p))
		if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// Root finds the repository: the nearest directory from dir upwards that holds
// network/fabric/go.mod.
func Root(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "network", "fabric", "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("network/fabric/go.mod is not found here or above; run this within the repository")
		}
		dir = parent
	}
}

// Progress is told what a build is doing; done and total count packages, total
// is 0 while it is unknown.
type Progress func(elapsed time.Duration, doing string, done, total int)

// Build builds the programs of the repository at root into its
// build/fabric/VERSION unless they are there already; built says whether it had
// to.
func Build(ctx context.Context, root string, progress Progress) (dir string, built bool, err error) {
	dir = filepath.Join(root, "build", "fabric", Version)
	source := filepath.Join(root, "network", "fabric")
	stamp, err := stampOf(ctx, source)
	if err != nil {
		return "", false, err
	}
	if old, err := os.ReadFile(filepath.Join(dir, stampFile)); err == nil && string(old) == stamp && complete(dir) {
		return dir, false, nil
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return "", false, err
	}
	b := builder{ctx: ctx, source: source, began: time.Now(), progress: progress}
	if err := b.count(); err != nil {
		return "", false, err
	}
	if err := b.build(dir); err != nil {
		return "", false, err
	}
	return dir, true, os.WriteFile(filepath.Join(dir, stampFile), []byte(stamp), fileMode)
}

// stampOf digests everything that the programs depend on.
func stampOf(ctx context.Context, source string) (string, error) {
	h := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return "", err
		}
		if name == "go.mod" && !bytes.Contains(text, []byte("-"+Commit)) {
			return "", fmt.Errorf("%s does not pin commit %s of version %s", filepath.Join(source, name), Commit, Version)
		}
		h.Write(text)
	}
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOAMD64")
	cmd.Dir = source
	version, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go is needed to build Fabric: %w", err)
	}
	_, _ = fmt.Fprintf(h, "%s %s %s %s", version, runtime.GOOS, runtime.GOARCH, ldflags)
	return hex.EncodeToString(h.Sum(nil)) + "\n", nil
}

type builder struct {
	ctx      context.Context
	source   string
	began    time.Time
	progress Progress
	total    int
	done     atomic.Int64
}

func (b *builder) report(doing string) {
	if b.progress != nil {
		b.progress(time.Since(b.began).Round(time.Second), doing, int(b.done.Load()), b.total)
	}
}

// count finds out how many packages there are, which downloads their modules.
func (b *builder) count() error {
	b.report("resolving modules")
	var packages bytes.Buffer
	err := b.run(&packages, func(line string) { b.report(strings.TrimPrefix(line, "go: ")) },
		"list", "-deps", "-f", "{{.ImportPath}}", "tool")
	if err != nil {
		return fmt.Errorf("modules of Fabric: %w", err)
	}
	b.total = bytes.Count(packages.Bytes(), []byte("\n"))
	return nil
}

// build compiles; packages that Go has compiled before count as nothing, so the
// count may end short of the total.
func (b *builder) build(dir string) error {
	b.report("compiling")
	err := b.run(io.Discard, func(line string) {
		b.done.Add(1)
		b.report("compiling " + line)
	}, "build", "-v", "-trimpath", "-ldflags", ldflags, "-o", dir+string(filepath.Separator), "tool")
	if err != nil {
		return fmt.Errorf("build Fabric: %w", err)
	}
	return nil
}

// maxErrorLines of the go command's output are shown when it fails.
const maxErrorLines = 20

// run runs the go command in the nested module; each line of its standard error
// goes to line.
func (b *builder) run(stdout io.Writer, line func(string), args ...string) error {
	cmd := exec.CommandContext(b.ctx, "go", args...)
	cmd.Dir = b.source
	// Static programs without C: they run on any Linux and in an empty image.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	cmd.Stdout = stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var last []string
	for s := bufio.NewScanner(stderr); s.Scan(); {
		last = append(last, s.Text())
		last = last[max(0, len(last)-maxErrorLines):]
		line(s.Text())
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, strings.Join(last, "\n"))
	}
	return nil
}
