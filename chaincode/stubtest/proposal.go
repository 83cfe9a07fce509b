package stubtest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// nonceBytes is the length of a proposal's nonce in Fabric's clients.
const nonceBytes = 24

// chaincodeVersion is the version in every definition here.
const chaincodeVersion = "1.0"

// Call is what a client asks of a chaincode.
type Call struct {
	Chaincode string
	Function  string
	Args      []string
	Transient map[string][]byte
	// EndorsingOrgs names the organisations to endorse, or to answer an Evaluate. When empty the gateway chooses.
	EndorsingOrgs []string
	// Gateway is the organisation whose peer serves the client as gateway. When empty it is the client's own.
	Gateway string
	// Time is the timestamp that the client claims. When zero it is the network's clock.
	Time time.Time
}

// Client is a certificate of an organisation and the calls that its holder can make.
type Client struct {
	network  *Network
	identity *identity
}

// Client enrols a client at an organisation. attrs become the certificate's Fabric CA attributes.
func (n *Network) Client(mspID, name string, attrs map[string]string) *Client {
	return n.enrol(mspID, subject{name: name, unit: "client", attrs: attrs})
}

// Admin enrols an administrator at an organisation.
func (n *Network) Admin(mspID, name string, attrs map[string]string) *Client {
	return n.enrol(mspID, subject{name: name, unit: "admin", attrs: attrs})
}

func (n *Network) enrol(mspID string, who subject) *Client {
	n.tb.Helper()
	id, err := n.ids.issue(mspID, who)
	if err != nil {
		n.tb.Fatalf("stubtest: enrol %s: %v", who.name, err)
	}
	return &Client{network: n, identity: id}
}

// MSPID is the client's organisation.
func (c *Client) MSPID() string { return c.identity.mspID }

// Creator returns the client's serialized identity, as chaincode gets it.
func (c *Client) Creator() []byte { return append([]byte(nil), c.identity.serialized...) }

// Proposal is a signed proposal. It may be sent to any peer, and stays good until its transaction is committed.
type Proposal struct {
	TxID string

	call    Call
	client  *Client
	header  *common.Header
	payload []byte // chaincode proposal payload without the transient map: what reaches the ledger
	hash    []byte
	input   *peer.ChaincodeInput
	signed  *peer.SignedProposal
}

// Propose makes and signs a proposal.
func (c *Client) Propose(call Call) (*Proposal, error) {
	if call.Chaincode == "" {
		return nil, errors.New("stubtest: a call needs a chaincode")
	}
	nonce := make([]byte, nonceBytes)
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("stubtest: draw nonce: %w", err)
	}
	at := call.Time
	if at.IsZero() {
		at = c.network.Now()
	}
	args := [][]byte{[]byte(call.Function)}
	for _, arg := range call.Args {
		args = append(args, []byte(arg))
	}
	id := &peer.ChaincodeID{Name: call.Chaincode}
	p := &Proposal{
		TxID: hex.EncodeToString(digest(append(append([]byte(nil), nonce...), c.identity.serialized...))),
		call: call, client: c,
		input: &peer.ChaincodeInput{Args: args},
	}
	p.header = &common.Header{
		ChannelHeader: mustMarshal(&common.ChannelHeader{
			Type: int32(common.HeaderType_ENDORSER_TRANSACTION), ChannelId: ChannelID, TxId: p.TxID,
			Timestamp: timestamppb.New(at), Extension: mustMarshal(&peer.ChaincodeHeaderExtension{ChaincodeId: id}),
		}),
		SignatureHeader: mustMarshal(&common.SignatureHeader{Creator: c.identity.serialized, Nonce: nonce}),
	}
	spec, err := proto.Marshal(&peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
		Type: peer.ChaincodeSpec_GOLANG, ChaincodeId: id, Input: p.input,
	}})
	if err != nil {
		return nil, fmt.Errorf("stubtest: encode the call: %w", err)
	}
	p.payload = mustMarshal(&peer.ChaincodeProposalPayload{Input: spec})
	p.hash = proposalHash(p.header, p.payload)
	return p.WithTransient(call.Transient)
}

// WithTransient returns the same proposal, with the same transaction id, carrying other transient data. Peers can't
// tell the two apart by anything that they sign: a hostile client may send each endorser its own.
func (p *Proposal) WithTransient(transient map[string][]byte) (*Proposal, error) {
	payload := &peer.ChaincodeProposalPayload{}
	if err := proto.Unmarshal(p.payload, payload); err != nil {
		return nil, fmt.Errorf("stubtest: read proposal: %w", err)
	}
	payload.TransientMap = transient
	full, err := proto.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("stubtest: encode transient data: %w", err)
	}
	other := *p
	other.call.Transient = transient
	raw := mustMarshal(&peer.Proposal{Header: mustMarshal(p.header), Payload: full})
	other.signed = &peer.SignedProposal{ProposalBytes: raw, Signature: p.client.identity.sign(raw)}
	return &other, nil
}

// proposalHash binds endorsements to a proposal without its transient data.
func proposalHash(header *common.Header, payload []byte) []byte {
	joined := append([]byte(nil), header.GetChannelHeader()...)
	joined = append(joined, header.GetSignatureHeader()...)
	return digest(append(joined, payload...))
}
