package native

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/argosy-trade/argosy/network/nodeconfig"
	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/topology"
)

// Description is what network.json in the state directory says about a network;
// tests and other programs read it. Paths are relative to the state directory.
type Description struct {
	Version    int                   `json:"version"`
	Name       string                `json:"name"`
	Channel    string                `json:"channel"`
	Consensus  string                `json:"consensus"`
	BasePort   int                   `json:"basePort"`
	Created    bool                  `json:"created"` // the first transactions are committed
	CreatedAt  time.Time             `json:"createdAt"`
	Source     string                `json:"topologySource"`
	Ledger     string                `json:"ledgerDigest"` // of what the ledger fixes
	Packages   nodeconfig.PackageIDs `json:"packages"`
	Sockets    string                `json:"sockets"` // directory of unix sockets, absolute
	Members    []DescribedMember     `json:"organisations"`
	Chaincodes []string              `json:"chaincodes"`
}

// DescribedMember is an organisation in a Description.
type DescribedMember struct {
	Name     string                    `json:"name"`
	MSPID    string                    `json:"mspId"`
	Peers    []DescribedNode           `json:"peers"`
	Orderers []DescribedNode           `json:"orderers"`
	Clients  []DescribedClient         `json:"clients"`
	Services map[string]map[string]int `json:"services"` // ports by service and name
	Ports    map[string]int            `json:"ports"`    // chaincodeOperations, acceleratorOperations
}

// DescribedNode is a peer or orderer in a Description.
type DescribedNode struct {
	Name       string `json:"name"`
	Endpoint   string `json:"endpoint"`
	Operations string `json:"operations"`
	ServerName string `json:"serverName"`
	TLSCA      string `json:"tlsCA"`
}

// DescribedClient is a client in a Description.
type DescribedClient struct {
	Name    string   `json:"name"`
	Roles   []string `json:"roles"`
	Company string   `json:"company,omitempty"`
	Profile string   `json:"profile"`
}

const (
	descriptionVersion = 1
	descriptionFile    = "network.json"
	topologyFile       = "topology.yaml"
	lockFile           = "supervisor.lock"

	fileMode = 0o600
	dirMode  = 0o755
)

// ErrNoNetwork says that a directory holds no network.
var ErrNoNetwork = errors.New("no network here")

// ReadDescription reads the description of the network in dir.
func ReadDescription(dir string) (*Description, error) {
	text, err := os.ReadFile(filepath.Join(dir, descriptionFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s; argosy-net up makes one", ErrNoNetwork, dir)
	}
	if err != nil {
		return nil, err
	}
	var d Description
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", descriptionFile, err)
	}
	if d.Version != descriptionVersion {
		return nil, fmt.Errorf("%s has version %d, this program knows %d", descriptionFile, d.Version, descriptionVersion)
	}
	return &d, nil
}

func (d *Description) write(dir string) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	// Written whole or not at all: a reader, or the next start, must never see half.
	tmp := filepath.Join(dir, descriptionFile+".new")
	if err := os.WriteFile(tmp, append(text, '\n'), fileMode); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, descriptionFile))
}

// ledgerDigest covers what a ledger that exists has fixed: members, nodes and
// ordering. Clients, services, log levels and the accelerator may change.
func ledgerDigest(t *topology.Topology) (string, error) {
	type member struct {
		Name, MSPID, Domain string
		Peers, Orderers     int
	}
	fixed := struct {
		Name, Channel string
		Ordering      topology.Ordering
		Chaincodes    []topology.Chaincode
		Members       []member
	}{Name: t.Name, Channel: t.Channel, Ordering: t.Ordering, Chaincodes: t.Chaincodes}
	for _, o := range t.Organisations {
		fixed.Members = append(fixed.Members, member{o.Name, o.MSPID, o.Domain, o.Peers, o.Orderers})
	}
	text, err := json.Marshal(fixed)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// describe derives the description of a plan.
func describe(p *plan.Plan, source string, now time.Time) (*Description, error) {
	digest, err := ledgerDigest(p.Topology)
	if err != nil {
		return nil, err
	}
	rel := func(path string) string {
		r, e := filepath.Rel(p.Dir, path)
		if e != nil {
			err = e
		}
		return r
	}
	t := p.Topology
	d := &Description{
		Version: descriptionVersion, Name: t.Name, Channel: t.Channel, Consensus: t.Ordering.Consensus,
		BasePort: p.Base, CreatedAt: now.UTC(), Source: source, Ledger: digest, Sockets: p.SocketAt,
	}
	for _, c := range t.Chaincodes {
		d.Chaincodes = append(d.Chaincodes, c.Name)
	}
	for i := range t.Organisations {
		o := &t.Organisations[i]
		ports := p.Ports(o)
		m := DescribedMember{Name: o.Name, MSPID: o.MSPID, Services: ports.Services, Ports: map[string]int{
			"chaincodeOperations": ports.ChaincodeOps, "acceleratorOperations": ports.AcceleratorOps,
		}}
		node := func(n plan.Node) DescribedNode {
			return DescribedNode{
				n.Name, n.Endpoint(), p.Address(n.Ports.Operations), n.HostName, rel(p.Keys.TLSCA(o)),
			}
		}
		for _, n := range p.PeersOf(o) {
			m.Peers = append(m.Peers, node(n))
		}
		for _, n := range p.OrderersOf(o) {
			m.Orderers = append(m.Orderers, node(n))
		}
		for _, c := range o.Clients {
			m.Clients = append(m.Clients, DescribedClient{c.Name, c.Roles, c.Company, rel(p.Profile(c.Name))})
		}
		d.Members = append(d.Members, m)
	}
	return d, err
}

// AlreadyRunningError says that another supervisor holds the directory.
type AlreadyRunningError struct{ Dir string }

// Error names the directory.
func (e *AlreadyRunningError) Error() string { return "a supervisor runs the network in " + e.Dir }

// lock takes the directory for this supervisor; closing the file gives it back.
func lock(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, &AlreadyRunningError{dir}
	}
	return f, nil
}

// Ours says whether dir is empty, absent or a state directory: whether it may
// be filled, or thrown away.
func Ours(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		switch e.Name() {
		case descriptionFile, lockFile, SupervisorLog:
			return true, nil
		}
	}
	return len(entries) == 0, nil
}

// wipe removes everything in dir but the lock that this supervisor holds.
func wipe(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == lockFile || e.Name() == SupervisorLog || e.Name() == socketDir {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// SupervisorLog is the log file of a detached supervisor, in the state directory.
const SupervisorLog = "supervisor.log"

// Unix socket paths end at 108 bytes (sun_path). The longest name of a socket
// here is "accelsvc." with an organisation of 31 letters and ".sock".
const (
	socketDir     = "sockets"
	maxSocketPath = 107
	maxSocketName = 9 + 31 + 5
)

// SocketDir is the directory of a network's unix sockets: within the state
// directory if paths stay short enough, else in the system's temporary
// directory, under a name derived from the state directory.
func SocketDir(dir string) string {
	within := filepath.Join(dir, socketDir)
	if len(within)+1+maxSocketName <= maxSocketPath {
		return within
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(os.TempDir(), "argosy-"+hex.EncodeToString(sum[:6]))
}

// ControlSocket is the unix socket on which a detached supervisor is told what
// to do.
func ControlSocket(dir string) string { return filepath.Join(SocketDir(dir), "control.sock") }

func saveTopology(dir string, t *topology.Topology) error {
	text, err := yaml.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, topologyFile), text, fileMode)
}

// Reset deletes the network in dir with its keys and ledgers. It refuses while
// a supervisor runs it, and a directory that holds something else.
func Reset(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	ours, err := Ours(dir)
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("%s holds other files than a network's; nothing is deleted", dir)
	}
	f, err := lock(dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := os.RemoveAll(SocketDir(dir)); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
