package safexml_test

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/safexml"
)

type note struct {
	Text string `xml:"Text"`
}

func read(raw string) (note, error) {
	var n note
	err := safexml.Element([]byte(raw), func(name xml.Name) (any, error) {
		if name.Local == "Bad" {
			return nil, fault.New(fault.FieldInvalid, "bad")
		}
		if name.Local == "Note" {
			return &n, nil
		}
		return nil, nil
	})
	return n, err
}

func TestElementIsFoundInsideOthers(t *testing.T) {
	n, err := read(`<a><b x="1"/><p:Note xmlns:p="urn:x"><p:Text>hi</p:Text></p:Note></a>`)
	if err != nil || n.Text != "hi" {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestRefusals(t *testing.T) {
	for raw, want := range map[string]fault.Code{
		`<!DOCTYPE a [<!ENTITY e "x">]><Note><Text>&e;</Text></Note>`: fault.ArgumentMalformed,
		`<Note><Text>&e;</Text></Note>`:                               fault.ArgumentMalformed,
		`<Note><Text>x</Note>`:                                        fault.ArgumentMalformed,
		`<other/>`:                                                    fault.ArgumentMalformed,
		`<Note>` + strings.Repeat("<a>", 60):                          fault.TooLarge,
		strings.Repeat("<a>", 60):                                     fault.TooLarge,
		`<?xml version="1.0" encoding="x-none"?><Note/>`:              fault.ArgumentMalformed,
		`<Bad/>`: fault.FieldInvalid,
	} {
		if _, err := read(raw); fault.CodeOf(err) != want {
			t.Errorf("%.40s: %v; want %s", raw, err, want)
		}
	}
}

func TestReadAll(t *testing.T) {
	if b, err := safexml.ReadAll(strings.NewReader("1234"), 4); err != nil || string(b) != "1234" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := safexml.ReadAll(strings.NewReader("12345"), 4); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("got %v", err)
	}
	broken := errors.New("broken")
	if _, err := safexml.ReadAll(failing{broken}, 4); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
