#!/usr/bin/env python3
"""grow_weights.py - begin a network's training with the weights of a smaller one

usage: grow_weights.py NEW.training.safetensors OLD.safetensors OUT.training.safetensors

NEW is the state of a training run that has just begun ('detector train -n 1'). Every tensor that OLD has too is taken
from it, its first entries along every axis where NEW's is larger, and zero in the others: what the larger network has
more is not listened to at first. The optimiser's averages are set to zero.
"""
import itertools
import json
import struct
import sys


def read(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    return data[:8 + size], json.loads(data[8:8 + size]), bytearray(data[8 + size:])


def numbers(tensor, body):
    begin, end = tensor["data_offsets"]
    kind, width = {"F16": ("e", 2), "F32": ("f", 4)}[tensor["dtype"]]
    return struct.unpack(f"<{(end - begin) // width}{kind}", body[begin:end])


def widen(values, old, new):
    if len(old) != len(new) or any(a > b for a, b in zip(old, new)):
        sys.exit(f"grow_weights.py: {old} does not fit into {new}")
    out = [0.0] * (len(values) if old == new else size_of(new))
    for at, place in enumerate(itertools.product(*map(range, old))):
        where = 0
        for i, n in zip(place, new):
            where = where * n + i
        out[where] = values[at]
    return out


def size_of(shape):
    size = 1
    for n in shape:
        size *= n
    return size


def main():
    new_path, old_path, out_path = sys.argv[1:4]
    head, tensors, body = read(new_path)
    _, old_tensors, old_body = read(old_path)
    for name, t in tensors.items():
        if name == "__metadata__":
            continue
        begin, end = t["data_offsets"]
        plain = name.removeprefix("mean/")
        if name.startswith(("first/", "second/")):
            body[begin:end] = bytes(end - begin)
        elif plain in old_tensors:
            o = old_tensors[plain]
            values = widen(numbers(o, old_body), o["shape"], t["shape"])
            body[begin:end] = struct.pack(f"<{len(values)}f", *values)
    open(out_path, "wb").write(head + body)


main()
