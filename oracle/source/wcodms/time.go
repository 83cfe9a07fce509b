package wcodms

import (
	"strings"
	"time"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/oracle/source"
)

// layouts by UN/CEFACT format code (code list 2379). Only those that carry an
// offset give an instant; 102, 203 and 204 do not, and are refused, because a
// guessed time zone could move a deadline.
var layouts = map[string][]string{
	"205": {"200601021504Z07", "200601021504Z0700", "200601021504Z07:00"},
	"303": {"200601021504Z07", "200601021504Z0700", "200601021504Z07:00"},
	"304": {"20060102150405Z07", "20060102150405Z0700", "20060102150405Z07:00"},
}

// instant reads the DateTimeString below n. Without a format code only the
// shape of 304 is accepted, which nothing else has.
func instant(n *node, field string) (at trade.Instant, text string, refusal *source.Refusal) {
	s := n.child("DateTimeString")
	text = s.text
	if text == "" {
		return 0, "", source.Refuse(source.FieldMissing, "the time is missing").At(field)
	}
	code := s.attr("formatCode")
	if code == "" {
		code = "304"
	}
	known, ok := layouts[code]
	if !ok {
		return 0, text, source.Refuse(source.TimeInvalid, "format code %q gives no instant with an offset", code).At(field)
	}
	// A lower-case z and a blank before the offset occur in hand-made messages;
	// neither can mean anything else.
	clean := strings.ToUpper(strings.ReplaceAll(text, " ", ""))
	for _, layout := range known {
		if t, err := time.Parse(layout, clean); err == nil {
			if t.UnixMilli() <= 0 {
				break
			}
			return trade.InstantOf(t), text, nil
		}
	}
	return 0, text, source.Refuse(source.TimeInvalid, "not a time of format %s with an offset", code).At(field)
}
