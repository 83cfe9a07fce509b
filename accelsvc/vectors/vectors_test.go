package vectors

import (
	"errors"
	"strings"
	"testing"
)

func TestSM2SetIsWhole(t *testing.T) {
	f, err := Parse(SM2)
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]map[string]int{}
	for _, g := range f.Groups {
		for _, tc := range g.Tests {
			for _, flag := range tc.Flags {
				if results[flag] == nil {
					results[flag] = map[string]int{}
				}
				results[flag][tc.Result]++
			}
		}
	}
	for flag := range f.Notes {
		if results[flag] == nil {
			t.Errorf("no test has the flag %s", flag)
		}
	}
	for _, flag := range []string{"Normal", "UserId", "InvalidEncoding", "EdgeCaseDigest", "XAboveOrder", "SpecialKey"} {
		if results[flag][Valid] == 0 || results[flag][Invalid] == 0 {
			t.Errorf("%s: want valid and invalid tests, have %v", flag, results[flag])
		}
	}
}

func TestParseRefusesContradictions(t *testing.T) {
	const test = `{"tcId":1,"flags":[],"sig":"","result":"valid"}`
	file := func(n string, kind string, tests string) string {
		return `{"numberOfTests":` + n + `,"testGroups":[{"type":"` + kind + `","tests":[` + tests + `]}]}`
	}
	if _, err := Parse([]byte(file("1", SM2Messages, test))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no JSON":         "{",
		"no tests":        `{}`,
		"number wrong":    file("2", SM2Messages, test),
		"id twice":        file("2", SM2Messages, test+","+test),
		"unknown result":  file("1", SM2Messages, strings.Replace(test, "valid", "acceptable", 1)),
		"unknown flag":    file("1", SM2Messages, strings.Replace(test, "[]", `["Odd"]`, 1)),
		"digest is short": file("1", SM2Digests, test),
	} {
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v, want ErrFormat", name, err)
		}
	}
}
