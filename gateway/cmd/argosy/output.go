package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/money"
)

// row is one line of human output: what, and its value.
type row struct{ name, value string }

// print writes v as JSON, or rows for people.
func (a *app) print(v any, rows ...row) error {
	if a.output == "json" {
		return writeJSON(a.stdout, v)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		if _, err := fmt.Fprintf(w, "%s\t%s\n", r.name, r.value); err != nil {
			return err
		}
	}
	return w.Flush()
}

// table writes v as JSON, or a table for people.
func (a *app) table(v any, head []string, lines [][]string) error {
	if a.output == "json" {
		return writeJSON(a.stdout, v)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, l := range append([][]string{head}, lines...) {
		if _, err := fmt.Fprintln(w, strings.Join(l, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// refusal is a failed command as JSON.
type refusal struct {
	Code    fault.Code `json:"code"`
	Class   string     `json:"class"`
	Message string     `json:"message"`
	Meaning string     `json:"meaning,omitempty"`
	Remedy  string     `json:"remedy"`
	Field   string     `json:"field,omitempty"`
	Doc     string     `json:"doc,omitempty"`
	// Outcome is nothing-happened, rejected or unknown.
	Outcome       string `json:"outcome"`
	Phase         string `json:"phase,omitempty"`
	TransactionID string `json:"transactionId,omitempty"`
	RequestID     string `json:"requestId,omitempty"`
	Version       uint64 `json:"version,omitempty"`
}

// refused explains why a command failed and returns the exit status.
func (a *app) refused(err error) int {
	f, ok := fault.From(err)
	if !ok {
		f = fault.Wrap(fault.Internal, err, "%v", err)
	}
	r := refusal{
		Code: f.Code, Class: f.Class().String(), Message: f.Message, Remedy: f.Class().Next(), Field: f.Field, Doc: f.Doc,
		Outcome: "nothing-happened",
	}
	if known, ok := fault.Lookup(f.Code); ok {
		r.Meaning, r.Remedy = known.Meaning, known.Remedy
	}
	var wrongUse *usageError
	if errors.As(err, &wrongUse) {
		r.Meaning, r.Remedy = "The command line is not understood.", "See argosy help."
	}
	if failure, ok := client.FailureOf(err); ok {
		r.Phase, r.TransactionID = string(failure.Phase), failure.TransactionID
		r.RequestID, r.Version = failure.RequestID, failure.Version
	}
	var rejected *client.RejectedError
	var unknown *client.UnknownError
	switch {
	case errors.As(err, &rejected):
		r.Outcome = "rejected"
	case errors.As(err, &unknown):
		r.Outcome = "unknown"
	}
	if a.output == "json" {
		_ = writeJSON(a.stderr, map[string]refusal{"error": r}) // there is nowhere else to say it
	} else {
		a.explainRefusal(r)
	}
	return f.Class().ExitStatus()
}

func (a *app) explainRefusal(r refusal) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Code, r.Message)
	for _, line := range []row{
		{"meaning", r.Meaning},
		{"remedy", r.Remedy},
		{"field", r.Field},
		{"document", r.Doc},
		{"transaction", r.TransactionID},
	} {
		if line.value != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", line.name, line.value)
		}
	}
	switch r.Outcome {
	case "unknown":
		fmt.Fprintf(&b, "  %-12s argosy transaction show %s\n", "ask", r.TransactionID)
		fmt.Fprintf(&b, "  %-12s the same command with --request-id %s", "repeat", r.RequestID)
		if r.Version > 0 {
			fmt.Fprintf(&b, " --at-version %d", r.Version)
		}
		b.WriteByte('\n')
	case "rejected":
		fmt.Fprintf(&b, "  %-12s the transaction stands in a block, marked invalid; it changed nothing\n", "outcome")
	default:
		fmt.Fprintf(&b, "  %-12s nothing happened on the ledger\n", "outcome")
	}
	_, _ = io.WriteString(a.stderr, b.String()) // there is nowhere else to say it
}

// moved prints a document's header after a step.
func (a *app) moved(r client.Receipt[trade.Header], more ...row) error {
	h := r.Value
	return a.print(r, append([]row{
		{string(h.Kind), string(h.ID)},
		{"state", h.State},
		{"version", fmt.Sprint(h.Version)},
		{"transaction", r.TransactionID},
		{"block", fmt.Sprint(r.Block)},
	}, more...)...)
}

func amountText(m trade.Money) string {
	s, err := money.Format(m)
	if err != nil {
		return fmt.Sprintf("%d minor units of %s", m.AmountMinor, m.Currency)
	}
	return m.Currency + " " + s
}

func join[T ~string](list []T) string {
	out := make([]string, 0, len(list))
	for _, l := range list {
		out = append(out, string(l))
	}
	return strings.Join(out, ", ")
}
