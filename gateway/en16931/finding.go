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
	counts := map[string]int{}
	var bounded, last []Finding
	for _, f := range findings {
		if counts[f.Rule]++; counts[f.Rule] <= maxPerRule {
			bounded = append(bounded, f)
		} else if counts[f.Rule] == maxPerRule+1 {
			last = append(last, Finding{Rule: f.Rule, Severity: f.Severity})
		}
	}
	for _, f := range last {
		f.Message = fmt.Sprintf("%d more", counts[f.Rule]-maxPerRule)
		bounded = append(bounded, f)
	}
	return bounded
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
