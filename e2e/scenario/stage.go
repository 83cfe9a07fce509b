package scenario

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
	"github.com/argosy-trade/argosy/e2e/outside"
	"github.com/argosy-trade/argosy/gateway/client"
)

const (
	// patience bounds one line of a story: a transaction that meets a view
	// change of the ordering service and a peer that starts again.
	patience = 90 * time.Second
	// anyone is who acts for "anyone": a competitor of the parties, because a
	// step that is open to all is open to them.
	anyone = "rival"
	// observer is through whose eyes states are checked: somebody who is a
	// party of nothing and whose peer no story stops.
	observer = "customs"
)

// stage is one performance of a story.
type stage struct {
	ground *Ground
	ctx    context.Context //nolint:containedctx // a script's commands have no other way to get one
	run    string          // random suffix of this performance's references
	papers map[string]paper
	// requests are the request ids by the story's names for them.
	requests map[string]string
	// block is the highest block that the story has caused, everywhere the
	// highest that every peer has which the story has left alone, read the
	// highest that each person's peer has.
	block, everywhere uint64
	read              map[string]uint64
	// shaken are the processes that the story has halted or crashed.
	shaken map[Process]bool
	before map[string]Answers // by organisation, when its accelerator was touched
	// refusal is the error of the last line that had to fail.
	refusal error
	listing []trade.Header
}

// paper is a document that a story has a name for.
type paper struct {
	kind trade.Kind
	id   trade.DocID
	// draft is an invoice's body with its salt, so that a repeated request is
	// the same request.
	draft invoice.Body
}

func newStage(ctx context.Context, g *Ground) (*stage, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	return &stage{
		ground: g, ctx: ctx, run: strings.ToUpper(hex.EncodeToString(b[:])), papers: map[string]paper{},
		requests: map[string]string{}, read: map[string]uint64{}, before: map[string]Answers{},
		shaken: map[Process]bool{},
	}, nil
}

type stageKey struct{}

// line runs one line of a story; what it returns is the line's outcome.
type line func(ctx context.Context, s *stage, words []string) error

// action makes a command of a line that the network may refuse.
func action(f line) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, words []string) {
		s, _ := ts.Value(stageKey{}).(*stage)
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		defer cancel()
		err := f(ctx, s, words)
		_, refused := fault.From(err)
		switch {
		case err == nil && neg:
			ts.Fatalf("this was not refused")
		case err == nil:
			s.refusal = nil
		case !refused:
			ts.Fatalf("%v", err)
		case neg:
			s.refusal = err
			ts.Logf("refused: %v", err)
		default:
			ts.Fatalf("refused: %v", err)
		}
	}
}

// truth looks whether what a line says is so, and what is so instead.
type truth func(ctx context.Context, s *stage, words []string) (holds bool, found string, err error)

// check makes a command of a line that says what must be so. Its opposite is
// what a line beginning with ! says.
func check(f truth) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, words []string) {
		s, _ := ts.Value(stageKey{}).(*stage)
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		defer cancel()
		holds, found, err := f(ctx, s, words)
		switch {
		case err != nil:
			ts.Fatalf("%v", err)
		case holds == neg:
			ts.Fatalf("found %s", found)
		}
	}
}

// person returns the SDK of somebody in the story, whose peer has seen
// everything that the story has caused.
func (s *stage) person(ctx context.Context, name string) (*client.Client, error) {
	if name == "anyone" {
		name = anyone
	}
	c, err := s.ground.Network.Client(ctx, name)
	if err != nil {
		return nil, err
	}
	if s.everywhere < s.block {
		if err := Everywhere(ctx, s.ground, s.block, s.shakenPeers()...); err != nil {
			return nil, err
		}
		s.everywhere = s.block
	}
	if s.read[name] < s.block {
		if err := c.AwaitBlock(ctx, s.block); err != nil {
			return nil, err
		}
		s.read[name] = s.block
	}
	return c, nil
}

// shakenPeers are the organisations whose peer may be behind, or not be there
// at all: the SDK has to cope with them.
func (s *stage) shakenPeers() []string {
	var out []string
	for p := range s.shaken {
		if p.Kind == "peer" {
			out = append(out, p.Organisation)
		}
	}
	return out
}

// clear brings back what the story has left halted, for the next one.
func (s *stage) clear() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), patience)
	defer cancel()
	var err error
	for p := range s.shaken {
		err = errors.Join(err, s.ground.Processes.Start(ctx, p))
	}
	return err
}

// caused notes that the story has caused a block.
func (s *stage) caused(block uint64) { s.block = max(s.block, block) }

// reference makes a reference of the story this performance's own.
func (s *stage) reference(name string) string { return name + "-" + s.run }

// identifier is what the story's name for a shipment or container stands for
// in this performance: of the right shape, because real messages carry it.
func (s *stage) identifier(scheme, name string) string {
	switch scheme {
	case attest.SchemeMRN:
		return outside.MRN(name, s.run)
	case attest.SchemeContainer:
		return outside.Container(name, s.run)
	default:
		return s.reference(name)
	}
}

func (s *stage) paper(name string) (paper, error) {
	p, ok := s.papers[name]
	if !ok {
		return p, fmt.Errorf("the story knows no document %s", name)
	}
	return p, nil
}

// options are the call options that a phrase asks for.
func (s *stage) options(p phrase) ([]client.CallOption, error) {
	var out []client.CallOption
	version, given, err := p.seen()
	if err != nil {
		return nil, err
	}
	if given {
		out = append(out, client.AtVersion(version))
	}
	name, err := p.request()
	if err != nil {
		return nil, err
	}
	if name != "" {
		if s.requests[name] == "" {
			s.requests[name] = client.NewRequestID()
		}
		out = append(out, client.WithRequestID(s.requests[name]))
	}
	return out, nil
}

// reader is what the SDK offers for every kind of document.
type reader interface {
	Header(ctx context.Context, id trade.DocID) (client.State, error)
	History(ctx context.Context, id trade.DocID) ([]client.Change, error)
	List(ctx context.Context, q client.Query) (client.Page, error)
}

func readerOf(c *client.Client, kind trade.Kind) (reader, error) {
	switch kind {
	case invoice.Kind:
		return c.Invoices, nil
	case undertaking.Kind:
		return c.Undertakings, nil
	case payment.Kind:
		return c.Payments, nil
	case voucher.Kind:
		return c.Vouchers, nil
	case lot.Kind:
		return c.Lots, nil
	default:
		return nil, errors.New("no such kind of document: " + string(kind))
	}
}
