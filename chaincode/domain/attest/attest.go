// Package attest is the law of oracle claims: what a source signs, when claims
// of several sources make a fact, and when a fact stops being one.
//
// It is pure: signatures are verified by the caller (by the accelerator, in one
// batch), and time comes in as an argument. Only actual events (classifier ACT)
// count; estimates and plans never move money or title.
package attest

import (
	"crypto/sha256"
	"encoding/binary"
	"regexp"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// Classifier says how certain an event is (DCSA event classifier code).
type Classifier string

// The classifiers. Only Actual may establish a fact.
const (
	Actual    Classifier = "ACT"
	Estimated Classifier = "EST"
	Planned   Classifier = "PLN"
)

// The fact types that Argosy's sources report. A network may define others:
// a type needs nothing but an approved Policy.
const (
	CustomsReceived  = "CUSTOMS_RECEIVED"  // declaration received by customs (WCO DMS 02, EDIFACT 17)
	CustomsAccepted  = "CUSTOMS_ACCEPTED"  // declaration accepted (DMS 01, EDIFACT 1)
	CustomsRejected  = "CUSTOMS_REJECTED"  // declaration rejected (DMS 03)
	CustomsControl   = "CUSTOMS_CONTROL"   // examination ordered (DMS 05, EDIFACT 5)
	CustomsReleased  = "CUSTOMS_RELEASED"  // goods released (DMS 08 ROG, EDIFACT 4, DCSA CUSR)
	CustomsCleared   = "CUSTOMS_CLEARED"   // declaration cleared (DMS 09 CLE); not the same as released
	CustomsRevoked   = "CUSTOMS_REVOKED"   // declaration invalidated (DMS 10 INV)
	InspectionPassed = "INSPECTION_PASSED" // inspection ended with a pass
	InspectionFailed = "INSPECTION_FAILED" // inspection ended otherwise
	Loaded           = "LOADED"            // equipment loaded on the vessel (DCSA LOAD)
	Departed         = "DEPARTED"          // transport departed (DCSA DEPA)
	Arrived          = "ARRIVED"           // transport arrived (DCSA ARRI)
	Discharged       = "DISCHARGED"        // equipment discharged (DCSA DISC)
	GatedIn          = "GATED_IN"          // equipment gated in (DCSA GTIN)
	GatedOut         = "GATED_OUT"         // equipment gated out (DCSA GTOT)
)

var (
	typePattern   = regexp.MustCompile(`^[A-Z][A-Z0-9_]{2,47}$`)
	sourcePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,62}$`)
)

// ValidateType refuses a fact type that is not UPPER_SNAKE of 3 to 48 letters.
func ValidateType(t string) error {
	if !typePattern.MatchString(t) {
		return fault.New(fault.FieldInvalid, "a fact type is written like CUSTOMS_CLEARED").WithField("type")
	}
	return nil
}

// SourceID names a registered oracle source, e.g. "authority-customs".
type SourceID string

// Validate refuses an id of another shape.
func (s SourceID) Validate() error {
	if !sourcePattern.MatchString(string(s)) {
		return fault.New(fault.FieldInvalid, "a source id is lower-case letters, digits and hyphens").WithField("source")
	}
	return nil
}

// Identifier schemes for SubjectOf.
const (
	SchemeMRN       = "MRN"       // customs movement reference number
	SchemeUCR       = "UCR"       // unique consignment reference (WCO, ISO 15459)
	SchemeContainer = "CONTAINER" // equipment number (ISO 6346)
	SchemeBL        = "BL"        // transport document reference
)

// SubjectOf returns the opaque name under which facts about one identifier
// stand on the ledger. It keeps references out of plain sight on the channel;
// it does not hide them from somebody who can guess them, because scheme and
// identifier are all that goes in (docs/threat-model.md).
func SubjectOf(scheme, identifier string) trade.Digest {
	h := sha256.New()
	for _, part := range []string{"argosy.subject.v1", scheme, identifier} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part))) //nolint:gosec // part is bounded by canon.MaxBytes
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return trade.Digest(h.Sum(nil))
}

// Claim is what one source says: an event of Type happened to Subject.
type Claim struct {
	// Channel is the channel for which the claim was signed.
	Channel string `json:"channel"`
	// Policy is the digest of the quorum policy in force when it was signed; a
	// claim signed under another policy is refused.
	Policy  trade.Digest `json:"policy"`
	Source  SourceID     `json:"source"`
	Subject trade.Digest `json:"subject"`
	Type    string       `json:"type"`
	// Classifier is ACT for everything that may move money or title.
	Classifier Classifier `json:"classifier"`
	// OccurredAt is when the event happened, ObservedAt when the source saw it.
	OccurredAt trade.Instant `json:"occurredAt"`
	ObservedAt trade.Instant `json:"observedAt"`
	// Evidence is SM3 of a 32-byte salt and the raw message, both of which the
	// source keeps.
	Evidence trade.Digest `json:"evidence"`
	// Sequence grows with every claim of this source about this subject and
	// type.
	Sequence uint64 `json:"sequence"`
	// Retracted withdraws what the source said before.
	Retracted bool `json:"retracted"`
}

// SignedClaim is a claim with its source's SM2 signature r||s over
// SignedBytes, with the default user id of GM/T 0009 ("1234567812345678").
type SignedClaim struct {
	Claim     Claim  `json:"claim"`
	Signature []byte `json:"signature"`
}

// SignedBytes returns what the source signs: a domain tag and every field,
// each preceded by its length.
func (c Claim) SignedBytes() []byte {
	var out []byte
	put := func(b []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(b))) //nolint:gosec // fields are short; see Validate
		out = append(out, b...)
	}
	put([]byte("argosy.claim.v1"))
	put([]byte(c.Channel))
	put(c.Policy[:])
	put([]byte(c.Source))
	put(c.Subject[:])
	put([]byte(c.Type))
	put([]byte(c.Classifier))
	put(binary.BigEndian.AppendUint64(nil, uint64(c.OccurredAt))) //nolint:gosec // two's complement is the encoding
	put(binary.BigEndian.AppendUint64(nil, uint64(c.ObservedAt))) //nolint:gosec // two's complement is the encoding
	put(c.Evidence[:])
	put(binary.BigEndian.AppendUint64(nil, c.Sequence))
	if c.Retracted {
		put([]byte{1})
	} else {
		put([]byte{0})
	}
	return out
}

// Validate refuses a claim with missing or malformed fields.
func (c Claim) Validate() error {
	if err := c.Source.Validate(); err != nil {
		return err
	}
	if err := ValidateType(c.Type); err != nil {
		return err
	}
	switch {
	case c.Classifier != Actual && c.Classifier != Estimated && c.Classifier != Planned:
		return fault.New(fault.FieldInvalid, "the classifier is ACT, EST or PLN").WithField("classifier")
	case c.Channel == "" || len(c.Channel) > 249:
		return fault.New(fault.FieldRequired, "the channel is missing").WithField("channel")
	case c.Subject.IsZero():
		return fault.New(fault.FieldRequired, "the subject is missing").WithField("subject")
	case c.Evidence.IsZero():
		return fault.New(fault.FieldRequired, "the evidence digest is missing").WithField("evidence")
	case c.Sequence == 0:
		return fault.New(fault.FieldRequired, "sequences count from 1").WithField("sequence")
	case c.OccurredAt <= 0 || c.ObservedAt <= 0:
		return fault.New(fault.FieldRequired, "occurredAt and observedAt must be given").WithField("occurredAt")
	}
	return nil
}
