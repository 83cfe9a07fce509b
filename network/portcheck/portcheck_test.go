package portcheck

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/network/topology"
)

func TestClashNamesItsOwner(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).Port
	err = Check("127.0.0.1", []topology.PortUse{{Port: port, Name: "peer0.a gRPC"}})
	var clash *ClashError
	if !errors.As(err, &clash) {
		t.Fatalf("got %v, want a clash", err)
	}
	if runtime.GOOS == "linux" && clash.Clashes[0].Holder.PID != os.Getpid() {
		t.Errorf("owner %d, want this process, %d", clash.Clashes[0].Holder.PID, os.Getpid())
	}
	if !strings.Contains(err.Error(), "peer0.a gRPC") || !strings.Contains(err.Error(), "--base-port") {
		t.Errorf("%v names neither use nor remedy", err)
	}
}

func TestReservationsDoNotOverlap(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	taken := map[int]bool{}
	for range 3 {
		r, err := Reserve("127.0.0.1", top)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		if taken[r.Base] {
			t.Errorf("base %d was given twice", r.Base)
		}
		taken[r.Base] = true
	}
}

func TestRangeFromTheEnvironment(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(EnvironmentRange, "24000-24399")
	first, last, err := freeRange()
	if err != nil || first != 24000 || last != 24399 {
		t.Errorf("got %d-%d, %v", first, last, err)
	}
	for _, bad := range []string{"24000", "x-y", "2-1", "24000-24001"} {
		t.Setenv(EnvironmentRange, bad)
		if r, err := Reserve("127.0.0.1", top); err == nil {
			r.Release()
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestLoopbackAloneIsNotEnoughForAPeer(t *testing.T) {
	for _, tc := range []struct {
		name string
		nets []string
		want bool
	}{
		{"nothing", nil, false},
		{"loopback only", []string{"127.0.0.1/8", "::1/128"}, false},
		{"IPv6 beside it", []string{"127.0.0.1/8", "fd00::2/64"}, false},
		{"the remedy's address on lo", []string{"127.0.0.1/8", "10.255.255.1/32"}, true},
		{"a network card", []string{"192.0.2.2/24", "127.0.0.1/8"}, true},
	} {
		var addresses []net.Addr
		for _, cidr := range tc.nets {
			ip, n, err := net.ParseCIDR(cidr)
			if err != nil {
				t.Fatal(err)
			}
			addresses = append(addresses, &net.IPNet{IP: ip, Mask: n.Mask})
		}
		if got := anyRoutableIPv4(addresses); got != tc.want {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}
