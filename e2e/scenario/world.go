package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// tell makes a line of what a source says:
//
//	customs reports TYPE SCHEME ID [SPAN ago]
//	customs repeats TYPE SCHEME ID
//	customs retracts TYPE SCHEME ID
func tell(source SourceName) line {
	return func(ctx context.Context, s *stage, words []string) error {
		m := Message{Source: source}
		if n := len(words); n == 7 && words[6] == "ago" {
			ago, err := span(words[4:6])
			if err != nil {
				return err
			}
			m.Ago, words = ago, words[:4]
		}
		if len(words) != 4 || !slices.Contains([]string{"reports", "repeats", "retracts"}, words[0]) {
			return fmt.Errorf("write: %s reports TYPE SCHEME ID, or repeats, or retracts", source)
		}
		m.Type, m.Scheme, m.Identifier = factType(words[1]), words[2], s.identifier(words[2], words[3])
		m.Again, m.Retracted = words[0] == "repeats", words[0] == "retracts"
		r, err := s.ground.Oracle.Report(ctx, m)
		if err != nil {
			return err
		}
		s.caused(r.Block)
		if r.Value.Already != m.Again {
			return fmt.Errorf("the ledger knew this claim before: %t", r.Value.Already)
		}
		return nil
	}
}

// forge: forge TYPE SCHEME ID of SOURCE
func forge(ctx context.Context, s *stage, a act) (uint64, error) {
	of, err := a.p.one("of")
	if err != nil {
		return 0, err
	}
	if _, ok := stations[SourceName(of)]; !ok || len(a.p.object) != 3 {
		return 0, errors.New("write: forge TYPE SCHEME ID of SOURCE")
	}
	o := a.p.object
	r, err := s.ground.Oracle.Report(ctx, Message{
		Source: SourceName(of), Type: factType(o[0]), Scheme: o[1], Identifier: s.identifier(o[1], o[2]),
		By: a.who.Profile().Name,
	})
	return r.Block, err
}

// deadline: deadline NAME passes
func deadline(ctx context.Context, s *stage, words []string) error {
	if len(words) != 2 || words[1] != "passes" {
		return errors.New("write: deadline NAME passes")
	}
	d, err := s.header(ctx, words[0], observer)
	if err != nil {
		return err
	}
	if d.Header.Deadline == 0 {
		return fmt.Errorf("%s has no deadline", words[0])
	}
	return s.ground.Clock.Until(ctx, d.Header.Deadline.Time())
}

// advance: advance SPAN
func advance(ctx context.Context, s *stage, words []string) error {
	d, err := span(words)
	if err != nil {
		return err
	}
	return s.ground.Clock.Until(ctx, s.ground.Clock.Now().Add(d))
}

var processKinds = []string{"peer", "orderer", "accelerator", "chaincode"}

// manage makes a line of what happens to a process: halt KIND ORGANISATION.
func manage(do func(Processes, context.Context, Process) error) line {
	return func(ctx context.Context, s *stage, words []string) error {
		if len(words) != 2 || !slices.Contains(processKinds, words[0]) {
			return fmt.Errorf("write: halt, crash or start, then %s, then the organisation", strings.Join(processKinds, ", "))
		}
		if s.ground.Processes == nil {
			return errors.New("this ground has no processes")
		}
		p := Process{Kind: words[0], Organisation: words[1]}
		s.shaken[p] = true
		if err := do(s.ground.Processes, ctx, p); err != nil {
			return err
		}
		if p.Kind != "accelerator" {
			return nil
		}
		now, err := s.ground.Processes.Answers(ctx, p.Organisation)
		s.before[p.Organisation] = now
		return err
	}
}

// answers: answers of ORGANISATION come from software|accelerator. It looks at
// what has happened since the accelerator was halted or started: one answer of
// the named kind at least.
func answers(ctx context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 5 || words[0] != "of" || words[2] != "come" || words[3] != "from" {
		return false, "", errors.New("write: answers of ORGANISATION come from software, or from accelerator")
	}
	before, ok := s.before[words[1]]
	if !ok {
		return false, "", fmt.Errorf("the story has done nothing to the accelerator of %s", words[1])
	}
	now, err := s.ground.Processes.Answers(ctx, words[1])
	bySidecar, bySoftware := now.Accelerator-before.Accelerator, now.Software-before.Software
	found := fmt.Sprintf("%d answers of the accelerator, %d of software", bySidecar, bySoftware)
	switch words[4] {
	case "software":
		return bySoftware > 0 && bySidecar == 0, found, err
	case "accelerator":
		return bySidecar > 0, found, err
	default:
		return false, "", fmt.Errorf("nobody is called %s", words[4])
	}
}
