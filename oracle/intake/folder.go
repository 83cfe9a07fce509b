package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/argosy-trade/argosy/oracle/source"
)

const (
	// DefaultEvery is how often a drop folder is looked at.
	DefaultEvery = time.Second
	// maxFiles bounds one pass, so that a full folder does not hold up shutdown.
	maxFiles = 256
	doneDir  = "done"
	badDir   = "quarantine"
)

// Folder is a source whose messages are files in a directory. A sender writes a
// file under another name (beginning with a dot, or ending in .tmp or .part) and
// renames it when it is complete. A file that was taken moves to done/, one that
// needs a person to quarantine/, both after it is in the database: a crash
// between the two finds the file again and recognises it.
type Folder struct {
	Feed
	Dir string
	// Every is the time between passes; 0 means DefaultEvery.
	Every time.Duration
}

// Watch takes the folder's files until ctx ends. It creates the directories that
// are missing.
func (in *Intake) Watch(ctx context.Context, f Folder) error {
	if f.Every <= 0 {
		f.Every = DefaultEvery
	}
	for _, dir := range []string{f.Dir, filepath.Join(f.Dir, doneDir), filepath.Join(f.Dir, badDir)} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("drop folder: %w", err)
		}
	}
	tick := time.NewTicker(f.Every)
	defer tick.Stop()
	for {
		if _, err := in.Sweep(ctx, f); err != nil && ctx.Err() == nil {
			in.log.ErrorContext(ctx, "drop folder", "source", string(f.ID), "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Sweep takes the files that are there, in the order of their names, and returns
// how many it took. A file that cannot be read or stored stays where it is and
// does not hold up the others.
func (in *Intake) Sweep(ctx context.Context, f Folder) (int, error) {
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return 0, err
	}
	taken, seen := 0, 0
	var errs []error
	for _, e := range entries {
		if !ready(e) {
			continue
		}
		if seen++; seen > maxFiles || ctx.Err() != nil {
			break
		}
		if err := in.file(ctx, f, root, e.Name()); err != nil {
			in.met.rejected.WithLabelValues(string(f.ID), "FILE").Inc()
			errs = append(errs, fmt.Errorf("%s: %w", e.Name(), err))
			continue
		}
		taken++
	}
	return taken, errors.Join(errs...)
}

// ready reports whether the entry is a complete message.
func ready(e fs.DirEntry) bool {
	name := e.Name()
	return e.Type().IsRegular() && !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, "~") &&
		!strings.HasSuffix(name, ".tmp") && !strings.HasSuffix(name, ".part")
}

// file takes one file and moves it away.
func (in *Intake) file(ctx context.Context, f Folder, root *os.Root, name string) error {
	raw, err := readFile(root, name)
	if err != nil {
		return err
	}
	if len(raw) > source.MaxBytes {
		// Too large for the inbox: the file itself is what is kept.
		in.met.received.WithLabelValues(string(f.ID), "folder").Inc()
		in.met.rejected.WithLabelValues(string(f.ID), string(source.TooLarge)).Inc()
		return move(root, name, badDir, raw)
	}
	r, err := in.Take(ctx, f.Feed, Message{Transport: "folder", Name: name, Raw: raw})
	if err != nil {
		return err
	}
	if r.Quarantined > 0 || r.Conflicts > 0 {
		return move(root, name, badDir, raw)
	}
	return move(root, name, doneDir, raw)
}

// readFile reads at most one byte more than a message may have.
func readFile(root *os.Root, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, source.MaxBytes+1))
}

// move puts the file into dir; where the name is taken, its hash makes another.
func move(root *os.Root, name, dir string, raw []byte) error {
	target := filepath.Join(dir, name)
	if _, err := root.Lstat(target); err == nil {
		digest := sha256.Sum256(raw)
		target += "." + hex.EncodeToString(digest[:8])
	}
	return root.Rename(name, target)
}
