#!/usr/bin/env python3
"""plot_lookup.py TSV SVG - draws what bench_lookup wrote: size of the index and time of a lookup against registered hours"""

import csv
import math
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, GAP = 860, 380, 70, 20, 46, 60, 90
PANEL = (WIDTH - LEFT - RIGHT - GAP) / 2
INK, GRID, OURS, COLD, PEER = "#222", "#ddd", "#0b5cad", "#b35900", "#777"


def decades(values):
    # 10,000.1 hours are no reason for another decade.
    return range(math.floor(math.log10(min(values)) + 0.01), math.ceil(math.log10(max(values)) - 0.01) + 1)


def short(v):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if v >= size:
            return "%g%s" % (v / size, unit)
    return "%g" % v


class Panel:
    """Both axes are logarithmic."""

    def __init__(self, x0, title, unit, xs, ys, out):
        self.x0, self.out = x0, out
        self.xr, self.yr = decades(xs), decades(ys)
        out.append('<text x="%g" y="24" font-weight="bold">%s</text>' % (x0, title))
        for e in self.xr:
            x = self.x(10 ** e)
            out.append('<path d="M%g %gV%g" stroke="%s"/>' % (x, TOP, HEIGHT - BOTTOM, GRID))
            out.append('<text x="%g" y="%g" text-anchor="middle">%s</text>' % (x, HEIGHT - BOTTOM + 18, short(10.0 ** e)))
        for e in self.yr:
            y = self.y(10 ** e)
            out.append('<path d="M%g %gH%g" stroke="%s"/>' % (x0, y, x0 + PANEL, GRID))
            out.append('<text x="%g" y="%g" text-anchor="end">%s</text>' % (x0 - 8, y + 4, short(10.0 ** e)))
        out.append('<text x="%g" y="%g" text-anchor="middle">registered hours</text>' % (x0 + PANEL / 2, HEIGHT - 14))
        out.append('<text x="%g" y="%g">%s</text>' % (x0 - 8 - 30, TOP - 6, unit))

    def x(self, v):
        return self.x0 + PANEL * (math.log10(v) - self.xr[0]) / (self.xr[-1] - self.xr[0])

    def y(self, v):
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (math.log10(v) - self.yr[0]) / (self.yr[-1] - self.yr[0])

    def line(self, points, colour, label, above=True, dashed=False):
        points = [(self.x(a), self.y(b)) for a, b in points]
        self.out.append('<path d="M%s" fill="none" stroke="%s" stroke-width="2"%s/>' % (
            "L".join("%.1f %.1f" % p for p in points), colour, ' stroke-dasharray="6 4"' if dashed else ""))
        for p in points:
            self.out.append('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*p, colour))
        x, y = points[len(points) // 2]
        self.out.append('<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>' % (
            x + (-8 if above else 8), y + (-10 if above else 20), "end" if above else "start", colour, label))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], newline="") as f:
        rows = sorted(({k: float(v) for k, v in r.items()} for r in csv.DictReader(f, delimiter="\t")), key=lambda r: r["hours"])
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" fill="%s" role="img">'
           % (WIDTH, HEIGHT, INK), "<title>Growth of the index and of the time of a lookup with registered hours</title>",
           '<rect width="100%" height="100%" fill="#fff"/>']
    hours = [r["hours"] for r in rows]

    def column(name, by=1.0):
        return [(r["hours"], r[name] * by) for r in rows]

    size = Panel(LEFT, "Index on disk", "GB", hours, [r["index_bytes"] / 1e9 for r in rows], out)
    size.line(column("index_bytes", 1e-9), OURS, "index")
    times = [r[k] for r in rows for k in ("warm_ms", "cold_ms", "linear_ms")]
    took = Panel(LEFT + PANEL + GAP, "Lookup of one frame, median", "ms", hours, times, out)
    took.line(column("linear_ms"), PEER, "linear scan", above=False, dashed=True)
    took.line(column("cold_ms"), COLD, "nothing cached")
    took.line(column("warm_ms"), OURS, "pages cached", above=False)
    out.append("</svg>")
    with open(sys.argv[2], "w") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
