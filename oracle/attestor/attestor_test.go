package attestor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	tjfoc "github.com/tjfoc/gmsm/sm2"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

func keyFile(t *testing.T, der []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
	if err := os.WriteFile(path, block, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func sm2DER(t *testing.T) []byte {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func claim() attest.Claim {
	return attest.Claim{
		Channel: "trade", Policy: trade.Digest{1}, Source: "authority-customs",
		Subject: trade.Digest{2}, Type: attest.CustomsCleared, Classifier: attest.Actual, OccurredAt: 1000,
		ObservedAt: 2000, Evidence: trade.Digest{3}, Sequence: 7,
	}
}

// TestSignature verifies with a second, independent implementation of SM2, so
// that signer and verifier cannot share one mistake.
func TestSignature(t *testing.T) {
	s, err := Load(keyFile(t, sm2DER(t), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(claim())
	if err != nil {
		t.Fatal(err)
	}
	other := &tjfoc.PublicKey{Curve: tjfoc.P256Sm2(), X: s.key.X, Y: s.key.Y}
	r, v := new(big.Int).SetBytes(signed.Signature[:32]), new(big.Int).SetBytes(signed.Signature[32:])
	if !tjfoc.Sm2Verify(other, signed.Claim.SignedBytes(), userID, r, v) {
		t.Error("the second implementation refuses the signature")
	}
	if !Verify(s.PublicKey(), signed) {
		t.Error("Verify refuses the signature")
	}
	forged := signed
	forged.Claim.Retracted = true
	if Verify(s.PublicKey(), forged) {
		t.Error("Verify accepts a signature of another claim")
	}
	if Verify("00"+s.PublicKey()[2:], signed) {
		t.Error("Verify accepts another key")
	}
}

func TestSignRefusesAnInvalidClaim(t *testing.T) {
	s, err := Load(keyFile(t, sm2DER(t), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	c := claim()
	c.Sequence = 0
	if _, err := s.Sign(c); fault.CodeOf(err) != fault.FieldRequired {
		t.Errorf("%v, want FIELD_REQUIRED", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	nist, err := x509.MarshalPKCS8PrivateKey(p256)
	if err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"a P-256 key":           keyFile(t, nist, 0o600),
		"a world-readable file": keyFile(t, sm2DER(t), 0o644),
		"no PEM":                empty,
		"rubbish":               keyFile(t, []byte{1, 2, 3}, 0o600),
		"a missing file":        filepath.Join(t.TempDir(), "none"),
	} {
		if _, err := Load(path); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
