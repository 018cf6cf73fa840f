#!/usr/bin/env python3
"""detector_list.py - the list that 'bonafide detector prepare' reads, made from a folder's MANIFEST.tsv

usage: detector_list.py MANIFEST.tsv FOLDER [PERSON=SPLIT...] > list.tsv

Whose a clip is stands in the manifest's notes or, where they say nothing, in the file's name: crops and encodes of one
clip (_old, _recut) are one person's, and so are public figures under several names. Three fifths of the people are for
training, one fifth each for calibration and for the test, by the SHA-256 of the person's name, unless an argument says
otherwise. Photographs are for training alone. What is not a video of a real person, whatever the manifest says, stays out.
"""
import csv
import hashlib
import os
import re
import sys

ALIAS = {"st:Obama": "obama", "st:trump": "trump", "split-screen TV interview": "vv:interview"}
STILLS = {"faces/celeba": 519, "faces/celeba_hq": 52, "faces/london": 102, "faces/lfw": 100, "faces/adults": 4200}
NOT_REAL = {"real/talking/lp_s13.mp4"}  # a photograph that was made to dance
MOST_OF_ONE = 8  # clips of one person on one set


def person_of(path, note):
    stem = os.path.splitext(os.path.basename(path))[0]
    found = re.search(r"person ([^;,]+)", note)
    if found:
        name = found.group(1).strip()
        return ALIAS.get(name, name)
    if "obama" in stem.lower():
        return "obama"
    if stem.startswith("s1_"):
        return "grid:s1"
    if stem.startswith("data_"):
        return "pair:" + stem
    return "clip:" + re.sub(r"_(old|recut)$", "", stem)


def split_of(person):
    draw = int.from_bytes(hashlib.sha256(person.encode()).digest()[:4], "big") / 2**32
    return "train" if draw < 0.6 else "calibration" if draw < 0.8 else "test"


def main():
    manifest, folder = sys.argv[1:3]
    forced = dict(a.rsplit("=", 1) for a in sys.argv[3:])
    seen, stills = {}, {}
    with open(manifest, newline="") as f:
        rows = sorted(csv.DictReader(f, delimiter="\t"), key=lambda r: r["path"])
    for r in rows:
        path, still = r["path"], os.path.dirname(r["path"])
        if path in NOT_REAL:
            continue
        if path.startswith(("real/talking/", "real/more/", "real/grid/")) or path.endswith(("data_src.mp4", "data_dst.mp4")):
            person = person_of(path, r["note"])
            seen[person] = seen.get(person, 0) + 1
            if person == "grid:s1" and seen[person] > MOST_OF_ONE:
                continue
            name, model = (forced.get(person) or split_of(person)), ""
            if "," in name:
                name, model = name.split(",", 1)
            print(os.path.join(folder, path), person, name, *([model] if model else []), sep="\t")
        for where, most in STILLS.items():
            if still == where or (where == "faces/lfw" and still.startswith(where)):
                stills[where] = stills.get(where, 0) + 1
                if stills[where] <= most:
                    who = os.path.basename(still) if where == "faces/lfw" else os.path.basename(path)
                    print(os.path.join(folder, path), "still:" + who, "train", sep="\t")


main()
