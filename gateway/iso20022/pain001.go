// Package iso20022 writes and reads the payment messages that pass between the
// ledger's payment instructions and a bank's payment engine.
//
// It writes pain.001.001.09 (customer credit transfer initiation), one message
// per instruction and always the same bytes for the same instruction, and reads
// the answers: pacs.002 and pain.002 status reports of any version. Structs are
// written by hand for exactly what is used. The package refuses instructions
// that do not validate and reports that it does not understand; it never
// decides what a status means for the ledger.
package iso20022

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/money"
)

// pain001Namespace carries the message's version.
const pain001Namespace = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

// leiLength tells a legal entity identifier from a unified social credit code.
const leiLength = 20

// Instruction is a payment instruction of the ledger.
type Instruction struct {
	ID   trade.DocID
	Body payment.Body
	// DueAt is when the instruction became due (the ledger's time); it stands
	// in the message, so that the same instruction is always the same bytes.
	DueAt trade.Instant
}

// Reference returns the identifier under which the payment engine reports about
// the instruction: the random part of its id, which fits the 35 characters that
// ISO 20022 allows.
func Reference(id trade.DocID) string {
	_, random, _ := strings.Cut(string(id), ".")
	return random
}

type pain001 struct {
	XMLName xml.Name   `xml:"Document"`
	XMLNS   string     `xml:"xmlns,attr"`
	Root    initiation `xml:"CstmrCdtTrfInitn"`
}

type initiation struct {
	Header  groupHeader    `xml:"GrpHdr"`
	Payment paymentSection `xml:"PmtInf"`
}

type groupHeader struct {
	MessageID string `xml:"MsgId"`
	CreatedAt string `xml:"CreDtTm"`
	Count     int    `xml:"NbOfTxs"`
	Sum       string `xml:"CtrlSum"`
	Initiator party  `xml:"InitgPty"`
}

type paymentSection struct {
	ID           string   `xml:"PmtInfId"`
	Method       string   `xml:"PmtMtd"`
	Count        int      `xml:"NbOfTxs"`
	Sum          string   `xml:"CtrlSum"`
	ExecutionDay string   `xml:"ReqdExctnDt>Dt"`
	Debtor       party    `xml:"Dbtr"`
	Account      account  `xml:"DbtrAcct"`
	Agent        agent    `xml:"DbtrAgt"`
	Charges      string   `xml:"ChrgBr"`
	Transfer     transfer `xml:"CdtTrfTxInf"`
}

type transfer struct {
	InstructionID string   `xml:"PmtId>InstrId"`
	EndToEndID    string   `xml:"PmtId>EndToEndId"`
	UETR          string   `xml:"PmtId>UETR"`
	Amount        amount   `xml:"Amt>InstdAmt"`
	Agent         agent    `xml:"CdtrAgt"`
	Creditor      party    `xml:"Cdtr"`
	Account       account  `xml:"CdtrAcct"`
	Remittance    []string `xml:"RmtInf>Ustrd"`
}

type party struct {
	Name string  `xml:"Nm,omitempty"`
	ID   partyID `xml:"Id>OrgId"`
}

type partyID struct {
	LEI   string   `xml:"LEI,omitempty"`
	Other *otherID `xml:"Othr"`
}

type otherID struct {
	ID     string  `xml:"Id"`
	Scheme *scheme `xml:"SchmeNm"`
}

type scheme struct {
	Proprietary string `xml:"Prtry"`
}

type account struct {
	IBAN  string   `xml:"Id>IBAN,omitempty"`
	Other *otherID `xml:"Id>Othr"`
}

type agent struct {
	BIC string `xml:"FinInstnId>BICFI"`
}

type amount struct {
	Currency string `xml:"Ccy,attr"`
	Value    string `xml:",chardata"`
}

// WritePain001 returns the message that has the instruction carried out.
func WritePain001(in Instruction) ([]byte, error) {
	if err := in.ID.Validate(); err != nil {
		return nil, err
	}
	if err := in.Body.Validate(); err != nil {
		return nil, err
	}
	value, err := money.Format(in.Body.Amount)
	if err != nil {
		return nil, err
	}
	b, ref, at := in.Body, Reference(in.ID), in.DueAt.Time()
	msg := pain001{XMLNS: pain001Namespace, Root: initiation{
		Header: groupHeader{
			MessageID: ref, CreatedAt: in.DueAt.String(), Count: 1, Sum: value, Initiator: partyOf("", b.Bank),
		},
		Payment: paymentSection{
			ID: ref, Method: "TRF", Count: 1, Sum: value, ExecutionDay: at.Format("2006-01-02"),
			Debtor: partyOf(b.Debtor.Name, b.Debtor.Party), Account: accountOf(b.Debtor), Agent: agent{b.Debtor.BIC},
			Charges: "SHAR",
			Transfer: transfer{
				InstructionID: ref, EndToEndID: ref, UETR: b.UETR, Amount: amount{b.Amount.Currency, value},
				Agent: agent{b.Creditor.BIC}, Creditor: partyOf(b.Creditor.Name, b.Creditor.Party),
				Account: accountOf(b.Creditor), Remittance: []string{b.Remittance},
			},
		},
	}}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	enc := xml.NewEncoder(&out)
	enc.Indent("", "  ")
	if err := enc.Encode(msg); err != nil {
		return nil, fmt.Errorf("pain.001: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func partyOf(name string, id trade.PartyID) party {
	p := party{Name: name}
	if len(id) == leiLength {
		p.ID.LEI = string(id)
	} else {
		p.ID.Other = &otherID{ID: string(id), Scheme: &scheme{"USCC"}}
	}
	return p
}

func accountOf(a payment.Account) account {
	if a.IBAN != "" {
		return account{IBAN: a.IBAN}
	}
	return account{Other: &otherID{ID: a.Other}}
}
