package field

var (
	sm2Arithmetic  = sm2Go
	p256Arithmetic = p256Go
)
