#!/usr/bin/env python3
"""mean_weights.py - the mean of several states of one network's weights

usage: mean_weights.py OUT.safetensors WEIGHTS.safetensors...

All are files of half precision of the same network, as 'detector train' leaves them in its folder now and then and at
the end. States of one run that were reached at a high rate lie round a better one (Izmailov et al., 2018).
"""
import json
import struct
import sys


def read(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    return data[:8 + size], data[8 + size:]


def main():
    heads, bodies = zip(*map(read, sys.argv[2:]))
    if len(set(heads)) != 1:
        sys.exit("mean_weights.py: these are not of one network")
    tensors = [t for name, t in json.loads(heads[0][8:]).items() if name != "__metadata__"]
    if any(t["dtype"] != "F16" for t in tensors):
        sys.exit("mean_weights.py: there are numbers that are no halves")
    columns = zip(*(struct.unpack(f"<{len(b) // 2}e", b) for b in bodies))
    means = [sum(c) / len(c) for c in columns]
    with open(sys.argv[1], "wb") as f:
        f.write(heads[0] + struct.pack(f"<{len(means)}e", *means))


main()
