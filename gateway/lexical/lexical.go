// Package lexical holds values as a file wrote them.
//
// A value knows whether it was given at all, which is not the same as being
// empty, and keeps its digits: 12.50 and 12.5 are equal numbers, but only one
// of them has two decimals. Nothing is rounded, and a text that is no number
// stays what it is, so that a rule can say so.
package lexical

import (
	"math/big"
	"strings"

	"github.com/argosy-trade/argosy/gateway/money"
)

// Text is a text that may be absent.
type Text struct {
	Value string
	Given bool
}

// Of returns a text that was given.
func Of(s string) Text { return Text{Value: s, Given: true} }

// Optional returns s as a given text, or an absent one when s is empty.
func Optional(s string) Text { return Text{Value: s, Given: s != ""} }

// Blank reports whether there is nothing to read: no text, or an empty one.
func (t Text) Blank() bool { return t.Value == "" }

// Lexical returns what is to be written.
func (t Text) Lexical() (string, bool) { return t.Value, t.Given }

// SetLexical takes what was read, without the white space around it.
func (t *Text) SetLexical(s string) { *t = Of(strings.TrimSpace(s)) }

// Number is a decimal number that may be absent, and may turn out to be none.
type Number struct {
	text  string
	given bool
	value *big.Rat // nil where the text is no number
}

// ParseNumber returns the number that s writes.
func ParseNumber(s string) Number {
	n := Number{text: strings.TrimSpace(s), given: true}
	if r, err := money.ParseRat(n.text); err == nil {
		n.value = r
	}
	return n
}

// Given reports whether something was written, be it a number or not.
func (n Number) Given() bool { return n.given }

// Valid reports whether there is a number.
func (n Number) Valid() bool { return n.value != nil }

// Malformed reports whether something is written that is no number.
func (n Number) Malformed() bool { return n.text != "" && n.value == nil }

// Blank reports whether there is nothing to read.
func (n Number) Blank() bool { return n.text == "" }

// Rat returns the value, and whether there is one. The result is the caller's.
func (n Number) Rat() (*big.Rat, bool) {
	if n.value == nil {
		return new(big.Rat), false
	}
	return new(big.Rat).Set(n.value), true
}

// Sign returns -1, 0 or 1; it is 0 where there is no number.
func (n Number) Sign() int {
	if n.value == nil {
		return 0
	}
	return n.value.Sign()
}

// Decimals returns how many digits are written after the point.
func (n Number) Decimals() int {
	_, fraction, _ := strings.Cut(n.text, ".")
	return len(fraction)
}

// String returns what was written.
func (n Number) String() string { return n.text }

// Equal reports whether both were written alike.
func (n Number) Equal(o Number) bool { return n.text == o.text && n.given == o.given }

// Lexical returns what is to be written.
func (n Number) Lexical() (string, bool) { return n.text, n.given }

// SetLexical takes what was read.
func (n *Number) SetLexical(s string) { *n = ParseNumber(s) }
