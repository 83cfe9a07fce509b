package en16931

// LedgerRules returns the rules on what keeps an invoice from being issued on
// the ledger; Body and NewDraft hold them.
func LedgerRules() []Rule {
	return []Rule{
		{ID: "ARGOSY-PARTY", Severity: Fatal, Text: "Seller and buyer are told by LEI or USCC, in the file or beside it."},
		{ID: "ARGOSY-TYPE", Severity: Fatal, Text: "Only commercial invoices (380) can be issued."},
		{ID: "ARGOSY-CURRENCY", Severity: Fatal, Text: "All amounts are in the invoice's currency, which is of ISO 4217."},
		{ID: "ARGOSY-AMOUNT", Severity: Fatal, Text: "An amount is a whole number of its currency's minor units."},
		{ID: "ARGOSY-RANGE", Severity: Fatal, Text: "A number fits 64 bits."},
		{ID: "ARGOSY-ROUNDED", Severity: Warning, Text: "A price or quantity with over eight decimals is rounded."},
		{ID: "ARGOSY-NOT-HELD", Severity: Warning, Text: "The ledger does not keep a group of the invoice; its file does."},
		{ID: "ARGOSY-BODY", Severity: Fatal, Text: "The ledger's own check of the body, where no other rule tells."},
	}
}

// Omission is a group of published rules that are not held, or not by their own
// ids, with the reason.
type Omission struct{ IDs, Reason string }

// Omissions returns the published rules that have no row in the tables.
func Omissions() []Omission {
	return []Omission{
		{"BR-CO-05, BR-CO-06, BR-CO-07, BR-CO-08", "That a reason's code and its words mean the same is for a reader to " +
			"judge; the official form of these rules never fails either."},
		{"UBL-CR-001 … UBL-CR-682", "Each forbids one element that EN 16931 does not use. Whatever is not read is " +
			"reported under the one id UBL-CR, with its path, also where no rule names it."},
		{"UBL-SR-01 … UBL-SR-56, but for those listed", "Each says that an element stands once. A repeated element is " +
			"reported under the one id UBL-SR, with its path."},
		{"UBL-DT-08 … UBL-DT-28", "Each forbids one attribute. An attribute that is not read is reported under UBL-CR."},
		{"CII-SR-…, CII-DT-…", "As for UBL: what is not read or repeated is reported under the one id CII-SR."},
		{"Rules of national and sector specifications", "Peppol BIS, XRechnung and others restrict EN 16931 further; " +
			"extensions of theirs may break the core's rules."},
		{"XML schemas", "The order of elements is not held; what cannot be placed is reported as not read."},
	}
}
