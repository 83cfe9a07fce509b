package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/oracle/source"
)

// mapping is one kind's table.
type mapping struct {
	Kind     string           `json:"kind"`
	Table    string           `json:"table"`
	Meanings []source.Meaning `json:"meanings"`
}

func mappingsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "mappings", Short: "Print what each code of each kind of source means", Args: exactly(0)}
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var all []mapping
		known := kinds()
		for _, name := range slices.Sorted(maps.Keys(known)) {
			d := known[name].decoder
			all = append(all, mapping{Kind: name, Table: d.Mapping(), Meanings: d.Meanings()})
		}
		if *format == "json" {
			return lines(cmd.OutOrStdout(), all)
		}
		for _, m := range all {
			if err := writeMapping(cmd.OutOrStdout(), m); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

// writeMapping writes one table in Markdown.
func writeMapping(w io.Writer, m mapping) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s, table %s\n\n", m.Kind, m.Table)
	b.WriteString("| Code | Fact | Takes back | Why no fact |\n|---|---|---|---|\n")
	for _, row := range m.Meanings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", row.Code, row.Fact, strings.Join(row.Withdraws, ", "), row.Note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
