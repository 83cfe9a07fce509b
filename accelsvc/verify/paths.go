package verify

import (
	"slices"

	"github.com/argosy-trade/argosy/accelsvc/comb"
)

// workspace is the memory of one call of Verify, reused.
type workspace struct {
	verifier *Verifier
	curve    *comb.Curve
	base     *comb.Table
	verdicts []bool

	jobs        []job
	keys        map[*[64]byte]*job // the first job of each key
	small, cold []*job
	hot         [][]*job // groups of jobs whose tables have windows of the same width
	tree        comb.Tree
	ladder      comb.Ladder
	products    []element
}

func (w *workspace) begin(v *Verifier, c *comb.Curve, verdicts []bool) {
	w.verifier, w.curve, w.verdicts = v, c, verdicts
	w.base = c.Base(v.options.BaseWindow)
	w.jobs, w.small, w.cold, w.hot = w.jobs[:0], w.small[:0], w.cold[:0], w.hot[:0]
	clear(w.keys)
}

// findKeys looks every key of the batch up once and drops the jobs whose key is
// not a point of the curve.
func (w *workspace) findKeys(inputs []Input) {
	for i := range w.jobs {
		j := &w.jobs[i]
		key := inputs[j.at].Key
		first := w.keys[key]
		if first == nil {
			first = j
			w.keys[key] = j
			j.known = w.verifier.cache.Find(w.curve, (*comb.Key)(key))
		}
		j.known = first.known
		first.uses++
	}
	for _, j := range w.keys {
		w.chooseTable(j)
	}
	for i := range w.jobs {
		j := &w.jobs[i]
		j.table = w.keys[inputs[j.at].Key].table
	}
	w.jobs = slices.DeleteFunc(w.jobs, func(j job) bool { return !j.known.Valid })
}

// chooseTable takes the table of a key's first job, has it built or leaves it
// nil.
func (w *workspace) chooseTable(j *job) {
	cache := w.verifier.cache
	if !j.known.Valid {
		return
	}
	switch w.verifier.options.Path {
	case Cold:
		return
	case Hot, Small:
		j.table = cache.BuildNow(j.known)
		return
	case Automatic:
	}
	if j.table = j.known.Table(); j.table == nil && j.uses >= buildNow {
		j.table = cache.BuildNow(j.known)
	}
	cache.Use(j.known, j.uses)
}

// divide sends every job its way.
func (w *workspace) divide() {
	path := w.verifier.options.Path
	for i := range w.jobs {
		j := &w.jobs[i]
		switch {
		case j.table == nil:
			w.cold = append(w.cold, j)
		case path == Small || path != Hot && j.known.Strikes() >= maxStrikes:
			w.small = append(w.small, j)
		default:
			w.join(j)
		}
	}
	if path == Hot {
		return
	}
	w.hot = slices.DeleteFunc(w.hot, func(group []*job) bool {
		if len(group) >= minTree {
			return false
		}
		w.small = append(w.small, group...)
		return true
	})
}

// join adds a job to the group of its table's width, of which there are two or
// three.
func (w *workspace) join(j *job) {
	for i, group := range w.hot {
		if group[0].table.Window() == j.table.Window() {
			w.hot[i] = append(group, j)
			return
		}
	}
	w.hot = append(w.hot, []*job{j})
}

// decide records what was found out about [a]G + [b]P.
func (w *workspace) decide(j *job, has bool) { w.verdicts[j.at] = has }

// runSmall decides a job by Jacobian additions of table entries.
func (w *workspace) runSmall(j *job) {
	var p comb.Jacobian
	w.base.AddTo(&p, &j.a)
	j.table.AddTo(&p, &j.b)
	w.decide(j, w.curve.HasX(&p, &j.x) || j.two && w.curve.HasX(&p, &j.x2))
}

// runHot decides a group in blocks of about equal size.
func (w *workspace) runHot(group []*job) {
	blocks := (len(group) + w.verifier.options.Block - 1) / w.verifier.options.Block
	size := (len(group)+blocks-1)/blocks | 1 // odd, or the points of a signature share a cache set
	for block := range slices.Chunk(group, size) {
		w.runBlock(block)
	}
}

func (w *workspace) runBlock(block []*job) {
	first := w.base.Count()
	w.tree.Reset(w.curve, len(block), first+block[0].table.Count())
	for lane, j := range block {
		w.base.Points(&w.tree, comb.Place{Lane: lane}, &j.a)
		j.table.Points(&w.tree, comb.Place{Lane: lane, First: first}, &j.b)
	}
	w.tree.Sum()
	exceptional := 0
	for lane, j := range block {
		has, ok := w.tree.HasX(lane, &j.x)
		if ok && !has && j.two {
			has, ok = w.tree.HasX(lane, &j.x2)
		}
		if ok {
			w.decide(j, has)
			continue
		}
		exceptional++
		j.known.Strike()
		w.runSmall(j)
	}
	counts := &w.verifier.counts
	counts.hot.Add(uint64(len(block) - exceptional))
	counts.small.Add(uint64(exceptional))
	counts.exceptional.Add(uint64(exceptional))
}

// runCold decides the jobs whose keys have no table: [b]P by doublings with a
// small table of odd multiples for each key, [a]G by the table of G.
func (w *workspace) runCold() {
	points := make([]comb.Affine, 0, len(w.cold))
	row := make(map[*comb.Known]int, len(w.cold))
	for _, j := range w.cold {
		if _, seen := row[j.known]; !seen {
			row[j.known] = len(points)
			points = append(points, j.known.Point)
		}
	}
	if len(points) == 0 {
		return
	}
	w.ladder.Reset(w.curve, points)
	for _, j := range w.cold {
		var p comb.Jacobian
		w.ladder.Multiply(&p, row[j.known], &j.b)
		w.base.AddTo(&p, &j.a)
		w.decide(j, w.curve.HasX(&p, &j.x) || j.two && w.curve.HasX(&p, &j.x2))
	}
}
