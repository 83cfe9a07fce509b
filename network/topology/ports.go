package topology

import (
	"fmt"
	"slices"
)

// The port plan: each organisation has a block of 100 ports, so that a port can
// be read (17210 is the first peer of the third organisation) and adding a node
// or an organisation at the end moves no other port.
const (
	blockSize        = 100
	peerOffset       = 10
	ordererOffset    = 40
	nodeStride       = 5
	maxNodes         = 6
	serviceOffset    = 70
	serviceStride    = 4
	maxServices      = 5
	chaincodeOffset  = 90
	maxChaincodes    = 4
	chaincodeOps     = 95
	acceleratorOps   = 96
	maxPort          = 65535
	maxOrganisations = 100
)

// PortOperations is the port name that every service must have.
const PortOperations = "operations"

// NodePorts are the ports of one peer or orderer.
type NodePorts struct {
	GRPC       int `json:"grpc"`       // clients; peers: gossip too; orderers: cluster too
	Second     int `json:"second"`     // peers: chaincode callback; orderers: admin
	Operations int `json:"operations"` // healthz, metrics
}

// OrganisationPorts are the ports of one organisation's programs.
type OrganisationPorts struct {
	Peers          []NodePorts
	Orderers       []NodePorts
	Chaincodes     map[string]int // by chaincode name
	ChaincodeOps   int
	AcceleratorOps int
	Services       map[string]map[string]int // by service name and port name
}

// Ports returns the port plan from a base port, by organisation name. The same
// topology and base always give the same plan.
func (t *Topology) Ports(base int) map[string]*OrganisationPorts {
	plan := make(map[string]*OrganisationPorts, len(t.Organisations))
	for i := range t.Organisations {
		plan[t.Organisations[i].Name] = t.organisationPorts(&t.Organisations[i], base+i*blockSize)
	}
	return plan
}

func (t *Topology) organisationPorts(o *Organisation, block int) *OrganisationPorts {
	p := &OrganisationPorts{Services: map[string]map[string]int{}, Chaincodes: map[string]int{}}
	for j := range o.Peers {
		p.Peers = append(p.Peers, nodePorts(block+peerOffset+j*nodeStride))
	}
	for j := range o.Orderers {
		p.Orderers = append(p.Orderers, nodePorts(block+ordererOffset+j*nodeStride))
	}
	if o.Peers > 0 {
		for j, c := range t.Chaincodes {
			p.Chaincodes[c.Name] = block + chaincodeOffset + j
		}
		p.ChaincodeOps = block + chaincodeOps
		p.AcceleratorOps = block + acceleratorOps
	}
	for j, s := range o.Services {
		ports := map[string]int{}
		for k, name := range s.Ports {
			ports[name] = block + serviceOffset + j*serviceStride + k
		}
		p.Services[s.Name] = ports
	}
	return p
}

func nodePorts(first int) NodePorts {
	return NodePorts{GRPC: first, Second: first + 1, Operations: first + 2}
}

// PortUse says which program wants a port, and for what.
type PortUse struct {
	Port int
	Name string // e.g. "peer0.exportbank gRPC"
}

// PortUses lists every port of the plan from a base port, ascending.
func (t *Topology) PortUses(base int) []PortUse {
	var uses []PortUse
	for i := range t.Organisations {
		o := &t.Organisations[i]
		p := t.organisationPorts(o, base+i*blockSize)
		add := func(port int, format string, a ...any) {
			uses = append(uses, PortUse{port, fmt.Sprintf(format, a...)})
		}
		for j, n := range p.Peers {
			add(n.GRPC, "%s gRPC", o.PeerName(j))
			add(n.Second, "%s chaincode callback", o.PeerName(j))
			add(n.Operations, "%s operations", o.PeerName(j))
		}
		for j, n := range p.Orderers {
			add(n.GRPC, "%s gRPC", o.OrdererName(j))
			add(n.Second, "%s admin", o.OrdererName(j))
			add(n.Operations, "%s operations", o.OrdererName(j))
		}
		for name, port := range p.Chaincodes {
			add(port, "%s %s", o.ChaincodeName(), name)
		}
		if o.Peers > 0 {
			add(p.ChaincodeOps, "%s operations", o.ChaincodeName())
			add(p.AcceleratorOps, "%s operations", o.AcceleratorName())
		}
		for service, ports := range p.Services {
			for name, port := range ports {
				add(port, "%s %s", o.ServiceName(service), name)
			}
		}
	}
	slices.SortFunc(uses, func(a, b PortUse) int { return a.Port - b.Port })
	return uses
}

// Span is the number of ports from the base port on that belong to t.
func (t *Topology) Span() int { return blockSize * len(t.Organisations) }

// PeerName is the process name of the organisation's i-th peer, from 0.
func (o *Organisation) PeerName(i int) string { return fmt.Sprintf("peer%d.%s", i, o.Slug()) }

// OrdererName is the process name of the organisation's i-th orderer, from 0.
func (o *Organisation) OrdererName(i int) string { return fmt.Sprintf("orderer%d.%s", i, o.Slug()) }

// ChaincodeName is the process name of the organisation's chaincode service.
func (o *Organisation) ChaincodeName() string { return "argosycc." + o.Slug() }

// AcceleratorName is the process name of the organisation's accelerator.
func (o *Organisation) AcceleratorName() string { return "accelsvc." + o.Slug() }

// ServiceName is the process name of one of the organisation's services.
func (o *Organisation) ServiceName(service string) string { return service + "." + o.Slug() }

// HostName is the name of a node in certificates and container networks, e.g.
// peer0.exportbank.example for node peer0.
func (o *Organisation) HostName(node string) string { return node + "." + o.Domain }
