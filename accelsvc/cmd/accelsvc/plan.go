package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/plan"
)

func newPlanCommand() *cobra.Command {
	var o plan.Options
	var profile, op, output, picture string
	l := &o.Load
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Say how many chips and cores a load needs, by simulation",
		Long: `Say how many accelerator chips each endorser needs for a yearly number of
invoices, by discrete-event simulation of the chip's timing model. The result is
as good as the profile: "kernels" extrapolates measurements of one core, "claim"
is a public claim that nobody has measured. Time on the network, in the service
and on the ledger is not in it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("output %q: use text or json", output)
			}
			var err error
			if o.Profile, err = timing.Load(profile); err != nil {
				return err
			}
			l.Op = timing.Op(op)
			p, err := plan.Make(o)
			if err != nil {
				return err
			}
			if picture != "" {
				if err := writeFile(picture, p.WriteSVG); err != nil {
					return err
				}
			}
			if output == "text" {
				return p.WriteText(cmd.OutOrStdout())
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(p)
		},
	}
	f := cmd.Flags()
	f.Float64Var(&l.InvoicesPerYear, "invoices", 5e10, "invoices a year")
	f.Float64Var(&l.HoursPerYear, "hours", 2500, "hours a year in which they are issued")
	f.Float64Var(&l.PeakFactor, "peak", 3, "busiest time over the average of those hours")
	f.Float64Var(&l.Signatures, "signatures", 1, "signatures to verify for each invoice")
	f.IntVar(&l.Endorsers, "endorsers", 4, "organisations that verify everything, each on chips of its own")
	f.IntVar(&l.Batch, "batch", 1000, "signatures in one batch")
	f.DurationVar(&l.Target, "target", 50*time.Millisecond, "99th percentile of a batch's latency")
	f.Float64Var(&l.MaxUtilisation, "utilisation", 0.8, "highest planned share of a chip's capacity")
	f.StringVar(&op, "op", string(timing.SM2Verify), "sm2_verify, sm2_verify_cold or p256_verify")
	f.StringVar(&profile, "profile", timing.Default, "timing profile: kernels, claim or a file")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the simulation")
	f.IntVar(&o.Batches, "batches", 0, "batches simulated for each point; 0 = 5,000")
	f.StringVar(&output, "output", "text", "text or json")
	f.StringVar(&picture, "plot", "", "also write the plot to this SVG file")
	return cmd
}

// writeFile creates or replaces the file at path.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
