package timing

// kind is what happens in an event.
type kind uint8

const (
	submitted kind = iota // the command processor has read a batch
	arrived               // a job has been transferred to its core
	computed              // a core has finished a job
	returned              // the answers of a job have been transferred back
	known                 // the host knows that a batch is complete
)

// event happens to a batch or a job at a time; events of the same time happen in
// the order in which they were planned.
type event struct {
	at       Cycles
	sequence uint64
	kind     kind
	number   int
}

func (e event) before(o event) bool {
	return e.at < o.at || e.at == o.at && e.sequence < o.sequence
}

// eventHeap is a binary min-heap; container/heap would box every event.
type eventHeap []event

func (h *eventHeap) push(e event) {
	*h = append(*h, e)
	s := *h
	i := len(s) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !s[i].before(s[parent]) {
			break
		}
		s[i], s[parent] = s[parent], s[i]
		i = parent
	}
}

func (h *eventHeap) pop() event {
	s := *h
	top, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	*h = s
	for i := 0; ; {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < last && s[child].before(s[least]) {
				least = child
			}
		}
		if least == i {
			return top
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}
