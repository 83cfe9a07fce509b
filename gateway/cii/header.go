package cii

import (
	"fmt"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

// Types of ram:AdditionalReferencedDocument (UNTDID 1001).
const (
	typeSupporting = "916" // related document (BG-24)
	typeObject     = "130" // invoicing data sheet (BT-18)
	typeTender     = "50"  // validated priced tender (BT-17)
)

// Schemes of ram:SpecifiedTaxRegistration.
const (
	schemeVAT = "VA"
	schemeTax = "FC"
)

func (b *binding) agreement(c *xmlbind.Cursor) {
	inv := b.inv
	c.Field("ram:BuyerReference", &inv.BuyerReference)
	xmlbind.Maybe(c, "ram:SellerTradeParty", &inv.Seller, b.party)
	xmlbind.Maybe(c, "ram:BuyerTradeParty", &inv.Buyer, b.party)
	xmlbind.Maybe(c, "ram:SellerTaxRepresentativeTradeParty", &inv.Representative, b.party)
	nested(c, "ram:SellerOrderReferencedDocument", "ram:IssuerAssignedID", &inv.SalesOrder)
	nested(c, "ram:BuyerOrderReferencedDocument", "ram:IssuerAssignedID", &inv.PurchaseOrder)
	nested(c, "ram:ContractReferencedDocument", "ram:IssuerAssignedID", &inv.Contract)
	b.documents(c)
	if c.Writing() && !inv.Project.Given {
		return
	}
	c.Group("ram:SpecifiedProcuringProject", func(c *xmlbind.Cursor) {
		c.Field("ram:ID", &inv.Project)
		c.Field("ram:Name", &fixed{text: "Project reference"}) // required by the schema, not of EN 16931
	})
}

// party visits a party; its elements are the same for all.
func (b *binding) party(c *xmlbind.Cursor, p *en16931.Party) {
	identifiers(c, &p.IDs)
	c.Field("ram:Name", &p.Name)
	c.Field("ram:Description", &p.LegalForm)
	c.Group("ram:SpecifiedLegalOrganization", func(c *xmlbind.Cursor) {
		xmlbind.Maybe(c, "ram:ID", &p.LegalID, scheme)
		c.Field("ram:TradingBusinessName", &p.TradingName)
	})
	xmlbind.Maybe(c, "ram:DefinedTradeContact", &p.Contact, func(c *xmlbind.Cursor, k *en16931.Contact) {
		if c.Has("ram:PersonName") || c.Writing() {
			c.Field("ram:PersonName", &k.Name)
		} else {
			c.Field("ram:DepartmentName", &k.Name)
		}
		nested(c, "ram:TelephoneUniversalCommunication", "ram:CompleteNumber", &k.Telephone)
		nested(c, "ram:EmailURIUniversalCommunication", "ram:URIID", &k.Email)
	})
	xmlbind.Maybe(c, "ram:PostalTradeAddress", &p.Address, address)
	c.Group("ram:URIUniversalCommunication", func(c *xmlbind.Cursor) {
		xmlbind.Maybe(c, "ram:URIID", &p.Endpoint, scheme)
	})
	b.registrations(c, p)
}

func scheme(c *xmlbind.Cursor, id *en16931.Identifier) {
	c.Text(&id.ID)
	c.Attr("schemeID", &id.Scheme)
}

// identifiers visits identifiers without and with a scheme, which CII writes
// in this order by different elements.
func identifiers(c *xmlbind.Cursor, ids *[]en16931.Identifier) {
	var plain, global []en16931.Identifier
	for _, id := range *ids {
		if id.Scheme.Given {
			global = append(global, id)
		} else {
			plain = append(plain, id)
		}
	}
	xmlbind.Each(c, "ram:ID", &plain, scheme)
	xmlbind.Each(c, "ram:GlobalID", &global, scheme)
	if !c.Writing() {
		*ids = append(plain, global...)
	}
}

func address(c *xmlbind.Cursor, a *en16931.Address) {
	c.Field("ram:PostcodeCode", &a.PostCode)
	c.Field("ram:LineOne", &a.Street)
	c.Field("ram:LineTwo", &a.Additional)
	c.Field("ram:LineThree", &a.Line)
	c.Field("ram:CityName", &a.City)
	c.Field("ram:CountryID", &a.Country)
	c.Field("ram:CountrySubDivisionName", &a.Subdivision)
}

func (b *binding) registrations(c *xmlbind.Cursor, p *en16931.Party) {
	var all []en16931.Identifier
	if p.VATID.Given {
		all = append(all, en16931.Identifier{ID: p.VATID, Scheme: lexical.Of(schemeVAT)})
	}
	if p.TaxRegistration.Given {
		all = append(all, en16931.Identifier{ID: p.TaxRegistration, Scheme: lexical.Of(schemeTax)})
	}
	xmlbind.Each(c, "ram:SpecifiedTaxRegistration", &all, func(c *xmlbind.Cursor, id *en16931.Identifier) {
		c.Field("ram:ID", &id.ID, attribute("schemeID", &id.Scheme))
	})
	if c.Writing() {
		return
	}
	for _, id := range all {
		switch {
		case id.Scheme.Value == schemeVAT && !p.VATID.Given:
			p.VATID = id.ID
		case id.Scheme.Value == schemeTax && !p.TaxRegistration.Given:
			p.TaxRegistration = id.ID
		default:
			b.warn("SpecifiedTaxRegistration", "is a further or an unknown tax registration; it is not read")
		}
	}
}

// reference is ram:AdditionalReferencedDocument, which CII uses for three
// things, told apart by their type code.
type reference struct {
	en16931.SupportingDocument
	scheme, typeCode lexical.Text
}

func (b *binding) documents(c *xmlbind.Cursor) {
	inv := b.inv
	var all []reference
	for _, d := range inv.Documents {
		all = append(all, reference{SupportingDocument: d, typeCode: lexical.Of(typeSupporting)})
	}
	if inv.Tender.Given {
		all = append(all, reference{
			SupportingDocument: en16931.SupportingDocument{Reference: inv.Tender}, typeCode: lexical.Of(typeTender),
		})
	}
	if inv.Object != nil {
		all = append(all, reference{
			SupportingDocument: en16931.SupportingDocument{Reference: inv.Object.ID},
			scheme:             inv.Object.Scheme, typeCode: lexical.Of(typeObject),
		})
	}
	xmlbind.Each(c, "ram:AdditionalReferencedDocument", &all, func(c *xmlbind.Cursor, r *reference) {
		c.Field("ram:IssuerAssignedID", &r.Reference)
		c.Field("ram:URIID", &r.Location)
		c.Field("ram:TypeCode", &r.typeCode)
		c.Field("ram:Name", &r.Description)
		xmlbind.Maybe(c, "ram:AttachmentBinaryObject", &r.Attached, func(c *xmlbind.Cursor, a *en16931.Attachment) {
			c.Attr("mimeCode", &a.Media)
			c.Attr("filename", &a.Filename)
			c.Text(&a.Content)
		})
		c.Field("ram:ReferenceTypeCode", &r.scheme)
	})
	if c.Writing() {
		return
	}
	for i, r := range all {
		switch {
		case r.typeCode.Value == typeTender && !inv.Tender.Given:
			inv.Tender = r.Reference
		case r.typeCode.Value == typeObject && inv.Object == nil:
			inv.Object = &en16931.Identifier{ID: r.Reference, Scheme: r.scheme}
		case r.typeCode.Value == typeSupporting:
			inv.Documents = append(inv.Documents, r.SupportingDocument)
		default:
			b.warn(fmt.Sprintf("AdditionalReferencedDocument[%d]", i+1), "is repeated or of an unknown type; it is not read")
		}
	}
}

func (b *binding) delivery(c *xmlbind.Cursor) {
	inv := b.inv
	d := inv.Delivery
	if d == nil {
		d = &en16931.Delivery{}
	}
	ship := func(c *xmlbind.Cursor) {
		if id := d.Location; !c.Writing() || id != nil && !id.Scheme.Given {
			xmlbind.Maybe(c, "ram:ID", &d.Location, scheme)
		}
		if id := d.Location; !c.Writing() && id == nil || id != nil && id.Scheme.Given {
			xmlbind.Maybe(c, "ram:GlobalID", &d.Location, scheme)
		}
		c.Field("ram:Name", &d.Name)
		xmlbind.Maybe(c, "ram:PostalTradeAddress", &d.Address, address)
	}
	given := c.Has("ram:ShipToTradeParty") || c.Has("ram:ActualDeliverySupplyChainEvent")
	c.Group("ram:ShipToTradeParty", ship)
	c.Group("ram:ActualDeliverySupplyChainEvent", func(c *xmlbind.Cursor) {
		dateTime(c, "ram:OccurrenceDateTime", unqualified, &d.Date)
	})
	if given {
		inv.Delivery = d
	}
	nested(c, "ram:DespatchAdviceReferencedDocument", "ram:IssuerAssignedID", &inv.DespatchAdvice)
	nested(c, "ram:ReceivingAdviceReferencedDocument", "ram:IssuerAssignedID", &inv.ReceivingAdvice)
}
