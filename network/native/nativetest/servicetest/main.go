// Command servicetest is the smallest service a topology can name: it reads its
// configuration, checks that the files it was promised are there, and serves
// its operations pages.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/argosy-trade/argosy/internal/service"
)

// Config is the configuration of the service.
type Config struct {
	Operations string `yaml:"operations"`
	Key        string `yaml:"key"`
	Profile    string `yaml:"profile"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "servicetest:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, cancel := service.SignalContext(context.Background())
	defer cancel()
	var c Config
	if err := service.LoadConfig(os.Args[1], &c); err != nil {
		return err
	}
	for _, f := range []string{c.Key, c.Profile} {
		if _, err := os.Stat(f); err != nil {
			return err
		}
	}
	return service.NewOperations(service.NewRegistry(), nil).Serve(ctx, c.Operations)
}
