// Package plan places a topology on a machine: which node listens where, which
// files it uses, under which name others reach it. Genesis block, node
// configurations and the supervisor all read the same plan, so they cannot
// disagree.
//
// It refuses nothing and does no I/O: a plan is a function of topology,
// directory, host and base port.
package plan

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/argosy-trade/argosy/network/crypto"
	"github.com/argosy-trade/argosy/network/topology"
)

// Plan is a topology with places.
type Plan struct {
	Topology *topology.Topology
	Dir      string // absolute state directory
	SocketAt string // directory of unix sockets; short, see native
	Host     string // host that every node listens on
	Base     int    // first port
	Keys     crypto.Store
	ports    map[string]*topology.OrganisationPorts
}

// Node is one peer or orderer.
type Node struct {
	Name         string // process name, e.g. peer0.exportbank
	Short        string // name within the organisation, e.g. peer0
	Organisation *topology.Organisation
	HostName     string // name in its TLS certificate
	Host         string // host that others dial
	Ports        topology.NodePorts
	Dir          string // configuration and data
}

// Native is the plan of a network whose nodes are processes of this machine.
// Everything listens on loopback: a development network is nobody else's.
func Native(t *topology.Topology, dir, sockets string, base int) *Plan {
	return &Plan{
		Topology: t, Dir: dir, SocketAt: sockets, Host: "127.0.0.1", Base: base,
		Keys: crypto.NewStore(filepath.Join(dir, "crypto")), ports: t.Ports(base),
	}
}

// Secret is the file of a secret that services and those who call them share.
func (p *Plan) Secret(name string) string { return filepath.Join(p.Dir, "secrets", name) }

// Folder is a folder through which services and the outside world exchange files.
func (p *Plan) Folder(name string) string { return filepath.Join(p.Dir, "exchange", name) }

// Ports returns the ports of an organisation.
func (p *Plan) Ports(o *topology.Organisation) *topology.OrganisationPorts { return p.ports[o.Name] }

// PeersOf returns the peers of an organisation.
func (p *Plan) PeersOf(o *topology.Organisation) []Node {
	nodes := make([]Node, 0, o.Peers)
	for i, ports := range p.Ports(o).Peers {
		nodes = append(nodes, p.node(o, o.PeerName(i), fmt.Sprintf("peer%d", i), ports))
	}
	return nodes
}

// OrderersOf returns the orderers of an organisation.
func (p *Plan) OrderersOf(o *topology.Organisation) []Node {
	nodes := make([]Node, 0, o.Orderers)
	for i, ports := range p.Ports(o).Orderers {
		nodes = append(nodes, p.node(o, o.OrdererName(i), fmt.Sprintf("orderer%d", i), ports))
	}
	return nodes
}

// Peers returns all peers, in the order of the topology.
func (p *Plan) Peers() []Node {
	var nodes []Node
	for i := range p.Topology.Organisations {
		nodes = append(nodes, p.PeersOf(&p.Topology.Organisations[i])...)
	}
	return nodes
}

// Orderers returns all orderers, in the order of the topology.
func (p *Plan) Orderers() []Node {
	var nodes []Node
	for i := range p.Topology.Organisations {
		nodes = append(nodes, p.OrderersOf(&p.Topology.Organisations[i])...)
	}
	return nodes
}

func (p *Plan) node(o *topology.Organisation, name, short string, ports topology.NodePorts) Node {
	return Node{
		Name: name, Short: short, Organisation: o, HostName: o.HostName(short), Host: p.Host, Ports: ports,
		Dir: p.NodeDir(name),
	}
}

// Address is host:port of a port of this plan.
func (p *Plan) Address(port int) string { return net.JoinHostPort(p.Host, strconv.Itoa(port)) }

// Endpoint is host:port of the node's gRPC listener.
func (n Node) Endpoint() string { return net.JoinHostPort(n.Host, strconv.Itoa(n.Ports.GRPC)) }

// NodeDir is the directory of a process: its configuration and its data.
func (p *Plan) NodeDir(name string) string { return filepath.Join(p.Dir, "nodes", name) }

// GenesisBlock is the file of the channel's first block.
func (p *Plan) GenesisBlock() string { return filepath.Join(p.Dir, "genesis.block") }

// Profiles is the directory of the client profiles.
func (p *Plan) Profiles() string { return filepath.Join(p.Dir, "profiles") }

// Profile is the profile file of a client.
func (p *Plan) Profile(client string) string { return filepath.Join(p.Profiles(), client+".yaml") }

// Builder is the directory of the external builder: bin/detect, build, release.
func (p *Plan) Builder() string { return filepath.Join(p.Dir, "builder") }

// LogFile is the log of a process.
func (p *Plan) LogFile(name string) string { return filepath.Join(p.Dir, "logs", name+".log") }

// AcceleratorSocket is the unix socket of an organisation's accelerator.
func (p *Plan) AcceleratorSocket(o *topology.Organisation) string {
	return filepath.Join(p.SocketAt, o.AcceleratorName()+".sock")
}
