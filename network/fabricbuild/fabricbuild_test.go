package fabricbuild

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestPinnedSourceIsTheVersionThatWeClaim(t *testing.T) {
	root, err := Root(".")
	if err != nil {
		t.Fatal(err)
	}
	stamp, err := stampOf(context.Background(), filepath.Join(root, "network", "fabric"))
	if err != nil || stamp == "" {
		t.Fatalf("stamp %q, %v", stamp, err)
	}
	// Another pin must not pass for this version.
	other := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module x\nrequire github.com/hyperledger/fabric v2.5.0\n", "go.sum": "",
	} {
		if err := os.WriteFile(filepath.Join(other, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := stampOf(context.Background(), other); err == nil {
		t.Error("a source that does not pin the commit was accepted")
	}
}

// fake puts empty programs into a directory.
func fake(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		if err := os.WriteFile(filepath.Join(dir, p), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	tmp := t.TempDir()
	t.Chdir(tmp) // outside the repository, whose own build would be found
	t.Setenv(EnvironmentDir, "")
	bin := filepath.Join(tmp, "build", "bin")
	if _, err := Find(bin); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("got %v, want ErrNotBuilt", err)
	}
	want := fake(t, filepath.Join(tmp, "build", "fabric", Version))
	if got, err := Find(bin); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	named := fake(t, filepath.Join(tmp, "elsewhere"))
	t.Setenv(EnvironmentDir, named)
	if got, err := Find(bin); err != nil || got != named {
		t.Errorf("got %s, %v, want %s", got, err, named)
	}
	// A directory that is named and wrong is an error, not a reason to look on.
	t.Setenv(EnvironmentDir, filepath.Join(tmp, "nowhere"))
	if _, err := Find(bin); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("got %v, want ErrNotBuilt", err)
	}
}
