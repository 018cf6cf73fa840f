#!/usr/bin/env python3
"""detector_card.py - the model card of the detector's weights, from what detector.sh has measured

usage: detector_card.py LIST.tsv TEST.json TRAINING > card.json

LIST.tsv is what 'detector prepare' read, TEST.json what 'detector evaluate --json' printed; TRAINING says in words for how
many steps the networks were trained, and with which seeds. Shares by age and group are
those of photographs whose names say so (AGE_SEX_GROUP_..., as UTKFace has them); of video nobody noted them.
"""
import collections
import json
import os
import sys

GROUPS = ["white", "black", "asian", "indian", "other"]


def shares(counter):
    total = sum(counter.values())
    return {k: round(v / total, 3) for k, v in sorted(counter.items())} if total else {}


def main():
    files, people = collections.Counter(), collections.defaultdict(set)
    ages, groups = collections.Counter(), collections.Counter()
    for line in open(sys.argv[1]):
        if line.startswith("#") or not line.strip():
            continue
        path, person, split = line.rstrip("\n").split("\t")[:3]
        still = person.startswith("still:")
        files["photographs" if still else split + " videos"] += 1
        if not still:
            people[split].add(person)
        part = os.path.basename(path).split("_")
        if "/faces/adults/" in path and len(part) > 3 and part[0].isdigit() and part[2].isdigit():
            age = int(part[0])
            ages["18-29" if age < 30 else "30-44" if age < 45 else "45-59" if age < 60 else "60 and more"] += 1
            groups[GROUPS[min(int(part[2]), 4)]] += 1
    card = {
        "schema": "bonafide.detector-card/1",
        "trained_on": {
            "files": dict(files),
            "people_in_video": {k: len(v) for k, v in people.items()},
            "photographs_by_age": shares(ages),
            "photographs_by_group": shares(groups),
        },
        "training": sys.argv[3],
        "known_limits": [
            "subtle edits of mouth, eyes or expression in compressed video are mostly not found",
            "fakes by programs other than this one have not been learned from",
            "people of some ages and groups are few in training: see the shares",
        ],
        "evaluation": json.load(open(sys.argv[2]))["evaluation"],
    }
    json.dump(card, sys.stdout, indent=1)
    print()


main()
