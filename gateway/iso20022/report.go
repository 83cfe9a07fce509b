package iso20022

import (
	"encoding/xml"
	"io"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/safexml"
)

// maxReportBytes bounds a status report: an engine reports some thousand
// payments in one message.
const maxReportBytes = 4 << 20

// Status is an ISO 20022 payment status code.
type Status string

// The statuses that end a payment. Every other one (ACTC, ACCP, ACSP, PDNG, …)
// is news on the way.
const (
	Settled  Status = "ACSC" // settlement on the debtor's account completed
	Credited Status = "ACCC" // settlement on the creditor's account completed
	Rejected Status = "RJCT"
)

// Report is what a payment engine reports of one payment, or of one message
// with all its payments.
type Report struct {
	// MessageID, EndToEndID and UETR name the payment; those that the engine
	// left out are empty.
	MessageID  string
	EndToEndID string
	UETR       string
	Status     Status
	// Reason is the first reason code of a rejection (ISO code or proprietary).
	Reason string
	// Reference is the engine's own reference.
	Reference string
}

type statusReport struct {
	Header struct {
		MessageID string `xml:"MsgId"`
	} `xml:"GrpHdr"`
	Group struct {
		MessageID string         `xml:"OrgnlMsgId"`
		Status    string         `xml:"GrpSts"`
		Reasons   []statusReason `xml:"StsRsnInf"`
	} `xml:"OrgnlGrpInfAndSts"`
	Sections []struct {
		ID           string              `xml:"OrgnlPmtInfId"`
		Status       string              `xml:"PmtInfSts"`
		Reasons      []statusReason      `xml:"StsRsnInf"`
		Transactions []transactionStatus `xml:"TxInfAndSts"`
	} `xml:"OrgnlPmtInfAndSts"`
	Transactions []transactionStatus `xml:"TxInfAndSts"`
}

type transactionStatus struct {
	ID         string         `xml:"StsId"`
	EndToEndID string         `xml:"OrgnlEndToEndId"`
	UETR       string         `xml:"OrgnlUETR"`
	Status     string         `xml:"TxSts"`
	Reasons    []statusReason `xml:"StsRsnInf"`
	Reference  string         `xml:"AcctSvcrRef"`
	Group      struct {
		MessageID string `xml:"OrgnlMsgId"`
	} `xml:"OrgnlGrpInf"`
}

type statusReason struct {
	Code        string `xml:"Rsn>Cd"`
	Proprietary string `xml:"Rsn>Prtry"`
}

// ReadStatusReport reads a pacs.002 or pain.002 message of any version, bare or
// inside an envelope with its application header.
func ReadStatusReport(r io.Reader) ([]Report, error) {
	raw, err := safexml.ReadAll(r, maxReportBytes)
	if err != nil {
		return nil, err
	}
	var msg statusReport
	if err := safexml.Element(raw, func(name xml.Name) (any, error) {
		switch {
		case name.Local != "FIToFIPmtStsRpt" && name.Local != "CstmrPmtStsRpt":
			return nil, nil
		case !strings.Contains(name.Space, ":pacs.002.") && !strings.Contains(name.Space, ":pain.002."):
			return nil, fault.New(fault.ArgumentMalformed, "the message's namespace is %q, neither pacs.002 nor pain.002",
				name.Space)
		}
		return &msg, nil
	}); err != nil {
		return nil, err
	}
	reports := msg.reports()
	if len(reports) == 0 {
		return nil, fault.New(fault.ArgumentMalformed, "the status report holds no status")
	}
	return reports, nil
}

func (m *statusReport) reports() []Report {
	var out []Report
	add := func(messageID string, list []transactionStatus) {
		for _, t := range list {
			if trimmed(t.Status) == "" {
				continue
			}
			out = append(out, Report{
				MessageID: firstOf(t.Group.MessageID, messageID), EndToEndID: trimmed(t.EndToEndID),
				UETR: strings.ToLower(trimmed(t.UETR)), Status: Status(trimmed(t.Status)), Reason: reasonOf(t.Reasons),
				Reference: firstOf(t.Reference, t.ID, m.Header.MessageID),
			})
		}
	}
	group := trimmed(m.Group.MessageID)
	add(group, m.Transactions)
	for _, s := range m.Sections {
		before := len(out)
		add(group, s.Transactions)
		if len(out) == before && trimmed(s.Status) != "" {
			out = append(out, Report{
				MessageID: firstOf(s.ID, group), Status: Status(trimmed(s.Status)), Reason: reasonOf(s.Reasons),
				Reference: trimmed(m.Header.MessageID),
			})
		}
	}
	if len(out) == 0 && trimmed(m.Group.Status) != "" {
		out = append(out, Report{
			MessageID: group, Status: Status(trimmed(m.Group.Status)), Reason: reasonOf(m.Group.Reasons),
			Reference: trimmed(m.Header.MessageID),
		})
	}
	return out
}

func reasonOf(reasons []statusReason) string {
	for _, r := range reasons {
		if code := firstOf(r.Code, r.Proprietary); code != "" {
			return code
		}
	}
	return ""
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t = trimmed(t); t != "" {
			return t
		}
	}
	return ""
}

func trimmed(s string) string { return strings.TrimSpace(s) }
