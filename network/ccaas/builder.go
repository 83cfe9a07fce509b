package ccaas

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Names under which a peer calls its external builder. There is no "run": the
// supervisor runs the chaincode.
const (
	nameDetect  = "detect"
	nameBuild   = "build"
	nameRelease = "release"
)

const (
	dirMode  = 0o755
	fileMode = 0o600
)

// Link makes dir/bin/{detect,build,release} point to program, which must begin
// its main function with [Main].
func Link(dir, program string) error {
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, dirMode); err != nil {
		return err
	}
	for _, name := range []string{nameDetect, nameBuild, nameRelease} {
		link := filepath.Join(bin, name)
		if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.Symlink(program, link); err != nil {
			return err
		}
	}
	return nil
}

// Main acts as external builder if args (os.Args) begin with one of a builder's
// names; acted says so, and status is the exit status to end with.
func Main(args []string, stderr io.Writer) (status int, acted bool) {
	if len(args) == 0 {
		return 0, false
	}
	var err error
	switch name, rest := filepath.Base(args[0]), args[1:]; {
	case name == nameDetect && len(rest) == 2:
		err = detect(rest[1])
	case name == nameBuild && len(rest) == 3:
		err = build(rest[0], rest[2])
	case name == nameRelease && len(rest) == 2:
		err = release(rest[0], rest[1])
	case name == nameDetect || name == nameBuild || name == nameRelease:
		err = fmt.Errorf("%s: called with %d arguments", name, len(rest))
	default:
		return 0, false
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1, true
	}
	return 0, true
}

// detect says, by returning nil, that the package is for this builder.
func detect(metadataDir string) error {
	text, err := os.ReadFile(filepath.Join(metadataDir, "metadata.json"))
	if err != nil {
		return err
	}
	var m Metadata
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("metadata.json: %w", err)
	}
	if m.Type != packageType {
		return fmt.Errorf("packages of type %q are not for this builder, only %q", m.Type, packageType)
	}
	return nil
}

// build checks the connection and keeps it.
func build(source, output string) error {
	text, err := os.ReadFile(filepath.Join(source, "connection.json"))
	if err != nil {
		return err
	}
	var c Connection
	if err := json.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("connection.json: %w", err)
	}
	if c.Address == "" {
		return errors.New("connection.json: no address")
	}
	if !c.TLSRequired || !c.ClientAuthRequired {
		return errors.New("connection.json: the link to a chaincode process needs mutual TLS")
	}
	return os.WriteFile(filepath.Join(output, "connection.json"), text, fileMode)
}

// release puts the connection where the peer looks for it.
func release(built, output string) error {
	text, err := os.ReadFile(filepath.Join(built, "connection.json"))
	if err != nil {
		return err
	}
	dir := filepath.Join(output, "chaincode", "server")
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "connection.json"), text, fileMode)
}
