package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/network/control"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/process"
)

func statusCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the network and each of its processes", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := s.absolute()
			if err != nil {
				return err
			}
			out := newScreen(cmd.OutOrStdout(), s.json())
			st, err := control.NewClient(dir).Status(cmd.Context())
			if errors.Is(err, native.ErrNotRunning) && s.json() {
				desc, derr := native.ReadDescription(dir)
				if derr != nil && !errors.Is(derr, native.ErrNoNetwork) {
					return derr
				}
				jerr := out.json(native.Status{Dir: dir, Network: desc, Processes: []native.ProcessStatus{}})
				return errors.Join(err, jerr)
			}
			if err != nil {
				return err
			}
			return showStatus(out, st)
		},
	}
}

func actionCommand(s *settings, action control.Action) *cobra.Command {
	short := map[control.Action]string{
		control.StartAction:   "Start a stopped process and wait until it is ready",
		control.StopAction:    "Stop a process; it stays down until it is started",
		control.RestartAction: "Restart a process and wait until it is ready",
	}[action]
	return &cobra.Command{
		Use: string(action) + " NAME", Short: short, Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := s.absolute()
			if err != nil {
				return err
			}
			began := time.Now()
			if err := control.NewClient(dir).Do(cmd.Context(), action, args[0]); err != nil {
				return err
			}
			newScreen(cmd.OutOrStdout(), s.json()).note("%s %s: done after %s", action, args[0], seconds(time.Since(began)))
			return nil
		},
	}
}

func oneName(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: name one process; argosy-net status lists them", errUsage)
	}
	return nil
}

func logsCommand(s *settings) *cobra.Command {
	var follow bool
	var lines int
	cmd := &cobra.Command{
		Use: "logs [-f] [NAME]", Short: "Show the end of a process's log; without NAME list the logs",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := s.absolute()
			if err != nil {
				return err
			}
			names, err := logNames(dir)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), strings.Join(names, "\n"))
				return nil
			}
			if !slices.Contains(names, args[0]) {
				return fmt.Errorf("%w: no log of %s; there are: %s", errUsage, args[0], strings.Join(names, ", "))
			}
			path := filepath.Join(dir, "logs", args[0]+".log")
			if args[0] == supervisorName {
				path = filepath.Join(dir, native.SupervisorLog)
			}
			if text := process.Tail(path, lines); text != "" {
				fmt.Fprintln(cmd.OutOrStdout(), text)
			}
			if follow {
				return followLog(cmd.Context(), path, cmd.OutOrStdout())
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is added, until Ctrl-C")
	cmd.Flags().IntVarP(&lines, "lines", "n", 100, "lines to show")
	return cmd
}

// supervisorName is the name of the supervisor's own log.
const supervisorName = "supervisor"

func logNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "logs"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", native.ErrNoNetwork, dir)
	}
	if err != nil {
		return nil, err
	}
	names := []string{supervisorName}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".log"); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// followInterval is how often a followed log is looked at.
const followInterval = 200 * time.Millisecond

// followLog writes what is added to a log, also after it has turned over.
func followLog(ctx context.Context, path string, w io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	tick := time.NewTicker(followInterval)
	defer tick.Stop()
	for {
		if _, err := io.Copy(w, f); err != nil {
			return err
		}
		if now, err := os.Stat(path); err == nil {
			if old, err := f.Stat(); err == nil && !os.SameFile(now, old) {
				next, err := os.Open(path)
				if err != nil {
					return err
				}
				_ = f.Close()
				f = next
				continue
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func resetCommand(s *settings) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "reset", Short: "Delete the network with its keys and ledgers (asks first)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := s.absolute()
			if err != nil {
				return err
			}
			out := newScreen(cmd.OutOrStdout(), s.json())
			if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
				out.note("there is no network in %s", s.dir)
				return nil
			}
			if !yes && !confirmed(cmd, dir) {
				return fmt.Errorf("%w: nothing is deleted; answer yes, or give --yes", errUsage)
			}
			if err := down(cmd.Context(), dir, newScreen(io.Discard, true)); err != nil {
				return err
			}
			if err := native.Reset(dir); err != nil {
				return err
			}
			out.note("deleted %s", s.dir)
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func confirmed(cmd *cobra.Command, dir string) bool {
	fmt.Fprintf(cmd.ErrOrStderr(), "Delete all keys and ledgers in %s? [yes/no] ", dir)
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return strings.EqualFold(strings.TrimSpace(line), "yes")
}
