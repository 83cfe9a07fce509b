package dcsatnt

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/oracle/source"
	"github.com/argosy-trade/argosy/oracle/source/sourcetest"
)

//go:embed testdata/events.json
var events []byte

// event returns one synthetic event with the members given set or, when the
// value is "-", taken away.
func synthetic(members ...string) string {
	m := map[string]any{
		"eventID": "e-1", "eventType": "EQUIPMENT", "eventCreatedDateTime": "2026-11-18T09:05:00Z",
		"eventClassifierCode": "ACT", "eventDateTime": "2026-11-18T17:01:30+08:00",
		"equipmentEventTypeCode": "GTOT", "equipmentReference": "MSKU1234565",
	}
	for i := 0; i < len(members); i += 2 {
		if members[i+1] == "-" {
			delete(m, members[i])
		} else {
			m[members[i]] = members[i+1]
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestConformance(t *testing.T) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, events); err != nil {
		t.Fatal(err)
	}
	sourcetest.Run(t, Decoder{}, []sourcetest.Sample{
		{Name: "list", Raw: events, Events: 4, Observations: 5, Reformatted: compact.Bytes()},
		{Name: "single", Raw: []byte(synthetic()), Events: 1, Observations: 1},
	})
}

func TestDecode(t *testing.T) {
	got, refusal := source.Decode(Decoder{}, events)
	if refusal != nil {
		t.Fatal(refusal)
	}
	var lines []string
	for _, e := range got {
		for _, o := range e.Observations {
			line := fmt.Sprintf("%s %s:%s %s %s %s", e.Place, o.Subject.Scheme, o.Subject.Identifier,
				o.Type, o.Classifier, o.OccurredAt)
			if o.Withdraws {
				line += " no longer"
			}
			lines = append(lines, line)
		}
		if e.Refusal != nil {
			lines = append(lines, e.Code+" "+string(e.Refusal.Reason))
		}
	}
	want := []string{
		"CNSHA CONTAINER:MSKU1234565 LOADED ACT 2026-11-18T09:01:30.000Z",
		"DEHAM BL:HLCUSHA2611ABCD1 ARRIVED EST 2026-12-20T05:00:00.000Z",
		"DEHAM CONTAINER:MSKU1234565 ARRIVED EST 2026-12-20T05:00:00.000Z",
		" CONTAINER:MSKU1234565 INSPECTION_PASSED ACT 2026-11-19T07:30:00.000Z",
		" CONTAINER:MSKU1234565 INSPECTION_FAILED ACT 2026-11-19T07:30:00.000Z no longer",
		"SHIPMENT/TRD/ISSU ACT NO_FACT",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestInspectionCertificates(t *testing.T) {
	for step, want := range map[string]string{
		"APPR": attest.InspectionPassed, "REJE": attest.InspectionFailed, "ISSU": "NO_FACT", "DRFT": "NO_FACT",
		"VOID": "withdrawn " + attest.InspectionPassed,
	} {
		raw := strings.Replace(string(events), `"shipmentEventTypeCode": "APPR"`,
			`"shipmentEventTypeCode": "`+step+`"`, 1)
		got, refusal := source.Decode(Decoder{}, []byte(raw))
		if refusal != nil {
			t.Fatal(refusal)
		}
		var said string
		switch e := got[2]; {
		case e.Refusal != nil:
			said = string(e.Refusal.Reason)
		case e.Observations[0].Withdraws:
			said = "withdrawn " + e.Observations[0].Type
		default:
			said = e.Observations[0].Type
		}
		if said != want {
			t.Errorf("ICE/%s gives %s, want %s", step, said, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		raw  string
		want source.Reason
	}{
		"no JSON":         {"<a/>", source.Malformed},
		"two values":      {"{}{}", source.Malformed},
		"repeated member": {`{"eventType":"EQUIPMENT","eventID":"a","eventID":"b"}`, source.Malformed},
		"empty list":      {"[]", source.MessageUnsupported},
		"another shape":   {`[{"someEvents":[]}]`, source.MessageUnsupported},
		"other letters":   {strings.Replace(synthetic(), "eventType", "EVENTTYPE", 1), source.MessageUnsupported},
		"a number":        {"7", source.MessageUnsupported},
		"too deep":        {strings.Repeat("[", 65) + strings.Repeat("]", 65), source.TooDeep},
	} {
		if _, refusal := source.Decode(Decoder{}, []byte(tc.raw)); refusal == nil || refusal.Reason != tc.want {
			t.Errorf("%s: %v, want %s", name, refusal, tc.want)
		}
	}
	for name, tc := range map[string]struct {
		members []string
		want    source.Reason
	}{
		"no id":          {[]string{"eventID", "-"}, source.FieldMissing},
		"no container":   {[]string{"equipmentReference", "-"}, source.SubjectMissing},
		"no time":        {[]string{"eventDateTime", "-"}, source.FieldMissing},
		"no created":     {[]string{"eventCreatedDateTime", "-"}, source.FieldMissing},
		"no offset":      {[]string{"eventDateTime", "2026-11-18T17:01:30"}, source.TimeInvalid},
		"unknown code":   {[]string{"equipmentEventTypeCode", "WARP"}, source.CodeUnknown},
		"unknown type":   {[]string{"eventType", "IOT"}, source.CodeUnknown},
		"unknown class":  {[]string{"eventClassifierCode", "MAYBE"}, source.CodeUnknown},
		"a request":      {[]string{"eventClassifierCode", "REQ"}, source.NoFact},
		"inspected":      {[]string{"equipmentEventTypeCode", "INSP"}, source.NoFact},
		"unprintable id": {[]string{"equipmentReference", "\u0000"}, source.SubjectMissing},
	} {
		got, refusal := source.Decode(Decoder{}, []byte(synthetic(tc.members...)))
		if refusal != nil {
			t.Errorf("%s: refused as a whole: %s", name, refusal)
			continue
		}
		if r := got[0].Refusal; r == nil || r.Reason != tc.want {
			t.Errorf("%s: %v, want %s", name, r, tc.want)
		}
	}
}

// TestOneBadEventSparesTheOthers: a list with a poisoned event still gives the
// events around it.
func TestOneBadEventSparesTheOthers(t *testing.T) {
	got, refusal := source.Decode(Decoder{}, []byte("["+synthetic()+",null,"+synthetic("eventID", "e-2")+"]"))
	if refusal != nil || len(got) != 3 {
		t.Fatalf("%d events, %v", len(got), refusal)
	}
	if got[0].Refusal != nil || got[1].Refusal == nil || got[2].Refusal != nil {
		t.Errorf("refusals: %v %v %v, want only the second", got[0].Refusal, got[1].Refusal, got[2].Refusal)
	}
}

// TestTablesKnowTheStandardsCodes compares the tables with the enumerations of
// the published event domain.
func TestTablesKnowTheStandardsCodes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(sourcetest.Corpus(t, "dcsa"), "event_domain_v3.2.0.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var domain struct {
		Components struct {
			Schemas map[string]struct {
				Enum []string `yaml:"enum"`
			} `yaml:"schemas"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(raw, &domain); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for schema, known := range map[string]func(string) bool{
		"equipmentEventTypeCode": func(c string) bool { _, ok := equipmentEvents[c]; return ok },
		"transportEventTypeCode": func(c string) bool { _, ok := transportEvents[c]; return ok },
		"shipmentEventTypeCode":  func(c string) bool { return documentSteps[c] },
		"documentTypeCode":       func(c string) bool { return documentTypes[c] },
	} {
		for _, code := range domain.Components.Schemas[schema].Enum {
			checked++
			if !known(code) {
				t.Errorf("%s %s is missing from table %s", schema, code, mappingVersion)
			}
		}
	}
	if checked < 50 {
		t.Fatalf("only %d codes compared: the enumerations were not found", checked)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(events)
	f.Add([]byte(synthetic()))
	f.Add([]byte(`[{"eventType":"SHIPMENT","documentReferences":[{}],"references":[1,null]}]`))
	f.Fuzz(func(t *testing.T, raw []byte) { sourcetest.Sane(t, Decoder{}, raw) })
}
