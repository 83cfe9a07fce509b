// Package tidy holds the house rules of the repository as tests: who may
// import whom, how long a function may be, which names a package may have,
// that documents link to something. `go test ./internal/tidy` says what is
// wrong with file and line, and why the rule exists.
//
// The package has no code of its own and refuses to be imported for any. Each
// rule is a function from a tree of files to findings, and testdata holds, for
// each rule, a small tree on which it must find something: a rule that cannot
// fail is not a rule. What may break a rule is written once, with its reason,
// in exceptions_test.go; an exception that excuses nothing fails as well.
package tidy
