// Package ccaas makes chaincode packages that tell a peer where its chaincode
// process listens, and is the peer's external builder for them.
//
// A package holds no code: metadata.json and connection.json with address and
// TLS material. It is deterministic: the same content gives the same bytes and
// therefore the same package id, so the chaincode process can be started under
// its id before the package is installed. Every organisation has packages of
// its own, with its own addresses and certificates; Fabric lets the ids of a
// definition differ between organisations.
//
// It refuses packages of another type than ccaas, and never runs anything.
package ccaas

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// packageType is the chaincode type that detect answers to.
const packageType = "ccaas"

// dialTimeout bounds a peer's attempt to reach its chaincode process; the peer
// tries again by itself.
const dialTimeout = "3s"

// Connection is where and how a peer reaches its chaincode process; keys of the
// JSON as Fabric's external builder reads them. Certificates and key are PEM
// texts, not file names.
type Connection struct {
	Address            string `json:"address"`
	DialTimeout        string `json:"dial_timeout"`
	TLSRequired        bool   `json:"tls_required"`
	ClientAuthRequired bool   `json:"client_auth_required"`
	ClientKey          string `json:"client_key"`
	ClientCert         string `json:"client_cert"`
	RootCert           string `json:"root_cert"`
}

// Metadata is the metadata.json of a chaincode package.
type Metadata struct {
	Type  string `json:"type"`
	Label string `json:"label"`
}

// Package is a chaincode package and its id.
type Package struct {
	ID    string // label:sha256 of Bytes
	Bytes []byte // .tar.gz
}

// New packs a connection under a label. TLS is mutual whatever c says: a
// chaincode process that answered anybody would hand out private data.
func New(label string, c Connection) (*Package, error) {
	c.TLSRequired, c.ClientAuthRequired, c.DialTimeout = true, true, dialTimeout
	connection, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(Metadata{Type: packageType, Label: label})
	if err != nil {
		return nil, err
	}
	code, err := archive(entry{"connection.json", connection})
	if err != nil {
		return nil, err
	}
	whole, err := archive(entry{"metadata.json", metadata}, entry{"code.tar.gz", code})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(whole)
	return &Package{ID: label + ":" + hex.EncodeToString(sum[:]), Bytes: whole}, nil
}

type entry struct {
	name string
	text []byte
}

// archive packs entries with fixed times and owners.
func archive(entries ...entry) ([]byte, error) {
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	tw := tar.NewWriter(gz)
	for _, e := range entries {
		h := &tar.Header{
			Typeflag: tar.TypeReg, Name: e.name, Mode: 0o644, Size: int64(len(e.text)), ModTime: time.Unix(0, 0),
		}
		if err := tw.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("pack %s: %w", e.name, err)
		}
		if _, err := tw.Write(e.text); err != nil {
			return nil, fmt.Errorf("pack %s: %w", e.name, err)
		}
	}
	if err := tw.Close(); err != nil {
		return nil, err
	}
	if err := gz.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
