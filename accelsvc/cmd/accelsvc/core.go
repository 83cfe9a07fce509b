package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/chip"
)

func newCoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "core",
		Short: "See and change the logical cores of a running accelerator's chip",
	}
	cmd.AddCommand(newCoreListCommand(), newCoreThrottleCommand(), newCoreFaultCommand(),
		newCoreChangeCommand("fence", "Take cores out of use; their jobs go elsewhere",
			&accelpb.SetCoresRequest{Change: &accelpb.SetCoresRequest_Fence{Fence: &accelpb.Fence{}}}),
		newCoreChangeCommand("release", "Take cores into use at full speed and mend their faults",
			&accelpb.SetCoresRequest{Change: &accelpb.SetCoresRequest_Release{Release: &accelpb.Release{}}}))
	return cmd
}

func newCoreListCommand() *cobra.Command {
	var path string
	var all bool
	cmd := &cobra.Command{
		Use:   "list --socket FILE",
		Short: "List the cores that are fenced, throttled or faulty, and the sum over all",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withConnection(cmd.Context(), path, func(ctx context.Context, conn *grpc.ClientConn) error {
				reply, err := accelpb.NewChipAdminClient(conn).ListCores(ctx, &accelpb.ListCoresRequest{})
				if err != nil {
					return explain(err)
				}
				return printCores(cmd.OutOrStdout(), reply.GetCores(), all)
			})
		},
	}
	addSocketFlag(cmd, &path)
	cmd.Flags().BoolVar(&all, "all", false, "list every core")
	return cmd
}

func printCores(out io.Writer, cores []*accelpb.Core, all bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "CORE\tFENCE\tSLOWDOWN\tFAULT\tQUEUED\tJOBS\tITEMS\tJUDGED\tLIES\tTIMEOUTS")
	line := func(name string, k *accelpb.Core) {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n", name, k.GetFence(), k.GetSlowdown(),
			chip.Mode(k.GetFault()), k.GetQueued(), k.GetJobs(), k.GetItems(), //nolint:gosec // G115: below 4
			k.GetJudged(), k.GetLies(), k.GetTimeouts())
	}
	sum := &accelpb.Core{Slowdown: 1}
	inUse := 0
	for _, k := range cores {
		if k.GetFence() == chip.NotFenced.String() {
			inUse++
		}
		sum.Queued += k.GetQueued()
		sum.Jobs += k.GetJobs()
		sum.Items += k.GetItems()
		sum.Judged += k.GetJudged()
		sum.Lies += k.GetLies()
		sum.Timeouts += k.GetTimeouts()
		if all || k.GetFence() != chip.NotFenced.String() || k.GetSlowdown() != 1 || k.GetFault() != 0 {
			line(strconv.Itoa(int(k.GetId())), k)
		}
	}
	sum.Fence = fmt.Sprintf("%d in use", inUse)
	line(fmt.Sprintf("all %d", len(cores)), sum)
	return w.Flush()
}

// newCoreChangeCommand returns a command that sends change for the cores named.
func newCoreChangeCommand(name, short string, change *accelpb.SetCoresRequest) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   name + " --socket FILE CORE...",
		Short: short,
		Long:  short + ".\n\nA CORE is a number or a range such as 3-7.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if change.Ids, err = parseCores(args); err != nil {
				return err
			}
			return withConnection(cmd.Context(), path, func(ctx context.Context, conn *grpc.ClientConn) error {
				_, err := accelpb.NewChipAdminClient(conn).SetCores(ctx, change)
				return explain(err)
			})
		},
	}
	addSocketFlag(cmd, &path)
	return cmd
}

// errNoChip is what a service without a chip amounts to.
var errNoChip = errors.New("the service runs without a chip; give its configuration a section chip")

func explain(err error) error {
	if status.Code(err) == codes.Unimplemented {
		return errNoChip
	}
	return err
}

func newCoreThrottleCommand() *cobra.Command {
	change := &accelpb.SetCoresRequest_Slowdown{}
	cmd := newCoreChangeCommand("throttle", "Make cores slower", &accelpb.SetCoresRequest{Change: change})
	cmd.Flags().Uint32Var(&change.Slowdown, "slowdown", 2, "how many times slower, 1 to 1000; 1 = full speed")
	return cmd
}

func newCoreFaultCommand() *cobra.Command {
	change := &accelpb.SetCoresRequest_Fault{Fault: &accelpb.Fault{}}
	cmd := newCoreChangeCommand("fault", "Make cores misbehave, to see that no answer changes",
		&accelpb.SetCoresRequest{Change: change})
	var mode string
	cmd.Flags().StringVar(&mode, "mode", "", "wrong (answers), stall (takes a job for ever), dead (takes none) or none")
	cmd.Flags().Uint32Var(&change.Fault.Every, "every", 1, "with wrong: spoil every n-th item of a job")
	_ = cmd.MarkFlagRequired("mode")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		for m := chip.Sound; m <= chip.Dead; m++ {
			if m.String() == mode {
				change.Fault.Mode = accelpb.FaultMode(m)
				return nil
			}
		}
		return fmt.Errorf("mode %q: use wrong, stall, dead or none", mode)
	}
	return cmd
}

// errCores reports arguments that are no cores.
var errCores = errors.New("use core numbers or ranges such as 3-7")

// parseCores reads numbers and ranges; which cores there are is the service's to
// say.
func parseCores(args []string) ([]uint32, error) {
	var ids []uint32
	for _, arg := range args {
		from, to, isRange := strings.Cut(arg, "-")
		lo, err := strconv.ParseUint(from, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("core %q: %w", arg, errCores)
		}
		hi := lo
		if isRange {
			if hi, err = strconv.ParseUint(to, 10, 16); err != nil || hi < lo {
				return nil, fmt.Errorf("core %q: %w", arg, errCores)
			}
		}
		for id := lo; id <= hi; id++ {
			ids = append(ids, uint32(id))
		}
	}
	return ids, nil
}
