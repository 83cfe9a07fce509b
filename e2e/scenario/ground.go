// Package scenario runs stories of a trade, written so that a trade person can
// read them, through the SDK on any ground: the in-memory stub, the native
// network, or whatever else can connect a client.
//
// A story says who does what and what must come of it, refusals by their code.
// It says nothing of how: no ids, no salts, no certificates. Names in it are
// its own; documents get random ids and references a suffix, so that the same
// story runs again and again on one living network.
//
// The words of a story. WHO is a client of the topology, or anyone, which is a
// competitor of the parties; TEXT of several words stands in single quotes:
//
//	as WHO issue invoice NAME to BUYER for 125000.00 EUR
//	as WHO undertake NAME on INVOICE [for AMOUNT] [within 30 days] when FACT [and FACT]
//	as WHO accept|dispute|withdraw|reject|release|stop|discharge|expire NAME [because TEXT]
//	as WHO authorise|send|settle|reject NAME.payment [because CODE]
//	as WHO read NAME            as WHO list invoices|undertakings|payments [in STATE]
//	as WHO suspend|reinstate COMPANY
//	as WHO forge FACT of customs|carrier
//	… having seen version N     … under request R
//	customs|carrier reports|repeats|retracts FACT [2 hours ago]
//	halt|crash|start peer|orderer|accelerator|chaincode ORGANISATION
//	deadline NAME passes        advance 31 days        engine of BANK settles NAME.payment
//
//	! LINE, then: refused CODE [naming TEXT]
//	state NAME STATE [for WHO]  becomes NAME STATE     version NAME N
//	history NAME STATE STATE …  listed NAME            waiting NAME for SCHEME ID
//	fact FACT STATE             answers of ORGANISATION come from software|accelerator
//
// A FACT is a type, a scheme and an identifier: customs-cleared MRN 26DE587.
//
// The package refuses to guess: a word that it does not know fails the story,
// a refusal counts only if the story names its code, and what a ground cannot
// do must be skipped by the story itself, with the reason in words. It never
// sleeps: it waits for blocks, for processes and for deadlines.
package scenario

import (
	"context"
	"time"

	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/network/topology"
)

// Ground is a network on which stories run.
type Ground struct {
	// Name is the condition by which a story asks for this ground, as in
	// [stub] or [!native].
	Name string
	// Topology says who is who: its clients are the people of the stories.
	Topology *topology.Topology
	Network  Network
	Clock    Clock
	Oracle   Oracle
	// Processes is nil on a ground without processes of any kind.
	Processes Processes
	// Engine is nil on a ground without a bank's agent.
	Engine Engine
}

// Network connects people.
type Network interface {
	// Client returns the SDK of a client of the topology, connected once.
	Client(ctx context.Context, name string) (*client.Client, error)
}

// Clock is the ground's time.
type Clock interface {
	// Now is what the ground's peers take for the present.
	Now() time.Time
	// Until returns when the present is later than t. A ground that lives in
	// real time refuses what would take too long.
	Until(ctx context.Context, t time.Time) error
}

// Oracle brings messages about the outside world onto the ledger.
type Oracle interface {
	Report(ctx context.Context, m Message) (client.Receipt[client.Reported], error)
}

// Engine is the payment engine behind a bank's settlement agent.
type Engine interface {
	// Settle answers the payment with the UETR: settled, under the reference.
	Settle(ctx context.Context, uetr, reference string) error
}

// Message is what a source says.
type Message struct {
	// Source is one of the sources that Found registers.
	Source SourceName
	// Type is the fact's type, Scheme and Identifier what it is about.
	Type, Scheme, Identifier string
	// Ago is how long before the report the event happened.
	Ago time.Duration
	// Retracted takes back what the source said before.
	Retracted bool
	// Again sends the source's last message about the same once more, bit for bit.
	Again bool
	// By is the client who sends the message in the source's name without its
	// key; empty for the source itself.
	By string
}

// Process is one running program of an organisation.
type Process struct {
	// Kind is peer, orderer, accelerator or chaincode.
	Kind string
	// Organisation is its name in the topology, in lower case.
	Organisation string
}

// Processes starts and ends what an organisation runs.
type Processes interface {
	// Halt ends the process and keeps it down.
	Halt(ctx context.Context, p Process) error
	// Crash kills the process. Who watches over it may bring it back by itself.
	Crash(ctx context.Context, p Process) error
	// Start brings the process back, unless it runs, and returns when it serves.
	Start(ctx context.Context, p Process) error
	// Answers counts who has answered the organisation's chaincode so far.
	Answers(ctx context.Context, organisation string) (Answers, error)
}

// Answers counts the answers to an organisation's chaincode by who gave them.
type Answers struct {
	// Accelerator counts those of the sidecar, Software those of the library
	// that stands in for it, in the chaincode's own process.
	Accelerator, Software uint64
}
