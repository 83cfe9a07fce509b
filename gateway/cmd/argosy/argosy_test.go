package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
)

// desk runs the program as people do, one command line at a time.
type desk struct {
	t        *testing.T
	profiles string
	// out and err are what the last command said.
	out, err string
}

func newDesk(t *testing.T, clients ...*client.Client) *desk {
	t.Helper()
	d := &desk{t: t, profiles: t.TempDir()}
	for _, c := range clients {
		text, err := yaml.Marshal(c.Profile())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.profiles, c.Profile().Name+".yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// as runs a command line as a profile and returns the exit status.
func (d *desk) as(profile, line string, more ...string) int {
	d.t.Helper()
	timing := client.DefaultTiming()
	timing.Unavailable = 500 * time.Millisecond
	var out, errs bytes.Buffer
	env := map[string]string{"ARGOSY_PROFILE": profile, "ARGOSY_PROFILES": d.profiles}
	a := &app{
		stdout: &out, stderr: &errs, options: []client.Option{client.WithTiming(timing)},
		env: func(name string) string { return env[name] },
	}
	status := a.run(d.t.Context(), append(strings.Fields(line), more...))
	d.out, d.err = out.String(), errs.String()
	return status
}

// must runs a command that has to succeed, with JSON output into v.
func (d *desk) must(v any, profile, line string) {
	d.t.Helper()
	if status := d.as(profile, line+" --output json"); status != 0 {
		d.t.Fatalf("%s: %s: status %d: %s", profile, line, status, d.err)
	}
	if err := json.Unmarshal([]byte(d.out), v); err != nil {
		d.t.Fatalf("%s: %v in %s", line, err, d.out)
	}
}

func TestATradeOnTheCommandLine(t *testing.T) {
	w := gatewaytest.NewTown(t)
	d := newDesk(t, w.Exporter, w.Importer, w.ImportBank, w.Rival, w.Relay)
	var issued client.Receipt[trade.Header]
	d.must(&issued, "exporter", "invoice issue ../../ubl/testdata/invoice-export.xml")
	id := string(issued.Value.ID)
	line := fmt.Sprintf("invoice accept %s --after-block %d", id, issued.Block)
	if status := d.as("importer", line); status != 0 || !strings.Contains(d.out, "ACCEPTED") {
		t.Fatalf("status %d: %s%s", status, d.out, d.err)
	}
	var u client.IssuedUndertaking
	d.must(&u, "importbank", "undertaking issue --invoice "+id+" --expiry 2100-01-01 --when CUSTOMS_CLEARED:MRN:26NL0001 "+
		"--obligor-account NL91ABNA0417164300@ABNANL2A --creditor-account DE89370400440532013000@COBADEFF")
	status := d.as("exporter", "undertaking accept "+string(u.Value.ID))
	if status != 0 || !strings.Contains(d.out, "waits") {
		t.Fatalf("status %d: %s%s", status, d.out, d.err)
	}
	if _, err := w.Relay.Facts.Report(t.Context(), w.Claim(t, "26NL0001", 1, false)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		who, line string
		status    int
		want      []string
	}{
		{"rival", "fact show CUSTOMS_CLEARED:MRN:26NL0001", 0, []string{"ESTABLISHED", "customs"}},
		{"rival", "undertaking release " + string(u.Value.ID), 0, []string{"PAYABLE"}},
		{
			"exporter", "undertaking show " + string(u.Value.ID), 0,
			[]string{"PAYABLE", "EUR 186430.00", "CUSTOMS_CLEARED of MRN 26NL0001", "ESTABLISHED at"},
		},
		{"rival", "undertaking show " + string(u.Value.ID), 0, []string{"PAYABLE", "may not read the body (DOC_NOT_FOUND)"}},
		{"rival", "undertaking history " + string(u.Value.ID), 0, []string{"ISSUED", "ACCEPTED", "PAYABLE", "CarrierMSP"}},
		{"importbank", "payment list --state CREATED", 0, []string{string(u.Payment)}},
		{"importbank", "payment show " + string(u.Payment), 0, []string{"NL91ABNA0417164300", "EXP-2026-0417"}},
		{"exporter", "invoice show " + id, 0, []string{"Hansa Pumps GmbH", "Centrifugal pump HP-370", "ACCEPTED"}},
		{"exporter", "party mine", 0, []string{"529900EXAMPLEEXP0105", "ACTIVE"}},
		{"exporter", "constitution show", 0, []string{"ACTIVE", "CarrierMSP"}},
		{"exporter", "policy show CUSTOMS_CLEARED", 0, []string{"1 of customs"}},
		{"exporter", "source show customs", 0, []string{"AuthorityMSP"}},
		{"exporter", "transaction show " + issued.TransactionID, 0, []string{"committed"}},
		{"exporter", "payment authorise " + string(u.Payment), 3, []string{"NOT_PARTY", "remedy"}},
		{"importbank", "payment send " + string(u.Payment), 5, []string{"TRANSITION_FORBIDDEN"}},
		{"rival", "invoice accept " + id, 4, []string{"DOC_NOT_FOUND"}},
		{"exporter", "invoice withdraw " + id, 5, []string{"TRANSITION_FORBIDDEN", "nothing happened"}},
		{"importer", "invoice accept " + id + " --at-version 1", 5, []string{"VERSION_STALE"}},
		{"exporter", "party apply --name Again", 6, []string{"BINDING_TAKEN"}},
		{"exporter", "fact show LOADED:BL:X", 4, []string{"FACT_NOT_FOUND"}},
		{"exporter", "party mine --after-block 99999 --timeout 50ms", 8, []string{"PEER_UNAVAILABLE", "99999"}},
		{"exporter", "undertaking issue --invoice " + id, 2, []string{"FIELD_INVALID"}},
	} {
		status := d.as(tc.who, tc.line)
		for _, want := range tc.want {
			if said := d.out + d.err; status != tc.status || !strings.Contains(said, want) {
				t.Errorf("%s: %s: status %d, want %d and %q in:\n%s", tc.who, tc.line, status, tc.status, want, said)
			}
		}
	}
	w.Stop("ExportBankMSP")
	if status := d.as("importer", "invoice show "+id); status != 0 {
		t.Errorf("reading needs no other organisation: %s", d.err)
	}
	if status := d.as("importbank", "payment authorise "+string(u.Payment)); status != 8 ||
		!strings.Contains(d.err, "no peer of ExportBankMSP is up") {
		t.Errorf("status %d: %s", status, d.err)
	}
}

func TestRefusalsAsJSON(t *testing.T) {
	d := newDesk(t)
	if status := d.as("nobody", "party mine --output json"); status != fault.ClassInvalid.ExitStatus() || d.out != "" {
		t.Fatalf("status %d: %s", status, d.out)
	}
	var said struct{ Error refusal }
	if err := json.Unmarshal([]byte(d.err), &said); err != nil {
		t.Fatal(err)
	}
	if said.Error.Code != fault.FieldInvalid || said.Error.Class != "invalid" || said.Error.Remedy == "" ||
		said.Error.Outcome != "nothing-happened" || said.Error.Field != "profile" {
		t.Errorf("%+v", said.Error)
	}
}

func TestWrongUseIsSaidSo(t *testing.T) {
	d := newDesk(t)
	for _, line := range []string{
		"sail", "invoice sail", "invoice show", "invoice show a b", "invoice list --colour red", "constitution approve",
		"party mine --output xml", "explain NO_SUCH_CODE",
	} {
		if status := d.as("", line); status != 2 {
			t.Errorf("%q ends with %d: %s", line, status, d.err)
		}
	}
}

func TestEveryCodeIsExplained(t *testing.T) {
	d := newDesk(t)
	for _, row := range fault.Table {
		if status := d.as("", "explain "+strings.ToLower(string(row.Code))); status != 0 ||
			!strings.Contains(d.out, row.Meaning) || !strings.Contains(d.out, row.Remedy) {
			t.Errorf("%s: status %d: %s", row.Code, status, d.out)
		}
	}
	var all []explained
	d.must(&all, "", "explain")
	if len(all) != len(fault.Table) {
		t.Errorf("%d of %d codes", len(all), len(fault.Table))
	}
}

func TestCheckNeedsNoNetwork(t *testing.T) {
	d := newDesk(t)
	status := d.as("", "invoice check ../../ubl/testdata/invoice-export.xml")
	if status != 0 || !strings.Contains(d.out, "ok") {
		t.Errorf("status %d: %s%s", status, d.out, d.err)
	}
	broken := filepath.Join(t.TempDir(), "broken.xml")
	if err := os.WriteFile(broken, []byte("<Invoice><ID>1</ID></Invoice>"), 0o600); err != nil {
		t.Fatal(err)
	}
	var found []checked
	line := "invoice check --output json ../../ubl/testdata/invoice-export.xml ../../cii/testdata/invoice-export.xml " +
		"../../fapiao/testdata/blue.xml no-such-file.xml"
	if status := d.as("", line, broken); status != 2 {
		t.Errorf("status %d", status)
	}
	if err := json.Unmarshal([]byte(d.out), &found); err != nil || len(found) != 5 {
		t.Fatalf("%+v, %v", found, err)
	}
	for i, format := range []string{"UBL-2.1", "CII-D16B", "E-FAPIAO", "", "UBL-2.1"} {
		if found[i].Format != format || found[i].Findings == nil || (i < 3) != (len(found[i].Findings) == 0) {
			t.Errorf("%+v", found[i])
		}
	}
	if len(found[4].Findings) < 10 || found[3].Findings[0].Rule != "ARGUMENT_MALFORMED" {
		t.Errorf("%+v", found[3:])
	}
}

func TestCompletionAndVersion(t *testing.T) {
	d := newDesk(t)
	for _, line := range []string{"completion bash", "completion zsh", "completion fish", "version", "help"} {
		if status := d.as("", line); status != 0 || d.out == "" {
			t.Errorf("%q ends with %d: %s", line, status, d.err)
		}
	}
}
