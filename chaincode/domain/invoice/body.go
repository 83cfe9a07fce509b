// Package invoice is the law of the commercial invoice: its fields, the sums
// that must hold, and who may move it.
//
// The field names are those of EN 16931-1 (business terms BT-…, groups BG-…);
// rules carry the identifier of the EN 16931 rule that they implement. Amounts
// are in minor units of the one invoice currency. Once issued, a body never
// changes: corrections are documents of their own.
package invoice

import (
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Kind is the name of the document kind.
const Kind trade.Kind = "invoice"

// Limits of an invoice body.
const (
	maxLines = 2000 // stays under canon.MaxBytes with long item names
	maxText  = 512  // any one text field
)

// Trader is the seller or the buyer (BG-4, BG-7).
type Trader struct {
	Party   trade.PartyID `json:"party"`
	Name    string        `json:"name"`    // BT-27, BT-44
	Country string        `json:"country"` // BT-40, BT-55: ISO 3166-1 alpha-2
	TaxID   string        `json:"taxId"`   // BT-31, BT-48
}

// Line is one invoice line (BG-25).
type Line struct {
	ID       string        `json:"id"`       // BT-126
	Name     string        `json:"name"`     // BT-153
	Quantity trade.Decimal `json:"quantity"` // BT-129
	Unit     string        `json:"unit"`     // BT-130: UN/CEFACT Recommendation 20
	Price    trade.Decimal `json:"price"`    // BT-146: net price per unit in major units
	NetMinor int64         `json:"netMinor"` // BT-131
	HSCode   string        `json:"hsCode"`   // BT-158 with list HS, where the invoice has one
}

// Tax is one VAT breakdown (BG-23).
type Tax struct {
	Category  string        `json:"category"`  // BT-118
	Rate      trade.Decimal `json:"rate"`      // BT-119: per cent
	BaseMinor int64         `json:"baseMinor"` // BT-116
	TaxMinor  int64         `json:"taxMinor"`  // BT-117
}

// Totals are the document totals (BG-22).
type Totals struct {
	LinesMinor      int64 `json:"linesMinor"`      // BT-106
	AllowancesMinor int64 `json:"allowancesMinor"` // BT-107
	ChargesMinor    int64 `json:"chargesMinor"`    // BT-108
	NetMinor        int64 `json:"netMinor"`        // BT-109
	TaxMinor        int64 `json:"taxMinor"`        // BT-110
	GrossMinor      int64 `json:"grossMinor"`      // BT-112
	PaidMinor       int64 `json:"paidMinor"`       // BT-113
	RoundingMinor   int64 `json:"roundingMinor"`   // BT-114
	DueMinor        int64 `json:"dueMinor"`        // BT-115
}

// Original names the message that the body was read from.
type Original struct {
	Format string       `json:"format"` // e.g. "UBL-2.1"; empty when there was none
	SHA256 trade.Digest `json:"sha256"`
}

// Body is the private part of an invoice.
type Body struct {
	Salt           trade.Salt `json:"salt"`
	Number         string     `json:"number"`         // BT-1
	IssueDate      trade.Date `json:"issueDate"`      // BT-2
	TypeCode       string     `json:"typeCode"`       // BT-3: 380
	Currency       string     `json:"currency"`       // BT-5
	DueDate        trade.Date `json:"dueDate"`        // BT-9, or empty
	OrderReference string     `json:"orderReference"` // BT-13
	PaymentTerms   string     `json:"paymentTerms"`   // BT-20
	Seller         Trader     `json:"seller"`
	Buyer          Trader     `json:"buyer"`
	Lines          []Line     `json:"lines"`
	Taxes          []Tax      `json:"taxes"`
	Totals         Totals     `json:"totals"`
	Original       Original   `json:"original"`
}

// Due returns the amount due for payment (BT-115).
func (b Body) Due() trade.Money {
	return trade.Money{AmountMinor: b.Totals.DueMinor, Currency: b.Currency}
}

// Parties returns the parties named in the body.
func (b Body) Parties() []trade.PartyID { return []trade.PartyID{b.Seller.Party, b.Buyer.Party} }

// Validate refuses a body with missing fields or sums that do not hold.
func (b Body) Validate() error {
	for _, check := range []func() error{b.Salt.Validate, b.validateHead, b.validateLines, b.validateSums} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (b Body) validateHead() error {
	for _, f := range []struct{ name, value, rule string }{
		{"number", b.Number, "BR-02"},
		{"issueDate", string(b.IssueDate), "BR-03"},
		{"typeCode", b.TypeCode, "BR-04"},
		{"currency", b.Currency, "BR-05"},
		{"seller.name", b.Seller.Name, "BR-06"},
		{"buyer.name", b.Buyer.Name, "BR-07"},
		{"seller.country", b.Seller.Country, "BR-09"},
		{"buyer.country", b.Buyer.Country, "BR-11"},
	} {
		if f.value == "" {
			return fault.New(fault.FieldRequired, "%s: must be given", f.rule).WithField(f.name)
		}
		if len(f.value) > maxText {
			return fault.New(fault.TooLarge, "over %d bytes", maxText).WithField(f.name)
		}
	}
	if b.TypeCode != "380" {
		return fault.New(fault.FieldInvalid, "only commercial invoices (type 380) are issued here").WithField("typeCode")
	}
	if err := (trade.Money{Currency: b.Currency}).Validate(); err != nil {
		return err
	}
	if err := b.IssueDate.Validate(); err != nil {
		return err
	}
	if b.DueDate != "" {
		if err := b.DueDate.Validate(); err != nil {
			return err
		}
	}
	if b.DueDate == "" && b.PaymentTerms == "" && b.Totals.DueMinor > 0 {
		return fault.New(fault.FieldRequired, "BR-CO-25: a due date or payment terms must be given").WithField("dueDate")
	}
	if b.Seller.Party == b.Buyer.Party {
		return fault.New(fault.FieldInvalid, "seller and buyer are the same party").WithField("buyer.party")
	}
	if err := b.Seller.Party.Validate(); err != nil {
		return err
	}
	return b.Buyer.Party.Validate()
}

func (b Body) validateLines() error {
	if len(b.Lines) == 0 {
		return fault.New(fault.FieldRequired, "BR-16: at least one line").WithField("lines")
	}
	if len(b.Lines) > maxLines {
		return fault.New(fault.TooLarge, "%d lines; the limit is %d", len(b.Lines), maxLines).WithField("lines")
	}
	for _, l := range b.Lines {
		switch {
		case l.ID == "":
			return fault.New(fault.FieldRequired, "BR-21: each line has an id").WithField("lines.id")
		case l.Unit == "":
			return fault.New(fault.FieldRequired, "BR-23: each line has a unit").WithField("lines.unit")
		case l.Name == "":
			return fault.New(fault.FieldRequired, "BR-25: each line names an item").WithField("lines.name")
		case len(l.Name) > maxText || len(l.ID) > maxText:
			return fault.New(fault.TooLarge, "over %d bytes", maxText).WithField("lines.name")
		case l.Price.Unscaled < 0:
			return fault.New(fault.FieldInvalid, "BR-27: a net price is not negative").WithField("lines.price")
		}
		if err := l.Quantity.Validate(); err != nil {
			return err
		}
		if err := l.Price.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// validateSums holds the totals against each other: BR-CO-10, 13, 14, 15, 16,
// 18. Additions are checked for overflow.
func (b Body) validateSums() error {
	t := b.Totals
	lines, taxes := adder{}, adder{}
	for _, l := range b.Lines {
		lines.add(l.NetMinor)
	}
	for _, x := range b.Taxes {
		taxes.add(x.TaxMinor)
		if err := x.Rate.Validate(); err != nil {
			return err
		}
	}
	if len(b.Taxes) == 0 {
		return fault.New(fault.FieldRequired, "BR-CO-18: at least one VAT breakdown").WithField("taxes")
	}
	for _, s := range []struct {
		rule, field string
		want        int64
		sum         adder
	}{
		{"BR-CO-10", "totals.linesMinor", t.LinesMinor, lines},
		{"BR-CO-13", "totals.netMinor", t.NetMinor, sum(t.LinesMinor, t.ChargesMinor).sub(t.AllowancesMinor)},
		{"BR-CO-14", "totals.taxMinor", t.TaxMinor, taxes},
		{"BR-CO-15", "totals.grossMinor", t.GrossMinor, sum(t.NetMinor, t.TaxMinor)},
		{"BR-CO-16", "totals.dueMinor", t.DueMinor, sum(t.GrossMinor, t.RoundingMinor).sub(t.PaidMinor)},
	} {
		if s.sum.overflow || s.sum.total != s.want {
			return fault.New(fault.FieldInvalid, "%s: the sum does not hold", s.rule).WithField(s.field)
		}
	}
	return nil
}

// adder sums minor units and remembers an overflow.
type adder struct {
	total    int64
	overflow bool
}

func sum(terms ...int64) adder {
	var a adder
	for _, t := range terms {
		a.add(t)
	}
	return a
}

func (a *adder) add(n int64) {
	s := a.total + n
	if (n > 0 && s < a.total) || (n < 0 && s > a.total) {
		a.overflow = true
	}
	a.total = s
}

func (a adder) sub(n int64) adder {
	d := a.total - n
	if (n > 0 && d > a.total) || (n < 0 && d < a.total) {
		a.overflow = true
	}
	a.total = d
	return a
}
