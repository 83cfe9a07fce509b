// Command settled is a bank's settlement agent: it carries out the ledger's
// payment instructions through files that it exchanges with the bank's payment
// engine. See package settlement for the order of steps, and sample.yaml for
// the configuration.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/events"
	"github.com/argosy-trade/argosy/gateway/money"
	"github.com/argosy-trade/argosy/gateway/settlement"
	"github.com/argosy-trade/argosy/internal/service"
)

// defaultPoll is how often the folder of reports is looked at.
const defaultPoll = time.Second

// Config is the configuration file. Paths are relative to it.
type Config struct {
	// Profile is the client profile of the bank.
	Profile string `yaml:"profile"`
	// OutFolder is where the payment engine takes pain.001 files.
	OutFolder string `yaml:"outFolder"`
	// InFolder is where it puts status reports: written under another name,
	// then renamed to *.xml.
	InFolder string `yaml:"inFolder"`
	// Database is the agent's memory; losing it loses no money, but needs a
	// person for every instruction that is then SENT.
	Database string `yaml:"database"`
	// Operations is the address of /livez, /readyz and /metrics.
	Operations string `yaml:"operations"`
	// Limits holds, per currency, the amount in minor units up to which an
	// instruction is authorised without a person.
	Limits map[string]int64 `yaml:"limits"`
	// PollMilliseconds is how often the in folder is looked at; 0 means 1000.
	PollMilliseconds int `yaml:"pollMilliseconds"`
	// LogLevel is debug, info, warn or error; empty means info.
	LogLevel string `yaml:"logLevel"`
}

func loadConfig(path string) (Config, error) {
	var c Config
	if err := service.LoadConfig(path, &c); err != nil {
		return c, err
	}
	for _, f := range []struct {
		name string
		file *string
	}{
		{"profile", &c.Profile}, {"outFolder", &c.OutFolder}, {"inFolder", &c.InFolder}, {"database", &c.Database},
	} {
		if *f.file == "" {
			return c, fmt.Errorf("configuration %s: %s is missing", path, f.name)
		}
		if !filepath.IsAbs(*f.file) {
			*f.file = filepath.Join(filepath.Dir(path), *f.file)
		}
	}
	if c.Operations == "" {
		return c, fmt.Errorf("configuration %s: operations is missing", path)
	}
	if c.PollMilliseconds < 0 {
		return c, fmt.Errorf("configuration %s: pollMilliseconds is negative", path)
	}
	for currency := range c.Limits {
		if _, err := money.Scale(currency); err != nil {
			return c, fmt.Errorf("configuration %s: limits: %s is no currency of ISO 4217", path, currency)
		}
	}
	return c, nil
}

func (c Config) poll() time.Duration {
	if c.PollMilliseconds == 0 {
		return defaultPoll
	}
	return time.Duration(c.PollMilliseconds) * time.Millisecond
}

func main() {
	ctx, cancel := service.SignalContext(context.Background())
	defer cancel()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "settled:", err)
		cancel()
		os.Exit(1) //nolint:gocritic // the deferred cancel has been called
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use: "settled", Short: "A bank's settlement agent", SilenceUsage: true, SilenceErrors: true,
	}
	var path string
	var check bool
	serveCommand := &cobra.Command{
		Use: "serve", Short: "Carry out payment instructions until stopped", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(path)
			if err != nil || check {
				return err
			}
			return serve(cmd.Context(), c)
		},
	}
	serveCommand.Flags().StringVar(&path, "config", "", "configuration file (YAML)")
	serveCommand.Flags().BoolVar(&check, "check", false, "only check the configuration")
	_ = serveCommand.MarkFlagRequired("config") // the flag exists
	root.AddCommand(serveCommand)
	return root
}

func serve(ctx context.Context, c Config) (err error) {
	logger, err := service.NewLogger(os.Stderr, c.LogLevel)
	if err != nil {
		return err
	}
	profile, err := client.LoadProfile(c.Profile)
	if err != nil {
		return err
	}
	if profile.Company == "" {
		return fmt.Errorf("profile %s: company is missing: the agent acts for one bank", c.Profile)
	}
	ledger, err := client.Connect(ctx, profile, client.WithLogger(logger))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	out, in := settlement.Outbox{Folder: c.OutFolder}, settlement.Inbox{Folder: c.InFolder}
	if err := errors.Join(out.Prepare(), in.Prepare(), os.MkdirAll(filepath.Dir(c.Database), 0o750)); err != nil {
		return err
	}
	store, err := settlement.OpenStore(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	registry := service.NewRegistry()
	agent, err := settlement.New(settlement.Config{
		Bank: profile.Company, Limits: c.Limits, Reader: settlement.Ledger{Client: ledger},
		Actor: settlement.Ledger{Client: ledger}, Files: out, Store: store, Inbox: in, Logger: logger, Metrics: registry,
		Poll: c.poll(), Now: time.Now,
		Events: events.Config{Source: ledger, Chaincode: profile.Chaincodes.Trade, Logger: logger},
	})
	if err != nil {
		return err
	}
	operations := service.NewOperations(registry, map[string]service.Check{"database": store.Ready, "peer": ledger.Ready})
	logger.InfoContext(ctx, "settlement agent starts", slog.String("bank", string(profile.Company)))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return operations.Serve(ctx, c.Operations) })
	group.Go(func() error { return agent.Run(ctx) })
	return group.Wait()
}
