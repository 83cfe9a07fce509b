// Package demo plays one trade on a running native network, from an invoice
// that comes out of a seller's accounting system to the payment that a bank's
// engine confirms, and tells what happened.
//
// It does nothing that a company could not do itself: companies act through the
// SDK under their own certificates, customs and carrier speak through oracled,
// the bank through settled. Nothing is released, paid or discharged by the
// demo's hand. It runs again on the same network: references are new each time.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/e2e/outside"
	"github.com/argosy-trade/argosy/e2e/scenario"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/ubl"
	"github.com/argosy-trade/argosy/network/topology"
)

// Options say where the demo runs.
type Options struct {
	// Dir is the state directory of the running network.
	Dir string
	// Topology is the network's topology.
	Topology *topology.Topology
	// Invoice is the UBL file that is imported.
	Invoice string
	Out     io.Writer
}

// patience bounds every wait for something that others do by themselves. It is
// far above what a healthy network needs, so that running into it is a finding.
const patience = 60 * time.Second

// demo is one run.
type demo struct {
	Options
	mu      sync.Mutex
	clients map[string]*client.Client
	tale    tale
	refs    references
	outside *outside.World
	begun   uint64 // block of the first step
	invoice trade.DocID
	deed    client.IssuedUndertaking
}

// Run plays the trade. It returns an error when any part of it did not happen.
func Run(ctx context.Context, o Options) error {
	around, err := outside.Around(o.Dir)
	if err != nil {
		return err
	}
	d := &demo{Options: o, outside: around, clients: map[string]*client.Client{}, tale: tale{out: o.Out}}
	defer d.close()
	d.refs = newReferences()
	for _, act := range []func(context.Context) error{
		d.found, d.sell, d.undertake, d.ship, d.payout, d.tell,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Client connects an identity of the topology, once.
func (d *demo) Client(ctx context.Context, name string) (*client.Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, ok := d.clients[name]; ok {
		return c, nil
	}
	profile, err := client.LoadProfile(filepath.Join(d.Dir, "profiles", name+".yaml"))
	if err != nil {
		return nil, err
	}
	c, err := client.Connect(ctx, profile)
	if err == nil {
		d.clients[name] = c
	}
	return c, err
}

func (d *demo) close() {
	for _, c := range d.clients {
		_ = c.Close()
	}
}

// clock is real time: the demo waits for nothing but other programs.
type clock struct{}

// Now implements scenario.Clock.
func (clock) Now() time.Time { return time.Now() }

// Until implements scenario.Clock.
func (clock) Until(context.Context, time.Time) error {
	return fmt.Errorf("the demo lives in real time and waits for no calendar")
}

// found registers the companies and has sources and policies approved; what is
// there already stays.
func (d *demo) found(ctx context.Context) error {
	keys := map[scenario.SourceName]string{}
	for source, relay := range map[scenario.SourceName]string{
		scenario.Customs: "authority-relay", scenario.Carrier: "carrier-relay",
	} {
		c, err := d.Client(ctx, relay)
		if err != nil {
			return err
		}
		if keys[source], err = c.Profile().SM2PublicKey(); err != nil {
			return err
		}
	}
	begun := time.Now()
	ground := &scenario.Ground{Name: "demo", Topology: d.Topology, Network: d, Clock: clock{}}
	if _, err := scenario.Found(ctx, ground, keys); err != nil {
		return fmt.Errorf("companies, sources and policies: %w", err)
	}
	d.tale.note("the network", "knows its companies; sources and policies are approved by a majority", begun)
	return nil
}

// sell imports the invoice; the seller issues it and the buyer accepts it.
func (d *demo) sell(ctx context.Context) error {
	exporter, importer, err := d.pair(ctx, "exporter", "importer")
	if err != nil {
		return err
	}
	f, err := os.Open(d.Invoice)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	read, err := ubl.Read(f, ubl.Options{
		Seller: exporter.Profile().Company, Buyer: importer.Profile().Company,
	})
	if err != nil {
		return err
	}
	if read.Fatal() {
		return fmt.Errorf("%s: %v", d.Invoice, read.Findings)
	}
	body := read.Body
	d.tale.say("exporter", "reads invoice %s from %s: %d lines, %s due", body.Number, filepath.Base(d.Invoice),
		len(body.Lines), amount(body.Due()))
	begun := time.Now()
	issued, err := exporter.Invoices.Issue(ctx, body)
	if err != nil {
		return err
	}
	d.invoice, d.begun = issued.Value.ID, issued.Block
	d.tale.step("exporter", "issues the invoice"+in(issued.Block), issued.Value, begun)
	if err := importer.AwaitBlock(ctx, issued.Block); err != nil {
		return err
	}
	begun = time.Now()
	accepted, err := importer.Invoices.Accept(ctx, d.invoice)
	if err != nil {
		return err
	}
	d.tale.step("importer", "accepts it: a payable is born"+in(accepted.Block), accepted.Value, begun)
	return d.await(ctx, "importbank", accepted.Block)
}

// undertake has the importer's bank promise to pay when customs have cleared
// the goods and the inspection is passed.
func (d *demo) undertake(ctx context.Context) error {
	bank, exporter, err := d.pair(ctx, "importbank", "exporter")
	if err != nil {
		return err
	}
	d.tale.say("importer", "asks its bank to pay once %s is cleared and %s has passed inspection",
		d.refs.MRN, d.refs.Container)
	begun := time.Now()
	d.deed, err = bank.Undertakings.Issue(ctx, client.NewUndertaking{
		Invoice: d.invoice, Number: "DEMO-" + d.refs.MRN[4:10],
		Deadline: trade.InstantOf(time.Now().Add(60 * 24 * time.Hour)),
		Conditions: []undertaking.Condition{
			{Type: attest.CustomsCleared, Scheme: attest.SchemeMRN, Identifier: d.refs.MRN},
			{Type: attest.InspectionPassed, Scheme: attest.SchemeContainer, Identifier: d.refs.Container},
		},
		Debtor:   payment.Account{IBAN: "DE75512108001245126199", BIC: "ARGODEFFXXX"},
		Creditor: payment.Account{Other: "6222020200012345678", BIC: "ARGOCNSHXXX"},
	})
	if err != nil {
		return err
	}
	d.tale.step("importbank", "undertakes to pay when the conditions are facts"+in(d.deed.Block), d.deed.Value, begun)
	if err := exporter.AwaitBlock(ctx, d.deed.Block); err != nil {
		return err
	}
	begun = time.Now()
	accepted, err := exporter.Undertakings.Accept(ctx, d.deed.Value.ID)
	if err != nil {
		return err
	}
	d.tale.step("exporter", "accepts the undertaking and ships"+in(accepted.Block), accepted.Value, begun)
	return nil
}

func (d *demo) pair(ctx context.Context, a, b string) (*client.Client, *client.Client, error) {
	first, err := d.Client(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	second, err := d.Client(ctx, b)
	return first, second, err
}

func (d *demo) await(ctx context.Context, name string, block uint64) error {
	c, err := d.Client(ctx, name)
	if err != nil {
		return err
	}
	return c.AwaitBlock(ctx, block)
}

// references are the outside world's names for the shipment, new in each run.
type references struct{ MRN, Container string }

func newReferences() references {
	run := client.NewRequestID()
	return references{MRN: outside.MRN("demo", run), Container: outside.Container("demo", run)}
}
