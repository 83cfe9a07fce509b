package scenario

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/constitution"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/parameter"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/source"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/network/topology"
)

// SourceName is what stories call an oracle source.
type SourceName string

// The sources of the stories.
const (
	Customs SourceName = "customs"
	Carrier SourceName = "carrier"
)

// station is a source of the stories: who runs it and what it may report.
type station struct {
	id           attest.SourceID
	organisation string // as in the topology
	relay        string // client that submits, whose SM2 key signs
	types        []string
}

var stations = map[SourceName]station{
	Customs: {
		"authority-customs", "Authority", "authority-relay",
		[]string{attest.CustomsCleared, attest.CustomsReleased, attest.Discharged},
	},
	Carrier: {"carrier-track", "Carrier", "carrier-relay", []string{attest.Discharged, attest.InspectionPassed}},
}

// policies say whose word counts. Discharge is the one on which two have to
// agree, within an hour.
var policies = []attest.Policy{
	{Type: attest.CustomsCleared, Sources: []attest.SourceID{"authority-customs"}, Threshold: 1},
	{Type: attest.CustomsReleased, Sources: []attest.SourceID{"authority-customs"}, Threshold: 1},
	{Type: attest.InspectionPassed, Sources: []attest.SourceID{"carrier-track"}, Threshold: 1},
	{
		Type: attest.Discharged, Sources: []attest.SourceID{"authority-customs", "carrier-track"}, Threshold: 2,
		ToleranceSeconds: 3600,
	},
}

// validity of a source's key around the founding.
const (
	validBefore = time.Hour
	validAfter  = 365 * 24 * time.Hour
)

// Found makes a new network ready for stories: members approve each other,
// companies are registered, sources and policies approved. What is there
// already stays. keys holds each source's public key, x||y in hex. It returns
// the digest of each policy.
func Found(ctx context.Context, g *Ground, keys map[SourceName]string) (map[string]trade.Digest, error) {
	f := founder{g}
	if err := f.constitution(ctx); err != nil {
		return nil, fmt.Errorf("constitution: %w", err)
	}
	group, together := errgroup.WithContext(ctx)
	for name, company := range companies(g.Topology) {
		group.Go(func() error {
			if err := f.company(together, name, company); err != nil {
				return fmt.Errorf("company %s: %w", name, err)
			}
			return nil
		})
	}
	for name, key := range keys {
		group.Go(func() error {
			if err := f.source(together, stations[name], key); err != nil {
				return fmt.Errorf("source %s: %w", name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := f.limits(ctx); err != nil {
		return nil, fmt.Errorf("limits of vouchers: %w", err)
	}
	digests := map[string]trade.Digest{}
	for _, p := range policies { // after their sources
		d, err := f.policy(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("policy for %s: %w", p.Type, err)
		}
		digests[p.Type] = d
	}
	return digests, nil
}

type founder struct{ *Ground }

// Everywhere waits until a peer of every member has the block, except for the
// organisations named (in lower case): a story's next step is endorsed by
// whoever it concerns, and none of them may be a block behind.
func Everywhere(ctx context.Context, g *Ground, block uint64, except ...string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, o := range g.Topology.PeerOrganisations() {
		if slices.Contains(except, o.Slug()) {
			continue
		}
		group.Go(func() error {
			name, err := officer(o, topology.RoleGovernor)
			if err != nil {
				return err
			}
			c, err := g.Network.Client(ctx, name)
			if err != nil {
				return err
			}
			return c.AwaitBlock(ctx, block)
		})
	}
	return group.Wait()
}

// settled waits for what a step has caused, if it succeeded.
func settled[T any](ctx context.Context, f founder, r client.Receipt[T], err error) (T, error) {
	if err != nil {
		return r.Value, err
	}
	return r.Value, Everywhere(ctx, f.Ground, r.Block)
}

// enrolment is what founding needs to know of a company.
type enrolment struct {
	organisation *topology.Organisation
	id           trade.PartyID
	roles        []trade.Role
}

// businessRoles are those that a company has in the trade; the others belong
// to a certificate only.
var businessRoles = []string{"trader", "bank", "carrier", "authority"}

// companies returns the topology's companies by the name of the client that
// acts for each: the first one that carries its id.
func companies(t *topology.Topology) map[string]enrolment {
	out, taken := map[string]enrolment{}, map[string]bool{}
	for i := range t.Organisations {
		o := &t.Organisations[i]
		for _, c := range o.Clients {
			if c.Company == "" || taken[c.Company] {
				continue
			}
			taken[c.Company] = true
			e := enrolment{organisation: o, id: trade.PartyID(c.Company)}
			for _, r := range c.Roles {
				if slices.Contains(businessRoles, r) {
					e.roles = append(e.roles, trade.Role(r))
				}
			}
			out[c.Name] = e
		}
	}
	return out
}

// officer returns the organisation's client with the role.
func officer(o *topology.Organisation, role string) (string, error) {
	for _, c := range o.Clients {
		if slices.Contains(c.Roles, role) {
			return c.Name, nil
		}
	}
	return "", fmt.Errorf("%s has no client with the role %s", o.Name, role)
}

// governors returns the names of the members' governors, the owner's first.
func (f founder) governors(owner string) ([]string, error) {
	var first, rest []string
	for _, o := range f.Topology.PeerOrganisations() {
		name, err := officer(o, topology.RoleGovernor)
		if err != nil {
			return nil, err
		}
		if o.Name == owner {
			first = append(first, name)
		} else {
			rest = append(rest, name)
		}
	}
	return append(first, rest...), nil
}

func (f founder) constitution(ctx context.Context) error {
	governors, err := f.governors("")
	if err != nil {
		return err
	}
	var members []trade.MSPID
	for _, id := range f.Topology.Members() {
		members = append(members, trade.MSPID(id))
	}
	sort.Slice(members, func(i, j int) bool { return members[i] < members[j] })
	for _, name := range governors {
		c, err := f.Network.Client(ctx, name)
		if err != nil {
			return err
		}
		law, err := c.Constitution.Get(ctx)
		if err != nil {
			return err
		}
		if law.State == constitution.Active {
			return nil
		}
		if slices.Contains(law.Approvals, c.MSPID()) && slices.Equal(law.Members, members) {
			continue
		}
		approved, err := c.Constitution.Approve(ctx, members)
		if _, err := settled(ctx, f, approved, err); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// company registers a company, or brings a suspended one back.
func (f founder) company(ctx context.Context, name string, e enrolment) error {
	c, err := f.Network.Client(ctx, name)
	if err != nil {
		return err
	}
	attesterName, err := officer(e.organisation, "attester")
	if err != nil {
		return err
	}
	attester, err := f.Network.Client(ctx, attesterName)
	if err != nil {
		return err
	}
	record, err := c.Parties.Get(ctx, e.id)
	if errors.Is(err, fault.New(fault.PartyNotFound, "")) {
		key, kerr := c.Profile().SM2PublicKey()
		if kerr != nil {
			return kerr
		}
		applied, aerr := c.Parties.Apply(ctx, party.Application{
			ID: e.id, Name: companyName(name), Roles: e.roles, SM2PublicKey: key,
		})
		record, err = settled(ctx, f, applied, aerr)
	}
	if err != nil {
		return err
	}
	if record.State == party.Applied {
		verified, verr := attester.Parties.Verify(ctx, e.id)
		if record, err = settled(ctx, f, verified, verr); err != nil {
			return err
		}
	}
	var back client.Receipt[party.Record]
	switch record.State {
	case party.Verified:
		back, err = c.Parties.Activate(ctx, e.id)
	case party.Suspended:
		back, err = attester.Parties.Reinstate(ctx, e.id)
	case party.Revoked:
		err = errors.New("was revoked, for good")
	}
	_, err = settled(ctx, f, back, err)
	return err
}

// companyName is the name under which a client's company is registered.
func companyName(client string) string { return "The " + client + " company" }

func (f founder) source(ctx context.Context, s station, key string) error {
	governors, err := f.governors(s.organisation)
	if err != nil {
		return err
	}
	for _, name := range governors {
		c, err := f.Network.Client(ctx, name)
		if err != nil {
			return err
		}
		var done client.Receipt[source.Record]
		record, err := c.Sources.Get(ctx, s.id)
		switch {
		case errors.Is(err, fault.New(fault.SourceNotFound, "")):
			now := f.Clock.Now()
			done, err = c.Sources.Propose(ctx, source.Proposal{
				ID: s.id, Types: s.types, SM2PublicKey: key,
				ValidFrom: trade.InstantOf(now.Add(-validBefore)), ValidTo: trade.InstantOf(now.Add(validAfter)),
			})
		case err == nil && record.State == source.Active:
			return nil
		case err == nil && !slices.Contains(record.Approvals, c.MSPID()):
			done, err = c.Sources.Approve(ctx, s.id)
		}
		if _, err := settled(ctx, f, done, err); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (f founder) policy(ctx context.Context, p attest.Policy) (trade.Digest, error) {
	governors, err := f.governors("")
	if err != nil {
		return trade.Digest{}, err
	}
	for _, name := range governors {
		c, err := f.Network.Client(ctx, name)
		if err != nil {
			return trade.Digest{}, err
		}
		if active, err := c.Policies.Get(ctx, p.Type); err == nil && reflect.DeepEqual(active.Policy, p) {
			return active.Digest, nil
		}
		// Proposing what is proposed already approves it.
		proposed, err := c.Policies.Propose(ctx, p)
		r, err := settled(ctx, f, proposed, err)
		if err != nil {
			return trade.Digest{}, fmt.Errorf("%s: %w", name, err)
		}
		if r.State == source.Active {
			return r.Digest, nil
		}
	}
	return trade.Digest{}, errors.New("every member approved it, and it is not active")
}

// limits puts the default limits of vouchers in euros in force, if none are.
func (f founder) limits(ctx context.Context) error {
	governors, err := f.governors("")
	if err != nil {
		return err
	}
	for _, name := range governors {
		c, err := f.Network.Client(ctx, name)
		if err != nil {
			return err
		}
		_, _, err = c.Parameters.VoucherLimits(ctx, "EUR", 0)
		if !errors.Is(err, fault.New(fault.ParameterNotFound, "")) {
			return err
		}
		r, err := c.Parameters.ProposeVoucherLimits(ctx, 1, "EUR", lot.DefaultLimits())
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if r.Value.State == parameter.Active {
			return nil
		}
	}
	return errors.New("every member approved them, and they are not in force")
}
