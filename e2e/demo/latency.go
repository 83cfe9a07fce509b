package demo

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/ubl"
)

// Latency issues n invoices one after the other on the running network and
// prints how long one takes from the call of the SDK to its commit: proposal,
// endorsement by both parties' organisations, ordering, validation, commit
// status. It measures an idle network, one transaction at a time.
func Latency(ctx context.Context, o Options, n int) error {
	d := &demo{Options: o, clients: map[string]*client.Client{}, tale: tale{out: o.Out}}
	defer d.close()
	if err := d.found(ctx); err != nil {
		return err
	}
	exporter, importer, err := d.pair(ctx, "exporter", "importer")
	if err != nil {
		return err
	}
	f, err := os.Open(o.Invoice)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	read, err := ubl.Read(f, ubl.Options{Seller: exporter.Profile().Company, Buyer: importer.Profile().Company})
	if err != nil {
		return err
	}
	took := make([]time.Duration, 0, n)
	for range n {
		body := read.Body
		body.Salt = trade.Salt{} // the SDK chooses one for each
		begun := time.Now()
		if _, err := exporter.Invoices.Issue(ctx, body); err != nil {
			return err
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	at := func(share int) float64 { return float64(took[(n-1)*share/100].Microseconds()) / 1000 }
	_, err = fmt.Fprintf(o.Out, "%d invoices, submit to commit: min %.0f ms, median %.0f ms, p90 %.0f ms, max %.0f ms\n",
		n, at(0), at(50), at(90), at(100))
	return err
}
