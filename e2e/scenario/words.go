package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// phrase is what stands behind a verb: its object, and the clauses that words
// like "to" or "because" open.
type phrase struct {
	object  []string
	clauses map[string][]string
}

// parse splits words at the openers. A clause without words, or one that
// stands twice, is refused.
func parse(words []string, openers ...string) (phrase, error) {
	p := phrase{clauses: map[string][]string{}}
	open := ""
	for _, w := range words {
		switch {
		case slices.Contains(openers, w):
			if _, twice := p.clauses[w]; twice {
				return p, fmt.Errorf("%q stands twice", w)
			}
			open, p.clauses[w] = w, nil
		case open == "":
			p.object = append(p.object, w)
		default:
			p.clauses[open] = append(p.clauses[open], w)
		}
	}
	for w, c := range p.clauses {
		if len(c) == 0 {
			return p, fmt.Errorf("nothing stands behind %q", w)
		}
	}
	return p, nil
}

// one returns the clause's single word, "" if there is no such clause.
func (p phrase) one(opener string) (string, error) {
	c, ok := p.clauses[opener]
	if ok && len(c) != 1 {
		return "", fmt.Errorf("%q wants one word, not %q", opener, strings.Join(c, " "))
	}
	if !ok {
		return "", nil
	}
	return c[0], nil
}

// seen returns the version of "having seen version 3".
func (p phrase) seen() (version uint64, given bool, err error) {
	c, ok := p.clauses["having"]
	if !ok {
		return 0, false, nil
	}
	if len(c) != 3 || c[0] != "seen" || c[1] != "version" {
		return 0, false, fmt.Errorf("write: having seen version N")
	}
	version, err = strconv.ParseUint(c[2], 10, 64)
	return version, true, err
}

// request returns the name of "under request R".
func (p phrase) request() (string, error) {
	c, ok := p.clauses["under"]
	if !ok {
		return "", nil
	}
	if len(c) != 2 || c[0] != "request" {
		return "", fmt.Errorf("write: under request NAME")
	}
	return c[1], nil
}

// amount reads "125000.00 EUR". Stories use currencies with two decimals only.
func amount(words []string) (trade.Money, error) {
	bad := fmt.Errorf("an amount is written like 125000.00 EUR, not %q", strings.Join(words, " "))
	if len(words) != 2 {
		return trade.Money{}, bad
	}
	major, minor, ok := strings.Cut(words[0], ".")
	if !ok || len(minor) != 2 {
		return trade.Money{}, bad
	}
	n, err := strconv.ParseInt(major+minor, 10, 64)
	if err != nil {
		return trade.Money{}, bad
	}
	m := trade.Money{AmountMinor: n, Currency: words[1]}
	return m, m.ValidatePositive()
}

var units = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour,
}

// span reads "31 days".
func span(words []string) (time.Duration, error) {
	if len(words) == 2 {
		n, err := strconv.Atoi(words[0])
		if unit, ok := units[strings.TrimSuffix(words[1], "s")]; ok && err == nil && n > 0 {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, fmt.Errorf("a time is written like 31 days, not %q", strings.Join(words, " "))
}

// factType reads customs-cleared as CUSTOMS_CLEARED.
func factType(word string) string { return strings.ToUpper(strings.ReplaceAll(word, "-", "_")) }
