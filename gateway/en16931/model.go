// Package en16931 holds the semantic model of a European electronic invoice
// (EN 16931-1:2017) and its business rules as pure functions named by rule id.
//
// The model is independent of syntax: packages ubl and cii fill it from their
// messages and write it. Each field carries its business term (BT-…), each
// struct its business group (BG-…). A field knows whether it was given, numbers
// are exact and keep their digits; a group that is a pointer or a slice is
// absent when it is nil.
//
// Check holds an invoice against every rule of the table Rules. The rules do
// no I/O, never change the invoice, never panic, and take a time that grows no
// faster than the invoice.
package en16931

import "github.com/argosy-trade/argosy/gateway/lexical"

// Identifier is an identifier with the scheme that it is from.
type Identifier struct {
	ID     lexical.Text
	Scheme lexical.Text
}

// Amount is an amount with the currency that is written beside it, if any.
type Amount struct {
	lexical.Number
	Currency lexical.Text
}

// Quantity is a quantity with its unit.
type Quantity struct {
	lexical.Number
	Unit lexical.Text
}

// Invoice is an invoice or a credit note.
type Invoice struct {
	// CreditNote says that the message is a credit note by its form; the type
	// (BT-3) says which kind.
	CreditNote bool

	Number              lexical.Text // BT-1
	IssueDate           lexical.Text // BT-2; every date is YYYY-MM-DD
	TypeCode            lexical.Text // BT-3
	Currency            lexical.Text // BT-5
	TaxCurrency         lexical.Text // BT-6
	TaxPointDate        lexical.Text // BT-7
	TaxPointCode        lexical.Text // BT-8
	DueDate             lexical.Text // BT-9
	BuyerReference      lexical.Text // BT-10
	Project             lexical.Text // BT-11
	Contract            lexical.Text // BT-12
	PurchaseOrder       lexical.Text // BT-13
	SalesOrder          lexical.Text // BT-14
	ReceivingAdvice     lexical.Text // BT-15
	DespatchAdvice      lexical.Text // BT-16
	Tender              lexical.Text // BT-17
	Object              *Identifier  // BT-18
	AccountingReference lexical.Text // BT-19
	PaymentTerms        lexical.Text // BT-20
	Notes               []Note       // BG-1
	Process             lexical.Text // BT-23
	Specification       lexical.Text // BT-24

	Preceding      []Preceding          // BG-3
	Seller         *Party               // BG-4
	Buyer          *Party               // BG-7
	Payee          *Party               // BG-10
	Representative *Party               // BG-11
	Delivery       *Delivery            // BG-13
	Period         *Period              // BG-14
	Payments       []Payment            // BG-16
	Remittance     lexical.Text         // BT-83
	Mandate        lexical.Text         // BT-89
	Creditor       lexical.Text         // BT-90
	Allowances     []Adjustment         // BG-20
	Charges        []Adjustment         // BG-21
	Totals         *Totals              // BG-22 without VAT
	TotalVAT       Amount               // BT-110
	RepeatedVAT    []Amount             // further BT-110 of a faulty message: an invoice has one
	AccountingVAT  Amount               // BT-111
	Breakdown      []VATBreakdown       // BG-23
	Documents      []SupportingDocument // BG-24
	Lines          []Line               // BG-25
}

// Note is a note on the invoice (BG-1).
type Note struct {
	Subject lexical.Text // BT-21
	Text    lexical.Text // BT-22
}

// Preceding refers to an earlier invoice (BG-3).
type Preceding struct {
	Number    lexical.Text // BT-25
	IssueDate lexical.Text // BT-26
}

// Party is the seller (BG-4), the buyer (BG-7), the payee (BG-10) or the
// seller's tax representative (BG-11).
type Party struct {
	Name            lexical.Text // BT-27, BT-44, BT-59, BT-62
	TradingName     lexical.Text // BT-28, BT-45
	IDs             []Identifier // BT-29, BT-46, BT-60
	LegalID         *Identifier  // BT-30, BT-47, BT-61
	VATID           lexical.Text // BT-31, BT-48, BT-63
	TaxRegistration lexical.Text // BT-32
	LegalForm       lexical.Text // BT-33
	Endpoint        *Identifier  // BT-34, BT-49
	Address         *Address     // BG-5, BG-8, BG-12
	Contact         *Contact     // BG-6, BG-9
}

// Address is a postal address (BG-5, BG-8, BG-12, BG-15).
type Address struct {
	Street      lexical.Text // BT-35, BT-50, BT-64, BT-75
	Additional  lexical.Text // BT-36, BT-51, BT-65, BT-76
	Line        lexical.Text // BT-162, BT-163, BT-164, BT-165
	City        lexical.Text // BT-37, BT-52, BT-66, BT-77
	PostCode    lexical.Text // BT-38, BT-53, BT-67, BT-78
	Subdivision lexical.Text // BT-39, BT-54, BT-68, BT-79
	Country     lexical.Text // BT-40, BT-55, BT-69, BT-80
}

// Contact is a person or office to ask (BG-6, BG-9).
type Contact struct {
	Name      lexical.Text // BT-41, BT-56
	Telephone lexical.Text // BT-42, BT-57
	Email     lexical.Text // BT-43, BT-58
}

// Delivery says where and when the goods go (BG-13).
type Delivery struct {
	Name     lexical.Text // BT-70
	Location *Identifier  // BT-71
	Date     lexical.Text // BT-72
	Address  *Address     // BG-15
}

// Period is an invoicing period (BG-14) or a line's (BG-26).
type Period struct {
	Start lexical.Text // BT-73, BT-134
	End   lexical.Text // BT-74, BT-135
}

// Payment is one way to pay (BG-16). What all ways have in common, BT-83, BT-89
// and BT-90, is the invoice's.
type Payment struct {
	Code      lexical.Text // BT-81
	Text      lexical.Text // BT-82
	Transfers []Transfer   // BG-17
	Card      *Card        // BG-18
	Debited   lexical.Text // BT-91
}

// Transfer is an account to pay to (BG-17).
type Transfer struct {
	Account  lexical.Text // BT-84
	Name     lexical.Text // BT-85
	Provider lexical.Text // BT-86
}

// Card is the card that was charged (BG-18).
type Card struct {
	Number lexical.Text // BT-87
	Holder lexical.Text // BT-88
}

// Adjustment is an allowance or a charge, of the document (BG-20, BG-21) or of
// a line (BG-27, BG-28; these have no VAT category of their own).
type Adjustment struct {
	Amount     Amount         // BT-92, BT-99, BT-136, BT-141
	Base       Amount         // BT-93, BT-100, BT-137, BT-142
	Percent    lexical.Number // BT-94, BT-101, BT-138, BT-143
	VAT        *VATCategory   // BT-95 and BT-96, BT-102 and BT-103
	Reason     lexical.Text   // BT-97, BT-104, BT-139, BT-144
	ReasonCode lexical.Text   // BT-98, BT-105, BT-140, BT-145
}

// VATCategory is a VAT category with its rate.
type VATCategory struct {
	Code lexical.Text   // BT-95, BT-102, BT-118, BT-151
	Rate lexical.Number // BT-96, BT-103, BT-119, BT-152: per cent
}

// Totals are the document's totals (BG-22); those of VAT stand beside it.
type Totals struct {
	Lines      Amount // BT-106
	Allowances Amount // BT-107
	Charges    Amount // BT-108
	Net        Amount // BT-109
	Gross      Amount // BT-112
	Paid       Amount // BT-113
	Rounding   Amount // BT-114
	Due        Amount // BT-115
}

// VATBreakdown is what is taxed in one category at one rate (BG-23).
type VATBreakdown struct {
	Base                Amount       // BT-116
	Tax                 Amount       // BT-117
	VATCategory                      // BT-118, BT-119
	ExemptionReason     lexical.Text // BT-120
	ExemptionReasonCode lexical.Text // BT-121
}

// SupportingDocument is a document that comes with the invoice (BG-24).
type SupportingDocument struct {
	Reference   lexical.Text // BT-122
	Description lexical.Text // BT-123
	Location    lexical.Text // BT-124
	Attached    *Attachment  // BT-125
}

// Attachment is a file inside the invoice (BT-125), in base 64.
type Attachment struct {
	Content  lexical.Text
	Media    lexical.Text
	Filename lexical.Text
}

// Line is an invoice line (BG-25).
type Line struct {
	ID                  lexical.Text // BT-126
	Note                lexical.Text // BT-127
	Object              *Identifier  // BT-128
	Quantity            Quantity     // BT-129, BT-130
	Net                 Amount       // BT-131
	OrderLine           lexical.Text // BT-132
	AccountingReference lexical.Text // BT-133
	Period              *Period      // BG-26
	Allowances          []Adjustment // BG-27
	Charges             []Adjustment // BG-28
	Price               Price        // BG-29
	VAT                 *VATCategory // BG-30: BT-151, BT-152
	Item                Item         // BG-31
}

// Price is the price of an item (BG-29).
type Price struct {
	Net      Amount   // BT-146
	Discount Amount   // BT-147
	Gross    Amount   // BT-148
	Base     Quantity // BT-149, BT-150
}

// Item is what is invoiced (BG-31).
type Item struct {
	Name            lexical.Text     // BT-153
	Description     lexical.Text     // BT-154
	SellerID        lexical.Text     // BT-155
	BuyerID         lexical.Text     // BT-156
	StandardID      *Identifier      // BT-157
	Classifications []Classification // BT-158
	Origin          lexical.Text     // BT-159
	Attributes      []Attribute      // BG-32
}

// Classification classifies an item (BT-158).
type Classification struct {
	Identifier
	Version lexical.Text
}

// Attribute is a property of an item (BG-32).
type Attribute struct {
	Name  lexical.Text // BT-160
	Value lexical.Text // BT-161
}
