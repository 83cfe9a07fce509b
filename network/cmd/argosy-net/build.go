package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/argosy-trade/argosy/network"
	"github.com/argosy-trade/argosy/network/fabricbuild"
	"github.com/argosy-trade/argosy/network/topology"
)

func fabricCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "fabric", Short: "Build Fabric's peer and orderer"}
	var source string
	build := &cobra.Command{
		Use: "build", Short: "Build peer and orderer from their Go module, once for each version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := fabricbuild.Root(source)
			if err != nil {
				return err
			}
			began := time.Now()
			p := newProgress(cmd.ErrOrStderr())
			dir, built, err := fabricbuild.Build(cmd.Context(), root, p.show)
			p.end()
			if err != nil {
				return err
			}
			if s.json() {
				return newScreen(cmd.OutOrStdout(), true).json(map[string]any{
					"version": fabricbuild.Version, "directory": dir, "built": built, "seconds": time.Since(began).Seconds(),
				})
			}
			if built {
				fmt.Fprintf(cmd.OutOrStdout(), "built Fabric %s in %s: %s\n", fabricbuild.Version,
					seconds(time.Since(began)), dir)
			} else {
				fmt.Fprintf(cmd.OutOrStdout(), "Fabric %s is built: %s\n", fabricbuild.Version, dir)
			}
			return nil
		},
	}
	build.Flags().StringVar(&source, "source", ".", "a directory within the repository")
	cmd.AddCommand(build)
	return cmd
}

// progress shows a build: one line that changes on a terminal, a line every few
// seconds elsewhere.
type progress struct {
	out  *screen
	last time.Duration
}

// progressEvery separates two lines where lines stay.
const progressEvery = 5 * time.Second

func newProgress(w io.Writer) *progress {
	return &progress{out: newScreen(w, false), last: -progressEvery}
}

func (p *progress) show(elapsed time.Duration, doing string, done, total int) {
	count := ""
	if total > 0 {
		count = fmt.Sprintf(" %d of at most %d packages,", done, total)
	}
	line := fmt.Sprintf("Fabric %s: %3.0f s,%s %s", fabricbuild.Version, elapsed.Seconds(), count, doing)
	if p.out.terminal {
		if r := []rune(line); p.out.width > 0 && len(r) >= p.out.width {
			line = string(r[:p.out.width-1])
		}
		p.out.clear()
		fmt.Fprint(p.out.w, line)
		return
	}
	if elapsed-p.last >= progressEvery {
		p.last = elapsed
		fmt.Fprintln(p.out.w, line)
	}
}

func (p *progress) end() { p.out.clear() }

func topologyCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "topology", Short: "Print or check topology files"}
	cmd.AddCommand(&cobra.Command{
		Use: "print", Short: "Print the built-in topology, which documents every field", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !s.json() {
				_, err := cmd.OutOrStdout().Write(network.DefaultTopology)
				return err
			}
			var v any
			if err := yaml.Unmarshal(network.DefaultTopology, &v); err != nil {
				return err
			}
			return newScreen(cmd.OutOrStdout(), true).json(v)
		},
	}, &cobra.Command{
		Use: "validate FILE", Short: "Check a topology file and print its port plan", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := topology.Load(args[0])
			if err != nil {
				return err
			}
			uses := t.PortUses(t.BasePort)
			if s.json() {
				return newScreen(cmd.OutOrStdout(), true).json(map[string]any{"valid": true, "ports": uses})
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s is usable: %d organisations, %s\n", args[0], len(t.Organisations), t.Ordering.Consensus)
			for _, u := range uses {
				fmt.Fprintf(&b, "%6d  %s\n", u.Port, u.Name)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), b.String())
			return err
		},
	})
	return cmd
}
