package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/client"
)

const (
	// defaultTimeout bounds a command: the SDK's own bounds are shorter.
	defaultTimeout = 90 * time.Second
	// defaultProfiles is where the native network writes profiles.
	defaultProfiles = "build/net/profiles"
)

// app is one run of the program.
type app struct {
	stdout, stderr io.Writer
	env            func(string) string

	profile string
	output  string
	timeout time.Duration
	// afterBlock makes a command wait until its own peer has a block that
	// somebody else was told of.
	afterBlock uint64
	// requestID and version make a command repeatable after its outcome was
	// unknown.
	requestID string
	version   uint64
	// options replace the client's defaults; tests set them.
	options []client.Option
}

// run carries out one command line and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if _, coded := fault.From(err); !coded && strings.HasPrefix(err.Error(), "unknown command") {
		err = usage(err) // cobra's own check of the first word
	}
	return a.refused(err)
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use: "argosy", Short: "Trade finance on a shared ledger", SilenceUsage: true, SilenceErrors: true,
		Long: "argosy acts on the ledger with the identity of a profile, which --profile or $ARGOSY_PROFILE names:\n" +
			"a file, or the name of one in $ARGOSY_PROFILES (" + defaultProfiles + ").",
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.output != "human" && a.output != "json" {
				return fault.New(fault.FieldInvalid, "--output is human or json")
			}
			return nil
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.profile, "profile", a.env("ARGOSY_PROFILE"), "profile file or name ($ARGOSY_PROFILE)")
	flags.StringVar(&a.output, "output", "human", "human or json")
	flags.DurationVar(&a.timeout, "timeout", defaultTimeout, "time for the whole command")
	flags.Uint64Var(&a.afterBlock, "after-block", 0, "first wait until this organisation's peer has the block")
	root.AddCommand(a.partyCommand(), a.constitutionCommand(), a.sourceCommand(), a.policyCommand(), a.factCommand(),
		a.invoiceCommand(), a.undertakingCommand(), a.paymentCommand(), a.voucherCommand(), a.lotCommand(),
		a.limitsCommand(), a.defaultCommand(), a.transactionCommand(), a.explainCommand(),
		a.versionCommand())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	return root
}

// usageError is an error of the command line itself.
type usageError struct{ cause error }

// Error returns the cause's text.
func (e *usageError) Error() string { return e.cause.Error() }

// Unwrap gives the error its code.
func (e *usageError) Unwrap() []error {
	return []error{fault.New(fault.ArgumentMalformed, "%v", e.cause), e.cause}
}

func usage(err error) error { return &usageError{err} }

// counted gives wrong numbers of arguments their code.
func counted(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%w; usage: %s", err, cmd.UseLine()))
		}
		return nil
	}
}

func exactly(n int) cobra.PositionalArgs { return counted(cobra.ExactArgs(n)) }

// group makes a command that only holds others; an unknown one is an error.
func group(use, short string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: counted(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

// action is what a command does once it is connected.
type action func(ctx context.Context, c *client.Client, args []string) error

// connected makes a command's function that connects first.
func (a *app) connected(do action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), a.timeout)
		defer cancel()
		path, err := a.profilePath()
		if err != nil {
			return err
		}
		profile, err := client.LoadProfile(path)
		if err != nil {
			return fault.Wrap(fault.ArgumentMalformed, err, "%v", err)
		}
		c, err := client.Connect(ctx, profile, a.options...)
		if err != nil {
			return fault.Wrap(fault.ArgumentMalformed, err, "%v", err)
		}
		if a.afterBlock > 0 {
			if err := c.AwaitBlock(ctx, a.afterBlock); err != nil {
				return errors.Join(err, c.Close())
			}
		}
		return errors.Join(do(ctx, c, args), c.Close())
	}
}

// profilePath finds the profile's file: what is named like a path is one, a
// bare name is looked up.
func (a *app) profilePath() (string, error) {
	switch {
	case a.profile == "":
		return "", fault.New(fault.FieldRequired, "name a profile with --profile or $ARGOSY_PROFILE").WithField("profile")
	case strings.ContainsRune(a.profile, filepath.Separator), filepath.Ext(a.profile) != "":
		return a.profile, nil
	}
	dir := a.env("ARGOSY_PROFILES")
	if dir == "" {
		dir = defaultProfiles
	}
	path := filepath.Join(dir, a.profile+".yaml")
	if _, err := os.Stat(path); err != nil {
		return "", fault.Wrap(fault.FieldInvalid, err, "no profile %q in %s; is the network up?", a.profile, dir).
			WithField("profile")
	}
	return path, nil
}

// writing adds the flags of commands that change the ledger.
func (a *app) writing(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&a.requestID, "request-id", "", "repeat a command whose outcome was unknown (32 hex digits)")
	cmd.Flags().Uint64Var(&a.version, "at-version", 0, "act only if the document is at this version")
	return cmd
}

func (a *app) callOptions() []client.CallOption {
	var out []client.CallOption
	if a.requestID != "" {
		out = append(out, client.WithRequestID(a.requestID))
	}
	if a.version != 0 {
		out = append(out, client.AtVersion(a.version))
	}
	return out
}
