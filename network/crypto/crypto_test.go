package crypto

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/attrmgr"

	"github.com/argosy-trade/argosy/network/topology"
)

func generate(t *testing.T) (*topology.Topology, Store) {
	t.Helper()
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	s := NewStore(filepath.Join(t.TempDir(), "crypto"))
	if err := s.Generate(top, time.Now()); err != nil {
		t.Fatal(err)
	}
	return top, s
}

func readPEM(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		t.Fatalf("%s is not one PEM block", path)
	}
	return block.Bytes
}

func certificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(readPEM(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientCertificatesCarryAttributes(t *testing.T) {
	top, s := generate(t)
	o, c := top.Client("exporter")
	cert := certificate(t, s.Client(o, c.Name).Certificate)
	attrs, err := attrmgr.New().GetAttributesFromCert(cert)
	if err != nil {
		t.Fatal(err)
	}
	if attrs.Attrs[AttributeRole] != "trader" || attrs.Attrs[AttributeCompany] != c.Company {
		t.Errorf("attributes %v", attrs.Attrs)
	}
	if ou := cert.Subject.OrganizationalUnit; len(ou) != 1 || ou[0] != "client" {
		t.Errorf("OU %v, want client", ou)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate(t, s.CA(o)))
	_, err = cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		t.Error(err)
	}
	other := &top.Organisations[1]
	strange := x509.NewCertPool()
	strange.AddCert(certificate(t, s.CA(other)))
	_, err = cert.Verify(x509.VerifyOptions{Roots: strange, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err == nil {
		t.Error("another organisation's authority vouches for the client")
	}
}

func TestNodeTLSServesItsNames(t *testing.T) {
	top, s := generate(t)
	o := &top.Organisations[0]
	pair := s.NodeTLS(o, "peer0")
	if _, err := tls.LoadX509KeyPair(pair.Certificate, pair.PrivateKey); err != nil {
		t.Fatal(err)
	}
	cert := certificate(t, pair.Certificate)
	roots := x509.NewCertPool()
	roots.AddCert(certificate(t, s.TLSCA(o)))
	for _, host := range []string{"localhost", "127.0.0.1", "::1", o.HostName("peer0"), "peer0.exportbank"} {
		for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			_, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: []x509.ExtKeyUsage{use}})
			if err != nil {
				t.Errorf("%s: %v", host, err)
			}
		}
	}
}

func TestKeysAreTheirOwnersOnly(t *testing.T) {
	top, s := generate(t)
	o, _ := top.Client("exporter")
	for _, path := range []string{
		s.Client(o, "exporter").PrivateKey, s.Admin(o).PrivateKey, s.SM2Key(o, "exporter"),
		s.NodeTLS(o, "peer0").PrivateKey, filepath.Join(s.NodeMSP(o, "orderer0"), "keystore", "key.pem"),
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
	}
	key, err := x509.ParsePKCS8PrivateKey(readPEM(t, s.Client(o, "exporter").PrivateKey))
	if _, ok := key.(*ecdsa.PrivateKey); err != nil || !ok {
		t.Errorf("client key %T, %v", key, err)
	}
}

func TestSM2KeyPairSignsAndVerifies(t *testing.T) {
	top, s := generate(t)
	o, _ := top.Client("exporter")
	private, err := smx509.ParsePKCS8PrivateKey(readPEM(t, s.SM2Key(o, "exporter")))
	if err != nil {
		t.Fatal(err)
	}
	key, ok := private.(*sm2.PrivateKey)
	if !ok {
		t.Fatalf("private key is a %T", private)
	}
	sig, err := key.Sign(rand.Reader, []byte("bill of lading"), sm2.DefaultSM2SignerOpts)
	if err != nil {
		t.Fatal(err)
	}
	public, err := smx509.ParsePKIXPublicKey(readPEM(t, s.SM2PublicKey(o, "exporter")))
	if err != nil {
		t.Fatal(err)
	}
	pub, ok := public.(*ecdsa.PublicKey)
	if !ok || !sm2.VerifyASN1WithSM2(pub, nil, []byte("bill of lading"), sig) {
		t.Errorf("the public key (%T) does not verify", public)
	}
}

func TestKeysAreMadeOnce(t *testing.T) {
	top, s := generate(t)
	if err := s.Generate(top, time.Now()); !errors.Is(err, ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
}

func TestCompleteAddsAndReplacesNothing(t *testing.T) {
	top, s := generate(t)
	o := &top.Organisations[0]
	before := certificate(t, s.Client(o, "exporter").Certificate)
	o.Clients = append(o.Clients, topology.Client{Name: "newcomer", Roles: []string{"trader"}, SM2Key: true})
	if err := s.Complete(top, time.Now()); err != nil {
		t.Fatal(err)
	}
	if !before.Equal(certificate(t, s.Client(o, "exporter").Certificate)) {
		t.Error("an existing certificate was replaced")
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate(t, s.CA(o)))
	added := certificate(t, s.Client(o, "newcomer").Certificate)
	if _, err := added.Verify(x509.VerifyOptions{
		Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}); err != nil {
		t.Error(err)
	}
	if !exists(s.SM2Key(o, "newcomer")) {
		t.Error("no SM2 key for the new client")
	}
}
