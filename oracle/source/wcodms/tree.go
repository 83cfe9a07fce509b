package wcodms

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"sort"
	"strings"

	"github.com/argosy-trade/argosy/oracle/source"
)

// node is one element: its local name, attributes, children and the text
// directly in it.
type node struct {
	name     string
	space    string
	attrs    []xml.Attr
	children []*node
	// text is complete when the element is closed; until then it gathers in
	// parts, because adding to a string again and again takes quadratic time.
	text  string
	parts []string
}

// child returns the first child with the local name, or an empty node, so that
// paths can be followed without checks.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return &node{}
}

// path follows local names downwards.
func (n *node) path(names ...string) *node {
	for _, name := range names {
		n = n.child(name)
	}
	return n
}

// all returns the children with the local name.
func (n *node) all(name string) []*node {
	var out []*node
	for _, c := range n.children {
		if c.name == name {
			out = append(out, c)
		}
	}
	return out
}

func (n *node) attr(name string) string {
	for _, a := range n.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// canonical appends n in a form that white space between elements, comments,
// prefixes and the order of attributes do not change. Lengths keep different
// trees apart.
func (n *node) canonical(b *bytes.Buffer) {
	b.WriteByte('<')
	b.WriteString(n.space)
	b.WriteByte(' ')
	b.WriteString(n.name)
	attrs := make([]string, 0, len(n.attrs))
	for _, a := range n.attrs {
		if a.Name.Space == "xmlns" || (a.Name.Space == "" && a.Name.Local == "xmlns") {
			continue
		}
		attrs = append(attrs, a.Name.Space+" "+a.Name.Local+"="+a.Value)
	}
	sort.Strings(attrs)
	for _, a := range attrs {
		b.WriteByte(0)
		b.WriteString(a)
	}
	b.WriteByte('>')
	b.WriteString(n.text)
	for _, c := range n.children {
		c.canonical(b)
	}
	b.WriteByte(0)
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// parse reads raw into a tree within the limits of package source. Document
// type declarations are refused, so no entity is ever defined or expanded;
// encodings other than UTF-8 are refused.
func parse(raw []byte) (*node, *source.Refusal) {
	p := parser{root: &node{}}
	p.stack = []*node{p.root}
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, byteOrderMark)))
	dec.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
		p.encoding = label
		return nil, errors.New("only UTF-8 is read")
	}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if p.encoding != "" {
				return nil, source.Refuse(source.EncodingUnknown, "encoding %q; send UTF-8", p.encoding)
			}
			return nil, source.Refuse(source.Malformed, "not well-formed XML: %v", err)
		}
		if r := p.take(token); r != nil {
			return nil, r
		}
	}
	if len(p.root.children) == 0 {
		return nil, source.Refuse(source.Malformed, "no XML element")
	}
	if len(p.root.children) > 1 {
		return nil, source.Refuse(source.Malformed, "more than one root element")
	}
	return p.root.children[0], nil
}

type parser struct {
	root     *node
	stack    []*node
	nodes    int
	encoding string
}

func (p *parser) take(token xml.Token) *source.Refusal {
	if p.nodes++; p.nodes > source.MaxNodes {
		return source.Refuse(source.TooMany, "more than %d elements, attributes, texts and comments", source.MaxNodes)
	}
	top := p.stack[len(p.stack)-1]
	switch t := token.(type) {
	case xml.StartElement:
		p.nodes += len(t.Attr)
		if len(p.stack) > source.MaxDepth {
			return source.Refuse(source.TooDeep, "nested deeper than %d", source.MaxDepth)
		}
		n := &node{name: t.Name.Local, space: t.Name.Space, attrs: t.Copy().Attr}
		top.children = append(top.children, n)
		p.stack = append(p.stack, n)
	case xml.EndElement:
		top.text, top.parts = strings.TrimSpace(strings.Join(top.parts, "")), nil
		p.stack = p.stack[:len(p.stack)-1]
	case xml.CharData:
		if top != p.root {
			top.parts = append(top.parts, string(t))
		} else if len(bytes.TrimSpace(t)) > 0 {
			return source.Refuse(source.Malformed, "text outside the root element")
		}
	case xml.Directive:
		return source.Refuse(source.DTDForbidden, "a document type declaration; send the message without one")
	}
	return nil
}
