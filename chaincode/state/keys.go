package state

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// The keys of the ledger. Parts are joined by '~', which none of them can
// contain. Do not reorder parts: range queries rely on the prefixes.
//
//	trade, public
//	  doc~<id>                               header of a document
//	  wait~<subject>~<id>                    hint: the document waits for the subject
//	trade, implicit collection of each party's organisation
//	  body~<kind>~<id>                       body of a document
//	  note~<id>~<version>                    private remark of one step
//	  req~<caller>~<request id>              digest of a command that was carried out
//	registry, public
//	  constitution                           membership
//	  party~<party id>                       party record
//	  bind~<caller>                          party id that a certificate acts for
//	  source~<source id>                     oracle source
//	  policy~<type>                          active quorum policy
//	  policyproposal~<type>~<digest>         policy on its way
//	  claim~<subject>~<type>~<source id>     latest claim of one source
//	  fact~<subject>~<type>                  what the claims amount to
//	  parameter~<name>~<version>             approved version of a ledger parameter
//	  parametercurrent~<name>                its version in force
//	  parameterproposal~<name>~<digest>      version on its way
//	  arrears~<party id>                     party on the default list
//	  arrearslot~<lot id>                    whether a lot keeps its issuer there
//	  req~<caller>~<request id>              command that was carried out, and its result
//
// <caller> is SHA-256 of the MSP id, a zero byte and the certificate's subject
// and issuer: nobody but the holder of the certificate can make the chaincode
// write below it.
const sep = "~"

func key(parts ...string) string { return strings.Join(parts, sep) }

// HeaderKey is where a document's header stands.
func HeaderKey(id trade.DocID) string { return key("doc", string(id)) }

// BodyKey is where a document's body stands in each party's collection.
func BodyKey(kind trade.Kind, id trade.DocID) string { return key("body", string(kind), string(id)) }

// BodyRange is the key range of all bodies of one kind after an id.
func BodyRange(kind trade.Kind, after trade.DocID) (from, to string) {
	from = key("body", string(kind), string(after))
	if after != "" {
		from += "\x01" // the smallest key after that of `after` itself
	}
	return from, key("body", string(kind), "\x7f")
}

// IDOfBody returns the document id in a key made by BodyKey.
func IDOfBody(k string) trade.DocID { return trade.DocID(k[strings.LastIndex(k, sep)+1:]) }

func noteKey(id trade.DocID, version uint64) string {
	return key("note", string(id), decimal(version))
}

// WaitKey is the hint that the document waits for a fact about the subject.
func WaitKey(subject trade.Digest, id trade.DocID) string {
	return key("wait", subject.String(), string(id))
}

// WaitRange is the key range of all hints of one subject.
func WaitRange(subject trade.Digest) (from, to string) {
	return key("wait", subject.String(), ""), key("wait", subject.String(), "\x7f")
}

// CallerKey names a certificate inside keys.
func CallerKey(c trade.Caller) string {
	h := sha256.Sum256([]byte(string(c.MSP) + "\x00" + c.CertID))
	return hex.EncodeToString(h[:])
}

// RequestKey is where the record of a request stands.
func RequestKey(c trade.Caller, requestID string) string { return key("req", CallerKey(c), requestID) }

// ConstitutionKey is where the membership stands.
const ConstitutionKey = "constitution"

// PartyKey is where a party's record stands.
func PartyKey(id trade.PartyID) string { return key("party", string(id)) }

// BindingKey is where the party id of a certificate stands.
func BindingKey(c trade.Caller) string { return key("bind", CallerKey(c)) }

// SourceKey is where an oracle source's record stands.
func SourceKey(id attest.SourceID) string { return key("source", string(id)) }

// PolicyKey is where the active quorum policy of a fact type stands.
func PolicyKey(factType string) string { return key("policy", factType) }

// ProposalKey is where a proposed quorum policy stands.
func ProposalKey(factType string, digest trade.Digest) string {
	return key("policyproposal", factType, digest.String())
}

// ClaimKey is where the latest claim of one source stands.
func ClaimKey(subject trade.Digest, factType string, source attest.SourceID) string {
	return key("claim", subject.String(), factType, string(source))
}

// FactKey is where the verdict on all claims stands.
func FactKey(subject trade.Digest, factType string) string {
	return key("fact", subject.String(), factType)
}

// ParameterKey is where an approved version of a ledger parameter stands.
func ParameterKey(p trade.ParameterRef) string { return key("parameter", p.Name, decimal(p.Version)) }

// CurrentParameterKey is where the version in force of a parameter stands.
func CurrentParameterKey(name string) string { return key("parametercurrent", name) }

// ParameterProposalKey is where a version that is not approved yet stands.
func ParameterProposalKey(name string, digest trade.Digest) string {
	return key("parameterproposal", name, digest.String())
}

// ArrearsKey is where the default list's record of a party stands.
func ArrearsKey(id trade.PartyID) string { return key("arrears", string(id)) }

// ArrearsLotKey is where the default list's entry of a lot stands.
func ArrearsLotKey(id trade.DocID) string { return key("arrearslot", string(id)) }

func decimal(n uint64) string {
	const digits = 20 // so that text order is number order
	var b [digits]byte
	for i := digits - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b[:])
}
