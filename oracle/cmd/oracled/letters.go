package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/internal/service"
	"github.com/argosy-trade/argosy/oracle/attestor"
	"github.com/argosy-trade/argosy/oracle/store"
)

// database opens the database of the configuration. It reads no keys, so that
// who looks after dead letters needs none.
func database(ctx context.Context, path string) (*store.Store, error) {
	s := &setup{}
	if err := service.LoadConfig(path, &s.Config); err != nil {
		return nil, usageError{err}
	}
	s.resolve(filepath.Dir(path))
	if _, err := os.Stat(s.Database); err != nil {
		return nil, usageError{fmt.Errorf("database: %w", err)}
	}
	return store.Open(ctx, s.Database)
}

// withDatabase runs f on the configuration's database.
func withDatabase(cmd *cobra.Command, path string, f func(ctx context.Context, db *store.Store) error) (err error) {
	db, err := database(cmd.Context(), path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(cmd.Context(), db)
}

func deadCommand(env environment) *cobra.Command {
	root := &cobra.Command{Use: "dead", Short: "Look at dead letters, send them again"}
	root.AddCommand(deadList(), deadReplay(env))
	return root
}

func deadList() *cobra.Command {
	cmd := &cobra.Command{Use: "list --config FILE", Short: "List claims that a person has to look at", Args: exactly(0)}
	path, format := configFlag(cmd), output(cmd)
	after := cmd.Flags().Int64("after", 0, "list ids above this one")
	limit := cmd.Flags().Int("limit", 100, "list at most this many (1000)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withDatabase(cmd, *path, func(ctx context.Context, db *store.Store) error {
			dead, err := db.Dead(ctx, *after, *limit)
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if *format == "json" {
				return lines(w, dead)
			}
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(t, "ID\tMESSAGE\tSOURCE\tTYPE\tSUBJECT\tSEQUENCE\tTRIES\tCODE\tDETAIL")
			for _, r := range dead {
				_, _ = fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%.16s\t%d\t%d\t%s\t%s\n", r.ID, r.Message, r.From, r.Claim.Type,
					r.Claim.Subject, r.Claim.Sequence, r.Attempts, r.Code, printable(r.Detail))
			}
			return t.Flush()
		})
	}
	return cmd
}

func deadReplay(env environment) *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay --config FILE (ID… | --from ID --to ID | --all)", Short: "Send dead letters again, with their ids",
	}
	path := configFlag(cmd)
	from, to := cmd.Flags().Int64("from", 0, "first id"), cmd.Flags().Int64("to", 0, "last id")
	all := cmd.Flags().Bool("all", false, "every dead letter")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ranges, err := replayRanges(args, *from, *to, *all)
		if err != nil {
			return usageError{err}
		}
		return withDatabase(cmd, *path, func(ctx context.Context, db *store.Store) error {
			var total int64
			for _, r := range ranges {
				n, err := db.Replay(ctx, r[0], r[1], trade.InstantOf(env.now()))
				if err != nil {
					return err
				}
				total += n
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d will be sent again\n", total)
			return err
		})
	}
	return cmd
}

// replayRanges reads the three ways of naming letters; exactly one is used.
func replayRanges(args []string, from, to int64, all bool) ([][2]int64, error) {
	ways := 0
	for _, used := range []bool{len(args) > 0, from != 0 || to != 0, all} {
		if used {
			ways++
		}
	}
	if ways != 1 {
		return nil, errors.New("give ids, or --from and --to, or --all")
	}
	switch {
	case all:
		return [][2]int64{{0, math.MaxInt64}}, nil
	case len(args) == 0:
		if from <= 0 || to < from {
			return nil, errors.New("--from and --to are ids, the first not above the last")
		}
		return [][2]int64{{from, to}}, nil
	}
	var out [][2]int64
	for _, a := range args {
		id, err := strconv.ParseInt(a, 10, 64)
		if err != nil || id <= 0 {
			return nil, fmt.Errorf("%q is no id", a)
		}
		out = append(out, [2]int64{id, id})
	}
	return out, nil
}

func quarantineCommand() *cobra.Command {
	root := &cobra.Command{Use: "quarantine", Short: "Look at what could not be understood"}
	list := &cobra.Command{Use: "list --config FILE", Short: "List messages and events with the reason", Args: exactly(0)}
	path, format := configFlag(list), output(list)
	after := list.Flags().Int64("after", 0, "list messages above this one")
	limit := list.Flags().Int("limit", 100, "list at most this many (1000)")
	list.RunE = func(cmd *cobra.Command, _ []string) error {
		return withDatabase(cmd, *path, func(ctx context.Context, db *store.Store) error {
			apart, err := db.Quarantine(ctx, *after, *limit)
			if err != nil {
				return err
			}
			if *format == "json" {
				return lines(cmd.OutOrStdout(), apart)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(t, "MESSAGE\tRECEIVED\tSOURCE\tNAME\tEVENT\tREASON\tDETAIL")
			for _, a := range apart {
				_, _ = fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Message, a.ReceivedAt, a.Source, printable(a.Name),
					orDash(a.EventID), a.Reason, printable(a.Detail))
			}
			return t.Flush()
		})
	}
	root.AddCommand(list, quarantineShow())
	return root
}

func quarantineShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show --config FILE MESSAGE", Short: "Write the raw bytes of a message", Args: exactly(1)}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return usageError{fmt.Errorf("%q is no message", args[0])}
		}
		return withDatabase(cmd, *path, func(ctx context.Context, db *store.Store) error {
			raw, err := db.Raw(ctx, id)
			if err != nil {
				return fmt.Errorf("message %d: %w", id, err)
			}
			_, err = cmd.OutOrStdout().Write(raw)
			return err
		})
	}
	return cmd
}

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys FILE…", Short: "Print the public key x||y of SM2 key files, as sources are registered with it",
		Args: atLeast(1),
	}
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, path := range args {
			signer, err := attestor.Load(path)
			if err != nil {
				return usageError{err}
			}
			if *format == "json" {
				err = lines(cmd.OutOrStdout(), []map[string]string{{"file": path, "sm2PublicKey": signer.PublicKey()}})
			} else {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), signer.PublicKey())
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

// lines writes one JSON document a line.
func lines[T any](w io.Writer, rows []T) error {
	enc := json.NewEncoder(w)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
