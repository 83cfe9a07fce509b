// Package sourcetest is the suite that every source.Decoder passes. A new kind
// of source calls Run with samples of its own; what the suite asks for is what
// the rest of the oracle relies on.
package sourcetest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/oracle/source"
)

// Sample is one message and what it must give.
type Sample struct {
	Name string
	Raw  []byte
	// Events is the number of events; Observations of all of them together.
	Events, Observations int
	// Reformatted is the same message with other white space; optional.
	Reformatted []byte
}

// Run checks d with the samples. At least one sample must give an observation
// and have a reformatted twin, or the suite would prove nothing.
func Run(t *testing.T, d source.Decoder, samples []Sample) {
	t.Helper()
	telling := 0
	for _, s := range samples {
		t.Run("sample "+s.Name, func(t *testing.T) { sample(t, d, s) })
		if s.Observations > 0 && s.Reformatted != nil {
			telling++
		}
	}
	if telling == 0 {
		t.Fatal("no sample gives an observation and has a reformatted twin")
	}
	t.Run("description", func(t *testing.T) {
		if d.Kind() == "" || d.Mapping() == "" || len(d.MediaTypes()) == 0 {
			t.Fatal("a decoder names its kind, its mapping table and its media types")
		}
	})
	t.Run("damage", func(t *testing.T) { damage(t, d, samples) })
	t.Run("bombs", func(t *testing.T) { bombs(t, d) })
}

func sample(t *testing.T, d source.Decoder, s Sample) {
	t.Helper()
	events, refusal := source.Decode(d, s.Raw)
	if refusal != nil {
		t.Fatalf("refused: %s", refusal)
	}
	observations := 0
	for _, e := range events {
		observations += len(e.Observations)
		if r := e.Validate(); r != nil {
			t.Errorf("event %q: %s", e.ID, r)
		}
	}
	if len(events) != s.Events || observations != s.Observations {
		t.Errorf("%d events with %d observations, want %d with %d", len(events), observations, s.Events, s.Observations)
	}
	again, _ := source.Decode(d, bytes.Clone(s.Raw))
	if diff := cmp.Diff(events, again); diff != "" {
		t.Errorf("the same bytes give other events:\n%s", diff)
	}
	if s.Reformatted == nil {
		return
	}
	if bytes.Equal(s.Raw, s.Reformatted) {
		t.Fatal("the reformatted twin is the same")
	}
	twin, refusal := source.Decode(d, s.Reformatted)
	if refusal != nil {
		t.Fatalf("the reformatted twin is refused: %s", refusal)
	}
	if diff := cmp.Diff(events, twin); diff != "" {
		t.Errorf("formatting changes the meaning or the canonical form:\n%s", diff)
	}
}

// damage cuts and flips every sample at every place: nothing may panic, and
// what is still read must be valid.
func damage(t *testing.T, d source.Decoder, samples []Sample) {
	t.Helper()
	for _, s := range samples {
		for i := range s.Raw {
			Sane(t, d, s.Raw[:i])
			flipped := bytes.Clone(s.Raw)
			flipped[i] ^= 1
			Sane(t, d, flipped)
		}
	}
}

// bombs are inputs that are small to send and large to read.
func bombs(t *testing.T, d source.Decoder) {
	t.Helper()
	const many = 200_000
	for name, raw := range map[string]string{
		"empty":          "",
		"zeros":          strings.Repeat("\x00", 64),
		"deep arrays":    strings.Repeat("[", many),
		"deep objects":   strings.Repeat(`{"a":`, many),
		"deep elements":  strings.Repeat("<a>", many),
		"wide array":     "[" + strings.Repeat("1,", many) + "1]",
		"wide elements":  "<a>" + strings.Repeat("<b/>", many) + "</a>",
		"many texts":     "<MetaData>" + strings.Repeat("x<!---->", source.MaxBytes/8-10) + "</MetaData>",
		"entities":       `<!DOCTYPE a [<!ENTITY b "cccc">]><MetaData><Response>&b;</Response></MetaData>`,
		"not UTF-8":      "[\"\xff\xfe\"]",
		"other encoding": `<?xml version="1.0" encoding="UTF-16"?><MetaData/>`,
		"HTML":           "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
	} {
		if _, refusal := source.Decode(d, []byte(raw)); refusal == nil {
			t.Errorf("%s: read as a message", name)
		} else if refusal.Reason == source.DecoderFailed {
			t.Errorf("%s: the decoder panicked", name)
		}
	}
	big := bytes.Repeat([]byte(" "), source.MaxBytes+1)
	if _, refusal := source.Decode(d, big); refusal == nil || refusal.Reason != source.TooLarge {
		t.Errorf("a message over the limit: %v, want TOO_LARGE", refusal)
	}
}

// Sane fails the test when d panics on raw or gives an event that is not valid.
// Fuzz targets call it too.
func Sane(t testing.TB, d source.Decoder, raw []byte) {
	t.Helper()
	events, refusal := source.Decode(d, raw)
	if refusal != nil {
		if refusal.Reason == source.DecoderFailed {
			t.Fatalf("the decoder panicked on %q", raw)
		}
		if len(events) != 0 {
			t.Fatalf("events beside a refusal for %q", raw)
		}
		return
	}
	if len(events) == 0 {
		t.Fatalf("neither events nor a refusal for %q", raw)
	}
	for _, e := range events {
		if r := e.Validate(); r != nil && e.Refusal == nil {
			t.Fatalf("invalid event %q for %q: %s", e.ID, raw, r)
		}
	}
}
