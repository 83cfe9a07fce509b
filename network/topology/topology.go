// Package topology reads the one file that describes an Argosy network:
// its organisations, their nodes, clients and services, the ordering service
// and the chaincodes. Everything else (keys, genesis block, node
// configurations, ports) is derived from it.
//
// It refuses fields that it does not know, with their lines, and values that
// would only fail later inside Fabric; each [Finding] names line, field and
// remedy. It does no I/O but reading the file, and knows no organisation's name.
//
// Invariants of a Topology returned without error: names are unique where
// they must be, every reference resolves, the ports of [Topology.Ports] do not
// overlap and fit below 65536, and the numbers of nodes suit the consensus.
package topology

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Version of the file format that this package reads.
const Version = 1

// Consensus names of the ordering section.
const (
	SmartBFT = "smartbft"
	EtcdRaft = "etcdraft"
)

// Roles that a client certificate can carry in its attribute argosy.role.
var Roles = []string{"governor", "attester", "trader", "bank", "carrier", "authority", "relay"}

// RoleGovernor is the role whose first holder in an organisation acts for it
// when the network starts.
const RoleGovernor = "governor"

// Channel policies that a chaincode may name as its endorsement policy.
const (
	MajorityEndorsement = "/Channel/Application/Endorsement"
	AnyEndorsement      = "/Channel/Application/AnyEndorsement"
)

// Topology is the content of a topology file. The committed topology.yaml
// documents every field.
type Topology struct {
	Version         int            `yaml:"version"`
	Name            string         `yaml:"name"`
	Channel         string         `yaml:"channel"`
	BasePort        int            `yaml:"basePort"`
	LogLevel        string         `yaml:"logLevel"`
	ServiceLogLevel string         `yaml:"serviceLogLevel"`
	Ordering        Ordering       `yaml:"ordering"`
	Chaincodes      []Chaincode    `yaml:"chaincodes"`
	Accelerator     Accelerator    `yaml:"accelerator"`
	Organisations   []Organisation `yaml:"organisations"`
}

// Ordering describes the ordering service.
type Ordering struct {
	Consensus           string   `yaml:"consensus"`
	BatchTimeout        Duration `yaml:"batchTimeout"`
	BatchMessages       uint32   `yaml:"batchMessages"`
	BatchPreferredBytes uint32   `yaml:"batchPreferredBytes"`
	BatchMaxBytes       uint32   `yaml:"batchMaxBytes"`
}

// Chaincode is one chaincode of the channel.
type Chaincode struct {
	Name        string `yaml:"name"`
	Version     string `yaml:"version"`
	Sequence    int64  `yaml:"sequence"`
	Endorsement string `yaml:"endorsement"`
}

// Accelerator holds the settings of every organisation's accelerator.
type Accelerator struct {
	Kernel      string  `yaml:"kernel"`
	SampleShare float64 `yaml:"sampleShare"`
}

// Organisation is a member of the network.
type Organisation struct {
	Name     string    `yaml:"name"`
	MSPID    string    `yaml:"mspId"`
	Domain   string    `yaml:"domain"`
	Peers    int       `yaml:"peers"`
	Orderers int       `yaml:"orderers"`
	Clients  []Client  `yaml:"clients"`
	Services []Service `yaml:"services"`
}

// Client is an identity that an organisation issues.
type Client struct {
	Name    string   `yaml:"name"`
	Roles   []string `yaml:"roles"`
	Company string   `yaml:"company"`
	SM2Key  bool     `yaml:"sm2Key"`
}

// Service is a further program that an organisation runs.
type Service struct {
	Name      string    `yaml:"name"`
	Program   string    `yaml:"program"`
	Arguments []string  `yaml:"arguments"`
	Ports     []string  `yaml:"ports"`
	SM2Keys   []string  `yaml:"sm2Keys"`
	Secrets   []string  `yaml:"secrets"`
	Folders   []string  `yaml:"folders"`
	Config    yaml.Node `yaml:"config"`
}

// Duration is a time.Duration written as in Go: 50ms, 2s.
type Duration time.Duration

// UnmarshalYAML reads a duration in Go's notation.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	var s string
	if err := n.Decode(&s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return &yaml.TypeError{Errors: []string{lineOf(n) + "duration " + s + " is not like 50ms or 2s"}}
	}
	*d = Duration(v)
	return nil
}

// MarshalYAML writes the duration in Go's notation.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

// String returns the duration in Go's notation.
func (d Duration) String() string { return time.Duration(d).String() }

// Slug is the organisation's name as process, file and host names carry it.
func (o *Organisation) Slug() string { return strings.ToLower(o.Name) }

// Governor returns the client that acts for the organisation when the network
// starts, nil if there is none.
func (o *Organisation) Governor() *Client {
	for i := range o.Clients {
		for _, r := range o.Clients[i].Roles {
			if r == RoleGovernor {
				return &o.Clients[i]
			}
		}
	}
	return nil
}

// Members returns the MSP ids of the organisations that run a peer, in the
// order of the file.
func (t *Topology) Members() []string {
	var ids []string
	for _, o := range t.PeerOrganisations() {
		ids = append(ids, o.MSPID)
	}
	return ids
}

// PeerOrganisations returns the organisations that run at least one peer.
func (t *Topology) PeerOrganisations() []*Organisation {
	return t.where(func(o *Organisation) bool { return o.Peers > 0 })
}

// OrdererOrganisations returns the organisations that run at least one orderer.
func (t *Topology) OrdererOrganisations() []*Organisation {
	return t.where(func(o *Organisation) bool { return o.Orderers > 0 })
}

func (t *Topology) where(keep func(*Organisation) bool) []*Organisation {
	var out []*Organisation
	for i := range t.Organisations {
		if o := &t.Organisations[i]; keep(o) {
			out = append(out, o)
		}
	}
	return out
}

// Client returns the client of this name and its organisation, or nils.
func (t *Topology) Client(name string) (*Organisation, *Client) {
	for i := range t.Organisations {
		o := &t.Organisations[i]
		for j := range o.Clients {
			if o.Clients[j].Name == name {
				return o, &o.Clients[j]
			}
		}
	}
	return nil, nil
}
