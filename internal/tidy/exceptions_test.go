package tidy

import "strings"

// exception lets one place break one rule, for a written reason.
type exception struct {
	rule string // name of the rule
	name string // file, directory or package, exactly as the finding names it
	text string // part of the finding's text, when the file breaks the rule in more than one way
	why  string
}

// excuses says whether e covers the finding f of the named rule.
func (e exception) excuses(rule string, f finding) bool {
	return e.rule == rule && e.name == f.name && strings.Contains(f.text, e.text)
}

// exceptions is the one list of what may break a house rule. Keep it short: a
// rule with many exceptions is wrong and should be changed instead.
var exceptions = []exception{
	{
		rule: "unowned-note", name: "gateway/en16931/codelist/lists.txt",
		why: "the code that ISO 4217 has for no currency looks like a note",
	},
}
