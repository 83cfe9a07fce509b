package fapiao

import (
	"strings"

	"github.com/argosy-trade/argosy/chaincode/domain/fault"
)

// maxFen bounds amounts in words: a thousand million million yuan, so that no
// sum overflows.
const maxFen = 100 * 1_000_000_000_000_000

// digitWords are the digits as amounts are written on payment documents
// (Basic provisions on filling in bills and settlement vouchers, PBoC, 1997).
var digitWords = [...]string{"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"}

const (
	wordNegative = "（负数）"
	wordYuan     = "圆"
	wordJiao     = "角"
	wordFen      = "分"
	wordWhole    = "整"
)

// Words writes an amount of yuan, in fen, in Chinese words, such as
// 壹仟零伍圆叁角整.
func Words(fen int64) (string, error) {
	if fen > maxFen || fen < -maxFen {
		return "", fault.New(fault.FieldInvalid, "an amount in words is under %d fen", int64(maxFen))
	}
	var b strings.Builder
	if fen < 0 {
		b.WriteString(wordNegative)
		fen = -fen
	}
	yuan, jiao, cent := fen/100, fen/10%10, fen%10
	if yuan > 0 || fen == 0 {
		b.WriteString(integerWords(yuan) + wordYuan)
	}
	if jiao > 0 {
		b.WriteString(digitWords[jiao] + wordJiao)
	}
	if cent > 0 {
		if jiao == 0 && yuan > 0 {
			b.WriteString(digitWords[0])
		}
		b.WriteString(digitWords[cent] + wordFen)
		return b.String(), nil
	}
	b.WriteString(wordWhole)
	return b.String(), nil
}

// powers are the units of Chinese numbers, largest first. What stands before
// 亿 and 万 is a number of its own.
var powers = [...]struct {
	value int64
	word  string
}{{100_000_000, "亿"}, {10_000, "万"}, {1000, "仟"}, {100, "佰"}, {10, "拾"}}

// integerWords writes a number that is not negative.
func integerWords(n int64) string {
	const base = 10
	if n < base {
		return digitWords[n]
	}
	for _, p := range powers {
		if n < p.value {
			continue
		}
		head, rest := n/p.value, n%p.value
		words := integerWords(head) + p.word
		switch {
		case rest == 0:
			return words
		case rest < p.value/base: // a zero stands between
			return words + digitWords[0] + integerWords(rest)
		default:
			return words + integerWords(rest)
		}
	}
	return ""
}

// spellings are the characters of amounts in words, with the other forms that
// are in use.
var spellings = strings.NewReplacer("圓", "圆", "元", "圆", "正", "整", "貳", "贰", "參", "叁", "陸", "陆", "萬", "万",
	"億", "亿", "(", "（", ")", "）", " ", "")

// ParseWords reads an amount of yuan in Chinese words and returns it in fen. It
// takes the spellings that are in use, and refuses what is no number.
func ParseWords(words string) (int64, error) {
	const most = 200 // bytes; the longest amount takes some hundred
	if len(words) > most {
		return 0, malformedWords(words[:0])
	}
	text := spellings.Replace(words)
	text = strings.TrimPrefix(text, "人民币")
	negative := false
	for _, sign := range []string{wordNegative, "（负）", "负数", "负"} {
		if rest, ok := strings.CutPrefix(text, sign); ok {
			text, negative = rest, true
			break
		}
	}
	p := wordParser{rest: strings.TrimSuffix(text, wordWhole)}
	fen, ok := p.amount()
	if !ok || fen > maxFen {
		return 0, malformedWords(words)
	}
	if negative {
		fen = -fen
	}
	return fen, nil
}

func malformedWords(words string) error {
	return fault.New(fault.FieldInvalid, "%q is no amount in words", words)
}

// wordParser reads an amount from left to right.
type wordParser struct{ rest string }

func (p *wordParser) take(word string) bool {
	rest, ok := strings.CutPrefix(p.rest, word)
	p.rest = rest
	return ok
}

// digit takes one digit.
func (p *wordParser) digit() (int64, bool) {
	for value, word := range digitWords {
		if p.take(word) {
			return int64(value), true
		}
	}
	return 0, false
}

// amount takes yuan, jiao and fen, of which there is at least one.
func (p *wordParser) amount() (int64, bool) {
	const perYuan, perJiao = 100, 10
	var fen int64
	found := false
	if head, rest, ok := strings.Cut(p.rest, wordYuan); ok {
		yuan, ok := parseInteger(head, len(powers))
		if !ok || yuan > maxFen/perYuan {
			return 0, false
		}
		p.rest, fen, found = rest, yuan*perYuan, true
	}
	least := int64(maxFen)
	for p.rest != "" {
		n, ok := p.digit()
		if ok && n == 0 && p.rest != "" {
			n, ok = p.digit() // a zero stands before a digit
		}
		unit := int64(1)
		switch {
		case !ok:
			return 0, false
		case p.take(wordJiao):
			unit = perJiao
		case !p.take(wordFen):
			return 0, false
		}
		if unit >= least {
			return 0, false
		}
		least, found = unit, true
		fen += n * unit
	}
	return fen, found
}

// parseInteger reads a number made of the smallest powers, of which there are
// most: before 万 stands a number under ten thousand, before 亿 one under a
// hundred million.
func parseInteger(text string, most int) (int64, bool) {
	const limit = 10_000_000_000_000_000 // what is over it is no amount
	var sum int64
	last := int64(limit)
	for _, p := range powers[len(powers)-most:] {
		at := strings.LastIndex(text, p.word)
		if at < 0 {
			continue
		}
		head := text[:at]
		n, ok := parseHead(head, p.value)
		if !ok || n > limit/p.value || p.value >= last {
			return 0, false
		}
		sum += n * p.value
		last = p.value
		text = text[at+len(p.word):]
	}
	rest, ok := parseUnit(text, sum > 0)
	return sum + rest, ok
}

// parseHead reads what stands before a power: a digit before 仟, 佰 and 拾, a
// number before 万 and 亿. Before 拾 a digit of one may be left out.
func parseHead(text string, power int64) (int64, bool) {
	const ten, tenThousand = 10, 10_000
	if power < tenThousand {
		text = strings.TrimPrefix(text, digitWords[0])
		if text == "" && power == ten {
			return 1, true
		}
		return parseUnit(text, false)
	}
	smaller := 3 // 仟, 佰 and 拾
	if power > tenThousand {
		smaller = 4
	}
	n, ok := parseInteger(text, smaller)
	return n, ok && n > 0 && n < power
}

// parseUnit reads the last digit of a number; it may be missing after others,
// and have a zero before it.
func parseUnit(text string, after bool) (int64, bool) {
	if text == "" {
		return 0, after
	}
	p := wordParser{rest: text}
	n, ok := p.digit()
	if ok && n == 0 && p.rest != "" {
		n, ok = p.digit()
	}
	return n, ok && p.rest == ""
}
