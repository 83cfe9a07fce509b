package e2e_test

import (
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/party"
)

// TestRegistryStepsFollowAtOnce takes steps of the registry one right after the
// other. The caller's own peer has each step's block when the next one begins;
// the other members' peers may be a block behind, and endorse it all the same.
func TestRegistryStepsFollowAtOnce(t *testing.T) {
	n := onNative(t)
	supplier, attester := n.client(t, "supplier"), n.client(t, "exportbank-attester")
	id := supplier.Profile().Company
	for round := range 20 {
		suspended, err := attester.Parties.Suspend(t.Context(), id)
		if err != nil || suspended.Value.State != party.Suspended {
			t.Fatalf("round %d: %+v, %v", round, suspended.Value, err)
		}
		back, err := attester.Parties.Reinstate(t.Context(), id)
		if err != nil || back.Value.State != party.Active {
			t.Fatalf("round %d: %+v, %v", round, back.Value, err)
		}
	}
}
