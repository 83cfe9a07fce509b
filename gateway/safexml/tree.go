package safexml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// maxElements bounds the tree of one file. An invoice line takes some forty
// elements, so this is over seven thousand lines; the tree then takes some
// tens of megabytes.
const maxElements = 300_000

// maxChildren bounds the children of one element, and so the lists that readers
// make of them: a line with its amounts takes some hundreds of bytes, so files
// of eight MiB stay under it.
const maxChildren = 20_000

// maxAttributes bounds the attributes of one element; business messages use
// three or four.
const maxAttributes = 64

// Node is one element of a file.
type Node struct {
	Name     xml.Name
	Attrs    []xml.Attr
	Text     string // character data of the element itself, all parts joined
	Children []*Node
}

// Tree reads a file whole. It refuses what Element refuses, and files with more
// elements than business messages have.
func Tree(raw []byte) (*Node, error) {
	inner := xml.NewDecoder(bytes.NewReader(raw))
	inner.CharsetReader = charset
	t := tree{dec: xml.NewTokenDecoder(&guard{inner: inner})}
	for {
		token, err := t.dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, malformed(err)
		}
		if err := t.take(token); err != nil {
			return nil, err
		}
	}
	if t.root == nil || len(t.open) > 0 {
		return nil, fault.New(fault.ArgumentMalformed, "the file holds no XML document")
	}
	return t.root, nil
}

// tree builds the nodes; open are the elements that have not ended, outermost
// first, with the text of each so far.
type tree struct {
	dec   *xml.Decoder
	root  *Node
	open  []*Node
	texts []*strings.Builder
	count int
}

func (t *tree) take(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		return t.start(token)
	case xml.EndElement:
		last := len(t.open) - 1
		t.open[last].Text = t.texts[last].String()
		t.open, t.texts = t.open[:last], t.texts[:last]
	case xml.CharData:
		if len(t.texts) == 0 {
			if len(bytes.TrimSpace(token)) > 0 {
				return fault.New(fault.ArgumentMalformed, "not well-formed XML: text outside the root element")
			}
			return nil
		}
		t.texts[len(t.texts)-1].Write(token)
	}
	return nil
}

func (t *tree) start(e xml.StartElement) error {
	if t.count++; t.count > maxElements {
		return fault.New(fault.TooLarge, "the file has over %d elements", maxElements)
	}
	if len(e.Attr) > maxAttributes {
		return fault.New(fault.TooLarge, "an element has over %d attributes", maxAttributes)
	}
	n := &Node{Name: e.Name, Attrs: e.Copy().Attr}
	switch {
	case len(t.open) > 0:
		parent := t.open[len(t.open)-1]
		if len(parent.Children) >= maxChildren {
			return fault.New(fault.TooLarge, "an element holds over %d others", maxChildren)
		}
		parent.Children = append(parent.Children, n)
	case t.root != nil:
		return fault.New(fault.ArgumentMalformed, "not well-formed XML: two root elements")
	default:
		t.root = n
	}
	t.open = append(t.open, n)
	t.texts = append(t.texts, &strings.Builder{})
	return nil
}
