#!/usr/bin/env python3
"""face_boxes.py - where the face and the mouth are in clips, as make_copies.py --faces wants it

Usage: face_boxes.py [--bonafide PATH] [--seconds 24] CLIP... >faces.tsv

The middle place of the most frequent face over the first seconds. A clip without a face gets none: `-`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# The outer rim of the lips among the landmarks of `bonafide faces`.
LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]


def size(path):
    told = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of",
                           "csv=p=0:nk=1", path], stdout=subprocess.PIPE, check=True).stdout
    return [int(x) for x in told.decode().split(",")[:2]]


def around(points, more):
    x, y = [p[0] for p in points], [p[1] for p in points]
    w, h = more * (max(x) - min(x)), more * (max(y) - min(y))
    return [min(x) - w, min(y) - h, max(x) + w, max(y) + h]


def boxes(path, options):
    """The face's box and the mouth's in shares of the picture; None where no face is."""
    tracks = {}
    run = subprocess.Popen([options.bonafide, "faces", "--no-progress", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for line in run.stdout:
        seen = json.loads(line)
        if seen["kind"] != "face":
            continue
        if seen["pts_us"] > options.seconds * 1e6:
            break
        at = seen["landmarks"]
        tracks.setdefault(seen["track"], []).append(around(at, 0.03) + around([at[i] for i in LIPS], 0.25))
    run.kill()
    run.wait()
    if not tracks:
        return None
    w, h = size(path)
    middle = [statistics.median(column) for column in zip(*max(tracks.values(), key=len))]
    return [min(1, max(0, v / (h if i % 2 else w))) for i, v in enumerate(middle)]


def main():
    parser = argparse.ArgumentParser(description="where the face and the mouth are in clips")
    parser.add_argument("--bonafide", default=os.path.join(HERE, "../../build/release/bonafide"))
    parser.add_argument("--seconds", type=float, default=24)
    parser.add_argument("clips", nargs="+")
    options = parser.parse_args()
    for path in options.clips:
        found = boxes(path, options)
        name = os.path.splitext(os.path.basename(path))[0]
        print("\t".join([name] + (["%.3f" % v for v in found] if found else 8 * ["-"])))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
