package invoice

import (
	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// The states of an invoice.
const (
	Issued    = "ISSUED"
	Accepted  = "ACCEPTED"
	Disputed  = "DISPUTED"
	Withdrawn = "WITHDRAWN"
	// Backing is an accepted invoice on which a voucher is issued: it backs
	// that one and nothing else.
	Backing = "BACKING"
	// Discharged is an invoice whose voucher is paid.
	Discharged = "DISCHARGED"
)

// The actions on an invoice. Back, Free and Discharge are taken by the voucher
// that it backs, the others by its parties.
const (
	Issue    = "ISSUE"
	Accept   = "ACCEPT"
	Dispute  = "DISPUTE"
	Withdraw = "WITHDRAW"

	Back      = "BACK"
	Free      = "FREE"
	Discharge = "DISCHARGE"
)

const (
	cause  = "its voucher"
	seller = "seller"
	buyer  = "buyer"
)

// Table is the lifecycle of an invoice.
var Table = lifecycle.Table{Kind: string(Kind), Steps: []lifecycle.Step{
	{From: lifecycle.None, Action: Issue, To: Issued, Who: seller, Guard: "the sums of EN 16931 hold"},
	{From: Issued, Action: Accept, To: Accepted, Who: buyer, Guard: "the whole invoice; there is no partial acceptance"},
	{From: Issued, Action: Dispute, To: Disputed, Who: buyer, Guard: "a reason is given"},
	{From: Disputed, Action: Accept, To: Accepted, Who: buyer},
	{From: Issued, Action: Withdraw, To: Withdrawn, Who: seller},
	{From: Disputed, Action: Withdraw, To: Withdrawn, Who: seller},
	{From: Accepted, Action: Back, To: Backing, Who: cause, Guard: "one voucher at a time, up to the amount due"},
	{From: Backing, Action: Free, To: Accepted, Who: cause, Guard: "the voucher did not come about, or came home whole"},
	{From: Backing, Action: Discharge, To: Discharged, Who: cause, Guard: "every unit of the voucher is paid or home"},
}}

// DisputeArgs are the private arguments of Dispute.
type DisputeArgs struct {
	Salt   trade.Salt `json:"salt"`
	Reason string     `json:"reason"`
}

// ByCause returns h after the step that the voucher on it takes with action.
func ByCause(h trade.Header, action string) (trade.Header, error) {
	step, err := Table.Next(h.State, action)
	if err != nil {
		return h, err
	}
	if step.Who != cause {
		return h, fault.New(fault.TransitionForbidden, "%s is not a step of the voucher", action)
	}
	h.State = step.To
	return h, nil
}

// Apply moves the invoice doc by cmd. It refuses what the table does not list,
// steps that belong to its voucher, callers other than the step's party, and
// bodies that do not validate.
func Apply(doc trade.Document, cmd trade.Command, f trade.Facts) (trade.Effects, error) {
	step, err := Table.Next(doc.Header.State, cmd.Action)
	if err != nil {
		return trade.Effects{}, err
	}
	if step.Who == cause {
		return trade.Effects{}, fault.New(fault.TransitionForbidden, "only the voucher on an invoice may do this")
	}
	body, err := canon.Decode[Body](doc.Body)
	if err != nil {
		return trade.Effects{}, err
	}
	actor := map[string]trade.PartyID{seller: body.Seller.Party, buyer: body.Buyer.Party}[step.Who]
	if err := trade.RequireParty(f.Caller, actor, step.Who); err != nil {
		return trade.Effects{}, err
	}
	var note []byte
	switch cmd.Action {
	case Issue:
		err = body.Validate()
	case Dispute:
		note, err = disputeNote(cmd.Args)
	}
	if err != nil {
		return trade.Effects{}, err
	}
	doc.Header.State = step.To
	return trade.Effects{Doc: doc, Note: note}, nil
}

func disputeNote(args []byte) ([]byte, error) {
	a, err := canon.Decode[DisputeArgs](args)
	if err != nil {
		return nil, err
	}
	if err := a.Salt.Validate(); err != nil {
		return nil, err
	}
	if a.Reason == "" || len(a.Reason) > maxText {
		return nil, fault.New(fault.FieldRequired, "a dispute gives a reason of 1 to %d bytes", maxText).WithField("reason")
	}
	return args, nil
}

// Parties returns the parties named in the canonical body b.
func Parties(b []byte) ([]trade.PartyID, error) {
	body, err := canon.Decode[Body](b)
	if err != nil {
		return nil, err
	}
	return body.Parties(), nil
}
