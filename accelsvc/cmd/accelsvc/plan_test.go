package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/accelsvc/plan"
)

func TestPlanCommand(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "plot.svg")
	out, err := run(t.Context(), "plan", "--profile", "claim", "--batches", "500", "--plot", picture)
	if err != nil || !strings.Contains(out, "NOT MEASURED") || !strings.Contains(out, "chips at all 4 endorsers") {
		t.Errorf("got %v\n%s", err, out)
	}
	if b, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(b), "<svg") {
		t.Errorf("picture: %v", err)
	}
	out, err = run(t.Context(), "plan", "--batches", "500", "--output", "json", "--invoices", "3.15e11", "--peak", "10")
	var p plan.Plan
	if bad := json.Unmarshal([]byte(out), &p); err != nil || bad != nil || p.Peak.Chips < 1 || p.Profile != "kernels" {
		t.Errorf("got %v, %v\n%s", err, bad, out)
	}
	for want, args := range map[string][]string{
		"text or json":    {"--output", "yaml"},
		"timing profile":  {"--profile", "fast"},
		"peak factor":     {"--peak", "0"},
		"smaller batches": {"--target", "10us"},
	} {
		_, err := run(t.Context(), append([]string{"plan"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
}
