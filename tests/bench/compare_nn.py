#!/usr/bin/python3
"""compare_nn.py [ROUNDS [THREADS]] - networks of bench_nn beside the same ones in PyTorch, turn about in one run

Batch 32, as many threads as cores on both sides unless THREADS says otherwise; forward, and forward + backward + Adam. For PyTorch the faster of its two
memory layouts counts. With THREADS 1 processor time is measured, which other work on the machine hardly disturbs. Wants Debian's python3-torch and build/release/bench/bench_nn.
"""
import os
import statistics
import subprocess
import sys
import time
import torch
import torch.nn.functional as F
from torch import nn

BENCH = 'build/release/bench/bench_nn'
BATCH = 32


def clock():
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


class Swap(nn.Module):
    def __init__(self, width, code, at4, at8):
        super().__init__()
        self.at4 = at4
        widths = [3, width, 2 * width, 4 * width, 8 * width]
        self.enc = nn.ModuleList(nn.Conv2d(a, b, 5, 2, 2) for a, b in zip(widths, widths[1:]))
        self.code = nn.Linear(16 * widths[-1], code)
        self.uncode = nn.Linear(code, 16 * at4)
        ups = [at4, at8, at8 // 2, at8 // 4, at8 // 8]
        self.up = nn.ModuleList(nn.Conv2d(a, 4 * b, 3, 1, 1) for a, b in zip(ups, ups[1:]))
        self.rgb = nn.Conv2d(ups[-1], 3, 5, 1, 2)
        self.mask = nn.Conv2d(ups[-1], 1, 5, 1, 2)

    def forward(self, x):
        for conv in self.enc:
            x = F.leaky_relu(conv(x), 0.1)
        x = self.uncode(self.code(x.flatten(1))).view(-1, self.at4, 4, 4)
        for conv in self.up:
            x = F.pixel_shuffle(F.leaky_relu(conv(x), 0.1), 2)
        return torch.sigmoid(self.rgb(x)), torch.sigmoid(self.mask(x))

    size = 64

    def loss(self, x):
        y, mask = self(x)
        return F.l1_loss(y, x) + F.mse_loss(mask, x[:, :1])


class Block(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.c1, self.n1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.c2, self.n2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        self.short = None
        if stride > 1:
            self.short = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x):
        y = self.n2(self.c2(F.relu(self.n1(self.c1(x)))))
        return F.relu(y + (x if self.short is None else self.short(x)))


class ResNet10(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
                                  nn.MaxPool2d(3, 2, 1))
        self.blocks = nn.Sequential(Block(32, 32, 1), Block(32, 64, 2), Block(64, 128, 2), Block(128, 256, 2))
        self.out = nn.Linear(256, 2)

    def forward(self, x):
        return self.out(self.blocks(self.stem(x)).mean((2, 3)))

    size = 128

    def loss(self, x):
        return F.cross_entropy(self(x), torch.arange(BATCH) % 2)


class Torch:
    """One network in one layout"""

    def __init__(self, make, layout):
        self.layout = layout
        self.net = make().to(memory_format=layout)
        self.x = torch.rand(BATCH, 3, self.net.size, self.net.size).contiguous(memory_format=layout)
        self.adam = torch.optim.Adam(self.net.parameters(), 5e-4, betas=(0.5, 0.999))

    def infer(self):
        self.net.eval()
        with torch.inference_mode():
            self.net(self.x)

    def train(self):
        self.net.train()
        self.adam.zero_grad(set_to_none=True)
        self.net.loss(self.x).backward()
        self.adam.step()

    def time(self, mode, rounds):
        run = getattr(self, mode)
        run()
        run()
        seconds = []
        for _ in range(rounds):
            start = clock()
            run()
            seconds.append(clock() - start)
        return statistics.median(seconds)


def ours(name, mode, rounds):
    out = subprocess.run([BENCH, name, mode, str(rounds), str(torch.get_num_threads())], check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), float(out[1]), float(out[2])


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count()
    torch.set_num_threads(threads)
    print(subprocess.run([BENCH, 'peak', str(threads)], check=True, capture_output=True, text=True).stdout, end='')
    print(f'PyTorch {torch.__version__}, {threads} threads; batch {BATCH}; medians of {rounds} turns; images a second')
    print(f'{"network":10s} {"weights":>9s} {"MAC":>8s}  {"":9s} {"here":>7s} {"PyTorch":>8s} {"ratio":>6s}  range of ratios')
    for name, make in (('swap4', lambda: Swap(32, 256, 256, 128)), ('swap14', lambda: Swap(48, 512, 512, 192)),
                       ('resnet10', ResNet10)):
        both = [Torch(make, layout) for layout in (torch.contiguous_format, torch.channels_last)]
        for mode in ('infer', 'train'):
            n = 7 if mode == 'infer' else 3
            them = min(both, key=lambda t: t.time(mode, 2))
            mine, theirs = [], []
            for _ in range(rounds):
                seconds, gflop, millions = ours(name, mode, n)
                mine.append(seconds)
                theirs.append(them.time(mode, n))
            ratios = sorted(b / a for a, b in zip(mine, theirs))
            a, b = statistics.median(mine), statistics.median(theirs)
            layout = 'channels last' if them.layout == torch.channels_last else 'channels first'
            print(f'{name:10s} {millions:7.1f} M {gflop / 2 / BATCH * 1e3:6.1f} M  {"forward" if mode == "infer" else "training":9s}'
                  f' {BATCH / a:7.0f} {BATCH / b:8.0f} {b / a:6.2f}  {ratios[0]:.2f} to {ratios[-1]:.2f}, PyTorch {layout}', flush=True)


main()
