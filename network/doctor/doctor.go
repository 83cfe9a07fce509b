// Package doctor looks at a machine and says what a network would miss on it,
// each with the remedy.
//
// It changes nothing and starts nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/argosy-trade/argosy/network/fabricbuild"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/portcheck"
	"github.com/argosy-trade/argosy/network/topology"
)

// Level is how bad a finding is.
type Level string

// Levels of findings.
const (
	OK      Level = "ok"
	Warning Level = "warning" // works, perhaps not for long
	Problem Level = "problem" // a start would fail
)

// Finding is the result of one examination.
type Finding struct {
	Name   string `json:"name"`
	Level  Level  `json:"level"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// What a network needs.
const (
	// A new network takes 20 MB with SmartBFT, 500 MB with Raft, which
	// preallocates its log; the rest is for ledgers to grow.
	minFreeBytes  = 1 << 30
	goodFreeBytes = 5 << 30
	// Sixteen processes take some 700 MB; Go's collectors want air.
	minMemoryBytes = 2 << 30
	// A peer keeps some hundred files and sockets open, more under load.
	minFiles  = 1024
	goodFiles = 4096
)

// Options say what to examine for.
type Options struct {
	Dir      string // state directory
	Topology *topology.Topology
	Base     int  // first port, 0 for free ones
	Running  bool // the network runs, so its ports are its own
	Programs native.Programs
	Without  []string
}

// Examine examines the machine for a network.
func Examine(ctx context.Context, o Options) []Finding {
	return []Finding{
		system(), goVersion(ctx), fabricPrograms(ctx, o), argosyPrograms(o), address(), ports(o), disk(o.Dir),
		memory(), files(), directory(o.Dir), sockets(o.Dir),
	}
}

func system() Finding {
	f := Finding{Name: "system", Level: OK, Detail: runtime.GOOS + "/" + runtime.GOARCH}
	if runtime.GOOS != "linux" {
		f.Level = Warning
		f.Remedy = "tested on Linux; elsewhere processes survive a supervisor that is killed"
	}
	return f
}

func goVersion(ctx context.Context) Finding {
	f := Finding{Name: "go", Level: OK}
	out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if f.Detail = strings.TrimSpace(string(out)); err != nil {
		f.Level, f.Detail = Warning, "there is no go command"
		f.Remedy = "install Go 1.26 or later (go.dev/dl) to build programs; running needs none"
	}
	return f
}

func fabricPrograms(ctx context.Context, o Options) Finding {
	f := Finding{Name: "fabric", Level: Problem}
	dir := o.Programs.Fabric
	if dir == "" {
		var err error
		if dir, err = fabricbuild.Find(o.Programs.Argosy); err != nil {
			f.Detail, f.Remedy = "peer and orderer are not built", "argosy-net fabric build (or make fabric)"
			return f
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "peer"), "version").Output()
	if err != nil {
		f.Detail, f.Remedy = "peer does not run: "+err.Error(), "build it again: delete "+dir+", argosy-net fabric build"
		return f
	}
	f.Level, f.Detail = OK, fabricbuild.Version+" in "+dir
	if !strings.Contains(string(out), "Version: "+fabricbuild.Version+"\n") {
		f.Level, f.Detail = Warning, "another version than "+fabricbuild.Version+" in "+dir
		f.Remedy = "argosy-net fabric build"
	}
	return f
}

func argosyPrograms(o Options) Finding {
	f := Finding{Name: "programs", Level: OK, Detail: o.Programs.Argosy}
	_, err := o.Programs.Resolve(o.Topology, o.Without)
	var missing *native.MissingProgramError
	if errors.As(err, &missing) {
		f.Level, f.Detail, f.Remedy = Problem, strings.Join(missing.Problems, "; "), "make build fabric"
	}
	return f
}

func address() Finding {
	f := Finding{Name: "address", Level: OK, Detail: "an IPv4 address beside loopback"}
	ok, err := portcheck.HasRoutableIPv4()
	switch {
	case err != nil:
		f.Level, f.Detail = Warning, err.Error()
	case !ok:
		f.Level = Problem
		f.Detail = "loopback only: Fabric's peer refuses to start without another IPv4 address"
		f.Remedy = portcheck.LoopbackRemedy
	}
	return f
}

func ports(o Options) Finding {
	f := Finding{Name: "ports", Level: OK}
	switch {
	case o.Running:
		f.Detail = "held by the running network"
	case o.Base == 0:
		f.Detail = "free ports are chosen at the start"
	default:
		uses := o.Topology.PortUses(o.Base)
		f.Detail = fmt.Sprintf("%d ports from %d to %d are free", len(uses), uses[0].Port, uses[len(uses)-1].Port)
		var clash *portcheck.ClashError
		if errors.As(portcheck.Check("127.0.0.1", uses), &clash) {
			f.Level, f.Detail = Problem, strings.Join(clash.Lines(), "; ")
			f.Remedy = "stop the holder, or argosy-net up --base-port N (0 takes free ports)"
		}
	}
	return f
}

// parent is the nearest directory that exists.
func parent(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func disk(dir string) Finding {
	f := Finding{Name: "disk", Level: OK}
	var st syscall.Statfs_t
	if err := syscall.Statfs(parent(dir), &st); err != nil {
		f.Level, f.Detail = Warning, err.Error()
		return f
	}
	free := st.Bavail * uint64(st.Bsize) //nolint:gosec // a block size is positive, its type differs by system
	f.Detail = fmt.Sprintf("%d MB free", free>>20)
	switch {
	case free < minFreeBytes:
		f.Level, f.Remedy = Problem, fmt.Sprintf("free %d MB, or name another disk with --dir", minFreeBytes>>20)
	case free < goodFreeBytes:
		f.Level, f.Remedy = Warning, "a ledger grows by some 4 KB for each transaction and organisation"
	}
	return f
}

func memory() Finding {
	f := Finding{Name: "memory", Level: OK, Detail: "unknown on this system"}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return f
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if n, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kb); err == nil && n == 1 {
			f.Detail = fmt.Sprintf("%d MB available", kb>>10)
			if kb<<10 < minMemoryBytes {
				f.Level, f.Remedy = Warning, fmt.Sprintf("the default network wants %d MB", minMemoryBytes>>20)
			}
		}
	}
	return f
}

func files() Finding {
	f := Finding{Name: "files", Level: OK}
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		f.Level, f.Detail = Warning, err.Error()
		return f
	}
	f.Detail = fmt.Sprintf("%d open files a process", lim.Cur)
	switch {
	case lim.Cur < minFiles:
		f.Level, f.Remedy = Problem, fmt.Sprintf("ulimit -n %d", goodFiles)
	case lim.Cur < goodFiles:
		f.Level, f.Remedy = Warning, fmt.Sprintf("ulimit -n %d for load", goodFiles)
	}
	return f
}

func directory(dir string) Finding {
	f := Finding{Name: "directory", Level: OK, Detail: dir}
	if ours, err := native.Ours(dir); err != nil || !ours {
		f.Level, f.Detail = Problem, dir+" holds other files than a network's"
		f.Remedy = "name an empty directory with --dir"
		return f
	}
	probe, err := os.CreateTemp(parent(dir), ".argosy-doctor-")
	if err != nil {
		f.Level, f.Detail, f.Remedy = Problem, err.Error(), "name a directory that you may write with --dir"
		return f
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		f.Level, f.Detail = Warning, err.Error()
	}
	return f
}

func sockets(dir string) Finding {
	f := Finding{Name: "sockets", Level: OK, Detail: native.SocketDir(dir)}
	if !strings.HasPrefix(f.Detail, dir) {
		f.Detail += ": the state directory is too deep for unix sockets, whose paths end at 108 bytes"
	}
	return f
}
