package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/argosy-trade/argosy/accelsvc/accelpb"
	"github.com/argosy-trade/argosy/accelsvc/chip"
	"github.com/argosy-trade/argosy/accelsvc/conform"
	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/wire"
)

// checkOptions are the flags of the command.
type checkOptions struct {
	socket  string
	kernels []string
	output  string
	timeout time.Duration
}

// callTimeout is how long the service may take for one batch of at most 4,096
// signatures; the slowest kernel needs some seconds.
const callTimeout = time.Minute

func newCheckCommand() *cobra.Command {
	o := checkOptions{timeout: callTimeout}
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Run signature vector files through every kernel and the running service",
		Long: `Run signature vector files in Wycheproof's JSON schema through every kernel, the
emulated chip and, with --socket, the running service; print one line for each
case whose verdict is not the file's, and a summary. ECDSA on P-256 with SHA-256
(DER and r || s) and, in the same shape with a user id, SM2 with SM3 are read.

The exit status is 0 only if no verdict differs.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.output != "text" && o.output != "json" {
				return fmt.Errorf("output %q: use text or json", o.output)
			}
			return check(cmd.Context(), o, args, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&o.socket, "socket", "", "unix socket of a running accelerator to check, too")
	cmd.Flags().StringSliceVar(&o.kernels, "kernel", kernel.Names(), "kernels to check")
	cmd.Flags().StringVar(&o.output, "output", "text", "text or json")
	return cmd
}

// errDiffer makes the exit status 1.
var errDiffer = errors.New("verdicts differ from the files'")

func check(ctx context.Context, o checkOptions, names []string, out io.Writer) error {
	paths, closePaths, err := checkPaths(o)
	if err != nil {
		return err
	}
	defer closePaths()
	var reports []*conform.Report
	differing := 0
	for _, name := range names {
		f, err := conform.Read(name)
		if err != nil {
			return err
		}
		for _, p := range paths {
			for _, s := range conform.Shapes() {
				r, err := conform.Check(ctx, f, p, s)
				if err != nil {
					return err
				}
				differing += len(r.Differ)
				reports = append(reports, r)
			}
		}
	}
	show := printReports
	if o.output == "json" {
		show = printReportsJSON
	}
	if err := show(out, reports); err != nil {
		return err
	}
	if differing > 0 {
		return fmt.Errorf("%w: %d times", errDiffer, differing)
	}
	return nil
}

// checkPaths returns every way to verify: the kernels, the chip on the default
// kernel and, if a socket is given, the service behind it.
func checkPaths(o checkOptions) (paths []conform.Path, closePaths func(), err error) {
	closePaths = func() {}
	for _, name := range o.kernels {
		k, err := kernel.New(name)
		if err != nil {
			return nil, nil, err
		}
		paths = append(paths, conform.Path{Name: "kernel:" + name, Verify: engine.New(k).Verify})
	}
	k, err := kernel.New(kernel.Default)
	if err != nil {
		return nil, nil, err
	}
	// Everything goes to the cores, however small.
	c, err := newChip(chip.Config{DirectBelow: 1}, k, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		return nil, nil, err
	}
	paths = append(paths, conform.Path{Name: "chip:" + kernel.Default, Verify: engine.New(c).Verify})
	if o.socket == "" {
		return paths, closePaths, nil
	}
	conn, err := connect(o.socket)
	if err != nil {
		return nil, nil, err
	}
	closePaths = func() { _ = conn.Close() }
	return append(paths, conform.Path{Name: "service", Verify: serviceVerify(conn, o.timeout)}), closePaths, nil
}

// serviceVerify asks the service itself: the client library would answer from
// software if the service failed.
func serviceVerify(
	conn *grpc.ClientConn, timeout time.Duration,
) func(context.Context, engine.Batch) ([]bool, error) {
	rpc := accelpb.NewAcceleratorClient(conn)
	return func(ctx context.Context, b engine.Batch) ([]bool, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		reply, err := rpc.Verify(ctx, wire.EncodeVerify(b))
		if err != nil {
			return nil, err
		}
		return wire.DecodeVerdicts(reply, len(b.Records))
	}
}

func printReports(out io.Writer, reports []*conform.Report) error {
	for _, r := range reports {
		for _, d := range r.Differ {
			_, _ = fmt.Fprintf(out, "%s: tcId %d: %s, %s: got %s, want %s: %s [%s]\n", r.File, d.Case.ID, r.Path, r.Shape,
				d.Got, d.Case.Want, d.Case.Comment, strings.Join(d.Case.Flags, " "))
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FILE\tPATH\tSHAPE\tCASES\tACCEPTABLE\tDIFFER")
	for _, r := range reports {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\n", r.File, r.Path, r.Shape, r.Cases, r.Acceptable, len(r.Differ))
	}
	return w.Flush()
}

// The JSON form; its names are kept.
type (
	reportJSON struct {
		File       string           `json:"file"`
		Path       string           `json:"path"`
		Shape      string           `json:"shape"`
		Cases      int              `json:"cases"`
		Acceptable int              `json:"acceptable"`
		Differ     []differenceJSON `json:"differ"`
	}
	differenceJSON struct {
		TcID    int      `json:"tcId"`
		Got     string   `json:"got"`
		Want    string   `json:"want"`
		Comment string   `json:"comment"`
		Flags   []string `json:"flags"`
	}
)

func printReportsJSON(out io.Writer, reports []*conform.Report) error {
	all := []reportJSON{}
	for _, r := range reports {
		j := reportJSON{r.File, r.Path, r.Shape.String(), r.Cases, r.Acceptable, []differenceJSON{}}
		for _, d := range r.Differ {
			j.Differ = append(j.Differ, differenceJSON{
				d.Case.ID, d.Got.String(), d.Case.Want.String(), d.Case.Comment, slices.Concat([]string{}, d.Case.Flags),
			})
		}
		all = append(all, j)
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"reports": all})
}
