package voucher

import (
	"slices"
	"testing"

	"github.com/argosy-trade/argosy/chaincode/domain/invoice"
	"github.com/argosy-trade/argosy/chaincode/domain/lot"
	"github.com/argosy-trade/argosy/chaincode/domain/trade"
)

const uetr = "8a562c67-ca16-48ba-b074-65581be6f001"

// life is a voucher under way beside its twin: every step must be accepted, and
// both must agree after it.
type life struct {
	*desk
	twin twin
}

func (l *life) step(o order, along ...lot.Body) trade.DocID {
	l.t.Helper()
	o.kind = lot.Kind
	b := l.body(o.id)
	var made trade.DocID
	o.along = map[trade.DocID]any{}
	for _, next := range along {
		next.Salt, made = trade.Salt{9}, l.newID(l.parties[o.by].MSP)
		o.along[made] = next
	}
	l.must(l.run(o))
	paid := int64(0)
	if a, ok := o.args.(lot.PaidArgs); ok {
		paid = a.AmountMinor
	}
	l.twin.apply(o.action, b, paid)
	l.must(l.agree(l.twin))
	return made
}

func (l *life) offer(id trade.DocID, action string, r lot.Rights) trade.DocID {
	l.t.Helper()
	b := l.body(id)
	next := lot.Succession(l.docs[id].Header, b, r, lot.Offer{Reference: "S", Deadline: l.now + 1000})
	return l.step(order{by: b.Owner, action: action, id: id}, next)
}

func (l *life) split(id trade.DocID, sizes ...int64) []trade.DocID {
	l.t.Helper()
	parts, err := lot.Divide(l.body(id), sizes)
	l.must(err)
	l.step(order{by: l.body(id).Owner, action: lot.Split, id: id}, parts...)
	return slices.Clone(l.docs[id].Header.Successors)
}

func (l *life) pay(id trade.DocID, amount int64, along ...lot.Body) trade.DocID {
	l.t.Helper()
	return l.step(order{by: bankID, action: lot.Pay, id: id, args: lot.PaidArgs{
		Salt: trade.Salt{1}, AmountMinor: amount, Status: "ACSC", Reference: "P", UETR: uetr,
	}}, along...)
}

// TestOneVoucherWholeLife is scenario 4 of the domain's list on the bare rules:
// split in three, one financed, one transferred twice and in part bought back,
// one held; two paid, the third in default, written off, and paid after all.
func TestOneVoucherWholeLife(t *testing.T) {
	d, first := inForce(t)
	l := &life{d, newTwin(1000, supplierID)}
	lots := l.split(first, 300, 300, 400)
	held := lots[2]

	financed := l.offer(lots[0], lot.AskFinance, lot.Rights{
		Owner: supplierID, Claim: lot.Claim{Kind: lot.ClaimFinance, Holder: bankID},
	})
	l.step(order{by: bankID, action: lot.Finance, id: financed, args: lot.FinancedArgs{
		Salt: trade.Salt{1}, Status: "ACSC", Reference: "F", RegistryNumber: "1",
	}})
	once := l.offer(lots[1], lot.Transfer, lot.Rights{Owner: tierTwoID})
	l.step(order{by: tierTwoID, action: lot.Accept, id: once})
	twice := l.offer(once, lot.Transfer, lot.Rights{Owner: supplierID})
	l.step(order{by: supplierID, action: lot.Accept, id: twice})
	halves := l.split(twice, 250, 50)
	home := l.offer(halves[1], lot.Transfer, lot.Rights{Owner: coreID})
	l.step(order{by: coreID, action: lot.Accept, id: home})
	l.step(order{by: coreID, action: lot.BuyBack, id: home})

	l.now = l.sample().Terms.DueBegins()
	for _, id := range []trade.DocID{financed, halves[0], held} {
		l.step(order{by: coreID, action: lot.Mature, id: id})
	}
	l.pay(financed, 300)
	l.pay(halves[0], 250)
	l.now += 4 * 86_400_000
	l.step(order{by: supplierID, action: lot.Default, id: held})
	if got := l.docs[held].Header.Defaulter; got != coreID {
		t.Fatalf("the defaulter is %q", got)
	}
	parts, err := lot.PaidInPart(l.body(held), 100)
	l.must(err)
	rest := l.pay(held, 100, parts...)
	l.want(rest, lot.Overdue)
	l.step(order{by: supplierID, action: lot.Recourse, id: rest})
	l.step(order{by: supplierID, action: lot.WriteOff, id: rest})
	l.settle()
	l.want(first, lot.ClosedWithLoss)
	l.want(voucherID, WithLoss)
	l.pay(rest, 300)
	l.settle()
	l.want(voucherID, Settled)
	l.want(invoiceA, invoice.Discharged)
}
