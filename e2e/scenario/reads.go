package scenario

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/attest"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/party"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/undertaking"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
	"github.com/argosy-trade/argosy/gateway/client"
)

type partyRecord = party.Record

func newSalt() (trade.Salt, error) {
	var s trade.Salt
	_, err := rand.Read(s[:])
	return s, err
}

func readInvoice(ctx context.Context, _ *stage, a act) (uint64, error) {
	d, err := a.who.Invoices.Get(ctx, a.target.id)
	if err != nil {
		return 0, err
	}
	return 0, genuine(d.Header, d.Bytes)
}

func readUndertaking(ctx context.Context, _ *stage, a act) (uint64, error) {
	d, err := a.who.Undertakings.Get(ctx, a.target.id)
	if err != nil {
		return 0, err
	}
	return 0, genuine(d.Header, d.Bytes)
}

func readPayment(ctx context.Context, _ *stage, a act) (uint64, error) {
	d, err := a.who.Payments.Get(ctx, a.target.id)
	if err != nil {
		return 0, err
	}
	return 0, genuine(d.Header, d.Bytes)
}

// genuine holds what was read against the public digest.
func genuine(h trade.Header, body []byte) error {
	if sha256.Sum256(body) != h.Digest {
		return fmt.Errorf("the body of %s is not the one that its header names", h.ID)
	}
	return nil
}

var kinds = map[string]trade.Kind{
	"invoices": invoice.Kind, "undertakings": undertaking.Kind, "payments": payment.Kind,
	"vouchers": voucher.Kind, "lots": lot.Kind,
}

// list: list invoices [in STATE]; see the check listed.
func list(ctx context.Context, s *stage, a act) (uint64, error) {
	r, err := readerOf(a.who, kinds[a.p.object[0]])
	if err != nil {
		return 0, err
	}
	q := client.Query{Limit: 200}
	if q.State, err = a.p.one("in"); err != nil {
		return 0, err
	}
	s.listing = nil
	for {
		page, err := r.List(ctx, q)
		if err != nil {
			return 0, err
		}
		s.listing = append(s.listing, page.Documents...)
		if q.After = page.Next; q.After == "" {
			return 0, nil
		}
	}
}

// listed: listed NAME
func listed(_ context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 1 {
		return false, "", fmt.Errorf("write: listed NAME")
	}
	p, err := s.paper(words[0])
	holds := slices.ContainsFunc(s.listing, func(h trade.Header) bool { return h.ID == p.id })
	return holds, fmt.Sprintf("%d documents, %s among them: %t", len(s.listing), words[0], holds), err
}

// header reads a document's header through the eyes of somebody.
func (s *stage) header(ctx context.Context, name, by string) (client.State, error) {
	p, err := s.paper(name)
	if err != nil {
		return client.State{}, err
	}
	c, err := s.person(ctx, by)
	if err != nil {
		return client.State{}, err
	}
	r, err := readerOf(c, p.kind)
	if err != nil {
		return client.State{}, err
	}
	return r.Header(ctx, p.id)
}

// state: state NAME STATE [for SOMEBODY]
func state(ctx context.Context, s *stage, words []string) (bool, string, error) {
	by := observer
	if len(words) == 4 && words[2] == "for" {
		by, words = words[3], words[:2]
	}
	if len(words) != 2 {
		return false, "", fmt.Errorf("write: state NAME STATE")
	}
	d, err := s.header(ctx, words[0], by)
	if err == nil && !d.Valid {
		err = fmt.Errorf("%s is not valid: a party's organisation does not hold its body", words[0])
	}
	return d.Header.State == words[1], d.Header.State, err
}

// version: version NAME NUMBER
func version(ctx context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 2 {
		return false, "", fmt.Errorf("write: version NAME NUMBER")
	}
	d, err := s.header(ctx, words[0], observer)
	found := fmt.Sprint(d.Header.Version)
	return found == words[1], found, err
}

// history: history NAME STATE STATE …
func history(ctx context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) < 2 {
		return false, "", fmt.Errorf("write: history NAME STATE …")
	}
	p, err := s.paper(words[0])
	if err != nil {
		return false, "", err
	}
	c, err := s.person(ctx, observer)
	if err != nil {
		return false, "", err
	}
	r, err := readerOf(c, p.kind)
	if err != nil {
		return false, "", err
	}
	changes, err := r.History(ctx, p.id)
	var states []string
	for _, ch := range changes {
		if ch.Header != nil {
			states = append(states, ch.Header.State)
		}
	}
	return slices.Equal(states, words[1:]), strings.Join(states, " "), err
}

// fact: fact TYPE SCHEME ID STATE
func fact(ctx context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 4 {
		return false, "", fmt.Errorf("write: fact TYPE SCHEME ID STATE")
	}
	c, err := s.person(ctx, observer)
	if err != nil {
		return false, "", err
	}
	f, err := c.Facts.Get(ctx, attest.SubjectOf(words[1], s.identifier(words[1], words[2])), factType(words[0]))
	if fault.CodeOf(err) == fault.FactNotFound {
		f.State, err = "UNKNOWN", nil
	}
	return string(f.State) == words[3], string(f.State), err
}

// waiting: waiting NAME for SCHEME ID
func waiting(ctx context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 4 || words[1] != "for" {
		return false, "", fmt.Errorf("write: waiting NAME for SCHEME ID")
	}
	p, err := s.paper(words[0])
	if err != nil {
		return false, "", err
	}
	c, err := s.person(ctx, observer)
	if err != nil {
		return false, "", err
	}
	page, err := c.Undertakings.Waiting(ctx, attest.SubjectOf(words[2], s.identifier(words[2], words[3])), "")
	return slices.Contains(page.IDs, p.id), fmt.Sprintf("%d waiting", len(page.IDs)), err
}

// refused: refused CODE [naming WORDS]; it is about the line before it.
func refused(_ context.Context, s *stage, words []string) (bool, string, error) {
	if len(words) != 1 && (len(words) < 3 || words[1] != "naming") {
		return false, "", fmt.Errorf("write: refused CODE, or refused CODE naming WORDS")
	}
	f, ok := fault.From(s.refusal)
	if !ok {
		return false, "", fmt.Errorf("nothing was refused")
	}
	s.refusal = nil
	holds := string(f.Code) == words[0]
	if len(words) > 2 {
		holds = holds && strings.Contains(f.Message, strings.Join(words[2:], " "))
	}
	return holds, string(f.Code) + ": " + f.Message, nil
}
