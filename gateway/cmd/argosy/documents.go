package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
)

// condition is a release condition with what the ledger says of it.
type condition struct {
	trade.Condition
	State      trade.FactState `json:"state"`
	OccurredAt trade.Instant   `json:"occurredAt,omitempty"`
}

// shown is a document as show prints it.
type shown[B any] struct {
	client.State
	Conditions []condition `json:"conditions,omitempty"`
	// Body is nil when this organisation may not read it.
	Body       *B     `json:"body,omitempty"`
	Unreadable string `json:"unreadable,omitempty"`
}

// kind is what the commands of one document kind need to know.
type kind[B any] struct {
	documents func(*client.Client) *client.Documents[B]
	describe  func(B) []row
}

// readCommands returns show, list and history of a kind.
func readCommands[B any](a *app, k kind[B]) []*cobra.Command {
	show := &cobra.Command{
		Use: "show ID", Short: "Show state, parties and conditions, and the body if this organisation may read it",
		Args: exactly(1), RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			return showDocument(ctx, a, c, k, trade.DocID(args[0]))
		}),
	}
	var q client.Query
	list := &cobra.Command{
		Use: "list", Short: "List the documents of this organisation", Args: exactly(0),
		RunE: a.connected(func(ctx context.Context, c *client.Client, _ []string) error {
			page, err := k.documents(c).List(ctx, q)
			if err != nil {
				return err
			}
			var lines [][]string
			for _, h := range page.Documents {
				lines = append(lines, []string{string(h.ID), h.State, fmt.Sprint(h.Version), h.UpdatedAt.String()})
			}
			if page.Next != "" {
				lines = append(lines, []string{"(more: --after " + page.Next + ")"})
			}
			return a.table(page, []string{"ID", "STATE", "VERSION", "UPDATED"}, lines)
		}),
	}
	list.Flags().StringVar(&q.State, "state", "", "only documents in this state")
	list.Flags().StringVar(&q.After, "after", "", "go on after the page before")
	list.Flags().IntVar(&q.Limit, "limit", 0, "documents in a page (default 50)")
	history := &cobra.Command{
		Use: "history ID", Short: "Show every version of the public header, oldest first", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			changes, err := k.documents(c).History(ctx, trade.DocID(args[0]))
			if err != nil {
				return err
			}
			var lines [][]string
			for _, ch := range changes {
				if ch.Header == nil {
					lines = append(lines, []string{"", "(deleted)", ch.At.String(), "", ch.TransactionID})
					continue
				}
				lines = append(lines, []string{
					fmt.Sprint(ch.Header.Version), ch.Header.State, ch.At.String(), string(ch.Header.UpdatedBy), ch.TransactionID,
				})
			}
			return a.table(changes, []string{"VERSION", "STATE", "AT", "BY", "TRANSACTION"}, lines)
		}),
	}
	return []*cobra.Command{show, list, history}
}

func showDocument[B any](ctx context.Context, a *app, c *client.Client, k kind[B], id trade.DocID) error {
	docs := k.documents(c)
	state, err := docs.Header(ctx, id)
	if err != nil {
		return err
	}
	out := shown[B]{State: state}
	for _, cond := range state.Header.Release {
		fact, err := c.Facts.Get(ctx, cond.Subject, cond.Type)
		if err != nil && fault.CodeOf(err) != fault.FactNotFound {
			return err
		}
		if err != nil {
			fact.State = trade.FactPending
		}
		out.Conditions = append(out.Conditions, condition{cond, fact.State, fact.OccurredAt})
	}
	doc, err := docs.Get(ctx, id)
	switch code := fault.CodeOf(err); {
	case err == nil:
		out.Body = &doc.Body
	case code == fault.DocNotFound, code == fault.PrivateRead, code == fault.DocInvalid, code == fault.NotParty:
		out.Unreadable = fmt.Sprintf("%s may not read the body (%s)", c.MSPID(), code)
	default:
		return err
	}
	return a.print(out, documentRows(out, k)...)
}

func documentRows[B any](d shown[B], k kind[B]) []row {
	h := d.Header
	rows := []row{
		{string(h.Kind), string(h.ID)},
		{"state", h.State},
		{"version", fmt.Sprint(h.Version)},
		{"valid", map[bool]string{true: "yes", false: "NO: not every party's organisation holds this body"}[d.Valid]},
		{"parties", join(h.Parties)},
		{"created", h.CreatedAt.String()},
		{"updated", h.UpdatedAt.String() + " by " + string(h.UpdatedBy)},
	}
	if h.Deadline != 0 {
		rows = append(rows, row{"deadline", h.Deadline.String()})
	}
	for _, l := range h.Lineage {
		rows = append(rows, row{"made from", fmt.Sprintf("%s version %d", l.ID, l.Version)})
	}
	for _, c := range d.Conditions {
		value := string(c.State)
		if c.OccurredAt != 0 {
			value += " at " + c.OccurredAt.String()
		}
		rows = append(rows, row{"condition", fmt.Sprintf("%s of %.16s…: %s", c.Type, c.Subject, value)})
	}
	if d.Body == nil {
		return append(rows, row{"body", d.Unreadable})
	}
	return append(rows, k.describe(*d.Body)...)
}

// step makes a command that takes one step on a document.
func (a *app) step(use, short string, do func(context.Context, *client.Client, trade.DocID, []client.CallOption) (
	client.Receipt[trade.Header], error),
) *cobra.Command {
	return a.writing(&cobra.Command{
		Use: use + " ID", Short: short, Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := do(ctx, c, trade.DocID(args[0]), a.callOptions())
			if err != nil {
				return err
			}
			return a.moved(r)
		}),
	})
}
