// Command argosy is the command line of Argosy: what a company, a bank, an
// attester or a governor does on the network.
//
// Every refusal prints its code, what it means and what to do, and ends with
// the exit status of its class (`argosy explain`). With --output json results
// go to standard output and refusals to standard error, as one JSON object.
package main

import (
	"context"
	"os"

	"github.com/argosy-trade/argosy/internal/service"
)

func main() {
	ctx, cancel := service.SignalContext(context.Background())
	a := &app{stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv}
	status := a.run(ctx, os.Args[1:])
	cancel()
	os.Exit(status)
}
