#!/usr/bin/env python3
"""backbone_start.py - what the detector's backbone network begins with: the first layers of Inception v3

usage: backbone_start.py PACKAGE OUT.safetensors

PACKAGE is the folder of the npm package nsfwjs 4.4.0, which carries Inception v3 (Szegedy et al., 2016) as trained on
ImageNet, every weight in a byte. Its files are JavaScript; nothing of them is run: the table of weights and the bytes
are taken out as text. Each of the first 26 convolutions is folded with the batch norm behind it (which has no scale of
its own there), and written as (rows, columns, in, out), as the networks here hold theirs.
"""
import array
import base64
import glob
import json
import math
import os
import re
import struct
import sys

LAYERS = 26  # up to the third mixed block
EPSILON = 1e-3  # of the batch norms
LEAST = 0.02  # of a variance: those in a byte may be nothing
TENSOR = re.compile(r'\{name:"([^"]+)",shape:\[([\d,]*)\],dtype:"float32",quantization:\{min:([-\d.e]+),scale:([-\d.e]+),dtype:"uint8"\}\}')


def read(folder):
    with open(os.path.join(folder, "model.min.js")) as f:
        table = TENSOR.findall(f.read())
    data = b""
    for path in sorted(glob.glob(os.path.join(folder, "group1-shard*.min.js"))):
        with open(path) as f:
            data += base64.b64decode(max(re.findall(r'"([A-Za-z0-9+/=]+)"', f.read()), key=len))
    tensors, at = {}, 0
    for name, shape, least, scale in table:
        shape = [int(n) for n in shape.split(",")]
        n = math.prod(shape)
        least, scale = float(least), float(scale)
        tensors[name] = shape, [least + scale * b for b in data[at : at + n]]
        at += n
    if at != len(data):
        sys.exit(f"the table of weights tells of {at} bytes, and there are {len(data)}")
    return tensors


def main():
    package, out = sys.argv[1:]
    tensors = read(os.path.join(package, "dist/models/inception_v3"))
    header, body = {"__metadata__": {"format": "bonafide-weights", "architecture": "inception-v3", "architecture_version": "1"}}, b""
    for i in range(1, LAYERS + 1):
        norm = f"batch_normalization_{i}/"
        shape, kernel = tensors[f"conv2d_{i}/kernel"]
        gain = [1 / math.sqrt(max(v, LEAST) + EPSILON) for v in tensors[norm + "moving_variance"][1]]
        bias = [b - m * g for b, m, g in zip(tensors[norm + "beta"][1], tensors[norm + "moving_mean"][1], gain)]
        kernel = [k * gain[j % shape[3]] for j, k in enumerate(kernel)]
        for name, size, values in ((f"conv{i}.weight", shape, kernel), (f"conv{i}.bias", shape[3:], bias)):
            piece = array.array("f", values).tobytes()
            header[name] = {"dtype": "F32", "shape": size, "data_offsets": [len(body), len(body) + len(piece)]}
            body += piece
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(out, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


main()
