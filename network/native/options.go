// Package native runs a whole Argosy network as processes of this machine:
// orderers, peers, chaincode processes, accelerators and further services.
//
// It makes a new network from a topology (keys, genesis block, configuration,
// channel, chaincodes) or starts an existing one with its state, supervises the
// processes, and stops them. It refuses to start beside another supervisor of
// the same directory, on ports that somebody else holds, and with a topology
// that contradicts the ledger that exists.
//
// Invariants: a network whose description says Created has committed a
// transaction through every organisation; one that has not is thrown away and
// made anew at the next start, because nobody was ever told that it exists.
package native

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/network/fabricbuild"
	"github.com/argosy-trade/argosy/network/topology"
)

// Options say what to start. The zero value starts the default topology in
// build/net with the programs beside the running one.
type Options struct {
	// Topology of a new network; nil takes that of the existing network, or the
	// default.
	Topology *topology.Topology
	// TopologySource names where Topology came from, for status.
	TopologySource string
	// Dir is the state directory; "" is build/net.
	Dir string
	// BasePort replaces the topology's base port; nil leaves it. 0 takes free
	// ports. An existing network keeps its ports.
	BasePort *int
	// Programs says where the programs are.
	Programs Programs
	// Without lists process names (or service names, for every organisation)
	// that are not started.
	Without []string
	// Logger gets the supervisor's own log; nil discards it.
	Logger *slog.Logger
	// Observe is told each step as it begins and ends; may be nil. Calls do not
	// overlap.
	Observe func(Step)
}

// Programs are the places of programs.
type Programs struct {
	// Argosy holds argosycc, accelsvc and the services' programs; "" is the
	// directory of the running program.
	Argosy string
	// Fabric holds peer and orderer; "" looks where `argosy-net fabric build`
	// puts them, see fabricbuild.Find.
	Fabric string
	// Builder acts as the peers' external builder: a program whose main function
	// begins with ccaas.Main. "" is argosy-net in Argosy.
	Builder string
}

// Step is a part of a start.
type Step struct {
	Name    string        `json:"name"`
	State   StepState     `json:"state"`
	Detail  string        `json:"detail,omitempty"`
	Elapsed time.Duration `json:"elapsed"` // of this step
	Total   time.Duration `json:"total"`   // since the start began
}

// StepState is how far a step is.
type StepState string

// States of a step.
const (
	StepRunning StepState = "running"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
)

// DefaultDir is the state directory unless another is named.
const DefaultDir = "build/net"

// Names of the programs that every network needs.
const (
	programPeer        = "peer"
	programOrderer     = "orderer"
	programChaincode   = "argosycc"
	programAccelerator = "accelsvc"
	programSupervisor  = "argosy-net"
)

// MissingProgramError says which programs are not there.
type MissingProgramError struct{ Problems []string }

// Error lists them with their remedies.
func (e *MissingProgramError) Error() string { return strings.Join(e.Problems, "\n") }

// Resolve fills in the places that are left out and checks that every program
// of t is there; without lists what will not be started.
func (p Programs) Resolve(t *topology.Topology, without []string) (Programs, error) {
	if p.Argosy == "" {
		self, err := os.Executable()
		if err != nil {
			return p, err
		}
		p.Argosy = filepath.Dir(self)
	}
	var problems []string
	if p.Fabric == "" {
		dir, err := fabricbuild.Find(p.Argosy)
		if err != nil {
			problems = append(problems, err.Error())
		}
		p.Fabric = dir
	}
	if p.Builder == "" {
		p.Builder = filepath.Join(p.Argosy, programSupervisor)
	}
	// Processes work in directories of their own, so relative paths would miss.
	for _, path := range []*string{&p.Argosy, &p.Fabric, &p.Builder} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return p, err
		}
		*path = abs
	}
	need := func(path, remedy string) {
		if info, err := os.Stat(path); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			problems = append(problems, fmt.Sprintf("program %s is not there; %s", path, remedy))
		}
	}
	if p.Fabric != "" {
		need(filepath.Join(p.Fabric, programPeer), "build it: argosy-net fabric build")
		need(filepath.Join(p.Fabric, programOrderer), "build it: argosy-net fabric build")
	}
	need(p.Builder, "build it: make build")
	for _, name := range argosyPrograms(t, without) {
		need(filepath.Join(p.Argosy, name), "build it (make build), or start --without it")
	}
	if len(problems) > 0 {
		return p, &MissingProgramError{problems}
	}
	return p, nil
}

// argosyPrograms are the product's own programs that t runs.
func argosyPrograms(t *topology.Topology, without []string) []string {
	var names []string
	for i := range t.Organisations {
		o := &t.Organisations[i]
		if o.Peers > 0 && !left(without, o.ChaincodeName()) {
			names = append(names, programChaincode)
		}
		if o.Peers > 0 && !left(without, o.AcceleratorName()) {
			names = append(names, programAccelerator)
		}
		for _, s := range o.Services {
			if !left(without, o.ServiceName(s.Name)) {
				names = append(names, s.Program)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// left says whether a process is left out: by its own name, or by the part
// before the dot, which stands for every organisation's.
func left(without []string, process string) bool {
	kind, _, _ := strings.Cut(process, ".")
	return slices.Contains(without, process) || slices.Contains(without, kind)
}

// checkWithout refuses names that no process has, so that a misspelt name is
// not silently ignored.
func checkWithout(t *topology.Topology, without []string) error {
	var known []string
	for i := range t.Organisations {
		o := &t.Organisations[i]
		known = append(known, o.AcceleratorName())
		for _, s := range o.Services {
			known = append(known, o.ServiceName(s.Name))
		}
	}
	for _, w := range without {
		if !slices.ContainsFunc(known, func(k string) bool { return left([]string{w}, k) }) {
			return fmt.Errorf("%w: %s; these can be: %s", ErrCannotLeave, w, strings.Join(known, ", "))
		}
	}
	return nil
}

// ErrCannotLeave says that a process cannot be left out: the network needs it,
// or there is none of this name.
var ErrCannotLeave = errors.New("nothing of this name can be left out")
