#!/usr/bin/env python3
"""merge_faces.py - one folder of faces out of several of 'bonafide swap extract', each clip's share bounded

usage: merge_faces.py OUT MOST [--crowd] FOLDER...

At most MOST faces of each folder, spread evenly over it. Pictures are linked, not copied. --crowd says of the new folder
that its faces are of many people; without it they must be one person's.
"""
import json
import os
import shutil
import sys


def main():
    args = [a for a in sys.argv[1:] if a != "--crowd"]
    out, most, folders = args[0], int(args[1]), args[2:]
    head, lines = None, []
    part = out + ".part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    for folder in folders:
        with open(os.path.join(folder, "faces.jsonl")) as f:
            first, *faces = map(json.loads, f)
        head = head or dict(first)
        if first != head:
            sys.exit(f"merge_faces.py: '{folder}' is of other size or terms than '{folders[0]}'")
        n = min(most, len(faces))
        for i in range(n):
            face = faces[i * len(faces) // n]
            name = "%06d.png" % (len(lines) + 1)
            os.link(os.path.join(folder, face["file"]), os.path.join(part, name))
            lines.append({**face, "file": name})
    if "--crowd" in sys.argv:
        head["crowd"] = True
    with open(os.path.join(part, "faces.jsonl"), "w") as f:
        for line in [head, *lines]:
            f.write(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n")
    os.rename(part, out)


main()
