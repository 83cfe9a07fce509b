package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
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
			return errors.Join(failed, w.Flush())
		},
	}
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
			ctx, cancel := context.WithTimeout(cmd.Context(), statsTimeout)
			defer cancel()
			st, err := stats(ctx, path)
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
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&path, "socket", "", "the accelerator's unix socket")
	_ = cmd.MarkFlagRequired("socket")
	return cmd
}

func stats(ctx context.Context, path string) (*accelpb.StatsReply, error) {
	if err := socket.Check(path); err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient("passthrough:///accelerator",
		grpc.WithTransportCredentials(insecure.NewCredentials()), // a unix socket of mode 0600
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return accelpb.NewAcceleratorClient(conn).Stats(ctx, &accelpb.StatsRequest{})
}
