// Package outside speaks as the outside world does to a running network of the
// default topology: a carrier's DCSA event over HTTP with a signature, a
// customs notification as a file, the answer of a bank's payment engine as a
// file. It knows nothing of the ledger and holds no identity on it.
package outside

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
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

	"github.com/argosy-trade/argosy/network/native"
)

// World is the surroundings of one network.
type World struct {
	dir  string
	desc *native.Description
}

// Around returns the surroundings of the network in the state directory.
func Around(dir string) (*World, error) {
	desc, err := native.ReadDescription(dir)
	if err != nil {
		return nil, err
	}
	return &World{dir, desc}, nil
}

// Exchange is the folder that the default topology's services share with the
// outside world.
func (w *World) Exchange(parts ...string) string {
	return filepath.Join(append([]string{w.dir, "exchange"}, parts...)...)
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

// CustomsClear has customs announce that the declaration is cleared.
func (w *World) CustomsClear(mrn string) error {
	reference := strings.ReplaceAll(uuid.NewString(), "-", "")
	content := fmt.Sprintf(clearance, reference, time.Now().UTC().Format("20060102150405Z"), mrn)
	return drop(w.Exchange("customs"), "DMSCLE-"+mrn+".xml", []byte(content))
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

// CarrierInspect has the carrier announce that the inspection certificate of a
// container is approved.
func (w *World) CarrierInspect(ctx context.Context, container string) error {
	at := time.Now().UTC().Format(time.RFC3339)
	body := fmt.Appendf(nil, inspection, uuid.NewString(), at, at, container, container)
	secret, err := w.secret("carrier-webhook")
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	port, err := w.port("Carrier", "oracled", "http")
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

// EngineSettles plays the bank's payment engine, which answers a payment by its
// UETR: settled, under a reference of its own.
func (w *World) EngineSettles(uetr, reference string) error {
	content := fmt.Sprintf(settled, reference, time.Now().UTC().Format("2006-01-02T15:04:05"), uetr)
	return drop(w.Exchange("bank-in"), "pacs002-"+uetr+".xml", []byte(content))
}

// secret reads a secret that the network made for a service and its callers.
func (w *World) secret(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(w.dir, "secrets", name))
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
}

// port finds a port of an organisation's service.
func (w *World) port(organisation, service, name string) (int, error) {
	for _, m := range w.desc.Members {
		if m.Name == organisation {
			if p, ok := m.Services[service][name]; ok {
				return p, nil
			}
		}
	}
	return 0, fmt.Errorf("%s has no service %s with a port %s: the outside world is that of the default topology",
		organisation, service, name)
}

const letters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// MRN makes a movement reference number of the right shape from a name and
// what makes it unique.
func MRN(name, unique string) string {
	sum := sha256.Sum256([]byte("MRN " + name + " " + unique))
	out := "26DE"
	for _, x := range sum[:14] {
		out += string(letters[int(x)%len(letters)])
	}
	return out
}

// Container makes a container number with the right check digit (ISO 6346)
// from a name and what makes it unique.
func Container(name, unique string) string {
	sum := sha256.Sum256([]byte("container " + name + " " + unique))
	out := "ARGU" + fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[:])%1_000_000)
	return out + string('0'+containerCheck(out))
}

// containerCheck is the check digit of ISO 6346, 4.2: letters count from 10
// upwards leaving out multiples of 11, positions double.
func containerCheck(first10 string) rune {
	sum := 0
	for i, c := range first10 {
		v := int(c - '0')
		if c >= 'A' {
			v = int(c-'A') + 10
			v += (v - 1) / 10 // 11, 22 and 33 are left out
		}
		sum += v << i
	}
	return rune(sum % 11 % 10)
}
