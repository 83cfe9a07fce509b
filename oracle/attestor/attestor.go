// Package attestor signs claims with a source's SM2 key.
//
// A private key enters the process from a PEM file, stays inside a Signer and
// leaves it in no form. The package signs attest.Claim.SignedBytes and nothing
// else, so no caller can have other bytes signed with a source's key.
package attestor

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
)

// Signer holds one source's private key.
type Signer struct {
	key    *sm2.PrivateKey
	public string
}

// userID is the default user id of GM/T 0009, under which claims are verified.
var userID = []byte("1234567812345678")

// pemType is the PEM type of PKCS#8 (RFC 7468).
const pemType = "PRIVATE KEY"

// maxKeyFile bounds a key file: PKCS#8 of one SM2 key takes 250 bytes.
const maxKeyFile = 8 << 10

// Load reads an SM2 private key, PEM PKCS#8. A file that others than its owner
// and group may read is refused.
func Load(path string) (*Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("SM2 key: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("SM2 key %s: %w: mode %04o lets everybody use it; chmod 600", path, fs.ErrPermission,
			info.Mode().Perm())
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("SM2 key %s: %d bytes are too many for a key", path, info.Size())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("SM2 key: %w", err)
	}
	s, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("SM2 key %s: %w", path, err)
	}
	return s, nil
}

// Parse reads an SM2 private key from PEM PKCS#8 bytes.
func Parse(raw []byte) (*Signer, error) {
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != pemType || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("not one PEM block of type PRIVATE KEY (PKCS#8)")
	}
	key, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("not PKCS#8: %w", err)
	}
	private, ok := key.(*sm2.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a key of type %T; SM2 is needed", key)
	}
	point, err := sm2.PublicKeyToECDH(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("SM2 public key: %w", err)
	}
	// The uncompressed form is 04 and the coordinates.
	return &Signer{key: private, public: hex.EncodeToString(point.Bytes()[1:])}, nil
}

// PublicKey returns x||y, 64 bytes in lower-case hex: the form in which a source
// is registered on the ledger.
func (s *Signer) PublicKey() string { return s.public }

// Sign returns the claim with the source's signature r||s over its signed bytes.
// It refuses a claim that is not valid.
func (s *Signer) Sign(claim attest.Claim) (attest.SignedClaim, error) {
	if err := claim.Validate(); err != nil {
		return attest.SignedClaim{}, err
	}
	digest, err := sm2.CalculateSM2Hash(&s.key.PublicKey, claim.SignedBytes(), userID)
	if err != nil {
		return attest.SignedClaim{}, fmt.Errorf("SM2 hash: %w", err)
	}
	r, v, err := sm2.Sign(rand.Reader, &s.key.PrivateKey, digest)
	if err != nil {
		return attest.SignedClaim{}, fmt.Errorf("SM2 signature: %w", err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return attest.SignedClaim{Claim: claim, Signature: signature}, nil
}

// Verify reports whether the signed claim was signed with the key x||y in hex.
// The ledger decides for itself; this is for tools and tests.
func Verify(publicKey string, signed attest.SignedClaim) bool {
	xy, err := hex.DecodeString(publicKey)
	if err != nil || len(xy) != 64 || len(signed.Signature) != 64 {
		return false
	}
	key, err := sm2.NewPublicKey(append([]byte{4}, xy...))
	if err != nil {
		return false
	}
	digest, err := sm2.CalculateSM2Hash(key, signed.Claim.SignedBytes(), userID)
	if err != nil {
		return false
	}
	r, s := new(big.Int).SetBytes(signed.Signature[:32]), new(big.Int).SetBytes(signed.Signature[32:])
	return sm2.Verify(key, digest, r, s)
}
