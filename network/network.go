// Package network carries the default topology of an Argosy network inside the
// programs, so that a machine with nothing but the binaries can start one.
//
// It holds data only: what the file means is the business of
// network/topology, what is made of it that of network/native.
package network

import _ "embed"

// DefaultTopology is the text of topology.yaml beside this file.
//
//go:embed topology.yaml
var DefaultTopology []byte
