package timing

import "fmt"

// Work is the shape of one batch.
type Work struct {
	Op       Op
	Items    int
	Blocks   int // 64-byte blocks of all messages together, padding included; hashes only
	InBytes  int
	OutBytes int
}

// Done is one finished batch.
type Done struct {
	Batch    int // number of the batch, counted from 0 in the order of arrival
	Arrival  Cycles
	Finish   Cycles
	JobCount int
}

// Machine is the chip in the middle of a simulation. It is not safe for
// concurrent use.
type Machine struct {
	profile *Profile
	// slowdown of each core; 0 takes it out of use.
	slowdown []int

	now      Cycles
	sequence uint64
	events   eventHeap
	batches  []batch
	jobs     []job
	finished []Done

	commandFree     Cycles
	inBusy, outBusy bool
	in, out         fifo
	cores           []station
	busy            Cycles
}

// batch is one batch under way.
type batch struct {
	arrival Cycles
	open    int
	count   int
	first   int // its jobs are first … first+count-1
}

// job is one job under way; times are what its stations take for it.
type job struct {
	batch             int
	in, compute, outs Cycles
	core              int
}

// station is one core.
type station struct {
	queue   fifo
	coming  int // jobs on their way to it
	running bool
}

// fifo is a queue of job numbers.
type fifo struct {
	items []int
	head  int
}

func (f *fifo) push(v int)  { f.items = append(f.items, v) }
func (f *fifo) empty() bool { return f.head == len(f.items) }
func (f *fifo) length() int { return len(f.items) - f.head }

func (f *fifo) pop() int {
	v := f.items[f.head]
	f.head++
	if f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	} else if f.head > 1024 && f.head*2 > len(f.items) {
		f.items, f.head = append(f.items[:0], f.items[f.head:]...), 0
	}
	return v
}

// NewMachine returns an idle chip at time 0. A nil slowdown means that every
// core of the profile is at full speed; an entry of 0 takes a core out of use.
func NewMachine(p *Profile, slowdown []int) (*Machine, error) {
	if slowdown == nil {
		slowdown = make([]int, p.Cores)
		for i := range slowdown {
			slowdown[i] = 1
		}
	}
	usable := 0
	for _, s := range slowdown {
		if s > 0 {
			usable++
		}
	}
	if usable == 0 {
		return nil, fmt.Errorf("%w %s: no core is in use", ErrProfile, p.Name)
	}
	return &Machine{profile: p, slowdown: slowdown, cores: make([]station, len(slowdown))}, nil
}

// Arrive hands the chip a batch at time at, which is not before any time given
// earlier. What finishes until then is added to the finished batches.
func (m *Machine) Arrive(at Cycles, w Work) {
	m.Advance(at)
	m.now = max(m.now, at)
	count := jobCount(m.profile, w)
	number := len(m.batches)
	m.batches = append(m.batches, batch{arrival: at, open: count, count: count, first: len(m.jobs)})
	for i := range count {
		j := newJob(m.profile, w, i, count)
		j.batch = number
		m.jobs = append(m.jobs, j)
	}
	m.commandFree = max(m.commandFree, at) + m.profile.Batch.SubmitCycles
	m.schedule(m.commandFree, submitted, number)
}

// Advance runs the chip until time until, inclusive.
func (m *Machine) Advance(until Cycles) {
	for len(m.events) > 0 && m.events[0].at <= until {
		m.step(m.events.pop())
	}
}

// Drain runs the chip until nothing is left to do.
func (m *Machine) Drain() {
	for len(m.events) > 0 {
		m.step(m.events.pop())
	}
}

// Finished returns the batches finished since the last call, in that order.
func (m *Machine) Finished() []Done {
	out := m.finished
	m.finished = nil
	return out
}

// Busy returns the core cycles spent on jobs, those under way counted in full.
func (m *Machine) Busy() Cycles { return m.busy }

// Now returns the time of the last event or arrival.
func (m *Machine) Now() Cycles { return m.now }

func (m *Machine) schedule(at Cycles, k kind, number int) {
	m.sequence++
	m.events.push(event{at: at, sequence: m.sequence, kind: k, number: number})
}

func (m *Machine) step(e event) {
	m.now = e.at
	switch e.kind {
	case submitted:
		b := m.batches[e.number]
		for i := range b.count {
			m.in.push(b.first + i)
		}
	case arrived:
		m.inBusy = false
		c := &m.cores[m.jobs[e.number].core]
		c.coming--
		c.queue.push(e.number)
		m.startCore(m.jobs[e.number].core)
	case computed:
		core := m.jobs[e.number].core
		m.cores[core].running = false
		m.out.push(e.number)
		m.startOut()
		m.startCore(core)
	case returned:
		m.outBusy = false
		number := m.jobs[e.number].batch
		b := &m.batches[number]
		if b.open--; b.open == 0 {
			m.schedule(m.now+m.profile.Batch.CompleteCycles, known, number)
		}
		m.startOut()
	case known:
		b := m.batches[e.number]
		m.finished = append(m.finished, Done{Batch: e.number, Arrival: b.arrival, Finish: m.now, JobCount: b.count})
	}
	m.startIn()
}

// startIn begins a transfer to the least occupied core, if one has room.
func (m *Machine) startIn() {
	if m.inBusy || m.in.empty() {
		return
	}
	best, least := -1, 0
	for i := range m.cores {
		c := &m.cores[i]
		occupied := c.coming + c.queue.length()
		if c.running {
			occupied++
		}
		if m.slowdown[i] == 0 || occupied > m.profile.QueueDepth {
			continue
		}
		// A slow core is as full with one job as others are with several.
		if weight := (occupied + 1) * m.slowdown[i]; best < 0 || weight < least {
			best, least = i, weight
		}
		if least == 1 {
			break
		}
	}
	if best < 0 {
		return
	}
	number := m.in.pop()
	m.jobs[number].core = best
	m.cores[best].coming++
	m.inBusy = true
	m.schedule(m.now+m.jobs[number].in, arrived, number)
}

func (m *Machine) startCore(i int) {
	c := &m.cores[i]
	if c.running || c.queue.empty() {
		return
	}
	number := c.queue.pop()
	c.running = true
	takes := m.jobs[number].compute * Cycles(m.slowdown[i])
	m.busy += takes
	m.schedule(m.now+takes, computed, number)
}

func (m *Machine) startOut() {
	if m.outBusy || m.out.empty() {
		return
	}
	number := m.out.pop()
	m.outBusy = true
	m.schedule(m.now+m.jobs[number].outs, returned, number)
}

// Estimate is what one batch takes on an otherwise idle chip.
type Estimate struct {
	Total Cycles // from hand-over to the host's knowing
	Busy  Cycles // core cycles, of all cores together
	Jobs  int
}

// Alone returns what w takes on an otherwise idle chip; see NewMachine for
// slowdown.
func Alone(p *Profile, slowdown []int, w Work) (Estimate, error) {
	m, err := NewMachine(p, slowdown)
	if err != nil {
		return Estimate{}, err
	}
	m.Arrive(0, w)
	m.Drain()
	d := m.Finished()[0]
	return Estimate{Total: d.Finish - d.Arrival, Busy: m.busy, Jobs: d.JobCount}, nil
}

// Station is the demand that a batch puts on one part of the chip.
type Station struct {
	Name    string
	Servers int
	Cycles  Cycles
}

// Demand returns what w costs each station with all cores at full speed. A batch
// rate of Servers/Cycles saturates a station; of a channel with little room at
// the cores, and of cores that wait for transfers, a lower one may.
func Demand(p *Profile, w Work) []Station {
	count := jobCount(p, w)
	stations := []Station{
		{"command processor", 1, p.Batch.SubmitCycles},
		{"transfer in", 1, 0},
		{"cores", p.Cores, 0},
		{"transfer out", 1, 0},
	}
	for i := range count {
		j := newJob(p, w, i, count)
		stations[1].Cycles += j.in
		stations[2].Cycles += j.compute
		stations[3].Cycles += j.outs
	}
	return stations
}

func jobCount(p *Profile, w Work) int { return max(1, (w.Items+p.JobItems-1)/p.JobItems) }

// newJob returns part number of the count parts of w.
func newJob(p *Profile, w Work, number, count int) job {
	part := func(whole int) int { return whole*(number+1)/count - whole*number/count }
	return job{
		in:      p.DMA.transfer(part(w.InBytes), p.DMA.InBytesPerCycle),
		compute: p.Operations[w.Op].cycles(part(w.Items), part(w.Blocks)),
		outs:    p.DMA.transfer(part(w.OutBytes), p.DMA.OutBytesPerCycle),
	}
}
