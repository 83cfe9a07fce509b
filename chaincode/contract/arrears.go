package contract

import (
	"slices"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/argosy-trade/argosy/chaincode/domain/arrears"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/state"
)

// maxReported bounds one report: each lot is a question to the other chaincode.
const maxReported = 50

// Default is the contract of the default list. No transaction writes both
// chaincodes: a lot goes overdue in `trade`, and whoever likes reports it here,
// as often as he likes.
type Default struct{ record }

// ReportedLots is the argument of Report.
type ReportedLots struct {
	RequestID string        `json:"requestId"`
	Lots      []trade.DocID `json:"lots"`
}

// Report brings the list up to date with what the lots' headers say, and returns
// the records of the parties concerned.
func (c *Default) Report(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return transact(&c.record, ctx, in, func(a ReportedLots) string { return a.RequestID },
		func(s *session, a ReportedLots) (change, error) {
			if len(a.Lots) == 0 || len(a.Lots) > maxReported {
				return change{}, fault.New(fault.TooLarge, "1 to %d lots are reported at once", maxReported).WithField("lots")
			}
			if !slices.IsSorted(a.Lots) || len(slices.Compact(slices.Clone(a.Lots))) != len(a.Lots) {
				return change{}, fault.New(fault.FieldInvalid, "lots are sorted, each once").WithField("lots")
			}
			l := defaultList{s: s, parties: map[trade.PartyID]arrears.Record{}, puts: map[string]any{}}
			for _, id := range a.Lots {
				if err := l.note(id); err != nil {
					return change{}, err
				}
			}
			return l.change(), nil
		})
}

// defaultList is the list while a report is entered: what is written in a
// transaction cannot be read in it.
type defaultList struct {
	s       *session
	parties map[trade.PartyID]arrears.Record
	before  []trade.Event
	puts    map[string]any
}

// note enters what one lot says.
func (l *defaultList) note(id trade.DocID) error {
	h, err := l.lot(id)
	if err != nil {
		return err
	}
	inArrears, known := lot.InArrears(h.State)
	if !known {
		return nil // its units live on in other lots: those are to be reported
	}
	e := arrears.Entry{Lot: id, Party: h.Defaulter}
	if _, err := l.s.get(state.ArrearsLotKey(id), &e); err != nil {
		return err
	}
	r, seen := l.parties[h.Defaulter]
	if !seen {
		r = arrears.Record{Party: h.Defaulter}
		if _, err := l.s.get(state.ArrearsKey(h.Defaulter), &r); err != nil {
			return err
		}
	}
	after, record := arrears.Note(e, r, inArrears, l.s.now)
	if after != e {
		l.puts[state.ArrearsLotKey(id)] = after
		l.puts[state.ArrearsKey(h.Defaulter)] = record
		l.before = append(l.before, trade.Event{
			Kind: "default", ID: trade.DocID(h.Defaulter), Action: "REPORT", From: listed(r), To: listed(record),
			Version: record.Open,
		})
	}
	l.parties[h.Defaulter] = record
	return nil
}

// lot returns the header of a valid lot that has gone into default. The
// defaulter's own organisation must be among its parties: no one else can say of
// a company that it does not pay.
func (l *defaultList) lot(id trade.DocID) (trade.Header, error) {
	var a HeaderAnswer
	if err := l.s.askOf(l.s.Trade, "Lot:Header", ByID{ID: id}, &a); err != nil {
		return a.Header, err
	}
	if !a.Valid {
		return a.Header, fault.New(fault.DocInvalid, "not every party holds this lot").WithDoc(string(id))
	}
	if a.Header.Defaulter == "" {
		return a.Header, fault.New(fault.ConditionUnmet, "the lot is not in default").WithDoc(string(id))
	}
	p, err := l.s.party(a.Header.Defaulter)
	if err != nil {
		return a.Header, err
	}
	if !slices.Contains(a.Header.Parties, p.MSP) {
		return a.Header, fault.New(fault.DocInvalid, "%s has not checked what its client owes", p.MSP).WithDoc(string(id))
	}
	return a.Header, nil
}

func (l *defaultList) change() change {
	records := []arrears.Record{}
	for _, r := range l.parties {
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b arrears.Record) int {
		if a.Party < b.Party {
			return -1
		}
		return 1
	})
	return change{puts: l.puts, result: records, events: l.before}
}

func listed(r arrears.Record) string {
	if r.InDefault() {
		return "IN_DEFAULT"
	}
	return "CLEAR"
}

// Get returns what the list knows of a party; who was never reported is clear.
func (c *Default) Get(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q ByPartyID) (arrears.Record, error) {
		r := arrears.Record{Party: q.ID}
		if err := q.ID.Validate(); err != nil {
			return r, err
		}
		_, err := s.get(state.ArrearsKey(q.ID), &r)
		return r, err
	})
}

// Among returns those of the parties that are in default.
func (c *Default) Among(ctx contractapi.TransactionContextInterface, in string) (string, error) {
	return query(&c.record, ctx, in, func(s *session, q PartyIDs) ([]trade.PartyID, error) {
		if len(q.IDs) > maxLookup {
			return nil, fault.New(fault.TooLarge, "%d parties; the limit is %d", len(q.IDs), maxLookup)
		}
		out := []trade.PartyID{}
		for _, id := range q.IDs {
			var r arrears.Record
			if _, err := s.get(state.ArrearsKey(id), &r); err != nil {
				return nil, err
			}
			if r.InDefault() {
				out = append(out, id)
			}
		}
		return out, nil
	})
}

// GetEvaluateTransactions marks the queries in the contract's metadata.
func (c *Default) GetEvaluateTransactions() []string { return []string{"Get", "Among"} }
