package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/internal/service"
	"github.com/argosy-trade/argosy/oracle/attestor"
	"github.com/argosy-trade/argosy/oracle/intake"
	"github.com/argosy-trade/argosy/oracle/source"
	"github.com/argosy-trade/argosy/oracle/source/dcsatnt"
	"github.com/argosy-trade/argosy/oracle/source/wcodms"
)

// Config is oracled's configuration. Paths are relative to the configuration
// file. Secrets stand in files of their own.
type Config struct {
	// Profile is the client profile of the relay's identity (role relay).
	Profile string `yaml:"profile"`
	// Database is the SQLite file; it is created when it is missing.
	Database string `yaml:"database"`
	// Operations is the address of /livez, /readyz and /metrics.
	Operations string `yaml:"operations"`
	// Listen is the address on which messages are pushed; empty when no source
	// has an http transport. Without TLS it must be a loopback address.
	Listen string `yaml:"listen"`
	// TLS is the certificate of Listen.
	TLS TLSFiles `yaml:"tls"`
	// LogLevel is debug, info, warn or error; empty means info.
	LogLevel string `yaml:"logLevel"`
	// Sources are the sources that this oracle speaks for, 1 to 64.
	Sources []SourceConfig `yaml:"sources"`
}

// TLSFiles are a server's certificate chain and private key, PEM.
type TLSFiles struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// SourceConfig is one source.
type SourceConfig struct {
	// ID is the id under which the source is registered on the ledger.
	ID attest.SourceID `yaml:"id"`
	// Kind is wco-dms or dcsa-tnt.
	Kind string `yaml:"kind"`
	// Types are the fact types that are reported to the ledger; observations of
	// other types are kept in the database and not reported. Several sources of
	// different kinds may share one id and key.
	Types []string `yaml:"types"`
	// Key is the source's SM2 private key, PEM PKCS#8, mode 0600.
	Key string `yaml:"key"`
	// Transports are the ways in; at least one.
	Transports Transports `yaml:"transports"`
}

// Transports are the ways in which a source's messages come.
type Transports struct {
	// DropFolder is a directory; empty for none. Files are taken from it, and
	// moved to done/ or quarantine/ below it.
	DropFolder string `yaml:"dropFolder"`
	// HTTP is a path on Listen; nil for none.
	HTTP *HTTPConfig `yaml:"http"`
}

// HTTPConfig is a path to which messages are pushed.
type HTTPConfig struct {
	// Path begins with a slash and is unique.
	Path string `yaml:"path"`
	// HMACSecrets are one or two files, each with one secret of at least 32
	// bytes in base64, mode 0600.
	HMACSecrets []string `yaml:"hmacSecrets"`
	// MaxBodyBytes bounds a body; 0 means 1 MiB, which it cannot exceed.
	MaxBodyBytes int64 `yaml:"maxBodyBytes"`
}

// maxSources bounds the sources of one process: each has a folder that is polled
// and counters of its own.
const maxSources = 64

// kind is what is known of one kind of source. Adding a source adds a row.
type kind struct {
	decoder interface {
		source.Decoder
		Meanings() []source.Meaning
	}
	// status answers a pushed message that was taken.
	status int
}

func kinds() map[string]kind {
	return map[string]kind{
		wcodms.Kind:  {decoder: wcodms.Decoder{}, status: http.StatusAccepted},
		dcsatnt.Kind: {decoder: dcsatnt.Decoder{}, status: http.StatusNoContent},
	}
}

// setup is a configuration whose files have been read.
type setup struct {
	Config
	signers map[attest.SourceID]*attestor.Signer
	pushes  []intake.Push
	folders []intake.Folder
}

// load reads the configuration and everything that it points to, and reports
// all that is wrong at once.
func load(path string) (*setup, error) {
	s := &setup{signers: map[attest.SourceID]*attestor.Signer{}}
	if err := service.LoadConfig(path, &s.Config); err != nil {
		return nil, err
	}
	s.resolve(filepath.Dir(path))
	errs := []error{s.general()}
	paths, folders, feeds := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range s.Sources {
		src := &s.Sources[i]
		name := fmt.Sprintf("sources[%d] (%s)", i, src.ID)
		if err := s.source(src); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		if h := src.Transports.HTTP; h != nil && taken(paths, h.Path) {
			errs = append(errs, fmt.Errorf("%s: path %s is used twice", name, h.Path))
		}
		if d := src.Transports.DropFolder; d != "" && taken(folders, d) {
			errs = append(errs, fmt.Errorf("%s: drop folder %s is used twice", name, d))
		}
		if taken(feeds, string(src.ID)+" "+src.Kind) {
			errs = append(errs, fmt.Errorf("%s: the same id and kind stand there twice", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	return s, nil
}

func taken(set map[string]bool, name string) bool {
	was := set[name]
	set[name] = true
	return was
}

// resolve makes the paths absolute; they are relative to the file's folder.
func (s *setup) resolve(dir string) {
	abs := func(p *string) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	for _, p := range []*string{&s.Profile, &s.Database, &s.TLS.Certificate, &s.TLS.Key} {
		abs(p)
	}
	for i := range s.Sources {
		abs(&s.Sources[i].Key)
		abs(&s.Sources[i].Transports.DropFolder)
		if h := s.Sources[i].Transports.HTTP; h != nil {
			for j := range h.HMACSecrets {
				abs(&h.HMACSecrets[j])
			}
		}
	}
}

// general checks what does not belong to a source.
func (s *setup) general() error {
	var errs []error
	for name, value := range map[string]string{"profile": s.Profile, "database": s.Database, "operations": s.Operations} {
		if value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", name))
		}
	}
	if len(s.Sources) == 0 || len(s.Sources) > maxSources {
		errs = append(errs, fmt.Errorf("1 to %d sources, not %d", maxSources, len(s.Sources)))
	}
	if (s.TLS.Certificate == "") != (s.TLS.Key == "") {
		errs = append(errs, errors.New("tls needs both certificate and key"))
	}
	if s.Listen != "" && s.TLS.Certificate == "" && !loopback(s.Listen) {
		errs = append(errs, fmt.Errorf("listen %s is no loopback address; give it a tls certificate", s.Listen))
	}
	if s.Listen == "" && slices.ContainsFunc(s.Sources, func(c SourceConfig) bool { return c.Transports.HTTP != nil }) {
		errs = append(errs, errors.New("a source has an http transport, but listen is missing"))
	}
	if _, err := service.NewLogger(os.Stderr, s.LogLevel); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// source checks one source and reads its key and secrets.
func (s *setup) source(c *SourceConfig) error {
	if err := c.ID.Validate(); err != nil {
		return errors.New("an id is lower-case letters, digits and hyphens")
	}
	k, ok := kinds()[c.Kind]
	if !ok {
		return fmt.Errorf("kind %q is not known; use wco-dms or dcsa-tnt", c.Kind)
	}
	feed := intake.Feed{ID: c.ID, Decoder: k.decoder, Reports: map[string]bool{}}
	for _, t := range c.Types {
		if err := attest.ValidateType(t); err != nil {
			return fmt.Errorf("type %q is not written like CUSTOMS_CLEARED", t)
		}
		feed.Reports[t] = true
	}
	if len(feed.Reports) == 0 {
		return errors.New("types is empty: nothing would ever be reported")
	}
	signer, err := attestor.Load(c.Key)
	if err != nil {
		return err
	}
	if other, ok := s.signers[c.ID]; ok && other.PublicKey() != signer.PublicKey() {
		return errors.New("the id stands there twice with different keys")
	}
	s.signers[c.ID] = signer
	if c.Transports.DropFolder == "" && c.Transports.HTTP == nil {
		return errors.New("transports is empty: give a dropFolder, http or both")
	}
	if c.Transports.DropFolder != "" {
		s.folders = append(s.folders, intake.Folder{Feed: feed, Dir: c.Transports.DropFolder})
	}
	if h := c.Transports.HTTP; h != nil {
		return s.push(feed, *h, k.status)
	}
	return nil
}

func (s *setup) push(feed intake.Feed, h HTTPConfig, status int) error {
	if !strings.HasPrefix(h.Path, "/") || strings.ContainsAny(h.Path, "{} ") {
		return fmt.Errorf("path %q must begin with a slash and have no blanks or braces", h.Path)
	}
	if h.MaxBodyBytes < 0 || h.MaxBodyBytes > source.MaxBytes {
		return fmt.Errorf("maxBodyBytes is 0 to %d", source.MaxBytes)
	}
	secrets, err := intake.LoadSecrets(h.HMACSecrets)
	if err != nil {
		return err
	}
	s.pushes = append(s.pushes, intake.Push{
		Feed: feed, Path: h.Path, Secrets: secrets, MaxBytes: h.MaxBodyBytes,
		Status: status,
	})
	return nil
}
