package demo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// What the outside world says, in its own formats: a carrier's DCSA event over
// HTTP with a signature, a customs notification as a file, and the answer of a
// bank's payment engine as a file.

// exchange is the folder that the default topology's services share with the
// outside world.
func (d *demo) exchange(parts ...string) string {
	return filepath.Join(append([]string{d.Dir, "exchange"}, parts...)...)
}

// drop writes a file the way other systems do: under another name first, so
// that nobody reads half of it.
func drop(dir, name string, content []byte) error {
	hidden := filepath.Join(dir, "."+name+".tmp")
	if err := os.WriteFile(hidden, content, 0o600); err != nil {
		return err
	}
	return os.Rename(hidden, filepath.Join(dir, name))
}

const clearance = `<?xml version="1.0" encoding="UTF-8"?>
<md:MetaData xmlns:md="urn:wco:datamodel:WCO:DocumentMetaData-DMS:2" xmlns="urn:wco:datamodel:WCO:RES-DMS:2">
  <md:WCODataModelVersionCode>3.6</md:WCODataModelVersionCode>
  <md:WCOTypeName>RES</md:WCOTypeName>
  <Response>
    <FunctionCode>09</FunctionCode>
    <FunctionalReferenceID>%s</FunctionalReferenceID>
    <IssueDateTime><DateTimeString formatCode="304">%s</DateTimeString></IssueDateTime>
    <Declaration>
      <ID>%s</ID>
      <VersionID>1</VersionID>
    </Declaration>
  </Response>
</md:MetaData>
`

// customsClear has customs announce that the declaration is cleared.
func (d *demo) customsClear() error {
	reference := strings.ReplaceAll(uuid.NewString(), "-", "")
	content := fmt.Sprintf(clearance, reference, time.Now().UTC().Format("20060102150405Z"), d.refs.MRN)
	return drop(d.exchange("customs"), "DMSCLE-"+d.refs.MRN+".xml", []byte(content))
}

const inspection = `[{
  "eventID": %q,
  "eventType": "SHIPMENT",
  "eventCreatedDateTime": %q,
  "eventClassifierCode": "ACT",
  "eventDateTime": %q,
  "shipmentEventTypeCode": "APPR",
  "documentTypeCode": "ICE",
  "documentID": "INSPECTION-%s",
  "references": [{"referenceType": "EQ", "referenceValue": %q}]
}]`

// carrierInspect has the carrier announce that the inspection certificate is
// approved.
func (d *demo) carrierInspect(ctx context.Context) error {
	at := time.Now().UTC().Format(time.RFC3339)
	body := fmt.Appendf(nil, inspection, uuid.NewString(), at, at, d.refs.Container, d.refs.Container)
	secret, err := d.secret("carrier-webhook")
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	port, err := d.port("Carrier", "oracled", "http")
	if err != nil {
		return err
	}
	url := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + "/dcsa"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Notification-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("the carrier's oracle answered %s: %s", resp.Status, text)
	}
	return nil
}

const settled = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10">
  <FIToFIPmtStsRpt>
    <GrpHdr><MsgId>%[1]s</MsgId><CreDtTm>%[2]s</CreDtTm></GrpHdr>
    <TxInfAndSts>
      <StsId>%[1]s</StsId>
      <OrgnlUETR>%[3]s</OrgnlUETR>
      <TxSts>ACSC</TxSts>
      <AcctSvcrRef>%[1]s</AcctSvcrRef>
    </TxInfAndSts>
  </FIToFIPmtStsRpt>
</Document>
`

// engineAnswers plays the bank's payment engine: it knows nothing of the
// ledger, it answers a payment by its UETR.
func (d *demo) engineAnswers(uetr string) error {
	reference := "ENGINE-" + d.refs.MRN[4:]
	content := fmt.Sprintf(settled, reference, time.Now().UTC().Format("2006-01-02T15:04:05"), uetr)
	return drop(d.exchange("bank-in"), "pacs002-"+uetr+".xml", []byte(content))
}

// secret reads a secret that the network made for a service and its callers.
func (d *demo) secret(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(d.Dir, "secrets", name))
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
}

// port finds a port of an organisation's service.
func (d *demo) port(organisation, service, name string) (int, error) {
	for _, m := range d.desc.Members {
		if m.Name == organisation {
			if p, ok := m.Services[service][name]; ok {
				return p, nil
			}
		}
	}
	return 0, fmt.Errorf("%s has no service %s with a port %s: the demo plays on the default topology",
		organisation, service, name)
}
