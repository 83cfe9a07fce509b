// Package lifecycle is the transition table of a document: the only place that
// says which action leads from which state to which, and who may take it.
//
// Rules consult the table before anything else, the pages in docs/lifecycles
// are generated from it, and a test walks every state × every action, so an
// action that the table does not list is refused and cannot be forgotten.
package lifecycle

import (
	"fmt"
	"sort"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// None is the state of a document that does not exist yet.
const None = ""

// Step is one row: in state From, the party Who may take Action; the document
// is then in state To.
type Step struct {
	From, Action, To string
	// Who names the party that may act, in the words of the document kind
	// (seller, obligor, …), or Anyone.
	Who string
	// Guard says in words what else must hold.
	Guard string
}

// Previous as a step's To means the state from which the document was
// suspended; the header remembers it.
const Previous = "PREVIOUS"

// Anyone marks a step whose facts decide, not its caller.
const Anyone = "anyone"

// Table is the lifecycle of one document kind.
type Table struct {
	Kind  string
	Steps []Step
}

// Next returns the step that action takes from state, or TRANSITION_FORBIDDEN
// naming what may happen instead.
func (t Table) Next(state, action string) (Step, error) {
	for _, s := range t.Steps {
		if s.From == state && s.Action == action {
			return s, nil
		}
	}
	return Step{}, fault.New(fault.TransitionForbidden, "%s in state %s does not allow %s; it allows %s",
		t.Kind, name(state), action, t.allowed(state))
}

// States returns every state of the table in order of first mention. Previous
// is none: it stands for one of the others.
func (t Table) States() []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range t.Steps {
		for _, st := range []string{s.From, s.To} {
			if !seen[st] && st != Previous {
				seen[st] = true
				out = append(out, st)
			}
		}
	}
	return out
}

// Actions returns every action of the table in order of first mention.
func (t Table) Actions() []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range t.Steps {
		if !seen[s.Action] {
			seen[s.Action] = true
			out = append(out, s.Action)
		}
	}
	return out
}

// Check returns an error when the table contradicts itself: two steps for one
// state and action, or a state that nothing leads to.
func (t Table) Check() error {
	seen := map[[2]string]bool{}
	reached := map[string]bool{None: true}
	for _, s := range t.Steps {
		k := [2]string{s.From, s.Action}
		if seen[k] {
			return fmt.Errorf("%s: two steps for %s in state %s", t.Kind, s.Action, name(s.From))
		}
		seen[k] = true
		reached[s.To] = true
	}
	for _, s := range t.Steps {
		if !reached[s.From] {
			return fmt.Errorf("%s: nothing leads to state %s", t.Kind, s.From)
		}
	}
	return nil
}

// Mermaid returns the table as a Mermaid state diagram.
func (t Table) Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, s := range t.Steps {
		from, to := s.From, s.To
		if from == None {
			from = "[*]"
		}
		fmt.Fprintf(&b, "    %s --> %s: %s (%s)\n", from, to, s.Action, s.Who)
	}
	return b.String()
}

func (t Table) allowed(state string) string {
	var out []string
	for _, s := range t.Steps {
		if s.From == state {
			out = append(out, s.Action)
		}
	}
	if len(out) == 0 {
		return "nothing more"
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
}

func name(state string) string {
	if state == None {
		return "(none)"
	}
	return state
}

// Final reports whether nothing leads on from the state.
func (t Table) Final(state string) bool {
	for _, s := range t.Steps {
		if s.From == state {
			return false
		}
	}
	return true
}

// Creates reports whether the action makes a new document.
func (t Table) Creates(action string) bool {
	_, err := t.Next(None, action)
	return err == nil
}

// AnyoneMay reports whether every step with the action is open to anyone.
func (t Table) AnyoneMay(action string) bool {
	found := false
	for _, s := range t.Steps {
		if s.Action == action {
			found = true
			if s.Who != Anyone {
				return false
			}
		}
	}
	return found
}
