package e2e_test

import (
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/argosy-trade/argosy/chaincode/domain/party"
)

// TestRegistryStepsFollowAtOnce takes steps of the registry one right after the
// other, for several companies at the same time. The caller's own peer has each
// step's block when the next one begins; other members' peers may be a block
// behind, and a step that they refuse for that reason has to be tried again.
func TestRegistryStepsFollowAtOnce(t *testing.T) {
	n := onNative(t)
	var group errgroup.Group
	for name, attesterName := range map[string]string{
		"supplier": "exportbank-attester", "exporter": "exportbank-attester", "exportbank": "exportbank-attester",
		"importer": "importbank-attester", "importbank": "importbank-attester",
		"carrier": "carrier-attester", "rival": "carrier-attester", "customs": "authority-attester",
	} {
		id, attester := n.client(t, name).Profile().Company, n.client(t, attesterName)
		group.Go(func() error {
			for range 5 {
				if _, err := attester.Parties.Suspend(t.Context(), id); err != nil {
					return err
				}
				back, err := attester.Parties.Reinstate(t.Context(), id)
				if err != nil {
					return err
				}
				if back.Value.State != party.Active {
					t.Errorf("%s is %s", name, back.Value.State)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}
