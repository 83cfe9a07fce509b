package nodeconfig

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/argosy-trade/argosy/network/crypto"
	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

// PackageIDs are chaincode package ids by organisation name and chaincode name.
type PackageIDs map[string]map[string]string

// ChaincodeFile is the configuration of an organisation's chaincode process.
func ChaincodeFile(p *plan.Plan, o *topology.Organisation) string {
	return filepath.Join(p.NodeDir(o.ChaincodeName()), "argosycc.yaml")
}

// AcceleratorFile is the configuration of an organisation's accelerator.
func AcceleratorFile(p *plan.Plan, o *topology.Organisation) string {
	return filepath.Join(p.NodeDir(o.AcceleratorName()), "accelsvc.yaml")
}

// ServiceFile is the configuration of one of an organisation's services.
func ServiceFile(p *plan.Plan, o *topology.Organisation, service string) string {
	return filepath.Join(p.NodeDir(o.ServiceName(service)), service+".yaml")
}

// ServiceData is the data directory of one of an organisation's services.
func ServiceData(p *plan.Plan, o *topology.Organisation, service string) string {
	return filepath.Join(p.NodeDir(o.ServiceName(service)), "data")
}

type tlsFiles struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	ClientCAs   string `yaml:"clientCAs"`
}

type servedChaincode struct {
	Name      string   `yaml:"name"`
	PackageID string   `yaml:"packageId"`
	Listen    string   `yaml:"listen"`
	TLS       tlsFiles `yaml:"tls"`
}

type acceleratorUse struct {
	Socket      string  `yaml:"socket"`
	SampleShare float64 `yaml:"sampleShare"`
}

type chaincodeProcess struct {
	MSPID       string            `yaml:"mspId"`
	Operations  string            `yaml:"operations"`
	LogLevel    string            `yaml:"logLevel"`
	Chaincodes  []servedChaincode `yaml:"chaincodes"`
	Accelerator acceleratorUse    `yaml:"accelerator"`
}

func chaincodeConfig(p *plan.Plan, o *topology.Organisation, ids PackageIDs) chaincodeProcess {
	ports := p.Ports(o)
	pair := p.Keys.NodeTLS(o, crypto.ChaincodeNode)
	c := chaincodeProcess{
		MSPID: o.MSPID, Operations: p.Address(ports.ChaincodeOps), LogLevel: p.Topology.ServiceLogLevel,
		Accelerator: acceleratorUse{p.AcceleratorSocket(o), p.Topology.Accelerator.SampleShare},
	}
	for _, cc := range p.Topology.Chaincodes {
		c.Chaincodes = append(c.Chaincodes, servedChaincode{
			Name: cc.Name, PackageID: ids[o.Name][cc.Name], Listen: p.Address(ports.Chaincodes[cc.Name]),
			TLS: tlsFiles{Certificate: pair.Certificate, Key: pair.PrivateKey, ClientCAs: p.Keys.TLSCA(o)},
		})
	}
	return c
}

type acceleratorProcess struct {
	Listen     string `yaml:"listen"`
	Operations string `yaml:"operations"`
	Kernel     string `yaml:"kernel"`
	LogLevel   string `yaml:"logLevel"`
}

func acceleratorConfig(p *plan.Plan, o *topology.Organisation) acceleratorProcess {
	return acceleratorProcess{
		Listen: "unix:" + p.AcceleratorSocket(o), Operations: p.Address(p.Ports(o).AcceleratorOps),
		Kernel: p.Topology.Accelerator.Kernel, LogLevel: p.Topology.ServiceLogLevel,
	}
}

// Profile is what the SDK and the command line read to act as a client; paths
// are relative to the file.
type Profile struct {
	Version    int               `yaml:"version"`
	Name       string            `yaml:"name"`
	Channel    string            `yaml:"channel"`
	Chaincodes map[string]string `yaml:"chaincodes"`
	MSPID      string            `yaml:"mspId"`
	Identity   ProfileIdentity   `yaml:"identity"`
	Peers      []ProfilePeer     `yaml:"peers"`
	Company    string            `yaml:"company,omitempty"`
	SM2Key     string            `yaml:"sm2Key,omitempty"`
}

// ProfileIdentity names certificate and key of the client (PEM, PKCS#8).
type ProfileIdentity struct {
	Certificate string `yaml:"certificate"`
	PrivateKey  string `yaml:"privateKey"`
}

// ProfilePeer is a peer that the client may use as its gateway.
type ProfilePeer struct {
	Endpoint   string `yaml:"endpoint"`
	ServerName string `yaml:"serverName"`
	TLSCA      string `yaml:"tlsCA"`
}

const profileVersion = 1

func profile(p *plan.Plan, o *topology.Organisation, c topology.Client) (Profile, error) {
	var err error
	rel := func(path string) string {
		r, e := filepath.Rel(p.Profiles(), path)
		if e != nil {
			err = e
		}
		return r
	}
	pair := p.Keys.Client(o, c.Name)
	prof := Profile{
		Version: profileVersion, Name: c.Name, Channel: p.Topology.Channel, Chaincodes: map[string]string{},
		MSPID: o.MSPID, Identity: ProfileIdentity{rel(pair.Certificate), rel(pair.PrivateKey)}, Company: c.Company,
	}
	for _, cc := range p.Topology.Chaincodes {
		prof.Chaincodes[cc.Name] = cc.Name
	}
	for _, n := range p.PeersOf(o) {
		prof.Peers = append(prof.Peers, ProfilePeer{n.Endpoint(), n.HostName, rel(p.Keys.TLSCA(o))})
	}
	if c.SM2Key {
		prof.SM2Key = rel(p.Keys.SM2Key(o, c.Name))
	}
	return prof, err
}

// ServiceArguments are the arguments of a service's program, placeholders replaced.
func ServiceArguments(p *plan.Plan, o *topology.Organisation, s *topology.Service) ([]string, error) {
	args := make([]string, 0, len(s.Arguments))
	for _, a := range s.Arguments {
		text, err := topology.Expand(a, placeholders(p, o, s))
		if err != nil {
			return nil, err
		}
		args = append(args, text)
	}
	return args, nil
}

func writeService(p *plan.Plan, o *topology.Organisation, s *topology.Service) error {
	if err := os.MkdirAll(ServiceData(p, o, s.Name), dirMode); err != nil {
		return err
	}
	for _, name := range s.Folders {
		if err := os.MkdirAll(p.Folder(name), dirMode); err != nil {
			return err
		}
	}
	for _, name := range s.Secrets {
		if err := makeSecret(p.Secret(name)); err != nil {
			return err
		}
	}
	config := s.Config
	expanded, err := expandNode(&config, placeholders(p, o, s))
	if err != nil {
		return err
	}
	if expanded.IsZero() {
		return nil // a service may do without a configuration file
	}
	return writeYAML(ServiceFile(p, o, s.Name), expanded)
}

func placeholders(p *plan.Plan, o *topology.Organisation, s *topology.Service) func(kind, name string) (string, bool) {
	fixed := map[string]string{
		"config": ServiceFile(p, o, s.Name), "data": ServiceData(p, o, s.Name), "host": p.Host,
		"profiles": p.Profiles(), "accelerator": p.AcceleratorSocket(o), "organisation": o.Name,
		"mspId": o.MSPID, "channel": p.Topology.Channel, "name": s.Name, "dir": p.Dir,
	}
	return func(kind, name string) (string, bool) {
		switch kind {
		case "port":
			port, ok := p.Ports(o).Services[s.Name][name]
			return strconv.Itoa(port), ok
		case "secret":
			return p.Secret(name), true
		case "folder":
			return p.Folder(name), true
		case "profile":
			return p.Profile(name), true
		case "sm2key":
			return p.Keys.SM2Key(o, name), true
		}
		v, ok := fixed[kind]
		return v, ok && name == ""
	}
}

// secretBytes is the length of a generated secret: that of the hash that it
// keys, so that guessing it is no easier than guessing a signature.
const secretBytes = 32

// makeSecret writes a new random secret in base64, unless there is one.
func makeSecret(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	var secret [secretBytes]byte
	_, _ = rand.Read(secret[:]) // crypto/rand does not fail
	return os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(secret[:])+"\n"), fileMode)
}

// expandNode copies a YAML subtree with its placeholders replaced. A text that
// was a placeholder alone may become a number: "${port:http}" is written plain.
func expandNode(n *yaml.Node, value func(kind, name string) (string, bool)) (*yaml.Node, error) {
	out := *n
	out.Content = nil
	if n.Kind == yaml.ScalarNode {
		text, err := topology.Expand(n.Value, value)
		if err != nil {
			return nil, err
		}
		if text != n.Value {
			out.Value, out.Tag = text, ""
		}
	}
	for _, c := range n.Content {
		e, err := expandNode(c, value)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, e)
	}
	return &out, nil
}

func writeYAML(path string, v any) error {
	text, err := yaml.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	return os.WriteFile(path, text, fileMode)
}
