#!/usr/bin/env python3
"""cue_pairs.py - what each cue tells by itself: AUC over all videos, and how often a fake lies above its own originals

usage: cue_pairs.py CUES.tsv...      tables of 'detector measure', each printed in columns of its own

A cue may set fakes apart downwards: an AUC far under one half counts as one as far above it. The second figure is the
share of fakes whose value is above the mean of the same file's real codings.
"""
import bisect
import csv
import math
import sys


def auc(fakes, reals):
    reals = sorted(reals)
    both = sum(bisect.bisect_left(reals, x) + bisect.bisect_right(reals, x) for x in fakes) / 2
    return both / (len(fakes) * len(reals)) if fakes and reals else math.nan


def figures(rows, cue):
    known = [(r["file"], r["method"] != "real", float(r[cue])) for r in rows if r[cue] != "-"]
    own = {}
    for file, fake, value in known:
        if not fake:
            own.setdefault(file, []).append(value)
    above = [value > sum(own[file]) / len(own[file]) for file, fake, value in known if fake and file in own]
    return (auc([v for _, f, v in known if f], [v for _, f, v in known if not f]),
            sum(above) / len(above) if above else math.nan)


def main():
    tables = []
    for name in sys.argv[1:]:
        with open(name, newline="") as f:
            tables.append(list(csv.DictReader(f, delimiter="\t")))
    print("%-16s" % "" + "".join("%-18s" % n.split("/")[-1] for n in sys.argv[1:]))
    print("%-16s" % "cue" + "%-9s%-9s" % ("AUC", "above") * len(tables))
    for cue in list(tables[0][0])[8:]:
        print("%-16s" % cue + "".join("%-9.3f%-9.2f" % figures(t, cue) for t in tables))


main()
