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
	Port    int    `json:"port"`
	Wanted  string `json:"wanted"`            // for which program
	PID     int    `json:"pid,omitempty"`     // of the holder, 0 if unknown
	Program string `json:"program,omitempty"` // command line of the holder
}

// String names port, use and holder.
func (c Clash) String() string {
	holder := "another program (run argosy-net doctor as its owner to see which)"
	if c.PID != 0 {
		holder = fmt.Sprintf("process %d: %s", c.PID, c.Program)
	}
	return fmt.Sprintf("port %d (%s) is held by %s", c.Port, c.Wanted, holder)
}

// ClashError holds all clashes of a plan; never empty.
type ClashError struct{ Clashes []Clash }

// Error lists the clashes with the remedy.
func (e *ClashError) Error() string {
	lines := make([]string, 0, len(e.Clashes)+1)
	for _, c := range e.Clashes {
		lines = append(lines, c.String())
	}
	lines = append(lines, "stop it, or start with --base-port N (0 takes free ports)")
	return strings.Join(lines, "\n")
}

// Check returns a *[ClashError] unless every port can be listened on at host.
func Check(host string, uses []topology.PortUse) error {
	var clashes []Clash
	for _, u := range uses {
		if !Free(host, u.Port) {
			c := Clash{Port: u.Port, Wanted: u.Name}
			c.PID, c.Program = owner(u.Port)
			clashes = append(clashes, c)
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
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return true, nil
		}
	}
	return false, nil
}

// LoopbackRemedy gives a machine with loopback only an address for the peers.
const LoopbackRemedy = "give it one; nothing is ever sent there: sudo ip addr add 10.255.255.1/32 dev lo"
