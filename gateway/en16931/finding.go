package en16931

import "fmt"

// Severity says what a finding means for the invoice.
type Severity string

// The severities, those of EN 16931's own rules.
const (
	// Fatal findings make the invoice invalid.
	Fatal Severity = "fatal"
	// Warning findings leave it valid.
	Warning Severity = "warning"
)

// Finding is one thing that is wrong with an invoice.
type Finding struct {
	// Rule is the id of a rule: of EN 16931 (BR-…), of a syntax (UBL-…), or one
	// of Argosy's own (ARGOSY-…, FAPIAO-…).
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Path says where: business groups and terms, counted from 1, such as
	// BG-25[3]/BT-131; or elements of the file, where the fault is one of form.
	Path    string `json:"path"`
	Message string `json:"message"`
}

// maxPerRule bounds the findings of one rule: a clerk mends the first ones and
// asks again, and an invoice of thousands of bad lines makes no endless report.
const maxPerRule = 100

// Bound returns the findings with at most a hundred of each rule, and a last
// one that counts the others.
func Bound(findings []Finding) []Finding {
	var r Collector
	for _, f := range findings {
		r.Add(f)
	}
	return r.Findings()
}

// Collector collects findings as Bound bounds them, without keeping the others.
type Collector struct {
	kept   []Finding
	counts map[string]int
	over   []Finding // the first of each rule that was not kept
}

// Add takes one finding.
func (c *Collector) Add(f Finding) {
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[f.Rule]++
	switch n := c.counts[f.Rule]; {
	case n <= maxPerRule:
		c.kept = append(c.kept, f)
	case n == maxPerRule+1:
		c.over = append(c.over, Finding{Rule: f.Rule, Severity: f.Severity})
	}
}

// Findings returns what was collected.
func (c *Collector) Findings() []Finding {
	all := c.kept
	for _, f := range c.over {
		f.Message = fmt.Sprintf("%d more", c.counts[f.Rule]-maxPerRule)
		all = append(all, f)
	}
	return all
}

// AnyFatal reports whether one of the findings is fatal.
func AnyFatal(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == Fatal {
			return true
		}
	}
	return false
}
