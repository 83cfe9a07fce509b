package topology

import (
	"errors"
	"strings"
)

const (
	leiLength  = 20 // ISO 17442-1
	usccLength = 18 // GB 32100-2015
)

// CheckCompany verifies form and check digits of a company number: an LEI
// (ISO 17442-1, ISO 7064 MOD 97-10) or a Chinese unified social credit code
// (GB 32100-2015).
func CheckCompany(number string) error {
	switch len(number) {
	case leiLength:
		return checkLEI(number)
	case usccLength:
		return checkUSCC(number)
	}
	return errors.New("a company number is an LEI of 20 or a USCC of 18 characters")
}

// checkLEI computes ISO 7064 MOD 97-10: letters count as two digits (A is 10),
// and the whole number leaves the remainder 1.
func checkLEI(number string) error {
	rest := 0
	for i := range len(number) {
		switch c := number[i]; {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z' && i < leiLength-2:
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return errors.New("an LEI is 18 digits or capital letters and two check digits")
		}
	}
	if rest != 1 {
		return errors.New("the check digits of this LEI do not fit")
	}
	return nil
}

// usccAlphabet are the 31 characters of GB 32100-2015; a character's place is
// its value.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

func checkUSCC(number string) error {
	sum, weight := 0, 1
	for i := range usccLength {
		v := strings.IndexByte(usccAlphabet, number[i])
		if v < 0 {
			return errors.New("a USCC has digits and capital letters without I, O, S, V, Z")
		}
		if i < usccLength-1 {
			sum += v * weight
			weight = weight * 3 % len(usccAlphabet) // weights are powers of 3 mod 31
			continue
		}
		if want := (len(usccAlphabet) - sum%len(usccAlphabet)) % len(usccAlphabet); v != want {
			return errors.New("the check character of this USCC does not fit")
		}
	}
	return nil
}
