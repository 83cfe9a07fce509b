package ubl

import (
	"strings"

	"github.com/argosy-trade/argosy/gateway/en16931"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

const (
	schemeVAT  = "VAT"  // the tax scheme of EN 16931
	schemeTax  = "TAX"  // the scheme that is written for other registrations (BT-32)
	schemeSEPA = "SEPA" // the scheme of the creditor's identifier (BT-90)
)

func (b *binding) parties(c *xmlbind.Cursor) {
	inv := b.inv
	c.Group("cac:AccountingSupplierParty", func(c *xmlbind.Cursor) {
		xmlbind.Maybe(c, "cac:Party", &inv.Seller, func(c *xmlbind.Cursor, p *en16931.Party) {
			b.party(c, p, true)
			b.registrations(c, p, "AccountingSupplierParty")
			legalEntity(c, p)
			contact(c, p)
		})
	})
	c.Group("cac:AccountingCustomerParty", func(c *xmlbind.Cursor) {
		xmlbind.Maybe(c, "cac:Party", &inv.Buyer, func(c *xmlbind.Cursor, p *en16931.Party) {
			b.party(c, p, false)
			b.registrations(c, p, "AccountingCustomerParty")
			legalEntity(c, p)
			contact(c, p)
		})
	})
	xmlbind.Maybe(c, "cac:PayeeParty", &inv.Payee, func(c *xmlbind.Cursor, p *en16931.Party) {
		b.identifications(c, p, true)
		nested(c, "cac:PartyName", "cbc:Name", &p.Name)
		c.Group("cac:PartyLegalEntity", func(c *xmlbind.Cursor) { identifier(c, "cbc:CompanyID", &p.LegalID) })
	})
	xmlbind.Maybe(c, "cac:TaxRepresentativeParty", &inv.Representative, func(c *xmlbind.Cursor, p *en16931.Party) {
		b.identifications(c, p, false)
		nested(c, "cac:PartyName", "cbc:Name", &p.Name)
		xmlbind.Maybe(c, "cac:PostalAddress", &p.Address, address)
		b.registrations(c, p, "TaxRepresentativeParty")
	})
}

// party visits the first elements of a party.
func (b *binding) party(c *xmlbind.Cursor, p *en16931.Party, creditor bool) {
	identifier(c, "cbc:EndpointID", &p.Endpoint)
	b.identifications(c, p, creditor)
	nested(c, "cac:PartyName", "cbc:Name", &p.TradingName)
	xmlbind.Maybe(c, "cac:PostalAddress", &p.Address, address)
}

// identifications visits the party's identifiers. That of the creditor (BT-90)
// stands among those of seller or payee; it is written to the payee if there is
// one.
func (b *binding) identifications(c *xmlbind.Cursor, p *en16931.Party, creditor bool) {
	ids := p.IDs
	written := p == b.inv.Payee || b.inv.Payee == nil
	if c.Writing() && creditor && written && b.inv.Creditor.Given {
		ids = append(append([]en16931.Identifier(nil), ids...),
			en16931.Identifier{ID: b.inv.Creditor, Scheme: lexical.Of(schemeSEPA)})
	}
	xmlbind.Each(c, "cac:PartyIdentification", &ids, func(c *xmlbind.Cursor, id *en16931.Identifier) {
		c.Field("cbc:ID", &id.ID, attribute("schemeID", &id.Scheme))
	})
	if c.Writing() {
		return
	}
	for _, id := range ids {
		if creditor && id.Scheme.Value == schemeSEPA && !b.inv.Creditor.Given {
			b.inv.Creditor = id.ID
			continue
		}
		p.IDs = append(p.IDs, id)
	}
	switch {
	case len(p.IDs) > 1 && p == b.inv.Buyer:
		b.fatal("UBL-SR-16", "BG-7/BT-46", "a buyer has one identifier, there are %d", len(p.IDs))
	case len(p.IDs) > 1 && p == b.inv.Payee:
		b.fatal("UBL-SR-20", "BG-10/BT-60", "a payee has one identifier, there are %d", len(p.IDs))
	}
}

func address(c *xmlbind.Cursor, a *en16931.Address) {
	c.Field("cbc:StreetName", &a.Street)
	c.Field("cbc:AdditionalStreetName", &a.Additional)
	c.Field("cbc:CityName", &a.City)
	c.Field("cbc:PostalZone", &a.PostCode)
	c.Field("cbc:CountrySubentity", &a.Subdivision)
	nested(c, "cac:AddressLine", "cbc:Line", &a.Line)
	nested(c, "cac:Country", "cbc:IdentificationCode", &a.Country)
}

// registration is cac:PartyTaxScheme: a VAT identifier or another registration
// with a tax authority.
type registration struct {
	id     lexical.Text
	scheme fixed
}

func (b *binding) registrations(c *xmlbind.Cursor, p *en16931.Party, path string) {
	var all []registration
	if p.VATID.Given {
		all = append(all, registration{p.VATID, fixed{text: schemeVAT}})
	}
	if p.TaxRegistration.Given {
		all = append(all, registration{p.TaxRegistration, fixed{text: schemeTax}})
	}
	xmlbind.Each(c, "cac:PartyTaxScheme", &all, func(c *xmlbind.Cursor, r *registration) {
		c.Field("cbc:CompanyID", &r.id)
		nested(c, "cac:TaxScheme", "cbc:ID", &r.scheme)
	})
	if c.Writing() {
		return
	}
	path += "/PartyTaxScheme"
	seller := p == b.inv.Seller
	vat := 0
	for _, r := range all {
		switch {
		case strings.EqualFold(r.scheme.read, schemeVAT):
			if vat++; vat == 1 {
				p.VATID = r.id
			}
		case seller && !p.TaxRegistration.Given:
			p.TaxRegistration = r.id
		default:
			b.extra(path)
		}
	}
	b.countRegistrations(p, path, len(all), vat)
}

// countRegistrations holds how often a party may be registered.
func (b *binding) countRegistrations(p *en16931.Party, path string, all, vat int) {
	const most = 2 // one for VAT and one other
	if p == b.inv.Seller && all > most {
		b.fatal("UBL-SR-42", path, "a seller has at most two tax registrations, there are %d", all)
	}
	if vat <= 1 {
		return
	}
	rule := ruleNotHeld
	switch p {
	case b.inv.Seller:
		rule = "UBL-SR-12"
	case b.inv.Buyer:
		rule = "UBL-SR-18"
	}
	b.fatal(rule, path, "a party has one VAT identifier, there are %d", vat)
}

func legalEntity(c *xmlbind.Cursor, p *en16931.Party) {
	c.Group("cac:PartyLegalEntity", func(c *xmlbind.Cursor) {
		c.Field("cbc:RegistrationName", &p.Name)
		identifier(c, "cbc:CompanyID", &p.LegalID)
		c.Field("cbc:CompanyLegalForm", &p.LegalForm)
	})
}

func contact(c *xmlbind.Cursor, p *en16931.Party) {
	xmlbind.Maybe(c, "cac:Contact", &p.Contact, func(c *xmlbind.Cursor, k *en16931.Contact) {
		c.Field("cbc:Name", &k.Name)
		c.Field("cbc:Telephone", &k.Telephone)
		c.Field("cbc:ElectronicMail", &k.Email)
	})
}

func (b *binding) delivery(c *xmlbind.Cursor) {
	xmlbind.Maybe(c, "cac:Delivery", &b.inv.Delivery, func(c *xmlbind.Cursor, d *en16931.Delivery) {
		c.Field("cbc:ActualDeliveryDate", &d.Date)
		c.Group("cac:DeliveryLocation", func(c *xmlbind.Cursor) {
			identifier(c, "cbc:ID", &d.Location)
			xmlbind.Maybe(c, "cac:Address", &d.Address, address)
		})
		c.Group("cac:DeliveryParty", func(c *xmlbind.Cursor) {
			nested(c, "cac:PartyName", "cbc:Name", &d.Name)
		})
	})
}
