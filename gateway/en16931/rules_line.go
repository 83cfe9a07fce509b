package en16931

// lineRules are about invoice lines and their items.
func lineRules() []Rule {
	return append(lineFieldRules(), []Rule{
		{
			"BR-27", Fatal, "A net price (BT-146) is not negative.",
			eachLine(func(l *Line, at path, found report) {
				if l.Price.Net.Sign() < 0 {
					found(at("BT-146"), "")
				}
			}),
		},
		{
			"BR-28", Fatal, "A gross price (BT-148) is not negative.",
			eachLine(func(l *Line, at path, found report) {
				if l.Price.Gross.Sign() < 0 {
					found(at("BT-148"), "")
				}
			}),
		},
		{
			"BR-30", Fatal, "The period of a line does not end (BT-135) before it starts (BT-134).",
			eachLine(func(l *Line, at path, found report) {
				if backwards(l.Period) {
					found(at("BG-26"), "")
				}
			}),
		},
		{
			"BR-CO-20", Fatal, "The period of a line (BG-26) has a start or an end.",
			eachLine(func(l *Line, at path, found report) {
				if open(l.Period) {
					found(at("BG-26"), "")
				}
			}),
		},
		{
			"BR-CO-04", Fatal, "A line has a VAT category (BT-151).",
			eachLine(func(l *Line, at path, found report) {
				if l.VAT == nil || l.VAT.Code.Blank() {
					found(at("BT-151"), "")
				}
			}),
		},
	}...)
}

// itemRules are about what a line is for.
func itemRules() []Rule {
	return []Rule{
		{
			"BR-54", Fatal, "A property of an item (BG-32) has a name (BT-160) and a value (BT-161).",
			eachLine(func(l *Line, at path, found report) {
				for i, a := range l.Item.Attributes {
					if a.Name.Blank() || a.Value.Blank() {
						found(at.under("BG-32", i)(""), "")
					}
				}
			}),
		},
		{
			"BR-64", Fatal, "The standard identifier of an item (BT-157) has a scheme.",
			eachLine(func(l *Line, at path, found report) {
				if schemeless(l.Item.StandardID) {
					found(at("BT-157"), "")
				}
			}),
		},
		{
			"BR-65", Fatal, "A classification of an item (BT-158) has a scheme.",
			eachLine(func(l *Line, at path, found report) {
				for i, k := range l.Item.Classifications {
					if k.Scheme.Blank() {
						found(at.under("BT-158", i)(""), "")
					}
				}
			}),
		},
		{"ARGOSY-NUMBER", Fatal, "An amount, a quantity, a rate or a price is a decimal number.", checkNumbers},
	}
}

// lineFieldRules are about the fields that a line must have.
func lineFieldRules() []Rule {
	field := func(id, term, text string, blank func(l *Line) bool) Rule {
		return Rule{id, Fatal, text, eachLine(func(l *Line, at path, found report) {
			if blank(l) {
				found(at(term), "")
			}
		})}
	}
	return []Rule{
		field("BR-21", "BT-126", "A line has an identifier (BT-126).", func(l *Line) bool { return l.ID.Blank() }),
		field("BR-22", "BT-129", "A line has a quantity (BT-129).", func(l *Line) bool { return l.Quantity.Blank() }),
		field("BR-23", "BT-130", "The quantity of a line has a unit (BT-130).",
			func(l *Line) bool { return l.Quantity.Unit.Blank() }),
		field("BR-24", "BT-131", "A line has a net amount (BT-131).", func(l *Line) bool { return l.Net.Blank() }),
		field("BR-25", "BT-153", "A line names its item (BT-153).", func(l *Line) bool { return l.Item.Name.Blank() }),
		field("BR-26", "BT-146", "A line has a net price (BT-146).", func(l *Line) bool { return l.Price.Net.Blank() }),
	}
}

// checkNumbers reports texts that should be numbers: the rules that compute
// pass over them.
func checkNumbers(v *view, found report) {
	for _, n := range v.numbers() {
		if n.number.Malformed() {
			found(n.at(n.term), "")
		}
	}
}
