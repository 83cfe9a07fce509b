package contract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/argosy-trade/argosy/accelsvc/client"
	"github.com/argosy-trade/argosy/chaincode/contract"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// broken is an accelerator that cannot answer.
type broken struct{ err error }

func (b broken) VerifySM2(context.Context, []contract.SignedMessage) ([]bool, error) {
	return nil, b.err
}
func (b broken) SM3(context.Context, [][]byte) ([][32]byte, error) { return nil, b.err }

func TestAcceleratorThatDisagreesOrFailsEndsTheTransaction(t *testing.T) {
	secret := "failed while hashing " + secretGoods
	for _, tc := range []struct {
		err  error
		want fault.Code
	}{
		{contract.VerifierFault(fmt.Errorf("item 3: %w", client.ErrDisagreement)), fault.VerifierDisagrees},
		{contract.VerifierFault(errors.New(secret)), fault.Internal},
	} {
		w := newWorld(t)
		var log bytes.Buffer
		for _, org := range orgs {
			cc := must(contract.NewTrade(contract.Options{
				MSPID: trade.MSPID(org), Accelerator: broken{tc.err}, Now: w.Now, Registry: "registry",
				Logger: slog.New(slog.NewTextHandler(&log, nil)),
			}))
			w.Replace("trade", org, shim.Chaincode(cc))
		}
		d := newDeal(w)
		d.encode(d.invID, d.inv)
		_, err := d.send("exporter Invoice:Issue", d.invID, nil, d.invID)
		wantCode(t, err, tc.want)
		if strings.Contains(err.Error(), secretGoods) {
			t.Errorf("the refusal tells %q", err)
		}
		if logged := strings.Contains(log.String(), secretGoods); logged != (tc.want == fault.Internal) {
			t.Errorf("the organisation's own log: %q", log.String())
		}
	}
}
