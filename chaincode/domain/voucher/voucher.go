// Package voucher is the law of the receivable voucher: a core enterprise's
// promise to pay a creditor on a day to come, issued on accepted invoices (notice
// 银发〔2025〕77号, article 9).
//
// The voucher is the promise itself; what circulates are its lots (package lot).
// It is offered to the payee and binds nobody before the payee accepts, for no
// small supplier may be paid by voucher against its will (State Council
// regulation 802). An accepted invoice backs one voucher at a time: the step that
// issues the voucher moves the invoice, so that no list and no counter is kept.
//
// The package refuses vouchers over what the invoices are worth, beyond the
// approved limits, or of an issuer in default. It holds a promise, no money: the
// network settles nothing (notice 77, articles 4 and 14).
package voucher

import (
	"slices"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Kind is the name of the document kind.
const Kind trade.Kind = "voucher"

const (
	// maxInvoices bounds the backing: the invoices' bodies travel together with
	// the voucher's, and a command carries 32 at most.
	maxInvoices = 30
	maxText     = 140
)

// Body is the private part of a voucher.
type Body struct {
	Salt  trade.Salt `json:"salt"`
	Terms lot.Terms  `json:"terms"`
	// Payee is the creditor to whom the voucher is offered: the seller of the
	// invoices.
	Payee trade.PartyID `json:"payee"`
	// Units is the amount in minor units.
	Units int64 `json:"units"`
	// Invoices back the voucher, sorted by id.
	Invoices []trade.Reference `json:"invoices"`
	// Contract is the contract of supply.
	Contract string `json:"contract"`
	// Consent names the agreement in which the payee accepts payment by voucher.
	Consent string `json:"consent"`
	// SmallPayee says that the payee is a small or medium-sized enterprise.
	SmallPayee bool `json:"smallPayee"`
	// ReportReference is under which the issue is reported to the exchange that
	// watches over the market (notice 77, article 19), if it was.
	ReportReference string `json:"reportReference"`
	// Deadline is until when the payee can accept; it also stands in the header.
	Deadline trade.Instant `json:"deadline"`
}

// Amount returns the amount of the voucher.
func (b Body) Amount() trade.Money {
	return trade.Money{AmountMinor: b.Units, Currency: b.Terms.Currency}
}

// Parties returns issuer, bank, guarantor if there is one, and payee.
func (b Body) Parties() []trade.PartyID { return append(b.Terms.Parties(), b.Payee) }

// Validate refuses a body with missing or malformed fields.
func (b Body) Validate() error {
	if err := b.Salt.Validate(); err != nil {
		return err
	}
	if err := b.Terms.Validate(); err != nil {
		return err
	}
	if err := b.Payee.Validate(); err != nil {
		return err
	}
	if err := b.Amount().ValidatePositive(); err != nil {
		return err
	}
	switch {
	case b.Payee == b.Terms.Issuer:
		return fault.New(fault.FieldInvalid, "the payee is another party than the issuer").WithField("payee")
	case !text(b.Contract):
		return fault.New(fault.FieldRequired, "the contract is named in 1 to %d bytes", maxText).WithField("contract")
	case b.Consent != "" && !text(b.Consent):
		return fault.New(fault.FieldInvalid, "the consent is named in 1 to %d bytes", maxText).WithField("consent")
	case b.ReportReference != "" && !text(b.ReportReference):
		return fault.New(fault.FieldInvalid, "the reference has 1 to %d bytes", maxText).WithField("reportReference")
	case b.Deadline <= 0 || b.Deadline > b.Terms.DueBegins():
		return fault.New(fault.FieldRequired, "the offer has a deadline before maturity").WithField("deadline")
	case len(b.Invoices) == 0 || len(b.Invoices) > maxInvoices:
		return fault.New(fault.FieldRequired, "1 to %d invoices back a voucher", maxInvoices).WithField("invoices")
	}
	for i, r := range b.Invoices {
		if err := r.ID.Validate(); err != nil {
			return err
		}
		if i > 0 && b.Invoices[i-1].ID >= r.ID {
			return fault.New(fault.FieldInvalid, "invoices are sorted by id, each once").WithField("invoices")
		}
	}
	return nil
}

func text(s string) bool {
	return s != "" && len(s) <= maxText && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' })
}

// Whole returns the body of the lot with which the voucher comes into force: all
// its units in the payee's hands. The salt is left to its maker.
func Whole(h trade.Header, b Body, limits lot.Limits) lot.Body {
	return lot.Body{
		Voucher: lot.LinkTo(h), Terms: b.Terms, From: 1, To: b.Units, Parts: min(limits.MaxLots, b.Units),
		Owner: b.Payee, Ancestry: []lot.Ancestor{},
	}
}

// Parties returns the parties named in the canonical body b.
func Parties(b []byte) ([]trade.PartyID, error) {
	body, err := canon.Decode[Body](b)
	if err != nil {
		return nil, err
	}
	return body.Parties(), nil
}

// The states of a voucher.
const (
	Offered    = "OFFERED"
	Guaranteed = "GUARANTEED"
	Active     = "ACTIVE"
	Rejected   = "REJECTED"
	Withdrawn  = "WITHDRAWN"
	Expired    = "EXPIRED"
	Settled    = "SETTLED"
	Cancelled  = "CANCELLED"
	WithLoss   = "ENDED_WITH_LOSS"
)

// The actions on a voucher. The last two are never asked for by name: Close
// becomes one of them when the lots say so.
const (
	Issue     = "ISSUE"
	Guarantee = "GUARANTEE"
	Decline   = "DECLINE"
	Accept    = "ACCEPT"
	Reject    = "REJECT"
	Withdraw  = "WITHDRAW"
	Expire    = "EXPIRE"
	Close     = "CLOSE"

	CloseCancelled = "CLOSE_CANCELLED"
	CloseWithLoss  = "CLOSE_WITH_LOSS"
)

const (
	issuer    = "issuer"
	guarantor = "guarantor"
	payee     = "payee"
)

// Table is the lifecycle of a voucher.
var Table = lifecycle.Table{Kind: string(Kind), Steps: []lifecycle.Step{
	{
		From: lifecycle.None, Action: Issue, To: Offered, Who: issuer,
		Guard: "accepted invoices cover it and are free; current limits; not in default",
	},
	{From: Offered, Action: Guarantee, To: Guaranteed, Who: guarantor},
	{From: Offered, Action: Decline, To: Rejected, Who: guarantor},
	{From: Offered, Action: Accept, To: Active, Who: payee, Guard: "no guarantor is named; issuer not in default"},
	{From: Guaranteed, Action: Accept, To: Active, Who: payee, Guard: "issuer not in default"},
	{From: Offered, Action: Reject, To: Rejected, Who: payee},
	{From: Guaranteed, Action: Reject, To: Rejected, Who: payee},
	{From: Offered, Action: Withdraw, To: Withdrawn, Who: issuer},
	{From: Guaranteed, Action: Withdraw, To: Withdrawn, Who: issuer},
	{From: Offered, Action: Expire, To: Expired, Who: lifecycle.Anyone, Guard: "the offer's deadline has passed"},
	{From: Guaranteed, Action: Expire, To: Expired, Who: lifecycle.Anyone, Guard: "the offer's deadline has passed"},
	{From: Active, Action: Close, To: Settled, Who: lifecycle.Anyone, Guard: "every unit is paid or came home"},
	{From: Active, Action: CloseCancelled, To: Cancelled, Who: lifecycle.Anyone, Guard: "every unit came home"},
	{From: Active, Action: CloseWithLoss, To: WithLoss, Who: lifecycle.Anyone, Guard: "no unit is owed, some written off"},
	{From: WithLoss, Action: Close, To: Settled, Who: lifecycle.Anyone, Guard: "what was written off is paid after all"},
}}

// Already reports whether a step that anyone may take has been taken.
func Already(state, action string) bool {
	switch action {
	case Expire:
		return state == Expired
	case Close:
		return state == Settled || state == Cancelled
	default:
		return false
	}
}

// Moves returns the invoices that back the voucher when it lets go of them, and
// its first lot when that decides.
func Moves(h trade.Header, action string) []trade.DocID {
	var out []trade.DocID
	switch action {
	case Reject, Decline, Withdraw, Expire, Close:
		for _, r := range h.Lineage {
			out = append(out, r.ID)
		}
	}
	if action == Close {
		out = append(out, h.Successors...)
	}
	return slices.Clip(out)
}
