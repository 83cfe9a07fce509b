package scenario

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// actions are the lines that something may refuse, checks those that say what
// must be so, by the word that they begin with.
var (
	actions = map[string]line{
		"as": as, "customs": tell(Customs), "carrier": tell(Carrier), "engine": engine,
		"deadline": deadline, "advance": advance,
		"halt": manage(Processes.Halt), "crash": manage(Processes.Crash), "start": manage(Processes.Start),
	}
	checks = map[string]truth{
		"refused": refused, "state": state, "becomes": becomes, "version": version, "history": history, "listed": listed,
		"fact": fact, "waiting": waiting, "answers": answers,
		"in-default": inDefault, "owned": owned,
	}
)

// vocabulary are the words that a line of a story may begin with.
func vocabulary() map[string]func(*testscript.TestScript, bool, []string) {
	out := map[string]func(*testscript.TestScript, bool, []string){}
	for word, f := range actions {
		out[word] = action(f)
	}
	for word, f := range checks {
		out[word] = check(f)
	}
	return out
}

// Grounds gives each story its ground.
type Grounds func(t *testing.T) *Ground

// Grounds that there are; a story may ask for each by its name.
var groundNames = []string{"stub", "native", "docker"}

// Run performs every story in dir. If alone is true the stories share one
// ground and run one after the other; else each gets a ground of its own and
// they run at the same time. It logs the stories that the ground cannot run,
// with their reasons.
func Run(t *testing.T, dir string, alone bool, grounds Grounds) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no stories in %s: %v", dir, err)
	}
	h := &house{alone: alone, grounds: grounds}
	if alone {
		h.common = grounds(t)
	}
	testscript.RunT(h.at(t), testscript.Params{
		Dir: dir, Cmds: vocabulary(), RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			p, ok := env.T().(player)
			if !ok {
				return fmt.Errorf("a %T runs the story", env.T())
			}
			s, err := newStage(p.Context(), h.ground(p.T))
			if err != nil {
				return err
			}
			env.Values[stageKey{}] = s
			env.Defer(func() {
				if err := s.clear(); err != nil {
					p.Errorf("the story's end: %v", err)
				}
			})
			return nil
		},
		Condition: h.condition,
	})
	t.Cleanup(func() {
		if left := h.skips(); len(left) > 0 {
			t.Logf("%d of %d stories did not run here:\n%s", len(left), len(names), strings.Join(left, "\n"))
		}
	})
}

// house is where stories are performed: it adapts testing to testscript.
type house struct {
	alone   bool
	grounds Grounds
	common  *Ground

	mu      sync.Mutex
	name    string
	skipped []string
}

func (h *house) ground(t *testing.T) *Ground {
	t.Helper()
	g := h.common
	if g == nil {
		g = h.grounds(t)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.name = g.Name
	return g
}

func (h *house) condition(name string) (bool, error) {
	if !slices.Contains(groundNames, name) {
		return false, fmt.Errorf("no ground is called %s", name)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.name == name, nil
}

func (h *house) skips() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.Sort(h.skipped)
	return h.skipped
}

func (h *house) at(t *testing.T) player {
	t.Helper()
	return player{T: t, house: h}
}

// player is a test as testscript sees it.
type player struct {
	*testing.T
	house *house
}

// Run implements testscript.T.
func (p player) Run(name string, f func(testscript.T)) {
	p.T.Run(name, func(t *testing.T) { f(p.house.at(t)) })
}

// Parallel implements testscript.T: stories on a shared network take turns,
// because some of them stop parts of it.
func (p player) Parallel() {
	if !p.house.alone {
		p.T.Parallel()
	}
}

// Skip implements testscript.T and remembers the reason.
func (p player) Skip(reason ...any) {
	p.house.mu.Lock()
	p.house.skipped = append(p.house.skipped, p.Name()+": "+fmt.Sprint(reason...))
	p.house.mu.Unlock()
	p.T.Skip(reason...)
}

// Verbose implements testscript.T.
func (p player) Verbose() bool { return testing.Verbose() }

var (
	_ testscript.T = player{}
	_ Oracle       = (*Witness)(nil)
)
