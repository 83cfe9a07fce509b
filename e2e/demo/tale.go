package demo

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
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

// timeline prints every version of the trade's documents as the ledger tells it.
func (d *demo) timeline(ctx context.Context) error {
	c, err := d.Client(ctx, "exporter")
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(d.Out, "\nThe ledger's own timeline\n")
	for _, doc := range []struct {
		name    string
		history func(context.Context) ([]client.Change, error)
	}{
		{"invoice", func(ctx context.Context) ([]client.Change, error) { return c.Invoices.History(ctx, d.invoice) }},
		{"undertaking", func(ctx context.Context) ([]client.Change, error) {
			return c.Undertakings.History(ctx, d.deed.Value.ID)
		}},
		{"payment", func(ctx context.Context) ([]client.Change, error) { return c.Payments.History(ctx, d.deed.Payment) }},
	} {
		changes, err := doc.history(ctx)
		if err != nil {
			return err
		}
		for _, ch := range changes {
			if ch.Header == nil {
				continue
			}
			_, _ = fmt.Fprintf(d.Out, "  %s  %-12s v%d %-11s by %-14s transaction %s…\n", ch.At.Time().Format("15:04:05.000"),
				doc.name, ch.Header.Version, ch.Header.State, ch.Header.UpdatedBy, ch.TransactionID[:12])
		}
	}
	return nil
}

// sight prints what each company can and cannot read.
func (d *demo) sight(ctx context.Context) error {
	_, _ = fmt.Fprintf(d.Out, "\nWho can read what (every member sees the header: id, kind, state, organisations)\n")
	_, _ = fmt.Fprintf(d.Out, "  %-11s %-26s %-26s %s\n", "", "invoice", "undertaking", "payment instruction")
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
			cells = append(cells, fmt.Sprintf("%-26s", cell))
		}
		_, _ = fmt.Fprintf(d.Out, "  %-11s %s\n", who, strings.TrimRight(strings.Join(cells, " "), " "))
	}
	return nil
}

func seen(err error) (string, error) {
	switch code := fault.CodeOf(err); {
	case err == nil:
		return "reads all of it", nil
	case code == fault.DocNotFound || code == fault.PrivateRead:
		return "header only (" + string(code) + ")", nil
	default:
		return "", err
	}
}
