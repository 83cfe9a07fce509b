package attest

import (
	"sort"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

// maxSources bounds a policy: every report reads the latest claim of each
// source, so this is also the bound of that read.
const maxSources = 31

// Policy says whose claims make a fact of one type.
type Policy struct {
	Type string `json:"type"`
	// Sources may claim facts of this type; sorted, each once.
	Sources []SourceID `json:"sources"`
	// Threshold is how many of them must agree: more than half, so that two
	// opposite facts can never both be established.
	Threshold int `json:"threshold"`
	// ToleranceSeconds is by how much the event times of agreeing claims may
	// differ.
	ToleranceSeconds int64 `json:"toleranceSeconds"`
	// FreshnessSeconds is how old an event may be when it is first claimed; 0
	// means any age.
	FreshnessSeconds int64 `json:"freshnessSeconds"`
}

// Validate refuses a policy that could establish two opposite facts or that
// nothing could satisfy.
func (p Policy) Validate() error {
	if err := ValidateType(p.Type); err != nil {
		return err
	}
	if len(p.Sources) == 0 || len(p.Sources) > maxSources {
		return fault.New(fault.FieldInvalid, "a policy names 1 to %d sources", maxSources).WithField("sources")
	}
	for i, s := range p.Sources {
		if err := s.Validate(); err != nil {
			return err
		}
		if i > 0 && p.Sources[i-1] >= s {
			return fault.New(fault.FieldInvalid, "sources are sorted, each once").WithField("sources")
		}
	}
	if p.Threshold*2 <= len(p.Sources) || p.Threshold > len(p.Sources) {
		return fault.New(fault.FieldInvalid, "the threshold is more than half of the %d sources and at most all of them",
			len(p.Sources)).WithField("threshold")
	}
	if p.ToleranceSeconds < 0 || p.FreshnessSeconds < 0 {
		return fault.New(fault.FieldInvalid, "seconds are not negative").WithField("toleranceSeconds")
	}
	return nil
}

// Allows reports whether the source may claim facts of the policy's type.
func (p Policy) Allows(s SourceID) bool {
	for _, have := range p.Sources {
		if have == s {
			return true
		}
	}
	return false
}

// Verdict is what a set of claims amounts to.
type Verdict struct {
	State trade.FactState `json:"state"`
	// OccurredAt is the median event time of the claims that agree; zero when
	// nothing is established.
	OccurredAt trade.Instant `json:"occurredAt"`
	// Sources are those whose claims established the fact, sorted.
	Sources []SourceID `json:"sources,omitempty"`
}

// Judge says what the latest claim of each source amounts to. The claims must
// have been verified; claims of sources that the policy does not allow are
// passed over. before is the state so far: a fact that was established and has
// lost its quorum by retraction is RETRACTED, not pending.
func (p Policy) Judge(latest []Claim, before trade.FactState) Verdict {
	var actual []Claim
	retracted := 0
	for _, c := range latest {
		switch {
		case !p.Allows(c.Source) || c.Classifier != Actual:
		case c.Retracted:
			retracted++
		default:
			actual = append(actual, c)
		}
	}
	sort.Slice(actual, func(i, j int) bool {
		if actual[i].OccurredAt != actual[j].OccurredAt {
			return actual[i].OccurredAt < actual[j].OccurredAt
		}
		return actual[i].Source < actual[j].Source
	})
	if agreeing := p.largestCluster(actual); len(agreeing) >= p.Threshold {
		v := Verdict{State: trade.FactEstablished, OccurredAt: agreeing[(len(agreeing)-1)/2].OccurredAt}
		for _, c := range agreeing {
			v.Sources = append(v.Sources, c.Source)
		}
		sort.Slice(v.Sources, func(i, j int) bool { return v.Sources[i] < v.Sources[j] })
		return v
	}
	switch {
	case len(actual) >= p.Threshold:
		// Enough sources speak, but of different times: nobody is believed
		// until they agree.
		return Verdict{State: trade.FactConflicted}
	case retracted > 0 && (before == trade.FactEstablished || before == trade.FactRetracted):
		return Verdict{State: trade.FactRetracted}
	default:
		return Verdict{State: trade.FactPending}
	}
}

// largestCluster returns the longest run of claims, sorted by event time,
// whose first and last are within the tolerance; the earliest such run wins.
func (p Policy) largestCluster(sorted []Claim) []Claim {
	var best []Claim
	first := 0
	for last := range sorted {
		for int64(sorted[last].OccurredAt-sorted[first].OccurredAt) > p.ToleranceSeconds*1000 {
			first++
		}
		if last-first+1 > len(best) {
			best = sorted[first : last+1]
		}
	}
	return best
}
