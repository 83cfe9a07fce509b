package lifecycle

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strconv"

	cb "github.com/hyperledger/fabric-protos-go-apiv2/common"
	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	lb "github.com/hyperledger/fabric-protos-go-apiv2/peer/lifecycle"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/argosy-trade/argosy/network/plan"
)

// maxAnswerBytes bounds what is read of a node's HTTP answer.
const maxAnswerBytes = 64 << 10

// JoinOrderer makes an orderer join the channel of the genesis block through
// its participation API; it waits until the orderer's admin listener answers.
func JoinOrderer(ctx context.Context, p *plan.Plan, n plan.Node, block []byte) error {
	httpc, err := adminClient(p, n)
	if err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	defer httpc.CloseIdleConnections()
	url := "https://" + net.JoinHostPort(n.Host, strconv.Itoa(n.Ports.Second)) + "/participation/v1/channels"
	for {
		status, answer, err := postBlock(ctx, httpc, url, block)
		switch {
		case err != nil: // not listening yet
		case status == http.StatusCreated:
			return nil
		case status == http.StatusMethodNotAllowed: // "channel already exists"
			return nil
		default:
			return fmt.Errorf("%s refuses the channel: HTTP %d: %s", n.Name, status, answer)
		}
		if serr := pause(ctx); serr != nil {
			return fmt.Errorf("%s does not answer: %w", n.Name, errors.Join(serr, err))
		}
	}
}

func adminClient(p *plan.Plan, n plan.Node) (*http.Client, error) {
	roots, err := pool(p.Keys.TLSCA(n.Organisation))
	if err != nil {
		return nil, err
	}
	pair := p.Keys.NodeTLS(n.Organisation, n.Short)
	cert, err := tls.LoadX509KeyPair(pair.Certificate, pair.PrivateKey)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: roots, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12,
	}}}, nil
}

func postBlock(ctx context.Context, httpc *http.Client, url string, block []byte) (int, string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("config-block", "genesis.block")
	if err != nil {
		return 0, "", err
	}
	if _, err := part.Write(block); err != nil {
		return 0, "", err
	}
	if err := form.Close(); err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, &body)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := httpc.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	return resp.StatusCode, string(bytes.TrimSpace(answer)), err
}

// Join makes the peer join the channel of the genesis block; it waits until the
// peer serves. The health page of a peer is green 0.3 s before its gRPC port
// serves, so the call itself is the test.
func (p *Peer) Join(ctx context.Context, block []byte) error {
	if _, err := p.propose(ctx, "cscc", []byte("JoinChain"), block); err != nil {
		return fmt.Errorf("%s: join channel: %w", p.Node.Name, err)
	}
	return nil
}

// Install installs a chaincode package on the peer and returns its id.
func (p *Peer) Install(ctx context.Context, pkg []byte) (string, error) {
	arg, err := proto.Marshal(&lb.InstallChaincodeArgs{ChaincodeInstallPackage: pkg})
	if err != nil {
		return "", err
	}
	payload, err := p.propose(ctx, "_lifecycle", []byte("InstallChaincode"), arg)
	if err != nil {
		return "", fmt.Errorf("%s: install chaincode: %w", p.Node.Name, err)
	}
	var result lb.InstallChaincodeResult
	if err := proto.Unmarshal(payload, &result); err != nil {
		return "", fmt.Errorf("%s: install chaincode: %w", p.Node.Name, err)
	}
	return result.GetPackageId(), nil
}

// propose calls a system chaincode of this peer, outside any channel.
func (p *Peer) propose(ctx context.Context, chaincode string, args ...[]byte) ([]byte, error) {
	proposal, err := p.admin.proposal(chaincode, args)
	if err != nil {
		return nil, err
	}
	resp, err := pb.NewEndorserClient(p.conn).ProcessProposal(ctx, proposal)
	if err != nil {
		return nil, err
	}
	if r := resp.GetResponse(); r.GetStatus() != int32(cb.Status_SUCCESS) {
		return nil, fmt.Errorf("%s answers %d: %s", chaincode, r.GetStatus(), r.GetMessage())
	}
	return resp.GetResponse().GetPayload(), nil
}

// nonceBytes is the length of a nonce, as everywhere in Fabric.
const nonceBytes = 24

func (s *signer) proposal(chaincode string, args [][]byte) (*pb.SignedProposal, error) {
	nonce := make([]byte, nonceBytes)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	id := sha256.Sum256(append(bytes.Clone(nonce), s.serialized...))
	ccID := &pb.ChaincodeID{Name: chaincode}
	m := marshaller{}
	header := m.bytes(&cb.Header{
		ChannelHeader: m.bytes(&cb.ChannelHeader{
			Type: int32(cb.HeaderType_ENDORSER_TRANSACTION), TxId: hex.EncodeToString(id[:]),
			Timestamp: timestamppb.Now(), Extension: m.bytes(&pb.ChaincodeHeaderExtension{ChaincodeId: ccID}),
		}),
		SignatureHeader: m.bytes(&cb.SignatureHeader{Creator: s.serialized, Nonce: nonce}),
	})
	payload := m.bytes(&pb.ChaincodeProposalPayload{Input: m.bytes(&pb.ChaincodeInvocationSpec{
		ChaincodeSpec: &pb.ChaincodeSpec{
			Type: pb.ChaincodeSpec_GOLANG, ChaincodeId: ccID, Input: &pb.ChaincodeInput{Args: args},
		},
	})})
	text := m.bytes(&pb.Proposal{Header: header, Payload: payload})
	if m.err != nil {
		return nil, m.err
	}
	signature, err := s.signMessage(text)
	if err != nil {
		return nil, err
	}
	return &pb.SignedProposal{ProposalBytes: text, Signature: signature}, nil
}

func (s *signer) signMessage(text []byte) ([]byte, error) {
	digest := sha256.Sum256(text)
	return s.sign(digest[:])
}

// marshaller keeps the first error, so that nested messages read as a tree.
type marshaller struct{ err error }

func (m *marshaller) bytes(msg proto.Message) []byte {
	text, err := proto.Marshal(msg)
	if err != nil && m.err == nil {
		m.err = err
	}
	return text
}
