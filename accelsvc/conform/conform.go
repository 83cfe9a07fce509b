// Package conform reads signature vector files in Wycheproof's JSON schema and
// compares every way that the accelerator has to verify with what they say.
//
// It reads ECDSA on P-256 with SHA-256, signatures in DER (group type
// EcdsaVerify) and as r || s (EcdsaP1363Verify), of both versions of the schema,
// and SM2 with SM3 in the same shape:
//
//	{"algorithm": "SM2", "schema": "sm2_verify_schema_v1.json", "numberOfTests": 1,
//	 "testGroups": [{
//	   "type": "Sm2Verify",                  or Sm2P1363Verify
//	   "publicKey": {"type": "EcPublicKey", "curve": "sm2p256v1", "keySize": 256,
//	                 "uncompressed": "04…"},
//	   "sha": "SM3",
//	   "uid": "31323334…",                   hex, or "userId"; absent or empty: the default id
//	   "tests": [{"tcId": 1, "comment": "", "flags": [], "uid": "…", "msg": "…",
//	              "sig": "…", "result": "valid"}]}]}
//
// A uid in a test replaces its group's. Instead of msg a test may have "digest",
// 32 bytes in hex: the value e itself, for cases that no message can be found
// for; the uid then plays no part. A group of such tests may have the type
// Sm2DigestVerify, as those of package vectors do. A test with neither has the
// empty message.
//
// It refuses, with a FormatError that names the line or the case, whatever is not
// of that shape, other algorithms, and files above the limits. Fields that it
// does not know are left alone: the schema has some that are for people. A key
// that is not a point and a signature that cannot be decoded are not errors but
// cases to be found invalid.
package conform

//go:generate go run ./cmd/gen testdata

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
)

// Limits of a file. The largest of Wycheproof's for these algorithms has half a
// megabyte and 500 cases.
const (
	MaxFileSize  = 64 << 20 // bytes
	MaxCases     = 1 << 18
	MaxMessage   = 1 << 20 // bytes of one message
	MaxSignature = 1 << 16 // bytes of one signature; some cases have absurd lengths on purpose
)

// Encoding is how the signatures of a group are written.
type Encoding uint8

// Encodings. The zero value is none.
const (
	DER   Encoding = iota + 1 // strict DER SEQUENCE{r, s}
	P1363                     // r || s, 32 bytes each
)

// Result is what a file says of a case.
type Result uint8

// Results. The zero value is none.
const (
	Valid Result = iota + 1
	Invalid
	Acceptable // both verdicts are right
)

// String returns the word of the schema.
func (r Result) String() string {
	switch r {
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	case Acceptable:
		return "acceptable"
	default:
		return fmt.Sprintf("result(%d)", uint8(r))
	}
}

// Case is one signature to be judged.
type Case struct {
	ID        int // tcId, unique in its file
	Comment   string
	Flags     []string
	Algorithm kernel.Algorithm
	Encoding  Encoding
	Key       kernel.PublicKey
	UserID    []byte // SM2 with a message; nil means the default
	Input     engine.Input
	Message   []byte
	Digest    kernel.Digest
	Signature []byte // as the file has it
	Want      Result
}

// File is a file of cases.
type File struct {
	Name      string
	Algorithm string // as the file names it
	Cases     []Case
}

// FormatError says where a file is not of the shape that the package reads.
type FormatError struct {
	File string
	Line int // 0 if the fault is not one of a line
	Case int // tcId; 0 if the fault is not one of a case
	Text string
}

// Error implements error.
func (e *FormatError) Error() string {
	switch {
	case e.Line > 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
	case e.Case != 0:
		return fmt.Sprintf("%s: tcId %d: %s", e.File, e.Case, e.Text)
	default:
		return fmt.Sprintf("%s: %s", e.File, e.Text)
	}
}

// Read reads the file at path.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	return Parse(path, b)
}

// The schema's own structures; fields that matter only.
type (
	fileJSON struct {
		Algorithm     string      `json:"algorithm"`
		NumberOfTests *int        `json:"numberOfTests"`
		TestGroups    []groupJSON `json:"testGroups"`
	}
	groupJSON struct {
		Type      string     `json:"type"`
		PublicKey *keyJSON   `json:"publicKey"`
		Key       *keyJSON   `json:"key"` // the name in version 0 of the schema
		Sha       string     `json:"sha"`
		UID       string     `json:"uid"`
		UserID    string     `json:"userId"`
		Tests     []caseJSON `json:"tests"`
	}
	keyJSON struct {
		Curve        string `json:"curve"`
		Uncompressed string `json:"uncompressed"`
	}
	caseJSON struct {
		TcID    int      `json:"tcId"`
		Comment string   `json:"comment"`
		Flags   []string `json:"flags"`
		UID     *string  `json:"uid"`
		Msg     *string  `json:"msg"`
		Digest  *string  `json:"digest"`
		Sig     *string  `json:"sig"`
		Result  string   `json:"result"`
	}
)

// Parse reads b; name is used in errors.
func Parse(name string, b []byte) (*File, error) {
	if len(b) > MaxFileSize {
		return nil, &FormatError{File: name, Text: fmt.Sprintf("larger than %d bytes", MaxFileSize)}
	}
	var in fileJSON
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&in); err != nil {
		return nil, syntaxError(name, b, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		line := lineAt(b, dec.InputOffset())
		return nil, &FormatError{File: name, Line: line, Text: "something follows the JSON object"}
	}
	out := &File{Name: name, Algorithm: in.Algorithm}
	if len(in.TestGroups) == 0 {
		return nil, &FormatError{File: name, Text: "no testGroups"}
	}
	seen := map[int]bool{}
	for i := range in.TestGroups {
		if err := out.addGroup(&in.TestGroups[i], i, seen); err != nil {
			return nil, err
		}
	}
	if n := in.NumberOfTests; n != nil && *n != len(out.Cases) {
		return nil, &FormatError{File: name, Text: fmt.Sprintf("numberOfTests is %d, but there are %d", *n, len(out.Cases))}
	}
	return out, nil
}

func syntaxError(name string, b []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	e := &FormatError{File: name, Line: lineAt(b, int64(len(b))), Text: "the file ends too early"}
	switch {
	case errors.As(err, &syntax):
		e.Line, e.Text = lineAt(b, syntax.Offset), syntax.Error()
	case errors.As(err, &kind):
		e.Line, e.Text = lineAt(b, kind.Offset), fmt.Sprintf("%s: a JSON %s is not a %v", kind.Field, kind.Value, kind.Type)
	}
	return e
}

// lineAt returns the number of the line, from 1, that holds the byte before
// offset.
func lineAt(b []byte, offset int64) int {
	return 1 + bytes.Count(b[:min(max(offset-1, 0), int64(len(b)))], []byte("\n"))
}

// form is what a group's type stands for.
type form struct {
	algorithm   kernel.Algorithm
	encoding    Encoding
	curve, hash string
	name        string
}

var forms = map[string]form{
	"EcdsaVerify":      {kernel.ECDSAP256SHA256, DER, "secp256r1", "SHA-256", "ECDSA"},
	"EcdsaP1363Verify": {kernel.ECDSAP256SHA256, P1363, "secp256r1", "SHA-256", "ECDSA"},
	"Sm2Verify":        {kernel.SM2SM3, DER, "sm2p256v1", "SM3", "SM2"},
	"Sm2DigestVerify":  {kernel.SM2SM3, DER, "sm2p256v1", "SM3", "SM2"},
	"Sm2P1363Verify":   {kernel.SM2SM3, P1363, "sm2p256v1", "SM3", "SM2"},
}

func (f *File) addGroup(g *groupJSON, number int, seen map[int]bool) error {
	refuse := func(format string, args ...any) error {
		return &FormatError{File: f.Name, Text: fmt.Sprintf("testGroups[%d]: ", number) + fmt.Sprintf(format, args...)}
	}
	as, ok := forms[g.Type]
	if !ok || as.name != f.Algorithm {
		return refuse("algorithm %q with type %q is not read here; use ECDSA with EcdsaVerify or EcdsaP1363Verify, "+
			"SM2 with Sm2Verify or Sm2P1363Verify", f.Algorithm, g.Type)
	}
	key := g.PublicKey
	if key == nil {
		key = g.Key
	}
	if key == nil {
		return refuse("no publicKey")
	}
	if key.Curve != as.curve || g.Sha != as.hash {
		return refuse("curve %q with hash %q; only %s with %s is read here", key.Curve, g.Sha, as.curve, as.hash)
	}
	point, err := hex.DecodeString(key.Uncompressed)
	if err != nil || len(point) != 1+kernel.PublicKeySize || point[0] != 4 {
		return refuse("publicKey.uncompressed is not 04 || X || Y in hex")
	}
	if g.UID != "" && g.UserID != "" {
		return refuse("both uid and userId; give one")
	}
	uid, err := hex.DecodeString(g.UID + g.UserID)
	if err != nil || len(uid) > engine.MaxUserID {
		return refuse("uid is not hex of at most %d bytes", engine.MaxUserID)
	}
	proto := Case{Algorithm: as.algorithm, Encoding: as.encoding, Key: kernel.PublicKey(point[1:]), UserID: uid}
	for i := range g.Tests {
		c, err := parseCase(&g.Tests[i], proto, g.Type == "Sm2DigestVerify")
		if err == nil && seen[c.ID] {
			err = errors.New("the number is used twice")
		}
		if err == nil && len(f.Cases) == MaxCases {
			err = fmt.Errorf("more than %d cases", MaxCases)
		}
		if err != nil {
			return &FormatError{File: f.Name, Case: g.Tests[i].TcID, Text: err.Error()}
		}
		seen[c.ID] = true
		f.Cases = append(f.Cases, c)
	}
	return nil
}

// parseCase fills a copy of c. digests says that the group has no messages.
func parseCase(t *caseJSON, c Case, digests bool) (Case, error) {
	c.ID, c.Comment, c.Flags = t.TcID, t.Comment, t.Flags
	var err error
	if t.TcID == 0 {
		return c, errors.New("no tcId")
	}
	if t.Sig == nil {
		return c, errors.New("no sig")
	}
	if c.Signature, err = hexField("sig", *t.Sig, MaxSignature); err != nil {
		return c, err
	}
	if t.UID != nil {
		if c.UserID, err = hexField("uid", *t.UID, engine.MaxUserID); err != nil {
			return c, err
		}
	}
	if len(c.UserID) > 0 && c.Algorithm != kernel.SM2SM3 {
		return c, errors.New("a uid goes with SM2 only")
	}
	switch {
	case t.Msg != nil && t.Digest == nil:
		c.Input = engine.Messages
		if c.Message, err = hexField("msg", *t.Msg, MaxMessage); err != nil {
			return c, err
		}
	case t.Msg == nil && t.Digest != nil:
		digest, err := hexField("digest", *t.Digest, kernel.DigestSize)
		if err != nil || len(digest) != kernel.DigestSize {
			return c, fmt.Errorf("digest is not hex of %d bytes", kernel.DigestSize)
		}
		c.Input, c.Digest = engine.Digests, kernel.Digest(digest)
	case t.Msg == nil && c.Algorithm == kernel.SM2SM3 && !digests:
		c.Input = engine.Messages // the empty message, left out
	default:
		return c, errors.New("give either msg or digest")
	}
	for r := Valid; r <= Acceptable; r++ {
		if r.String() == t.Result {
			c.Want = r
			return c, nil
		}
	}
	return c, fmt.Errorf("result %q: use valid, invalid or acceptable", t.Result)
}

func hexField(name, text string, limit int) ([]byte, error) {
	if len(text) > 2*limit {
		return nil, fmt.Errorf("%s is longer than %d bytes", name, limit)
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not hex: %w", name, err)
	}
	return b, nil
}

// parseSignature returns the signature of c, or false if it is not one.
func (c *Case) parseSignature() (kernel.Signature, bool) {
	if c.Encoding == P1363 {
		if len(c.Signature) != kernel.SignatureSize {
			return kernel.Signature{}, false
		}
		return kernel.Signature(c.Signature), true
	}
	s, err := kernel.ParseSignatureDER(c.Signature)
	return s, err == nil
}
