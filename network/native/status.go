package native

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/argosy-trade/argosy/network/process"
)

// Status is the state of a network at a moment.
type Status struct {
	Dir         string          `json:"dir"`
	Running     bool            `json:"running"`
	Ready       bool            `json:"ready"`
	Healthy     bool            `json:"healthy"`               // ready, and every process answers
	TimeToReady time.Duration   `json:"timeToReady,omitempty"` // of this start
	Supervisor  int             `json:"supervisorPid,omitempty"`
	Network     *Description    `json:"network,omitempty"`
	Steps       []Step          `json:"steps,omitempty"`
	Processes   []ProcessStatus `json:"processes"`
}

// ProcessStatus is a process with what it says about itself right now.
type ProcessStatus struct {
	process.Info
	Healthy bool   `json:"healthy"`
	Problem string `json:"problem,omitempty"`
}

// Status asks every process and returns what it found.
func (n *Network) Status(ctx context.Context) Status {
	n.mu.Lock()
	s := Status{
		Dir: n.dir, Running: true, Ready: n.ready > 0, TimeToReady: n.ready, Network: n.desc,
		Steps: append([]Step(nil), n.steps...), Processes: make([]ProcessStatus, len(n.processes)),
	}
	processes := n.processes
	n.mu.Unlock()
	var asked sync.WaitGroup
	for i, p := range processes {
		asked.Go(func() { s.Processes[i] = ask(ctx, p) })
	}
	asked.Wait()
	s.Healthy = s.Ready
	for _, p := range s.Processes {
		s.Healthy = s.Healthy && p.Healthy
	}
	return s
}

func ask(ctx context.Context, p *process.Process) ProcessStatus {
	st := ProcessStatus{Info: p.Info()}
	if st.State != process.Ready {
		st.Problem = string(st.State)
		if st.LastExit != "" {
			st.Problem += fmt.Sprintf(", ended last with: %s", st.LastExit)
		}
		return st
	}
	if err := p.Probe(ctx); err != nil {
		st.Problem = err.Error()
		return st
	}
	st.Healthy = true
	return st
}
