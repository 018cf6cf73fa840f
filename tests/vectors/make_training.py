#!/usr/bin/python3
"""make_training.py - losses of 20 training steps in PyTorch, for tests/unit/test_training.c

Writes training.txt beside itself. Weights and batches come from one simple generator that the test has too, so that the
file holds nothing but losses. Wants Debian's python3-torch.
"""
import os
import math
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
STEPS = 20


class Numbers:
    """The generator of nn_naive.h: floats in [-.5, .5)"""

    def __init__(self, seed):
        self.state = seed

    def one(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 40) / 2**24 - 0.5

    def tensor(self, *shape):
        return torch.tensor([self.one() for _ in range(math.prod(shape))]).reshape(shape)


class Weights:
    """Named as in the C network and in its order of declaration, in its layout"""

    def __init__(self, seed):
        self.numbers = Numbers(seed)
        self.all = {}

    def get(self, name, *shape):
        if name not in self.all:
            u = self.numbers.tensor(*shape)
            suffix = name.split('.')[1]
            if suffix in ('weight', 'input', 'state', 'back_input', 'back_state'):
                u = u * (3 * math.sqrt(2 / (u.numel() / shape[-1])))
            elif suffix == 'scale':
                u = 1 + 0.2 * u
            else:
                u = 0.2 * u
            self.all[name] = u.requires_grad_(True)
        return self.all[name]


class Net:
    """Tensors are (n, c, h, w) in here; weights keep the C layout"""

    def __init__(self, seed):
        self.w = Weights(seed)
        self.running = {}

    def conv(self, name, x, oc, k, stride=1, bias=True):
        w = self.w.get(name + '.weight', k, k, x.shape[1], oc).permute(3, 2, 0, 1)
        b = self.w.get(name + '.bias', oc) if bias else None
        return F.conv2d(x, w, b, stride, (k - 1) // 2)

    def depthwise(self, name, x, k):
        c = x.shape[1]
        w = self.w.get(name + '.weight', k, k, c, 1).permute(2, 3, 0, 1)
        return F.conv2d(x, w, self.w.get(name + '.bias', c), 1, (k - 1) // 2, groups=c)

    def deconv(self, name, x, oc, k, stride):
        w = self.w.get(name + '.weight', k, k, oc, x.shape[1]).permute(3, 2, 0, 1)
        return F.conv_transpose2d(x, w, self.w.get(name + '.bias', oc), stride, (k - stride) // 2)

    def dense(self, name, x, out):
        if x.dim() == 4:
            x = x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)
        return x @ self.w.get(name + '.weight', x.shape[1], out) + self.w.get(name + '.bias', out)

    def norm(self, name, x):
        c = x.shape[1]
        return F.batch_norm(x, None, None, self.w.get(name + '.scale', c), self.w.get(name + '.shift', c), True)

    def prelu(self, name, x):
        return F.prelu(x, self.w.get(name + '.slope', x.shape[1]))

    def gru(self, name, x, units):
        """x is (n, steps, c)"""
        n, steps, c = x.shape
        out = []
        for way in ('', 'back_'):
            wi = self.w.get(f'{name}.{way}input', c, 3 * units)
            ws = self.w.get(f'{name}.{way}state', units, 3 * units)
            bi = self.w.get(f'{name}.{way}input_bias', 3 * units)
            bs = self.w.get(f'{name}.{way}state_bias', 3 * units)
            h = torch.zeros(n, units)
            row = [None] * steps
            for t in range(steps) if way == '' else reversed(range(steps)):
                h = torch._VF.gru_cell(x[:, t], h, wi.t(), ws.t(), bi, bs)
                row[t] = h
            out.append(torch.stack(row, 1))
        return torch.cat(out, 2)


def shuffle(x, r):
    n, c, h, w = x.shape
    return x.reshape(n, r, r, c // (r * r), h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, -1, h * r, w * r)


def dssim(x, y):
    taps = torch.exp(-(torch.arange(11.0) - 5) ** 2 / (2 * 1.5 ** 2))
    taps = taps / taps.sum()
    c = x.shape[1]
    window = (taps[:, None] * taps[None, :]).expand(c, 1, 11, 11)

    def mean(v):
        return F.conv2d(v, window, groups=c)
    mx, my = mean(x), mean(y)
    xx, yy, xy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    s = (2 * mx * my + 1e-4) * (2 * xy + 9e-4) / ((mx * mx + my * my + 1e-4) * (xx + yy + 9e-4))
    return ((1 - s) / 2).mean()


def leaky(x):
    return F.leaky_relu(x, 0.1)


def autoencoder(net, x):
    y = leaky(net.conv('enc1', x, 8, 5, 2))
    y = leaky(net.conv('enc2', y, 16, 3, 2))
    y = net.dense('code', y, 24)
    y = net.dense('uncode', y, 512)
    y = shuffle(y.reshape(-1, 4, 4, 32).permute(0, 3, 1, 2), 2)
    y = shuffle(leaky(net.conv('up', y, 16, 3)), 2)
    return torch.sigmoid(net.conv('rgb', y, 3, 5))


def resnet(net, x):
    y = F.relu(net.norm('n1', net.conv('c1', x, 8, 3, 1, False)))
    y = F.max_pool2d(y, 3, 2, 1)
    z = F.relu(net.norm('n2', net.conv('c2', y, 16, 3, 2, False)))
    z = net.norm('n3', net.conv('c3', z, 16, 3, 1, False))
    y = F.relu(z + net.norm('n4', net.conv('c4', y, 16, 1, 2, False)))
    y = net.prelu('p', net.depthwise('d', y, 3))
    y = torch.cat([net.deconv('t', y, 8, 4, 2), torch.tanh(F.avg_pool2d(x, 2))], 1)
    return net.dense('out', y.mean((2, 3)), 5)


def recurrent(net, x):
    return net.dense('out', net.gru('g', x, 6).reshape(x.shape[0], -1), 1)


def rounds(seed, make, shape, loss_of, optimiser, clip=None):
    net, numbers, losses, opt = Net(seed), Numbers(seed + 100), [], None
    for step in range(STEPS):
        x = numbers.tensor(*shape) + 0.5
        if len(shape) == 4:
            x = x.permute(0, 3, 1, 2)
        loss = loss_of(make(net, x), x, step)
        if opt is None:
            every = net.w.all.values()
            opt = optimiser([{'params': [w for w in every if w.dim() > 1]},
                             {'params': [w for w in every if w.dim() == 1], 'weight_decay': 0}])
        opt.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(net.w.all.values(), clip)
        opt.step()
        losses.append(loss.item())
    return losses


def picture_loss(y, x, step):
    return F.l1_loss(y, x) + 0.5 * dssim(y, x) + 0.3 * F.mse_loss(y, x)


def class_loss(y, x, step):
    return F.cross_entropy(y, torch.tensor([(i * 7 + step) % 5 for i in range(y.shape[0])]))


def two_loss(y, x, step):
    return F.binary_cross_entropy_with_logits(y, torch.tensor([[float((i + step) % 2)] for i in range(y.shape[0])]))


def main():
    every = {
        'autoencoder': rounds(1, autoencoder, (4, 16, 16, 3), picture_loss,
                              lambda p: torch.optim.Adam(p, 1e-3, betas=(0.5, 0.999))),
        'resnet': rounds(2, resnet, (6, 12, 12, 3), class_loss,
                         lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-3), 1.0),
        'recurrent': rounds(3, recurrent, (5, 7, 4), two_loss,
                            lambda p: torch.optim.AdamW(p, 1e-2, weight_decay=0.1)),
    }
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'training.txt'), 'w', encoding='ascii') as out:
        out.write('# by make_training.py with PyTorch %s\n' % torch.__version__)
        for name, losses in every.items():
            out.write(name + ''.join(' %.7g' % v for v in losses) + '\n')


main()
