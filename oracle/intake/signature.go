package intake

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// SignatureHeader carries sha256=<hex of HMAC-SHA256 over the raw body> (DCSA
// event domain, Notification-Signature).
const SignatureHeader = "Notification-Signature"

const (
	signaturePrefix = "sha256="
	// minSecret is the shortest secret: as long as the hash, so that guessing
	// the secret is no easier than guessing the signature.
	minSecret = 32
	// maxSecretFile bounds a secret's file.
	maxSecretFile = 4 << 10
	// maxSecrets: the live one and its successor.
	maxSecrets = 2
)

// Secrets are a source's live secrets: one, or two while the source changes from
// one to the other.
type Secrets struct {
	keys [][]byte
}

// LoadSecrets reads one or two files, each holding one secret in base64, as the
// subscription was given it. Files that others than owner and group may read are
// refused.
func LoadSecrets(paths []string) (Secrets, error) {
	if len(paths) == 0 || len(paths) > maxSecrets {
		return Secrets{}, fmt.Errorf("a pushed source has 1 or %d secrets, not %d", maxSecrets, len(paths))
	}
	var s Secrets
	for _, path := range paths {
		key, err := loadSecret(path)
		if err != nil {
			return Secrets{}, fmt.Errorf("secret %s: %w", path, err)
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

func loadSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("mode %04o lets everybody use it; chmod 600", info.Mode().Perm())
	}
	if info.Size() > maxSecretFile {
		return nil, errors.New("too long for a secret")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(raw)))
	if err != nil {
		return nil, errors.New("not base64")
	}
	if len(key) < minSecret {
		return nil, fmt.Errorf("%d bytes; at least %d are needed", len(key), minSecret)
	}
	return key, nil
}

// Empty reports whether there is no secret.
func (s Secrets) Empty() bool { return len(s.keys) == 0 }

// Verify reports whether header is the signature of body under a live secret.
// It takes the same time whichever secret fits and wherever they differ.
func (s Secrets) Verify(header string, body []byte) bool {
	given, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(header), signaturePrefix))
	if err != nil || len(given) != sha256.Size || !strings.HasPrefix(strings.TrimSpace(header), signaturePrefix) {
		return false
	}
	fits := false
	for _, key := range s.keys {
		if hmac.Equal(given, mac(key, body)) {
			fits = true
		}
	}
	return fits
}

// Sign returns the header value for body under a secret; senders and tests use
// it.
func Sign(secret, body []byte) string { return signaturePrefix + hex.EncodeToString(mac(secret, body)) }

func mac(key, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(body)
	return h.Sum(nil)
}
