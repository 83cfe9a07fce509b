package topology

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	organisationName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,30}$`)
	mspName          = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.-]{0,50}$`)
	lowerName        = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)
	networkName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,40}$`)
	hostName         = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,80}[a-z0-9])?$`)
	// As Fabric's configtx validator: up to 249 characters.
	channelName = regexp.MustCompile(`^[a-z][a-z0-9.-]{0,248}$`)
	// As Fabric's lifecycle: letters, digits, - and _, not at the ends.
	chaincodeName    = regexp.MustCompile(`^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$`)
	chaincodeVersion = regexp.MustCompile(`^[A-Za-z0-9_.+-]+$`)
)

var (
	logLevels = []string{"debug", "info", "warn", "error"}
	kernels   = []string{"emmansun", "stdlib", "tjfoc"}
)

// validator collects findings; at locates each in the document.
type validator struct {
	root     *yaml.Node
	findings []Finding
	names    map[string]string // process or client name to the field that took it
}

func (v *validator) topology(t *Topology) {
	v.names = map[string]string{}
	if t.Version != Version {
		v.add(at("version"), fmt.Sprintf("version %d is unknown", t.Version), fmt.Sprintf("write %d", Version))
	}
	v.match(at("name"), t.Name, networkName)
	v.match(at("channel"), t.Channel, channelName)
	v.oneOf(at("logLevel"), t.LogLevel, logLevels)
	v.oneOf(at("serviceLogLevel"), t.ServiceLogLevel, logLevels)
	v.oneOf(at("accelerator", "kernel"), t.Accelerator.Kernel, kernels)
	if s := t.Accelerator.SampleShare; s < 0 || s > 1 {
		v.add(at("accelerator", "sampleShare"), "a share is between 0 and 1", "0.01 verifies one answer in a hundred")
	}
	if t.BasePort != 0 && (t.BasePort < 1024 || t.BasePort+t.Span()-1 > maxPort) {
		v.add(at("basePort"), fmt.Sprintf("%d organisations need ports %d to %d", len(t.Organisations), t.BasePort,
			t.BasePort+t.Span()-1), "choose a base port from 1024 on with room below 65536, or 0 for free ports")
	}
	v.ordering(t)
	v.chaincodes(t)
	if len(t.Organisations) > maxOrganisations {
		v.add(at("organisations"), "too many organisations", fmt.Sprintf("at most %d", maxOrganisations))
	}
	for i := range t.Organisations {
		v.organisation(&t.Organisations[i], at("organisations", i))
	}
	if len(t.PeerOrganisations()) == 0 {
		v.add(at("organisations"), "no organisation has a peer", "give at least one organisation peers: 1")
	}
}

// Orderers that make the consensus worth running: 3f+1 with f=1, 2f+1 with f=1.
// One Raft orderer is allowed, for the smallest network.
const (
	minBFT  = 4
	maxBFT  = 64
	minRaft = 1
)

func (v *validator) ordering(t *Topology) {
	o := t.Ordering
	v.oneOf(at("ordering", "consensus"), o.Consensus, []string{SmartBFT, EtcdRaft})
	total := 0
	for _, org := range t.Organisations {
		total += org.Orderers
	}
	switch {
	case o.Consensus == SmartBFT && (total < minBFT || total > maxBFT):
		v.add(at("ordering", "consensus"), fmt.Sprintf("smartbft with %d orderers", total),
			fmt.Sprintf("give the organisations %d to %d orderers in all, or choose etcdraft", minBFT, maxBFT))
	case o.Consensus == EtcdRaft && total < minRaft:
		v.add(at("ordering", "consensus"), "no organisation has an orderer", "give at least one orderers: 1")
	}
	if o.BatchTimeout <= 0 {
		v.add(at("ordering", "batchTimeout"), "a batch timeout is more than 0", "50ms suits interactive use")
	}
	if o.BatchPreferredBytes > o.BatchMaxBytes {
		v.add(at("ordering", "batchPreferredBytes"), "preferred block size above the maximum",
			"make it at most batchMaxBytes")
	}
	if o.BatchMaxBytes > maxBatchBytes {
		v.add(at("ordering", "batchMaxBytes"), "above what a Fabric gRPC message carries",
			fmt.Sprintf("at most %d", maxBatchBytes))
	}
}

// maxBatchBytes is half of Fabric's 100 MiB gRPC message limit: a block also
// carries metadata, and a BFT proposal wraps it once more.
const maxBatchBytes = 50 << 20

func (v *validator) chaincodes(t *Topology) {
	if n := len(t.Chaincodes); n == 0 || n > maxChaincodes {
		v.add(at("chaincodes"), fmt.Sprintf("%d chaincodes", n), fmt.Sprintf("list 1 to %d", maxChaincodes))
	}
	seen := map[string]bool{}
	for i, c := range t.Chaincodes {
		f := at("chaincodes", i)
		v.match(f.to("name"), c.Name, chaincodeName)
		v.match(f.to("version"), c.Version, chaincodeVersion)
		if c.Sequence < 1 {
			v.add(f.to("sequence"), "a sequence starts at 1", "write 1 for a new network")
		}
		if seen[c.Name] {
			v.add(f.to("name"), "a chaincode "+c.Name+" is listed already", "give it another name")
		}
		seen[c.Name] = true
		v.oneOf(f.to("endorsement"), c.Endorsement, []string{MajorityEndorsement, AnyEndorsement})
	}
}

func (v *validator) organisation(o *Organisation, f field) {
	v.match(f.to("name"), o.Name, organisationName)
	v.match(f.to("mspId"), o.MSPID, mspName)
	v.match(f.to("domain"), o.Domain, hostName)
	v.unique("organisation "+o.Slug(), f.to("name"))
	v.unique("MSP id "+o.MSPID, f.to("mspId"))
	v.unique("domain "+o.Domain, f.to("domain"))
	v.between(f.to("peers"), o.Peers, maxNodes)
	v.between(f.to("orderers"), o.Orderers, maxNodes)
	v.between(f.to("services"), len(o.Services), maxServices)
	if o.Peers == 0 && o.Orderers == 0 {
		v.add(f, "an organisation without peer and orderer does nothing", "set peers: 1 or orderers: 1")
	}
	if o.Peers == 0 && len(o.Clients) > 0 {
		v.add(f.to("clients"), "clients need a peer of their organisation", "set peers: 1 or remove the clients")
	}
	if o.Peers > 0 && o.Governor() == nil {
		v.add(f.to("clients"), "no client has the role governor",
			"add one, e.g. {name: "+o.Slug()+"-governor, roles: [governor]}")
	}
	for i, c := range o.Clients {
		v.client(c, f.to("clients", i))
	}
	for i := range o.Services {
		v.service(o, &o.Services[i], f.to("services", i))
	}
}

func (v *validator) client(c Client, f field) {
	v.match(f.to("name"), c.Name, lowerName)
	v.unique("client "+c.Name, f.to("name"))
	for i, r := range c.Roles {
		v.oneOf(f.to("roles", i), r, Roles)
	}
	if c.Company != "" {
		if err := CheckCompany(c.Company); err != nil {
			v.add(f.to("company"), err.Error(), "correct it, or leave it out for a client of no company")
		}
	}
}

func (v *validator) service(o *Organisation, s *Service, f field) {
	v.match(f.to("name"), s.Name, lowerName)
	v.unique("service "+o.ServiceName(s.Name), f.to("name"))
	if s.Program == "" || strings.ContainsAny(s.Program, `/\`) {
		v.add(f.to("program"), "a program is a bare file name", "the program is looked for beside argosy-net")
	}
	v.between(f.to("ports"), len(s.Ports), serviceStride)
	if !slices.Contains(s.Ports, PortOperations) {
		v.add(f.to("ports"), "no port "+PortOperations, "list it: readiness is asked there, at /readyz")
	}
	for _, list := range []struct {
		field string
		names []string
	}{{"ports", s.Ports}, {"sm2Keys", s.SM2Keys}, {"secrets", s.Secrets}, {"folders", s.Folders}} {
		seen := map[string]bool{}
		for i, n := range list.names {
			v.match(f.to(list.field, i), n, lowerName)
			if seen[n] {
				v.add(f.to(list.field, i), n+" is listed twice", "remove one")
			}
			seen[n] = true
		}
	}
	for i, a := range s.Arguments {
		v.placeholders(f.to("arguments", i), o, s, a)
	}
	v.configText(f.to("config"), o, s, &s.Config)
}

// configText checks the placeholders of every text in a configuration subtree.
func (v *validator) configText(f field, o *Organisation, s *Service, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		before := len(v.findings)
		v.placeholders(f, o, s, n.Value)
		for i := before; i < len(v.findings); i++ {
			v.findings[i].Line = n.Line
		}
	}
	for _, c := range n.Content {
		v.configText(f, o, s, c)
	}
}

func (v *validator) placeholders(f field, o *Organisation, s *Service, text string) {
	_, err := Expand(text, func(kind, name string) (string, bool) {
		switch kind {
		case "config", "data", "host", "profiles", "accelerator", "organisation", "mspId", "channel", "name", "dir":
			return "", name == ""
		case "port":
			return "", slices.Contains(s.Ports, name)
		case "secret":
			return "", slices.Contains(s.Secrets, name)
		case "folder":
			return "", slices.Contains(s.Folders, name)
		case "profile":
			return "", slices.ContainsFunc(o.Clients, func(c Client) bool { return c.Name == name })
		case "sm2key":
			return "", slices.Contains(s.SM2Keys, name) ||
				slices.ContainsFunc(o.Clients, func(c Client) bool { return c.Name == name && c.SM2Key })
		}
		return "", false
	})
	if err != nil {
		v.add(f, err.Error(), "the placeholders are listed at the end of the default topology file")
	}
}

var placeholder = regexp.MustCompile(`\$\{([^}:]*)(?::([^}]*))?\}`)

// Expand replaces the ${kind} and ${kind:name} placeholders of a text by what
// value returns; one that value does not know is an error.
func Expand(text string, value func(kind, name string) (string, bool)) (string, error) {
	unknown := map[string]bool{}
	out := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		s, ok := value(m[1], m[2])
		if !ok {
			unknown[p] = true
		}
		return s
	})
	if len(unknown) > 0 {
		names := slices.Sorted(maps.Keys(unknown))
		return "", fmt.Errorf("nothing is known for %s", strings.Join(names, ", "))
	}
	return out, nil
}
