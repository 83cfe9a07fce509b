// Command gen writes the SM2 vector file. Its output depends on nothing but this
// source, so that regenerating it shows whether the committed file is this
// program's.
//
// Every expected result is known by how the test was made, and is checked
// against a textbook verification before it is written.
package main

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"

	"github.com/argosy-trade/argosy/accelsvc/vectors"
	"github.com/argosy-trade/argosy/accelsvc/vectors/forge"
)

func main() {
	out := flag.String("o", "sm2_test.json", "file to write")
	flag.Parse()
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1) //nolint:forbidigo // this is a program
	}
}

func write(path string) error {
	g := &generator{c: forge.SM2(), random: rand.NewChaCha8([32]byte{'s', 'm', '2'})}
	g.ordinary()
	g.userIDs()
	g.encodings()
	g.ranges()
	g.digests()
	g.wrapped()
	g.specialKeys()
	g.specialSums()
	if g.err != nil {
		return g.err
	}
	f := vectors.File{
		Algorithm: "SM2", Schema: "sm2_verify_schema.json", NumberOfTests: g.count,
		Header: []string{
			"SM2 signatures (GB/T 32918.2) in the form of Project Wycheproof.",
			"Group type Sm2Verify: msg is signed with the group's userId.",
			"Group type Sm2DigestVerify: digest is e = SM3(Z || M) itself.",
		},
		Notes: notes, Groups: g.groups,
	}
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

// The flags.
const (
	flagNormal   = "Normal"
	flagUserID   = "UserId"
	flagDER      = "InvalidEncoding"
	flagRange    = "RangeCheck"
	flagSumZero  = "SumZero"
	flagDigest   = "EdgeCaseDigest"
	flagWrapped  = "XAboveOrder"
	flagKey      = "SpecialKey"
	flagSum      = "SpecialAddition"
	flagInfinity = "Infinity"
)

var notes = map[string]vectors.Note{
	flagNormal:  note("BASIC", "A signature made as the standard says, or a spoilt copy of one."),
	flagUserID:  note("AUTH_BYPASS", "Z binds the signer's identity; another identity must not verify."),
	flagDER:     note("SIGNATURE_MALLEABILITY", "The signature is not the one DER encoding of r and s."),
	flagRange:   note("MISSING_STEP", "r or s is not in [1, n-1] (steps B1 and B2)."),
	flagSumZero: note("MISSING_STEP", "r + s = 0 mod n (step B5)."),
	flagDigest:  note("EDGE_CASE", "The digest is 0, at or near the order or the prime, or all ones."),
	flagWrapped: note("ARITHMETIC_ERROR",
		"The x-coordinate of the sum is not below n and must be reduced, or so might another with the same residue."),
	flagKey:      note("EDGE_CASE", "The private key is a small number, a power of two, or the negative of one."),
	flagSum:      note("ARITHMETIC_ERROR", "Additions inside [s]G + [t]P meet equal or opposite points."),
	flagInfinity: note("MISSING_STEP", "[s]G + [t]P is infinity, which has no x-coordinate."),
}

func note(bugType, description string) vectors.Note {
	return vectors.Note{BugType: bugType, Description: description}
}

type generator struct {
	c      forge.Curve
	random *rand.ChaCha8
	groups []vectors.Group
	count  int
	err    error
}

// scalar returns a number in [1, n-2].
func (g *generator) scalar() *big.Int {
	var b [40]byte
	_, _ = g.random.Read(b[:])
	v := new(big.Int).SetBytes(b[:])
	return v.Add(v.Mod(v, g.c.Minus(2)), forge.Int(1))
}

// group begins a group.
func (g *generator) group(kind string, key [64]byte, userID string) {
	g.groups = append(g.groups, vectors.Group{
		Type: kind, SHA: "SM3", UserID: hex.EncodeToString([]byte(userID)),
		PublicKey: vectors.Key{
			Type: "EcPublicKey", Curve: "sm2p256v1", KeySize: 256,
			Uncompressed: "04" + hex.EncodeToString(key[:]),
		},
	})
}

// test adds t to the last group.
func (g *generator) test(t vectors.Test) {
	g.count++
	t.ID = g.count
	last := &g.groups[len(g.groups)-1]
	last.Tests = append(last.Tests, t)
}

// digest adds a test of a record with the last group's key, after checking the
// result.
func (g *generator) digest(comment, flag string, rec forge.Record, valid bool) {
	if textbook(g.c, &rec) != valid && g.err == nil {
		g.err = fmt.Errorf("%s: the textbook does not say valid = %v", comment, valid)
	}
	g.test(vectors.Test{
		Comment: comment, Flags: []string{flag}, Digest: hex.EncodeToString(rec.Digest[:]),
		Sig: hex.EncodeToString(encode(rec)), Result: result(valid),
	})
}

func result(valid bool) string {
	if valid {
		return vectors.Valid
	}
	return vectors.Invalid
}

// textbook is GB/T 32918.2 section 7.1, steps B1 to B7, after e is known.
func textbook(c forge.Curve, rec *forge.Record) bool {
	p := forge.Point{X: new(big.Int).SetBytes(rec.Key[:32]), Y: new(big.Int).SetBytes(rec.Key[32:])}
	r, s := new(big.Int).SetBytes(rec.Signature[:32]), new(big.Int).SetBytes(rec.Signature[32:])
	if p.X.Cmp(c.P) >= 0 || p.Y.Cmp(c.P) >= 0 || !c.IsOnCurve(p.X, p.Y) ||
		r.Sign() == 0 || s.Sign() == 0 || r.Cmp(c.N) >= 0 || s.Cmp(c.N) >= 0 {
		return false
	}
	t := c.Mod(new(big.Int).Add(r, s))
	if t.Sign() == 0 {
		return false
	}
	sum := c.Add(c.Times(s), c.Multiply(t, p))
	e := new(big.Int).SetBytes(rec.Digest[:])
	return !sum.Infinite() && c.Mod(e.Add(e, sum.X)).Cmp(r) == 0
}
