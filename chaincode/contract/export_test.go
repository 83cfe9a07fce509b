package contract

// VerifierFault is verifierFault, for tests.
var VerifierFault = verifierFault
