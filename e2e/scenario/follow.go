package scenario

import (
	"context"
	"errors"
	"fmt"

	"github.com/argosy-trade/argosy/gateway/client"
)

// Follow looks whether something holds, now and after each event of the
// chaincode from a block on, until it does or ctx ends. It returns the block of
// the last event that it has seen.
func Follow(ctx context.Context, c *client.Client, at Place, holds func(context.Context) (bool, error)) (
	uint64, error,
) {
	ok, err := holds(ctx)
	if ok || err != nil {
		return at.Block, err
	}
	for e, err := range c.ChaincodeEvents(ctx, at.Chaincode, client.Position{Block: at.Block}) {
		if err != nil {
			return at.Block, err
		}
		at.Block = e.Block
		if ok, err := holds(ctx); ok || err != nil {
			return at.Block, err
		}
	}
	return at.Block, errors.New("the events have ended")
}

// Place is a chaincode and the block from which its events count.
type Place struct {
	Chaincode string
	Block     uint64
}

// becomes: becomes NAME STATE. Others bring it about; the story waits.
func becomes(ctx context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 2 {
		return false, "", errors.New("write: becomes NAME STATE")
	}
	c, err := s.person(ctx, observer)
	if err != nil {
		return false, "", err
	}
	found := ""
	block, err := Follow(ctx, c, Place{c.Profile().Chaincodes.Trade, s.block}, func(ctx context.Context) (bool, error) {
		d, err := s.header(ctx, words[0], observer)
		found = d.Header.State
		return found == words[1], err
	})
	s.caused(block)
	if ctx.Err() != nil {
		return false, found + ", and waited in vain", nil
	}
	return found == words[1], found, err
}

// engine: engine of BANK settles PAYMENT
func engine(ctx context.Context, s *stage, words []string) error {
	if len(words) != 4 || words[0] != "of" || words[2] != "settles" {
		return errors.New("write: engine of BANK settles PAYMENT")
	}
	if s.ground.Engine == nil {
		return errors.New("no bank has an engine on this ground")
	}
	p, err := s.paper(words[3])
	if err != nil {
		return err
	}
	bank, err := s.person(ctx, words[1])
	if err != nil {
		return err
	}
	d, err := bank.Payments.Get(ctx, p.id)
	if err != nil {
		return fmt.Errorf("the engine's instruction: %w", err)
	}
	return s.ground.Engine.Settle(ctx, d.Body.UETR, s.reference("ENGINE"))
}
