package gatewaytest

import (
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// parseProposal takes a signed proposal apart as a peer does.
func parseProposal(signed *peer.SignedProposal, organisations []string) (Invocation, *common.Header, error) {
	if len(signed.GetSignature()) == 0 {
		return Invocation{}, nil, errors.New("the proposal is not signed")
	}
	var (
		proposal  peer.Proposal
		header    common.Header
		channel   common.ChannelHeader
		signature common.SignatureHeader
		creator   msp.SerializedIdentity
		extension peer.ChaincodeHeaderExtension
		payload   peer.ChaincodeProposalPayload
		spec      peer.ChaincodeInvocationSpec
	)
	for _, step := range []struct {
		bytes func() []byte
		into  proto.Message
	}{
		{signed.GetProposalBytes, &proposal},
		{proposal.GetHeader, &header},
		{header.GetChannelHeader, &channel},
		{header.GetSignatureHeader, &signature},
		{signature.GetCreator, &creator},
		{channel.GetExtension, &extension},
		{proposal.GetPayload, &payload},
		{payload.GetInput, &spec},
	} {
		if err := proto.Unmarshal(step.bytes(), step.into); err != nil {
			return Invocation{}, nil, fmt.Errorf("proposal: %w", err)
		}
	}
	args := spec.GetChaincodeSpec().GetInput().GetArgs()
	if len(args) == 0 {
		return Invocation{}, nil, errors.New("the proposal names no function")
	}
	in := Invocation{
		TransactionID: channel.GetTxId(), Channel: channel.GetChannelId(),
		Creator:   Creator{MSPID: creator.GetMspid(), Certificate: string(creator.GetIdBytes())},
		Chaincode: extension.GetChaincodeId().GetName(), Function: string(args[0]),
		Transient: payload.GetTransientMap(), Organisations: organisations,
	}
	for _, a := range args[1:] {
		in.Args = append(in.Args, string(a))
	}
	return in, &header, nil
}

// envelopeOf assembles the transaction that the client is to sign.
func envelopeOf(header *common.Header, result []byte) (*common.Envelope, error) {
	var err error
	encode := func(m proto.Message) []byte {
		b, e := proto.Marshal(m)
		err = errors.Join(err, e)
		return b
	}
	action := encode(&peer.ChaincodeAction{Response: &peer.Response{Status: 200, Payload: result}})
	endorsed := &peer.ChaincodeEndorsedAction{
		ProposalResponsePayload: encode(&peer.ProposalResponsePayload{Extension: action}),
		Endorsements:            []*peer.Endorsement{{}},
	}
	payload := encode(&common.Payload{Header: header, Data: encode(&peer.Transaction{
		Actions: []*peer.TransactionAction{{
			Header:  header.GetSignatureHeader(),
			Payload: encode(&peer.ChaincodeActionPayload{Action: endorsed}),
		}},
	})})
	return &common.Envelope{Payload: payload}, err
}
