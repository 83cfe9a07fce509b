package crypto

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/argosy-trade/argosy/network/topology"
)

// Terms of certificates.
const (
	caYears   = 20
	leafYears = 10
	// A node whose clock is a little behind must not find its certificate
	// "not yet valid".
	backdate = 10 * time.Minute
)

// oidAttributes is the extension in which Fabric CA keeps attributes; the
// chaincode libraries read it.
var oidAttributes = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// Names of the attributes in client certificates.
const (
	AttributeRole    = "argosy.role"
	AttributeCompany = "argosy.company"
)

// Attributes returns the certificate attributes of a client.
func Attributes(c topology.Client) map[string]string {
	attrs := map[string]string{}
	if len(c.Roles) > 0 {
		attrs[AttributeRole] = strings.Join(c.Roles, ",")
	}
	if c.Company != "" {
		attrs[AttributeCompany] = c.Company
	}
	return attrs
}

type subject struct {
	name, ou   string
	attributes map[string]string
}

type authority struct {
	cert         *x509.Certificate
	key          *ecdsa.PrivateKey
	pem          []byte
	organisation string
	now          time.Time
}

func newAuthority(organisation, name string, now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &authority{key: key, organisation: organisation, now: now}
	tmpl, err := a.template(pkix.Name{CommonName: name, Organization: []string{organisation}}, caYears)
	if err != nil {
		return nil, err
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(point)
	tmpl.IsCA, tmpl.BasicConstraintsValid = true, true
	tmpl.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	tmpl.SubjectKeyId = id[:] // Fabric's MSP refuses an authority without one
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a, nil
}

func (a *authority) template(name pkix.Name, years int) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: name,
		NotBefore: a.now.Add(-backdate).UTC(), NotAfter: a.now.AddDate(years, 0, 0).UTC(),
	}, nil
}

func (a *authority) save(cert, key string) error {
	if err := writeFile(cert, a.pem, publicMode); err != nil {
		return err
	}
	return writeKey(key, a.key)
}

func (a *authority) issueIdentity(sub subject, to Pair) error {
	tmpl, err := a.template(pkix.Name{
		CommonName: sub.name, Organization: []string{a.organisation}, OrganizationalUnit: []string{sub.ou},
	}, leafYears)
	if err != nil {
		return err
	}
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	if len(sub.attributes) > 0 {
		text, err := json.Marshal(map[string]any{"attrs": sub.attributes})
		if err != nil {
			return err
		}
		tmpl.ExtraExtensions = []pkix.Extension{{Id: oidAttributes, Value: text}}
	}
	return a.issue(tmpl, to)
}

func (a *authority) issueTLS(name string, hosts []string, to Pair) error {
	tmpl, err := a.template(pkix.Name{CommonName: name, Organization: []string{a.organisation}}, leafYears)
	if err != nil {
		return err
	}
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	// Nodes are client and server at once: gossip, cluster and chaincode links
	// authenticate both ends.
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	tmpl.DNSNames = append([]string{"localhost"}, hosts...)
	tmpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	return a.issue(tmpl, to)
}

func (a *authority) issue(tmpl *x509.Certificate, to Pair) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return fmt.Errorf("certificate of %s: %w", tmpl.Subject.CommonName, err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := writeFile(to.Certificate, text, publicMode); err != nil {
		return err
	}
	return writeKey(to.PrivateKey, key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), privateMode)
}

// writeSM2 makes an SM2 key. Fabric itself never sees it: its MSP takes no SM2
// certificate, so SM2 signs documents and facts only.
func writeSM2(private, public string) error {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := writeFile(private, text, privateMode); err != nil {
		return err
	}
	if der, err = smx509.MarshalPKIXPublicKey(&key.PublicKey); err != nil {
		return err
	}
	return writeFile(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), publicMode)
}

func loadAuthority(organisation, certFile, keyFile string) (*authority, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, want an ECDSA key", keyFile, pair.PrivateKey)
	}
	return &authority{cert: pair.Leaf, key: key, organisation: organisation}, nil
}
