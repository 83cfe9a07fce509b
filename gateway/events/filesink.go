package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/durable"
)

// fileSink keeps the position in a file of its own.
type fileSink struct {
	path   string
	handle func(context.Context, Transaction) error
}

// FileSink calls handle for each transaction and then keeps its place in the
// file at path. After a crash between the two, handle is called again with the
// same transaction.
func FileSink(path string, handle func(context.Context, Transaction) error) Sink {
	return fileSink{path: path, handle: handle}
}

// Position reads the file; without one, everything is still to come.
func (s fileSink) Position(context.Context) (client.Position, error) {
	var p client.Position
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("checkpoint: %w", err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("checkpoint %s: %w", s.path, err)
	}
	return p, nil
}

// Apply handles the transaction and remembers its place.
func (s fileSink) Apply(ctx context.Context, t Transaction) error {
	if err := s.handle(ctx, t); err != nil {
		return err
	}
	text, err := json.Marshal(t.Position())
	if err != nil {
		return err
	}
	return durable.WriteFile(s.path, text, 0o600)
}
