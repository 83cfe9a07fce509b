package gatewaytest

import (
	"net"
	"sync"
)

// door is the address of a peer, kept over the peer's stops: as long as a test
// runs, nobody else can take the port. While the peer is stopped whoever
// connects is turned away at once, as a killed process's host would do.
type door struct {
	listener net.Listener
	mu       sync.Mutex
	inside   *room // nil while the peer is stopped
}

func openDoor() (*door, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &door{listener: listener}
	go d.attend()
	return d, nil
}

func (d *door) attend() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return // closed at the test's end
		}
		d.mu.Lock()
		inside := d.inside
		d.mu.Unlock()
		if inside == nil || !inside.admit(conn) {
			_ = conn.Close()
		}
	}
}

// enter returns the listener of a server that starts.
func (d *door) enter() net.Listener {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside = &room{door: d, conns: make(chan net.Conn), left: make(chan struct{})}
	return d.inside
}

func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside = nil
}

// room is the listener of one life of a peer.
type room struct {
	door  *door
	conns chan net.Conn
	left  chan struct{}
	once  sync.Once
}

func (r *room) admit(conn net.Conn) bool {
	select {
	case r.conns <- conn:
		return true
	case <-r.left:
		return false
	}
}

// Accept implements net.Listener.
func (r *room) Accept() (net.Conn, error) {
	select {
	case conn := <-r.conns:
		return conn, nil
	case <-r.left:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener: the door stays, nobody is inside.
func (r *room) Close() error {
	r.once.Do(func() { close(r.left) })
	return nil
}

// Addr implements net.Listener.
func (r *room) Addr() net.Addr { return r.door.listener.Addr() }
