// Command oracled takes in messages of customs administrations and carriers,
// signs what they say with the sources' SM2 keys and reports it to the ledger.
//
//	oracled serve --config FILE        run
//	oracled check-config FILE          say what is wrong with a configuration
//	oracled classify FILE…             say what messages mean, without a network
//	oracled dead list|replay           look at dead letters, send them again
//	oracled quarantine list|show       look at what could not be understood
//	oracled mappings                   print what each code of a source means
//	oracled keys FILE…                 print public keys for the registration
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/internal/service"
)

func main() {
	ctx, cancel := service.SignalContext(rootContext())
	defer cancel()
	cmd := newCommand(environment{now: time.Now})
	if err := cmd.ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errSaid) {
			_, _ = fmt.Fprintln(os.Stderr, "oracled:", err)
		}
		os.Exit(exitStatus(err)) //nolint:gocritic // nothing is left to cancel
	}
}

// environment is what the commands take from outside.
type environment struct {
	now func() time.Time
}

// errSaid ends a command whose output says all there is to say.
var errSaid = errors.New("see above")

// exitStatus: 0 done, 1 it failed, 2 the input or the configuration is wrong.
func exitStatus(err error) int {
	if errors.Is(err, errSaid) || errors.As(err, new(usageError)) {
		return 2
	}
	return 1
}

// usageError is a wrong argument or configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func newCommand(env environment) *cobra.Command {
	root := &cobra.Command{
		Use:           "oracled",
		Short:         "Reports customs and carrier events to the ledger as signed facts",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(serveCommand(env), checkCommand(), classifyCommand(), deadCommand(env), quarantineCommand(),
		mappingsCommand(), keysCommand())
	return root
}

// output adds the flag --output to a command and returns where its value lands.
func output(cmd *cobra.Command) *string {
	format := cmd.Flags().StringP("output", "o", "text", "text or json")
	check := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if *format != "text" && *format != "json" {
			return usageError{fmt.Errorf("--output %s: use text or json", *format)}
		}
		if check != nil {
			return check(cmd, args)
		}
		return nil
	}
	return format
}

// configFlag adds the flag --config, which must be given.
func configFlag(cmd *cobra.Command) *string {
	path := cmd.Flags().String("config", "", "configuration file (YAML)")
	check := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if *path == "" {
			return usageError{errors.New("--config FILE is needed")}
		}
		if check != nil {
			return check(cmd, args)
		}
		return nil
	}
	return path
}

// exactly and atLeast refuse another number of arguments as a wrong usage.
func exactly(n int) cobra.PositionalArgs { return asUsage(cobra.ExactArgs(n)) }

func atLeast(n int) cobra.PositionalArgs { return asUsage(cobra.MinimumNArgs(n)) }

func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
