//go:build !linux

package portcheck

// owner cannot be known without /proc.
func owner(int) (pid int, program string) { return 0, "" }
