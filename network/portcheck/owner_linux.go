package portcheck

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxCommandLine is as much of a holder's command line as is shown.
const maxCommandLine = 120

// owner finds the process that listens on a port.
func owner(port int) Holder {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		for _, i := range listenInodes(table, port) {
			inodes["socket:["+i+"]"] = true
		}
	}
	if len(inodes) == 0 {
		return Holder{}
	}
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return Holder{}
	}
	for _, l := range links {
		target, err := os.Readlink(l)
		if err != nil || !inodes[target] {
			continue
		}
		number := strings.Split(l, "/")[2]
		pid, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		return Holder{pid, commandLine(number), networkOf(number)}
	}
	return Holder{}
}

// networkOf finds the state directory of a network that a process belongs to:
// its processes work in DIR/nodes/NAME.
func networkOf(pid string) string {
	cwd, err := os.Readlink("/proc/" + pid + "/cwd")
	if err != nil {
		return ""
	}
	dir := filepath.Dir(filepath.Dir(cwd))
	if filepath.Base(filepath.Dir(cwd)) != "nodes" {
		return ""
	}
	if _, err := os.Stat(filepath.Join(dir, "network.json")); err != nil {
		return ""
	}
	return dir
}

// stateListen is the state of listening sockets in /proc/net/tcp.
const stateListen = "0A"

func listenInodes(table string, port int) []string {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	suffix := fmt.Sprintf(":%04X", port)
	var inodes []string
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) > 9 && strings.HasSuffix(fields[1], suffix) && fields[3] == stateListen {
			inodes = append(inodes, fields[9])
		}
	}
	return inodes
}

func commandLine(pid string) string {
	text, err := os.ReadFile("/proc/" + pid + "/cmdline")
	if err != nil {
		return "?"
	}
	line := string(bytes.TrimSpace(bytes.ReplaceAll(text, []byte{0}, []byte{' '})))
	if len(line) > maxCommandLine {
		line = line[:maxCommandLine] + "…"
	}
	return line
}
