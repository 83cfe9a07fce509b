package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/gateway/client"
)

// ship lets carrier and customs speak and waits for what follows by itself.
func (d *demo) ship(ctx context.Context) error {
	begun := time.Now()
	if err := d.outside.CarrierInspect(ctx, d.refs.Container); err != nil {
		return err
	}
	d.tale.say("carrier", "reports over HTTP (DCSA Track & Trace): inspection of %s approved", d.refs.Container)
	if err := d.outside.CustomsClear(d.refs.MRN); err != nil {
		return err
	}
	d.tale.say("customs", "drops a notification (WCO data model, function 09): %s cleared", d.refs.MRN)
	bank, err := d.Client(ctx, "importbank")
	if err != nil {
		return err
	}
	id := d.deed.Value.ID
	h, err := waitFor(ctx, "the release of the undertaking", func(ctx context.Context) (trade.Header, bool, error) {
		s, err := bank.Undertakings.Header(ctx, id)
		return s.Header, s.Header.State == undertaking.Payable, err
	})
	if err != nil {
		return err
	}
	d.tale.step("nobody", "pressed a button: both facts are established, the undertaking is payable", h, begun)
	return nil
}

// payout waits for the bank's agent, answers as the bank's payment engine, and
// waits until the ledger knows.
func (d *demo) payout(ctx context.Context) error {
	bank, err := d.Client(ctx, "importbank")
	if err != nil {
		return err
	}
	begun := time.Now()
	h, err := d.paymentIn(ctx, bank, payment.Sent)
	if err != nil {
		return err
	}
	doc, err := bank.Payments.Get(ctx, d.deed.Payment)
	if err != nil {
		return err
	}
	out, err := waitFor(ctx, "the bank's pain.001 file", func(context.Context) (string, bool, error) {
		return d.instructionFile(doc.Body.UETR)
	})
	if err != nil {
		return err
	}
	d.tale.file = out
	d.tale.step("settled", "(the bank's agent) authorises and sends pain.001: "+amount(doc.Body.Amount), h, begun)
	begun = time.Now()
	if err := d.outside.EngineSettles(doc.Body.UETR, "ENGINE-"+d.refs.MRN[4:]); err != nil {
		return err
	}
	d.tale.say("importbank", "answers from its payment engine (pacs.002): ACSC, settled")
	if h, err = d.paymentIn(ctx, bank, payment.Settled); err != nil {
		return err
	}
	d.tale.step("settled", "reports the settlement", h, begun)
	h, err = waitFor(ctx, "the discharge of the undertaking", func(ctx context.Context) (trade.Header, bool, error) {
		s, err := bank.Undertakings.Header(ctx, d.deed.Value.ID)
		return s.Header, s.Header.State == undertaking.Paid, err
	})
	if err != nil {
		return err
	}
	d.tale.step("settled", "discharges the undertaking", h, begun)
	return nil
}

func (d *demo) paymentIn(ctx context.Context, bank *client.Client, state string) (trade.Header, error) {
	what := "the payment instruction to be " + state
	return waitFor(ctx, what, func(ctx context.Context) (trade.Header, bool, error) {
		s, err := bank.Payments.Header(ctx, d.deed.Payment)
		return s.Header, s.Header.State == state, err
	})
}

// pollEvery is how often the demo looks for what other programs do; what it
// waits for takes tenths of a second.
const pollEvery = 25 * time.Millisecond

// waitFor asks until done, for at most patience.
func waitFor[T any](ctx context.Context, what string, ask func(context.Context) (T, bool, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var last T
	for {
		v, done, err := ask(ctx)
		switch {
		case err == nil && done:
			return v, nil
		case err == nil:
			last = v
		}
		select {
		case <-ctx.Done():
			return last, fmt.Errorf("waited %s in vain for %s; seen last: %+v (%w)", patience, what, last, err)
		case <-tick.C:
		}
	}
}

// instructionFile finds the file in which the bank's agent told its engine to
// make the payment.
func (d *demo) instructionFile(uetr string) (string, bool, error) {
	files, err := filepath.Glob(d.outside.Exchange("bank-out", "*.xml"))
	if err != nil {
		return "", false, err
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			return "", false, err
		}
		if strings.Contains(string(content), uetr) {
			return f, true, nil
		}
	}
	return "", false, nil
}
