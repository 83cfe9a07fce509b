package plan

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteText prints the plan with a table and a plot of lines of text.
func (p *Plan) WriteText(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	l := p.Load
	if p.Claim != "" {
		_, _ = fmt.Fprintf(w, "%s\n\n", p.Claim)
	}
	_, _ = fmt.Fprintf(w, "load\t%.4g invoices a year in %.0f hours, peak factor %.3g, %.3g signatures each (%s)\n",
		l.InvoicesPerYear, l.HoursPerYear, l.PeakFactor, l.Signatures, l.Op)
	_, _ = fmt.Fprintf(w, "wanted\tp99 of at most %v for batches of %d, utilisation of at most %.0f %%\n",
		l.Target, l.Batch, 100*l.MaxUtilisation)
	_, _ = fmt.Fprintf(w, "one chip\tprofile %s (a model, not a measurement), at most %.4g signatures/s by its %s\n",
		p.Profile, p.Capacity.PerSecond, p.Capacity.Bottleneck)
	_, _ = fmt.Fprintf(w, "needed\tchips at each endorser: %d, cores in use in each: %d; "+
		"chips at all %d endorsers: %d\n\n",
		p.Peak.Chips, p.Peak.Cores, l.Endorsers, p.TotalChips)
	_, _ = fmt.Fprintln(w, "LOAD\tSIGNATURES/s\tCHIPS\tCORES\tUTILISATION\tCORES BUSY\tP50\tP99")
	row := func(name string, q Point) {
		_, _ = fmt.Fprintf(w, "%s\t%.4g\t%d\t%d\t%.1f %%\t%.1f %%\t%v\t%v\n", name, q.PerSecond, q.Chips, q.Cores,
			100*q.Utilisation, 100*q.CoresBusy, round(q.P50), round(q.P99))
	}
	row("peak", p.Peak)
	row("average", p.Average)
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s", p.textPlot())
	return err
}

// round keeps three or four digits.
func round(d time.Duration) time.Duration {
	for unit := time.Nanosecond; ; unit *= 10 {
		if d < 10_000*unit {
			return d.Round(unit)
		}
	}
}

// scale maps latencies to heights from 0 to 1, by their logarithms: near
// saturation they grow without end.
type scale struct{ low, high float64 }

func (p *Plan) scale() scale {
	s := scale{math.Log(float64(p.Load.Target)), math.Log(float64(p.Load.Target))}
	for _, q := range p.Curve {
		s.low = min(s.low, math.Log(float64(max(q.P50, 1))))
		s.high = max(s.high, math.Log(float64(max(q.P99, 1))))
	}
	s.low -= 0.1 // no curve on the edge
	s.high += 0.1
	return s
}

func (s scale) height(d time.Duration) float64 {
	return (math.Log(float64(max(d, 1))) - s.low) / (s.high - s.low)
}

// at returns the latency of a height.
func (s scale) at(height float64) time.Duration {
	return time.Duration(math.Exp(s.low + height*(s.high-s.low)))
}

// textPlot draws p50 (o) and p99 (x) over the utilisation.
func (p *Plan) textPlot() string {
	const rows, perPoint = 14, 4
	s := p.scale()
	grid := make([][]byte, rows)
	for i := range grid {
		grid[i] = []byte(strings.Repeat(" ", perPoint*len(p.Curve)))
	}
	line := func(d time.Duration) int { return rows - 1 - int(s.height(d)*(rows-1)+0.5) }
	for i := range grid[0] {
		grid[line(p.Load.Target)][i] = '-'
	}
	for i, q := range p.Curve {
		grid[line(q.P50)][i*perPoint+perPoint/2] = 'o'
		grid[line(q.P99)][i*perPoint+perPoint/2] = 'x'
	}
	var b strings.Builder
	b.WriteString("latency of a batch: o p50, x p99, --- target; logarithmic\n")
	for i, g := range grid {
		_, _ = fmt.Fprintf(&b, "%10v |%s\n", round(s.at(float64(rows-1-i)/(rows-1))), strings.TrimRight(string(g), " "))
	}
	_, _ = fmt.Fprintf(&b, "%10s +%s\n%10s", "", strings.Repeat("-", perPoint*len(p.Curve)), "")
	for i, q := range p.Curve {
		if i%4 == 3 {
			_, _ = fmt.Fprintf(&b, "%*.0f%%", perPoint*4-1, 100*q.Utilisation)
		}
	}
	b.WriteString("  utilisation\n")
	return b.String()
}

// The picture's measures in pixels.
const (
	svgWidth, svgHeight       = 720, 420
	svgLeft, svgRight         = 90, 20
	svgTop, svgBottom         = 60, 50
	svgPlotWidth, svgPlotHigh = svgWidth - svgLeft - svgRight, svgHeight - svgTop - svgBottom
)

// WriteSVG draws the plot as a picture. The text in it is escaped.
func (p *Plan) WriteSVG(out io.Writer) error {
	s := p.scale()
	x := func(u float64) float64 { return svgLeft + u*svgPlotWidth }
	y := func(h float64) float64 { return svgTop + (1-h)*svgPlotHigh }
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"
 font-family="sans-serif" font-size="12">
<rect width="%[1]d" height="%[2]d" fill="white"/>
`, svgWidth, svgHeight)
	text := func(x, y float64, anchor, content string) {
		var escaped strings.Builder
		_ = xml.EscapeText(&escaped, []byte(content)) // a strings.Builder never fails
		_, _ = fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, escaped.String())
	}
	segment := func(x1, y1, x2, y2 float64, style string) {
		_, _ = fmt.Fprintf(&b, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, style)
	}
	title := fmt.Sprintf("Modelled latency of a batch of %d, profile %s", p.Load.Batch, p.Profile)
	if p.Claim != "" {
		title += " (a public claim, not measured)"
	}
	text(svgLeft, 20, "start", title)
	text(svgLeft, 38, "start", fmt.Sprintf("chips: %d, cores in each: %d; blue: p50, red: p99, dashed: target",
		p.Peak.Chips, p.Peak.Cores))
	const lines = 6
	for i := range lines {
		h := float64(i) / (lines - 1)
		segment(svgLeft, y(h), svgWidth-svgRight, y(h), `stroke="#ddd"`)
		text(svgLeft-8, y(h)+4, "end", round(s.at(h)).String())
	}
	for i := range 6 {
		u := float64(i) / 5
		text(x(u), svgHeight-svgBottom+18, "middle", fmt.Sprintf("%.0f %%", 100*u))
	}
	text(svgLeft+svgPlotWidth/2, svgHeight-12, "middle", "utilisation")
	segment(svgLeft, y(s.height(p.Load.Target)), svgWidth-svgRight, y(s.height(p.Load.Target)),
		`stroke="black" stroke-dasharray="6 4"`)
	curve := func(colour string, of func(Point) time.Duration) {
		var points []string
		for _, q := range p.Curve {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(q.Utilisation), y(s.height(of(q)))))
		}
		_, _ = fmt.Fprintf(&b, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n",
			colour, strings.Join(points, " "))
	}
	curve("#1f5fbf", func(q Point) time.Duration { return q.P50 })
	curve("#bf2f1f", func(q Point) time.Duration { return q.P99 })
	b.WriteString("</svg>\n")
	_, err := io.WriteString(out, b.String())
	return err
}
