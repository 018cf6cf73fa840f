#!/usr/bin/env python3
"""grid_density.py - how well a change stands out of a copy's noise, by the size of the cells that are compared

Usage: grid_density.py ORIGINAL CHANGED CLEAN LEFT,TOP,RIGHT,BOTTOM

CHANGED and CLEAN are copies of ORIGINAL, coded alike; in CHANGED the box (0 to 1) shows something else. For cells of 4 to 32
pixels, and for luma and both chromas: the mean square of what the box differs by from the original, after one gain and one bias for all
of the picture and over three frames, in CHANGED, as a multiple of the same in CLEAN.
"""

import subprocess
import sys

TAKEN = 3  # frames that are averaged


def probe(path):
    said = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", path],
                          check=True, stdout=subprocess.PIPE).stdout.decode()
    return [int(v) for v in said.strip().split(",")[:2]]


def cells(path, size, plane, pixels):
    """Rows of cell means, TAKEN frames together; plane is y, u or v, and pixels are those of luma."""
    w, h = size[0] // pixels, size[1] // pixels
    text = "scale=%d:%d:flags=area,format=yuv420p,extractplanes=%s,scale=%d:%d:flags=area,format=gray" % (size[0], size[1], plane, w, h)
    raw = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-an", "-vf", text, "-f", "rawvideo", "-"],
                         check=True, stdout=subprocess.PIPE).stdout
    n = w * h
    frames = [raw[i:i + n] for i in range(0, len(raw) - n + 1, n)]
    return w, h, [[sum(v) / TAKEN for v in zip(*frames[i:i + TAKEN])] for i in range(0, len(frames) - TAKEN + 1, TAKEN)]


def left_over(original, copy, inside):
    pairs = [(a, b) for x, y in zip(original, copy) for a, b in zip(x, y)]
    n = len(pairs)
    ma, mb = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    gain = sum((a - ma) * (b - mb) for a, b in pairs) / (sum((a - ma) ** 2 for a, _ in pairs) or 1)
    squares = [(y[i] - mb - gain * (x[i] - ma)) ** 2 for x, y in zip(original, copy) for i in inside]
    return sum(squares) / len(squares)


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__.split("\n\n")[1])
    original, changed, clean = sys.argv[1:4]
    left, top, right, bottom = (float(v) for v in sys.argv[4].split(","))
    size = probe(original)
    print("%-6s %6s %10s" % ("plane", "pixels", "times"))
    for plane, pixels in (("y", 32), ("y", 16), ("y", 8), ("y", 4), ("u", 8), ("v", 8)):
        w, h, a = cells(original, size, plane, pixels)
        inside = [y * w + x for y in range(h) for x in range(w) if left <= (x + 0.5) / w <= right and top <= (y + 0.5) / h <= bottom]
        print("%-6s %6d %10.1f" % (plane, pixels, left_over(a, cells(changed, size, plane, pixels)[2], inside) /
                                   left_over(a, cells(clean, size, plane, pixels)[2], inside)), flush=True)


if __name__ == "__main__":
    main()
