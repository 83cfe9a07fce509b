package dcsatnt

import "github.com/argosy-trade/argosy/chaincode/domain/attest"

// mappingVersion names the tables below; a change of any row is a new version.
const mappingVersion = "dcsa-tnt-2.2/1"

// meaning is what an event code says: one of fact, withdraws or reason is set.
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
// Voiding a certificate takes its result back.
var documentEvents = map[string]map[string]meaning{
	"ICE": {
		"APPR": {fact: attest.InspectionPassed},
		"REJE": {fact: attest.InspectionFailed},
		"VOID": {withdraws: []string{attest.InspectionPassed, attest.InspectionFailed}},
	},
	"CUC": {
		"RELS": {fact: attest.CustomsReleased},
		"HOLD": {fact: attest.CustomsControl},
		"REJE": {fact: attest.CustomsRejected},
		"VOID": {withdraws: []string{attest.CustomsReleased}},
	},
}

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
