package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/oracle/source"
	"github.com/argosy-trade/argosy/oracle/source/dcsatnt"
	"github.com/argosy-trade/argosy/oracle/source/wcodms"
)

// classified is what one file means.
type classified struct {
	File string `json:"file"`
	// Kind and Mapping say which decoder and which table read it.
	Kind    string          `json:"kind,omitempty"`
	Mapping string          `json:"mapping,omitempty"`
	Events  []source.Event  `json:"events,omitempty"`
	Refusal *source.Refusal `json:"refusal,omitempty"`
	// Error is set when the file could not be read.
	Error string `json:"error,omitempty"`
}

// failed reports whether the file or one of its events needs a person.
func (c classified) failed() bool {
	if c.Error != "" || c.Refusal != nil {
		return true
	}
	for _, e := range c.Events {
		if e.Refusal != nil && e.Refusal.Reason.Quarantines() {
			return true
		}
	}
	return false
}

func classifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "classify FILE…", Short: "Say what messages mean, or why they are refused",
		Long: "Reads each file as the service would and says what it means: subjects, fact type, classifier and time\n" +
			"of every event, or why it is refused. It needs no network and no configuration. The kind is told by the\n" +
			"first character unless --kind is given; - reads standard input. JSON output is one line a file. The exit\n" +
			"status is 2 when a file or an event would be quarantined.",
		Args: atLeast(1),
	}
	kindName := cmd.Flags().String("kind", "", "wco-dms or dcsa-tnt")
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, ok := kinds()[*kindName]; *kindName != "" && !ok {
			return usageError{fmt.Errorf("--kind %s: use wco-dms or dcsa-tnt", *kindName)}
		}
		failed := false
		for _, name := range args {
			c := classify(cmd.InOrStdin(), name, *kindName)
			failed = failed || c.failed()
			if err := show(cmd.OutOrStdout(), c, *format); err != nil {
				return err
			}
			if cmd.Context().Err() != nil {
				return cmd.Context().Err()
			}
		}
		if failed {
			return errSaid
		}
		return nil
	}
	return cmd
}

// classify reads at most one byte more of the file than a message may have.
func classify(stdin io.Reader, name, kindName string) classified {
	c := classified{File: name}
	in := stdin
	if name != "-" {
		info, err := os.Stat(name)
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("not a regular file")
		}
		if err != nil {
			c.Error = err.Error()
			return c
		}
		f, err := os.Open(name)
		if err != nil {
			c.Error = err.Error()
			return c
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, source.MaxBytes+1))
	if err != nil {
		c.Error = err.Error()
		return c
	}
	if kindName == "" {
		kindName = guess(raw)
	}
	if kindName == "" {
		c.Refusal = source.Refuse(source.MessageUnsupported, "neither XML nor JSON")
		return c
	}
	d := kinds()[kindName].decoder
	c.Kind, c.Mapping = d.Kind(), d.Mapping()
	c.Events, c.Refusal = source.Decode(d, raw)
	return c
}

// guess tells the kind by the first character.
func guess(raw []byte) string {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(trimmed, []byte("<")):
		return wcodms.Kind
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")):
		return dcsatnt.Kind
	default:
		return ""
	}
}

func show(w io.Writer, c classified, format string) error {
	if format == "json" {
		return json.NewEncoder(w).Encode(c)
	}
	var b strings.Builder
	switch {
	case c.Error != "":
		fmt.Fprintf(&b, "%s: %s\n", c.File, c.Error)
	case c.Refusal != nil:
		fmt.Fprintf(&b, "%s: refused: %s\n", c.File, c.Refusal)
	default:
		fmt.Fprintf(&b, "%s: %s, table %s\n", c.File, c.Kind, c.Mapping)
	}
	for _, e := range c.Events {
		fmt.Fprintf(&b, "  event %s  %s", orDash(e.ID), printable(e.Code))
		if e.CreatedAt > 0 {
			fmt.Fprintf(&b, "  created %s", e.CreatedAt)
		}
		b.WriteByte('\n')
		switch {
		case e.Refusal != nil && e.Refusal.Reason.Quarantines():
			fmt.Fprintf(&b, "    refused: %s\n", e.Refusal)
		case e.Refusal != nil:
			fmt.Fprintf(&b, "    no fact: %s\n", e.Refusal.Detail)
		}
		if e.Retracts != "" {
			fmt.Fprintf(&b, "    takes back event %s\n", printable(e.Retracts))
		}
		for _, o := range e.Observations {
			verb := ""
			if o.Withdraws {
				verb = "no longer "
			}
			fmt.Fprintf(&b, "    %s %s: %s%s %s at %s (written %s)\n", o.Subject.Scheme, printable(o.Subject.Identifier), verb,
				o.Type, o.Classifier, o.OccurredAt, printable(o.OccurredText))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return printable(s)
}

// printable keeps a message from writing control characters to a terminal.
func printable(s string) string {
	quoted := fmt.Sprintf("%q", s)
	if bare := quoted[1 : len(quoted)-1]; bare == s {
		return s
	}
	return quoted
}
