package contract_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/stubtest"
)

//go:generate go test . -run TestMetadata -update

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

// TestMetadata makes every transaction that the chaincodes offer visible: an
// exported method that nobody meant to offer is a difference here.
func TestMetadata(t *testing.T) {
	w := bareWorld(t)
	for _, name := range []string{"registry", "trade"} {
		raw, err := w.clients["rival"].Evaluate(stubtest.Call{
			Chaincode: name,
			Function:  "org.hyperledger.fabric:GetMetadata",
		})
		if err != nil {
			t.Fatal(err)
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, raw, "", "  "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		path := "testdata/" + name + ".metadata.json"
		if *update {
			if err := os.WriteFile(path, pretty.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(pretty.Bytes(), want) {
			t.Errorf("the transactions of %s changed: look at them, then make gen (%v)", name, err)
		}
	}
}
