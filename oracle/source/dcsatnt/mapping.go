package dcsatnt

import (
	"cmp"
	"slices"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/oracle/source"
)

// mappingVersion names the tables below; a change of any row is a new version.
const mappingVersion = "dcsa-tnt-2.2/1"

// meaning is what an event code says: a fact, fact types that no longer hold, or
// the reason why it is neither.
type meaning struct {
	fact string
	// withdraws are fact types that no longer hold for the subjects.
	withdraws []string
	reason    string
}

// transportEvents by transportEventTypeCode.
var transportEvents = map[string]meaning{
	"ARRI": {fact: attest.Arrived},
	"DEPA": {fact: attest.Departed},
}

// equipmentEvents by equipmentEventTypeCode (event domain 1.0 of T&T 2.2, and
// the customs codes that the domain added later and carriers already send).
var equipmentEvents = map[string]meaning{
	"LOAD": {fact: attest.Loaded},
	"DISC": {fact: attest.Discharged},
	"GTIN": {fact: attest.GatedIn},
	"GTOT": {fact: attest.GatedOut},
	"CUSR": {fact: attest.CustomsReleased},
	"CUSS": {fact: attest.CustomsControl},
	"CUSI": {fact: attest.CustomsControl},
	"INSP": {reason: "equipment was inspected; the event does not say with which result"},
	"STUF": {reason: "stuffing; no fact type stands for it"},
	"STRP": {reason: "stripping; no fact type stands for it"},
	"PICK": {reason: "pick-up; no fact type stands for it"},
	"DROP": {reason: "drop-off; no fact type stands for it"},
	"AVPU": {reason: "availability for pick-up; no fact type stands for it"},
	"AVDO": {reason: "availability for drop-off; no fact type stands for it"},
	"RSEA": {reason: "resealing; no fact type stands for it"},
	"RMVD": {reason: "removal of a seal; no fact type stands for it"},
	"CROS": {reason: "border crossing; no fact type stands for it"},
}

// documentEvents by documentTypeCode and shipmentEventTypeCode. Only the rows
// here mean anything for the goods; every other pair of known codes is a step
// of paperwork.
//
// An inspection certificate (ICE) that is approved says that the inspection was
// passed, one that is rejected that it was not. One that is merely issued says
// that a certificate exists, not what stands in it, and establishes nothing.
// The two exclude each other, so the later one takes the earlier back, as voiding
// a certificate takes back either. A clearance that is held or rejected is no
// longer a release.
var documentEvents = map[string]map[string]meaning{
	"ICE": {
		"APPR": {fact: attest.InspectionPassed, withdraws: []string{attest.InspectionFailed}},
		"REJE": {fact: attest.InspectionFailed, withdraws: []string{attest.InspectionPassed}},
		"VOID": {withdraws: []string{attest.InspectionPassed, attest.InspectionFailed}},
	},
	"CUC": {
		"RELS": {fact: attest.CustomsReleased},
		"HOLD": {fact: attest.CustomsControl, withdraws: []string{attest.CustomsReleased}},
		"REJE": {fact: attest.CustomsRejected, withdraws: []string{attest.CustomsReleased}},
		"VOID": {withdraws: []string{attest.CustomsReleased}},
	},
}

// otherPaper is why every other event about a document establishes nothing.
const otherPaper = "a step of paperwork that says nothing of the goods"

// documentTypes and documentSteps are the other codes that the standard knows.
var (
	documentTypes = set("CBR", "BKG", "SHI", "TRD", "DEI", "DEO", "TRO", "CRO", "ARN", "VGM", "CAS", "CUC", "DGD",
		"OOG", "CQU", "INV", "HCE", "PCE", "VCE", "FCE", "ICE", "CEA", "CEO", "SRM")
	documentSteps = set("RECE", "DRFT", "PENA", "PENU", "PENC", "CONF", "REJE", "APPR", "ISSU", "SURR", "SUBM",
		"VOID", "REQS", "CMPL", "HOLD", "RELS", "CANC")
)

func set(codes ...string) map[string]bool {
	m := make(map[string]bool, len(codes))
	for _, c := range codes {
		m[c] = true
	}
	return m
}

// Meanings returns the tables as one, sorted by code.
func (Decoder) Meanings() []source.Meaning {
	var out []source.Meaning
	add := func(prefix string, table map[string]meaning) {
		for code, m := range table {
			out = append(out, source.Meaning{Code: prefix + code, Fact: m.fact, Withdraws: m.withdraws, Note: m.reason})
		}
	}
	add("TRANSPORT ", transportEvents)
	add("EQUIPMENT ", equipmentEvents)
	for document, table := range documentEvents {
		add("SHIPMENT "+document+" ", table)
	}
	slices.SortFunc(out, func(a, b source.Meaning) int { return cmp.Compare(a.Code, b.Code) })
	return append(out, source.Meaning{Code: "SHIPMENT, any other", Note: otherPaper})
}
