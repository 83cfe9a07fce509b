package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/chip"
	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/socket"
)

func newKernelsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "kernels",
		Short: "List the kernels and run their self-tests",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "KERNEL\tSELF-TEST\tTIME")
			var failed error
			for _, name := range kernel.Names() {
				k, err := kernel.New(name)
				if err != nil {
					return err
				}
				start := time.Now()
				result := "passed"
				if err := engine.SelfTest(cmd.Context(), k); err != nil {
					result = err.Error()
					failed = errors.Join(failed, err)
				}
				if name == kernel.Default {
					name += " (default)"
				}
				_, _ = fmt.Fprintf(w, "%s\t%s\t%v\n", name, result, time.Since(start).Round(time.Microsecond))
			}
			start, result := time.Now(), "passed"
			if err := chipSelfTest(cmd.Context()); err != nil {
				result = err.Error()
				failed = errors.Join(failed, err)
			}
			_, _ = fmt.Fprintf(w, "chip on %s\t%s\t%v\n", kernel.Default, result, time.Since(start).Round(time.Microsecond))
			_, _ = fmt.Fprintf(w, "\nchip timing profiles: %s\n", strings.Join(timing.Names(), ", "))
			return errors.Join(failed, w.Flush())
		},
	}
}

// chipSelfTest runs the self-test through the cores of a chip with default
// settings.
func chipSelfTest(ctx context.Context) error {
	k, err := kernel.New(kernel.Default)
	if err != nil {
		return err
	}
	c, err := newChip(chip.Config{}, k, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		return err
	}
	return engine.SelfTest(ctx, c)
}

// statsTimeout is how long a service may take to answer: it only reads counters.
const statsTimeout = 5 * time.Second

func newStatsCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "stats --socket FILE",
		Short: "Print the counters of a running accelerator",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withConnection(cmd.Context(), path, func(ctx context.Context, conn *grpc.ClientConn) error {
				st, err := accelpb.NewAcceleratorClient(conn).Stats(ctx, &accelpb.StatsRequest{})
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				_, _ = fmt.Fprintf(w, "kernel %s, up %.0f s, %d keys registered, %d calls in flight\n\n",
					st.GetKernel(), st.GetUptimeSeconds(), st.GetRegisteredKeys(), st.GetCallsInFlight())
				_, _ = fmt.Fprintln(w, "OPERATION\tALGORITHM\tCALLS\tITEMS\tFALSE\tFAILED")
				for _, o := range st.GetOperations() {
					_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\n", o.GetOperation(), o.GetAlgorithm(),
						o.GetCalls(), o.GetItems(), o.GetVerdictsFalse(), o.GetFailedCalls())
				}
				printChip(w, st.GetChip())
				return w.Flush()
			})
		},
	}
	addSocketFlag(cmd, &path)
	return cmd
}

// printChip prints modelled times beside measured ones, and whose claim the
// model rests on.
func printChip(w io.Writer, c *accelpb.ChipStats) {
	if c == nil {
		return
	}
	_, _ = fmt.Fprintf(w, "\nchip: %d of %d cores in use, %.2g %% of the items judged, timing profile %s\n",
		c.GetCoresInUse(), c.GetCores(), 100*c.GetSampleShare(), c.GetProfile())
	if c.GetClaim() != "" {
		_, _ = fmt.Fprintf(w, "%s\n", c.GetClaim())
	}
	_, _ = fmt.Fprintln(w, "\nON THE CORES\tBATCHES\tITEMS\tMODEL s\tMODEL CORE s\tHOST s")
	for _, o := range c.GetOperations() {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%.6f\t%.6f\t%.6f\n", o.GetOperation(), o.GetBatches(), o.GetItems(),
			o.GetModelSeconds(), o.GetModelCoreSeconds(), o.GetHostSeconds())
	}
}

func addSocketFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "socket", "", "the accelerator's unix socket")
	_ = cmd.MarkFlagRequired("socket")
}

// withConnection calls f with a connection to the service at path and a context
// that ends in time.
func withConnection(
	ctx context.Context, path string, f func(context.Context, *grpc.ClientConn) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, statsTimeout)
	defer cancel()
	conn, err := connect(path)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return f(ctx, conn)
}

func connect(path string) (*grpc.ClientConn, error) {
	if err := socket.Check(path); err != nil {
		return nil, err
	}
	return grpc.NewClient("passthrough:///accelerator",
		grpc.WithTransportCredentials(insecure.NewCredentials()), // a unix socket of mode 0600
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}))
}
