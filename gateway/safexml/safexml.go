// Package safexml reads XML that strangers sent.
//
// It refuses document type definitions (and with them every entity that a file
// could define), elements nested deeper than a limit, and encodings that it
// does not know. Size is the caller's to limit, while reading. Every error
// carries a *fault.Error.
package safexml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// maxDepth is far over what business messages need: UBL nests some ten
// elements, ISO 20022 some fifteen.
const maxDepth = 40

// ReadAll reads at most limit bytes; more are refused with TOO_LARGE.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fault.Wrap(fault.ArgumentMalformed, err, "cannot be read: %v", err)
	}
	if int64(len(raw)) > limit {
		return nil, fault.New(fault.TooLarge, "the file is over %d bytes", limit)
	}
	return raw, nil
}

// Element finds the first element that pick accepts and decodes it into what
// pick returns for it. pick may refuse with an error; it returns nil for
// elements to walk past.
func Element(raw []byte, pick func(xml.Name) (any, error)) error {
	inner := xml.NewDecoder(bytes.NewReader(raw))
	inner.CharsetReader = charset
	dec := xml.NewTokenDecoder(&guard{inner: inner})
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return fault.New(fault.ArgumentMalformed, "the file holds no such message")
		}
		if err != nil {
			return malformed(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		into, err := pick(start.Name)
		if err != nil {
			return err
		}
		if into == nil {
			continue
		}
		if err := dec.DecodeElement(into, &start); err != nil {
			return malformed(err)
		}
		return nil
	}
}

func malformed(err error) error {
	if f, ok := fault.From(err); ok {
		return f
	}
	return fault.Wrap(fault.ArgumentMalformed, err, "not well-formed XML: %v", err)
}

// charset reads files that are not in UTF-8, by their declared encoding.
func charset(label string, input io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(label)
	if err != nil {
		return nil, fault.Wrap(fault.ArgumentMalformed, err, "the encoding %q is not known", label)
	}
	return e.NewDecoder().Reader(input), nil
}

// guard passes tokens on and refuses type definitions and deep nesting.
type guard struct {
	inner *xml.Decoder
	depth int
}

// Token implements xml.TokenReader.
func (g *guard) Token() (xml.Token, error) {
	token, err := g.inner.RawToken()
	switch token.(type) {
	case xml.Directive:
		return nil, fault.New(fault.ArgumentMalformed, "document type definitions are refused")
	case xml.StartElement:
		if g.depth++; g.depth > maxDepth {
			return nil, fault.New(fault.TooLarge, "elements nest deeper than %d", maxDepth)
		}
	case xml.EndElement:
		g.depth--
	}
	return token, err
}
