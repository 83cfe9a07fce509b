// Package codelist knows which codes the lists that EN 16931 names contain.
//
// It answers only whether a code is in a list; what codes mean is for the
// lists' publishers to say. The values are those of lists.txt, which the
// package carries in itself: nothing is fetched, and a list is updated by
// editing that file.
package codelist

import (
	_ "embed" // for the lists
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// List names a code list.
type List string

// The lists, with the business terms that they are for.
const (
	Currency           List = "currency"            // BT-5, BT-6 and every amount
	Country            List = "country"             // BT-40, BT-55, BT-69, BT-80, BT-159
	InvoiceType        List = "invoice-type"        // BT-3
	CreditNoteType     List = "credit-note-type"    // BT-3
	Reference          List = "reference"           // scheme of BT-18 and BT-128
	TextSubject        List = "text-subject"        // BT-21
	PaymentMeans       List = "payment-means"       // BT-81
	AllowanceReason    List = "allowance-reason"    // BT-98, BT-140
	ChargeReason       List = "charge-reason"       // BT-105, BT-145
	ItemClassification List = "item-classification" // scheme of BT-158
	VATCategory        List = "vat-category"        // BT-95, BT-102, BT-118, BT-151
	VATExemption       List = "vatex"               // BT-121
	Identifier         List = "icd"                 // schemes of identifiers
	ElectronicAddress  List = "eas"                 // schemes of BT-34 and BT-49
	Unit               List = "unit"                // BT-130, BT-150
	Package            List = "package"             // BT-130, BT-150
	Media              List = "mime"                // BT-125
)

//go:embed lists.txt
var text string

var lists = sync.OnceValue(func() map[List]map[string]bool { return parse(text) })

// Has reports whether the list contains the code, exactly as it is written.
func Has(l List, code string) bool { return lists()[l][code] }

// Size returns how many codes the list contains.
func Size(l List) int { return len(lists()[l]) }

// parse reads the form that lists.txt describes in its first lines.
func parse(text string) map[List]map[string]bool {
	all := map[List]map[string]bool{}
	var codes map[string]bool
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if head, ok := strings.CutPrefix(line, "= "); ok {
			name, _, _ := strings.Cut(head, ":")
			codes = map[string]bool{}
			all[List(name)] = codes
			continue
		}
		if line == "" || codes == nil {
			continue
		}
		for _, field := range strings.Fields(line) {
			for _, code := range expand(field) {
				codes[code] = true
			}
		}
	}
	return all
}

// expand turns 0002-0005 into its four numbers, and leaves every other code as
// it is.
func expand(field string) []string {
	from, to, ok := strings.Cut(field, "-")
	first, errFirst := strconv.Atoi(from)
	last, errLast := strconv.Atoi(to)
	if !ok || errFirst != nil || errLast != nil || len(from) != len(to) {
		return []string{field}
	}
	var codes []string
	for n := first; n <= last; n++ {
		codes = append(codes, fmt.Sprintf("%0*d", len(from), n))
	}
	return codes
}
