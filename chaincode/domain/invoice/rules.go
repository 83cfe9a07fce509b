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
)

// The actions on an invoice.
const (
	Issue    = "ISSUE"
	Accept   = "ACCEPT"
	Dispute  = "DISPUTE"
	Withdraw = "WITHDRAW"
)

const (
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
}}

// DisputeArgs are the private arguments of Dispute.
type DisputeArgs struct {
	Salt   trade.Salt `json:"salt"`
	Reason string     `json:"reason"`
}

// Apply moves the invoice doc by cmd. It refuses what the table does not list,
// callers other than the step's party, and bodies that do not validate.
func Apply(doc trade.Document, cmd trade.Command, f trade.Facts) (trade.Effects, error) {
	step, err := Table.Next(doc.Header.State, cmd.Action)
	if err != nil {
		return trade.Effects{}, err
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
