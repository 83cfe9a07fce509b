// Command gen writes the vector files of package conform: synthetic signatures in
// Wycheproof's JSON schema, the same bytes at every run. It holds private keys of
// its own making and must not be used for anything else.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// The schema, in its own order of fields.
type (
	vectorFile struct {
		Algorithm     string              `json:"algorithm"`
		Schema        string              `json:"schema"`
		NumberOfTests int                 `json:"numberOfTests"`
		Header        []string            `json:"header"`
		Notes         map[string]flagNote `json:"notes"`
		TestGroups    []*group            `json:"testGroups"`
	}
	flagNote struct {
		BugType     string `json:"bugType"`
		Description string `json:"description"`
	}
	group struct {
		Type      string      `json:"type"`
		Source    groupSource `json:"source"`
		PublicKey publicKey   `json:"publicKey"`
		Sha       string      `json:"sha"`
		UID       string      `json:"uid,omitempty"`
		Tests     []test      `json:"tests"`
	}
	groupSource struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	publicKey struct {
		Type         string `json:"type"`
		Curve        string `json:"curve"`
		KeySize      int    `json:"keySize"`
		Uncompressed string `json:"uncompressed"`
		Wx           string `json:"wx"`
		Wy           string `json:"wy"`
	}
	test struct {
		TcID    int      `json:"tcId"`
		Comment string   `json:"comment"`
		Flags   []string `json:"flags"`
		UID     *string  `json:"uid,omitempty"`
		Msg     *string  `json:"msg,omitempty"`
		Digest  *string  `json:"digest,omitempty"`
		Sig     string   `json:"sig"`
		Result  string   `json:"result"`
	}
)

var notes = map[string]flagNote{
	"Normal":     {"BASIC", "An ordinary signature."},
	"Modified":   {"BASIC", "A signature over another message, with another key or with another user id."},
	"RangeCheck": {"MISSING_STEP", "r or s outside 1 to n-1, also where the value modulo n would be right."},
	"Encoding":   {"BER_ENCODING", "Not the DER encoding of a SEQUENCE of two positive INTEGERs, nor r || s of 64 bytes."},
	"HighS":      {"MALLEABILITY", "s above n/2: valid ECDSA; who needs low S checks it himself."},
	"EdgeCase":   {"EDGE_CASE", "Keys, digests and sums at the limits of the arithmetic."},
	"UserID":     {"CONFUSION", "The SM2 user id enters the digest."},
}

// builder collects the cases of one file.
type builder struct {
	curve  *curve
	encode func(r, s *big.Int) []byte
	kind   string
	file   vectorFile
	number int
}

// write writes the four files into directory dir.
func write(dir string) error {
	for name, f := range files() {
		out, err := json.MarshalIndent(f, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), append(out, '\n'), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func files() map[string]*vectorFile {
	out := map[string]*vectorFile{}
	for _, c := range []struct {
		curve                *curve
		algorithm, kind, der string
	}{{p256Curve, "ECDSA", "Ecdsa", "ecdsa"}, {sm2Curve, "SM2", "Sm2", "sm2"}} {
		for _, encoding := range []string{"", "P1363"} {
			b := &builder{curve: c.curve, encode: der, kind: c.kind + encoding + "Verify"}
			schema := c.der + "_verify_schema_v1.json"
			name := c.der + "_" + c.curve.name + "_der.json"
			if encoding != "" {
				b.encode = p1363
				schema, name = c.der+"_p1363_verify_schema_v1.json", c.der+"_"+c.curve.name+"_p1363.json"
			}
			b.file = vectorFile{
				Algorithm: c.algorithm, Schema: schema, Notes: notes,
				Header: []string{"Synthetic vectors made by accelsvc/conform/cmd/gen; run go generate to make them again."},
			}
			b.all()
			b.file.NumberOfTests = b.number
			out[name] = &b.file
		}
	}
	return out
}

// signer is the key of a group.
type signer struct {
	d      *big.Int // nil where nobody knows it
	key    point
	userID string
	group  *group
}

const defaultUserID = "1234567812345678"

// newGroup begins a group with the public key d*G.
func (b *builder) newGroup(d *big.Int, userID string) *signer {
	s := b.newKey(b.curve.mul(d, b.curve.g), userID)
	s.d = d
	return s
}

func (b *builder) newKey(key point, userID string) *signer {
	xy := coordinates(key)
	g := &group{
		Type: b.kind, Source: groupSource{"github.com/argosy-trade/argosy", "1"}, Sha: b.curve.digest,
		PublicKey: publicKey{
			Type: "EcPublicKey", Curve: b.curve.name, KeySize: 256, Uncompressed: "04" + hex.EncodeToString(xy),
			Wx: hex.EncodeToString(xy[:32]), Wy: hex.EncodeToString(xy[32:]),
		},
	}
	s := &signer{key: key, userID: defaultUserID, group: g}
	if userID != "" {
		s.userID, g.UID = userID, hex.EncodeToString([]byte(userID))
	}
	b.file.TestGroups = append(b.file.TestGroups, g)
	return s
}

// add adds a case over the message m.
func (b *builder) add(s *signer, m string, sig []byte, c test) {
	text := hex.EncodeToString([]byte(m))
	c.Msg = &text
	b.append(s, sig, c)
}

// addDigest adds a case over the digest e.
func (b *builder) addDigest(s *signer, e *big.Int, sig []byte, c test) {
	text := hex.EncodeToString(e.FillBytes(make([]byte, 32)))
	c.Digest = &text
	b.append(s, sig, c)
}

func (b *builder) append(s *signer, sig []byte, c test) {
	b.number++
	c.TcID, c.Sig = b.number, hex.EncodeToString(sig)
	s.group.Tests = append(s.group.Tests, c)
}

// sign signs m with a nonce derived from label.
func (b *builder) sign(s *signer, m, label string) (r, t *big.Int) {
	return b.curve.sign(s.d, b.curve.e([]byte(m), []byte(s.userID), s.key), b.curve.scalar("nonce/"+label+"/"+m))
}

func valid(comment string, flag string) test {
	return test{Comment: comment, Flags: []string{flag}, Result: "valid"}
}

func invalid(comment string, flag string) test {
	return test{Comment: comment, Flags: []string{flag}, Result: "invalid"}
}
