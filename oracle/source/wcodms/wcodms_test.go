package wcodms

import (
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/source"
	"github.com/argosy-trade/argosy/oracle/source/sourcetest"
)

//go:embed testdata/clearance.xml
var clearance []byte

// notification returns a synthetic notification with the elements given.
func notification(code, extra, declaration string) string {
	return fmt.Sprintf(`<MetaData><WCOTypeName>RES</WCOTypeName><Response><FunctionCode>%s</FunctionCode>
<FunctionalReferenceID>ref-%s</FunctionalReferenceID>
<IssueDateTime><DateTimeString formatCode="304">20261120063005Z</DateTimeString></IssueDateTime>
%s<Declaration><ID>26GB7XK2M9QW4TRAR5</ID>%s</Declaration></Response></MetaData>`, code, code, extra, declaration)
}

func TestConformance(t *testing.T) {
	reformatted := regexp.MustCompile(`>\s+<`).ReplaceAll(clearance, []byte("><"))
	sourcetest.Run(t, Decoder{}, []sourcetest.Sample{
		{Name: "clearance", Raw: clearance, Events: 1, Observations: 4, Reformatted: reformatted},
		{Name: "invalidation", Raw: []byte(notification("10", "", "")), Events: 1, Observations: 4},
		{Name: "tax", Raw: []byte(notification("13", "", "")), Events: 1},
	})
}

func TestDecodeClearance(t *testing.T) {
	events, refusal := source.Decode(Decoder{}, clearance)
	if refusal != nil {
		t.Fatal(refusal)
	}
	at, err := parseInstant("2026-11-20T06:30:05.000Z")
	if err != nil {
		t.Fatal(err)
	}
	var want []source.Observation
	for _, s := range []source.Subject{
		{Scheme: "MRN", Identifier: "26GB7XK2M9QW4TRAR5"},
		{Scheme: "UCR", Identifier: "6GB123456789000-PO4711"},
		{Scheme: "CONTAINER", Identifier: "MSKU1234565"},
		{Scheme: "BL", Identifier: "HLCUSHA2611ABCD1"},
	} {
		want = append(want, source.Observation{
			Subject: s, Type: attest.CustomsCleared, Classifier: attest.Actual,
			OccurredAt: at, OccurredText: "20261120143005+08",
		})
	}
	if diff := cmp.Diff(want, events[0].Observations); diff != "" {
		t.Error(diff)
	}
	if events[0].ID != "0d5e6e0f7c1a4e0c9f40ad3b6d6f0a09" || events[0].CreatedAt != at {
		t.Errorf("id %q created %s", events[0].ID, events[0].CreatedAt)
	}
}

func parseInstant(s string) (trade.Instant, error) {
	var i trade.Instant
	err := i.UnmarshalText([]byte(s))
	return i, err
}

// TestEveryFunctionCode holds the mapping table: each code establishes what it
// says and nothing else.
func TestEveryFunctionCode(t *testing.T) {
	facts := map[string]string{
		"01": attest.CustomsAccepted, "02": attest.CustomsReceived, "03": attest.CustomsRejected,
		"05": attest.CustomsControl, "08": attest.CustomsReleased, "09": attest.CustomsCleared,
		"10": attest.CustomsRevoked,
	}
	for n := range 30 {
		code := fmt.Sprintf("%02d", n)
		events, refusal := source.Decode(Decoder{}, []byte(notification(code, "", "")))
		if refusal != nil {
			t.Fatalf("%s: %s", code, refusal)
		}
		e := events[0]
		switch want, isFact := facts[code]; {
		case isFact:
			if e.Refusal != nil || e.Observations[0].Type != want || e.Observations[0].Withdraws {
				t.Errorf("%s: %+v %v, want %s", code, e.Observations, e.Refusal, want)
			}
		case meanings[code].reason != "":
			if e.Refusal == nil || e.Refusal.Reason != source.NoFact {
				t.Errorf("%s: %v, want NO_FACT", code, e.Refusal)
			}
		default:
			if e.Refusal == nil || e.Refusal.Reason != source.CodeUnknown {
				t.Errorf("%s: %v, want CODE_UNKNOWN", code, e.Refusal)
			}
		}
	}
}

func TestInvalidationWithdraws(t *testing.T) {
	events, _ := source.Decode(Decoder{}, []byte(notification("10", "",
		`<CancellationDateTime><DateTimeString formatCode="304">20261120050000Z</DateTimeString></CancellationDateTime>`)))
	got := map[string]bool{}
	for _, o := range events[0].Observations {
		got[o.Type] = o.Withdraws
		if o.OccurredText != "20261120050000Z" {
			t.Errorf("%s occurred at %s, want the cancellation's time", o.Type, o.OccurredText)
		}
	}
	want := map[string]bool{
		attest.CustomsRevoked: false, attest.CustomsAccepted: true,
		attest.CustomsReleased: true, attest.CustomsCleared: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefusals(t *testing.T) {
	whole := map[string]struct {
		raw  string
		want source.Reason
	}{
		"no XML":            {"hello", source.Malformed},
		"cut off":           {"<MetaData><Response>", source.Malformed},
		"two roots":         {"<MetaData/><MetaData/>", source.Malformed},
		"undefined entity":  {"<MetaData>&x;</MetaData>", source.Malformed},
		"DTD":               {`<!DOCTYPE MetaData SYSTEM "x"><MetaData/>`, source.DTDForbidden},
		"Latin-1":           {`<?xml version="1.0" encoding="ISO-8859-1"?><MetaData/>`, source.EncodingUnknown},
		"a declaration":     {"<MetaData><WCOTypeName>DEC</WCOTypeName><Declaration/></MetaData>", source.MessageUnsupported},
		"another root":      {"<inventoryLinkingMovementRequest/>", source.MessageUnsupported},
		"another namespace": {`<MetaData xmlns="urn:x"><Response/></MetaData>`, source.MessageUnsupported},
		"too deep":          {strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65), source.TooDeep},
	}
	for name, tc := range whole {
		if _, refusal := source.Decode(Decoder{}, []byte(tc.raw)); refusal == nil || refusal.Reason != tc.want {
			t.Errorf("%s: %v, want %s", name, refusal, tc.want)
		}
	}
	good := notification("09", "", "")
	single := map[string]struct {
		old, new string
		want     source.Reason
	}{
		"no code":        {"<FunctionCode>09</FunctionCode>", "", source.FieldMissing},
		"no number":      {"<ID>26GB7XK2M9QW4TRAR5</ID>", "", source.SubjectMissing},
		"no issue time":  {"20261120063005Z", "", source.FieldMissing},
		"no offset":      {"20261120063005Z", "20261120063005", source.TimeInvalid},
		"no calendar":    {"20261120063005Z", "20261131063005Z", source.TimeInvalid},
		"date only":      {`formatCode="304">20261120063005Z`, `formatCode="102">20261120`, source.TimeInvalid},
		"before 1970":    {"20261120063005Z", "19691120063005Z", source.TimeInvalid},
		"long reference": {"ref-09", strings.Repeat("9", 101), source.FieldInvalid},
	}
	for name, tc := range single {
		raw := strings.Replace(good, tc.old, tc.new, 1)
		events, refusal := source.Decode(Decoder{}, []byte(raw))
		if refusal != nil {
			t.Errorf("%s: refused as a whole: %s", name, refusal)
			continue
		}
		if r := events[0].Refusal; r == nil || r.Reason != tc.want {
			t.Errorf("%s: %v, want %s", name, r, tc.want)
		}
	}
}

// TestCanonicalTellsContentApart: another value under the same reference is a
// conflict; another prefix or comment is not.
func TestCanonicalTellsContentApart(t *testing.T) {
	form := func(raw string) string {
		events, refusal := source.Decode(Decoder{}, []byte(raw))
		if refusal != nil {
			t.Fatal(refusal)
		}
		return string(events[0].Canonical)
	}
	good := notification("09", "", "")
	if form(good) != form(strings.Replace(good, "<Declaration>", "<!-- seen -->\n  <Declaration>", 1)) {
		t.Error("a comment changes the canonical form")
	}
	if form(good) == form(strings.Replace(good, "AR5</ID>", "AR6</ID>", 1)) {
		t.Error("another movement reference number does not change the canonical form")
	}
}

// TestCorpus reads every public sample: each is classified or refused with a
// typed reason.
func TestCorpus(t *testing.T) {
	dir := sourcetest.Corpus(t, "wco-dms")
	count := map[string]int{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".xml") {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		sourcetest.Sane(t, Decoder{}, raw)
		events, refusal := source.Decode(Decoder{}, raw)
		if refusal != nil {
			count[string(refusal.Reason)]++
			return nil
		}
		for _, e := range events {
			switch {
			case e.Refusal != nil:
				count[e.Code+" "+string(e.Refusal.Reason)]++
			default:
				count[e.Code+" "+e.Observations[0].Type]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"MESSAGE_UNSUPPORTED": 171, "MALFORMED": 3,
		"RES/01 ACC CUSTOMS_ACCEPTED": 49, "RES/02 RCV CUSTOMS_RECEIVED": 17, "RES/03 REJ CUSTOMS_REJECTED": 3,
		"RES/05 CTL CUSTOMS_CONTROL": 1, "RES/08 ROG CUSTOMS_RELEASED": 1, "RES/09 CLE CUSTOMS_CLEARED": 48,
		"RES/10 INV CUSTOMS_REVOKED": 2, "RES/06 DOC NO_FACT": 2, "RES/07 RES NO_FACT": 7, "RES/11 REQ NO_FACT": 7,
		"RES/13 TAX NO_FACT": 86, "RES/14 CPI NO_FACT": 1, "RES/15 CPR NO_FACT": 1, "RES/16 EOG NO_FACT": 4,
		"RES/18 GER NO_FACT": 1,
	}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("what the samples mean has changed (-want +got):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(clearance)
	for _, code := range []string{"01", "10", "13", "99"} {
		f.Add([]byte(notification(code, "", "")))
	}
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><MetaData>&b;</MetaData>`))
	f.Fuzz(func(t *testing.T, raw []byte) { sourcetest.Sane(t, Decoder{}, raw) })
}
