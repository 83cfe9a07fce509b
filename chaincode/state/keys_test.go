package state

import (
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// The bytes of keys are stored on ledgers: they must never change.
func TestKeysAreStoredForEver(t *testing.T) {
	const id trade.DocID = "ExportBankMSP.00112233445566778899aabbccddeeff"
	who := trade.Caller{MSP: "ExportBankMSP", CertID: "eDUwOTo6Q049ZXhwb3J0ZXI="}
	subject := trade.Digest{0xab}
	const hex = "ab00000000000000000000000000000000000000000000000000000000000000"
	const caller = "724737221faab4a9e8ecf3db6f0fafb50e48ac138106fa1d8f63ba63c339ecf6"
	from, to := BodyRange("invoice", "")
	after, _ := BodyRange("invoice", id)
	waitFrom, waitTo := WaitRange(subject)
	for _, tc := range []struct{ got, want string }{
		{HeaderKey(id), "doc~" + string(id)},
		{BodyKey("invoice", id), "body~invoice~" + string(id)},
		{string(IDOfBody(BodyKey("invoice", id))), string(id)},
		{from, "body~invoice~"},
		{to, "body~invoice~\x7f"},
		{after, "body~invoice~" + string(id) + "\x01"},
		{NoteKey(trade.Header{ID: id, Version: 12}), "note~" + string(id) + "~00000000000000000012"},
		{WaitKey(subject, id), "wait~" + hex + "~" + string(id)},
		{waitFrom, "wait~" + hex + "~"},
		{waitTo, "wait~" + hex + "~\x7f"},
		{RequestKey(who, "r"), "req~" + CallerKey(who) + "~r"},
		{PartyKey("529900ARGOSYEXPRTR48"), "party~529900ARGOSYEXPRTR48"},
		{BindingKey(who), "bind~" + CallerKey(who)},
		{SourceKey("customs"), "source~customs"},
		{PolicyKey("LOADED"), "policy~LOADED"},
		{ProposalKey("LOADED", subject), "policyproposal~LOADED~" + hex},
		{ClaimKey(subject, "LOADED", "customs"), "claim~" + hex + "~LOADED~customs"},
		{FactKey(subject, "LOADED"), "fact~" + hex + "~LOADED"},
		{CallerKey(who), caller},
		{ParameterKey(trade.ParameterRef{Name: "voucher.CNY", Version: 7}), "parameter~voucher.CNY~00000000000000000007"},
		{CurrentParameterKey("voucher.CNY"), "parametercurrent~voucher.CNY"},
		{ParameterProposalKey("voucher.CNY", subject), "parameterproposal~voucher.CNY~" + hex},
		{ArrearsKey("529900ARGOSYEXPRTR48"), "arrears~529900ARGOSYEXPRTR48"},
		{ArrearsLotKey(id), "arrearslot~" + string(id)},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
