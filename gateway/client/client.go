// Package client is the Go SDK of Argosy: typed calls to the two chaincodes
// through the peers of the caller's own organisation.
//
// A caller gives business values and a context. The client encodes and salts
// bodies, chooses ids, fetches current bodies from its own peer, assembles the
// transient data, names the organisations that must endorse, signs, submits,
// waits for the block and repeats what is safe to repeat:
//
//   - a read conflict, by a new proposal with the same request id;
//   - silence after the hand-over, by sending the same envelope again and
//     asking for its status, so that nothing is ever done twice;
//   - endorsers that disagree, because one of them may be a block behind;
//   - a peer or an organisation that is down, within a bound.
//
// Every error is one of NothingHappenedError, RejectedError and UnknownError,
// and carries the refusal as a *fault.Error.
//
// The client refuses plain connections, and never sends a private body to an
// organisation that is not a party of the document.
package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/hyperledger/fabric-gateway/pkg/identity"

	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/payment"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/chaincode/domain/voucher"
)

// Client is a connection of one identity to one channel. It is safe for
// concurrent use.
type Client struct {
	// Parties, Sources, Policies, Facts, Constitution, Parameters and Defaults
	// are what all members share (chaincode registry).
	Parties      *Parties
	Sources      *Sources
	Policies     *Policies
	Facts        *Facts
	Constitution *Constitution
	Parameters   *Parameters
	Defaults     *Defaults
	// Invoices, Undertakings, Payments, Vouchers and Lots are documents that only their
	// parties can read (chaincode trade).
	Invoices     *Invoices
	Undertakings *Undertakings
	Payments     *Payments
	Vouchers     *Vouchers
	Lots         *Lots

	profile Profile
	creds   signer
	peers   *peerSet
	timing  Timing
	log     *slog.Logger
	random  io.Reader
}

// Option changes how a client behaves.
type Option func(*Client)

// WithLogger makes the client log one line per transaction. By default it logs
// nothing.
func WithLogger(l *slog.Logger) Option { return func(c *Client) { c.log = l } }

// WithTiming replaces the default time bounds.
func WithTiming(t Timing) Option { return func(c *Client) { c.timing = t } }

// Connect reads the profile's keys and certificates and prepares connections
// to its peers; they are dialled with the first call, so a peer may be down
// now. Use Ready to wait for the network.
func Connect(ctx context.Context, profile Profile, options ...Option) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := profile.validate(); err != nil {
		return nil, fmt.Errorf("profile %s: %w", profile.Name, err)
	}
	creds, err := profile.credentials()
	if err != nil {
		return nil, err
	}
	c := &Client{
		profile: profile, creds: creds, timing: DefaultTiming(),
		log: slog.New(slog.DiscardHandler), random: rand.Reader,
	}
	for _, o := range options {
		o(c)
	}
	if c.peers, err = newPeerSet(profile, creds); err != nil {
		return nil, err
	}
	c.Parties, c.Sources, c.Policies = &Parties{c}, &Sources{c}, &Policies{c}
	c.Facts, c.Constitution = &Facts{c}, &Constitution{c}
	c.Invoices = &Invoices{documents[invoice.Body](c, invoice.Kind, "Invoice")}
	c.Payments = &Payments{documents[payment.Body](c, payment.Kind, "Payment")}
	c.Undertakings = newUndertakings(c)
	c.Parameters, c.Defaults = &Parameters{c}, &Defaults{c}
	c.Vouchers = &Vouchers{documents[voucher.Body](c, voucher.Kind, "Voucher")}
	c.Lots = &Lots{documents[lot.Body](c, lot.Kind, "Lot")}
	return c, nil
}

// Close ends the connections. Calls under way fail.
func (c *Client) Close() error { return c.peers.close() }

// Profile returns the profile that the client was connected with.
func (c *Client) Profile() Profile { return c.profile }

// MSPID returns the client's organisation.
func (c *Client) MSPID() trade.MSPID { return c.profile.MSPID }

// Identity returns the client's certificate and organisation.
func (c *Client) Identity() identity.Identity { return c.creds.id }

// Ready returns nil once a peer of the organisation answers queries of both
// chaincodes. It asks once; it does not wait.
func (c *Client) Ready(ctx context.Context) error {
	if _, err := c.Constitution.Get(ctx); err != nil {
		return err
	}
	_, err := c.Invoices.List(ctx, Query{Limit: 1})
	return err
}

// salt returns 32 fresh random bytes unless s is already set.
func (c *Client) salt(s trade.Salt) (trade.Salt, error) {
	if s != (trade.Salt{}) {
		return s, nil
	}
	_, err := io.ReadFull(c.random, s[:])
	return s, err
}

// NewRequestID returns 128 fresh random bits in hex, for a command that must
// be repeatable by its caller; see WithRequestID.
func NewRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return fmt.Sprintf("%x", b)
}

// NewDocID returns a fresh id for a document of the client's organisation; see
// WithID.
func (c *Client) NewDocID() trade.DocID {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return trade.NewDocID(c.profile.MSPID, b)
}

// CallOption changes one call.
type CallOption func(*callOptions)

type callOptions struct {
	requestID    string
	id           trade.DocID
	version      *uint64
	beforeSubmit func(context.Context, Pending) error
}

// WithRequestID sets the command's request id (32 hex digits). A command that
// is repeated with the same request id, version and arguments has its effect
// once. By default each call chooses a random one.
func WithRequestID(id string) CallOption { return func(o *callOptions) { o.requestID = id } }

// WithID sets the id of a document that is created.
func WithID(id trade.DocID) CallOption { return func(o *callOptions) { o.id = id } }

// AtVersion makes the step apply to exactly the version that the caller has
// seen; by default the current version is read first. If the document has
// moved on, the call fails with VERSION_STALE.
func AtVersion(v uint64) CallOption { return func(o *callOptions) { o.version = &v } }

// BeforeSubmit calls f with the signed envelope right before it is handed to
// the ordering service. A caller that must survive a crash stores it and calls
// Client.Resume after a restart. If f fails, nothing is submitted. It is called
// again for each new proposal of the same command.
func BeforeSubmit(f func(context.Context, Pending) error) CallOption {
	return func(o *callOptions) { o.beforeSubmit = f }
}

func newCallOptions(options []CallOption) callOptions {
	var o callOptions
	for _, f := range options {
		f(&o)
	}
	if o.requestID == "" {
		o.requestID = NewRequestID()
	}
	return o
}

// Receipt is what a committed transaction returns.
type Receipt[T any] struct {
	// Value is the document's header or the record after the step.
	Value         T      `json:"value"`
	TransactionID string `json:"transactionId"`
	Block         uint64 `json:"block"`
	RequestID     string `json:"requestId"`
	// Attempts counts proposals; 1 unless others were faster.
	Attempts int `json:"attempts"`
}

// FailureOf returns the failure inside err, whichever of the three error
// types it is.
func FailureOf(err error) (*Failure, bool) {
	var f failed
	if errors.As(err, &f) {
		return f.Failed(), true
	}
	return nil, false
}
