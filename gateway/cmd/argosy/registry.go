package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
)

func (a *app) partyCommand() *cobra.Command {
	root := group("party", "Companies and authorities in the registry")
	root.AddCommand(a.partyApply())
	type move = func(context.Context, trade.PartyID, ...client.CallOption) (client.Receipt[party.Record], error)
	for _, s := range []struct {
		use, short string
		move       func(*client.Client) move
	}{
		{"verify", "Confirm who the party is (attester)", func(c *client.Client) move { return c.Parties.Verify }},
		{"activate", "Make the verified party active (the party)", func(c *client.Client) move { return c.Parties.Activate }},
		{"suspend", "Hold the party back (attester)", func(c *client.Client) move { return c.Parties.Suspend }},
		{"reinstate", "Lift a suspension (attester)", func(c *client.Client) move { return c.Parties.Reinstate }},
		{"revoke", "End the party for good (attester)", func(c *client.Client) move { return c.Parties.Revoke }},
	} {
		root.AddCommand(a.writing(&cobra.Command{
			Use: s.use + " ID", Short: s.short, Args: exactly(1),
			RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
				r, err := s.move(c)(ctx, trade.PartyID(args[0]), a.callOptions()...)
				if err != nil {
					return err
				}
				return a.print(r, partyRows(r.Value)...)
			}),
		}))
	}
	root.AddCommand(&cobra.Command{
		Use: "show ID", Short: "Show a party", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			record, err := c.Parties.Get(ctx, trade.PartyID(args[0]))
			if err != nil {
				return err
			}
			return a.print(record, partyRows(record)...)
		}),
	}, &cobra.Command{
		Use: "mine", Short: "Show the party that the profile's certificate is bound to", Args: exactly(0),
		RunE: a.connected(func(ctx context.Context, c *client.Client, _ []string) error {
			record, err := c.Parties.Mine(ctx)
			if err != nil {
				return err
			}
			return a.print(record, partyRows(record)...)
		}),
	})
	return root
}

func (a *app) partyApply() *cobra.Command {
	var name string
	var roles []string
	cmd := a.writing(&cobra.Command{
		Use: "apply --name NAME --role ROLE…", Short: "Apply for registration of the profile's company", Args: exactly(0),
		Long: "Apply for registration of the company that the profile names, with its SM2 key if the profile has one,\n" +
			"and bind the profile's certificate to it.",
	})
	cmd.RunE = a.connected(func(ctx context.Context, c *client.Client, _ []string) error {
		key, err := c.Profile().SM2PublicKey()
		if err != nil {
			return fault.Wrap(fault.ArgumentMalformed, err, "%v", err)
		}
		application := party.Application{ID: c.Profile().Company, Name: name, SM2PublicKey: key}
		for _, r := range roles {
			application.Roles = append(application.Roles, trade.Role(r))
		}
		slices.Sort(application.Roles)
		r, err := c.Parties.Apply(ctx, application, a.callOptions()...)
		if err != nil {
			return err
		}
		return a.print(r, partyRows(r.Value)...)
	})
	cmd.Flags().StringVar(&name, "name", "", "registered name")
	cmd.Flags().StringSliceVar(&roles, "role", []string{"trader"}, "trader, bank, carrier or authority; repeat for more")
	return cmd
}

func partyRows(r party.Record) []row {
	return []row{
		{"party", string(r.ID)},
		{"name", r.Name},
		{"organisation", string(r.MSP)},
		{"roles", join(r.Roles)},
		{"state", r.State},
		{"version", fmt.Sprint(r.Version)},
		{"updated", r.UpdatedAt.String()},
	}
}

func (a *app) constitutionCommand() *cobra.Command {
	root := group("constitution", "The network's membership")
	root.AddCommand(&cobra.Command{
		Use: "show", Short: "Show members and approvals", Args: exactly(0),
		RunE: a.connected(func(ctx context.Context, c *client.Client, _ []string) error {
			r, err := c.Constitution.Get(ctx)
			if err != nil {
				return err
			}
			return a.print(r, row{"state", r.State}, row{"members", join(r.Members)}, row{"approvals", join(r.Approvals)})
		}),
	}, a.writing(&cobra.Command{
		Use: "approve MSP…", Short: "Approve exactly these members (governor)", Args: counted(cobra.MinimumNArgs(1)),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			var members []trade.MSPID
			for _, m := range args {
				members = append(members, trade.MSPID(m))
			}
			slices.Sort(members)
			r, err := c.Constitution.Approve(ctx, members, a.callOptions()...)
			if err != nil {
				return err
			}
			return a.print(r, row{"state", r.Value.State}, row{"approvals", join(r.Value.Approvals)})
		}),
	}))
	return root
}

func (a *app) sourceCommand() *cobra.Command {
	root := group("source", "Oracle sources")
	var p source.Proposal
	var from, to string
	propose := a.writing(&cobra.Command{
		Use: "propose ID --type TYPE… --to TIME", Short: "Propose a source of this organisation (governor)",
		Args: exactly(1),
	})
	propose.RunE = a.connected(func(ctx context.Context, c *client.Client, args []string) error {
		p.ID = attest.SourceID(args[0])
		slices.Sort(p.Types)
		var err error
		if p.SM2PublicKey == "" {
			if p.SM2PublicKey, err = c.Profile().SM2PublicKey(); err != nil {
				return fault.Wrap(fault.ArgumentMalformed, err, "%v", err)
			}
		}
		if p.ValidFrom, err = a.instantOrNow(from); err != nil {
			return err
		}
		if p.ValidTo, err = parseInstant(to); err != nil {
			return err
		}
		r, err := c.Sources.Propose(ctx, p, a.callOptions()...)
		if err != nil {
			return err
		}
		return a.print(r, sourceRows(r.Value)...)
	})
	propose.Flags().StringSliceVar(&p.Types, "type", nil, "fact type that it may claim; repeat for more")
	propose.Flags().StringVar(&p.SM2PublicKey, "key", "", "SM2 public key, 128 hex digits (default: the profile's)")
	propose.Flags().StringVar(&from, "from", "", "the key is valid from (default: now)")
	propose.Flags().StringVar(&to, "to", "", "the key is valid to")
	approve := a.writing(&cobra.Command{
		Use: "approve ID", Short: "Approve a source (governor)", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Sources.Approve(ctx, attest.SourceID(args[0]), a.callOptions()...)
			if err != nil {
				return err
			}
			return a.print(r, sourceRows(r.Value)...)
		}),
	})
	root.AddCommand(propose, approve, a.sourceRevoke(), &cobra.Command{
		Use: "show ID", Short: "Show a source", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Sources.Get(ctx, attest.SourceID(args[0]))
			if err != nil {
				return err
			}
			return a.print(r, sourceRows(r)...)
		}),
	})
	return root
}

func (a *app) sourceRevoke() *cobra.Command {
	var revokeFrom string
	revoke := a.writing(&cobra.Command{
		Use: "revoke ID", Short: "End a source of this organisation (governor)", Args: exactly(1),
	})
	revoke.RunE = a.connected(func(ctx context.Context, c *client.Client, args []string) error {
		at, err := a.instantOrNow(revokeFrom)
		if err != nil {
			return err
		}
		r, err := c.Sources.Revoke(ctx, attest.SourceID(args[0]), at, a.callOptions()...)
		if err != nil {
			return err
		}
		return a.print(r, sourceRows(r.Value)...)
	})
	revoke.Flags().StringVar(&revokeFrom, "from", "", "with effect from (default: now)")
	return revoke
}

// instantOrNow reads a time; none means now.
func (a *app) instantOrNow(text string) (trade.Instant, error) {
	if text == "" {
		return trade.InstantOf(time.Now()), nil
	}
	return parseInstant(text)
}

func sourceRows(r source.Record) []row {
	rows := []row{
		{"source", string(r.ID)},
		{"owner", string(r.Owner)},
		{"types", join(r.Types)},
		{"state", r.State},
		{"valid", r.ValidFrom.String() + " to " + r.ValidTo.String()},
		{"approvals", join(r.Approvals)},
	}
	if r.RevokedFrom != 0 {
		rows = append(rows, row{"revoked from", r.RevokedFrom.String()})
	}
	return rows
}

func (a *app) policyCommand() *cobra.Command {
	root := group("policy", "Quorum policies of fact types")
	var p attest.Policy
	var sources []string
	propose := a.writing(&cobra.Command{
		Use: "propose TYPE --source ID… --threshold N", Short: "Propose a policy (governor)", Args: exactly(1),
	})
	propose.RunE = a.connected(func(ctx context.Context, c *client.Client, args []string) error {
		p.Type, p.Sources = args[0], nil
		slices.Sort(sources)
		for _, s := range sources {
			p.Sources = append(p.Sources, attest.SourceID(s))
		}
		r, err := c.Policies.Propose(ctx, p, a.callOptions()...)
		if err != nil {
			return err
		}
		return a.print(r, policyRows(r.Value)...)
	})
	propose.Flags().StringSliceVar(&sources, "source", nil, "source that counts; repeat for more")
	propose.Flags().IntVar(&p.Threshold, "threshold", 1, "how many must agree: more than half")
	propose.Flags().Int64Var(&p.ToleranceSeconds, "tolerance", 0, "by how many seconds event times may differ")
	propose.Flags().Int64Var(&p.FreshnessSeconds, "freshness", 0, "how old an event may be, in seconds; 0 is any age")
	approve := a.writing(&cobra.Command{
		Use: "approve TYPE DIGEST", Short: "Approve exactly this policy (governor)", Args: exactly(2),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			digest, err := trade.ParseDigest(args[1])
			if err != nil {
				return err
			}
			r, err := c.Policies.Approve(ctx, args[0], digest, a.callOptions()...)
			if err != nil {
				return err
			}
			return a.print(r, policyRows(r.Value)...)
		}),
	})
	root.AddCommand(propose, approve, &cobra.Command{
		Use: "show TYPE", Short: "Show the active policy", Args: exactly(1),
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			r, err := c.Policies.Get(ctx, args[0])
			if err != nil {
				return err
			}
			return a.print(r, policyRows(r)...)
		}),
	})
	return root
}

func policyRows(r source.PolicyRecord) []row {
	p := r.Policy
	return []row{
		{"type", p.Type},
		{"digest", r.Digest.String()},
		{"state", r.State},
		{"quorum", fmt.Sprintf("%d of %s", p.Threshold, join(p.Sources))},
		{"tolerance", (time.Duration(p.ToleranceSeconds) * time.Second).String()},
		{"approvals", join(r.Approvals)},
	}
}

func (a *app) factCommand() *cobra.Command {
	root := group("fact", "Facts that oracle sources have established")
	root.AddCommand(&cobra.Command{
		Use: "show TYPE:SCHEME:IDENTIFIER", Short: "Show a fact", Args: exactly(1),
		Example: "  argosy fact show CUSTOMS_CLEARED:MRN:26NL0001234567",
		RunE: a.connected(func(ctx context.Context, c *client.Client, args []string) error {
			cond, err := parseCondition(args[0])
			if err != nil {
				return err
			}
			f, err := c.Facts.Get(ctx, cond.Public().Subject, cond.Type)
			if err != nil {
				return err
			}
			rows := []row{{"fact", args[0]}, {"subject", f.Subject.String()}, {"state", string(f.State)}}
			if f.OccurredAt != 0 {
				rows = append(rows, row{"occurred", f.OccurredAt.String()}, row{"established", f.EstablishedAt.String()},
					row{"sources", join(f.Sources)})
			}
			return a.print(f, append(rows, row{"version", fmt.Sprint(f.Version)})...)
		}),
	})
	return root
}
