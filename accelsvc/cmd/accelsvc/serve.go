package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/accelsvc/chip"
	"github.com/argosy-trade/argosy/accelsvc/chip/timing"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/server"
	"github.com/argosy-trade/argosy/accelsvc/socket"
	"github.com/argosy-trade/argosy/internal/service"
)

// Config is the configuration file of accelsvc.
type Config struct {
	// Listen is where clients connect: unix:FILE. The socket gets mode 0600.
	Listen string `yaml:"listen"`
	// Operations is HOST:PORT of /livez, /readyz and /metrics.
	Operations string `yaml:"operations"`
	// Kernel computes the answers; see the command "kernels". Empty means the
	// default.
	Kernel string `yaml:"kernel"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `yaml:"logLevel"`
	// Chip puts an emulated many-core chip between the calls and the kernel; left
	// out, calls use the kernel directly.
	Chip *chip.Config `yaml:"chip"`
	// Limits bound what clients can ask for; zero fields mean their defaults.
	Limits server.Limits `yaml:"limits"`
}

// socketPath returns FILE of Listen.
func (c Config) socketPath() (string, error) {
	path, ok := strings.CutPrefix(c.Listen, "unix:")
	if !ok {
		return "", fmt.Errorf("listen %q: use unix:FILE; the accelerator has no authentication of its own, "+
			"so it is reachable by its owner's processes only", c.Listen)
	}
	return path, socket.Check(path)
}

func newServeCommand() *cobra.Command {
	var path string
	var check bool
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Serve until SIGTERM",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var c Config
			if err := service.LoadConfig(path, &c); err != nil {
				return err
			}
			return serve(cmd.Context(), c, check, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration file (YAML)")
	cmd.Flags().BoolVar(&check, "check", false, "validate the configuration and exit")
	_ = cmd.MarkFlagRequired("config")
	return cmd
}

func serve(ctx context.Context, c Config, check bool, logs io.Writer) error {
	log, err := service.NewLogger(logs, c.LogLevel)
	if err != nil {
		return err
	}
	path, err := c.socketPath()
	if err != nil {
		return err
	}
	if c.Operations == "" {
		return errors.New("operations: give HOST:PORT, e.g. 127.0.0.1:17096")
	}
	if c.Kernel == "" {
		c.Kernel = kernel.Default
	}
	k, err := kernel.New(c.Kernel)
	if err != nil {
		return err
	}
	registry := service.NewRegistry()
	var cores *chip.Chip
	if c.Chip != nil {
		if cores, err = newChip(*c.Chip, k, log, registry); err != nil {
			return err
		}
	}
	s, err := server.New(server.Options{
		Kernel: k, Chip: cores, Limits: c.Limits, Logger: log, Registerer: registry, Now: time.Now,
	})
	if err != nil || check {
		return err
	}
	l, err := socket.Listen(ctx, path)
	if err != nil {
		return err
	}
	log.Info("listening", "socket", path, "kernel", c.Kernel, "operations", c.Operations)
	ops := service.NewOperations(registry, map[string]service.Check{"kernel": s.Ready})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return ops.Serve(ctx, c.Operations) })
	g.Go(func() error { return s.Run(ctx, l) })
	if cores != nil {
		g.Go(func() error { return cores.Run(ctx) })
	}
	return g.Wait()
}

// newChip returns a chip on k. Its metrics carry the kernel's name, as the
// server's do.
func newChip(
	o chip.Config, k kernel.Kernel, log *slog.Logger, registry prometheus.Registerer,
) (*chip.Chip, error) {
	if o.Profile == "" {
		o.Profile = timing.Default
	}
	profile, err := timing.Load(o.Profile)
	if err != nil {
		return nil, err
	}
	judge := k
	if o.Judge != "" {
		if judge, err = kernel.New(o.Judge); err != nil {
			return nil, fmt.Errorf("chip judge: %w", err)
		}
	}
	return chip.New(chip.Options{
		Config: o, Kernel: k, Judge: judge, Profile: profile, Logger: log,
		Registerer: prometheus.WrapRegistererWith(prometheus.Labels{"kernel": k.Name()}, registry), Now: time.Now,
	})
}
