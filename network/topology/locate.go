package topology

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is the path of a value: keys are strings, places in lists are ints.
type field []any

func at(path ...any) field { return path }

func (f field) to(path ...any) field { return append(slices.Clip(slices.Clone(f)), path...) }

// String writes the path as organisations[0].name.
func (f field) String() string {
	var b strings.Builder
	for i, p := range f {
		switch p := p.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", p)
		case string:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(p)
		}
	}
	return b.String()
}

// line finds the line of a path; a field that the file leaves out has the line
// of what should hold it.
func (v *validator) line(f field) int {
	n := v.root
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, p := range f {
		next := child(n, p)
		if next == nil {
			break
		}
		n = next
	}
	return n.Line
}

func child(n *yaml.Node, p any) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch p := p.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && p < len(n.Content) {
			return n.Content[p]
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == p {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

func (v *validator) add(f field, problem, remedy string) {
	v.findings = append(v.findings, Finding{Line: v.line(f), Field: f.String(), Problem: problem, Remedy: remedy})
}

func (v *validator) match(f field, value string, pattern *regexp.Regexp) {
	switch {
	case value == "":
		v.add(f, "missing", "set it")
	case !pattern.MatchString(value):
		v.add(f, fmt.Sprintf("%q is not usable as a name here", value), "it must match "+pattern.String())
	}
}

func (v *validator) oneOf(f field, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		v.add(f, fmt.Sprintf("%q is unknown", value), "use one of "+strings.Join(allowed, ", "))
	}
}

func (v *validator) between(f field, value, highest int) {
	if value < 0 || value > highest {
		v.add(f, fmt.Sprintf("%d is out of range", value), fmt.Sprintf("0 to %d", highest))
	}
}

func (v *validator) unique(name string, f field) {
	if first, taken := v.names[name]; taken {
		v.add(f, name+" is taken by "+first, "choose another name")
		return
	}
	v.names[name] = f.String()
}
