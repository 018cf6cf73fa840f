"""copy_filters.py - ffmpeg, and the steps a copy is made of: where each moves a point of the picture, and masks

A step knows its filter text and how it maps the source's picture to the copy's, both 0 to 1: the truth's boxes
follow from the same numbers as the filters.
"""

import json
import math
import os
import subprocess
import threading

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
PLAIN_MAP = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def even(x):
    return max(2, int(x / 2 + 0.5) * 2)


def command(args):
    done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (args[0], done.stderr.decode(errors="replace").strip()[-400:]))
    return done.stdout


def ffmpeg(args):
    return command(["ffmpeg", "-v", "error", "-nostdin", "-y", "-filter_threads", "1", "-filter_complex_threads", "1"] + args)


def probe(path):
    """width, height, frames a second, seconds; None where there is no picture in it."""
    try:
        out = command(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                       "stream=width,height,r_frame_rate,avg_frame_rate,duration:format=duration", "-of", "json", path])
    except RuntimeError:
        return None
    told = json.loads(out)
    if not told.get("streams"):
        return None
    stream = told["streams"][0]

    def rate(text):
        a, b = (text or "0/1").split("/")
        return int(a) / int(b) if int(b) else 0.0

    fps, mean = rate(stream.get("r_frame_rate")), rate(stream.get("avg_frame_rate"))
    if mean > 0 and (fps > 61 or abs(fps - mean) > 0.02 * fps):
        fps = mean
    seconds = told.get("format", {}).get("duration") or stream.get("duration")
    if seconds is None:
        out = command(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of",
                       "csv=p=0", path]).decode().split()
        seconds = max([float(x.strip(",")) for x in out if x.strip(",") not in ("", "N/A")] or [0.0])
    if "width" not in stream or fps <= 0:
        return None
    return int(stream["width"]), int(stream["height"]), fps, float(seconds)


# --- steps -----------------------------------------------------------------------------------------------------------
#
# A step is a function of (w, h) that answers (filter text, w, h, map). A map (a, b, c, d, e, f) takes the point (x, y)
# to (a x + b y + c, d x + e y + f).


def chain(steps, w, h):
    texts, total = [], PLAIN_MAP
    for step in steps:
        text, w, h, m = step(w, h)
        if text:
            texts.append(text)
        a, b, c, d, e, f = total
        total = (m[0] * a + m[1] * d, m[0] * b + m[1] * e, m[0] * c + m[1] * f + m[2],
                 m[3] * a + m[4] * d, m[3] * b + m[4] * e, m[3] * c + m[4] * f + m[5])
    return ",".join(texts) or "null", w, h, total


def map_box(m, box):
    """The box that holds the mapped box, cut to the picture."""
    points = [(m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]) for x in (box[0], box[2]) for y in (box[1], box[3])]
    cut = [min(1.0, max(0.0, v)) for p in points for v in p]
    return [round(v, 4) for v in (min(cut[0::2]), min(cut[1::2]), max(cut[0::2]), max(cut[1::2]))]


def plain(text):
    return lambda w, h: (text, w, h, PLAIN_MAP)


def scale(sx, sy=None):
    def step(w, h):
        nw, nh = even(w * sx), even(h * (sx if sy is None else sy))
        return "scale=%d:%d:flags=bicubic,setsar=1" % (nw, nh), nw, nh, PLAIN_MAP

    return step


def fit(side):
    """Smaller, where the longer side is longer than this."""

    def step(w, h):
        if max(w, h) <= side:
            return "", w, h, PLAIN_MAP
        return scale(side / max(w, h))(w, h)

    return step


def crop(left, top, right, bottom):
    """The share taken off each side."""

    def step(w, h):
        x, y = even(w * left) if left else 0, even(h * top) if top else 0
        nw, nh = even(w * (1 - left - right)), even(h * (1 - top - bottom))
        nw, nh = min(nw, w - x), min(nh, h - y)
        return "crop=%d:%d:%d:%d" % (nw, nh, x, y), nw, nh, (w / nw, 0.0, -x / nw, 0.0, h / nh, -y / nh)

    return step


def mirror(w, h):
    return "hflip", w, h, (-1.0, 0.0, 1.0, 0.0, 1.0, 0.0)


def turn(degrees):
    """Clockwise."""

    def step(w, h):
        if degrees == 90:
            return "transpose=clock", h, w, (0.0, -1.0, 1.0, 1.0, 0.0, 0.0)
        if degrees == 270:
            return "transpose=cclock", h, w, (0.0, 1.0, 0.0, -1.0, 0.0, 1.0)
        return "hflip,vflip", w, h, (-1.0, 0.0, 1.0, 0.0, -1.0, 1.0)

    return step


def inside(w, h, nw, nh, x, y):
    """The map of a picture of w x h at (x, y) of one of nw x nh."""
    return w / nw, 0.0, x / nw, 0.0, h / nh, y / nh


def bars(shape):
    """shape(w, h) is the frame's size; what is not picture is black."""

    def step(w, h):
        nw, nh = shape(w, h)
        x, y = (nw - w) // 4 * 2, (nh - h) // 4 * 2
        return "pad=%d:%d:%d:%d:black,setsar=1" % (nw, nh, x, y), nw, nh, inside(w, h, nw, nh, x, y)

    return step


def blurred_bars(shape):
    """The same, filled with the picture itself, large and blurred."""

    def step(w, h):
        nw, nh = shape(w, h)
        x, y = (nw - w) // 4 * 2, (nh - h) // 4 * 2
        text = ("split[bb0][bb1];[bb0]scale=%d:%d:force_original_aspect_ratio=increase,crop=%d:%d,gblur=sigma=%d,"
                "scale=%d:%d[bb2];[bb2][bb1]overlay=%d:%d:format=yuv420,setsar=1") % (
                    nw // 4 * 2, nh // 4 * 2, nw // 4 * 2, nh // 4 * 2, max(6, nw // 50), nw, nh, x, y)
        return text, nw, nh, inside(w, h, nw, nh, x, y)

    return step


def letterbox_shape(w, h):
    return w, even(max(w * 3 / 4, h * 4 / 3) if w > 1.2 * h else h * 4 / 3)


def tall_shape(w, h):
    """9:16 with bars above and below; what is that tall already gets bars at its sides."""
    return (w, even(w * 16 / 9)) if w * 16 / 9 > 1.1 * h else (even(h * 3 / 4), h)


def wide_shape(w, h):
    return (even(h * 21 / 9), h) if h * 21 / 9 > 1.1 * w else (even(w * 4 / 3), h)


# --- what is drawn on it ----------------------------------------------------------------------------------------------


def drawn_box(box, colour):
    return "drawbox=x=iw*%.4f:y=ih*%.4f:w=iw*%.4f:h=ih*%.4f:color=%s:t=fill" % (
        box[0], box[1], box[2] - box[0], box[3] - box[1], colour)


def drawn_text(text, box, share, colour):
    """A line of text in the box; stripes of the same size where the font is missing."""
    tall, top = (box[3] - box[1]) * share, box[1] + (box[3] - box[1]) * (1 - share) / 2
    left = box[0] + (box[2] - box[0]) * 0.08
    if os.path.exists(FONT):
        return "drawtext=fontfile=%s:text='%s':fontcolor=%s:fontsize=h*%.4f:x=w*%.4f:y=h*%.4f" % (
            FONT, text, colour, tall, left, top)
    n = 2 * len(text)
    step = (box[2] - box[0]) * 0.84 / n
    return ",".join(drawn_box([left + i * step, top + tall * (i % 3) / 6, left + (i + 0.6) * step, top + tall], colour)
                    for i in range(0, n, 2))


def logo(box):
    inner = [box[0] + (box[2] - box[0]) * 0.05, box[1] + (box[3] - box[1]) * 0.62, box[2] - (box[2] - box[0]) * 0.05,
             box[3] - (box[3] - box[1]) * 0.08]
    upper = [box[0], box[1], box[2], inner[1]]
    return plain(",".join([drawn_box(box, "white@0.92"), drawn_text("TV 24", upper, 0.75, "0xa01010"), drawn_box(inner, "0xd02020")]))


def caption(box):
    first = [box[0], box[1], box[2], (box[1] + box[3]) / 2]
    second = [box[0], (box[1] + box[3]) / 2, box[2] - (box[2] - box[0]) * 0.2, box[3]]
    return plain(",".join([drawn_box(box, "black@0.6"), drawn_text("LATEST WORDS FROM THE SCENE", first, 0.62, "white"),
                           drawn_text("they say that more is to come", second, 0.55, "yellow")]))


# --- masks, and a look at a region --------------------------------------------------------------------------------------


def ellipse(folder, w, h):
    """A grey picture, white within four fifths of the ellipse and black at its rim; drawn once a size."""
    path = os.path.join(folder, "ellipse_%dx%d.pgm" % (w, h))
    if not os.path.exists(path):
        rows = bytearray(b"P5 %d %d 255\n" % (w, h))
        for y in range(h):
            v = ((y + 0.5) / h - 0.5) * 2
            for x in range(w):
                u = ((x + 0.5) / w - 0.5) * 2
                rows.append(int(255 * min(1.0, max(0.0, (1 - math.hypot(u, v)) * 5))))
        part = "%s.%d.%d" % (path, os.getpid(), threading.get_ident())
        with open(part, "wb") as f:
            f.write(rows)
        os.replace(part, path)
    return path


def pixels(box, w, h):
    """x, y, w, h in even pixels."""
    x, y = int(box[0] * w / 2) * 2, int(box[1] * h / 2) * 2
    return x, y, min(even((box[2] - box[0]) * w), w - x), min(even((box[3] - box[1]) * h), h - y)


def look(path, start, seconds, box, w, h, side=24, fps=3):
    """Small pictures of a region: for each frame its luma, and over all frames the mean of the two chromas."""
    x, y, bw, bh = pixels(box, w, h)
    raw = ffmpeg(["-threads", "1", "-ss", "%.3f" % start, "-t", "%.3f" % seconds, "-i", path, "-vf",
                  "crop=%d:%d:%d:%d,fps=%d,scale=%d:%d:flags=area,format=yuv444p" % (bw, bh, x, y, fps, side, side),
                  "-f", "rawvideo", "-"])
    n = side * side
    lumas = [raw[i:i + n] for i in range(0, len(raw) - 3 * n + 1, 3 * n)]
    chromas = [sum(sum(raw[i + k * n:i + (k + 1) * n]) for i in range(0, len(raw) - 3 * n + 1, 3 * n)) / max(1, n * len(lumas))
               for k in (1, 2)]
    return lumas, chromas


def spread(lumas):
    """Mean and deviation."""
    n = max(1, sum(len(f) for f in lumas))
    mean = sum(sum(f) for f in lumas) / n
    return mean, math.sqrt(max(1.0, sum(v * v for f in lumas for v in f) / n - mean * mean))


def difference(a, b, gain=1.0, bias=0.0):
    """Root of the mean squared difference of two looks, the second after gain and bias."""
    total = n = 0
    for fa, fb in zip(a, b):
        total += sum((va - (vb * gain + bias)) ** 2 for va, vb in zip(fa, fb))
        n += min(len(fa), len(fb))
    return math.sqrt(total / n) if n else 0.0


def repeats(path, first, second, w, h, fps):
    """Whether the second (start, seconds) of a clip shows the first again: some clips are loops."""
    whole = [0.0, 0.0, 1.0, 1.0]
    old = look(path, *first, whole, w, h, 16, fps)[0]
    new = look(path, *second, whole, w, h, 16, fps)[0]
    chosen, shifts = range(0, len(new), max(1, len(new) // 20)), {}
    for i in chosen:
        apart, j = min(((difference([new[i]], [f]), j) for j, f in enumerate(old)), default=(99.0, 0))
        if apart < 1.0:
            shifts[i - j] = shifts.get(i - j, 0) + 1
    # One shift for many frames: somebody who sits still resembles himself at any.
    return max((shifts.get(k, 0) + shifts.get(k + 1, 0) for k in shifts), default=0) > len(chosen) / 3
