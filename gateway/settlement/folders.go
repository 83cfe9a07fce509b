package settlement

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/argosy-trade/argosy/gateway/durable"
)

// Modes of what the agent writes: the payment engine runs in the same group.
const (
	folderMode = 0o750
	fileMode   = 0o640
)

// stagedFolder is inside the engine's folder, so that a rename is atomic; the
// dot keeps engines from looking into it.
const stagedFolder = ".staged"

// Outbox is the folder from which the payment engine takes files. It implements
// Files.
type Outbox struct{ Folder string }

// Prepare makes the folders.
func (o Outbox) Prepare() error {
	return os.MkdirAll(filepath.Join(o.Folder, stagedFolder), folderMode)
}

func (o Outbox) staged(name string) string { return filepath.Join(o.Folder, stagedFolder, name) }

// Stage implements Files.
func (o Outbox) Stage(name string, data []byte) error {
	return durable.WriteFile(o.staged(name), data, fileMode)
}

// Publish implements Files.
func (o Outbox) Publish(name string) (bool, error) {
	err := durable.Move(o.staged(name), filepath.Join(o.Folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Drop implements Files.
func (o Outbox) Drop(name string) error {
	if err := os.Remove(o.staged(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return durable.SyncDir(filepath.Join(o.Folder, stagedFolder))
}

// Inbox is the folder into which the payment engine puts its reports: written
// under another name and renamed to *.xml when whole.
type Inbox struct{ Folder string }

// Where files go that were read, and that could not be.
const (
	doneFolder       = "done"
	quarantineFolder = "quarantine"
)

// Prepare makes the folders.
func (i Inbox) Prepare() error {
	for _, sub := range []string{doneFolder, quarantineFolder} {
		if err := os.MkdirAll(filepath.Join(i.Folder, sub), folderMode); err != nil {
			return err
		}
	}
	return nil
}

// list returns the reports that wait, oldest name first.
func (i Inbox) list() ([]string, error) {
	entries, err := os.ReadDir(i.Folder)
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	var out []string
	for _, e := range entries {
		name := e.Name()
		if e.Type().IsRegular() && strings.EqualFold(filepath.Ext(name), ".xml") && !strings.HasPrefix(name, ".") {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out, nil
}

// accept moves a report that was read.
func (i Inbox) accept(name string) error {
	return durable.Move(filepath.Join(i.Folder, name), filepath.Join(i.Folder, doneFolder, name))
}

// quarantine moves a report that could not be used, with the reason beside it.
func (i Inbox) quarantine(name, reason string) error {
	target := filepath.Join(i.Folder, quarantineFolder, name)
	if err := durable.WriteFile(target+".reason.txt", []byte(reason+"\n"), fileMode); err != nil {
		return err
	}
	return durable.Move(filepath.Join(i.Folder, name), target)
}
