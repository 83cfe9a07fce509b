package nodeconfig

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/argosy-trade/argosy/network"
	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

const service = `    services:
      - name: watch
        program: watchd
        arguments: [serve, --config, "${config}"]
        ports: [operations, http]
        sm2Keys: [seal]
        secrets: [webhook]
        folders: [inbox]
        config:
          listen: 127.0.0.1:${port:http}
          port: ${port:operations}
          profile: ${profile:exporter}
          keys: ["${sm2key:seal}", "${sm2key:exporter}"]
          depth: 3
          secret: ${secret:webhook}
          inbox: ${folder:inbox}
`

// written writes the configuration of the default topology with a service.
func written(t *testing.T) *plan.Plan {
	t.Helper()
	text := strings.Replace(string(network.DefaultTopology), "    services: []\n", service, 1)
	top, err := topology.Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p := plan.Native(top, filepath.Join(t.TempDir(), "net"), "/run/a", 17000)
	if err := p.Keys.Generate(top, time.Now()); err != nil {
		t.Fatal(err)
	}
	ids := PackageIDs{"ExportBank": {"registry": "registry_1:aa", "trade": "trade_1:bb"}}
	if err := Write(p, ids); err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// get walks nested maps.
func get(t *testing.T, v any, path ...string) any {
	t.Helper()
	for _, k := range path {
		m, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("no map at %s of %v", k, path)
		}
		v = m[k]
	}
	return v
}

func TestFabricFilesSayWhatTheNetworkRelieson(t *testing.T) {
	p := written(t)
	peer := read(t, filepath.Join(p.Peers()[0].Dir, "core.yaml"))
	for want, path := range map[any][]string{
		"127.0.0.1:17010": {"peer", "gossip", "externalEndpoint"},
		"127.0.0.1:17011": {"peer", "chaincodeListenAddress"},
		"127.0.0.1:17012": {"operations", "listenAddress"},
		"250ms":           {"peer", "gossip", "reconnectInterval"},
		true:              {"ledger", "history", "enableHistoryDatabase"},
		"":                {"vm", "endpoint"},
		"prometheus":      {"metrics", "provider"},
		"ExportBankMSP":   {"peer", "localMspId"},
	} {
		if got := get(t, peer, path...); got != want {
			t.Errorf("core.yaml %v is %v, want %v", path, got, want)
		}
	}
	for _, k := range []string{"useWriteBatch", "useGetMultipleKeys"} {
		if get(t, peer, "chaincode", "runtimeParams", k) != true {
			t.Errorf("%s is off", k)
		}
	}
	orderer := read(t, filepath.Join(p.Orderers()[0].Dir, "orderer.yaml"))
	for want, path := range map[any][]string{
		17040:             {"General", "ListenPort"},
		"127.0.0.1:17041": {"Admin", "ListenAddress"},
		true:              {"Admin", "TLS", "ClientAuthRequired"},
		"1s":              {"General", "Cluster", "RPCTimeout"},
	} {
		if got := get(t, orderer, path...); got != want {
			t.Errorf("orderer.yaml %v is %v, want %v", path, got, want)
		}
	}
}

func TestProfileLeadsToItsFiles(t *testing.T) {
	p := written(t)
	var prof Profile
	text, err := os.ReadFile(p.Profile("exporter"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &prof); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{prof.Identity.Certificate, prof.Identity.PrivateKey, prof.SM2Key, prof.Peers[0].TLSCA} {
		if filepath.IsAbs(f) {
			t.Errorf("%s is not relative to the profile", f)
		}
		if _, err := os.Stat(filepath.Join(p.Profiles(), f)); err != nil {
			t.Error(err)
		}
	}
	if prof.Peers[0].Endpoint != "127.0.0.1:17010" || prof.Peers[0].ServerName != "peer0.exportbank.example" {
		t.Errorf("peers %v", prof.Peers)
	}
	if diff := cmp.Diff(map[string]string{"registry": "registry", "trade": "trade"}, prof.Chaincodes); diff != "" {
		t.Error(diff)
	}
}

func TestServiceTemplateIsFilled(t *testing.T) {
	p := written(t)
	o := &p.Topology.Organisations[0]
	got := read(t, ServiceFile(p, o, "watch"))
	want := map[string]any{
		"listen": "127.0.0.1:17071", "port": 17070, "profile": p.Profile("exporter"), "depth": 3,
		"secret": p.Secret("webhook"), "inbox": p.Folder("inbox"),
		"keys": []any{p.Keys.SM2Key(o, "seal"), p.Keys.SM2Key(o, "exporter")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, k := range []string{"seal", "exporter"} {
		if _, err := os.Stat(p.Keys.SM2Key(o, k)); err != nil {
			t.Error(err)
		}
	}
	args, err := ServiceArguments(p, o, &o.Services[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"serve", "--config", ServiceFile(p, o, "watch")}, args); diff != "" {
		t.Error(diff)
	}
}

func TestSecretsAreMadeOnceAndFoldersExist(t *testing.T) {
	p := written(t)
	o := &p.Topology.Organisations[0]
	config := read(t, ServiceFile(p, o, "watch"))
	first, err := os.ReadFile(p.Secret("webhook"))
	if err != nil || config["secret"] != p.Secret("webhook") {
		t.Fatalf("%v: %v", config["secret"], err)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(first)))
	if err != nil || len(raw) != secretBytes {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	if info, err := os.Stat(p.Secret("webhook")); err != nil || info.Mode().Perm() != fileMode {
		t.Errorf("%v %v", info, err)
	}
	if info, err := os.Stat(p.Folder("inbox")); err != nil || !info.IsDir() || config["inbox"] != p.Folder("inbox") {
		t.Errorf("%v: %v", config["inbox"], err)
	}
	if err := Write(p, PackageIDs{}); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(p.Secret("webhook")); err != nil || string(again) != string(first) {
		t.Errorf("the next start made another secret (%v)", err)
	}
}

func TestChaincodeProcessIsToldItsPackages(t *testing.T) {
	p := written(t)
	got := read(t, ChaincodeFile(p, &p.Topology.Organisations[0]))
	list, ok := got["chaincodes"].([]any)
	if !ok || len(list) != 2 {
		t.Fatalf("chaincodes %v", got["chaincodes"])
	}
	if id := get(t, list[1], "packageId"); id != "trade_1:bb" {
		t.Errorf("package id %v", id)
	}
	if got["mspId"] != "ExportBankMSP" || get(t, got, "accelerator", "socket") != "/run/a/accelsvc.exportbank.sock" {
		t.Errorf("got %v", got)
	}
}
