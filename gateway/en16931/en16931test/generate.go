// Package en16931test draws invoices of the semantic model for property tests
// of the syntaxes. It is for tests only: what it draws is well-formed, not
// valid.
package en16931test

import (
	"reflect"

	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
)

// maxGroups bounds each repeated group.
const maxGroups = 2

// Invoice draws an invoice: every field may be absent, empty or filled, every
// group absent or repeated.
func Invoice() *rapid.Generator[*en16931.Invoice] {
	return rapid.Custom(func(t *rapid.T) *en16931.Invoice {
		inv := &en16931.Invoice{}
		fill(t, reflect.ValueOf(inv).Elem())
		inv.RepeatedVAT = nil
		return inv
	})
}

// Text draws a text that XML carries: without control characters, and without
// white space at its ends.
func Text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9&<>"'.-]{1,12}`),
		rapid.StringMatching(`[\x{4E00}-\x{4E20}é €]{0,4}[a-z]`).Filter(func(s string) bool { return s[0] != ' ' }),
		rapid.Just("two\nlines"),
	)
}

// Date draws a date.
func Date() *rapid.Generator[string] {
	return rapid.StringMatching(`20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9])`)
}

func fill(t *rapid.T, v reflect.Value) {
	switch field := v.Addr().Interface().(type) {
	case *lexical.Text:
		if rapid.Bool().Draw(t, "given") {
			*field = lexical.Of(Text().Draw(t, "text"))
		}
		return
	case *lexical.Number:
		if rapid.Bool().Draw(t, "given") {
			*field = lexical.ParseNumber(rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]{1,6})?`).Draw(t, "number"))
		}
		return
	case *bool:
		*field = rapid.Bool().Draw(t, "bool")
		return
	}
	switch v.Kind() { //nolint:exhaustive // the model has no other kinds
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
		complete(v.Addr().Interface())
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "present") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		for range rapid.IntRange(0, maxGroups).Draw(t, "groups") {
			item := reflect.New(v.Type().Elem()).Elem()
			fill(t, item)
			v.Set(reflect.Append(v, item))
		}
	}
}

// complete gives a value to what an element is made of: an element is there
// with an empty text, or it is not there.
func complete(group any) {
	give := func(t *lexical.Text) { t.Given = true }
	switch g := group.(type) {
	case *en16931.Identifier:
		give(&g.ID)
	case *en16931.Note:
		give(&g.Text)
	case *en16931.Attachment:
		give(&g.Content)
	case *en16931.Payment:
		give(&g.Code)
	case *en16931.Amount:
		if !g.Given() {
			*g = en16931.Amount{}
		}
	case *en16931.Quantity:
		if !g.Given() {
			*g = en16931.Quantity{}
		}
	}
}

// Dates gives every date that is given a date for its text.
func Dates(t *rapid.T, inv *en16931.Invoice) {
	set := func(fields ...*lexical.Text) {
		for _, f := range fields {
			if f.Given {
				*f = lexical.Of(Date().Draw(t, "date"))
			}
		}
	}
	set(&inv.IssueDate, &inv.TaxPointDate, &inv.DueDate)
	for i := range inv.Preceding {
		set(&inv.Preceding[i].IssueDate)
	}
	if inv.Delivery != nil {
		set(&inv.Delivery.Date)
	}
	if inv.Period != nil {
		set(&inv.Period.Start, &inv.Period.End)
	}
	for i := range inv.Lines {
		if p := inv.Lines[i].Period; p != nil {
			set(&p.Start, &p.End)
		}
	}
}
