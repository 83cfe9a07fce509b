// Package portcheck finds out before a start whether ports are free, and who
// holds those that are not.
//
// It refuses nothing; a port that is free now may be taken a moment later, so
// ranges for tests are also reserved among Argosy's own processes by a lock.
package portcheck

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/argosy-trade/argosy/network/topology"
)

// Clash is a port that somebody else holds.
type Clash struct {
	Port   int    `json:"port"`
	Wanted string `json:"wanted"` // for which program
	Holder Holder `json:"holder"`
}

// Holder is who holds a port; the zero value if it cannot be known, e.g.
// because the process belongs to another user.
type Holder struct {
	PID     int    `json:"pid,omitempty"`
	Program string `json:"program,omitempty"` // command line
	// Network is the state directory of the Argosy network that the process
	// belongs to, "" for other programs.
	Network string `json:"network,omitempty"`
}

// String names the holder.
func (h Holder) String() string {
	switch {
	case h.Network != "":
		return "the Argosy network in " + h.Network + "; stop it: argosy-net down --dir " + h.Network
	case h.PID != 0:
		return fmt.Sprintf("process %d: %s", h.PID, h.Program)
	}
	return "a process of another user; as root, ss -ltnp names it"
}

// key tells holders apart when clashes are grouped.
func (h Holder) key() string {
	if h.Network != "" {
		return h.Network
	}
	return strconv.Itoa(h.PID)
}

// ClashError holds all clashes of a plan; never empty.
type ClashError struct{ Clashes []Clash }

// maxNamedPorts of one holder are named; a whole network holds some forty.
const maxNamedPorts = 3

// Lines describes the clashes, one line a holder.
func (e *ClashError) Lines() []string {
	groups := map[string][]Clash{}
	var order []string
	for _, c := range e.Clashes {
		k := c.Holder.key()
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], c)
	}
	lines := make([]string, 0, len(order))
	for _, k := range order {
		var names []string
		for _, c := range groups[k][:min(len(groups[k]), maxNamedPorts)] {
			names = append(names, fmt.Sprintf("port %d (%s)", c.Port, c.Wanted))
		}
		if more := len(groups[k]) - maxNamedPorts; more > 0 {
			names = append(names, fmt.Sprintf("%d more", more))
		}
		lines = append(lines, strings.Join(names, ", ")+" held by "+groups[k][0].Holder.String())
	}
	return lines
}

// Error lists the clashes with the remedy.
func (e *ClashError) Error() string {
	return strings.Join(append(e.Lines(), "or start elsewhere: --base-port N (0 takes free ports)"), "\n")
}

// Check returns a *[ClashError] unless every port can be listened on at host.
func Check(host string, uses []topology.PortUse) error {
	var clashes []Clash
	for _, u := range uses {
		if !Free(host, u.Port) {
			clashes = append(clashes, Clash{u.Port, u.Name, owner(u.Port)})
		}
	}
	if len(clashes) > 0 {
		return &ClashError{clashes}
	}
	return nil
}

// Free says whether a port can be listened on right now.
func Free(host string, port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES)
	}
	return l.Close() == nil
}

// HasRoutableIPv4 says whether the machine has an IPv4 address that is not
// 127/8: Fabric's peer refuses to start without one, even when it is told its
// address.
func HasRoutableIPv4() (bool, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false, err
	}
	return anyRoutableIPv4(addresses), nil
}

func anyRoutableIPv4(addresses []net.Addr) bool {
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return true
		}
	}
	return false
}

// LoopbackRemedy gives a machine with loopback only an address for the peers.
const LoopbackRemedy = "give it one; nothing is ever sent there: sudo ip addr add 10.255.255.1/32 dev lo"
