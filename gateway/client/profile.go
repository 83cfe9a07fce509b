package client

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hyperledger/fabric-gateway/pkg/identity"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/internal/service"
)

// profileVersion is the only version of the profile format so far.
const profileVersion = 1

// Profile says who a client is and where its organisation's peers are. It is
// read from a YAML file; secrets stand in it as file paths only.
type Profile struct {
	Version    int           `yaml:"version"`
	Name       string        `yaml:"name"`
	Channel    string        `yaml:"channel"`
	Chaincodes Chaincodes    `yaml:"chaincodes"`
	MSPID      trade.MSPID   `yaml:"mspId"`
	Identity   IdentityFiles `yaml:"identity"`
	Peers      []PeerAddress `yaml:"peers"`
	Company    trade.PartyID `yaml:"company"`
	SM2Key     string        `yaml:"sm2Key"`
}

// Chaincodes are the names under which the two chaincodes are committed.
type Chaincodes struct {
	Registry string `yaml:"registry"`
	Trade    string `yaml:"trade"`
}

// IdentityFiles are the client's certificate and private key, PEM.
type IdentityFiles struct {
	Certificate string `yaml:"certificate"`
	PrivateKey  string `yaml:"privateKey"`
}

// PeerAddress is one peer of the client's own organisation.
type PeerAddress struct {
	Endpoint   string `yaml:"endpoint"`
	ServerName string `yaml:"serverName"`
	TLSCA      string `yaml:"tlsCA"`
}

// LoadProfile reads the profile file at path strictly and makes the paths in
// it absolute: they are relative to the file.
func LoadProfile(path string) (Profile, error) {
	var p Profile
	if err := service.LoadConfig(path, &p); err != nil {
		return Profile{}, err
	}
	dir := filepath.Dir(path)
	resolve := func(file *string) {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(dir, *file)
		}
	}
	resolve(&p.Identity.Certificate)
	resolve(&p.Identity.PrivateKey)
	resolve(&p.SM2Key)
	for i := range p.Peers {
		resolve(&p.Peers[i].TLSCA)
	}
	if err := p.validate(); err != nil {
		return Profile{}, fmt.Errorf("profile %s: %w", path, err)
	}
	return p, nil
}

func (p Profile) validate() error {
	if p.Version != profileVersion {
		return fmt.Errorf("version %d; this program reads version %d", p.Version, profileVersion)
	}
	for _, f := range []struct{ name, value string }{
		{"channel", p.Channel},
		{"mspId", string(p.MSPID)},
		{"chaincodes.registry", p.Chaincodes.Registry},
		{"chaincodes.trade", p.Chaincodes.Trade},
		{"identity.certificate", p.Identity.Certificate},
		{"identity.privateKey", p.Identity.PrivateKey},
	} {
		if f.value == "" {
			return fmt.Errorf("%s is missing", f.name)
		}
	}
	if len(p.Peers) == 0 {
		return fmt.Errorf("peers: name at least one peer of %s", p.MSPID)
	}
	for i, peer := range p.Peers {
		if peer.Endpoint == "" || peer.TLSCA == "" {
			return fmt.Errorf("peers[%d]: endpoint and tlsCA must be given; plain connections are refused", i)
		}
	}
	if p.Company != "" {
		if err := p.Company.Validate(); err != nil {
			return fmt.Errorf("company: %w", err)
		}
	}
	return nil
}

// signer is what a profile's files hold.
type signer struct {
	id   *identity.X509Identity
	sign identity.Sign
}

func (p Profile) credentials() (signer, error) {
	certPEM, err := os.ReadFile(p.Identity.Certificate)
	if err != nil {
		return signer{}, fmt.Errorf("identity: %w", err)
	}
	cert, err := identity.CertificateFromPEM(certPEM)
	if err != nil {
		return signer{}, fmt.Errorf("identity %s: %w", p.Identity.Certificate, err)
	}
	id, err := identity.NewX509Identity(string(p.MSPID), cert)
	if err != nil {
		return signer{}, fmt.Errorf("identity %s: %w", p.Identity.Certificate, err)
	}
	keyPEM, err := os.ReadFile(p.Identity.PrivateKey)
	if err != nil {
		return signer{}, fmt.Errorf("identity: %w", err)
	}
	key, err := identity.PrivateKeyFromPEM(keyPEM)
	if err != nil {
		return signer{}, fmt.Errorf("private key %s: %w", p.Identity.PrivateKey, err)
	}
	sign, err := identity.NewPrivateKeySign(key)
	if err != nil {
		return signer{}, fmt.Errorf("private key %s: %w", p.Identity.PrivateKey, err)
	}
	return signer{id: id, sign: sign}, nil
}

// tlsConfig trusts exactly the authority that the profile names for the peer.
func (a PeerAddress) tlsConfig() (*tls.Config, error) {
	pem, err := os.ReadFile(a.TLSCA)
	if err != nil {
		return nil, fmt.Errorf("peer %s: %w", a.Endpoint, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("peer %s: %s holds no certificate", a.Endpoint, a.TLSCA)
	}
	return &tls.Config{RootCAs: pool, ServerName: a.ServerName, MinVersion: tls.VersionTLS12}, nil
}
