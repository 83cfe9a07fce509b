// Package trade holds the words that every document kind shares: money, ids,
// digests, instants, parties, headers, facts and events.
//
// It is pure: standard library only, no clock, no I/O, no floating point.
// Values that do not validate do not leave a decoder; see Validate on each.
package trade

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// MSPID names an organisation of the channel, e.g. "ExportBankMSP".
type MSPID string

// Kind names a document kind, e.g. "invoice".
type Kind string

// Role is what a party or a client may do.
type Role string

// The roles. Trader, bank, carrier and authority are roles of parties in the
// registry; governor, attester and relay are roles of client certificates
// (attribute argosy.role).
const (
	RoleTrader    Role = "trader"
	RoleBank      Role = "bank"
	RoleCarrier   Role = "carrier"
	RoleAuthority Role = "authority"
	RoleGovernor  Role = "governor"
	RoleAttester  Role = "attester"
	RoleRelay     Role = "relay"
)

// Digest is a 32-byte hash; in JSON 64 lower-case hex digits.
type Digest [32]byte

// String returns the digest in lower-case hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether no digest is set.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText writes 64 lower-case hex digits.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads exactly 64 lower-case hex digits.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) != 64 || strings.ToLower(string(b)) != string(b) {
		return fmt.Errorf("a digest is 64 lower-case hex digits")
	}
	_, err := hex.Decode(d[:], b)
	return err
}

// ParseDigest reads 64 lower-case hex digits.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if err := d.UnmarshalText([]byte(s)); err != nil {
		return Digest{}, fault.Wrap(fault.FieldInvalid, err, "%v", err)
	}
	return d, nil
}

// DocID names a document: the creating organisation's MSP id, a dot and 128
// random bits in hex. The prefix keeps organisations from squatting on each
// other's ids, the randomness keeps ids from being guessed.
type DocID string

var docIDPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}\.[0-9a-f]{32}$`)

// NewDocID returns the id of a document created by msp from 16 random bytes.
func NewDocID(msp MSPID, random [16]byte) DocID {
	return DocID(string(msp) + "." + hex.EncodeToString(random[:]))
}

// Validate refuses an id of another shape.
func (id DocID) Validate() error {
	if !docIDPattern.MatchString(string(id)) {
		return fault.New(fault.FieldInvalid, "a document id is <MSP id>.<32 lower-case hex digits>").WithField("id")
	}
	return nil
}

// MSP returns the organisation that created the document.
func (id DocID) MSP() MSPID {
	msp, _, _ := strings.Cut(string(id), ".")
	return MSPID(msp)
}

var requestIDPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

// ValidateRequestID refuses a request id that is not 128 bits in lower-case
// hex.
func ValidateRequestID(id string) error {
	if !requestIDPattern.MatchString(id) {
		return fault.New(fault.FieldInvalid, "a request id is 32 lower-case hex digits").WithField("requestId")
	}
	return nil
}

// Instant is a point in time in milliseconds since 1970-01-01T00:00:00Z; in
// JSON RFC 3339 UTC with milliseconds.
type Instant int64

const instantLayout = "2006-01-02T15:04:05.000Z"

// InstantOf returns t as an Instant; what is below a millisecond is cut off.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time returns the instant as a time.Time in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// String returns the instant in RFC 3339 UTC with milliseconds.
func (i Instant) String() string { return i.Time().Format(instantLayout) }

// MarshalText writes RFC 3339 UTC with milliseconds.
func (i Instant) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads exactly the form that MarshalText writes.
func (i *Instant) UnmarshalText(b []byte) error {
	t, err := time.Parse(instantLayout, string(b))
	if err != nil {
		return fmt.Errorf("an instant is written like 2026-11-23T08:30:00.000Z")
	}
	*i = InstantOf(t)
	return nil
}

// Date is a calendar day, written 2006-01-02.
type Date string

// Validate refuses anything that is not a day of the calendar.
func (d Date) Validate() error {
	if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
		return fault.New(fault.FieldInvalid, "a date is written like 2026-11-23")
	}
	return nil
}

// Salt is 32 random bytes that the client puts into every body, so that a body
// of few possibilities cannot be guessed from its digest.
type Salt [32]byte

// MarshalText writes 64 lower-case hex digits.
func (s Salt) MarshalText() ([]byte, error) { return Digest(s).MarshalText() }

// UnmarshalText reads exactly 64 lower-case hex digits.
func (s *Salt) UnmarshalText(b []byte) error { return (*Digest)(s).UnmarshalText(b) }

// Validate refuses a salt that was left empty.
func (s Salt) Validate() error {
	if Digest(s).IsZero() {
		return fault.New(fault.FieldRequired, "the salt is 32 random bytes chosen by the client").WithField("salt")
	}
	return nil
}
