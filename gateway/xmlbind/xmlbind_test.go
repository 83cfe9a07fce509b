package xmlbind_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/lexical"
	"github.com/argosy-trade/argosy/gateway/safexml"
	"github.com/argosy-trade/argosy/gateway/xmlbind"
)

type crate struct {
	Mark  lexical.Text
	Lines []row
}

type row struct {
	ID     lexical.Text
	Weight lexical.Number
	Unit   lexical.Text
	Inner  *crate
}

func bind(c *xmlbind.Cursor, x *crate) {
	c.Group("p:Head", func(c *xmlbind.Cursor) { c.Field("p:Mark", &x.Mark) })
	xmlbind.Each(c, "p:Row", &x.Lines, func(c *xmlbind.Cursor, r *row) {
		c.Attr("id", &r.ID)
		c.Field("p:Weight", &r.Weight, func(c *xmlbind.Cursor) { c.Attr("unit", &r.Unit) })
		xmlbind.Maybe(c, "p:Inner", &r.Inner, bind)
	})
}

var root = xmlbind.Root{Name: "p:Crate", Namespaces: [][2]string{{"p", "urn:p"}}}

func read(tree *safexml.Node, x *crate) (left []string) {
	xmlbind.Read(tree, func(c *xmlbind.Cursor) { bind(c, x) },
		func(l xmlbind.Left) {
			if l.Repeated {
				l.Path += " again"
			}
			left = append(left, l.Path)
		})
	return left
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := crate{Mark: lexical.Of("a <&> \"b\"\nc"), Lines: []row{
		{ID: lexical.Of("1"), Weight: lexical.ParseNumber("1.50"), Unit: lexical.Of("KGM"), Inner: &crate{}},
		{Weight: lexical.ParseNumber("")},
		{ID: lexical.Of("")},
	}}
	var b bytes.Buffer
	if err := xmlbind.Write(&b, root, func(c *xmlbind.Cursor) { bind(c, &want) }); err != nil {
		t.Fatal(err)
	}
	tree, err := safexml.Tree(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got crate
	left := read(tree, &got)
	if d := cmp.Diff(want, got); d != "" || len(left) != 0 {
		t.Errorf("left %v, -want +got\n%s\n%s", left, d, b.String())
	}
}

func TestLeavingsAreReported(t *testing.T) {
	tree, err := safexml.Tree([]byte(`<q:Crate xmlns:q="urn:other" at="x"><Note>n</Note>
		<Head><Mark>1</Mark><Mark>2</Mark></Head>
		<Row id="1"><Weight unit="KGM" of="y">5</Weight>loose</Row><Row><Seal><No>1</No></Seal></Row></q:Crate>`))
	if err != nil {
		t.Fatal(err)
	}
	var got crate
	left := read(tree, &got)
	want := []string{"/@at", "Note", "Head/Mark[2] again", "Row[1]/text()", "Row[1]/Weight/@of", "Row[2]/Seal"}
	if !slices.Equal(left, want) {
		t.Errorf("got %q, want %q", left, want)
	}
	if got.Mark.Value != "1" || len(got.Lines) != 2 || got.Lines[0].Weight.String() != "5" {
		t.Errorf("%+v", got)
	}
}

func TestWhatXMLCannotCarryIsRefused(t *testing.T) {
	for _, s := range []string{"a\x00", "\x1b", "\xff", "\uffff"} {
		x := crate{Mark: lexical.Of(s)}
		err := xmlbind.Write(&bytes.Buffer{}, root, func(c *xmlbind.Cursor) { bind(c, &x) })
		if fault.CodeOf(err) != fault.FieldInvalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}
