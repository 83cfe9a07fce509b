package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/argosy-trade/argosy/gateway/durable"
)

func TestWriteFileReplacesWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, text := range []string{"first and longer", "second"} {
		if err := durable.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("got %q, %v", got, err)
		}
	}
	moved := filepath.Join(t.TempDir(), "g")
	if err := durable.Move(path, moved); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if got, err := os.ReadFile(moved); err != nil || string(got) != "second" {
		t.Errorf("moved: %q, %v", got, err)
	}
}

func TestFailureLeavesTheOldFileAndNoLitter(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(target, "full"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(target, []byte("x"), 0o640); err == nil {
		t.Fatal("a folder was replaced")
	}
	if err := durable.WriteFile(filepath.Join(dir, "absent", "f"), nil, 0o640); err == nil {
		t.Fatal("a file was written into a folder that does not exist")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "folder" {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
