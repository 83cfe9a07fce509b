// Package party is the law of the party registry: who a company is, which
// organisation it is a client of, and which certificate acts for it.
//
// A party is applied for by the company itself, verified by an attester of its
// organisation (the bank that knows its customer) and activated by the company.
// The certificate says who acts, never an argument: the party id must be the
// company attribute that the organisation's certificate authority put there.
package party

import (
	"regexp"
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// The states of a party.
const (
	Applied   = "APPLIED"
	Verified  = "VERIFIED"
	Active    = "ACTIVE"
	Suspended = "SUSPENDED"
	Revoked   = "REVOKED"
)

// The actions on a party.
const (
	Apply     = "APPLY"
	Verify    = "VERIFY"
	Activate  = "ACTIVATE"
	Suspend   = "SUSPEND"
	Reinstate = "REINSTATE"
	Revoke    = "REVOKE"
)

const (
	applicant = "applicant"
	attester  = "attester"
)

// Table is the lifecycle of a party.
var Table = lifecycle.Table{Kind: "party", Steps: []lifecycle.Step{
	{From: lifecycle.None, Action: Apply, To: Applied, Who: applicant, Guard: "the certificate names this id"},
	{From: Applied, Action: Verify, To: Verified, Who: attester, Guard: "an attester of the party's organisation"},
	{From: Verified, Action: Activate, To: Active, Who: applicant},
	{From: Active, Action: Suspend, To: Suspended, Who: attester},
	{From: Suspended, Action: Reinstate, To: Active, Who: attester},
	{From: Applied, Action: Revoke, To: Revoked, Who: attester},
	{From: Verified, Action: Revoke, To: Revoked, Who: attester},
	{From: Active, Action: Revoke, To: Revoked, Who: attester},
	{From: Suspended, Action: Revoke, To: Revoked, Who: attester},
}}

// Record is a party as the ledger holds it.
type Record struct {
	ID      trade.PartyID `json:"id"`
	MSP     trade.MSPID   `json:"msp"`
	Name    string        `json:"name"`
	Roles   []trade.Role  `json:"roles"`
	State   string        `json:"state"`
	Version uint64        `json:"version"`
	// Binding is the certificate (subject and issuer) that acts for the party.
	Binding string `json:"binding"`
	// SM2PublicKey is x||y in hex, or empty.
	SM2PublicKey string        `json:"sm2PublicKey,omitempty"`
	UpdatedAt    trade.Instant `json:"updatedAt"`
}

// Application is what a company says of itself.
type Application struct {
	ID           trade.PartyID `json:"id"`
	Name         string        `json:"name"`
	Roles        []trade.Role  `json:"roles"`
	SM2PublicKey string        `json:"sm2PublicKey,omitempty"`
}

// Party returns what other rules may know of the record.
func (r Record) Party() trade.Party {
	return trade.Party{ID: r.ID, MSP: r.MSP, Name: r.Name, Roles: r.Roles, Active: r.State == Active}
}

var (
	namePattern = regexp.MustCompile(`^[^\x00-\x1f]{1,140}$`)
	keyPattern  = regexp.MustCompile(`^[0-9a-f]{128}$`)
)

// KeyPattern is the form of an SM2 public key: x||y in lower-case hex.
func KeyPattern() *regexp.Regexp { return keyPattern }

// Register returns the record of a new party that applies for itself.
func Register(a Application, f trade.Facts) (Record, error) {
	if err := a.ID.Validate(); err != nil {
		return Record{}, err
	}
	switch {
	case !namePattern.MatchString(a.Name):
		return Record{}, fault.New(fault.FieldRequired, "the name has 1 to 140 characters").WithField("name")
	case len(a.Roles) == 0 || !slices.IsSorted(a.Roles) || len(slices.Compact(slices.Clone(a.Roles))) != len(a.Roles):
		return Record{}, fault.New(fault.FieldRequired, "at least one role; roles are sorted, each once").WithField("roles")
	case a.SM2PublicKey != "" && !keyPattern.MatchString(a.SM2PublicKey):
		return Record{}, fault.New(fault.FieldInvalid, "an SM2 public key is x||y in 128 lower-case hex digits").
			WithField("sm2PublicKey")
	case f.Caller.Company != a.ID:
		return Record{}, fault.New(fault.NotParty, "the certificate does not name company %s", a.ID)
	case f.Caller.Party.ID != "":
		return Record{}, fault.New(fault.BindingTaken, "the certificate is bound to %s", f.Caller.Party.ID)
	}
	for _, r := range a.Roles {
		if !slices.Contains([]trade.Role{trade.RoleTrader, trade.RoleBank, trade.RoleCarrier, trade.RoleAuthority}, r) {
			return Record{}, fault.New(fault.FieldInvalid, "%q is not a role of a party", r).WithField("roles")
		}
		if r != trade.RoleTrader && !f.Caller.HasRole(r) {
			return Record{}, fault.New(fault.RoleMissing, "the certificate does not carry the role %s", r)
		}
	}
	return Record{
		ID: a.ID, MSP: f.Caller.MSP, Name: a.Name, Roles: a.Roles, State: Applied, Version: 1,
		Binding: f.Caller.CertID, SM2PublicKey: a.SM2PublicKey, UpdatedAt: f.Now,
	}, nil
}

// Move returns the record after action.
func (r Record) Move(action string, f trade.Facts) (Record, error) {
	step, err := Table.Next(r.State, action)
	if err != nil {
		return r, err
	}
	switch {
	case step.Who == attester && (!f.Caller.HasRole(trade.RoleAttester) || f.Caller.MSP != r.MSP):
		return r, fault.New(fault.RoleMissing, "only an attester of %s may do this", r.MSP)
	case step.Who == applicant && (f.Caller.MSP != r.MSP || f.Caller.CertID != r.Binding):
		return r, fault.New(fault.NotParty, "only the party itself may do this")
	}
	r.State, r.UpdatedAt = step.To, f.Now
	r.Version++
	return r, nil
}
