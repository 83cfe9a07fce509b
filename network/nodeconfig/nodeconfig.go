// Package nodeconfig writes the configuration files of every process of a
// network: Fabric's orderer.yaml and core.yaml, the files of argosycc, accelsvc
// and of further services, and the client profiles.
//
// Every setting that differs from Fabric's default stands in a template with
// its reason. The files are written anew at every start, so a change of program
// version reaches networks that exist already; state is never written here.
package nodeconfig

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"text/template"

	"github.com/argosy-trade/argosy/network/crypto"
	"github.com/argosy-trade/argosy/network/plan"
)

//go:embed templates
var templates embed.FS

const (
	dirMode  = 0o755
	fileMode = 0o600 // configurations name key files; nobody else needs them
)

// node is what the templates of orderers and peers see.
type node struct {
	plan.Node
	Listen, Endpoint, Network, MSPID, MSPDir, TLSCA string
	TLS                                             crypto.Pair
	Data, WAL, Snapshots                            string
	Bootstrap, Builder, LogLevel                    string
	Siblings                                        int // other peers of the organisation
}

func newNode(p *plan.Plan, n plan.Node) node {
	data := filepath.Join(n.Dir, "data")
	return node{
		Node: n, Listen: p.Host, Endpoint: n.Endpoint(), Network: p.Topology.Name, MSPID: n.Organisation.MSPID,
		MSPDir: p.Keys.NodeMSP(n.Organisation, n.Short), TLSCA: p.Keys.TLSCA(n.Organisation),
		TLS: p.Keys.NodeTLS(n.Organisation, n.Short), Data: data, WAL: filepath.Join(data, "wal"),
		Snapshots: filepath.Join(data, "snapshots"), Builder: p.Builder(), LogLevel: p.Topology.LogLevel,
		// A peer alone in its organisation has nobody to bootstrap from but itself.
		Bootstrap: n.Endpoint(),
		Siblings:  max(n.Organisation.Peers-1, 1), // Fabric wants at least 1, met or not
	}
}

// Write writes all configuration files of the plan. Packages are the ids of the
// chaincode packages by organisation and chaincode name.
func Write(p *plan.Plan, packages PackageIDs) error {
	for _, n := range p.Orderers() {
		if err := render(p, n, "orderer.yaml"); err != nil {
			return err
		}
	}
	for _, n := range p.Peers() {
		if err := render(p, n, "core.yaml"); err != nil {
			return err
		}
	}
	for _, o := range p.Topology.PeerOrganisations() {
		if err := writeYAML(ChaincodeFile(p, o), chaincodeConfig(p, o, packages)); err != nil {
			return err
		}
		if err := writeYAML(AcceleratorFile(p, o), acceleratorConfig(p, o)); err != nil {
			return err
		}
		for _, c := range o.Clients {
			prof, err := profile(p, o, c)
			if err != nil {
				return err
			}
			if err := writeYAML(p.Profile(c.Name), prof); err != nil {
				return err
			}
		}
	}
	for i := range p.Topology.Organisations {
		o := &p.Topology.Organisations[i]
		for j := range o.Services {
			if err := writeService(p, o, &o.Services[j]); err != nil {
				return fmt.Errorf("service %s: %w", o.ServiceName(o.Services[j].Name), err)
			}
		}
	}
	return nil
}

// render writes a Fabric configuration file from its template.
func render(p *plan.Plan, n plan.Node, file string) error {
	v := newNode(p, n)
	if first := p.PeersOf(n.Organisation); len(first) > 1 {
		v.Bootstrap = first[0].Endpoint()
		if first[0].Name == n.Name {
			v.Bootstrap = first[1].Endpoint()
		}
	}
	t, err := template.New(file+".tmpl").Funcs(template.FuncMap{"q": strconv.Quote}).
		ParseFS(templates, "templates/"+file+".tmpl")
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := t.Execute(&buf, v); err != nil {
		return err
	}
	// The external builder unpacks into TMPDIR; a directory of the peer's own
	// is always writable and never on a small tmpfs.
	if err := os.MkdirAll(filepath.Join(n.Dir, "tmp"), dirMode); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(n.Dir, file), buf.Bytes(), fileMode)
}
