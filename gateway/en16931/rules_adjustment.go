package en16931

// adjustmentGroup is where a kind of allowance or charge stands.
type adjustmentGroup struct {
	group, what                                         string
	amount, base, percent, category, rate, reason, code string // business terms
	ofLines                                             bool
	of                                                  func(inv *Invoice) []Adjustment
	ofLine                                              func(l *Line) []Adjustment
}

// adjustmentGroups returns the four kinds: of the document and of lines.
func adjustmentGroups() (allowances, charges, lineAllowances, lineCharges adjustmentGroup) {
	allowances = adjustmentGroup{
		group: "BG-20", what: "An allowance of the document", amount: "BT-92", base: "BT-93", percent: "BT-94",
		category: "BT-95", rate: "BT-96", reason: "BT-97", code: "BT-98",
		of: func(inv *Invoice) []Adjustment { return inv.Allowances },
	}
	charges = adjustmentGroup{
		group: "BG-21", what: "A charge of the document", amount: "BT-99", base: "BT-100", percent: "BT-101",
		category: "BT-102", rate: "BT-103", reason: "BT-104", code: "BT-105",
		of: func(inv *Invoice) []Adjustment { return inv.Charges },
	}
	lineAllowances = adjustmentGroup{
		group: "BG-27", what: "An allowance of a line", amount: "BT-136", base: "BT-137", percent: "BT-138",
		reason: "BT-139", code: "BT-140",
		ofLines: true, ofLine: func(l *Line) []Adjustment { return l.Allowances },
	}
	lineCharges = adjustmentGroup{
		group: "BG-28", what: "A charge of a line", amount: "BT-141", base: "BT-142", percent: "BT-143",
		reason: "BT-144", code: "BT-145",
		ofLines: true, ofLine: func(l *Line) []Adjustment { return l.Charges },
	}
	return allowances, charges, lineAllowances, lineCharges
}

// each visits all allowances or charges of the group.
func (g adjustmentGroup) each(inv *Invoice, visit func(a *Adjustment, at path)) {
	if !g.ofLines {
		for i := range g.of(inv) {
			visit(&g.of(inv)[i], within(g.group, i))
		}
		return
	}
	for n := range inv.Lines {
		all := g.ofLine(&inv.Lines[n])
		for i := range all {
			visit(&all[i], within("BG-25", n).under(g.group, i))
		}
	}
}

// rule is a rule about every allowance or charge of the group.
func (g adjustmentGroup) rule(id, text, term string, wrong func(a *Adjustment) bool) Rule {
	return Rule{id, Fatal, g.what + text, func(v *view, found report) {
		g.each(v.Invoice, func(a *Adjustment, at path) {
			if wrong(a) {
				found(at(term), "")
			}
		})
	}}
}

// adjustmentRules are about allowances and charges.
func adjustmentRules() []Rule {
	noAmount := func(a *Adjustment) bool { return a.Amount.Blank() }
	noCategory := func(a *Adjustment) bool { return a.VAT == nil || a.VAT.Code.Blank() }
	noReason := func(a *Adjustment) bool { return a.Reason.Blank() && a.ReasonCode.Blank() }
	const reason = " has a reason, in words or by a code"
	allowances, charges, lineAllowances, lineCharges := adjustmentGroups()
	return []Rule{
		allowances.rule("BR-31", " has an amount (BT-92).", "BT-92", noAmount),
		allowances.rule("BR-32", " has a VAT category (BT-95).", "BT-95", noCategory),
		allowances.rule("BR-33", reason+" (BT-97, BT-98).", "BT-97", noReason),
		charges.rule("BR-36", " has an amount (BT-99).", "BT-99", noAmount),
		charges.rule("BR-37", " has a VAT category (BT-102).", "BT-102", noCategory),
		charges.rule("BR-38", reason+" (BT-104, BT-105).", "BT-104", noReason),
		lineAllowances.rule("BR-41", " has an amount (BT-136).", "BT-136", noAmount),
		lineAllowances.rule("BR-42", reason+" (BT-139, BT-140).", "BT-139", noReason),
		lineCharges.rule("BR-43", " has an amount (BT-141).", "BT-141", noAmount),
		lineCharges.rule("BR-44", reason+" (BT-144, BT-145).", "BT-144", noReason),
		allowances.rule("BR-CO-21", reason+", or both.", "BT-97", noReason),
		charges.rule("BR-CO-22", reason+", or both.", "BT-104", noReason),
		lineAllowances.rule("BR-CO-23", reason+", or both.", "BT-139", noReason),
		lineCharges.rule("BR-CO-24", reason+", or both.", "BT-144", noReason),
	}
}

// paymentRules are about how to pay.
func paymentRules() []Rule {
	payment := func(id string, severity Severity, term, text string, wrong func(p *Payment) bool) Rule {
		return Rule{id, severity, text, func(v *view, found report) {
			for i := range v.Payments {
				if wrong(&v.Payments[i]) {
					found(within("BG-16", i)(term), "")
				}
			}
		}}
	}
	return []Rule{
		payment("BR-49", Fatal, "BT-81", "Payment instructions (BG-16) say by a code how to pay (BT-81).",
			func(p *Payment) bool { return p.Code.Blank() }),
		payment("BR-50", Fatal, "BT-84", "A credit transfer (BG-17) names the account (BT-84).",
			func(p *Payment) bool {
				for _, t := range p.Transfers {
					if t.Account.Blank() {
						return true
					}
				}
				return false
			}),
		payment("BR-51", Warning, "BT-87", "Of a card's number (BT-87) only the last four to six digits are shown.",
			func(p *Payment) bool {
				const most = 10 // what the rule's official form tolerates
				return p.Card != nil && len(p.Card.Number.Value) > most
			}),
		payment("BR-61", Fatal, "BT-84", "Payment by credit transfer (BT-81 is 30 or 58) names an account (BT-84).",
			func(p *Payment) bool {
				transfer := p.Code.Value == "30" || p.Code.Value == "58"
				return transfer && (len(p.Transfers) == 0 || p.Transfers[0].Account.Blank())
			}),
	}
}
