package native

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/argosy-trade/argosy/network/nodeconfig"
	"github.com/argosy-trade/argosy/network/plan"
	"github.com/argosy-trade/argosy/network/process"
	"github.com/argosy-trade/argosy/network/topology"
)

// Kinds of processes.
const (
	kindOrderer     = "orderer"
	kindPeer        = "peer"
	kindChaincode   = "chaincode"
	kindAccelerator = "accelerator"
	kindService     = "service"
)

// specs lists the processes of the plan in the order of their dependence.
func specs(p *plan.Plan, programs Programs, without []string) ([]process.Spec, error) {
	var list []process.Spec
	for _, n := range p.Orderers() {
		list = append(list, fabricSpec(p, n, kindOrderer, programs))
	}
	for _, n := range p.Peers() {
		list = append(list, fabricSpec(p, n, kindPeer, programs))
	}
	for _, o := range p.Topology.PeerOrganisations() {
		ports := p.Ports(o)
		list = append(list, argosySpec(p, programs, argosyProgram{
			o.AcceleratorName(), kindAccelerator, programAccelerator, ports.AcceleratorOps,
			[]string{"serve", "--config", nodeconfig.AcceleratorFile(p, o)},
		}), argosySpec(p, programs, argosyProgram{
			o.ChaincodeName(), kindChaincode, programChaincode, ports.ChaincodeOps,
			[]string{"serve", "--config", nodeconfig.ChaincodeFile(p, o)},
		}))
	}
	for i := range p.Topology.Organisations {
		o := &p.Topology.Organisations[i]
		for j := range o.Services {
			s := &o.Services[j]
			args, err := nodeconfig.ServiceArguments(p, o, s)
			if err != nil {
				return nil, err
			}
			ops := p.Ports(o).Services[s.Name][topology.PortOperations]
			list = append(list, argosySpec(p, programs,
				argosyProgram{o.ServiceName(s.Name), kindService, s.Program, ops, args}))
		}
	}
	kept := list[:0]
	for _, s := range list {
		if !left(without, s.Name) {
			kept = append(kept, s)
		}
	}
	return kept, nil
}

func fabricSpec(p *plan.Plan, n plan.Node, kind string, programs Programs) process.Spec {
	s := process.Spec{
		Name: n.Name, Kind: kind, Dir: n.Dir, LogFile: p.LogFile(n.Name),
		Program: filepath.Join(programs.Fabric, programOrderer),
		Env: []string{
			"FABRIC_CFG_PATH=" + n.Dir, "FABRIC_LOGGING_SPEC=" + p.Topology.LogLevel,
			// No colours: the log is a file.
			"FABRIC_LOGGING_FORMAT=%{time:2006-01-02T15:04:05.000Z07:00} %{level} %{module} %{message}",
			// The external builder unpacks here, see nodeconfig.
			"TMPDIR=" + filepath.Join(n.Dir, "tmp"),
		},
	}
	health := probeHTTP("http://" + p.Address(n.Ports.Operations) + "/healthz")
	if kind == kindPeer {
		s.Program, s.Args = filepath.Join(programs.Fabric, programPeer), []string{"node", "start"}
	}
	s.Ready = func(ctx context.Context) error {
		// /healthz is green some 0.3 s before the gRPC port serves.
		if err := probeTCP(ctx, n.Endpoint()); err != nil {
			return err
		}
		return health(ctx)
	}
	return s
}

// argosyProgram is a program of the product's own: it serves /readyz.
type argosyProgram struct {
	name, kind, program string
	operations          int
	args                []string
}

func argosySpec(p *plan.Plan, programs Programs, a argosyProgram) process.Spec {
	return process.Spec{
		Name: a.name, Kind: a.kind, Program: filepath.Join(programs.Argosy, a.program), Args: a.args,
		Dir: p.NodeDir(a.name), LogFile: p.LogFile(a.name),
		Ready: probeHTTP("http://" + p.Address(a.operations) + "/readyz"),
	}
}

// maxProbeBytes of a refusal are shown.
const maxProbeBytes = 256

// probeHTTP asks a page that answers 200 when all is well.
func probeHTTP(url string) func(context.Context) error {
	// Connections are not kept: a probe must notice a listener that is gone.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxProbeBytes))
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %d: %s", url, resp.StatusCode, text)
		}
		return err
	}
}

const dialTimeout = time.Second

func probeTCP(ctx context.Context, address string) error {
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
