package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"

	"github.com/argosy-trade/argosy/network/native"
)

// Client talks to the supervisor of the network in a directory.
type Client struct {
	dir  string
	http *http.Client
}

// NewClient returns a client for the network in dir (absolute); it does no I/O.
func NewClient(dir string) *Client {
	path := native.ControlSocket(dir)
	return &Client{dir: dir, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}}
}

// Status asks for the network's status. [native.ErrNotRunning] says that no
// supervisor answers.
func (c *Client) Status(ctx context.Context) (*native.Status, error) {
	var st native.Status
	return &st, c.call(ctx, http.MethodGet, "/v1/status", &st)
}

// Down stops the network and waits until it is stopped.
func (c *Client) Down(ctx context.Context) error {
	err := c.call(ctx, http.MethodPost, "/v1/down", nil)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return nil // it has ended before the answer was through
	}
	return err
}

// Action is what can be done with a process.
type Action string

// Actions on a process.
const (
	StartAction   Action = "start"
	StopAction    Action = "stop"
	RestartAction Action = "restart"
)

// Do starts, stops or restarts a process and waits until it is done.
func (c *Client) Do(ctx context.Context, a Action, name string) error {
	return c.call(ctx, http.MethodPost, "/v1/processes/"+url.PathEscape(name)+"/"+string(a), nil)
}

// Follow calls each with every step of the start, from the first, and returns
// at its end: the last event.
func (c *Client) Follow(ctx context.Context, each func(native.Step)) (*Event, error) {
	resp, err := c.request(ctx, http.MethodGet, "/v1/start")
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	for dec := json.NewDecoder(resp.Body); ; {
		var e Event
		if err := dec.Decode(&e); err != nil {
			return nil, fmt.Errorf("the supervisor ended: %w", err)
		}
		if e.Step != nil {
			each(*e.Step)
		}
		if e.Final {
			return &e, nil
		}
	}
}

func (c *Client) request(ctx context.Context, method, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("%w: %s", native.ErrNotRunning, c.dir)
	}
	return resp, err
}

// maxAnswerBytes bounds an answer: the status of the largest topology has a
// tenth of it.
const maxAnswerBytes = 8 << 20

func (c *Client) call(ctx context.Context, method, path string, result any) error {
	resp, err := c.request(ctx, method, path)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var r refusal
		if json.Unmarshal(text, &r) != nil || r.Error == "" {
			r.Error = string(bytes.TrimSpace(text))
		}
		if resp.StatusCode == http.StatusNotFound {
			return fmt.Errorf("%w%s", native.ErrUnknownProcess, bytes.TrimPrefix([]byte(r.Error),
				[]byte(native.ErrUnknownProcess.Error())))
		}
		return errors.New(r.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}
