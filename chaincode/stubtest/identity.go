package stubtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// attributeOID is the extension in which a Fabric CA puts a certificate's attributes.
var attributeOID = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// Certificates are valid throughout any time that a test's clock may show.
var (
	validFrom  = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	validUntil = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// identity is somebody who signs: a peer or a client of an organisation.
type identity struct {
	mspID      string
	unit       string // organisational unit: client, peer or admin
	serialized []byte // msp.SerializedIdentity: what creators and endorsers are on the wire
	secret     []byte
}

// subject is what a certificate is issued for.
type subject struct {
	name  string
	unit  string
	attrs map[string]string
}

// authority is an organisation's certificate authority.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

// directory issues identities and checks their signatures, as the channel's MSPs do.
type directory struct {
	mu          sync.RWMutex
	authorities map[string]*authority
	identities  map[string]*identity // by serialized form
	serial      int64
}

func newDirectory() *directory {
	return &directory{authorities: map[string]*authority{}, identities: map[string]*identity{}}
}

func (d *directory) addOrganisation(mspID string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("generate authority key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "ca." + mspID, Organization: []string{mspID}},
		NotBefore:    validFrom, NotAfter: validUntil,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("create authority certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("parse authority certificate: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.authorities[mspID] = &authority{key: key, certificate: certificate}
	return nil
}

// issue makes a certificate of an organisation, with the attributes as a Fabric CA writes them.
func (d *directory) issue(mspID string, who subject) (*identity, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ca := d.authorities[mspID]
	if ca == nil {
		return nil, fmt.Errorf("no organisation %s", mspID)
	}
	d.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1 + d.serial),
		Subject: pkix.Name{
			CommonName: who.name, Organization: []string{mspID}, OrganizationalUnit: []string{who.unit},
		},
		NotBefore: validFrom, NotAfter: validUntil, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if len(who.attrs) > 0 {
		value, err := json.Marshal(map[string]map[string]string{"attrs": who.attrs})
		if err != nil {
			return nil, fmt.Errorf("encode attributes: %w", err)
		}
		template.ExtraExtensions = []pkix.Extension{{Id: attributeOID, Value: value}}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, key.Public(), ca.key)
	if err != nil {
		return nil, fmt.Errorf("create certificate: %w", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	serialized, err := proto.Marshal(&msp.SerializedIdentity{Mspid: mspID, IdBytes: block})
	if err != nil {
		return nil, fmt.Errorf("serialize identity: %w", err)
	}
	id := &identity{mspID: mspID, unit: who.unit, serialized: serialized, secret: make([]byte, sha256.Size)}
	if _, err := rand.Read(id.secret); err != nil {
		return nil, fmt.Errorf("draw secret: %w", err)
	}
	d.identities[string(serialized)] = id
	return id, nil
}

// sign returns the identity's signature on a message.
func (i *identity) sign(parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, i.secret)
	for _, part := range parts {
		mac.Write(part) // a hash.Hash never returns an error
	}
	return mac.Sum(nil)
}

var errSignature = errors.New("the signature is not the identity's")

// verify returns the identity that a serialized form names if the signature on the message is its own.
func (d *directory) verify(serialized, signature []byte, parts ...[]byte) (*identity, error) {
	d.mu.RLock()
	id := d.identities[string(serialized)]
	d.mu.RUnlock()
	if id == nil {
		return nil, errors.New("the identity belongs to no organisation of the channel")
	}
	if !hmac.Equal(signature, id.sign(parts...)) {
		return nil, errSignature
	}
	return id, nil
}

// satisfies tells whether the identity is what a principal of a policy asks for.
func (i *identity) satisfies(role *msp.MSPRole) bool {
	if role.GetMspIdentifier() != i.mspID {
		return false
	}
	switch role.GetRole() {
	case msp.MSPRole_MEMBER:
		return true
	case msp.MSPRole_PEER:
		return i.unit == "peer"
	case msp.MSPRole_CLIENT:
		return i.unit == "client"
	case msp.MSPRole_ADMIN:
		return i.unit == "admin"
	case msp.MSPRole_ORDERER:
		return i.unit == "orderer"
	default:
		return false
	}
}
