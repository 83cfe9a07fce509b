package lot

import (
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/lifecycle"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// The states of a lot.
const (
	// A lot that was offered to somebody and is not in force yet, and the ends
	// of offers that came to nothing.
	Offered   = "OFFERED"
	Rejected  = "REJECTED"
	Retracted = "RETRACTED"
	Lapsed    = "LAPSED"

	// A lot in force.
	Active          = "ACTIVE"
	TransferPending = "TRANSFER_PENDING"
	PledgePending   = "PLEDGE_PENDING"
	FinancePending  = "FINANCE_PENDING"
	Pledged         = "PLEDGED"
	Financed        = "FINANCED"
	Frozen          = "FROZEN"
	Due             = "DUE"
	Overdue         = "OVERDUE"
	InRecourse      = "RECOURSE"

	// A lot that ended with its units.
	Paid       = "PAID"
	Cancelled  = "CANCELLED"
	WrittenOff = "WRITTEN_OFF"

	// A lot whose units live on in its successors, and what it becomes when
	// they have all ended.
	Divided         = "SPLIT"
	Superseded      = "SUPERSEDED"
	Closed          = "CLOSED"
	ClosedCancelled = "CLOSED_CANCELLED"
	ClosedWithLoss  = "CLOSED_WITH_LOSS"
)

// The actions on a lot.
const (
	Split        = "SPLIT"
	Transfer     = "TRANSFER"
	Pledge       = "PLEDGE"
	AskFinance   = "ASK_FINANCE"
	Accept       = "ACCEPT"
	TakeInPledge = "TAKE_IN_PLEDGE"
	Finance      = "FINANCE"
	Reject       = "REJECT"
	Recall       = "RECALL"
	Lapse        = "LAPSE"
	Release      = "RELEASE"
	Freeze       = "FREEZE"
	Unfreeze     = "UNFREEZE"
	Mature       = "MATURE"
	Pay          = "PAY"
	Default      = "DEFAULT"
	Recourse     = "RECOURSE"
	WriteOff     = "WRITE_OFF"
	BuyBack      = "BUY_BACK"
	Close        = "CLOSE"
)

// Steps that nobody asks for by name: a voucher makes its first lot, a lot makes
// and moves its successors, and Pay and Close become what the amounts and the
// successors say.
const (
	Issue          = "ISSUE"
	Offering       = "OFFER"
	Part           = "PART"
	PartPaid       = "PART_PAID"
	RestDue        = "REST_DUE"
	RestOverdue    = "REST_OVERDUE"
	RestRecourse   = "REST_RECOURSE"
	RestWrittenOff = "REST_WRITTEN_OFF"
	Retract        = "RETRACT"
	Return         = "RETURN"
	Succeed        = "SUCCEED"
	PayPart        = "PAY_PART"
	CloseCancelled = "CLOSE_CANCELLED"
	CloseWithLoss  = "CLOSE_WITH_LOSS"
)

// Who may act.
const (
	owner     = "owner"
	recipient = "recipient"
	pledgee   = "pledgee"
	financier = "financier"
	offeree   = "whom it is offered to"
	payee     = "payee"
	bank      = "issuer's bank"
	party     = "a party"
	authority = "an authority"

	voucher     = "its voucher"
	predecessor = "its predecessor"
	successor   = "its successor"
)

// Table is the lifecycle of a lot.
var Table = lifecycle.Table{Kind: string(Kind), Steps: slices.Concat(
	[]lifecycle.Step{
		{From: lifecycle.None, Action: Issue, To: Active, Who: voucher, Guard: "all units, owned by the payee"},
		{From: lifecycle.None, Action: Offering, To: Offered, Who: predecessor},
		{From: lifecycle.None, Action: Part, To: Active, Who: predecessor, Guard: "split, or released from a pledge"},
		{From: lifecycle.None, Action: PartPaid, To: Paid, Who: predecessor},
		{From: lifecycle.None, Action: RestDue, To: Due, Who: predecessor},
		{From: lifecycle.None, Action: RestOverdue, To: Overdue, Who: predecessor},
		{From: lifecycle.None, Action: RestRecourse, To: InRecourse, Who: predecessor},
		{From: lifecycle.None, Action: RestWrittenOff, To: WrittenOff, Who: predecessor},

		{From: Active, Action: Split, To: Divided, Who: owner, Guard: "the parts partition it; smallest lot, number of lots"},
		{
			From: Active, Action: Transfer, To: TransferPending, Who: owner,
			Guard: "before maturity; a supply is named; depth; transferable, or back to the issuer",
		},
		{From: Active, Action: Pledge, To: PledgePending, Who: owner, Guard: "before maturity"},
		{From: Active, Action: AskFinance, To: FinancePending, Who: owner, Guard: "before maturity; one bank"},
		{From: Active, Action: BuyBack, To: Cancelled, Who: owner, Guard: "the owner is the issuer: the lot came home"},

		{From: Offered, Action: Accept, To: Active, Who: recipient, Guard: "before the offer's deadline"},
		{From: Offered, Action: TakeInPledge, To: Pledged, Who: pledgee, Guard: "before the offer's deadline"},
		{
			From: Offered, Action: Finance, To: Financed, Who: financier,
			Guard: "before the offer's deadline; its payment is reported, with the registry number",
		},
		{From: Offered, Action: Reject, To: Rejected, Who: offeree},
		{From: Offered, Action: Retract, To: Retracted, Who: predecessor},
		{From: Offered, Action: Lapse, To: Lapsed, Who: lifecycle.Anyone, Guard: "the offer's deadline has passed"},

		{From: Pledged, Action: Release, To: Superseded, Who: pledgee, Guard: "a lot without the pledge succeeds"},
		{From: Due, Action: Default, To: Overdue, Who: party, Guard: "days of grace are over; the issuer is made public"},
		{From: Overdue, Action: Recourse, To: InRecourse, Who: payee, Guard: "the voucher is with recourse"},
	},
	each(pending, func(s string) []lifecycle.Step {
		return []lifecycle.Step{
			{From: s, Action: Recall, To: Active, Who: owner},
			{From: s, Action: Return, To: Active, Who: successor, Guard: "rejected or lapsed"},
			{From: s, Action: Succeed, To: Superseded, Who: successor, Guard: "accepted"},
		}
	}),
	each([]string{Active, Pledged, Financed}, func(s string) []lifecycle.Step {
		return []lifecycle.Step{
			{From: s, Action: Mature, To: Due, Who: party, Guard: "the day of maturity has begun; not at home"},
		}
	}),
	each([]string{Due, Overdue, InRecourse, WrittenOff}, func(s string) []lifecycle.Step {
		return []lifecycle.Step{
			{From: s, Action: Pay, To: Paid, Who: bank, Guard: "it reports settlement of the whole lot"},
			{From: s, Action: PayPart, To: Divided, Who: bank, Guard: "it reports settlement of a part"},
		}
	}),
	each([]string{Overdue, InRecourse}, func(s string) []lifecycle.Step {
		return []lifecycle.Step{{From: s, Action: WriteOff, To: WrittenOff, Who: payee}}
	}),
	each(outstanding, func(s string) []lifecycle.Step {
		return []lifecycle.Step{{From: s, Action: Freeze, To: Frozen, Who: authority, Guard: "an order is named"}}
	}),
	[]lifecycle.Step{
		{
			From: Frozen, Action: Unfreeze, To: lifecycle.Previous, Who: authority,
			Guard: "the organisation that froze it; an order is named",
		},
	},
	each([]string{Divided, Superseded}, func(s string) []lifecycle.Step {
		return []lifecycle.Step{
			{From: s, Action: Close, To: Closed, Who: lifecycle.Anyone, Guard: "every successor is paid or cancelled"},
			{
				From: s, Action: CloseCancelled, To: ClosedCancelled, Who: lifecycle.Anyone,
				Guard: "every successor is cancelled",
			},
			{
				From: s, Action: CloseWithLoss, To: ClosedWithLoss, Who: lifecycle.Anyone,
				Guard: "every successor has ended, one written off",
			},
		}
	}),
	[]lifecycle.Step{
		{
			From: ClosedWithLoss, Action: Close, To: Closed, Who: lifecycle.Anyone,
			Guard: "what was written off is paid after all",
		},
	},
)}

var (
	pending = []string{TransferPending, PledgePending, FinancePending}
	// outstanding are the states in which the issuer still owes the units and
	// nothing is suspended.
	outstanding = []string{
		Active, TransferPending, PledgePending, FinancePending, Pledged, Financed, Due, Overdue, InRecourse,
	}
)

func each(states []string, steps func(string) []lifecycle.Step) []lifecycle.Step {
	var out []lifecycle.Step
	for _, s := range states {
		out = append(out, steps(s)...)
	}
	return out
}

// Outstanding reports whether the issuer owes the units of a lot in the state.
func Outstanding(state string) bool { return state == Frozen || slices.Contains(outstanding, state) }

// Leaf reports whether a lot in the state stands for its units itself, whether
// they are owed or have ended. The leaves of a voucher partition its units.
func Leaf(state string) bool {
	return Outstanding(state) || state == Paid || state == Cancelled || state == WrittenOff
}

// Ended says which end a lot in the state has come to: Close, CloseCancelled or
// CloseWithLoss as its predecessor's step would be, or "" while it has not ended.
func Ended(state string) string {
	switch state {
	case Paid, Closed:
		return Close
	case Cancelled, ClosedCancelled:
		return CloseCancelled
	case WrittenOff, ClosedWithLoss:
		return CloseWithLoss
	default:
		return ""
	}
}

// EndOf says how a document whose successors are in the states closes, "" while
// one of them has not ended: with loss if one was written off, cancelled if all
// came home, else paid.
func EndOf(states []string) string {
	cancelled, loss := len(states) > 0, false
	for _, s := range states {
		end := Ended(s)
		if end == "" {
			return ""
		}
		cancelled = cancelled && end == CloseCancelled
		loss = loss || end == CloseWithLoss
	}
	switch {
	case len(states) == 0:
		return ""
	case loss:
		return CloseWithLoss
	case cancelled:
		return CloseCancelled
	default:
		return Close
	}
}

// InArrears reports whether a lot in the state is past due and unpaid, and
// whether the state says so at all: the units of a lot that was paid in part
// live on in others.
func InArrears(state string) (inArrears, known bool) {
	switch state {
	case Overdue, InRecourse, WrittenOff, ClosedWithLoss:
		return true, true
	case Paid, Closed:
		return false, true
	default:
		return false, false
	}
}

// Already reports whether a step that anyone may take has been taken.
func Already(state, action string) bool {
	switch action {
	case Lapse:
		return state == Lapsed
	case Close:
		return state == Closed || state == ClosedCancelled
	default:
		return false
	}
}

// Blind reports whether the action is an authority's, who does not see the lot.
func Blind(action string) bool { return action == Freeze || action == Unfreeze }

// Moves returns the lots that move with the one with the header, or whose state
// decides. Splitting and paying look at nothing else, so that lots of one
// voucher never wait for each other.
func Moves(h trade.Header, action string) []trade.DocID {
	switch action {
	case Accept, TakeInPledge, Finance, Reject, Lapse:
		if len(h.Lineage) == 1 {
			return []trade.DocID{h.Lineage[0].ID}
		}
		return nil
	case Recall, Close:
		return h.Successors
	default:
		return nil
	}
}
