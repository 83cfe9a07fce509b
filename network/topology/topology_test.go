package topology

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/network"
)

func TestDefaultIsWhatTheDesignSays(t *testing.T) {
	top, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ExportBankMSP", "ImportBankMSP", "CarrierMSP", "AuthorityMSP"}
	if diff := cmp.Diff(want, top.Members()); diff != "" {
		t.Error(diff)
	}
	if top.Ordering.Consensus != SmartBFT || len(top.OrdererOrganisations()) != 4 {
		t.Errorf("ordering %v by %d organisations", top.Ordering.Consensus, len(top.OrdererOrganisations()))
	}
	if _, rival := top.Client("rival"); rival == nil || rival.Company == "" {
		t.Error("no rival with a company number")
	}
}

func TestUnknownFieldsAreRefusedWithTheirLines(t *testing.T) {
	text := strings.Replace(string(network.DefaultTopology), "channel: trade", "chanel: trade\nchannel: trade", 1)
	text = strings.Replace(text, "  consensus: smartbft", "  consensus: smartbft\n  concensus: x", 1)
	_, err := Parse("t.yaml", []byte(text))
	var invalid *InvalidError
	if !errors.As(err, &invalid) || len(invalid.Findings) != 2 {
		t.Fatalf("got %v, want two findings", err)
	}
	for i, name := range []string{"chanel", "concensus"} {
		line := 1 + strings.Count(text[:strings.Index(text, name+":")], "\n")
		if f := invalid.Findings[i]; f.Field != name || f.Line != line || f.Remedy == "" {
			t.Errorf("got %+v, want field %s, line %d, a remedy", f, name, line)
		}
	}
}

func TestFindings(t *testing.T) {
	tests := []struct{ name, old, new, field, problem string }{
		{
			"check digits", "529900EXAMPLEEXP0105", "529900EXAMPLEEXP0106",
			"organisations[0].clients[3].company", "check digits",
		},
		{
			"role", "roles: [trader], company: 529900EXAMPLEEXP0105", "roles: [king]",
			"organisations[0].clients[3].roles[0]", `"king" is unknown`,
		},
		{"client twice", "name: supplier", "name: exporter", "organisations[0].clients[4].name", "is taken by"},
		{"ports too high", "basePort: 17000", "basePort: 65500", "basePort", "need ports"},
		{"too few for bft", "    orderers: 1", "    orderers: 0", "ordering.consensus", "smartbft with 3 orderers"},
		{
			"policy", "endorsement: /Channel/Application/AnyEndorsement", "endorsement: Nobody",
			"chaincodes[1].endorsement", "unknown",
		},
		{"no governor", "roles: [governor]", "roles: [attester]", "organisations[0].clients", "governor"},
		{
			"service without operations", "    services: []",
			"    services: [{name: s, program: s, ports: [http]}]", "organisations[0].services[0].ports", "operations",
		},
		{
			"unknown placeholder", "    services: []",
			"    services: [{name: s, program: s, ports: [operations], config: {a: '${profile:importer}'}}]",
			"organisations[0].services[0].config", "${profile:importer}",
		},
		{
			"program with a path", "    services: []",
			"    services: [{name: s, program: ../s, ports: [operations]}]", "organisations[0].services[0].program", "bare",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			// The comment block at the head repeats words; edit only below it.
			head, body, _ := strings.Cut(string(network.DefaultTopology), "\nbasePort")
			text := head + strings.Replace("\nbasePort"+body, tc.old, tc.new, 1)
			_, err := Parse("t.yaml", []byte(text))
			var invalid *InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want findings", err)
			}
			f := invalid.Findings[0]
			if f.Field != tc.field || !strings.Contains(f.Problem, tc.problem) || f.Line == 0 || f.Remedy == "" {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestPortsAreDistinctAndStable(t *testing.T) {
	top, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	uses := top.PortUses(17000)
	for i := 1; i < len(uses); i++ {
		if uses[i].Port == uses[i-1].Port {
			t.Errorf("%s and %s share port %d", uses[i].Name, uses[i-1].Name, uses[i].Port)
		}
	}
	if last := uses[len(uses)-1].Port; last >= 17000+top.Span() {
		t.Errorf("port %d lies beyond the span", last)
	}
	p := top.Ports(17000)
	// Documented in topology.yaml, relied upon by people's bookmarks.
	if got := p["ExportBank"].Peers[0].GRPC; got != 17010 {
		t.Errorf("first peer at %d, want 17010", got)
	}
	if got := p["Carrier"].Chaincodes["trade"]; got != 17291 {
		t.Errorf("third organisation's trade chaincode at %d, want 17291", got)
	}
}

func TestPortBlocksDoNotOverlapWhenFull(t *testing.T) {
	o := &Organisation{Name: "A", Peers: maxNodes, Orderers: maxNodes}
	top := &Topology{Organisations: []Organisation{*o, *o}}
	for i := range maxChaincodes {
		top.Chaincodes = append(top.Chaincodes, Chaincode{Name: string(rune('a' + i))})
	}
	for i := range top.Organisations {
		for j := range maxServices {
			s := Service{Name: string(rune('a' + j)), Ports: []string{"operations", "b", "c", "d"}}
			top.Organisations[i].Services = append(top.Organisations[i].Services, s)
		}
	}
	seen := map[int]string{}
	for _, u := range top.PortUses(2000) {
		if other, taken := seen[u.Port]; taken {
			t.Errorf("%s and %s share port %d", u.Name, other, u.Port)
		}
		seen[u.Port] = u.Name
	}
}

func TestCheckCompany(t *testing.T) {
	for _, good := range []string{"5493001KJTIIGC8Y1R12", "529900EXAMPLEEXP0105", "91350100M000100Y43"} {
		if err := CheckCompany(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "5493001KJTIIGC8Y1R13", "5493001KJTIIGC8Y1RAB", "549300lkjtiigc8y1r12",
		"91350100M000100Y44", "91350100I000100Y43",
	} {
		if CheckCompany(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestExpand(t *testing.T) {
	value := func(kind, name string) (string, bool) { return kind + "=" + name, kind != "nix" }
	got, err := Expand("a ${port:http} ${data}/x", value)
	if err != nil || got != "a port=http data=/x" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Expand("${nix:1}", value); err == nil || !strings.Contains(err.Error(), "${nix:1}") {
		t.Errorf("got %v, want an error that names the placeholder", err)
	}
}
