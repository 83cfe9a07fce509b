package safexml_test

import (
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/safexml"
)

func TestTree(t *testing.T) {
	root, err := safexml.Tree([]byte(`<?xml version="1.0"?><!-- x -->
		<a:r xmlns:a="urn:a" k="v">one<b>2 &amp; 3</b> two<!-- y --></a:r>`))
	if err != nil {
		t.Fatal(err)
	}
	if root.Name.Space != "urn:a" || root.Name.Local != "r" || root.Text != "one two" {
		t.Errorf("%+v", root)
	}
	if len(root.Children) != 1 || root.Children[0].Text != "2 & 3" {
		t.Errorf("%+v", root.Children)
	}
}

func TestTreeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want fault.Code
	}{
		"nothing":      {"", fault.ArgumentMalformed},
		"only text":    {"x", fault.ArgumentMalformed},
		"text after":   {"<a/>x", fault.ArgumentMalformed},
		"two roots":    {"<a/><b/>", fault.ArgumentMalformed},
		"not closed":   {"<a><b></b>", fault.ArgumentMalformed},
		"crossed":      {"<a><b></a></b>", fault.ArgumentMalformed},
		"a definition": {"<!DOCTYPE a><a/>", fault.ArgumentMalformed},
		"an entity":    {"<a>&b;</a>", fault.ArgumentMalformed},
		"too deep":     {strings.Repeat("<a>", 41) + strings.Repeat("</a>", 41), fault.TooLarge},
		"too many":     {"<a>" + strings.Repeat("<b>"+strings.Repeat("<c/>", 100)+"</b>", 3000) + "</a>", fault.TooLarge},
		"too wide":     {"<a>" + strings.Repeat("<b/>", 20_001) + "</a>", fault.TooLarge},
		"attributes":   {"<a" + strings.Repeat(" b='1'", 65) + "/>", fault.TooLarge},
	} {
		if _, err := safexml.Tree([]byte(tc.text)); fault.CodeOf(err) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzTree(f *testing.F) {
	f.Add([]byte("<a><b c='d'>e</b></a>"))
	f.Add([]byte("<?xml version='1.0' encoding='gbk'?><a/>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		root, err := safexml.Tree(raw)
		if err == nil && root == nil {
			t.Error("neither a tree nor an error")
		}
		if err != nil {
			if _, ok := fault.From(err); !ok {
				t.Errorf("an error without a code: %v", err)
			}
		}
	})
}
