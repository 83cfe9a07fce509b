package settlement

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"

	"github.com/argosy-trade/argosy/gateway/iso20022"
)

// reasonNarrative stands for a reason that is not a code of ISO 20022.
const reasonNarrative = "NARR"

var reasonPattern = regexp.MustCompile(`^[A-Z0-9]{4}$`)

// maxReference is how long the bank's reference may be on the ledger.
const maxReference = 140

// takeReports reads every report that has come. A file is moved away only after
// what it says is in the database; read twice, it says the same.
func (a *Agent) takeReports(ctx context.Context) error {
	names, err := a.Inbox.list()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		errs = append(errs, a.takeReport(ctx, name))
	}
	return errors.Join(errs...)
}

func (a *Agent) takeReport(ctx context.Context, name string) error {
	f, err := os.Open(filepath.Join(a.Inbox.Folder, name))
	if err != nil {
		return fmt.Errorf("inbox: %w", err)
	}
	reports, err := iso20022.ReadStatusReport(f)
	_ = f.Close()
	if err != nil {
		return a.setAside(ctx, name, err.Error())
	}
	unknown := 0
	for _, r := range reports {
		id, ok, err := a.Store.Find(ctx, r)
		if err != nil {
			return err
		}
		if !ok {
			unknown++
			continue
		}
		r, final := concluding(r)
		if !final {
			a.Logger.InfoContext(ctx, "on its way", slog.String("payment", string(id)), slog.String("status", string(r.Status)))
			continue
		}
		if err := a.Store.Reported(ctx, id, r); err != nil {
			return err
		}
	}
	if unknown > 0 {
		return a.setAside(ctx, name, fmt.Sprintf("%d of %d reports name no instruction of this agent", unknown, len(reports)))
	}
	a.steps.WithLabelValues("report").Inc()
	return a.Inbox.accept(name)
}

func (a *Agent) setAside(ctx context.Context, name, reason string) error {
	a.steps.WithLabelValues("quarantine").Inc()
	a.Logger.WarnContext(ctx, "report set aside", slog.String("file", name), slog.String("reason", reason))
	return a.Inbox.quarantine(name, reason)
}

// concluding reports whether r ends the payment, and fits it to what the ledger
// takes.
func concluding(r iso20022.Report) (iso20022.Report, bool) {
	switch r.Status {
	case iso20022.Settled, iso20022.Credited:
	case iso20022.Rejected:
		if !reasonPattern.MatchString(r.Reason) {
			r.Reason = reasonNarrative
		}
	default:
		return r, false
	}
	if r.Reference == "" {
		r.Reference = "-"
	}
	if runes := []rune(r.Reference); len(runes) > maxReference {
		r.Reference = string(runes[:maxReference])
	}
	return r, true
}
