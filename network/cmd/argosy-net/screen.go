package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/argosy-trade/argosy/network/native"
)

// screen writes for people: a live step list on a terminal, plain lines
// elsewhere, nothing but JSON when that is wanted.
type screen struct {
	w        io.Writer
	quiet    bool // JSON is wanted: only json writes
	terminal bool
	colour   bool
	width    int
	running  []string
}

func newScreen(w io.Writer, quiet bool) *screen {
	s := &screen{w: w, quiet: quiet}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		s.terminal = true
		s.colour = os.Getenv("NO_COLOR") == "" // see no-color.org
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.width = width
		}
	}
	return s
}

// Colours of the standard palette, readable on dark and light grounds.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
	dim    = "2"
)

func (s *screen) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// note writes a line.
func (s *screen) note(format string, a ...any) {
	if s.quiet {
		return
	}
	s.clear()
	fmt.Fprintf(s.w, format+"\n", a...)
}

// clear removes the line that says what is running.
func (s *screen) clear() {
	if s.terminal && !s.quiet {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
}

// step shows a step that begins or ends. Steps of different organisations
// overlap, so what is running is one line that changes.
func (s *screen) step(st native.Step) {
	if s.quiet {
		return
	}
	if st.State == native.StepRunning {
		s.running = append(s.running, st.Name)
	} else {
		s.running = slices.DeleteFunc(s.running, func(name string) bool { return name == st.Name })
		mark := s.paint(green, "✓")
		if st.State == native.StepFailed {
			mark = s.paint(red, "✗")
		}
		s.note("%s %-48s %8s %s", mark, st.Name, seconds(st.Elapsed), s.paint(dim, "at "+seconds(st.Total)))
		if st.Name == native.StepServices && st.Detail != "" {
			s.note("  %s", st.Detail) // other failed steps end the start, whose error says the same
		}
	}
	if s.terminal && len(s.running) > 0 {
		s.clear()
		line := []rune("… " + strings.Join(s.running, ", "))
		if s.width > 0 && len(line) >= s.width {
			line = append(line[:s.width-2], '…')
		}
		fmt.Fprint(s.w, s.paint(dim, string(line)))
	}
}

// seconds writes a duration as people read it.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// json writes v.
func (s *screen) json(v any) error {
	enc := json.NewEncoder(s.w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// showStatus writes a status; errUnhealthy if not all is in order.
func showStatus(s *screen, st *native.Status) error {
	if s.quiet {
		if err := s.json(st); err != nil {
			return err
		}
	} else if err := s.table(st); err != nil {
		return err
	}
	if !st.Healthy {
		return errUnhealthy
	}
	return nil
}

func (s *screen) table(st *native.Status) error {
	w := tabwriter.NewWriter(s.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROCESS\tPID\tMEMORY\tUP\tRESTARTS\tSTATE")
	var total int64
	bad := 0
	for _, p := range st.Processes {
		state := s.paint(green, "ok")
		if !p.Healthy {
			state = s.paint(red, p.Problem)
			bad++
		}
		total += p.Memory
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", p.Name, pid(p.PID), megabytes(p.Memory),
			time.Since(p.Since).Round(time.Second), p.Restarts, state)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	d := st.Network
	if d == nil {
		return nil
	}
	verdict := s.paint(green, "all in order")
	switch {
	case !st.Ready:
		verdict = s.paint(yellow, "starting")
	case bad > 0:
		verdict = s.paint(red, fmt.Sprintf("%d of %d processes are not in order", bad, len(st.Processes)))
	}
	s.note("network %s, channel %s, %s, ports from %d, %s in %d processes: %s",
		d.Name, d.Channel, d.Consensus, d.BasePort, megabytes(total), len(st.Processes), verdict)
	s.note("%s", s.paint(dim, "profiles: "+st.Dir+"/profiles  logs: "+st.Dir+"/logs"))
	return nil
}

func pid(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func megabytes(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%d MB", n>>20)
}
