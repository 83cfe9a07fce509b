package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/network/control"
	"github.com/argosy-trade/argosy/network/doctor"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/topology"
)

func doctorCommand(s *settings) *cobra.Command {
	f := &startFlags{}
	cmd := &cobra.Command{
		Use: "doctor", Short: "Examine the machine: ports, disk, programs, addresses; print the remedies",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return examine(cmd, s, f) },
	}
	f.register(cmd)
	return cmd
}

func examine(cmd *cobra.Command, s *settings, f *startFlags) error {
	dir, err := s.absolute()
	if err != nil {
		return err
	}
	opts, err := f.options(dir)
	if err != nil {
		return err
	}
	o := doctor.Options{Dir: dir, Topology: opts.Topology, Programs: opts.Programs, Without: f.without}
	if o.Topology == nil {
		if o.Topology, err = topology.Default(); err != nil {
			return err
		}
	}
	if o.Programs.Argosy == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		o.Programs.Argosy = filepath.Dir(self)
	}
	o.Base = o.Topology.BasePort
	if opts.BasePort != nil {
		o.Base = *opts.BasePort
	}
	if d, err := native.ReadDescription(dir); err == nil {
		o.Base = d.BasePort
	}
	_, err = control.NewClient(dir).Status(cmd.Context())
	o.Running = err == nil
	return report(newScreen(cmd.OutOrStdout(), s.json()), doctor.Examine(cmd.Context(), o))
}

// report shows findings; errPrecondition if a start would fail.
func report(out *screen, findings []doctor.Finding) error {
	marks := map[doctor.Level]string{
		doctor.OK: out.paint(green, "✓"), doctor.Warning: out.paint(yellow, "!"), doctor.Problem: out.paint(red, "✗"),
	}
	var err error
	for _, f := range findings {
		out.note("%s %-10s %s", marks[f.Level], f.Name, f.Detail)
		if f.Remedy != "" {
			out.note("  %-10s → %s", "", f.Remedy)
		}
		if f.Level == doctor.Problem {
			err = errPrecondition
		}
	}
	if out.quiet {
		return errors.Join(out.json(findings), err)
	}
	return err
}
