#!/usr/bin/env python3
"""evaluate_copies.py - register the sources of make_copies.py, verify every copy, and grade the answers

Usage: evaluate_copies.py OUTDIR [--bonafide PATH] [--jobs 2] [--ledger-mode all|own] [--groups G,...] [--only NAME,...]
       [--keep] [--split] [--footage TSV] [--worst N] [--work DIR]

WORK (OUTDIR/eval) gets ledgers, answers.jsonl with every answer and scores.tsv with one line a copy. --keep asks only
what has no answer yet. The exit status is 0 whenever it ran: this measures, it does not judge.

recall: the verdict is identical, same-content or altered, and the record is the right one. frame F1: on a grid of 10 ms,
altered and foreign spans against the truth. block F1: on 32 x 18 cells of the suspect's picture, over the truly altered
time, the regions against the truth's box. Both are means over copies; pooled ones add up the counts first.
"""

import argparse
import concurrent.futures
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
KNOWN = ("identical", "same-content", "altered")
COLS, ROWS = 32, 18
# A foreign copy is asked of a ledger that lacks its source and, so that few ledgers do, others of the same fold.
FOLDS = 4


# --- ledgers and answers -------------------------------------------------------------------------------------------------


class Program:
    def __init__(self, path, work):
        self.path, self.work = os.path.abspath(path), os.path.abspath(work)
        self.env = dict(os.environ, HOME=self.work)
        for name in ("BONAFIDE_LEDGER", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            self.env.pop(name, None)
        os.makedirs(os.path.join(self.work, "ledgers"), exist_ok=True)
        self.key = os.path.join(self.work, "key")
        self.locks, self.lock = {}, threading.Lock()

    def run(self, *args):
        return subprocess.run([self.path, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.env)

    def must(self, *args):
        done = self.run(*args)
        if done.returncode != 0:
            sys.exit("evaluate_copies: bonafide %s: %s" % (" ".join(args[:2]), done.stderr.decode(errors="replace")))

    def ledger(self, name, sources):
        """The folder of a ledger that holds these sources; made at its first use."""
        folder = os.path.join(self.work, "ledgers", name)
        with self.lock:
            lock = self.locks.setdefault(name, threading.Lock())
        with lock:
            if not os.path.exists(folder + ".ready"):
                shutil.rmtree(folder, ignore_errors=True)
                files = folder + ".sources"
                os.makedirs(files, exist_ok=True)
                self.must("ledger", "init", "--ledger", folder)
                for source, path in sources:
                    # The proof is written beside the file: a link keeps the set of copies as it is.
                    link = os.path.join(files, os.path.basename(path))
                    if not os.path.islink(link):
                        os.symlink(os.path.abspath(path), link)
                    self.must("register", link, "--key", self.key, "--ledger", folder, "--title", source, "--force", "--no-progress")
                open(folder + ".ready", "w").close()
        return folder

    def verify(self, path, ledger):
        start = time.monotonic()
        done = self.run("verify", "--json", "--no-progress", "--ledger", ledger, path)
        seconds = time.monotonic() - start
        try:
            answer = json.loads(done.stdout.decode().splitlines()[0])
        except (ValueError, IndexError):
            answer = {"verdict": "(none)", "error": done.stderr.decode(errors="replace").strip()}
        return {"exit": done.returncode, "time": round(seconds, 3), "answer": answer}


def ask(options, copies):
    sources = []
    with open(os.path.join(options.out, "sources.jsonl")) as f:
        sources = [json.loads(line) for line in f]
    files = {s["id"]: os.path.join(options.out, s["file"]) for s in sources}
    registered = {k: [(s["id"], files[s["id"]]) for s in sources if s["ledger"] == k] for k in ("all", "takes")}
    fold = {name: i % FOLDS for i, (name, _) in enumerate(registered["all"])}
    answers = {}
    path = os.path.join(options.work, "answers.jsonl")
    if not options.keep:
        shutil.rmtree(os.path.join(options.work, "ledgers"), ignore_errors=True)
        for name in (path, os.path.join(options.work, "key"), os.path.join(options.work, "key.pub")):
            if os.path.exists(name):
                os.remove(name)
    elif os.path.exists(path):
        with open(path) as f:
            for line in f:
                if line.endswith("\n"):
                    a = json.loads(line)
                    answers[a["id"]] = a
    program = Program(options.bonafide, options.work)
    if not os.path.exists(program.key):
        program.must("key", "new", "--no-passphrase", "-o", program.key, "--name", "Bench")
    lock, left = threading.Lock(), [c for c in copies if c["id"] not in answers]

    def one(copy):
        name = copy["ledger"]
        if name == "without":
            k = fold[copy["source"]]
            ledger = program.ledger("without-%d" % k, [s for s in registered["all"] if fold[s[0]] != k])
        elif name == "all" and options.ledger_mode == "own" and copy["group"] != "foreign":
            ledger = program.ledger("own-" + "+".join(copy["sources"]), [(s, files[s]) for s in copy["sources"]])
        else:
            ledger = program.ledger(name, registered[name])
        answer = dict({"id": copy["id"]}, **program.verify(os.path.join(options.out, copy["suspect"]), ledger))
        with lock:
            answers[copy["id"]] = answer
            with open(path, "a") as f:
                f.write(json.dumps(answer) + "\n")
            if len(answers) % 100 == 0:
                print("%d of %d" % (len(answers), len(copies)), file=sys.stderr)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, left))
    return answers


# --- grading ---------------------------------------------------------------------------------------------------------------


def f1(tp, fp, fn):
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0


def ticks(spans):
    """Seconds to the set of 10 ms steps."""
    steps = set()
    for a, b in spans:
        steps.update(range(round(a * 100), round(b * 100)))
    return steps


def cells(box):
    """Cells whose middle lies in the box; the nearest one, where there is none."""
    left, top, right, bottom = box

    def along(a, b, n):
        found = [i for i in range(n) if a <= (i + 0.5) / n <= b]
        return found or [min(n - 1, max(0, int((a + b) / 2 * n)))]

    return {(x, y) for x in along(left, right, COLS) for y in along(top, bottom, ROWS)}


def grade(copy, answer, footage):
    told = answer["answer"]
    verdict, record = told.get("verdict", "(none)"), told.get("record") or {}
    of = lambda name: footage.get(name, name)
    right = of(record.get("title")) in [of(s) for s in copy["sources"]]
    foreign = copy["expected"] == ["unregistered"]
    g = {"copy": copy, "verdict": verdict, "right": right, "time": answer["time"],
         "recall": verdict in KNOWN and right, "altered": verdict == "altered", "expected": verdict in copy["expected"] and (right or foreign),
         "false": verdict in KNOWN and (foreign or not right), "record": record.get("title", "-"), "frame": None, "block": None,
         "clean": set(copy["expected"]) <= {"identical", "same-content"}}
    if "speed" in copy["params"]:
        g["speed"] = g["recall"] and abs((told.get("transform") or {}).get("speed", 0) / copy["params"]["speed"] - 1) < 0.02
    overlays = (told.get("transform") or {}).get("overlays", [])
    if "overlay" in copy["params"]:
        want = cells(copy["params"]["overlay"])
        g["named"] = g["recall"] and any(2 * len(want & said) >= len(want | said) for said in
                                         (cells([r["region"][k] for k in ("left", "top", "right", "bottom")]) for r in overlays))
    elif copy["group"] != "foreign":
        g["overlay"] = bool(overlays)
    spans = [s for s in told.get("spans", []) if s["state"] in ("altered", "foreign")] if g["recall"] else []
    alarms = [r["false_alarm"] for s in spans for r in s.get("regions", []) if "false_alarm" in r]
    g["false_alarm"] = min(alarms) if alarms else 1.0
    if not copy["altered"]:
        return g
    true, said = ticks(copy["altered"]), ticks([(s["suspect_start_us"] / 1e6, s["suspect_end_us"] / 1e6) for s in spans])
    g["frame_counts"] = (len(true & said), len(said - true), len(true - said))
    g["frame"] = f1(*g["frame_counts"])
    if copy["box"]:
        boxes = [(a, copy["box"]) for a, _ in copy["altered"]]
        if copy.get("boxes"):
            boxes = [(b[0], b[1:]) for b in copy["boxes"]]
        edges = sorted({round(t * 100) for pair in copy["altered"] for t in pair} | {round(b[0] * 100) for b in boxes} |
                       {round(s[k] / 1e4) for s in spans for k in ("suspect_start_us", "suspect_end_us")})
        tp = fp = fn = 0
        for a, b in zip(edges, edges[1:]):
            if a not in true:
                continue
            middle = (a + b) / 200
            wanted = cells(max((x for x in boxes if x[0] <= middle + 1e-9), default=boxes[0], key=lambda x: x[0])[1])
            found = set()
            for s in spans:
                if s["suspect_start_us"] / 1e6 <= middle < s["suspect_end_us"] / 1e6:
                    for r in [x["region"] for x in s.get("regions", [])] or [{"left": 0, "top": 0, "right": 1, "bottom": 1}]:
                        found |= cells((r["left"], r["top"], r["right"], r["bottom"]))
            tp, fp, fn = tp + len(wanted & found) * (b - a), fp + len(found - wanted) * (b - a), fn + len(wanted - found) * (b - a)
        g["block_counts"] = (tp, fp, fn)
        g["block"] = f1(tp, fp, fn)
    return g


def half(name, people):
    clip = name.split("/")[0]
    return "fit" if zlib.crc32(people.get(clip, clip).encode()) % 2 == 0 else "report"


def read_pairs(path):
    if not path:
        return {}
    with open(path) as f:
        return dict(line.rstrip("\n").split("\t")[:2] for line in f if "\t" in line)


def mean(values):
    values = [v for v in values if v is not None]
    return sum(values) / len(values) if values else None


def pooled(grades, what):
    counts = [g[what + "_counts"] for g in grades if what + "_counts" in g]
    return f1(*[sum(c) for c in zip(*counts)]) if counts else None


def cell(value, percent=False):
    return "-" if value is None else "%.1f" % (100 * value) if percent else "%.3f" % value


def print_table(title, grades, names):
    if not grades:
        return
    print("\n%-26s %6s %7s %7s %8s %6s %8s %8s %7s" % (title, "copies", "recall", "altered", "as meant", "wrong", "frame F1", "block F1",
                                                      "time s"))
    for name in names + [None]:
        some = [g for g in grades if name is None or g["copy"]["transform"] == name]
        if not some:
            continue
        print("%-26s %6d %7s %7s %8s %6d %8s %8s %7.2f" % (
            name or "(all)", len(some), cell(mean([g["recall"] for g in some]), True), cell(mean([g["altered"] for g in some]), True),
            cell(mean([g["expected"] for g in some]), True), sum(g["false"] for g in some), cell(mean([g["frame"] for g in some])),
            cell(mean([g["block"] for g in some])), statistics.median([g["time"] for g in some])))


def named(*beginnings):
    return lambda g: g["copy"]["group"] == "altered" and g["copy"]["transform"].startswith(beginnings)


def group(name):
    return lambda g: g["copy"]["group"] == name


FACES = tuple("face_%s_%s" % (a, b) for a in ("other", "self") for b in ("crf23", "crf28", "half28"))
UNDER = ("face_other_crop10", "face_other_mirror", "face_other_letterbox")
# What is measured, on which copies, how, and the goal.
GOALS = [
    ("recall, plain", group("plain"), "recall", "100 %"),
    ("recall, hard", group("hard"), "recall", ">= 98 %"),
    ("recall, time", group("time"), "recall", ""),
    ("recall, altered", group("altered"), "recall", ""),
    ("false matches, foreign", group("foreign"), "count false", "0"),
    ("wrong record, elsewhere", lambda g: g["copy"]["group"] != "foreign", "count false", "0"),
    ("clean copies called altered", lambda g: g["clean"], "alarm", "<= 0.1 %"),
    ("  of them plain", lambda g: g["clean"] and g["copy"]["group"] == "plain", "alarm", ""),
    ("logo or caption named, its box", lambda g: "named" in g, "named", ""),
    ("one named where there is none", lambda g: "overlay" in g, "count overlay", "0"),
    ("time called altered", group("time"), "altered", ""),
    ("speed told to 2 %", lambda g: "speed" in g, "speed", ""),
    ("face CRF 23, 28, half: frames", named(*FACES), "frame", ">= .97"),
    ("face CRF 23, 28, half: blocks", named(*FACES), "block", ">= .85"),
    ("face CRF 35: frames", named("face_other_crf35", "face_self_crf35"), "frame", ""),
    ("face CRF 35: blocks", named("face_other_crf35", "face_self_crf35"), "block", ""),
    ("face cropped, mirrored, barred: frames", named(*UNDER), "frame", ""),
    ("face cropped, mirrored, barred: blocks", named(*UNDER), "block", ""),
    ("mouth CRF 23, 28: frames", named("mouth_crf23", "mouth_crf28"), "frame", ">= .90"),
    ("mouth CRF 23, 28: blocks", named("mouth_crf23", "mouth_crf28"), "block", ""),
    ("mouth CRF 35: frames", named("mouth_crf35"), "frame", ">= .75"),
    ("mouth half CRF 28: frames", named("mouth_half28"), "frame", ""),
    ("blur, object: frames", named("face_blur", "object"), "frame", ""),
    ("blur, object: blocks", named("face_blur", "object"), "block", ""),
]


def goal_cell(grades, how):
    if not grades:
        return "-"
    if how.startswith("count "):
        return "%d of %d" % (sum(g[how[6:]] for g in grades), len(grades))
    if how == "alarm":
        return "%d of %d" % (sum(g["altered"] for g in grades), len(grades))
    if how in ("recall", "altered", "speed", "named"):
        return "%.1f %% of %d" % (100 * mean([g[how] for g in grades]), len(grades))
    return "%s (%s)" % (cell(mean([g[how] for g in grades])), cell(pooled(grades, how)))


def print_goals(grades, split, people):
    columns = [("all", grades)]
    if split:
        columns += [(k, [g for g in grades if half(g["copy"]["id"], people) == k]) for k in ("fit", "report")]
    print("\n%-40s %-9s" % ("F1: mean (pooled)", "goal") + "".join(" %-18s" % name for name, _ in columns))
    for title, which, how, goal in GOALS:
        print(("%-40s %-9s" % (title, goal) + "".join(" %-18s" % goal_cell([g for g in some if which(g)], how) for _, some in columns)).rstrip())
    print("%-40s %-9s" % ("median seconds of a verify", "") + "".join(
        " %-18.2f" % statistics.median([g["time"] for g in some]) if some else " -" for _, some in columns))


def print_calibration(grades):
    clean = [g for g in grades if g["clean"] and g["recall"]]
    print("\nfalse_alarm of clean copies: of %d, those whose smallest is at most" % len(clean))
    for t in (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001):
        n = sum(g["false_alarm"] <= t for g in clean)
        print("  %-6g %5d  %6.2f %%, should be %g %%" % (t, n, 100 * n / max(1, len(clean)), 100 * t))


def print_worst(grades, n):
    bad = [g for g in grades if not g["recall"] and g["copy"]["group"] != "foreign"]
    print("\nnot recognised: %d" % len(bad))
    for g in bad[:n]:
        print("  %-50s %-13s %s" % (g["copy"]["id"], g["verdict"], g["record"]))
    bad = [g for g in grades if g["false"]]
    print("false: %d" % len(bad))
    for g in bad[:n]:
        print("  %-50s %-13s %s" % (g["copy"]["id"], g["verdict"], g["record"]))
    bad = [g for g in grades if g["clean"] and g["altered"]]
    print("clean and called altered: %d" % len(bad))
    for g in bad[:n]:
        print("  %-50s" % g["copy"]["id"])
    bad = sorted((g for g in grades if g["frame"] is not None and g["copy"]["group"] == "altered" and g["recall"]), key=lambda g: g["frame"])
    print("lowest frame F1")
    for g in bad[:n]:
        print("  %-50s %.3f block %s, difference %s" % (g["copy"]["id"], g["frame"], cell(g["block"]),
                                                      g["copy"]["params"].get("difference", "-")))


def main():
    parser = argparse.ArgumentParser(description="verify what make_copies.py made, and grade the answers")
    parser.add_argument("out", metavar="OUTDIR")
    parser.add_argument("--bonafide", default=os.path.join(HERE, "../../build/release/bonafide"), metavar="PATH")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--ledger-mode", choices=("all", "own"), default="all", help="one ledger with all sources, or one for each")
    parser.add_argument("--groups", default="", help="these alone")
    parser.add_argument("--only", default="", help="these transforms alone, or what begins so with a final *")
    parser.add_argument("--clips", default="", help="copies of these sources alone")
    parser.add_argument("--min-difference", type=float, default=0, metavar="D",
                        help="leave out replaced faces and mouths that differ by less, in steps of luma")
    parser.add_argument("--keep", action="store_true", help="ask only what has no answer yet")
    parser.add_argument("--split", action="store_true", help="also by halves of the clips: thresholds are fitted on one, reported on the other")
    parser.add_argument("--calibration", action="store_true", help="how often clean copies show a false_alarm as small")
    parser.add_argument("--people", metavar="TSV", help="clip, person: so that --split never parts the clips of one person")
    parser.add_argument("--footage", metavar="TSV", help="clip, footage: the record of any clip of the same footage is a right answer")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="list up to N of each kind of mistake")
    parser.add_argument("--work", metavar="DIR", help="for ledgers and answers; default: OUTDIR/eval")
    options = parser.parse_args()
    options.work = options.work or os.path.join(options.out, "eval")
    os.makedirs(options.work, exist_ok=True)

    people, footage = read_pairs(options.people), read_pairs(options.footage)
    with open(os.path.join(options.out, "truth.jsonl")) as f:
        copies = [json.loads(line) for line in f if line.endswith("\n")]
    listed = lambda text: [x for x in text.split(",") if x]
    hits = lambda name, some: not some or any(name == x or (x.endswith("*") and name.startswith(x[:-1])) for x in some)
    copies = [c for c in copies if hits(c["group"], listed(options.groups)) and hits(c["transform"], listed(options.only)) and
              hits(c["source"], listed(options.clips)) and c["params"].get("difference", 1e9) >= options.min_difference]
    if not copies:
        sys.exit("evaluate_copies: no copies to ask about in '%s'" % options.out)
    answers = ask(options, copies)
    grades = [grade(c, answers[c["id"]], footage) for c in copies]
    with open(os.path.join(options.work, "scores.tsv"), "w") as f:
        f.write("id\tgroup\tverdict\trecord\trecall\tfalse\tframe_f1\tblock_f1\ttime\n")
        for g in grades:
            f.write("%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%.3f\n" % (g["copy"]["id"], g["copy"]["group"], g["verdict"], g["record"], g["recall"],
                                                              g["false"], cell(g["frame"]), cell(g["block"]), g["time"]))
    for name in ("plain", "hard", "time", "altered", "foreign"):
        some = [g for g in grades if g["copy"]["group"] == name]
        names = sorted({g["copy"]["transform"] for g in some})
        if options.split:
            for k in ("fit", "report"):
                print_table("%s, %s" % (name, k), [g for g in some if half(g["copy"]["id"], people) == k], names)
        else:
            print_table(name, some, names)
    print_goals(grades, options.split, people)
    if options.calibration:
        print_calibration(grades)
    if options.worst:
        print_worst(grades, options.worst)
    return 0


if __name__ == "__main__":
    sys.exit(main())
