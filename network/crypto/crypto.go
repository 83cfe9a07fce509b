// Package crypto makes and finds the key material of a network: for every
// organisation a certificate authority for identities and one for TLS, the
// certificates of its nodes, of its administrator and of its clients with their
// attributes, and SM2 keys.
//
// It refuses to write over a directory that already holds key material: a
// network's keys are made once. Private keys are readable by their owner only.
// Nothing is sent anywhere; the authorities' keys stay in the directory, which
// is right for a development network and wrong for one that holds real trade.
//
// Invariants: node and client certificates carry exactly one node OU (peer,
// orderer, admin or client); TLS certificates name localhost, 127.0.0.1, ::1
// and the node's host names, and serve both ends of mutual TLS.
package crypto

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/network/topology"
)

// Store finds key material below a directory.
type Store struct{ root string }

// NewStore returns the store below root; it does no I/O.
func NewStore(root string) Store { return Store{root} }

// Pair names the files of a certificate and its private key (PEM, PKCS#8).
type Pair struct{ Certificate, PrivateKey string }

// CA is the certificate file of the organisation's identity authority.
func (s Store) CA(o *topology.Organisation) string { return s.path(o, "ca.pem") }

// TLSCA is the certificate file of the organisation's TLS authority.
func (s Store) TLSCA(o *topology.Organisation) string { return s.path(o, "tlsca.pem") }

// NodeMSP is the local MSP directory of a node.
func (s Store) NodeMSP(o *topology.Organisation, node string) string {
	return s.path(o, "nodes", node, "msp")
}

// NodeIdentity is the signing certificate of a node.
func (s Store) NodeIdentity(o *topology.Organisation, node string) string {
	return filepath.Join(s.NodeMSP(o, node), "signcerts", "cert.pem")
}

// NodeTLS is the TLS certificate of a node, usable as server and as client.
func (s Store) NodeTLS(o *topology.Organisation, node string) Pair {
	return Pair{s.path(o, "nodes", node, "tls.pem"), s.path(o, "nodes", node, "tls-key.pem")}
}

// Client is the identity of one of the organisation's clients.
func (s Store) Client(o *topology.Organisation, name string) Pair {
	return Pair{s.path(o, "clients", name+".pem"), s.path(o, "clients", name+"-key.pem")}
}

// Admin is the identity of the organisation's Fabric administrator.
func (s Store) Admin(o *topology.Organisation) Pair {
	return Pair{s.path(o, "admin.pem"), s.path(o, "admin-key.pem")}
}

// SM2Key is the SM2 private key file of a client or service key; its public
// key lies beside it in SM2PublicKey.
func (s Store) SM2Key(o *topology.Organisation, name string) string {
	return s.path(o, "sm2", name+".pem")
}

// SM2PublicKey is the public half of SM2Key.
func (s Store) SM2PublicKey(o *topology.Organisation, name string) string {
	return s.path(o, "sm2", name+".pub.pem")
}

// ChaincodeNode is the node name under which the chaincode process has its TLS
// certificate.
const ChaincodeNode = "chaincode"

func (s Store) path(o *topology.Organisation, parts ...string) string {
	return filepath.Join(append([]string{s.root, o.Slug()}, parts...)...)
}

// ErrExists says that there is key material already.
var ErrExists = errors.New("crypto: the directory holds key material already")

// Generate makes all key material of t; now is the time of issue.
func (s Store) Generate(t *topology.Topology, now time.Time) error {
	if _, err := os.Stat(s.root); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, s.root)
	}
	var g errgroup.Group
	for i := range t.Organisations {
		g.Go(func() error {
			o := &t.Organisations[i]
			if err := s.organisation(o, now); err != nil {
				return fmt.Errorf("crypto: organisation %s: %w", o.Name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// Node OUs as Fabric's MSP knows them.
const (
	ouPeer    = "peer"
	ouOrderer = "orderer"
	ouAdmin   = "admin"
	ouClient  = "client"
)

func (s Store) organisation(o *topology.Organisation, now time.Time) error {
	ca, err := newAuthority(o.Name, "ca."+o.Domain, now)
	if err != nil {
		return err
	}
	tlsCA, err := newAuthority(o.Name, "tlsca."+o.Domain, now)
	if err != nil {
		return err
	}
	if err := ca.save(s.CA(o), s.path(o, "ca-key.pem")); err != nil {
		return err
	}
	if err := tlsCA.save(s.TLSCA(o), s.path(o, "tlsca-key.pem")); err != nil {
		return err
	}
	is := issuer{store: s, o: o, ca: ca, tls: tlsCA}
	for i := range o.Peers {
		if err := is.node(fmt.Sprintf("peer%d", i), ouPeer); err != nil {
			return err
		}
	}
	for i := range o.Orderers {
		if err := is.node(fmt.Sprintf("orderer%d", i), ouOrderer); err != nil {
			return err
		}
	}
	if err := is.nodeTLS(ChaincodeNode); err != nil {
		return err
	}
	if err := is.identity(subject{"admin", ouAdmin, nil}, s.Admin(o)); err != nil {
		return err
	}
	return is.clients()
}

type issuer struct {
	store   Store
	o       *topology.Organisation
	ca, tls *authority
}

func (is issuer) clients() error {
	for _, c := range is.o.Clients {
		sub := subject{name: c.Name, ou: ouClient, attributes: Attributes(c)}
		pair := is.store.Client(is.o, c.Name)
		if !exists(pair.PrivateKey) {
			if err := is.identity(sub, pair); err != nil {
				return err
			}
		}
		if c.SM2Key {
			if err := is.sm2(c.Name); err != nil {
				return err
			}
		}
	}
	for _, service := range is.o.Services {
		for _, name := range service.SM2Keys {
			if err := is.sm2(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// node issues a node's identity, as a local MSP directory, and its TLS pair.
func (is issuer) node(node, ou string) error {
	msp := is.store.NodeMSP(is.o, node)
	pair := Pair{is.store.NodeIdentity(is.o, node), filepath.Join(msp, "keystore", "key.pem")}
	if err := is.identity(subject{is.o.HostName(node), ou, nil}, pair); err != nil {
		return err
	}
	files := map[string][]byte{
		filepath.Join(msp, "cacerts", "ca.pem"):       is.ca.pem,
		filepath.Join(msp, "tlscacerts", "tlsca.pem"): is.tls.pem,
		filepath.Join(msp, "config.yaml"):             []byte(nodeOUs),
	}
	for path, text := range files {
		if err := writeFile(path, text, publicMode); err != nil {
			return err
		}
	}
	return is.nodeTLS(node)
}

func (is issuer) nodeTLS(node string) error {
	host := is.o.HostName(node)
	// The short name is what container networks resolve.
	return is.tls.issueTLS(host, []string{host, node + "." + is.o.Slug()}, is.store.NodeTLS(is.o, node))
}

func (is issuer) identity(sub subject, to Pair) error { return is.ca.issueIdentity(sub, to) }

func (is issuer) sm2(name string) error {
	if exists(is.store.SM2PublicKey(is.o, name)) {
		return nil
	}
	return writeSM2(is.store.SM2Key(is.o, name), is.store.SM2PublicKey(is.o, name))
}

// nodeOUs makes Fabric tell peers, orderers, admins and clients apart by the
// OU of their certificates, so no list of admin certificates is needed.
const nodeOUs = `NodeOUs:
  Enable: true
  ClientOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: client}
  PeerOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: peer}
  AdminOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: admin}
  OrdererOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: orderer}
`

const (
	publicMode  = 0o644
	privateMode = 0o600
	dirMode     = 0o755
)

func writeFile(path string, text []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	return os.WriteFile(path, text, mode)
}

// Complete issues what t has and the store lacks: clients and SM2 keys that
// were added to a topology after its network was made. Nothing is replaced.
func (s Store) Complete(t *topology.Topology, now time.Time) error {
	for i := range t.Organisations {
		o := &t.Organisations[i]
		ca, err := loadAuthority(o.Name, s.CA(o), s.path(o, "ca-key.pem"))
		if err != nil {
			return fmt.Errorf("crypto: organisation %s: %w", o.Name, err)
		}
		ca.now = now
		if err := (issuer{store: s, o: o, ca: ca}).clients(); err != nil {
			return fmt.Errorf("crypto: organisation %s: %w", o.Name, err)
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
