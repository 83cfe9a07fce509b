package ubl

// The parts of a UBL 2.1 invoice that Argosy reads. Elements are matched by
// their local names: the namespaces of the CBC and CAC parts never overlap in
// them, and invoices with unusual prefixes are read all the same.

type document struct {
	CustomizationID string         `xml:"CustomizationID"`
	ID              string         `xml:"ID"`
	IssueDate       string         `xml:"IssueDate"`
	DueDate         string         `xml:"DueDate"`
	TypeCode        string         `xml:"InvoiceTypeCode"`
	TaxPointDate    string         `xml:"TaxPointDate"`
	Currency        string         `xml:"DocumentCurrencyCode"`
	TaxCurrency     string         `xml:"TaxCurrencyCode"`
	Period          *period        `xml:"InvoicePeriod"`
	Order           *reference     `xml:"OrderReference"`
	Preceding       []preceding    `xml:"BillingReference"`
	Supporting      []reference    `xml:"AdditionalDocumentReference"`
	Supplier        *partyWrapper  `xml:"AccountingSupplierParty"`
	Customer        *partyWrapper  `xml:"AccountingCustomerParty"`
	Payee           *partyInfo     `xml:"PayeeParty"`
	Representative  *partyInfo     `xml:"TaxRepresentativeParty"`
	Means           []paymentMeans `xml:"PaymentMeans"`
	Terms           []paymentTerms `xml:"PaymentTerms"`
	Adjustments     []adjustment   `xml:"AllowanceCharge"`
	TaxTotals       []taxTotal     `xml:"TaxTotal"`
	Totals          *totals        `xml:"LegalMonetaryTotal"`
	Lines           []line         `xml:"InvoiceLine"`
}

type amount struct {
	Value    string `xml:",chardata"`
	Currency string `xml:"currencyID,attr"`
}

type identifier struct {
	Value  string `xml:",chardata"`
	Scheme string `xml:"schemeID,attr"`
}

type period struct {
	Start string `xml:"StartDate"`
	End   string `xml:"EndDate"`
	Code  string `xml:"DescriptionCode"`
}

type reference struct {
	ID string `xml:"ID"`
}

type preceding struct {
	Invoice *reference `xml:"InvoiceDocumentReference"`
}

type partyWrapper struct {
	Party *partyInfo `xml:"Party"`
}

type partyInfo struct {
	Endpoint        *identifier  `xml:"EndpointID"`
	Identifications []idWrapper  `xml:"PartyIdentification"`
	Names           []named      `xml:"PartyName"`
	Address         *address     `xml:"PostalAddress"`
	TaxSchemes      []taxScheme  `xml:"PartyTaxScheme"`
	Legal           *legalEntity `xml:"PartyLegalEntity"`
}

type idWrapper struct {
	ID identifier `xml:"ID"`
}

type named struct {
	Name string `xml:"Name"`
}

type address struct {
	Country *country `xml:"Country"`
}

type country struct {
	Code string `xml:"IdentificationCode"`
}

type taxScheme struct {
	CompanyID string    `xml:"CompanyID"`
	Scheme    reference `xml:"TaxScheme"`
}

type legalEntity struct {
	Name      string      `xml:"RegistrationName"`
	CompanyID *identifier `xml:"CompanyID"`
}

type paymentMeans struct {
	Code    string     `xml:"PaymentMeansCode"`
	Account *reference `xml:"PayeeFinancialAccount"`
}

type paymentTerms struct {
	Notes []string `xml:"Note"`
}

type adjustment struct {
	Charge   string       `xml:"ChargeIndicator"`
	Code     string       `xml:"AllowanceChargeReasonCode"`
	Reason   string       `xml:"AllowanceChargeReason"`
	Amount   *amount      `xml:"Amount"`
	Category *taxCategory `xml:"TaxCategory"`
}

type taxTotal struct {
	Amount    *amount       `xml:"TaxAmount"`
	Subtotals []taxSubtotal `xml:"TaxSubtotal"`
}

type taxSubtotal struct {
	Base     *amount      `xml:"TaxableAmount"`
	Amount   *amount      `xml:"TaxAmount"`
	Category *taxCategory `xml:"TaxCategory"`
}

type taxCategory struct {
	ID      string    `xml:"ID"`
	Percent string    `xml:"Percent"`
	Scheme  reference `xml:"TaxScheme"`
}

type totals struct {
	Lines      *amount `xml:"LineExtensionAmount"`
	Net        *amount `xml:"TaxExclusiveAmount"`
	Gross      *amount `xml:"TaxInclusiveAmount"`
	Allowances *amount `xml:"AllowanceTotalAmount"`
	Charges    *amount `xml:"ChargeTotalAmount"`
	Prepaid    *amount `xml:"PrepaidAmount"`
	Rounding   *amount `xml:"PayableRoundingAmount"`
	Payable    *amount `xml:"PayableAmount"`
}

type quantity struct {
	Value string `xml:",chardata"`
	Unit  string `xml:"unitCode,attr"`
}

type line struct {
	ID          string       `xml:"ID"`
	Quantity    *quantity    `xml:"InvoicedQuantity"`
	Net         *amount      `xml:"LineExtensionAmount"`
	Period      *period      `xml:"InvoicePeriod"`
	Adjustments []adjustment `xml:"AllowanceCharge"`
	Item        *item        `xml:"Item"`
	Price       *price       `xml:"Price"`
}

type item struct {
	Name            string           `xml:"Name"`
	Category        *taxCategory     `xml:"ClassifiedTaxCategory"`
	Classifications []classification `xml:"CommodityClassification"`
	Properties      []property       `xml:"AdditionalItemProperty"`
}

type classification struct {
	Code classCode `xml:"ItemClassificationCode"`
}

type classCode struct {
	Value string `xml:",chardata"`
	List  string `xml:"listID,attr"`
}

type property struct {
	Name  string `xml:"Name"`
	Value string `xml:"Value"`
}

type price struct {
	Amount      *amount      `xml:"PriceAmount"`
	Base        *quantity    `xml:"BaseQuantity"`
	Adjustments []adjustment `xml:"AllowanceCharge"`
}

// has reports whether an amount was given.
func (a *amount) has() bool { return a != nil && a.Value != "" }
