package conform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/accelsvc/engine"
	"github.com/argosy-trade/argosy/accelsvc/kernel"
	"github.com/argosy-trade/argosy/accelsvc/vectors"
)

func ours(tb testing.TB) []*File {
	tb.Helper()
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) != 4 {
		tb.Fatalf("got %v, %v; want four files", names, err)
	}
	var out []*File
	for _, name := range names {
		f, err := Read(name)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

func TestEveryKernelAgreesWithOurVectors(t *testing.T) {
	for _, name := range kernel.Names() {
		k, err := kernel.New(name)
		if err != nil {
			t.Fatal(err)
		}
		p := Path{Name: name, Verify: engine.New(k).Verify}
		for _, f := range ours(t) {
			for _, s := range Shapes() {
				if s != Batch && name != kernel.Default {
					continue // the other libraries know no keys and are slow
				}
				r, err := Check(t.Context(), f, p, s)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range r.Differ {
					t.Errorf("%s, %s, tcId %d: got %v, want %v: %s", name, f.Name, d.Case.ID, d.Got, d.Case.Want, d.Case.Comment)
				}
			}
		}
	}
}

func TestOurVectorsHaveTheirEdges(t *testing.T) {
	for _, f := range ours(t) {
		flags := map[string]int{}
		results := map[Result]int{}
		for _, c := range f.Cases {
			results[c.Want]++
			for _, flag := range c.Flags {
				flags[flag]++
			}
		}
		if results[Valid] < 50 || results[Invalid] < 100 {
			t.Errorf("%s: %v", f.Name, results)
		}
		for _, flag := range []string{"Normal", "Modified", "RangeCheck", "Encoding", "EdgeCase"} {
			if flags[flag] < 9 {
				t.Errorf("%s: %d cases of %s", f.Name, flags[flag], flag)
			}
		}
	}
}

// lying is a path that gives one case of a file the wrong verdict, in one of its
// calls.
func lying(position, inCall int) Path {
	calls := 0
	return Path{Name: "liar", Verify: func(ctx context.Context, b engine.Batch) ([]bool, error) {
		got, err := engine.New(kernel.Emmansun{}).Verify(ctx, b)
		if calls++; err == nil && calls == inCall {
			got[position] = !got[position]
		}
		return got, err
	}}
}

func TestDifferencesAreFound(t *testing.T) {
	f := ours(t)[0]
	for _, tc := range []struct {
		shape            Shape
		position, inCall int
	}{{Single, 0, 1}, {Single, 0, 7}, {Batch, 3, 1}, {Repeat, 3, 1}, {Repeat, 250, 3}} {
		r, err := Check(t.Context(), f, lying(tc.position, tc.inCall), tc.shape)
		if err != nil || len(r.Differ) != 1 || r.Cases != len(f.Cases) {
			t.Errorf("%+v: got %+v, %v; want one difference", tc, r, err)
		}
	}
	broken := Path{Name: "short", Verify: func(context.Context, engine.Batch) ([]bool, error) { return nil, nil }}
	if _, err := Check(t.Context(), f, broken, Batch); err == nil {
		t.Error("an answer without verdicts is no error")
	}
}

// text is a file of one case with every field in its place.
const text = `{"algorithm": "SM2", "schema": "sm2_verify_schema_v1.json", "numberOfTests": 1,
"header": ["for people"], "testGroups": [
{"type": "Sm2Verify", "publicKey": {"type": "EcPublicKey", "curve": "sm2p256v1", "uncompressed": "04KEY"},
"sha": "SM3", "uid": "4142", "tests": [
{"tcId": 7, "comment": "c", "flags": ["F"], "uid": "43", "msg": "00ff", "sig": "3000", "result": "acceptable"}]}]}
`

var example = strings.ReplaceAll(text, "KEY", strings.Repeat("ab", 64))

func TestFieldsAreRead(t *testing.T) {
	f, err := Parse("f", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Cases[0]
	if c.ID != 7 || c.Comment != "c" || !slices.Equal(c.Flags, []string{"F"}) || string(c.UserID) != "C" ||
		string(c.Message) != "\x00\xff" || c.Want != Acceptable || c.Algorithm != kernel.SM2SM3 ||
		c.Encoding != DER || c.Input != engine.Messages || c.Key[63] != 0xab {
		t.Errorf("got %+v", c)
	}
	byGroup, err := Parse("f", []byte(strings.Replace(example, `"uid": "43", `, "", 1)))
	if err != nil || string(byGroup.Cases[0].UserID) != "AB" {
		t.Errorf("the group's uid: got %+v, %v", byGroup, err)
	}
	r, err := Check(t.Context(), f, lying(0, 1), Batch)
	if err != nil || r.Acceptable != 1 || len(r.Differ) != 0 {
		t.Errorf("an acceptable case: %+v, %v", r, err)
	}
}

// TestTheKernelsOwnSetIsRead has the SM2 set of package vectors.
func TestTheKernelsOwnSetIsRead(t *testing.T) {
	f, err := Parse("sm2_test.json", vectors.SM2)
	if err != nil {
		t.Fatal(err)
	}
	p := Path{Name: "emmansun", Verify: engine.New(kernel.Emmansun{}).Verify}
	r, err := Check(t.Context(), f, p, Batch)
	if err != nil || r.Cases < 100 || len(r.Differ) != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestMalformedFilesAreExplained(t *testing.T) {
	for _, tc := range []struct {
		old, with string
		line, id  int
		text      string
	}{
		{`"sha"`, `"sha`, 4, 0, "invalid character"},
		{`"flags": ["F"]`, `"flags": "F"`, 5, 0, "not a []string"},
		{"}]}]}\n", "}]}]", 5, 0, "too early"},
		{"}]}]}\n", "}]}]}\n{}", 6, 0, "something follows"},
		{`"numberOfTests": 1`, `"numberOfTests": 2`, 0, 0, "numberOfTests is 2"},
		{`"algorithm": "SM2"`, `"algorithm": "ECDSA"`, 0, 0, "not read here"},
		{`"Sm2Verify"`, `"EddsaVerify"`, 0, 0, "use ECDSA with"},
		{`"curve": "sm2p256v1"`, `"curve": "secp256k1"`, 0, 0, "only sm2p256v1"},
		{`"sha": "SM3"`, `"sha": "SHA-256"`, 0, 0, "only sm2p256v1"},
		{`"uncompressed": "04`, `"uncompressed": "02`, 0, 0, "04 || X || Y"},
		{`"publicKey"`, `"publicKie"`, 0, 0, "no publicKey"},
		{`"uid": "4142"`, `"uid": "414"`, 0, 0, "uid is not hex"},
		{`"tcId": 7, `, ``, 0, 0, "no tcId"},
		{`"sig": "3000", `, ``, 0, 7, "no sig"},
		{`"sig": "3000"`, `"sig": "30x0"`, 0, 7, "sig is not hex"},
		{`"msg": "00ff", `, `"msg": "", "digest": "", `, 0, 7, "either msg or digest"},
		{`"msg": "00ff", `, `"digest": "00", `, 0, 7, "hex of 32 bytes"},
		{`"result": "acceptable"`, `"result": "good"`, 0, 7, "use valid, invalid or acceptable"},
		{`"testGroups"`, `"groups"`, 0, 0, "no testGroups"},
		{`"3000"`, `"` + strings.Repeat("00", MaxSignature+1) + `"`, 0, 7, "longer than"},
	} {
		if !strings.Contains(example, tc.old) {
			t.Fatalf("%q is not in the example", tc.old)
		}
		_, err := Parse("f", []byte(strings.Replace(example, tc.old, tc.with, 1)))
		var e *FormatError
		if !errors.As(err, &e) || e.Line != tc.line || e.Case != tc.id || !strings.Contains(e.Error(), tc.text) {
			t.Errorf("%q: got %v, want line %d, case %d, %q", tc.with[:min(len(tc.with), 40)], err, tc.line, tc.id, tc.text)
		}
	}
	twice := strings.Replace(example, `"numberOfTests": 1,`, "", 1)
	at := strings.Index(twice, `{"tcId"`)
	end := at + strings.Index(twice[at:], "}") + 1
	twice = twice[:end] + "," + twice[at:end] + twice[end:]
	var e *FormatError
	if _, err := Parse("f", []byte(twice)); !errors.As(err, &e) || e.Case != 7 {
		t.Errorf("a number used twice: got %v", err)
	}
}

func TestUnreadableFiles(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	huge := filepath.Join(t.TempDir(), "huge")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, MaxFileSize+1); err != nil {
		t.Fatal(err)
	}
	var e *FormatError
	if _, err := Read(huge); !errors.As(err, &e) {
		t.Errorf("a huge file: got %v, want a FormatError", err)
	}
}

// FuzzParse wants a FormatError or a file that can be checked.
func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(strings.Replace(example, `"msg": "00ff"`, `"digest": "`+strings.Repeat("00", 32)+`"`, 1)))
	f.Add([]byte(`{"testGroups": [{}]}`))
	f.Add([]byte("[\n\n"))
	always := Path{Name: "always", Verify: func(_ context.Context, b engine.Batch) ([]bool, error) {
		if err := b.Check(); err != nil {
			return nil, err
		}
		return make([]bool, len(b.Records)), nil
	}}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse("f", b)
		if err != nil {
			var e *FormatError
			if !errors.As(err, &e) {
				t.Fatalf("%T is no FormatError: %v", err, err)
			}
			return
		}
		for _, s := range Shapes() {
			if _, err := Check(t.Context(), file, always, s); err != nil {
				t.Fatal(err)
			}
		}
	})
}
