// Package vectors reads signature test vectors in the JSON form of Project
// Wycheproof and holds this project's own set for SM2, for which Wycheproof has
// none.
//
// Two fields extend the form: a group for SM2 may have a userId (hex; the signer's
// identity in Z), and a group of type Sm2DigestVerify gives the digest e of each
// test instead of a message, because some corners can only be reached by choosing
// e. Signatures are DER.
//
// The files are data to be judged by kernels, never trusted: what a file cannot
// say without contradiction is an error.
package vectors

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
)

//go:generate go run ./gen -o sm2_test.json

// SM2 is the set for SM2, made by the program in gen.
//
//go:embed sm2_test.json
var SM2 []byte

// ErrFormat reports a file that is not in the form above.
var ErrFormat = errors.New("vectors: format")

// Group types.
const (
	SM2Messages = "Sm2Verify"
	SM2Digests  = "Sm2DigestVerify"
)

// Results.
const (
	Valid   = "valid"
	Invalid = "invalid"
)

// File is a vector file.
type File struct {
	Algorithm     string          `json:"algorithm"`
	Schema        string          `json:"schema"`
	NumberOfTests int             `json:"numberOfTests"`
	Header        []string        `json:"header"`
	Notes         map[string]Note `json:"notes"`
	Groups        []Group         `json:"testGroups"`
}

// Note explains a flag.
type Note struct {
	BugType     string `json:"bugType"`
	Description string `json:"description"`
}

// Group is a list of tests with one key.
type Group struct {
	Type      string `json:"type"`
	PublicKey Key    `json:"publicKey"`
	SHA       string `json:"sha"`
	UserID    string `json:"userId,omitempty"`
	Tests     []Test `json:"tests"`
}

// Key is the public key of a group.
type Key struct {
	Type         string `json:"type"`
	Curve        string `json:"curve"`
	KeySize      int    `json:"keySize"`
	Uncompressed string `json:"uncompressed"` // 04 || X || Y in hex
}

// Test is one signature. All byte strings are hex.
type Test struct {
	ID      int      `json:"tcId"`
	Comment string   `json:"comment"`
	Flags   []string `json:"flags"`
	Message string   `json:"msg,omitempty"`
	Digest  string   `json:"digest,omitempty"`
	Sig     string   `json:"sig"`
	Result  string   `json:"result"`
}

// Parse reads a file and checks what it says of itself.
func Parse(b []byte) (*File, error) {
	var f File
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	n := 0
	seen := map[int]bool{}
	for _, g := range f.Groups {
		n += len(g.Tests)
		for _, t := range g.Tests {
			switch {
			case seen[t.ID]:
				return nil, fmt.Errorf("%w: tcId %d occurs twice", ErrFormat, t.ID)
			case t.Result != Valid && t.Result != Invalid:
				return nil, fmt.Errorf("%w: tcId %d: result %q", ErrFormat, t.ID, t.Result)
			case g.Type == SM2Digests && len(t.Digest) != 64:
				return nil, fmt.Errorf("%w: tcId %d: digest of %d digits", ErrFormat, t.ID, len(t.Digest))
			}
			for _, flag := range t.Flags {
				if _, ok := f.Notes[flag]; !ok {
					return nil, fmt.Errorf("%w: tcId %d: flag %s has no note", ErrFormat, t.ID, flag)
				}
			}
			seen[t.ID] = true
		}
	}
	if n != f.NumberOfTests || n == 0 {
		return nil, fmt.Errorf("%w: %d tests, numberOfTests says %d", ErrFormat, n, f.NumberOfTests)
	}
	return &f, nil
}
