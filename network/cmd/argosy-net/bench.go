package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/network/native"
)

// start is one measured start.
type start struct {
	FirstTransactions float64 `json:"firstTransactionsSeconds"` // committed through every organisation
	Ready             float64 `json:"readySeconds"`             // services included
}

// spread are the three numbers that a measurement is reported by.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

func spreadOf(starts []start, pick func(start) float64) spread {
	v := make([]float64, 0, len(starts))
	for _, s := range starts {
		v = append(v, pick(s))
	}
	slices.Sort(v)
	return spread{v[0], v[len(v)/2], v[len(v)-1]}
}

func benchCommand(s *settings) *cobra.Command {
	f := &startFlags{}
	var count int
	cmd := &cobra.Command{
		Use: "bench-up", Args: cobra.NoArgs,
		Short: "Measure starts from nothing to a committed transaction through every organisation",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if count < 1 {
				return fmt.Errorf("%w: --count is at least 1", errUsage)
			}
			return bench(cmd, s, f, count)
		},
	}
	f.register(cmd)
	cmd.Flags().IntVarP(&count, "count", "n", 5, "number of starts")
	return cmd
}

func bench(cmd *cobra.Command, s *settings, f *startFlags, count int) error {
	out := newScreen(cmd.OutOrStdout(), s.json())
	var starts []start
	for i := range count {
		m, err := measure(cmd.Context(), f)
		if err != nil {
			return err
		}
		starts = append(starts, m)
		out.note("start %d: first transactions %.2f s, ready %.2f s", i+1, m.FirstTransactions, m.Ready)
	}
	first := spreadOf(starts, func(m start) float64 { return m.FirstTransactions })
	ready := spreadOf(starts, func(m start) float64 { return m.Ready })
	if s.json() {
		return out.json(map[string]any{"starts": starts, "firstTransactions": first, "ready": ready})
	}
	out.note("first transactions, %d starts: min %.2f s, median %.2f s, max %.2f s", count, first.Min, first.Median,
		first.Max)
	out.note("ready, %d starts: min %.2f s, median %.2f s, max %.2f s", count, ready.Min, ready.Median, ready.Max)
	return nil
}

// measure makes a network in a directory of its own, on free ports unless a
// base port is given, and deletes it again.
func measure(ctx context.Context, f *startFlags) (start, error) {
	tmp, err := os.MkdirTemp("", "argosy-bench-")
	if err != nil {
		return start{}, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	opts, err := f.options(filepath.Join(tmp, "net"))
	if err != nil {
		return start{}, err
	}
	if opts.BasePort == nil {
		free := 0
		opts.BasePort = &free
	}
	n, err := native.Start(ctx, opts)
	if err != nil {
		return start{}, err
	}
	var first time.Duration
	st := n.Status(ctx)
	for _, step := range st.Steps {
		if step.Name == native.StepFirstTransactions {
			first = step.Total
		}
	}
	return start{first.Seconds(), st.TimeToReady.Seconds()}, n.Down(ctx)
}
