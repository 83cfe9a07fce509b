// Command accelsvc is an organisation's crypto accelerator: a local service that
// verifies signatures, hashes and builds Merkle roots in batches for chaincode.
//
// It holds no secrets and decides nothing: chaincode works without it, more
// slowly.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/internal/service"
)

func main() {
	ctx, cancel := service.SignalContext(context.Background())
	defer cancel()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "accelsvc:", err)
		cancel()
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "accelsvc",
		Short:         "The organisation's crypto accelerator",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newServeCommand(), newKernelsCommand(),
		newStatsCommand(), newCoreCommand(), newCheckCommand(), newPlanCommand())
	return root
}
