package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/trade"
	"github.com/argosy-trade/argosy/gateway/client"
	"github.com/argosy-trade/argosy/gateway/gatewaytest"
)

func TestAVoucherOnTheCommandLine(t *testing.T) {
	w := gatewaytest.NewTown(t)
	var governors []string
	all := []*client.Client{w.Exporter, w.Importer, w.ImportBank, w.Rival}
	for _, g := range w.Governors {
		governors, all = append(governors, g.Profile().Name), append(all, g)
	}
	d := newDesk(t, all...)
	do := func(who, line string, status int, want ...string) {
		t.Helper()
		if got := d.as(who, line); got != status {
			t.Fatalf("%s: %s: status %d, want %d: %s%s", who, line, got, status, d.out, d.err)
		}
		d.contains(line, want...)
	}
	do("exporter", "limits show EUR", 4, "PARAMETER_NOT_FOUND")
	for i, g := range governors[:3] {
		do(g, "limits propose EUR --version 1 --min-lot 1000", 0, []string{"PROPOSED", "PROPOSED", "ACTIVE"}[i])
	}
	do("exporter", "limits show EUR", 0, `"minLot":1000`)

	var issued client.Receipt[trade.Header]
	d.must(&issued, "exporter", "invoice issue ../../ubl/testdata/invoice-export.xml")
	do("importer", fmt.Sprintf("invoice accept %s --after-block %d", issued.Value.ID, issued.Block), 0, "ACCEPTED")
	today := w.Stub.Now().UTC()
	issue := fmt.Sprintf("voucher issue --invoice %s --number V-1 --bank %s --issue-date %s --due %s --contract C-1 "+
		"--consent C-1 --deadline %s", issued.Value.ID, w.ImportBank.Profile().Company, today.Format("2006-01-02"),
		today.AddDate(0, 0, 90).Format("2006-01-02"), today.AddDate(0, 0, 7).Format("2006-01-02"))
	do("importer", issue+" --amount 1000000", 5, "AMOUNT_EXCEEDED")
	var v client.IssuedVoucher
	d.must(&v, "importer", issue+" --amount 1000.01")
	var accepted client.AcceptedVoucher
	d.must(&accepted, "exporter", "voucher accept "+string(v.Value.ID))
	do("exporter", "voucher show "+string(v.Value.ID), 0, "ACTIVE", "EUR 1000.01", "V-1", "voucher.EUR version 1")
	do("rival", "voucher show "+string(v.Value.ID), 0, "ACTIVE", "may not read the body")

	do("exporter", fmt.Sprintf("lot split %s 995.00 5.01", accepted.Lot), 5, "LIMIT_EXCEEDED")
	var parts client.DividedLot
	d.must(&parts, "exporter", fmt.Sprintf("lot split %s 400.00 600.01", accepted.Lot))
	var offered client.OfferedLot
	d.must(&offered, "exporter", fmt.Sprintf("lot transfer %s --to %s --reference S-1 --deadline %s", parts.Parts[1],
		w.Rival.Profile().Company, today.AddDate(0, 0, 7).Format("2006-01-02")))
	do("rival", "lot accept "+string(offered.Successor), 0, "ACTIVE")
	do("rival", "lot show "+string(offered.Successor), 0, "EUR 600.01", "units", "40001 to 100001", "came from")
	do("rival", "lot list --state ACTIVE", 0, string(offered.Successor))
	do("rival", "lot freeze "+string(parts.Parts[0])+" --office X --order 1", 3, "ROLE_MISSING")
	do("exporter", "lot mature "+string(parts.Parts[0]), 5, "TRANSITION_FORBIDDEN")
	do("importer", "default show "+string(w.Importer.Profile().Company), 0, "false")
	do("importer", "default report "+string(parts.Parts[0]), 5, "CONDITION_UNMET")
}

// contains wants words in what the last command said.
func (d *desk) contains(line string, want ...string) {
	d.t.Helper()
	for _, w := range want {
		if !strings.Contains(d.out+d.err, w) {
			d.t.Errorf("%s: no %q in %s%s", line, w, d.out, d.err)
		}
	}
}
