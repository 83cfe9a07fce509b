package e2e_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/argosy-trade/argosy/chaincode/domain/canon"
	"github.com/argosy-trade/argosy/gateway/client"
)

// signer is an identity with its private key: a client's, or a peer's in the
// hands of the organisation that runs it.
type signer struct {
	mspID      string
	serialized []byte
	digestSign identity.Sign
	x509       *identity.X509Identity
}

func newSignerOf(t *testing.T, mspID, certificate, key string) signer {
	t.Helper()
	certText, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	keyText, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := identity.CertificateFromPEM(certText)
	if err != nil {
		t.Fatal(err)
	}
	private, err := identity.PrivateKeyFromPEM(keyText)
	if err != nil {
		t.Fatal(err)
	}
	s := signer{mspID: mspID, serialized: encode(t, &msp.SerializedIdentity{Mspid: mspID, IdBytes: certText})}
	if s.x509, err = identity.NewX509Identity(mspID, cert); err != nil {
		t.Fatal(err)
	}
	if s.digestSign, err = identity.NewPrivateKeySign(private); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s signer) sign(t *testing.T, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	signature, err := s.digestSign(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// endorse signs a proposal response payload as an endorser does.
func (s signer) endorse(t *testing.T, payload []byte) *peer.Endorsement {
	t.Helper()
	signed := append(append([]byte(nil), payload...), s.serialized...)
	return &peer.Endorsement{Endorser: s.serialized, Signature: s.sign(t, signed)}
}

func encode(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// person is a client of the native network who speaks Fabric's own language
// and is bound by none of the SDK's manners.
type person struct {
	signer
	net     *nativeNetwork
	channel string
	gateway *fabric.Gateway // of its own organisation's peer
}

func (n *nativeNetwork) person(t *testing.T, name string) *person {
	t.Helper()
	profile, err := client.LoadProfile(n.Profile(name))
	if err != nil {
		t.Fatal(err)
	}
	p := &person{
		signer: newSignerOf(t, string(profile.MSPID), profile.Identity.Certificate, profile.Identity.PrivateKey),
		net:    n, channel: profile.Channel,
	}
	org, _ := n.topology.Client(name)
	p.gateway, err = fabric.Connect(p.x509, fabric.WithSign(p.digestSign), fabric.WithHash(hash.SHA256),
		fabric.WithClientConnection(n.dial(t, org.Slug())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.gateway.Close() })
	return p
}

// dial connects to the organisation's first peer.
func (n *nativeNetwork) dial(t *testing.T, slug string) *grpc.ClientConn {
	t.Helper()
	org, err := n.organisation(slug)
	if err != nil {
		t.Fatal(err)
	}
	node := n.Plan().PeersOf(org)[0]
	text, err := os.ReadFile(n.Plan().Keys.TLSCA(org))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	conn, err := grpc.NewClient(node.Endpoint(), grpc.WithTransportCredentials(credentials.NewTLS(
		&tls.Config{RootCAs: roots, ServerName: node.HostName, MinVersion: tls.VersionTLS13})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// peerKey is the signing identity of an organisation's first peer: the key is
// the organisation's own, and it may sign with it what it likes.
func (n *nativeNetwork) peerKey(t *testing.T, slug string) signer {
	t.Helper()
	org, err := n.organisation(slug)
	if err != nil {
		t.Fatal(err)
	}
	store := n.Plan().Keys
	return newSignerOf(t, org.MSPID, store.NodeIdentity(org, "peer0"),
		filepath.Join(store.NodeMSP(org, "peer0"), "keystore", "key.pem"))
}

// call is a call of a chaincode function. Argosy's functions take one argument
// in JSON, Fabric's own take words.
type call struct {
	chaincode, function string
	arg                 any
	words               []string
	transient           map[string][]byte
}

// input are the arguments as the chaincode gets them.
func (c call) input(t *testing.T) [][]byte {
	t.Helper()
	out := [][]byte{[]byte(c.function)}
	for _, w := range c.words {
		out = append(out, []byte(w))
	}
	if c.arg == nil {
		return out
	}
	arg, err := canon.Encode(c.arg)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, arg)
}

// proposal is a proposal with what a transaction is made of.
type proposal struct {
	id      string
	header  *common.Header
	payload []byte // without the transient data
	signed  *peer.SignedProposal
}

func (p *person) propose(t *testing.T, c call) proposal {
	t.Helper()
	nonce := make([]byte, 24)
	_, _ = rand.Read(nonce)
	sum := sha256.Sum256(append(append([]byte(nil), nonce...), p.serialized...))
	out := proposal{id: hex.EncodeToString(sum[:])}
	name := &peer.ChaincodeID{Name: c.chaincode}
	out.header = &common.Header{
		ChannelHeader: encode(t, &common.ChannelHeader{
			Type: int32(common.HeaderType_ENDORSER_TRANSACTION), ChannelId: p.channel, TxId: out.id,
			Timestamp: timestamppb.New(time.Now()), Extension: encode(t, &peer.ChaincodeHeaderExtension{ChaincodeId: name}),
		}),
		SignatureHeader: encode(t, &common.SignatureHeader{Creator: p.serialized, Nonce: nonce}),
	}
	input := encode(t, &peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
		Type: peer.ChaincodeSpec_GOLANG, ChaincodeId: name,
		Input: &peer.ChaincodeInput{Args: c.input(t)},
	}})
	out.payload = encode(t, &peer.ChaincodeProposalPayload{Input: input})
	text := encode(t, &peer.Proposal{
		Header:  encode(t, out.header),
		Payload: encode(t, &peer.ChaincodeProposalPayload{Input: input, TransientMap: c.transient}),
	})
	out.signed = &peer.SignedProposal{ProposalBytes: text, Signature: p.sign(t, text)}
	return out
}

// ask has one organisation's peer process the proposal.
func (p *person) ask(t *testing.T, organisation string, what proposal) *peer.ProposalResponse {
	t.Helper()
	r, err := peer.NewEndorserClient(p.net.dial(t, organisation)).ProcessProposal(t.Context(), what.signed)
	if err != nil {
		t.Fatalf("the peer of %s: %v", organisation, err)
	}
	return r
}

// submit makes a transaction of a proposal, results and endorsements of the
// client's own choice, has it ordered, and returns how the network judged it.
func (p *person) submit(t *testing.T, what proposal, results []byte, by ...*peer.Endorsement) peer.TxValidationCode {
	t.Helper()
	action := &peer.ChaincodeActionPayload{
		ChaincodeProposalPayload: what.payload,
		Action:                   &peer.ChaincodeEndorsedAction{ProposalResponsePayload: results, Endorsements: by},
	}
	payload := encode(t, &common.Payload{Header: what.header, Data: encode(t, &peer.Transaction{
		Actions: []*peer.TransactionAction{{Header: what.header.GetSignatureHeader(), Payload: encode(t, action)}},
	})})
	prepared := encode(t, &gateway.PreparedTransaction{
		TransactionId: what.id, Envelope: &common.Envelope{Payload: payload, Signature: p.sign(t, payload)},
	})
	tx, err := p.gateway.NewTransaction(prepared)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	commit, err := tx.SubmitWithContext(ctx)
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	status, err := commit.StatusWithContext(ctx)
	if err != nil {
		t.Fatalf("status: %v", err)
	}
	p.net.seen(t, status.BlockNumber)
	return status.Code
}
