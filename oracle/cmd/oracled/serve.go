package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/internal/service"
	"github.com/argosy-trade/argosy/oracle/intake"
	"github.com/argosy-trade/argosy/oracle/ledger"
	"github.com/argosy-trade/argosy/oracle/relay"
	"github.com/argosy-trade/argosy/oracle/store"
)

func rootContext() context.Context { return context.Background() }

func serveCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "serve --config FILE", Short: "Run the oracle", Args: exactly(0)}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := load(*path)
		if err != nil {
			return usageError{err}
		}
		log, err := service.NewLogger(cmd.ErrOrStderr(), s.LogLevel)
		if err != nil {
			return usageError{err}
		}
		return serve(cmd.Context(), s, env, log)
	}
	return cmd
}

// serve runs until ctx ends or a part fails.
func serve(ctx context.Context, s *setup, env environment, log *slog.Logger) (err error) {
	if err := os.MkdirAll(filepath.Dir(s.Database), 0o700); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	release, err := store.Lock(s.Database)
	if err != nil {
		return err
	}
	defer release()
	db, err := store.Open(ctx, s.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	profile, err := client.LoadProfile(s.Profile)
	if err != nil {
		return usageError{err}
	}
	sdk, err := client.Connect(ctx, profile, client.WithLogger(log))
	if err != nil {
		return err
	}
	defer func() { _ = sdk.Close() }()
	chain := ledger.New(sdk)
	reg := service.NewRegistry()
	reg.MustRegister(relay.Backlog{Store: db, Now: env.now})
	signers := map[attest.SourceID]relay.Signer{}
	for id, signer := range s.signers {
		signers[id] = signer
		log.InfoContext(ctx, "source", "id", string(id), "publicKey", signer.PublicKey())
	}
	in := intake.New(intake.Config{Inbox: db, Now: env.now, Logger: log, Metrics: reg})
	r := relay.New(relay.Config{
		Store: db, Registry: chain, Documents: chain, Signers: signers, Channel: profile.Channel,
		Now: env.now, Logger: log, Metrics: reg,
	})
	ops := service.NewOperations(reg, map[string]service.Check{"database": db.Check, "ledger": chain.Check})

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return ops.Serve(ctx, s.Operations) })
	g.Go(func() error { return r.Run(ctx) })
	for _, f := range s.folders {
		g.Go(func() error { return in.Watch(ctx, f) })
	}
	if len(s.pushes) > 0 {
		g.Go(func() error { return serveHTTP(ctx, s, in) })
	}
	log.InfoContext(ctx, "oracled runs", "sources", len(s.Sources), "operations", s.Operations, "listen", s.Listen)
	return g.Wait()
}

// serveHTTP takes pushed messages.
func serveHTTP(ctx context.Context, s *setup, in *intake.Intake) error {
	h, err := in.Handler(s.pushes)
	if err != nil {
		return err
	}
	var l net.Listener
	if l, err = net.Listen("tcp", s.Listen); err != nil {
		return fmt.Errorf("listener: %w", err)
	}
	if s.TLS.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(s.TLS.Certificate, s.TLS.Key)
		if err != nil {
			return errors.Join(fmt.Errorf("tls: %w", err), l.Close())
		}
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}})
	}
	return service.ServeHTTP(ctx, l, http.MaxBytesHandler(h, maxRequest))
}

// maxRequest bounds whatever is sent to a path that no source has.
const maxRequest = 4 << 20

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check-config FILE", Short: "Say what is wrong with a configuration", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := load(args[0])
			if err != nil {
				return usageError{err}
			}
			if _, err := client.LoadProfile(s.Profile); err != nil {
				return usageError{err}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is in order: %d sources, %d folders, %d paths\n", args[0],
				len(s.Sources), len(s.folders), len(s.pushes))
			return err
		},
	}
}
