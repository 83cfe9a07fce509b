package client

import (
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// SM2PublicKey returns the public half of the profile's SM2 key as the registry
// wants it, x||y in 128 lower-case hex digits, or "" when the profile names no
// key.
func (p Profile) SM2PublicKey() (string, error) {
	if p.SM2Key == "" {
		return "", nil
	}
	text, err := os.ReadFile(p.SM2Key)
	if err != nil {
		return "", fmt.Errorf("SM2 key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", fmt.Errorf("SM2 key %s: no PEM block", p.SM2Key)
	}
	parsed, err := smx509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("SM2 key %s: %w", p.SM2Key, err)
	}
	key, ok := parsed.(*sm2.PrivateKey)
	if !ok {
		return "", fmt.Errorf("SM2 key %s: holds a %T", p.SM2Key, parsed)
	}
	var xy [64]byte
	key.X.FillBytes(xy[:32])
	key.Y.FillBytes(xy[32:])
	return hex.EncodeToString(xy[:]), nil
}
