// Package payment is the law of the payment instruction: what a bank is told
// to pay, to whom, for what cause, and what it reports back.
//
// The ledger holds obligations, not money. An instruction is lodged with its
// cause and held; the cause alone sets it free or stops it; the bank's agent
// carries it out elsewhere and reports. Nothing here ever marks an instruction
// settled by itself. Status words are those of ISO 20022 (pain.002, pacs.002).
package payment

import (
	"crypto/sha256"
	"encoding/binary"
	"regexp"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Kind is the name of the document kind.
const Kind trade.Kind = "payment"

// The states of an instruction.
const (
	Held       = "HELD"       // lodged with its cause; not yet due
	Created    = "CREATED"    // due: the bank is to carry it out
	Authorised = "AUTHORISED" // the bank has authorised it
	Sent       = "SENT"       // the bank has sent it; it can no longer be stopped here
	Settled    = "SETTLED"    // the bank reports settlement
	Rejected   = "REJECTED"   // the bank reports rejection
	Stopped    = "STOPPED"    // its cause fell away before it was sent
	Cancelled  = "CANCELLED"  // its cause has ended
)

// The actions on an instruction. Hold, Activate, Stop and Cancel are taken by
// its cause, the others by the debtor's bank.
const (
	Hold      = "HOLD"
	Activate  = "ACTIVATE"
	Stop      = "STOP"
	Cancel    = "CANCEL"
	Authorise = "AUTHORISE"
	Send      = "SEND"
	Settle    = "SETTLE"
	Reject    = "REJECT"
)

const (
	cause = "its cause"
	bank  = "debtor's bank"
)

// Table is the lifecycle of an instruction.
var Table = lifecycle.Table{Kind: string(Kind), Steps: []lifecycle.Step{
	{From: lifecycle.None, Action: Hold, To: Held, Who: cause},
	{From: Held, Action: Activate, To: Created, Who: cause},
	{From: Stopped, Action: Activate, To: Created, Who: cause},
	{From: Created, Action: Stop, To: Stopped, Who: cause},
	{From: Authorised, Action: Stop, To: Stopped, Who: cause},
	{From: Held, Action: Cancel, To: Cancelled, Who: cause},
	{From: Stopped, Action: Cancel, To: Cancelled, Who: cause},
	{From: Created, Action: Authorise, To: Authorised, Who: bank},
	{From: Authorised, Action: Send, To: Sent, Who: bank},
	{From: Sent, Action: Settle, To: Settled, Who: bank, Guard: "the bank reports ACSC or ACCC"},
	{From: Sent, Action: Reject, To: Rejected, Who: bank, Guard: "the bank reports RJCT with a reason"},
}}

// Account is where money is taken from or sent to.
type Account struct {
	Party trade.PartyID `json:"party"`
	Name  string        `json:"name"`
	// IBAN is the account (ISO 13616); Other is used where there is none.
	IBAN  string `json:"iban"`
	Other string `json:"other"`
	// BIC is the bank that keeps the account (ISO 9362).
	BIC string `json:"bic"`
}

var (
	ibanPattern  = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$`)
	otherPattern = regexp.MustCompile(`^[0-9A-Za-z./-]{1,34}$`)
	bicPattern   = regexp.MustCompile(`^[A-Z]{4}[A-Z]{2}[0-9A-Z]{2}([0-9A-Z]{3})?$`)
	uetrPattern  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	textPattern  = regexp.MustCompile(`^[^\x00-\x1f]{1,140}$`)
)

// Validate refuses an account without exactly one number, with a wrong IBAN
// check (ISO 7064 MOD 97-10) or a malformed BIC.
func (a Account) Validate() error {
	if err := a.Party.Validate(); err != nil {
		return err
	}
	switch {
	case !textPattern.MatchString(a.Name):
		return fault.New(fault.FieldRequired, "the account holder's name has 1 to 140 characters").WithField("name")
	case (a.IBAN == "") == (a.Other == ""):
		return fault.New(fault.FieldRequired, "give either an IBAN or another account number").WithField("iban")
	case a.IBAN != "" && (!ibanPattern.MatchString(a.IBAN) || ibanRemainder(a.IBAN) != 1):
		return fault.New(fault.FieldInvalid, "the IBAN's check digits are wrong (ISO 13616)").WithField("iban")
	case a.Other != "" && !otherPattern.MatchString(a.Other):
		return fault.New(fault.FieldInvalid, "an account number has 1 to 34 letters, digits, . / -").WithField("other")
	case !bicPattern.MatchString(a.BIC):
		return fault.New(fault.FieldInvalid, "a BIC has 8 or 11 characters (ISO 9362)").WithField("bic")
	}
	return nil
}

func ibanRemainder(iban string) int {
	r := 0
	for _, c := range iban[4:] + iban[:4] {
		if c >= 'A' {
			r = (r*100 + int(c-'A') + 10) % 97
		} else {
			r = (r*10 + int(c-'0')) % 97
		}
	}
	return r
}

// Body is the private part of an instruction. It is copied from its cause when
// that is issued and never changes.
type Body struct {
	Salt     trade.Salt    `json:"salt"`
	Cause    trade.DocID   `json:"cause"`
	Bank     trade.PartyID `json:"bank"` // who carries it out
	Debtor   Account       `json:"debtor"`
	Creditor Account       `json:"creditor"`
	Amount   trade.Money   `json:"amount"`
	// UETR follows the payment end to end (a version 4 UUID, RFC 9562).
	UETR string `json:"uetr"`
	// Remittance is told to the creditor, e.g. the invoice number.
	Remittance string `json:"remittance"`
}

// Validate refuses a body with missing or malformed fields.
func (b Body) Validate() error {
	if err := b.Salt.Validate(); err != nil {
		return err
	}
	if err := b.Cause.Validate(); err != nil {
		return err
	}
	if err := b.Bank.Validate(); err != nil {
		return err
	}
	if err := b.Debtor.Validate(); err != nil {
		return err
	}
	if err := b.Creditor.Validate(); err != nil {
		return err
	}
	if err := b.Amount.ValidatePositive(); err != nil {
		return err
	}
	if !uetrPattern.MatchString(b.UETR) {
		return fault.New(fault.FieldInvalid, "the UETR is a version 4 UUID in lower case").WithField("uetr")
	}
	if !textPattern.MatchString(b.Remittance) {
		return fault.New(fault.FieldRequired, "the remittance information has 1 to 140 characters").WithField("remittance")
	}
	return nil
}

// IDFor returns the id of the nth instruction (from 1) of one cause. There is
// one per cause and attempt, so a cause cannot be paid twice by accident.
func IDFor(cause trade.DocID, n uint32) trade.DocID {
	h := sha256.New()
	h.Write([]byte("argosy.payment.v1\x00" + string(cause) + "\x00"))
	h.Write(binary.BigEndian.AppendUint32(nil, n))
	return trade.NewDocID(cause.MSP(), [16]byte(h.Sum(nil)[:16]))
}

// ReportArgs are the private arguments of Settle and Reject: what the bank's
// payment engine reported.
type ReportArgs struct {
	Salt trade.Salt `json:"salt"`
	// Status is ACSC or ACCC for a settlement, RJCT for a rejection.
	Status string `json:"status"`
	// Reason is the ISO 20022 reason code of a rejection, e.g. AC04.
	Reason string `json:"reason"`
	// Reference is the bank's own reference.
	Reference string `json:"reference"`
}

var reasonPattern = regexp.MustCompile(`^[A-Z0-9]{4}$`)

// Apply moves the instruction doc by cmd, which its bank sends. Steps that
// belong to its cause are refused here.
func Apply(doc trade.Document, cmd trade.Command, f trade.Facts) (trade.Effects, error) {
	step, err := Table.Next(doc.Header.State, cmd.Action)
	if err != nil {
		return trade.Effects{}, err
	}
	if step.Who == cause {
		return trade.Effects{}, fault.New(fault.TransitionForbidden, "an instruction is moved by its cause only")
	}
	body, err := canon.Decode[Body](doc.Body)
	if err != nil {
		return trade.Effects{}, err
	}
	if err := trade.RequireParty(f.Caller, body.Bank, bank); err != nil {
		return trade.Effects{}, err
	}
	var note []byte
	if cmd.Action == Settle || cmd.Action == Reject {
		if err := checkReport(cmd.Action, cmd.Args); err != nil {
			return trade.Effects{}, err
		}
		note = cmd.Args
	}
	doc.Header.State = step.To
	return trade.Effects{Doc: doc, Note: note}, nil
}

func checkReport(action string, args []byte) error {
	r, err := canon.Decode[ReportArgs](args)
	if err != nil {
		return err
	}
	if err := r.Salt.Validate(); err != nil {
		return err
	}
	switch {
	case action == Settle && r.Status != "ACSC" && r.Status != "ACCC":
		return fault.New(fault.FieldInvalid, "a settlement is reported as ACSC or ACCC").WithField("status")
	case action == Reject && (r.Status != "RJCT" || !reasonPattern.MatchString(r.Reason)):
		return fault.New(fault.FieldInvalid, "a rejection is RJCT with a four-character reason code").WithField("status")
	case !textPattern.MatchString(r.Reference):
		return fault.New(fault.FieldRequired, "the bank's reference has 1 to 140 characters").WithField("reference")
	}
	return nil
}

// ByCause returns h after the step that its cause takes with action.
func ByCause(h trade.Header, action string) (trade.Header, error) {
	step, err := Table.Next(h.State, action)
	if err != nil {
		return h, err
	}
	if step.Who != cause {
		return h, fault.New(fault.TransitionForbidden, "%s is not a step of the cause", action)
	}
	h.State = step.To
	return h, nil
}

// Stoppable reports whether an instruction in the state has not left the bank.
func Stoppable(state string) bool { return state == Created || state == Authorised }

// Parties returns the parties named in the canonical body b.
func Parties(b []byte) ([]trade.PartyID, error) {
	body, err := canon.Decode[Body](b)
	if err != nil {
		return nil, err
	}
	return []trade.PartyID{body.Bank, body.Debtor.Party, body.Creditor.Party}, nil
}
