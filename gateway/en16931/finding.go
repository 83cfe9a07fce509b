package en16931

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

// AnyFatal reports whether one of the findings is fatal.
func AnyFatal(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == Fatal {
			return true
		}
	}
	return false
}
