package contract

import (
	"context"
	"errors"

	"github.com/argosy-trade/argosy/accelsvc/client"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// accelerated adapts the accelerator's client to the contracts' port.
type accelerated struct{ client *client.Client }

// NewAccelerator returns the port that c serves. Its answers are the same with
// and without a sidecar; when sidecar and software disagree the transaction is
// refused with VERIFIER_DISAGREES, and nothing is endorsed.
func NewAccelerator(c *client.Client) Accelerator { return accelerated{c} }

func (a accelerated) VerifySM2(ctx context.Context, batch []SignedMessage) ([]bool, error) {
	items := make([]client.Item, len(batch))
	for i, m := range batch {
		items[i] = client.Item{PublicKey: m.PublicKey, Message: m.Message, Signature: m.Signature}
	}
	verdicts, err := a.client.Verify(ctx, client.Batch{Algorithm: client.SM2SM3, Input: client.Messages, Items: items})
	return verdicts, verifierFault(err)
}

func (a accelerated) SM3(ctx context.Context, messages [][]byte) ([][32]byte, error) {
	digests, err := a.client.Hash(ctx, client.SM3, messages)
	out := make([][32]byte, len(digests))
	for i, d := range digests {
		out[i] = d
	}
	return out, verifierFault(err)
}

func verifierFault(err error) error {
	if errors.Is(err, client.ErrDisagreement) {
		return fault.Wrap(fault.VerifierDisagrees, err, "accelerator and software gave different answers")
	}
	return err
}
