package merkle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"testing"

	"github.com/emmansun/gmsm/sm3"
)

// reference is the definition of RFC 9162, section 2.1.1, word for word.
func reference(hash func([]byte) [Size]byte, leaves [][]byte) [Size]byte {
	switch n := len(leaves); n {
	case 0:
		return hash(nil)
	case 1:
		return hash(append([]byte{0}, leaves[0]...))
	default:
		k := 1
		for 2*k < n {
			k *= 2
		}
		left, right := reference(hash, leaves[:k]), reference(hash, leaves[k:])
		return hash(append(append([]byte{1}, left[:]...), right[:]...))
	}
}

func leaves(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = []byte(fmt.Sprintf("leaf %d", i))[:i%9]
	}
	return out
}

var hashes = map[string]struct {
	sum Sum
	one func([]byte) [Size]byte
}{
	"SHA-256": {SHA256, sha256.Sum256},
	"SM3":     {SM3, sm3.Sum},
}

func TestRootEqualsTheDefinition(t *testing.T) {
	sizes := []int{batch - 1, batch, batch + 1, 2*batch + 3}
	for n := range 70 {
		sizes = append(sizes, n)
	}
	for name, h := range hashes {
		for _, n := range sizes {
			got, err := Root(h.sum, leaves(n))
			if err != nil {
				t.Fatal(err)
			}
			if want := reference(h.one, leaves(n)); got != want {
				t.Errorf("%s of %d leaves: got %x, want %x", name, n, got, want)
			}
		}
	}
}

// TestPublishedRoots uses the eight leaves of the Certificate Transparency
// project's test data.
func TestPublishedRoots(t *testing.T) {
	var data [][]byte
	for _, s := range []string{
		"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, b)
	}
	for n, want := range map[int]string{
		0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	} {
		got, err := Root(SHA256, data[:n])
		if err != nil || hex.EncodeToString(got[:]) != want {
			t.Errorf("%d leaves: got %x, %v; want %s", n, got, err, want)
		}
	}
}

func TestEveryProofHoldsAndNoSpoiltOne(t *testing.T) {
	for name, h := range hashes {
		for n := 1; n <= 33; n++ {
			data := leaves(n)
			root := reference(h.one, data)
			for i := range n {
				p, err := Prove(h.sum, data, i)
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Verify(h.sum, data[i], root); err != nil {
					t.Fatalf("%s: leaf %d of %d: %v", name, i, n, err)
				}
				if depth := bits.Len(uint(n - 1)); len(p.Path) > depth {
					t.Fatalf("leaf %d of %d: path of %d, depth %d", i, n, len(p.Path), depth)
				}
				spoil(t, h.sum, p, data[i], root)
			}
		}
	}
}

// spoil changes each part of a good proof and wants it refused.
func spoil(t *testing.T, sum Sum, p Proof, leaf []byte, root [Size]byte) {
	t.Helper()
	refused := func(what string, p Proof, leaf []byte, root [Size]byte) {
		t.Helper()
		if err := p.Verify(sum, leaf, root); !errors.Is(err, ErrProof) {
			t.Errorf("leaf %d of %d: %s: got %v, want ErrProof", p.Index, p.Size, what, err)
		}
	}
	other := root
	other[0] ^= 1
	refused("another root", p, leaf, other)
	refused("another leaf", p, append([]byte("x"), leaf...), root)
	refused("index = size", Proof{Index: p.Size, Size: p.Size, Path: p.Path}, leaf, root)
	longer := append(p.Path[:len(p.Path):len(p.Path)], root)
	refused("longer path", Proof{Index: p.Index, Size: p.Size, Path: longer}, leaf, root)
	if len(p.Path) == 0 {
		return
	}
	refused("shorter path", Proof{Index: p.Index, Size: p.Size, Path: p.Path[1:]}, leaf, root)
	refused("no tree", Proof{Path: p.Path}, leaf, root)
	for i := range p.Path {
		path := append([][Size]byte(nil), p.Path...)
		path[i][Size-1] ^= 1
		refused("another sibling", Proof{Index: p.Index, Size: p.Size, Path: path}, leaf, root)
	}
}

// TestNodeIsNoLeaf passes an inner node off as a leaf.
func TestNodeIsNoLeaf(t *testing.T) {
	data := leaves(4)
	root := reference(sha256.Sum256, data)
	left, right := reference(sha256.Sum256, data[:1]), reference(sha256.Sum256, data[1:2])
	forged := append(append([]byte(nil), left[:]...), right[:]...)
	p := Proof{Index: 0, Size: 2, Path: [][Size]byte{reference(sha256.Sum256, data[2:])}}
	if err := p.Verify(SHA256, forged, root); !errors.Is(err, ErrProof) {
		t.Fatalf("got %v, want ErrProof", err)
	}
}

func TestErrorsOfSumAreHandedOn(t *testing.T) {
	broken := errors.New("accelerator gone")
	for failAt := range 4 {
		calls := 0
		sum := func(messages [][]byte, out [][Size]byte) error {
			if calls++; calls > failAt {
				return broken
			}
			return SHA256(messages, out)
		}
		if _, err := Root(sum, leaves(8)); !errors.Is(err, broken) {
			t.Errorf("root, call %d: got %v", failAt, err)
		}
		calls = 0
		if _, err := Prove(sum, leaves(8), 3); !errors.Is(err, broken) {
			t.Errorf("proof, call %d: got %v", failAt, err)
		}
	}
	if _, err := Prove(SHA256, leaves(3), 3); !errors.Is(err, ErrIndex) {
		t.Errorf("got %v, want ErrIndex", err)
	}
}
