package gatewaytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
)

// Names that every fake network uses.
const (
	Channel    = "trade"
	Registry   = "registry"
	Trade      = "trade"
	serverName = "peer0.gatewaytest.example"
)

// attributeOID is the extension in which Fabric CA puts attributes.
var attributeOID = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// Certificates of a test are valid around any clock.
var (
	notBefore = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Network is one certificate authority and what it has issued.
type Network struct {
	dir               string
	authority         *x509.Certificate
	key               *ecdsa.PrivateKey
	authorityFile     string
	serverCertificate tls.Certificate
}

// Member is an identity of a fake network.
type Member struct {
	MSPID   trade.MSPID
	Name    string
	Roles   string // attribute argosy.role
	Company trade.PartyID
}

// NewNetwork makes a certificate authority and a server certificate.
func NewNetwork(tb testing.TB) *Network {
	tb.Helper()
	n := &Network{dir: tb.TempDir()}
	n.key = newKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gatewaytest"},
		NotBefore: notBefore, NotAfter: notAfter,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	n.authority = n.sign(tb, template, template, n.key)
	n.authorityFile = n.write(tb, "ca.pem", "CERTIFICATE", n.authority.Raw)
	key := newKey(tb)
	server := n.sign(tb, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: serverName},
		NotBefore: notBefore, NotAfter: notAfter,
		DNSNames: []string{serverName}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, n.authority, key)
	n.serverCertificate = tls.Certificate{Certificate: [][]byte{server.Raw}, PrivateKey: key}
	return n
}

// Profile issues a certificate for the member and returns a profile with the
// peers' addresses.
func (n *Network) Profile(tb testing.TB, m Member, peers ...*Peer) client.Profile {
	tb.Helper()
	attributes, err := json.Marshal(map[string]map[string]string{"attrs": {
		"argosy.role": m.Roles, "argosy.company": string(m.Company),
	}})
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	key := newKey(tb)
	certificate := n.sign(tb, &x509.Certificate{
		SerialNumber: new(big.Int).SetInt64(int64(len(m.Name)) + 3),
		Subject:      pkix.Name{CommonName: m.Name, OrganizationalUnit: []string{"client"}},
		NotBefore:    notBefore, NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: attributeOID, Value: attributes}},
	}, n.authority, key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	p := client.Profile{
		Version: 1, Name: m.Name, Channel: Channel, MSPID: m.MSPID, Company: m.Company,
		Chaincodes: client.Chaincodes{Registry: Registry, Trade: Trade},
		Identity: client.IdentityFiles{
			Certificate: n.write(tb, m.Name+".pem", "CERTIFICATE", certificate.Raw),
			PrivateKey:  n.write(tb, m.Name+".key", "PRIVATE KEY", pkcs8),
		},
	}
	for _, peer := range peers {
		p.Peers = append(p.Peers, client.PeerAddress{
			Endpoint: peer.Address(), ServerName: serverName, TLSCA: n.authorityFile,
		})
	}
	return p
}

// Connect connects a client for the profile, closed by the test's cleanup.
func Connect(tb testing.TB, p client.Profile, options ...client.Option) *client.Client {
	tb.Helper()
	c, err := client.Connect(tb.Context(), p, options...)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

func (n *Network) sign(tb testing.TB, template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), n.key)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	return certificate
}

func (n *Network) write(tb testing.TB, name, kind string, der []byte) string {
	tb.Helper()
	path := filepath.Join(n.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	return path
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	return key
}
