// Command argosycc serves Argosy's two chaincodes to one organisation's peer
// (chaincode as a service).
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/accelsvc/client"
	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/internal/service"
)

// Config is the configuration file of argosycc.
type Config struct {
	// MSPID is the organisation whose peer this process serves; private data is
	// given to its clients only.
	MSPID string `yaml:"mspId"`
	// Operations is the address of /livez, /readyz and /metrics.
	Operations string `yaml:"operations"`
	// LogLevel is debug, info, warn or error; empty means info.
	LogLevel string `yaml:"logLevel"`
	// Chaincodes are the chaincodes to serve: registry and trade.
	Chaincodes []Chaincode `yaml:"chaincodes"`
	// Accelerator is the organisation's crypto accelerator.
	Accelerator Accelerator `yaml:"accelerator"`
}

// Chaincode is one chaincode to serve.
type Chaincode struct {
	// Name is registry or trade.
	Name string `yaml:"name"`
	// PackageID is the id that the peer gave the installed package.
	PackageID string `yaml:"packageId"`
	// Listen is the address that the peer connects to.
	Listen string `yaml:"listen"`
	// TLS are PEM files; the peer must show a certificate of ClientCAs.
	TLS TLS `yaml:"tls"`
}

// TLS names the PEM files of a listener.
type TLS struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	ClientCAs   string `yaml:"clientCAs"`
}

// Accelerator says where the organisation's accelsvc listens.
type Accelerator struct {
	// Socket is a unix socket; empty means that this process verifies itself.
	Socket string `yaml:"socket"`
	// SampleShare is the share of its answers, from 0 to 1, that are verified
	// again in software.
	SampleShare float64 `yaml:"sampleShare"`
}

func main() {
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "argosycc:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use: "argosycc", Short: "Argosy's chaincodes as a service",
		SilenceUsage: true, SilenceErrors: true,
	}
	var path string
	var check bool
	serve := &cobra.Command{
		Use: "serve", Short: "Serve the chaincodes to the organisation's peer", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var c Config
			if err := service.LoadConfig(path, &c); err != nil {
				return err
			}
			log, err := service.NewLogger(cmd.ErrOrStderr(), c.LogLevel)
			if err != nil || check {
				return err
			}
			ctx, cancel := service.SignalContext(cmd.Context())
			defer cancel()
			return run(ctx, c, log)
		},
	}
	serve.Flags().StringVar(&path, "config", "argosycc.yaml", "configuration file")
	serve.Flags().BoolVar(&check, "check", false, "check the configuration and stop")
	root.AddCommand(serve)
	return root
}

// run serves until ctx ends or a listener fails.
func run(ctx context.Context, c Config, log *slog.Logger) error {
	reg := service.NewRegistry()
	accelerator, err := client.New(client.Options{
		Socket:      c.Accelerator.Socket,
		SampleShare: c.Accelerator.SampleShare, Logger: log, Registerer: reg,
	})
	if err != nil {
		return err
	}
	defer func() { _ = accelerator.Close() }()
	servers, err := build(c, accelerator, reg, log)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	ops := service.NewOperations(reg, map[string]service.Check{"software kernels": accelerator.SelfTest})
	g.Go(func() error { return ops.Serve(ctx, c.Operations) })
	for _, s := range servers {
		log.Info("serving", "packageId", s.CCID, "address", s.Address)
		// The shim has no way to stop a server; it ends with the process.
		failed := make(chan error, 1)
		go func() { failed <- s.Start() }()
		g.Go(func() error {
			select {
			case err := <-failed:
				return fmt.Errorf("chaincode %s: %w", s.CCID, err)
			case <-ctx.Done():
				return nil
			}
		})
	}
	return g.Wait()
}

func build(c Config, accelerator *client.Client, reg prometheus.Registerer, log *slog.Logger,
) ([]*shim.ChaincodeServer, error) {
	options := contract.Options{
		MSPID: trade.MSPID(c.MSPID), Accelerator: contract.NewAccelerator(accelerator),
		Now: time.Now, Registry: "registry", Trade: "trade", Logger: log,
	}
	if c.MSPID == "" || len(c.Chaincodes) == 0 {
		return nil, errors.New("configuration: mspId and at least one chaincode must be given")
	}
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "argosy_chaincode_seconds",
		Help:    "Time in the chaincode of one call, by function and outcome (ok or the refusal's code).",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
	}, []string{"function", "outcome"})
	if err := reg.Register(seconds); err != nil {
		return nil, err
	}
	var out []*shim.ChaincodeServer
	for _, cc := range c.Chaincodes {
		code, err := chaincode(cc.Name, options)
		if err != nil {
			return nil, err
		}
		props, err := cc.TLS.load()
		if err != nil {
			return nil, fmt.Errorf("chaincode %s: %w", cc.Name, err)
		}
		out = append(out, &shim.ChaincodeServer{
			CCID: cc.PackageID, Address: cc.Listen, TLSProps: props,
			CC: &measured{inner: code, seconds: seconds},
		})
	}
	return out, nil
}

func chaincode(name string, o contract.Options) (shim.Chaincode, error) {
	switch name {
	case "registry":
		return contract.NewRegistry(o)
	case "trade":
		return contract.NewTrade(o)
	default:
		return nil, fmt.Errorf("configuration: there is no chaincode %q; use registry or trade", name)
	}
}

func (t TLS) load() (shim.TLSProperties, error) {
	var p shim.TLSProperties
	for _, f := range []struct {
		path string
		into *[]byte
	}{{t.Certificate, &p.Cert}, {t.Key, &p.Key}, {t.ClientCAs, &p.ClientCACerts}} {
		b, err := os.ReadFile(f.path)
		if err != nil {
			return p, err
		}
		*f.into = b
	}
	return p, nil
}
