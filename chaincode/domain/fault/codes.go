package fault

// Class says what a client may do after a refusal.
type Class int

// The classes, in the order in which a command's checks run.
const (
	ClassInvalid      Class = iota + 1 // the request is wrong: mend it and send it again
	ClassDenied                        // this caller may not: stop
	ClassAbsent                        // there is no such thing: stop
	ClassPrecondition                  // not in this state: read again, then decide
	ClassConflict                      // the id is taken: use another
	ClassContention                    // somebody was faster: repeat with a new proposal
	ClassUnavailable                   // a part of the network is down: repeat later
	ClassUnknown                       // the outcome is not known: repeat with the same request id
	ClassInternal                      // a defect: report it
)

// classes describes each class once for every edge of the product.
var classes = map[Class]struct {
	name string
	http int
	exit int
	next string
}{
	ClassInvalid:      {"invalid", 400, 2, "mend the request and send it again"},
	ClassDenied:       {"denied", 403, 3, "stop: this caller may not do it"},
	ClassAbsent:       {"absent", 404, 4, "stop: there is no such thing for this caller"},
	ClassPrecondition: {"precondition", 422, 5, "read the document again, then decide"},
	ClassConflict:     {"conflict", 409, 6, "use another id"},
	ClassContention:   {"contention", 409, 7, "repeat: somebody else's transaction came first"},
	ClassUnavailable:  {"unavailable", 503, 8, "repeat later: a part of the network is down"},
	ClassUnknown:      {"unknown", 504, 9, "repeat with the same request id: the outcome is not known"},
	ClassInternal:     {"internal", 500, 1, "report it: this is a defect"},
}

// String returns the class's name in lower case.
func (c Class) String() string { return classes[c].name }

// HTTPStatus returns the HTTP status that stands for the class (RFC 9110).
func (c Class) HTTPStatus() int { return classes[c].http }

// ExitStatus returns the exit status of the command line for the class.
func (c Class) ExitStatus() int { return classes[c].exit }

// Next says in words what the client may do.
func (c Class) Next() string { return classes[c].next }

// Code is the stable name of one refusal, in UPPER_SNAKE.
type Code string

// The codes. Their meaning and remedy stand in the table below and in
// docs/errors.md, which is generated from it.
const (
	ArgumentMalformed Code = "ARGUMENT_MALFORMED"
	FieldRequired     Code = "FIELD_REQUIRED"
	FieldInvalid      Code = "FIELD_INVALID"
	BodyMissing       Code = "BODY_MISSING"
	TooLarge          Code = "TOO_LARGE"
	SignatureInvalid  Code = "SIGNATURE_INVALID"
	IDForeign         Code = "ID_FOREIGN"

	CallerUnknown     Code = "CALLER_UNKNOWN"
	PartyInactive     Code = "PARTY_INACTIVE"
	RoleMissing       Code = "ROLE_MISSING"
	NotParty          Code = "NOT_PARTY"
	PrivateRead       Code = "PRIVATE_READ_FOREIGN"
	SourceNotAllowed  Code = "SOURCE_NOT_ALLOWED"
	EndorsementFailed Code = "ENDORSEMENT_REFUSED"

	DocNotFound    Code = "DOC_NOT_FOUND"
	PartyNotFound  Code = "PARTY_NOT_FOUND"
	SourceNotFound Code = "SOURCE_NOT_FOUND"
	PolicyNotFound Code = "POLICY_NOT_FOUND"
	FactNotFound   Code = "FACT_NOT_FOUND"

	ParameterNotFound Code = "PARAMETER_NOT_FOUND"

	DocInvalid          Code = "DOC_INVALID"
	TransitionForbidden Code = "TRANSITION_FORBIDDEN"
	VersionStale        Code = "VERSION_STALE"
	BodyStale           Code = "BODY_STALE"
	ConditionUnmet      Code = "CONDITION_UNMET"
	AmountExceeded      Code = "AMOUNT_EXCEEDED"
	LimitExceeded       Code = "LIMIT_EXCEEDED"
	InDefault           Code = "ISSUER_IN_DEFAULT"
	Expired             Code = "EXPIRED"
	ClockSkew           Code = "CLOCK_SKEW"
	ClaimStale          Code = "CLAIM_STALE"

	RequestIDReused Code = "REQUEST_ID_REUSED"
	DocExists       Code = "DOC_EXISTS"
	BindingTaken    Code = "BINDING_TAKEN"

	ReadConflict Code = "READ_CONFLICT"

	PeerUnavailable     Code = "PEER_UNAVAILABLE"
	OrganisationMissing Code = "ORGANISATION_MISSING"

	OutcomeUnknown Code = "OUTCOME_UNKNOWN"

	Internal          Code = "INTERNAL"
	EndorsersDisagree Code = "ENDORSERS_DISAGREE"
	VerifierDisagrees Code = "VERIFIER_DISAGREES"
)

// Row is what is known of one code.
type Row struct {
	Code    Code
	Class   Class
	Meaning string
	Remedy  string
}

// Table lists every code in order of precedence: a command that several rows
// would refuse is refused by the first.
var Table = []Row{
	{
		ArgumentMalformed, ClassInvalid, "An argument is not JSON of the documented shape.",
		"Compare the request with the contract's metadata; unknown fields are refused.",
	},
	{FieldRequired, ClassInvalid, "A field that must be given is empty.", "Fill in the field that is named."},
	{
		FieldInvalid, ClassInvalid, "A field's value breaks its format or check digit.",
		"Correct the field that is named; the message says what is expected.",
	},
	{
		BodyMissing, ClassInvalid, "The private body of a document did not travel with the command.",
		"Send the body as transient data under the key that is named; the SDK does so by itself.",
	},
	{TooLarge, ClassInvalid, "The request is over a named limit.", "Split it; the message names the limit."},
	{
		SignatureInvalid, ClassInvalid, "A signature does not verify under the registered key.",
		"Check the key, the signed bytes and the SM2 user id.",
	},
	{
		IDForeign, ClassInvalid, "A new document's id does not begin with the caller's organisation.",
		"Use an id of the form <MSP id>.<32 hex digits> with your own MSP id.",
	},

	{
		CallerUnknown, ClassDenied, "No party is bound to the caller's certificate.",
		"Apply for registration with this certificate, and have it verified.",
	},
	{
		PartyInactive, ClassDenied, "A party concerned is not active in the party registry.",
		"Have the party activated or reinstated by an attester.",
	},
	{
		RoleMissing, ClassDenied, "The caller lacks the role that the action asks for.",
		"Use an identity that has the role that is named.",
	},
	{
		NotParty, ClassDenied, "The caller is not the party of the document that may do this.",
		"Let the party that is named act.",
	},
	{
		PrivateRead, ClassDenied, "Private data is only given to clients of the peer's own organisation.",
		"Ask a peer of your own organisation.",
	},
	{
		SourceNotAllowed, ClassDenied, "The oracle source is not active, its key is not valid, or the type is not its own.",
		"Have the source approved for the fact type, or rotate its key.",
	},
	{
		EndorsementFailed, ClassDenied, "The network refused the transaction: an organisation that must endorse it did not.",
		"Submit through the SDK, which asks all parties' organisations.",
	},

	{DocNotFound, ClassAbsent, "There is no such document, or not for this caller.", "Check the id."},
	{PartyNotFound, ClassAbsent, "A party that is named is not registered.", "Register it first."},
	{SourceNotFound, ClassAbsent, "The oracle source is not registered.", "Propose the source first."},
	{PolicyNotFound, ClassAbsent, "The fact type has no active quorum policy.", "Propose a policy and have it approved."},
	{FactNotFound, ClassAbsent, "Nothing has been reported of this subject and type.", "Wait, or check the subject."},
	{
		ParameterNotFound, ClassAbsent, "A ledger parameter has no such approved version.",
		"Propose the version and have the members' governors approve it.",
	},

	{
		DocInvalid, ClassPrecondition, "Not every party's organisation holds the body that the header claims.",
		"Do not rely on this document: it was not checked by all its parties.",
	},
	{
		TransitionForbidden, ClassPrecondition, "The document's state does not allow the action.",
		"Read the document; its lifecycle page shows what may happen now.",
	},
	{VersionStale, ClassPrecondition, "The document has moved on since it was read.", "Read it again, then decide."},
	{
		BodyStale, ClassPrecondition, "The body that was sent is not the one that the header's digest names.",
		"Fetch the body from your own peer again.",
	},
	{
		ConditionUnmet, ClassPrecondition, "Not every release condition is an established fact.",
		"Wait for the facts that are named.",
	},
	{AmountExceeded, ClassPrecondition, "An amount is over what the document it relies on allows.", "Lower the amount."},
	{
		LimitExceeded, ClassPrecondition, "A limit that the members have approved for this currency is exceeded.",
		"Stay within the limit that is named, or have other limits approved.",
	},
	{
		InDefault, ClassPrecondition, "The issuer is on the default list: a lot of it is past due and unpaid.",
		"Have the issuer pay what is overdue; the list follows by itself.",
	},
	{Expired, ClassPrecondition, "The time for this has passed.", "Agree on a new document."},
	{
		ClockSkew, ClassPrecondition, "The transaction's time is too far from the endorser's clock.",
		"Set the client's clock; the message names the limit.",
	},
	{
		ClaimStale, ClassPrecondition, "A newer claim of the same source is already recorded.",
		"Nothing to do: the ledger knows more than this claim.",
	},

	{RequestIDReused, ClassConflict, "The request id was used for another command.", "Use a new request id."},
	{DocExists, ClassConflict, "The id is taken.", "Use a new random id."},
	{
		BindingTaken, ClassConflict, "The certificate or the party id is already bound.",
		"Use the party that the certificate is bound to.",
	},

	{
		ReadConflict, ClassContention, "Another transaction changed the same document first.",
		"Repeat with a new proposal; the SDK does so by itself.",
	},

	{PeerUnavailable, ClassUnavailable, "A peer did not answer.", "Repeat later or use another peer of the organisation."},
	{
		OrganisationMissing, ClassUnavailable, "An organisation that must endorse has no peer up.",
		"Wait for the organisation that is named; a document moves only with all its parties.",
	},

	{
		OutcomeUnknown, ClassUnknown, "The transaction was sent; whether it was committed is not known.",
		"Repeat with the same request id; it is safe.",
	},

	{Internal, ClassInternal, "A defect of Argosy.", "Report it with the transaction id."},
	{
		EndorsersDisagree, ClassInternal, "Endorsers computed different results.",
		"Repeat once: a peer may lag. If it persists, report it with the transaction id.",
	},
	{
		VerifierDisagrees, ClassInternal, "Accelerator and software disagree about a signature or hash.",
		"The accelerator of the organisation that is named must be inspected; nothing was endorsed.",
	},
}

// Lookup returns the row of code.
func Lookup(code Code) (Row, bool) {
	for _, r := range Table {
		if r.Code == code {
			return r, true
		}
	}
	return Row{}, false
}

// Class returns the code's class; an unknown code is ClassInternal.
func (c Code) Class() Class {
	if r, ok := Lookup(c); ok {
		return r.Class
	}
	return ClassInternal
}
