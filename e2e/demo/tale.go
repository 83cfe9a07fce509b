package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/money"
)

// tale prints what happens as it happens.
type tale struct {
	out  io.Writer
	file string // the pain.001 that the bank's agent wrote
}

func (t *tale) line(who, what, state, took string) {
	_, _ = fmt.Fprintln(t.out, strings.TrimRight(fmt.Sprintf("  %-11s %-84s %-11s %7s", who, what, state, took), " "))
}

// note tells something that took time and moved no document of the trade.
func (t *tale) note(who, what string, begun time.Time) { t.line(who, what, "", since(begun)) }

// say tells something that happened outside the ledger.
func (t *tale) say(who, format string, args ...any) {
	t.line(who, fmt.Sprintf(format, args...), "", "")
}

// step tells a step of a document.
func (t *tale) step(who, what string, h trade.Header, begun time.Time) {
	t.line(who, what, h.State, since(begun))
}

// in names a block.
func in(block uint64) string { return fmt.Sprintf(" (block %d)", block) }

func since(begun time.Time) string { return fmt.Sprintf("%.2f s", time.Since(begun).Seconds()) }

func amount(m trade.Money) string {
	text, err := money.Format(m)
	if err != nil {
		return fmt.Sprintf("%d minor units of %s", m.AmountMinor, m.Currency)
	}
	return m.Currency + " " + text
}

// tell ends the demo: the ledger's own timeline, who can see what, and what to
// try next.
func (d *demo) tell(ctx context.Context) error {
	if err := d.timeline(ctx); err != nil {
		return err
	}
	if err := d.sight(ctx); err != nil {
		return err
	}
	relative := d.tale.file
	if r, err := filepath.Rel(".", relative); err == nil {
		relative = r
	}
	_, _ = fmt.Fprintf(d.Out, `
The bank's agent wrote %s

The network is running. Try next:
  build/bin/argosy --profile exporter undertaking show %s
  build/bin/argosy --profile rival undertaking show %s
  build/bin/argosy-net status
`, relative, d.deed.Value.ID, d.deed.Value.ID)
	return nil
}

// moment is one version of one document.
type moment struct {
	at          trade.Instant
	block       uint64
	doc         string
	header      trade.Header
	transaction string
}

// timeline prints every version of the trade's documents as the ledger tells
// it: what happened, in which block, how long after the step before.
func (d *demo) timeline(ctx context.Context) error {
	c, err := d.Client(ctx, "exporter")
	if err != nil {
		return err
	}
	var moments []moment
	for _, doc := range []struct {
		name    string
		id      trade.DocID
		history func(context.Context, trade.DocID) ([]client.Change, error)
	}{
		{"invoice", d.invoice, c.Invoices.History},
		{"undertaking", d.deed.Value.ID, c.Undertakings.History},
		{"payment", d.deed.Payment, c.Payments.History},
	} {
		changes, err := doc.history(ctx, doc.id)
		if err != nil {
			return err
		}
		for _, ch := range changes {
			if ch.Header != nil {
				moments = append(moments, moment{at: ch.At, doc: doc.name, header: *ch.Header, transaction: ch.TransactionID})
			}
		}
	}
	if err := d.locate(ctx, c, moments); err != nil {
		return err
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Compare(a.block, b.block) })
	_, _ = fmt.Fprintf(d.Out, "\nThe ledger's own timeline\n")
	before := moments[0].at
	for _, m := range moments {
		_, _ = fmt.Fprintf(d.Out, "  block %-5d %s  +%6.2f s  %-12s v%d %-11s by %-14s %s…\n", m.block,
			m.at.Time().Format("15:04:05.000"), m.at.Time().Sub(before.Time()).Seconds(),
			m.doc, m.header.Version, m.header.State, m.header.UpdatedBy, m.transaction[:12])
		before = m.at
	}
	return nil
}

// locate finds the block of each moment in the channel's events.
func (d *demo) locate(ctx context.Context, c *client.Client, moments []moment) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	missing := map[string]bool{}
	for _, m := range moments {
		missing[m.transaction] = true
	}
	from := client.Position{Block: d.begun}
	for e, err := range c.ChaincodeEvents(ctx, c.Profile().Chaincodes.Trade, from) {
		if err != nil {
			return err
		}
		for i := range moments {
			if moments[i].transaction == e.TransactionID {
				moments[i].block = e.Block
			}
		}
		if delete(missing, e.TransactionID); len(missing) == 0 {
			return nil
		}
	}
	return ctx.Err()
}

// sight prints what each company can and cannot read.
func (d *demo) sight(ctx context.Context) error {
	_, _ = fmt.Fprintf(d.Out, "\nWho can read what (a header is an opaque id, kind, state, digests and organisations)\n")
	_, _ = fmt.Fprintf(d.Out, "  %-11s %-14s %-14s %s\n", "", "invoice", "undertaking", "payment instruction")
	for _, who := range []string{"exporter", "importer", "importbank", "carrier", "rival", "customs"} {
		c, err := d.Client(ctx, who)
		if err != nil {
			return err
		}
		_, inv := c.Invoices.Get(ctx, d.invoice)
		_, und := c.Undertakings.Get(ctx, d.deed.Value.ID)
		_, pay := c.Payments.Get(ctx, d.deed.Payment)
		var cells []string
		for _, err := range []error{inv, und, pay} {
			cell, err := seen(err)
			if err != nil {
				return err
			}
			cells = append(cells, fmt.Sprintf("%-14s", cell))
		}
		_, _ = fmt.Fprintf(d.Out, "  %-11s %s\n", who, strings.TrimRight(strings.Join(cells, " "), " "))
	}
	return nil
}

func seen(err error) (string, error) {
	switch code := fault.CodeOf(err); {
	case err == nil:
		return "everything", nil
	case code == fault.DocNotFound || code == fault.PrivateRead || code == fault.NotParty:
		return "header only", nil
	default:
		return "", err
	}
}
