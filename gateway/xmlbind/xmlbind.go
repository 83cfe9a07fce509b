// Package xmlbind binds the elements of an XML message to the fields of a
// value, in both directions with one description.
//
// A message is described by a function that visits its elements in the order
// of its schema. Reading, the function takes each field from the tree,
// wherever its element stands among its siblings; writing, it gives each field
// to the tree. So what is written can be read, and nothing is described twice.
//
// Elements are matched by their local names: messages with unusual prefixes
// are read all the same. What no field took is reported, not lost silently.
// The package writes only what XML can carry: a text with a control character
// is refused.
package xmlbind

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/safexml"
)

// Value is a field: a text that may be absent.
type Value interface {
	// Lexical returns the text, and whether there is one.
	Lexical() (text string, given bool)
	// SetLexical takes the text of an element that is there.
	SetLexical(text string)
}

// Cursor stands at one element of a message, read or written.
type Cursor struct {
	in   *safexml.Node // nil when writing
	out  *element      // nil when reading
	used map[*safexml.Node]*use
}

// use is what the fields took of one element that is read.
type use struct {
	text  bool
	attrs uint64 // one bit each; safexml allows no more
}

// element is an element to be written.
type element struct {
	name     string
	attrs    []xml.Attr
	text     string
	children []*element
}

func (e *element) empty() bool { return len(e.attrs) == 0 && len(e.children) == 0 && e.text == "" }

// Left is a part of a message that no field took.
type Left struct {
	Path string
	// Node is the element; it is nil for an attribute or a text.
	Node *safexml.Node
	// Repeated says that an element of the same name beside it was taken.
	Repeated bool
}

// Read lets visit take its fields from root, and tells left what it did not
// take, in the order of the file.
func Read(root *safexml.Node, visit func(*Cursor), left func(Left)) {
	c := &Cursor{in: root, used: map[*safexml.Node]*use{root: {}}}
	visit(c)
	(&leavings{used: c.used, tell: left}).walk(root, Left{})
}

// Root describes the outermost element of a message that is written.
type Root struct {
	Name       string      // with its prefix, if any
	Namespaces [][2]string // prefix and URI, in the order of writing
}

// Write writes the message that visit gives.
func Write(w io.Writer, root Root, visit func(*Cursor)) error {
	e := &element{name: root.Name}
	for _, ns := range root.Namespaces {
		name := "xmlns"
		if ns[0] != "" {
			name += ":" + ns[0]
		}
		e.attrs = append(e.attrs, xml.Attr{Name: xml.Name{Local: name}, Value: ns[1]})
	}
	visit(&Cursor{out: e})
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := e.write(&b, 0); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Writing reports the direction.
func (c *Cursor) Writing() bool { return c.out != nil }

// Name returns the local name of the element.
func (c *Cursor) Name() string {
	if c.Writing() {
		return local(c.out.name)
	}
	return c.in.Name.Local
}

// Has reports whether a message that is read has such a child element here.
func (c *Cursor) Has(name string) bool {
	if c.Writing() {
		return false
	}
	for _, n := range c.in.Children {
		if n.Name.Local == local(name) {
			return true
		}
	}
	return false
}

// HasWith reports whether the first child element of the name, in a message
// that is read, has a child with the text.
func (c *Cursor) HasWith(name, child, text string) bool {
	if c.Writing() {
		return false
	}
	for _, n := range c.in.Children {
		if n.Name.Local != local(name) {
			continue
		}
		for _, m := range n.Children {
			if m.Name.Local == local(child) {
				return strings.TrimSpace(m.Text) == text
			}
		}
		return false
	}
	return false
}

// Field binds v to the text of the child element, and more to what else there
// is in the child. The child is written if v is given.
func (c *Cursor) Field(name string, v Value, more ...func(*Cursor)) {
	if c.Writing() {
		text, given := v.Lexical()
		child := &element{name: name, text: text}
		for _, f := range more {
			f(&Cursor{out: child})
		}
		if given || !child.empty() {
			c.out.children = append(c.out.children, child)
		}
		return
	}
	if child := c.take(name); child != nil {
		child.Text(v)
		for _, f := range more {
			f(child)
		}
	}
}

// Text binds v to the text of the element itself.
func (c *Cursor) Text(v Value) {
	if c.Writing() {
		c.out.text, _ = v.Lexical()
		return
	}
	c.used[c.in].text = true
	v.SetLexical(c.in.Text)
}

// Attr binds v to the attribute.
func (c *Cursor) Attr(name string, v Value) {
	if c.Writing() {
		if text, given := v.Lexical(); given {
			c.out.attrs = append(c.out.attrs, xml.Attr{Name: xml.Name{Local: name}, Value: text})
		}
		return
	}
	for i, a := range c.in.Attrs {
		if a.Name.Local == name && a.Name.Space != "xmlns" {
			c.used[c.in].attrs |= 1 << i
			v.SetLexical(a.Value)
			return
		}
	}
}

// Group visits the child element; it is written unless it would be empty.
func (c *Cursor) Group(name string, visit func(*Cursor)) {
	if c.Writing() {
		child := &element{name: name}
		visit(&Cursor{out: child})
		if !child.empty() {
			c.out.children = append(c.out.children, child)
		}
		return
	}
	if child := c.take(name); child != nil {
		visit(child)
	}
}

// Maybe binds group, which is nil when absent, to the child element.
func Maybe[T any](c *Cursor, name string, group **T, visit func(*Cursor, *T)) {
	if c.Writing() {
		if *group != nil {
			visit(c.add(name), *group)
		}
		return
	}
	if child := c.take(name); child != nil {
		*group = new(T)
		visit(child, *group)
	}
}

// Each binds groups to all child elements of the name.
func Each[T any](c *Cursor, name string, groups *[]T, visit func(*Cursor, *T)) {
	if c.Writing() {
		for i := range *groups {
			visit(c.add(name), &(*groups)[i])
		}
		return
	}
	for _, n := range c.in.Children {
		if n.Name.Local != local(name) || c.used[n] != nil {
			continue
		}
		c.used[n] = &use{}
		var group T
		visit(&Cursor{in: n, used: c.used}, &group)
		*groups = append(*groups, group)
	}
}

func (c *Cursor) add(name string) *Cursor {
	child := &element{name: name}
	c.out.children = append(c.out.children, child)
	return &Cursor{out: child}
}

// take returns the first child of the name that no field took.
func (c *Cursor) take(name string) *Cursor {
	for _, n := range c.in.Children {
		if n.Name.Local == local(name) && c.used[n] == nil {
			c.used[n] = &use{}
			return &Cursor{in: n, used: c.used}
		}
	}
	return nil
}

func local(name string) string {
	if _, after, ok := strings.Cut(name, ":"); ok {
		return after
	}
	return name
}

// leavings tells what no field took.
type leavings struct {
	used map[*safexml.Node]*use
	tell func(Left)
}

func (l *leavings) walk(n *safexml.Node, place Left) {
	taken, path := l.used[n], place.Path
	if taken == nil {
		place.Node = n
		l.tell(place)
		return
	}
	if !taken.text && strings.TrimSpace(n.Text) != "" {
		l.tell(Left{Path: path + "/text()"})
	}
	for i, a := range n.Attrs {
		declares := a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || strings.Contains(a.Name.Space, "XMLSchema-instance")
		if !declares && taken.attrs&(1<<i) == 0 {
			l.tell(Left{Path: path + "/@" + a.Name.Local})
		}
	}
	if len(n.Children) == 0 {
		return
	}
	total, seen, held := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, child := range n.Children {
		total[child.Name.Local]++
		held[child.Name.Local] = held[child.Name.Local] || l.used[child] != nil
	}
	for _, child := range n.Children {
		name := child.Name.Local
		seen[name]++
		at := path + "/" + name
		if total[name] > 1 {
			at += "[" + strconv.Itoa(seen[name]) + "]"
		}
		l.walk(child, Left{Path: strings.TrimPrefix(at, "/"), Repeated: held[name]})
	}
}

func (e *element) write(b *bytes.Buffer, depth int) error {
	indent := strings.Repeat("  ", depth)
	b.WriteString(indent + "<" + e.name)
	for _, a := range e.attrs {
		b.WriteString(" " + a.Name.Local + `="`)
		if err := escape(b, a.Value); err != nil {
			return err
		}
		b.WriteByte('"')
	}
	if e.text == "" && len(e.children) == 0 {
		b.WriteString("/>\n")
		return nil
	}
	b.WriteByte('>')
	if err := escape(b, e.text); err != nil {
		return err
	}
	if len(e.children) > 0 {
		b.WriteByte('\n')
		for _, child := range e.children {
			if err := child.write(b, depth+1); err != nil {
				return err
			}
		}
		b.WriteString(indent)
	}
	b.WriteString("</" + e.name + ">\n")
	return nil
}

// escape refuses what xml.EscapeText would replace.
func escape(b *bytes.Buffer, s string) error {
	for i, r := range s {
		control := r < 0x20 && r != '\t' && r != '\n' && r != '\r'
		invalid := r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError))
		if control || invalid || r == 0xFFFE || r == 0xFFFF {
			return fault.New(fault.FieldInvalid, "XML cannot carry the character U+%04X", r)
		}
	}
	return xml.EscapeText(b, []byte(s))
}
