package portcheck

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/argosy-trade/argosy/network/topology"
)

// The range that free ports are taken from: below the ports that Linux gives to
// outgoing connections (32768 and up), which come and go.
const (
	defaultFirst = 20000
	defaultLast  = 32767
)

// EnvironmentRange names the environment variable that narrows the range of
// free ports, as FIRST-LAST; for machines whose users have agreed on ranges.
const EnvironmentRange = "ARGOSY_FREE_PORTS"

// Reservation is a range of ports that no other Argosy process takes while it
// is held.
type Reservation struct {
	Base int
	lock *os.File
}

// Release gives the range back.
func (r *Reservation) Release() {
	if r != nil && r.lock != nil {
		_ = r.lock.Close() // closing drops the lock
		r.lock = nil
	}
}

// Reserve finds a base port from which on all ports of t are free.
func Reserve(host string, t *topology.Topology) (*Reservation, error) {
	first, last, err := freeRange()
	if err != nil {
		return nil, err
	}
	blocks := (last - first + 1) / t.Span()
	if blocks < 1 {
		return nil, fmt.Errorf("the range %d-%d is smaller than the %d ports of the network", first, last, t.Span())
	}
	for _, i := range rand.Perm(blocks) { //nolint:gosec // spreads callers out, keeps no secret
		base := first + i*t.Span()
		r, err := tryReserve(base)
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		if Check(host, t.PortUses(base)) == nil {
			return r, nil
		}
		r.Release()
	}
	return nil, fmt.Errorf("no %d free ports in a row between %d and %d", t.Span(), first, last)
}

func freeRange() (first, last int, err error) {
	text := os.Getenv(EnvironmentRange)
	if text == "" {
		return defaultFirst, defaultLast, nil
	}
	from, to, _ := strings.Cut(text, "-")
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || first < 1024 || last > 65535 || first > last {
		return 0, 0, fmt.Errorf("%s=%q: write FIRST-LAST, e.g. 21000-23999", EnvironmentRange, text)
	}
	return first, last, nil
}

const lockMode = 0o666 // users of one machine share the locks

// tryReserve takes the lock of a base port; nil if another process holds it.
// Spans differ between topologies, so overlapping ranges are also caught by the
// check of each port.
func tryReserve(base int) (*Reservation, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("argosy-ports-%d.lock", base))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, lockMode)
	if err != nil {
		return nil, fmt.Errorf("reserve ports: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, nil //nolint:nilnil // held by another process: not an error, no reservation
	}
	return &Reservation{Base: base, lock: f}, nil
}
