package scenario

import (
	"fmt"
	"strings"
)

// complaints says what is wrong with how a story is told. The script engine
// has words of its own (stop ends a story as passed, kill means a program that
// the story started); they would be understood, but not as meant.
func complaints(story string) []string {
	var out []string
	if !strings.HasPrefix(story, "# ") {
		out = append(out, "a story begins with a comment that says what it is about")
	}
	unexplained := 0 // line of a refusal whose code has not been named yet
	for i, text := range strings.Split(story, "\n") {
		text, _, _ = strings.Cut(text, "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if strings.HasPrefix(words[0], "[") {
			if len(words) < 3 || words[1] != "skip" {
				out = append(out, fmt.Sprintf("line %d: a condition only skips a story, with the reason in words", i+1))
			}
			continue
		}
		if unexplained > 0 && words[0] != "refused" {
			out = append(out, fmt.Sprintf("line %d: which code is it refused with?", unexplained))
		}
		unexplained = 0
		negated := words[0] == "!"
		if negated {
			words = words[1:]
		}
		if len(words) == 0 || vocabulary()[words[0]] == nil {
			out = append(out, fmt.Sprintf("line %d: no word of ours: %s", i+1, text))
			continue
		}
		if negated && actions[words[0]] != nil {
			unexplained = i + 1
		}
	}
	if unexplained > 0 {
		out = append(out, fmt.Sprintf("line %d: which code is it refused with?", unexplained))
	}
	return out
}
