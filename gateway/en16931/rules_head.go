package en16931

import (
	"time"

	"github.com/argosy-trade/argosy/gateway/lexical"
)

// headRules are about the document as a whole.
func headRules() []Rule {
	return []Rule{
		{
			"BR-01", Fatal, "An invoice names the specification that it follows (BT-24).",
			missing("BT-24", func(v *view) lexical.Text { return v.Specification }),
		},
		{
			"BR-02", Fatal, "An invoice has a number (BT-1).",
			missing("BT-1", func(v *view) lexical.Text { return v.Number }),
		},
		{
			"BR-03", Fatal, "An invoice has an issue date (BT-2).",
			missing("BT-2", func(v *view) lexical.Text { return v.IssueDate }),
		},
		{
			"BR-04", Fatal, "An invoice has a type code (BT-3).",
			missing("BT-3", func(v *view) lexical.Text { return v.TypeCode }),
		},
		{
			"BR-05", Fatal, "An invoice has a currency (BT-5).",
			missing("BT-5", func(v *view) lexical.Text { return v.Currency }),
		},
		{
			"BR-29", Fatal, "The invoicing period does not end (BT-74) before it starts (BT-73).",
			when("BG-14", func(v *view) bool { return backwards(v.Period) }),
		},
		{
			"BR-CO-03", Fatal, "A tax point is given by its date (BT-7) or by a code (BT-8), not by both.",
			when("BT-8", func(v *view) bool { return v.TaxPointDate.Given && v.TaxPointCode.Given }),
		},
		{
			"BR-CO-19", Fatal, "An invoicing period (BG-14) has a start or an end.",
			when("BG-14", func(v *view) bool { return open(v.Period) }),
		},
		{
			"BR-55", Fatal, "A reference to an earlier invoice (BG-3) gives its number (BT-25).",
			func(v *view, found report) {
				for i, p := range v.Preceding {
					if p.Number.Blank() {
						found(within("BG-3", i)("BT-25"), "")
					}
				}
			},
		},
		{
			"BR-52", Fatal, "A supporting document (BG-24) has a reference (BT-122).",
			func(v *view, found report) {
				for i, d := range v.Documents {
					if d.Reference.Blank() {
						found(within("BG-24", i)("BT-122"), "")
					}
				}
			},
		},
		{
			"BR-57", Fatal, "An address of delivery (BG-15) has a country (BT-80).",
			when("BG-15/BT-80", func(v *view) bool {
				return v.Delivery != nil && v.Delivery.Address != nil && v.Delivery.Address.Country.Blank()
			}),
		},
		{
			"BR-16", Fatal, "An invoice has at least one line (BG-25).",
			when("BG-25", func(v *view) bool { return len(v.Lines) == 0 }),
		},
		{"ARGOSY-DATE", Fatal, "A date is a day of the calendar, written YYYY-MM-DD.", checkDates},
	}
}

func missing(term string, field func(v *view) lexical.Text) check {
	return when(term, func(v *view) bool { return field(v).Blank() })
}

func open(p *Period) bool { return p != nil && p.Start.Blank() && p.End.Blank() }

// backwards compares the dates as texts, which YYYY-MM-DD allows.
func backwards(p *Period) bool {
	return p != nil && !p.Start.Blank() && !p.End.Blank() && p.End.Value < p.Start.Value
}

func checkDates(v *view, found report) {
	date := func(term string, t lexical.Text) {
		if t.Blank() {
			return
		}
		if _, err := time.Parse(time.DateOnly, t.Value); err != nil {
			found(term, "")
		}
	}
	period := func(at path, p *Period, start, end string) {
		if p != nil {
			date(at(start), p.Start)
			date(at(end), p.End)
		}
	}
	date("BT-2", v.IssueDate)
	date("BT-7", v.TaxPointDate)
	date("BT-9", v.DueDate)
	for i, p := range v.Preceding {
		date(within("BG-3", i)("BT-26"), p.IssueDate)
	}
	if v.Delivery != nil {
		date("BT-72", v.Delivery.Date)
	}
	period(within("BG-14", 0), v.Period, "BT-73", "BT-74")
	for i := range v.Lines {
		period(within("BG-25", i), v.Lines[i].Period, "BT-134", "BT-135")
	}
}
