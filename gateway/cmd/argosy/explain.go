package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/client"
)

// explained is one code as JSON.
type explained struct {
	Code    fault.Code `json:"code"`
	Class   string     `json:"class"`
	Exit    int        `json:"exitStatus"`
	HTTP    int        `json:"httpStatus"`
	Meaning string     `json:"meaning"`
	Remedy  string     `json:"remedy"`
}

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain [CODE]", Short: "Say what a code means and what to do; without a code, list them all",
		Args: counted(cobra.MaximumNArgs(1)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, r := range fault.Table {
				codes = append(codes, string(r.Code))
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.explainAll()
			}
			r, ok := fault.Lookup(fault.Code(strings.ToUpper(args[0])))
			if !ok {
				return fault.New(fault.FieldInvalid, "no code %s; `argosy explain` lists them", args[0])
			}
			e := explanation(r)
			return a.print(e, row{"code", string(e.Code)}, row{"class", e.Class + ": " + r.Class.Next()},
				row{"meaning", e.Meaning}, row{"remedy", e.Remedy}, row{"exit status", fmt.Sprint(e.Exit)})
		},
	}
}

func (a *app) explainAll() error {
	var all []explained
	var lines [][]string
	for _, r := range fault.Table {
		e := explanation(r)
		all = append(all, e)
		lines = append(lines, []string{string(e.Code), e.Class, fmt.Sprint(e.Exit), e.Meaning})
	}
	return a.table(all, []string{"CODE", "CLASS", "EXIT", "MEANING"}, lines)
}

func explanation(r fault.Row) explained {
	return explained{r.Code, r.Class.String(), r.Class.ExitStatus(), r.Class.HTTPStatus(), r.Meaning, r.Remedy}
}

func (a *app) transactionCommand() *cobra.Command {
	root := group("transaction", "Transactions whose outcome is in doubt")
	root.AddCommand(&cobra.Command{
		Use: "show ID", Short: "Ask what became of a transaction", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			done, err := c.Resume(ctx, client.Pending{TransactionID: args[0]})
			if err != nil {
				return err
			}
			return a.print(done, row{"transaction", done.TransactionID}, row{"outcome", "committed"},
				row{"block", fmt.Sprint(done.Block)})
		}),
	})
	return root
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version  string `json:"version"`
				Revision string `json:"revision,omitempty"`
				Go       string `json:"go"`
			}{Version: "unknown", Go: runtime.Version()}
			if info, ok := debug.ReadBuildInfo(); ok {
				v.Version = info.Main.Version
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v.Revision = s.Value
					}
				}
			}
			return a.print(v, row{"argosy", v.Version}, row{"revision", v.Revision}, row{"go", v.Go})
		},
	}
}
