// Command argosy-net starts and runs an Argosy network on this machine.
//
// Called as detect, build or release it is the external chaincode builder of
// its own peers.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/internal/service"
	"github.com/argosy-trade/argosy/network/ccaas"
	"github.com/argosy-trade/argosy/network/native"
	"github.com/argosy-trade/argosy/network/portcheck"
	"github.com/argosy-trade/argosy/network/topology"
)

// Exit codes.
const (
	exitFailure      = 1 // something went wrong that is not one of the below
	exitUsage        = 2 // wrong arguments, unusable topology, unknown process
	exitNotRunning   = 3 // the network is not running
	exitUnhealthy    = 4 // it runs, and not everything is in order
	exitPrecondition = 5 // machine or installation: ports, programs, addresses
)

const exitCodeHelp = `Exit codes: 0 in order, 1 failure, 2 usage, 3 not running, 4 running but not all in order,
5 the machine lacks something (programs, ports, an address): see argosy-net doctor.`

// errUnhealthy and errPrecondition carry exit codes 4 and 5; what is to be said
// has been said.
var (
	errUnhealthy    = errors.New("not everything is in order")
	errPrecondition = errors.New("the machine lacks something; argosy-net doctor says what")
	errUsage        = errors.New("usage")
)

func main() {
	if status, acted := ccaas.Main(os.Args, os.Stderr); acted {
		os.Exit(status)
	}
	ctx, cancel := service.SignalContext(context.Background())
	err := rootCommand().ExecuteContext(ctx)
	cancel()
	os.Exit(exitCode(err))
}

// exitCode prints what err says and chooses the exit code.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if !errors.Is(err, errUnhealthy) {
		fmt.Fprintln(os.Stderr, "argosy-net:", err)
	}
	var invalid *topology.InvalidError
	var clash *portcheck.ClashError
	var missing *native.MissingProgramError
	switch {
	case errors.Is(err, native.ErrNotRunning), errors.Is(err, native.ErrNoNetwork):
		return exitNotRunning
	case errors.Is(err, errUnhealthy):
		return exitUnhealthy
	case errors.As(err, &invalid), errors.Is(err, native.ErrUnknownProcess), errors.Is(err, native.ErrCannotLeave),
		errors.Is(err, errUsage):
		return exitUsage
	case errors.As(err, &clash), errors.As(err, &missing), errors.Is(err, errPrecondition):
		return exitPrecondition
	}
	return exitFailure
}

// settings are the flags that all commands share.
type settings struct {
	dir    string
	output string
}

func (s *settings) json() bool { return s.output == "json" }

// absolute is the state directory as supervisor and clients agree on it.
func (s *settings) absolute() (string, error) { return filepath.Abs(s.dir) }

func rootCommand() *cobra.Command {
	s := &settings{}
	root := &cobra.Command{
		Use:   "argosy-net",
		Short: "Run an Argosy network on this machine",
		Long: "argosy-net runs a network of real Hyperledger Fabric nodes as processes of this machine.\n\n" +
			exitCodeHelp,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if s.output != "text" && s.output != "json" {
				return fmt.Errorf("%w: --output %s; use text or json", errUsage, s.output)
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.PersistentFlags().StringVar(&s.dir, "dir", native.DefaultDir, "state directory of the network")
	root.PersistentFlags().StringVarP(&s.output, "output", "o", "text", "text or json")
	root.AddCommand(
		upCommand(s), superviseCommand(s), downCommand(s), statusCommand(s), logsCommand(s),
		actionCommand(s, "restart"), actionCommand(s, "stop"), actionCommand(s, "start"),
		resetCommand(s), doctorCommand(s), fabricCommand(s), topologyCommand(s), benchCommand(s),
	)
	return root
}
