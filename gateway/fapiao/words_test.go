package fapiao_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
	"github.com/argosy-trade/argosy/gateway/fapiao"
)

func TestWords(t *testing.T) {
	for fen, want := range map[int64]string{
		0: "零圆整", 5: "伍分", 50: "伍角整", 561: "伍圆陆角壹分", 10005: "壹佰圆零伍分", 10050: "壹佰圆伍角整",
		113000: "壹仟壹佰叁拾圆整", -50000: "（负数）伍佰圆整", 1000000000: "壹仟万圆整", 10010000: "壹拾万零壹佰圆整",
		100010001: "壹佰万零壹佰圆零壹分", 1000000000001: "壹佰亿圆零壹分", 100000000000000: "壹万亿圆整",
		100010000000000: "壹万零壹亿圆整", 123456789012: "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾圆壹角贰分",
	} {
		got, err := fapiao.Words(fen)
		if err != nil || got != want {
			t.Errorf("%d: %q, %v; want %q", fen, got, err, want)
		}
	}
}

func TestParseWordsTakesWhatIsInUse(t *testing.T) {
	for words, want := range map[string]int64{
		"伍元陆角壹分": 561, "壹佰元正": 10000, "人民币壹仟零伍圆叁角整": 100530, "拾圆整": 1000, "(负数)伍佰圓整": -50000,
		"零圆伍角": 50, "壹仟圆零伍角": 100050, "壹万零伍拾圆整": 1005000, "贰萬億元整": 200000000000000, "拾贰圆整": 1200, "负壹圆": -100,
	} {
		if got, err := fapiao.ParseWords(words); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", words, got, err, want)
		}
	}
}

func TestParseWordsRefuses(t *testing.T) {
	for _, words := range []string{
		"", "整", "圆", "圆整", "百", "一百圆", "壹壹圆", "壹佰", "壹分壹角", "壹角壹角", "壹圆壹圆", "壹拾佰圆", "佰圆", "万圆",
		"壹拾壹仟圆", "零亿圆", "壹圆整整", "负负壹圆", "壹万万圆", "壹亿亿圆", "113.00", "壹圆角", "壹佰圆整 x",
		"玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿圆整",
	} {
		if got, err := fapiao.ParseWords(words); fault.CodeOf(err) != fault.FieldInvalid {
			t.Errorf("%q is read as %d, %v", words, got, err)
		}
	}
	if _, err := fapiao.Words(1 << 62); fault.CodeOf(err) != fault.FieldInvalid {
		t.Errorf("got %v", err)
	}
}

func TestWordsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.Int64Range(-99_999_999_999_999_999, 99_999_999_999_999_999)
		round := rapid.Custom(func(t *rapid.T) int64 { // many zeros, as prices have
			n := int64(0)
			for range rapid.IntRange(1, 17).Draw(t, "digits") {
				n = n*10 + rapid.SampledFrom([]int64{0, 0, 0, 1, 5}).Draw(t, "digit")
			}
			return n
		})
		fen := rapid.OneOf(digits, round).Draw(t, "fen")
		words, err := fapiao.Words(fen)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fapiao.ParseWords(words); err != nil || got != fen {
			t.Fatalf("%d is written %s and read %d, %v", fen, words, got, err)
		}
	})
}

func FuzzParseWords(f *testing.F) {
	for _, s := range []string{"壹仟零伍圆叁角整", "（负数）伍佰圆整", "拾圆", "壹万亿圆整"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, words string) {
		fen, err := fapiao.ParseWords(words)
		if err != nil {
			return
		}
		again, err := fapiao.Words(fen)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := fapiao.ParseWords(again); err != nil || n != fen {
			t.Errorf("%q: %d, then %s: %d, %v", words, fen, again, n, err)
		}
	})
}
