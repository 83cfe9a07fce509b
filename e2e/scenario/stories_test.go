package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStoriesAreWellTold holds the stories to rules that the script engine does
// not know: only our own words, a comment first, no refusal without its code,
// and a reason for every ground on which a story is not performed.
func TestStoriesAreWellTold(t *testing.T) {
	var names []string
	for _, pattern := range []string{"testdata/*.txtar", "testdata/unattended/*.txtar"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal("no stories:", pattern, err)
		}
		names = append(names, found...)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, complaint := range complaints(string(text)) {
			t.Errorf("%s: %s", name, complaint)
		}
	}
}

func TestComplaints(t *testing.T) {
	for _, tc := range []struct{ story, want string }{
		{"as exporter accept U-1\n", "begins with a comment"},
		{"# A\n! as exporter accept U-1\nstate U-1 ISSUED\n", "line 2"},
		{"# A\n! as exporter accept U-1\n", "line 2"},
		{"# A\nstop peer exportbank\n", "stop"},
		{"# A\n[stub] skip\n", "line 2"},
		{"# A\n[!stub] advance 1 day\n", "line 2"},
	} {
		if got := strings.Join(complaints(tc.story), "\n"); !strings.Contains(got, tc.want) {
			t.Errorf("%q: got %q, want %q", tc.story, got, tc.want)
		}
	}
	good := "# A\n[stub] skip 'no time'\n! as exporter accept U-1\n# why\n\nrefused NOT_PARTY\n! state U-1 ISSUED\n"
	if got := complaints(good); len(got) > 0 {
		t.Errorf("%q: %v", good, got)
	}
}
