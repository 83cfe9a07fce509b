package topology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/argosy-trade/argosy/network"
)

// Finding is one thing that is wrong with a topology file.
type Finding struct {
	Line    int    `json:"line"`            // line in the file, 0 if it concerns no single line
	Field   string `json:"field,omitempty"` // path, e.g. organisations[0].clients[1].company
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}

// String gives the finding on one line.
func (f Finding) String() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", f.Line)
	}
	if f.Field != "" {
		b.WriteString(f.Field + ": ")
	}
	b.WriteString(f.Problem)
	if f.Remedy != "" {
		b.WriteString("; " + f.Remedy)
	}
	return b.String()
}

// InvalidError holds everything that is wrong with a file; never empty.
type InvalidError struct {
	Source   string // file name
	Findings []Finding
}

// Error lists the findings, one a line.
func (e *InvalidError) Error() string {
	lines := make([]string, 0, len(e.Findings)+1)
	lines = append(lines, "topology "+e.Source+" is not usable:")
	for _, f := range e.Findings {
		lines = append(lines, "  "+f.String())
	}
	return strings.Join(lines, "\n")
}

// maxFileBytes bounds a topology file: a hundred organisations fit in a tenth of it.
const maxFileBytes = 1 << 20

// Load reads the topology file at path. What is wrong with its content is
// returned as *[InvalidError].
func Load(path string) (*Topology, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("topology: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("topology %s: %w", path, err)
	}
	if len(text) > maxFileBytes {
		return nil, fmt.Errorf("topology %s: larger than %d bytes", path, maxFileBytes)
	}
	return Parse(path, text)
}

// Default returns the topology that the programs carry within them.
func Default() (*Topology, error) { return Parse("default", network.DefaultTopology) }

// Parse reads a topology from text; source names it in errors.
func Parse(source string, text []byte) (*Topology, error) {
	t := &Topology{}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(t); err != nil {
		return nil, &InvalidError{Source: source, Findings: decodeFindings(err)}
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		f := Finding{Problem: "more than one YAML document", Remedy: "keep one"}
		return nil, &InvalidError{Source: source, Findings: []Finding{f}}
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, &InvalidError{Source: source, Findings: decodeFindings(err)}
	}
	t.setDefaults()
	v := validator{root: &root}
	v.topology(t)
	if len(v.findings) > 0 {
		return nil, &InvalidError{Source: source, Findings: v.findings}
	}
	return t, nil
}

var (
	lineText     = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type topology\.(\S+)$`)
)

// decodeFindings turns the YAML library's errors into findings; it reports all
// unknown fields of a file at once.
func decodeFindings(err error) []Finding {
	if errors.Is(err, io.EOF) {
		return []Finding{{Problem: "the file is empty", Remedy: "start from `argosy-net topology print`"}}
	}
	texts := []string{err.Error()}
	var te *yaml.TypeError
	if errors.As(err, &te) {
		texts = te.Errors
	}
	out := make([]Finding, 0, len(texts))
	for _, s := range texts {
		f := Finding{Problem: s, Remedy: "correct the value"}
		if m := lineText.FindStringSubmatch(s); m != nil {
			f.Line, _ = strconv.Atoi(m[1])
			f.Problem = m[2]
		}
		if m := unknownField.FindStringSubmatch(f.Problem); m != nil {
			f.Field = m[1]
			f.Problem = "there is no such field in " + strings.ToLower(m[2])
			f.Remedy = "correct its spelling or remove it"
		}
		out = append(out, f)
	}
	return out
}

func lineOf(n *yaml.Node) string { return fmt.Sprintf("line %d: ", n.Line) }

// Defaults of fields that a file may leave out.
const (
	defaultBatchTimeout   = 50 * time.Millisecond
	defaultBatchMessages  = 100
	defaultPreferredBytes = 2 << 20
	defaultMaxBytes       = 10 << 20
)

func (t *Topology) setDefaults() {
	setDefault(&t.LogLevel, "warn")
	setDefault(&t.ServiceLogLevel, "info")
	setDefault(&t.Ordering.Consensus, SmartBFT)
	setDefault(&t.Ordering.BatchTimeout, Duration(defaultBatchTimeout))
	setDefault(&t.Ordering.BatchMessages, defaultBatchMessages)
	setDefault(&t.Ordering.BatchPreferredBytes, defaultPreferredBytes)
	setDefault(&t.Ordering.BatchMaxBytes, defaultMaxBytes)
	setDefault(&t.Accelerator.Kernel, "emmansun")
	for i := range t.Organisations {
		o := &t.Organisations[i]
		if o.Name != "" {
			setDefault(&o.MSPID, o.Name+"MSP")
			setDefault(&o.Domain, o.Slug()+".example")
		}
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
