// Command demo starts the development network if it is down and plays one trade
// on it, from invoice to payout.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/argosy-trade/argosy/e2e/demo"
	"github.com/argosy-trade/argosy/internal/service"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/topology"
)

func main() {
	dir := flag.String("dir", native.DefaultDir, "state directory of the network")
	invoice := flag.String("invoice", "gateway/ubl/testdata/invoice-export.xml", "UBL 2.1 invoice to import")
	latency := flag.Int("latency", 0, "instead of the trade, time this many single transactions")
	flag.Parse()
	ctx, cancel := service.SignalContext(context.Background())
	defer cancel()
	if err := run(ctx, *dir, *invoice, *latency); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, invoice string, latency int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	program := filepath.Join(filepath.Dir(self), "argosy-net")
	up := exec.CommandContext(ctx, program, "up", "--dir", dir) //nolint:gosec // our own program
	up.Stdout, up.Stderr = os.Stdout, os.Stderr
	if err := up.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return errors.New("the network did not start; what went wrong stands above")
		}
		return fmt.Errorf("%w: run make build first", err)
	}
	t, err := topology.Load(filepath.Join(dir, "topology.yaml"))
	if err != nil {
		return err
	}
	options := demo.Options{Dir: dir, Topology: t, Invoice: invoice, Out: os.Stdout}
	if latency > 0 {
		return demo.Latency(ctx, options, latency)
	}
	fmt.Printf("\nOne trade, from invoice to payout\n")
	return demo.Run(ctx, options)
}
