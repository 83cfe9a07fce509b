package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
)

func TestIssueSendsTheBodyToThePartiesOnly(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	c := d.connect(t, quick)
	body := sampleInvoice()
	body.Salt = trade.Salt{}
	r, err := c.Invoices.Issue(t.Context(), body)
	if err != nil {
		t.Fatal(err)
	}
	in := d.ledger.Endorsements()[0]
	if !slices.Equal(in.Organisations, []string{"ExportBankMSP", "ImportBankMSP"}) {
		t.Errorf("endorsing organisations %v", in.Organisations)
	}
	sent, err := canon.Decode[invoice.Body](in.Transient["body/"+string(r.Value.ID)])
	if err != nil {
		t.Fatal(err)
	}
	if err := sent.Salt.Validate(); err != nil {
		t.Error("the body was sent without a salt")
	}
	if r.Value.ID.MSP() != sellerMSP || r.Block != 1 || r.Attempts != 1 || in.Function != "Invoice:Issue" {
		t.Errorf("receipt %+v of %s", r, in.Function)
	}
}

func TestIssueRefusesAWrongSumWithoutARoundTrip(t *testing.T) {
	d := newDesk(t)
	c := d.connect(t, quick)
	body := sampleInvoice()
	body.Totals.DueMinor++
	_, err := c.Invoices.Issue(t.Context(), body)
	var nothing *client.NothingHappenedError
	if !errors.As(err, &nothing) || nothing.Code() != fault.FieldInvalid || nothing.Phase != client.PhasePrepare {
		t.Errorf("got %v", err)
	}
	if len(d.ledger.Endorsements()) != 0 {
		t.Error("something was sent")
	}
}

func TestMoveSendsTheCurrentBodyAndVersion(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	c := d.connect(t, quick)
	r, err := c.Invoices.Accept(t.Context(), d.header.ID)
	if err != nil {
		t.Fatal(err)
	}
	in := d.ledger.Endorsements()[0]
	if string(in.Transient["body/"+string(d.header.ID)]) != string(d.body) || r.Value.Version != 8 {
		t.Errorf("sent %v, got %+v", in, r)
	}
	if r, err = c.Invoices.Accept(t.Context(), d.header.ID, client.AtVersion(3)); err != nil || r.Value.Version != 4 {
		t.Errorf("at version 3: %+v, %v", r, err)
	}
}

func TestRefusalOfTheRulesIsDecoded(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = func(gatewaytest.Invocation) ([]byte, error) {
		return nil, gatewaytest.Refused(fault.New(fault.NotParty, "only the buyer may do this").WithDoc("X"),
			"ExportBankMSP", "ImportBankMSP")
	}
	_, err := d.connect(t, quick).Invoices.Accept(t.Context(), d.header.ID)
	var nothing *client.NothingHappenedError
	if !errors.As(err, &nothing) {
		t.Fatalf("got %T %v", err, err)
	}
	if nothing.Code() != fault.NotParty || nothing.Fault.Doc != "X" || nothing.Phase != client.PhaseEndorse ||
		nothing.TransactionID == "" || nothing.Next() == "" || !errors.Is(err, fault.New(fault.NotParty, "")) {
		t.Errorf("got %+v", nothing)
	}
	if n := len(d.ledger.Endorsements()); n != 1 {
		t.Errorf("a refusal was repeated %d times", n)
	}
}

func TestReadConflictIsRepeatedWithTheSameRequestID(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	d.ledger.Validate = func(nth int) peer.TxValidationCode {
		return []peer.TxValidationCode{
			peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT, peer.TxValidationCode_VALID,
		}[nth-1]
	}
	var hooked []string
	r, err := d.connect(t, quick).Invoices.Accept(t.Context(), d.header.ID,
		client.BeforeSubmit(func(_ context.Context, p client.Pending) error {
			hooked = append(hooked, p.TransactionID)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	calls := d.ledger.Endorsements()
	if len(calls) != 3 || r.Attempts != 3 || r.Block != 3 {
		t.Fatalf("%d proposals, receipt %+v", len(calls), r)
	}
	for i, in := range calls {
		if requestID(t, in) != r.RequestID || hooked[i] != in.TransactionID {
			t.Errorf("proposal %d: request %s, hook saw %s", i, requestID(t, in), hooked[i])
		}
	}
	if calls[0].TransactionID == calls[1].TransactionID {
		t.Error("the second try was no new proposal")
	}
}

func TestReadConflictsAreBounded(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	d.ledger.Validate = func(int) peer.TxValidationCode { return peer.TxValidationCode_MVCC_READ_CONFLICT }
	_, err := d.connect(t, quick).Invoices.Accept(t.Context(), d.header.ID)
	var rejected *client.RejectedError
	if !errors.As(err, &rejected) || rejected.Code() != fault.ReadConflict || rejected.Attempts != 9 ||
		rejected.Block != 9 {
		t.Errorf("got %v", err)
	}
}

func TestEndorsementPolicyFailureIsRejected(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	d.ledger.Validate = func(int) peer.TxValidationCode { return peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE }
	_, err := d.connect(t, quick).Invoices.Accept(t.Context(), d.header.ID)
	var rejected *client.RejectedError
	if !errors.As(err, &rejected) || rejected.Code() != fault.EndorsementFailed || rejected.Attempts != 2 {
		t.Errorf("got %v", err)
	}
}

func TestCreationThatLostARaceWithItselfSucceeds(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	d.ledger.Validate = func(nth int) peer.TxValidationCode {
		return []peer.TxValidationCode{
			peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, peer.TxValidationCode_VALID,
		}[nth-1]
	}
	if r, err := d.connect(t, quick).Invoices.Accept(t.Context(), d.header.ID); err != nil || r.Attempts != 2 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestSilenceSendsTheSameEnvelopeAgain(t *testing.T) {
	already := gatewaytest.Refusal(codes.Unavailable,
		"insufficient number of orderers could successfully process transaction to satisfy quorum requirement",
		gatewaytest.Detail{MSPID: "ExportBankMSP", Message: "received unsuccessful response from orderer: " +
			"status=SERVICE_UNAVAILABLE, info=failed to submit request: request already processed"})
	for _, tc := range []struct {
		name   string
		submit func(string, int) (bool, error)
		status func(string, int) error
		want   int
	}{
		{
			name: "accepted but lost", want: 2,
			submit: func(_ string, nth int) (bool, error) { return nth == 2, nil },
		},
		{
			name: "refused but ordered", want: 1,
			submit: func(string, int) (bool, error) { return true, already },
		},
		{name: "unavailable, then accepted", want: 2, submit: func(_ string, nth int) (bool, error) {
			if nth == 1 {
				return false, gatewaytest.Refusal(codes.Unavailable, "no orderers could successfully process transaction")
			}
			return true, nil
		}},
		{
			name: "status breaks off", want: 2,
			submit: func(_ string, nth int) (bool, error) {
				return true, map[bool]error{true: nil, false: already}[nth == 1]
			},
			status: func(_ string, nth int) error {
				if nth == 1 {
					return gatewaytest.Refusal(codes.Aborted, "unexpected close of commit notification channel")
				}
				return nil
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newDesk(t)
			d.ledger.OnEndorse, d.ledger.OnSubmit, d.ledger.OnStatus = issued, tc.submit, tc.status
			r, err := d.connect(t, quick).Invoices.Accept(t.Context(), d.header.ID)
			if err != nil {
				t.Fatal(err)
			}
			if n := d.ledger.Submits(r.TransactionID); n != tc.want || len(d.ledger.Endorsements()) != 1 || r.Block != 1 {
				t.Errorf("%d hand-overs, %d proposals, %+v", n, len(d.ledger.Endorsements()), r)
			}
		})
	}
}

func TestUnknownOutcomeCanBeResumed(t *testing.T) {
	d := newDesk(t)
	var healed atomic.Bool
	d.ledger.OnEndorse = issued
	d.ledger.OnSubmit = func(string, int) (bool, error) { return healed.Load(), nil }
	timing := quick
	timing.CommitStatus, timing.Outcome = 20*time.Millisecond, 100*time.Millisecond
	c := d.connect(t, timing)
	_, err := c.Invoices.Accept(t.Context(), d.header.ID)
	var unknown *client.UnknownError
	if !errors.As(err, &unknown) || unknown.Code() != fault.OutcomeUnknown || unknown.Version != 7 ||
		unknown.Pending.TransactionID == "" || len(unknown.Pending.Envelope) == 0 || unknown.Phase != client.PhaseCommit {
		t.Fatalf("got %v", err)
	}
	if _, err := c.Resume(t.Context(), unknown.Pending); !errors.As(err, &unknown) {
		t.Fatalf("resumed while lost: %v", err)
	}
	healed.Store(true)
	done, err := c.Resume(t.Context(), unknown.Pending)
	if err != nil || done.Block != 1 || done.TransactionID != unknown.Pending.TransactionID {
		t.Fatalf("resume: %+v, %v", done, err)
	}
	again, err := c.Resume(t.Context(), client.Pending{TransactionID: done.TransactionID})
	if err != nil || again != done {
		t.Errorf("asking by id alone: %+v, %v", again, err)
	}
	if len(d.ledger.Endorsements()) != 1 {
		t.Error("resuming made a new proposal")
	}
}

func TestCancelledWhileWaitingIsUnknown(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	d.ledger.OnEndorse = issued
	d.ledger.OnSubmit = func(string, int) (bool, error) { cancel(); return false, nil }
	_, err := d.connect(t, quick).Invoices.Accept(ctx, d.header.ID)
	var unknown *client.UnknownError
	if !errors.As(err, &unknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOrderersFinalRefusalIsNotUnknown(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	d.ledger.OnSubmit = func(string, int) (bool, error) {
		return false, gatewaytest.Refusal(codes.Aborted,
			"received unsuccessful response from orderer: status=FORBIDDEN, info=x")
	}
	_, err := d.connect(t, quick).Invoices.Accept(t.Context(), d.header.ID)
	var nothing *client.NothingHappenedError
	if !errors.As(err, &nothing) || nothing.Code() != fault.EndorsementFailed || nothing.Phase != client.PhaseSubmit {
		t.Errorf("got %v", err)
	}
}

func TestBeforeSubmitCanStopIt(t *testing.T) {
	d := newDesk(t)
	d.ledger.OnEndorse = issued
	full := errors.New("disk full")
	var id string
	_, err := d.connect(t, quick).Invoices.Accept(t.Context(), d.header.ID,
		client.BeforeSubmit(func(_ context.Context, p client.Pending) error { id = p.TransactionID; return full }))
	var nothing *client.NothingHappenedError
	if !errors.As(err, &nothing) || !errors.Is(err, full) || d.ledger.Submits(id) != 0 {
		t.Errorf("got %v after %d hand-overs", err, d.ledger.Submits(id))
	}
}

func TestDisagreementIsRepeatedThenReported(t *testing.T) {
	mismatch := gatewaytest.Refusal(codes.Aborted, "failed to collect enough transaction endorsements",
		gatewaytest.Detail{MSPID: "ImportBankMSP", Message: "ProposalResponsePayloads do not match"})
	stale := fault.New(fault.VersionStale, "version 7 is behind")
	for _, tc := range []struct {
		name string
		err  error
		want fault.Code
	}{
		{"different results", mismatch, fault.EndorsersDisagree},
		{"one refuses", gatewaytest.Refused(stale, "ImportBankMSP"), fault.VersionStale},
		{"different refusals", gatewaytest.Refusal(codes.Aborted, "failed",
			gatewaytest.Detail{MSPID: "ExportBankMSP", Message: stale.Error()},
			gatewaytest.Detail{MSPID: "ImportBankMSP", Message: fault.New(fault.DocNotFound, "no").Error()},
		), fault.EndorsersDisagree},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newDesk(t)
			var refusals atomic.Int32
			d.ledger.OnEndorse = func(in gatewaytest.Invocation) ([]byte, error) {
				if refusals.Add(1) <= 2 {
					return nil, tc.err
				}
				return issued(in)
			}
			c := d.connect(t, quick)
			if _, err := c.Invoices.Accept(t.Context(), d.header.ID); err != nil || refusals.Load() != 3 {
				t.Errorf("after %d proposals: %v", refusals.Load(), err)
			}
			d.ledger.OnEndorse = func(gatewaytest.Invocation) ([]byte, error) { return nil, tc.err }
			brief := quick
			brief.Unavailable = 300 * time.Millisecond
			if _, err := d.connect(t, brief).Invoices.Accept(t.Context(), d.header.ID); fault.CodeOf(err) != tc.want {
				t.Errorf("persisting: %v; want %s", err, tc.want)
			}
		})
	}
}

func TestMissingOrganisationIsNamed(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
	}{
		{"by the gateway", gatewaytest.Refusal(codes.Unavailable,
			"failed to find any endorsing peers for org(s): ImportBankMSP")},
		{"by its silence", gatewaytest.Refusal(codes.FailedPrecondition,
			"no combination of peers can be derived which satisfy the endorsement policy: x")},
		{"by its connection", gatewaytest.Refusal(codes.Aborted, "failed to collect enough transaction endorsements",
			gatewaytest.Detail{MSPID: "ImportBankMSP", Message: "rpc error: code = Unavailable desc = connection refused"})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newDesk(t)
			d.down["ImportBankMSP"] = true
			d.ledger.OnEndorse = func(gatewaytest.Invocation) ([]byte, error) { return nil, tc.err }
			timing := quick
			timing.Unavailable = 300 * time.Millisecond
			_, err := d.connect(t, timing).Invoices.Accept(t.Context(), d.header.ID)
			f, ok := client.FailureOf(err)
			if !ok || f.Code() != fault.OrganisationMissing || f.Fault.Message != "no peer of ImportBankMSP is up" {
				t.Fatalf("got %v", err)
			}
			if len(d.ledger.Endorsements()) < 2 {
				t.Error("it was not repeated")
			}
		})
	}
}

func TestFailOverToAnotherPeer(t *testing.T) {
	d := newDesk(t)
	first, second := d.network.StartPeer(t, d.ledger), d.network.StartPeer(t, d.ledger)
	d.ledger.OnEndorse = issued
	c := d.connect(t, quick, first, second)
	if _, err := c.Invoices.Accept(t.Context(), d.header.ID); err != nil {
		t.Fatal(err)
	}
	// The first peer dies while it holds the client's transaction.
	d.ledger.OnSubmit = func(string, int) (bool, error) { go first.Stop(); return true, nil }
	var once atomic.Bool
	d.ledger.OnStatus = func(string, int) error {
		if once.CompareAndSwap(false, true) {
			return gatewaytest.Refusal(codes.Unavailable, "transport is closing")
		}
		return nil
	}
	if _, err := c.Invoices.Accept(t.Context(), d.header.ID); err != nil {
		t.Fatal(err)
	}
	d.ledger.OnSubmit = nil
	first.Stop()
	if _, err := c.Invoices.Accept(t.Context(), d.header.ID); err != nil {
		t.Fatalf("with the first peer down: %v", err)
	}
	first.Start()
	second.Stop()
	if _, err := c.Invoices.Accept(t.Context(), d.header.ID); err != nil {
		t.Fatalf("with the second peer down: %v", err)
	}
}

func TestNoPeerUp(t *testing.T) {
	d := newDesk(t)
	p := d.network.StartPeer(t, d.ledger)
	timing := quick
	timing.Unavailable = 200 * time.Millisecond
	c := d.connect(t, timing, p)
	p.Stop()
	_, err := c.Invoices.Accept(t.Context(), d.header.ID)
	if f, ok := client.FailureOf(err); !ok || f.Code() != fault.PeerUnavailable || f.Phase != client.PhaseEvaluate {
		t.Errorf("got %v", err)
	}
}

func TestAcceptTriesARelease(t *testing.T) {
	for _, unmet := range []bool{false, true} {
		t.Run(fmt.Sprintf("unmet=%v", unmet), func(t *testing.T) {
			d := newDesk(t)
			d.ledger.OnEvaluate = func(in gatewaytest.Invocation) ([]byte, error) {
				if in.Function == "Undertaking:Body" {
					return undertakingBody(t, d.header)
				}
				return d.evaluate(in)
			}
			d.ledger.OnEndorse = func(in gatewaytest.Invocation) ([]byte, error) {
				if in.Function == "Undertaking:Release" && unmet {
					return nil, gatewaytest.Refused(fault.New(fault.ConditionUnmet, "LOADED is PENDING"),
						"ExportBankMSP", "ImportBankMSP")
				}
				return issued(in)
			}
			r, err := d.connect(t, quick).Undertakings.Accept(t.Context(), d.header.ID)
			if err != nil || r.Value.Version != 8 {
				t.Fatalf("%+v, %v", r, err)
			}
			if (r.Released == nil) != unmet || (r.ReleaseFault != nil && r.ReleaseFault.Code != fault.ConditionUnmet) {
				t.Errorf("released %+v, fault %v", r.Released, r.ReleaseFault)
			}
			release := d.ledger.Endorsements()[1]
			if len(release.Transient) != 0 || len(release.Organisations) != 2 {
				t.Errorf("the release carried %v to %v", release.Transient, release.Organisations)
			}
		})
	}
}
