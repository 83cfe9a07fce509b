package trade

import (
	"regexp"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// PartyID names a company or authority: a legal entity identifier (LEI, ISO
// 17442, 20 characters) or a unified social credit code (USCC, GB 32100, 18
// characters). Both carry check digits, which Validate recomputes.
type PartyID string

var (
	leiPattern  = regexp.MustCompile(`^[0-9A-Z]{18}[0-9]{2}$`)
	usccPattern = regexp.MustCompile(`^[0-9A-HJ-NPQRTUWXY]{18}$`)
)

// Validate refuses an id of the wrong shape or with wrong check digits.
func (p PartyID) Validate() error {
	s := string(p)
	switch {
	case leiPattern.MatchString(s):
		if mod97(s) != 1 {
			return fault.New(fault.FieldInvalid, "%s is no LEI: its check digits are wrong (ISO 7064 MOD 97-10)", s)
		}
		return nil
	case usccPattern.MatchString(s):
		if usccCheck(s[:17]) != s[17] {
			return fault.New(fault.FieldInvalid, "%s is no USCC: its check character is wrong (GB 32100)", s)
		}
		return nil
	default:
		return fault.New(fault.FieldInvalid, "a party id is a LEI (20 characters) or a USCC (18 characters)")
	}
}

// mod97 returns the number that s stands for modulo 97, letters counting from
// A = 10 (ISO 7064 MOD 97-10; the check holds when the result is 1).
func mod97(s string) int {
	r := 0
	for _, c := range s {
		if c >= 'A' {
			r = (r*100 + int(c-'A') + 10) % 97
		} else {
			r = (r*10 + int(c-'0')) % 97
		}
	}
	return r
}

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// usccCheck returns the check character of the first 17 characters of a USCC:
// weights are powers of 3 modulo 31 (GB 32100-2015, 4.5).
func usccCheck(first17 string) byte {
	sum, weight := 0, 1
	for i := range len(first17) {
		sum += strings.IndexByte(usccAlphabet, first17[i]) * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31]
}

// Party is what rules may know of a registered party.
type Party struct {
	ID     PartyID `json:"id"`
	MSP    MSPID   `json:"msp"`
	Name   string  `json:"name"`
	Roles  []Role  `json:"roles"`
	Active bool    `json:"active"`
}

// Has reports whether the party has the role.
func (p Party) Has(role Role) bool {
	for _, r := range p.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Caller is who sent the command, from the certificate and the registry.
type Caller struct {
	MSP MSPID
	// CertID is the certificate's subject and issuer, as Fabric's client
	// identity library writes them.
	CertID string
	// Roles are those of the certificate (attribute argosy.role).
	Roles []Role
	// Company is the certificate's attribute argosy.company, if any.
	Company PartyID
	// Party is the registered party that the certificate is bound to; its ID
	// is empty when there is none.
	Party Party
}

// HasRole reports whether the caller's certificate carries the role.
func (c Caller) HasRole(role Role) bool {
	for _, r := range c.Roles {
		if r == role {
			return true
		}
	}
	return false
}
